"""The line is lost: the program ends in good order, whether a signal tells it or not, and nothing is lost."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing

import pytest

from tests.e2e.job import Operator, posts, send, to_confirm, to_form
from tests.support.soak import soak
from tests.support.terminal import Terminal

pytestmark = pytest.mark.xdist_group("e2e")

SPUN_S = 3.0
"""CPU time that only a program turning in circles takes for its end."""


def rows(operator: Operator) -> list[tuple[str, str, str]]:
    """VM, state and owner of each row; the file is whole and nobody holds it."""
    path = operator.state / "journal.sqlite3"
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as journal:
        assert journal.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        journal.execute("BEGIN EXCLUSIVE")
        return journal.execute("SELECT vm_name, state, owner FROM restores").fetchall()


def restore_huge01(operator: Operator, terminal: Terminal) -> None:
    """A restore of minutes, seen running."""
    operator.log_on(terminal)
    to_form(terminal, "huge01")
    to_confirm(terminal, "huge01")
    send(terminal)
    terminal.until("huge01: restoring")


def check_in_flight(operator: Operator) -> None:
    """The row was given up and says that the restore goes on.

    The next start finds it at work, and sends nothing; no report of a defect was written.
    """
    assert rows(operator) == [("huge01", "restoring", "")]
    assert list(operator.state.glob("*crash*")) == []
    with operator.start() as terminal:
        operator.log_on(terminal)
        terminal.ctrl("t")
        terminal.until("Watched again through its restore session.")
    assert len(posts(operator.demo)) == 1


@pytest.mark.parametrize("hear_hangup", [*soak(True), False], ids=["signal", "no-signal"])
def test_lost_terminal_ends_the_program(operator: Operator, hear_hangup: bool) -> None:
    with operator.start(hear_hangup=hear_hangup) as terminal:
        restore_huge01(operator, terminal)
        assert terminal.hang_up(deadline_s=10) < SPUN_S
        assert terminal.status == 128 + signal.SIGHUP
    check_in_flight(operator)


@pytest.mark.parametrize("hear_hangup", [True, *soak(False)], ids=["signal", "no-signal"])
def test_lost_terminal_at_the_login_ends_the_program(operator: Operator, hear_hangup: bool) -> None:
    with operator.start(hear_hangup=hear_hangup) as terminal:
        terminal.until("|  Log on")
        assert terminal.hang_up(deadline_s=10) < SPUN_S
        assert terminal.status == 128 + signal.SIGHUP


@pytest.mark.parametrize("name", [*soak(signal.SIGHUP), signal.SIGTERM])
def test_polite_kill_with_a_restore_in_flight(operator: Operator, name: signal.Signals) -> None:
    with operator.start() as terminal:
        restore_huge01(operator, terminal)
        terminal.kill(name)
        assert terminal.status == 128 + name
        assert b"1 restore is still in flight." in bytes(terminal.raw)
    check_in_flight(operator)


@pytest.mark.soak
def test_line_that_stalls_before_it_breaks_ends_the_program_in_good_order(operator: Operator) -> None:
    """Nobody reads what the screens write any more; then the line is gone."""
    with operator.start() as terminal:
        restore_huge01(operator, terminal)
        terminal.stall("?", "q")
        assert terminal.hang_up(deadline_s=10) < SPUN_S
        assert terminal.status == 128 + signal.SIGHUP
    check_in_flight(operator)
