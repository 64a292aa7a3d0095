"""What `vbem plan` does, says and ends with; a queue that was cut off sends no VM a second time."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.cli.conftest import PLAN, Shell
from tests.house import TOP
from tests.support.soak import soak
from tests.support.terminal import Terminal
from tests.support.waiting import wait_for
from tui.cli.exit_codes import ExitCode


def test_a_plan_is_checked_without_a_write(shell: Shell, plan: Path) -> None:
    done = shell.run("plan", "check", str(plan), "--json")
    assert done.code == ExitCode.DONE
    assert (done.json["ready"], done.json["total"]) == (3, 3)
    plan.write_text(PLAN.replace("git01", "nobody"))
    done = shell.run("plan", "check", str(plan), "--json")
    assert done.code == ExitCode.NOT_READY
    assert "nobody: NOT READY" in shell.run("plan", "check", str(plan)).out
    asked = [one for one in shell.demo.requests() if "session" not in one["path"].lower()]
    assert {one["method"] for one in asked} == {"GET"}


def test_a_plan_is_shown_with_its_requests(shell: Shell, plan: Path) -> None:
    done = shell.run("plan", "show", str(plan), "--requests")
    assert done.code == ExitCode.DONE
    assert done.out.count("POST /api/vmRestorePoints/") == 3
    assert "X-RestSvcSessionId: (this logon session)" in done.out
    assert shell.posts() == []


def test_a_plan_is_run_group_by_group_with_one_post_per_vm(shell: Shell, plan: Path) -> None:
    plan.write_text(PLAN.replace("crm01", "archive01"))
    assert shell.run("plan", "run", str(plan)).code == ExitCode.NOT_ALLOWED
    assert shell.posts() == []
    done = shell.run("plan", "run", str(plan), "--yes", "--ticket", "INC-9", "--json")
    assert done.code == ExitCode.DONE, done.err
    assert [row["state"] for row in done.json["vms"]] == ["succeeded"] * 3
    assert len(shell.posts()) == 3
    assert shell.run("report", "--ticket", "INC-9").out.count("| restored |") == 3


def test_moment_and_ticket_of_a_command_are_in_journal_and_report(shell: Shell, plan: Path) -> None:
    given = ("--before", "1h ago", "--ticket", "INC-5")
    done = shell.run("restore", "--vm", "wiki01", *given, "--yes", "--wait", "--json")
    assert done.json["restores"], done.err
    moment = done.json["restores"][0]["incident"]
    assert moment is not None
    # The datastore of crm01 is full: it is critical, so the second group is never sent.
    plan.write_text(PLAN.replace('"wiki01", ', ""))
    held = shell.run("plan", "run", str(plan), *given, "--yes", "--json")
    assert held.json["vms"][0]["incident"] is not None
    rows = shell.run("history", "--ticket", "INC-5", "--json").json["history"]
    assert [(row["vm_name"], row["ticket"]) for row in rows] == [("crm01", "INC-5"), ("wiki01", "INC-5")]
    report = shell.run("report", "--ticket", "INC-5", "--json").json
    assert {row["vm_name"]: row["result"] for row in report["restores"]} == {
        "wiki01": "restored",
        "crm01": "FAILED",
        "git01": "NOT SENT",
    }
    assert all(row["incident"] and row["ticket"] == "INC-5" for row in report["restores"])
    assert report["restores"][0]["incident"] == moment
    assert report["restores"][0]["data_lost_s"] > 0
    assert report["worst_data_lost_s"] == report["restores"][0]["data_lost_s"]
    words = shell.run("report", "--ticket", "INC-5").out
    assert "# Recovery report INC-5" in words.replace("\\", "")
    assert "Most data lost" in words


def test_the_ticket_of_a_command_is_in_the_new_names_of_a_plan(shell: Shell, plan: Path) -> None:
    plan.write_text('[[group]]\nvms = ["lab-web"]\nnew_name = "{name}-{ticket}"\n')
    for more in ((), ("--before", "3d ago")):
        shown = shell.run("plan", "show", str(plan), "--ticket", "INC-5", *more, "--json")
        assert shown.json["vms"][0]["new_name"] == "lab-web-INC-5", shown.err


def test_a_critical_failure_holds_the_next_group(shell: Shell, plan: Path) -> None:
    done = shell.run("plan", "run", str(plan), "--yes", "--json")  # the datastore of crm01 is full
    assert done.code == ExitCode.FAILED
    assert len(shell.posts()) == 1
    assert "2 VMs of the queue still wait" in done.err
    shell.options["--server"] = ""  # of all servers
    assert shell.run("report").out.count("| NOT SENT |") == 2


@pytest.fixture
def interrupted(shell: Shell, plan: Path) -> Path:
    """A plan whose run was stopped after its first VM was sent; two VMs were not."""
    plan.write_text('[[group]]\nvms = ["wiki01"]\n[[group]]\nvms = ["git01", "archive01"]\n')
    shell.stop_time()
    process = shell.start("plan", "run", str(plan), "--yes", "--ticket", "INC-9", "--before", "1h ago")
    asyncio.run(wait_for(lambda: shell.states() == ["launching"], "the launch of the first VM"))
    process.kill()
    process.communicate()
    shell.demo.control("set", option="time_scale", value=40)
    return plan


def test_an_interrupted_plan_is_not_sent_again_but_told_vm_by_vm(shell: Shell, interrupted: Path) -> None:
    done = shell.run("plan", "run", str(interrupted), "--yes", "--beside", "--json")
    assert done.code == ExitCode.NOT_ALLOWED, done.err
    assert "An interrupted queue of these VMs is in the journal" in done.err
    assert "NOT SENT: git01" in done.err
    assert "NOT SENT: wiki01" not in done.err
    assert ": wiki01" in done.err
    assert {row["vm_name"]: row["state"] for row in done.json["vms"]}["git01"] == "waiting"
    assert "--rest" in done.json["error"]["hint"]
    assert len(shell.posts()) == 1


def test_an_interrupted_plan_goes_on_with_what_was_not_sent_alone(shell: Shell, interrupted: Path) -> None:
    assert shell.run("plan", "run", str(interrupted), "--rest").code == ExitCode.NOT_ALLOWED  # no yes
    assert len(shell.posts()) == 1
    done = shell.run("plan", "run", str(interrupted), "--rest", "--yes", "--json")
    assert len(shell.posts()) == 3, done.err
    rows = {row["vm_name"]: row for row in done.json["vms"]}
    assert set(rows) == {"wiki01", "git01", "archive01"}
    assert {rows[name]["state"] for name in ("git01", "archive01")} == {"succeeded"}
    assert all(row["ticket"] == "INC-9" and row["incident"] for row in rows.values())
    assert sorted(one["vm"] for one in shell.demo.restores()) == ["archive01", "git01", "wiki01"]
    again = shell.run("plan", "run", str(interrupted), "--rest", "--yes")
    assert (again.code, len(shell.posts())) == (ExitCode.FAILED, 3)
    assert "no rest to send" in again.err


@pytest.fixture
def held(shell: Shell, plan: Path) -> Path:
    """A plan whose run has ended because its critical VM was not restored; two VMs are held."""
    done = shell.run("plan", "run", str(plan), "--yes", "--json")
    assert done.code == ExitCode.FAILED
    assert "Held by crm01 (FAILED)" in done.err
    assert f"vbem plan run {plan} --rest --release" in done.err
    assert [row["message"] for row in done.json["vms"][1:]] == ["crm01 of group 1 was not restored"] * 2
    return plan


def test_the_rest_leaves_held_what_a_critical_vm_holds(shell: Shell, held: Path) -> None:
    done = shell.run("plan", "run", str(held), "--rest", "--yes", "--json")
    assert done.code == ExitCode.NOT_ALLOWED
    assert "NOT SENT: git01 (held: crm01 of group 1 was not restored)" in done.err
    assert "--release" in done.json["error"]["hint"]
    assert len(shell.posts()) == 1


def test_released_groups_are_sent_and_the_failure_that_held_them_counts_no_more(
    shell: Shell, held: Path
) -> None:
    assert shell.run("plan", "run", str(held), "--rest", "--release").code == ExitCode.NOT_ALLOWED  # no yes
    assert len(shell.posts()) == 1
    done = shell.run("plan", "run", str(held), "--rest", "--release", "--yes", "--json")
    assert done.code == ExitCode.DONE, done.err
    assert {row["vm_name"]: row["state"] for row in done.json["vms"]} == {
        "crm01": "failed",
        "wiki01": "succeeded",
        "git01": "succeeded",
    }
    assert len(shell.posts()) == 3


@pytest.mark.soak
def test_a_group_after_another_critical_failure_stays_held_beside_a_released_one(
    shell: Shell, plan: Path
) -> None:
    plan.write_text(
        '[[group]]\nvms = ["crm01"]\ncritical = true\n[[group]]\nvms = ["vault01"]\ncritical = true\n'
        '[[group]]\nvms = ["git01"]\n'
    )  # the launch of vault01 asks for credentials, so it fails
    assert shell.run("plan", "run", str(plan), "--yes").code == ExitCode.FAILED
    done = shell.run("plan", "run", str(plan), "--rest", "--release", "--yes", "--json")
    assert {row["vm_name"]: row["state"] for row in done.json["vms"]}["git01"] == "waiting", done.err
    assert "Held by vault01" in done.err
    assert "Held by crm01" not in done.err


@pytest.mark.parametrize("words", [("--release",), ("--rest", "--start-over"), ("--release", "--start-over")])
def test_options_of_an_interrupted_queue_that_contradict_each_other_are_refused(
    shell: Shell, plan: Path, words: tuple[str, ...]
) -> None:
    done = shell.run("plan", "run", str(plan), "--yes", *words)
    assert done.code == ExitCode.USAGE
    assert shell.demo.requests() == []


@pytest.mark.parametrize("answer", ["yes", *soak("")])
def test_at_a_terminal_the_rest_of_an_interrupted_plan_is_asked_about(
    shell: Shell, interrupted: Path, answer: str
) -> None:
    words = [*shell.logon, "plan", "run", str(interrupted)]
    with Terminal.vbem(*words, columns=100, rows=60, env=shell.environment()) as terminal:
        terminal.until("NOT SENT: git01")
        terminal.until("Send the 2 VMs NOT SENT, and that alone?")
        terminal.send_bytes(f"{answer}\r".encode())
        if answer:
            terminal.until("2 VMs will be sent. Restore? (yes or no; Enter is no):")
            assert len(shell.posts()) == 1
            terminal.send_bytes(b"yes\r")
            terminal.wait()
        else:
            assert terminal.wait() == ExitCode.NOT_ALLOWED
    assert len(shell.posts()) == (3 if answer else 1)


@pytest.mark.soak
def test_an_interrupted_plan_is_sent_as_a_whole_after_a_yes_of_its_own(
    shell: Shell, interrupted: Path
) -> None:
    words = ("plan", "run", str(interrupted), "--start-over", "--beside", "--yes")
    assert shell.run(*words).code == ExitCode.DONE
    assert len(shell.posts()) == 4
    assert shell.run("plan", "run", str(interrupted), "--rest", "--yes").code == ExitCode.FAILED


def test_a_plan_whose_queue_another_vbem_works_through_is_refused(shell: Shell, plan: Path) -> None:
    plan.write_text('[[group]]\nvms = ["wiki01"]\n[[group]]\nvms = ["git01"]\n')
    other = plan.with_name("other.toml")
    other.write_text('[[group]]\nvms = ["git01"]\n')
    shell.stop_time()
    process = shell.start("plan", "run", str(plan), "--yes")
    try:
        asyncio.run(wait_for(lambda: shell.states() == ["launching"], "the launch of the first VM"))
        done = shell.run("plan", "run", str(other), "--yes")
        assert done.code == ExitCode.NOT_ALLOWED
        assert "Another vbem works through a queue of these VMs" in done.err
        assert len(shell.posts()) == 1
    finally:
        process.kill()
        process.communicate()


def test_a_plan_is_not_run_beside_a_running_restore_without_a_yes(shell: Shell, plan: Path) -> None:
    shell.slow_time()
    assert shell.run("restore", "--vm", "wiki01", "--yes").code == ExitCode.DONE
    shell.stop_time()
    done = shell.run("plan", "run", str(plan), "--yes")
    assert done.code == ExitCode.NOT_ALLOWED
    assert "Of wiki01." in done.err
    assert len(shell.posts()) == 1


@pytest.mark.parametrize("text", ["[[group]]\nvms = 1", "name = ", "[[grup]]\nvms=['a']"])
def test_a_plan_that_is_not_understood_is_named_with_its_file(shell: Shell, plan: Path, text: str) -> None:
    plan.write_text(text)
    done = shell.run("plan", "check", str(plan))
    assert done.code == ExitCode.USAGE
    assert str(plan) in done.err
    assert shell.demo.requests() == []


@pytest.mark.parametrize("is_incident", [True, False])
def test_the_plan_that_readme_shows_is_ready_on_the_embedded_server(
    shell: Shell, plan: Path, *, is_incident: bool
) -> None:
    (example,) = re.findall(
        r"```toml\n(name = .*?)```", (TOP / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    plan.write_text(example)
    shell.demo.renew(incident=is_incident, time_scale=40)
    moment = ("--before", "2h 50m ago") if is_incident else ()
    done = shell.run("plan", "check", str(plan), "--ticket", "INC-5001", *moment, "--json")
    assert done.code == ExitCode.DONE, done.out
    assert (done.json["ready"], done.json["total"]) == (4, 4)
    shown = shell.run("plan", "show", str(plan), "--ticket", "INC-5001", *moment, "--json").json
    assert [row["new_name"] for row in shown["vms"]] == ["", "", "", "shop-app-INC-5001"]
    assert [row["group"] for row in shown["vms"]] == [1, 1, 2, 2]
