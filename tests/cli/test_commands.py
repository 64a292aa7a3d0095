"""What the commands do, say and end with; and what reached the server: never more than one POST a restore."""

from __future__ import annotations

import asyncio
import io
import os
import re
import shlex
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Done, Shell
from tests.support.chosen_keyring import FileKeyringAt, file_keyring
from tests.support.soak import soak
from tests.support.terminal import Terminal
from tests.support.waiting import wait_for
from tui import timefmt
from tui.cli import output
from tui.cli.exit_codes import TABLE, ExitCode, code_of_state, worst
from tui.restore_states import RestoreState
from tui.store.journal import Journal

__all__ = ["file_keyring"]


def newest_of(shell: Shell, vm: str) -> str:
    uid: str = shell.run("points", "--vm", vm, "--json").json["points"][0]["uid"]
    return uid


# -- points ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", ["xml", "json"])
def test_points_lists_the_newest_point_of_each_vm(shell: Shell, wire: str) -> None:
    found = shell.run("points", "--json", "--wire", wire).json
    assert found["version"] == 1
    assert len({(one["vm_name"], one["object_ref"], one["backup_server"]) for one in found["points"]}) == 74
    assert len(found["points"]) == 74
    assert all(one["is_newest"] for one in found["points"])
    assert not found["without_point"]


def test_points_of_a_vm_are_all_its_points_newest_first(shell: Shell) -> None:
    points = shell.run("points", "--vm", "crm01", "--json").json["points"]
    made = [one["created"] for one in points]
    assert len(made) > 10
    assert made == sorted(made, reverse=True)
    assert [one["is_newest"] for one in points] == [True] + [False] * (len(points) - 1)


def test_points_before_a_moment_are_of_before_it(shell: Shell) -> None:
    done = shell.run("points", "--before", "-3d", "--json")
    found = done.json
    assert found["points"]
    assert all(one["created"] < found["before"] for one in found["points"])
    assert "Before " in done.err


def test_points_that_carry_no_time_are_not_said_to_be_missing(shell: Shell) -> None:
    shell.demo.fault("missing:CreationTimeUTC@list")
    done = shell.run("points", "--before", "3d ago", "--json")
    assert done.json["without_point"] == []
    assert len(done.json["without_time"]) == 74
    assert "Of 74 VMs it is not known" in done.err
    assert "NO POINT" not in done.err
    refused = shell.run("restore", "--vm", "crm01", "--before", "3d ago", "--yes")
    assert refused.code == ExitCode.FAILED
    assert "its points carry no time" in refused.err
    assert shell.posts() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--before", "banana"), "banana"),
        (("--before", "in 3 days"), "--before: "),
        (("--platform", "xx"), "no platform 'xx'"),
    ],
)
def test_what_is_not_understood_lists_nothing(shell: Shell, words: tuple[str, ...], said: str) -> None:
    done = shell.run("points", *words, "--json")
    assert done.code == ExitCode.USAGE
    assert said in done.err
    assert done.json["points"] == []
    assert done.json["error"]["exit_code"] == ExitCode.USAGE


def test_a_table_is_for_people(shell: Shell) -> None:
    lines = shell.run("points", "--platform", "cloud").out.splitlines()
    assert lines[0].split()[:2] == ["VM", "MADE"]
    assert all("Cloud Director" in line for line in lines[1:])


# -- restore -----------------------------------------------------------------------------------------


def test_a_restore_is_one_post_of_the_request_that_was_shown(shell: Shell) -> None:
    shown = shell.run("restore", "--vm", "crm01", "--dry-run", "--json").json["restores"][0]
    assert shell.posts() == []
    done = shell.run("restore", "--vm", "crm01", "--yes", "--ticket", "INC-7", "--json")
    (row,) = done.json["restores"]
    assert done.code == ExitCode.DONE
    assert row["state"] == "restoring"
    assert row["ticket"] == "INC-7"
    assert row["request_body"] == shown["request"]["body"]
    assert "KeepOriginalVM>true" in row["request_body"]
    assert len(shell.posts()) == 1
    assert "It continues at the server" in done.err


