"""Two programs at once on one account: a restore belongs to the one that follows it."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing

import pytest

from tests.e2e.job import Operator, posts, send, to_confirm, to_form
from tests.support.demo_process import DemoProcess

pytestmark = pytest.mark.xdist_group("e2e")


def owner(operator: Operator) -> str:
    """The process id that the one row names; empty for nobody."""
    with closing(sqlite3.connect(operator.state / "journal.sqlite3", timeout=5)) as journal:
        ((name,),) = journal.execute("SELECT owner FROM restores").fetchall()
    return str(name).split("|")[2] if name else ""


def test_second_program_leaves_the_row_to_the_first_until_that_is_gone(
    operator: Operator, demo: DemoProcess
) -> None:
    demo.control("set", option="time_scale", value=0)
    with operator.start() as first:
        operator.log_on(first)
        to_form(first, "archive01")
        to_confirm(first, "archive01")
        send(first)
        first.until("archive01: launching")
        assert owner(operator) == str(first.pid)
        with operator.start() as second:
            operator.log_on(second)
            second.ctrl("t")
            second.until("It is watched by another vbem")
            assert owner(operator) == str(first.pid)
        first.kill(signal.SIGKILL)
    with operator.start() as third:
        operator.log_on(third)
        third.ctrl("t")
        third.until("archive01: UNKNOWN")
        assert owner(operator) == str(third.pid)
    assert len(posts(demo)) == 1


@pytest.mark.soak
def test_a_colleague_takes_a_running_restore_over_by_name_and_the_first_leaves_it(
    operator: Operator, demo: DemoProcess
) -> None:
    demo.control("set", option="time_scale", value=0)
    with operator.start() as first, operator.start() as second:
        operator.log_on(first)
        to_form(first, "crm01")
        to_confirm(first, "crm01")
        send(first)
        first.until("crm01: launching")
        operator.log_on(second)
        second.ctrl("t")
        second.until("It is watched by another vbem")
        second.press("T")
        second.until("Type the VM's name (crm01)")
        second.press("crm01", "\r")
        second.until("Watched from now on: row 1.")
        assert owner(operator) == str(second.pid)
        first.until("Another vbem has taken over the restore of crm01")
        first.until("NOT WATCHED here: It is watched by another vbem")
        demo.advance(40)
        second.until("crm01: restoring")
        assert owner(operator) == str(second.pid), "the first writes nothing any more"
    assert len(posts(demo)) == 1
