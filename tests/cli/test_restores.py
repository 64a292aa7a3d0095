"""What `vbem restore` sends: never more than one POST a restore, and nothing that was not confirmed."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.support.soak import soak
from tests.support.terminal import Terminal
from tui.cli import output
from tui.cli.exit_codes import ExitCode, code_of_state
from tui.restore_states import RestoreState


def newest_of(shell: Shell, vm: str) -> str:
    uid: str = shell.run("points", "--vm", vm, "--json").json["points"][0]["uid"]
    return uid


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
    "fault", ["drop-after-accept@submit*1", *soak("http-502-after@submit*1", "truncate@submit*1")]
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


def test_a_role_that_may_not_restore_is_not_allowed(shell: Shell) -> None:
    shell.demo.renew(seed=7, time_scale=40, role="portal-user")
    for words in (("restore", "--vm", "wiki01", "--yes"), ("restore", "--vm", "wiki01", "--yes", "--wait")):
        done = shell.run(*words)
        assert done.code == ExitCode.NOT_ALLOWED, done.err
        assert "It did not start: the server refused it. This account may not do that" in done.out
        assert ".." not in done.out
    assert not [one for one in shell.demo.restores() if one["vm"] == "wiki01"]


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


def test_what_the_server_says_ends_where_the_outcome_begins(shell: Shell) -> None:
    done = shell.run("restore", "--vm", "erp01", "--yes", "--wait")
    assert "its network is not connected. Restored as erp01; original kept." in done.out
