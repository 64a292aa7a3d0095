"""How commands end: exit codes, signals, closed streams, readers that have enough."""

from __future__ import annotations

import asyncio
import shlex
import signal
import subprocess
import sys

import pytest

from tests.cli.conftest import Done, Shell
from tests.support.soak import soak
from tests.support.waiting import wait_for
from tui.cli.exit_codes import TABLE, ExitCode, code_of_state, worst
from tui.restore_states import RestoreState


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
    "signalled", [(signal.SIGTERM, ExitCode.TERMINATED), *soak((signal.SIGINT, ExitCode.INTERRUPTED))]
)
def test_a_signal_says_what_goes_on(shell: Shell, signalled: tuple[int, ExitCode]) -> None:
    number, code = signalled
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
