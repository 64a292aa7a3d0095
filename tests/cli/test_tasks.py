"""What runs and what was: `vbem tasks`, `cancel`, `history` and `report`."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.support.chosen_keyring import FileKeyringAt, file_keyring
from tests.support.waiting import wait_for
from tui.cli.exit_codes import ExitCode
from tui.store.journal import Journal

__all__ = ["file_keyring"]


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