def test_waiting_ends_with_the_end_of_the_restore(shell: Shell) -> None:
    done = shell.run("restore", "--vm", "wiki01", "--yes", "--wait")
    assert done.code == ExitCode.DONE
    assert "wiki01: restored" in done.out
    assert "Restored as " in done.out
    assert "launching" in done.err
    assert len(shell.posts()) == 1


def test_a_restore_that_fails_is_told_as_such(shell: Shell) -> None:
    done = shell.run("restore", "--vm", "crm01", "--yes", "--wait", "--json")  # its datastore is full
    assert done.code == ExitCode.FAILED
    assert done.json["restores"][0]["state"] == "failed"


REFUSED = {
    "no yes": (("restore", "--vm", "crm01"), ExitCode.NOT_ALLOWED, "--yes"),
    "an overwrite by another name": (
        ("restore", "--vm", "crm01", "--overwrite", "crm02", "--yes"),
        ExitCode.NOT_ALLOWED,
        "'crm01' would be overwritten",
    ),
    "a name of several": (("restore", "--vm", "web02", "--yes"), ExitCode.USAGE, "--server-of"),
    "a name of several on one backup server": (
        ("restore", "--vm", "app01@vbr02.demo.internal", "--yes"),
        ExitCode.USAGE,
        "Name one with --vm and the object_ref",
    ),
    "a name of none": (("restore", "--vm", "crm0", "--yes"), ExitCode.FAILED, "near: crm01"),
    "a point of none": (("restore", "--point", "no-such-point", "--yes"), ExitCode.FAILED, "lists no"),
    "a new name elsewhere": (
        ("restore", "--vm", "crm01", "--new-name", "x", "--yes"),
        ExitCode.USAGE,
        "Cloud Director alone",
    ),
    "an unknown field": (("restore", "--vm", "crm01", "--set", "odd=1", "--yes"), ExitCode.USAGE, "odd"),
    "what excludes itself": (
        ("restore", "--vm", "crm01", "--set", "quick_rollback=on", "--yes"),
        ExitCode.USAGE,
        "not possible",
    ),
    "read-only": (("restore", "--vm", "crm01", "--yes", "--read-only"), ExitCode.NOT_ALLOWED, "READ-ONLY"),
    "no point before": (
        ("restore", "--vm", "crm01", "--before", "300d ago", "--yes"),
        ExitCode.FAILED,
        "no point before",
    ),
    "nothing named": (("restore", "--yes"), ExitCode.USAGE, "--vm"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_confirmed_or_not_possible_sends_nothing(shell: Shell, case: str) -> None:
    words, code, said = REFUSED[case]
    done = shell.run(*words)
    assert done.code == code, done
    assert said in done.err
    assert shell.posts() == []


def test_an_overwrite_takes_the_name_of_the_vm(shell: Shell) -> None:
    done = shell.run("restore", "--vm", "mail01", "--overwrite", "mail01", "--yes", "--json")
    assert done.code == ExitCode.DONE
    assert "KeepOriginalVM>false" in done.json["restores"][0]["request_body"]
    assert len(shell.posts()) == 1


def test_a_vm_of_cloud_director_takes_a_new_name_or_a_yes_to_the_overwrite(shell: Shell) -> None:
    refused = shell.run("restore", "--vm", "lab-web", "--yes")
    assert refused.code == ExitCode.USAGE
    assert "Give --new-name NAME, or --overwrite lab-web." in refused.err
    done = shell.run("restore", "--vm", "lab-web", "--new-name", "lab-web-2", "--yes", "--json")
    assert done.code == ExitCode.DONE, done.err
    assert done.json["restores"][0]["new_name"] == "lab-web-2"
    assert len(shell.posts()) == 1


def test_a_point_of_after_the_incident_takes_its_own_yes(shell: Shell) -> None:
    newest = newest_of(shell, "crm01")
    words = ("restore", "--point", newest, "--before", "9d ago", "--yes")
    done = shell.run(*words)
    assert done.code == ExitCode.NOT_ALLOWED
    assert "--after-incident" in done.err
    assert shell.posts() == []
    assert shell.run(*words, "--after-incident").code == ExitCode.DONE
    assert len(shell.posts()) == 1


def test_the_newest_point_before_a_moment_is_restored(shell: Shell) -> None:
    points = shell.run("points", "--vm", "crm01", "--before", "3d ago", "--json").json["points"]
    done = shell.run("restore", "--vm", "crm01", "--before", "3d ago", "--yes", "--json")
    assert done.json["restores"][0]["point_uid"] == points[0]["uid"]
    assert done.json["restores"][0]["incident"] is not None


def test_a_second_restore_of_a_vm_takes_a_yes_of_its_own(shell: Shell) -> None:
    shell.slow_time()
    assert shell.run("restore", "--vm", "wiki01", "--yes").code == ExitCode.DONE
    shell.stop_time()
    done = shell.run("restore", "--vm", "wiki01", "--yes")
    assert done.code == ExitCode.NOT_ALLOWED
    assert "--beside" in done.err
    assert len(shell.posts()) == 1


@pytest.mark.parametrize(
    "fault", ["drop-after-accept@submit*1", "http-502-after@submit*1", "truncate@submit*1"]
)
def test_a_lost_reply_is_never_sent_again(shell: Shell, fault: str) -> None:
    shell.demo.fault(fault)
    done = shell.run("restore", "--vm", "wiki01", "--yes", "--wait", "--json")
    assert len(shell.posts()) == 1
    assert done.json["restores"][0]["state"] in {"succeeded", "unknown"}
    assert done.code == code_of_state(RestoreState(done.json["restores"][0]["state"]))


@pytest.mark.parametrize("command", ["restore", "plan"])
def test_what_the_server_says_nothing_of_is_not_waited_for_without_end(
    shell: Shell, plan: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("tui.cli.restore.GIVE_UP_AFTER", timedelta(seconds=3))
    monkeypatch.setattr("tui.cli.restore.LOOK_EVERY_S", 0.2)
    plan.write_text('[[group]]\nvms = ["wiki01"]\n')
    shell.demo.fault("bomb@task")
    words = ("restore", "--vm", "wiki01", "--wait") if command == "restore" else ("plan", "run", str(plan))
    done = shell.run(*words, "--yes", "--json", "--wire", "xml")
    assert done.code == ExitCode.UNKNOWN, done.err
    assert "has said anything of wiki01" in done.err
    assert "It was under way when the server was last heard" in done.err
    array = "restores" if command == "restore" else "vms"
    assert [row["state"] for row in done.json[array]] == ["launching"]
    assert len(shell.posts()) == 1


def test_a_refusal_of_the_server_is_told_and_nothing_runs(shell: Shell) -> None:
    shell.demo.reset(role="portal-user")
    done = shell.run("restore", "--vm", "wiki01", "--yes", "--wait")
    assert done.code in {ExitCode.FAILED, ExitCode.NOT_ALLOWED}
    assert not [one for one in shell.demo.restores() if one["vm"] == "wiki01"]


@pytest.mark.soak
def test_a_yes_to_a_point_of_after_leaves_the_question_what_runs(shell: Shell) -> None:
    newest = newest_of(shell, "wiki01")
    shell.slow_time()
    assert shell.run("restore", "--vm", "wiki01", "--yes").code == ExitCode.DONE
    shell.stop_time()
    words = [*shell.logon, "restore", "--point", newest, "--before", "9d ago", "--beside"]
    with Terminal.vbem(*words, columns=100, rows=40, env=shell.environment()) as terminal:
        terminal.until("Restore a point that is not of before the incident?")
        terminal.send_bytes(b"yes\r")
        terminal.until("A restore of this VM is already running")
        terminal.until("Restore wiki01? (yes or no; Enter is no):")
        terminal.send_bytes(b"\r")
        assert terminal.wait() == ExitCode.NOT_ALLOWED
    assert len(shell.posts()) == 1


# -- tasks, cancel, history, report ------------------------------------------------------------------


def test_tasks_lists_what_runs_and_history_what_was(shell: Shell) -> None:
    shell.slow_time()
    shell.run("restore", "--vm", "wiki01", "--yes", "--ticket", "INC-8")
    shell.stop_time()
    (task,) = shell.run("tasks", "--json").json["tasks"]
    assert (task["whose"], task["vm_name"], task["ticket"]) == ("own", "wiki01", "INC-8")
    shell.demo.control("set", option="time_scale", value=20)
    watched = shell.run("tasks", "--watch")
    assert watched.code == ExitCode.DONE
    assert "wiki01: restored" in watched.err
    (row,) = shell.run("history", "--json", "--ticket", "inc-8").json["history"]
    assert row["state"] == "succeeded"
    assert shell.run("history", "--json", "--state", "failed").json["history"] == []
    for odd in ("odd", ",", "failed,odd"):
        assert shell.run("history", "--state", odd).code == ExitCode.USAGE
    assert "| wiki01 | restored |" in shell.run("report").out
    assert shell.run("report", "--json").json["restores"][0]["vm_name"] == "wiki01"
    assert shell.run("report", "--ticket", "other").code == ExitCode.FAILED
    assert len(shell.posts()) == 1


def test_a_journal_that_is_gone_is_told_and_so_is_what_history_leaves_out(shell: Shell) -> None:
    (folder := shell.home / "state").mkdir(parents=True, mode=0o700)
    assert shell.run("history").err == ""
    journal = Journal.open(folder / "journal.sqlite3")
    for name in ("dc01", "dc02", "dc03"):
        journal.plan(server=f"{shell.demo.host}:{shell.demo.port}", vm_name=name)
    journal.close()
    told = shell.run("history", "--limit", "2")
    assert ("dc02" in told.out, "dc01" in told.out) == (True, False)
    assert told.err == "These are the newest 2 of 3: --limit N shows more.\n"
    journal.path.unlink()
    for command in ("history", "report"):
        assert "The journal of earlier runs is gone" in shell.run(command).err


def test_a_colleagues_restore_is_listed_as_what_it_is(shell: Shell) -> None:
    other = Shell(shell.demo, shell.home / "other", shell.capsys)
    shell.slow_time()
    other.run("restore", "--vm", "wiki01", "--yes")
    shell.stop_time()
    (task,) = shell.run("tasks", "--json").json["tasks"]
    assert (task["whose"], task["id"]) == ("others", None)
    assert "not of this journal" in shell.run("tasks").out


def test_a_cancel_says_what_it_cannot_do_and_ends_with_4(shell: Shell) -> None:
    shell.slow_time()
    shell.run("restore", "--vm", "wiki01", "--yes")  # its logon session is over
    shell.stop_time()
    done = shell.run("cancel", "1", "--yes")
    assert done.code == ExitCode.NOT_ALLOWED
    assert "backup console" in done.err
    assert shell.demo.requests("cancel") == []
    assert shell.run("cancel", "99", "--yes").code == ExitCode.FAILED


def test_the_report_goes_into_a_new_file_alone(shell: Shell, tmp_path: Path) -> None:
    shell.run("restore", "--vm", "wiki01", "--yes", "--wait")
    path = tmp_path / "r.csv"
    assert shell.run("report", "--output", str(path)).code == ExitCode.DONE
    assert "wiki01" in path.read_text()
    assert shell.run("report", "--output", str(path)).code == ExitCode.USAGE


def test_a_report_of_nothing_says_which_journal_was_read_and_where_else_to_look(shell: Shell) -> None:
    done = shell.run("report", "--ticket", "INC-77")
    assert done.code == ExitCode.FAILED
    assert f"The journal in {shell.home / 'state'} has no such restore on {shell.demo.host}" in done.err
    assert "add --demo for what was played on the embedded server" in done.err


def test_a_launch_is_cancelled_in_the_logon_session_that_is_kept(
    shell: Shell, file_keyring: FileKeyringAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.cli.tasks.CANCEL_WATCHED_S", 0.5)
    shell.stop_time()  # the launch never ends
    process = shell.start("restore", "--vm", "wiki01", "--yes", "--wait", env=dict(os.environ))
    asyncio.run(wait_for(lambda: shell.states() == ["launching"], "the launch"))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == ExitCode.INTERRUPTED, err
    assert file_keyring.values()["vbem"]
    shell.options["--password-command"] = "false"  # nobody is asked again
    done = shell.run("cancel", "1", "--yes", "--json")
    # The task is gone, and no word of the server names the stop.
    assert (done.code, done.json["tasks"][0]["state"]) == (ExitCode.UNKNOWN, "unknown"), done.err
    assert done.json["cancel"] == "accepted"
    assert len(shell.demo.requests("cancel")) == 1
    assert shell.run("log-off").out == "Logged off.\n"
    assert "vbem" not in {name for name, kept in file_keyring.values().items() if kept}
    assert "holds no logon session" in shell.run("log-off").out


# -- ends --------------------------------------------------------------------------------------------


def test_the_worst_of_several_ends_is_the_one_a_person_must_look_at() -> None:
    assert worst([]) is ExitCode.DONE
    assert worst([ExitCode.DONE, ExitCode.CANCELLED]) is ExitCode.CANCELLED
    assert worst([ExitCode.FAILED, ExitCode.UNKNOWN, ExitCode.DONE]) is ExitCode.UNKNOWN
    assert {code for code, _ in TABLE} == set(ExitCode)


@pytest.mark.parametrize("state", list(RestoreState))
def test_only_what_began_or_succeeded_is_done(state: RestoreState) -> None:
    good = {RestoreState.SUCCEEDED, RestoreState.WARNING, RestoreState.RESTORING}
    assert (code_of_state(state) is ExitCode.DONE) is (state in good)


def test_a_bug_is_never_0_and_leaves_a_report(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError(f"it holds {shell.demo.password}")

    monkeypatch.setattr("tui.cli.points.load_points", broken)
    done = shell.run("points", "--json")
    assert done.code == ExitCode.CRASH
    (report,) = (shell.home / "state").glob("crash-*.txt")
    assert str(report) in done.err
    assert done.json["points"] == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)]
)
def test_a_signal_says_what_goes_on(shell: Shell, number: int, code: ExitCode) -> None:
    process = shell.start("restore", "--vm", "wiki01", "--yes", "--wait", "--json")
    asyncio.run(wait_for(lambda: shell.states() == ["restoring"], "the restore in the journal"))
    process.send_signal(number)
    out, err = process.communicate()
    done = Done(process.returncode, out, err)
    assert done.code == code, err
    assert "It continues at the server" in err
    assert done.json["error"]["exit_code"] == code
    assert [row["state"] for row in done.json["restores"]] == ["restoring"]
    assert len(shell.posts()) == 1


def test_a_reader_that_has_enough_ends_nothing(shell: Shell) -> None:
    process = shell.start("points", "--all")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()
    assert process.wait() == ExitCode.DONE


def test_output_that_cannot_be_written_is_no_success(shell: Shell) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        process = shell.start("points", stdout=full)
        _, err = process.communicate()
    assert process.returncode == ExitCode.FAILED
    assert "No space left" in err


@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", *soak("<&-", ">&-", "2>&-")])
def test_a_command_with_closed_streams_ends_as_with_open_ones(shell: Shell, closed: str) -> None:
    program = shlex.join([sys.executable, "-m", "tui", "restore", "--vm", "wiki01", "--yes", *shell.logon])
    done = subprocess.run(["sh", "-c", f"{program} {closed}"], env=shell.environment(), check=False)
    assert done.returncode == ExitCode.DONE
    assert len(shell.posts()) == 1


def test_no_byte_above_127_leaves_where_the_locale_is_not_utf_8(shell: Shell) -> None:
    done = shell.execute("points", LC_ALL="C", LANG="C")
    assert done.code == ExitCode.DONE
    assert done.out.isascii()


def test_a_role_that_may_not_restore_is_not_allowed(shell: Shell) -> None:
    shell.demo.renew(seed=7, time_scale=40, role="portal-user")
    for words in (("restore", "--vm", "wiki01", "--yes"), ("restore", "--vm", "wiki01", "--yes", "--wait")):
        done = shell.run(*words)
        assert done.code == ExitCode.NOT_ALLOWED, done.err
        assert "It did not start: the server refused it. This account may not do that" in done.out
        assert ".." not in done.out


def test_what_a_vapp_needs_is_chosen_by_its_name_or_given_as_an_option(shell: Shell) -> None:
    words = ("restore", "--vm", "shop", "--server-of", "vbr01", "--new-name", "shop-new")
    done = shell.run(*words, "--yes", "--json")
    assert done.code == ExitCode.USAGE
    assert "--set org_vdc_ref=REFERENCE" in done.json["error"]["hint"]
    with Terminal.vbem(*words, *shell.logon, columns=200, rows=40, env=shell.environment()) as terminal:
        terminal.until("1. Gold VDC, urn:vCloud:OrgVdc:")
        terminal.until("Which Organization VDC (1 to 2; Enter stops):")
        terminal.send_bytes(b"2\r")
        terminal.until("Restore shop? (yes or no; Enter is no):")
        assert re.search(r"Silver VDC.*\n +urn:vCloud:OrgVdc:\S+\n", terminal.text), (
            "its name, then its reference"
        )
        assert shell.posts() == []
        terminal.send_bytes(b"yes\r")
        assert terminal.wait() == ExitCode.DONE
    (post,) = shell.posts()
    assert "OrgVdcRef" in str(post)


def test_more_choices_than_are_read_out_at_once_are_read_out_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("m\nm\n41\n"))
    assert output.Terminal(can_ask=True).choose("Which", [f"point {number}" for number in range(1, 46)]) == 40
    said = capsys.readouterr().err
    assert said.count("point 20\n") == 1
    assert "(1 to 40; m reads out more of 45; Enter stops)" in said
    assert "45. point 45" in said


def test_the_whole_job_line_by_line(shell: Shell) -> None:
    settings = shell.home / "settings.toml"
    settings.write_text(f'[server.lab]\nhost = "{shell.demo.host}:{shell.demo.port}"\n')
    settings.chmod(0o600)
    shell.options |= {"--config": str(settings), "--server": "lab"}
    words = [*shell.logon, "--plain"]
    with Terminal.vbem(*words, columns=100, rows=60, env=shell.environment()) as terminal:
        terminal.until(f"Logged on as {shell.demo.user} @ lab.")
        terminal.until("What now (1 to 6")
        terminal.send_bytes(b"1\r")
        terminal.until("Name of the VM, or a part of it:")
        terminal.send_bytes(b"wiki\r")
        terminal.until("Which VM")
        terminal.send_bytes(b"1\r")
        terminal.until("Which point")
        terminal.send_bytes(b"1\r")
        terminal.until("Ticket or reason")
        terminal.send_bytes(b"INC-3\r")
        terminal.until("Keep the original VM? (yes or no; Enter is yes):")
        terminal.send_bytes(b"\r")
        terminal.until("Power the restored VM on? (yes or no; Enter is no):")
        terminal.send_bytes(b"\r")
        terminal.until("Restore wiki01? (yes or no; Enter is no):")
        assert shell.posts() == []
        terminal.send_bytes(b"yes\r")
        terminal.until("wiki01: restored")
        terminal.until(lambda text: text.rstrip().endswith("What now (1 to 6):"))
        terminal.send_bytes(b"6\r")
        assert terminal.wait() == ExitCode.DONE
    assert len(shell.posts()) == 1


def test_what_is_lost_is_what_the_times_beside_it_show(shell: Shell) -> None:
    moment = (datetime.now(UTC) - timedelta(hours=2)).replace(second=0, microsecond=0)
    done = shell.run("points", "--vm", "sql01", "--before", f"{moment:%Y-%m-%d %H:%MZ}", "--json")
    made = datetime.fromisoformat(done.json["points"][0]["created"]).replace(second=0, microsecond=0)
    shown = shell.run("points", "--vm", "sql01", "--before", f"{moment:%Y-%m-%d %H:%MZ}").out
    assert f"{made:%Y-%m-%d %H:%M}Z  {timefmt.span(moment - made)}  " in shown


def test_what_the_server_says_ends_where_the_outcome_begins(shell: Shell) -> None:
    done = shell.run("restore", "--vm", "erp01", "--yes", "--wait")
    assert "its network is not connected. Restored as erp01; original kept." in done.out
