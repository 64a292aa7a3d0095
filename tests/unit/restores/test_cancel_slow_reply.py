"""The answer to a DELETE takes long, and the task is gone from the list before it comes."""

from __future__ import annotations

import pytest

from tests.unit.restores.fakes import FakeClock, restore
from tui.api.errors import Forbidden, ManagerError, TimedOut
from tui.restore_states import CancelState, RestoreState
from tui.restores import cancellation, transitions
from tui.restores.restore import Restore, Timestamp


def at(seconds: float) -> Timestamp:
    clock = FakeClock()
    clock.seconds = seconds
    return clock.timestamp()


def gone_while_asking() -> Restore:
    asked = cancellation.asked(restore(), "op@jump", at(0))
    return transitions.task_missing(asked, at(5))


@pytest.mark.parametrize("error", [None, TimedOut("Late.")])
def test_launch_stopped_meanwhile_is_told_as_stopped(error: ManagerError | None) -> None:
    waiting = gone_while_asking()
    assert waiting.state is RestoreState.LAUNCHING
    told = cancellation.answered(waiting, error, at(10))
    assert cancellation.watched(told, at(20)) == told
    judged = cancellation.watched(told, at(41))
    assert judged.cancel is CancelState.LAUNCH_STOPPED
    assert judged.state is RestoreState.CANCELLED


def test_task_that_went_without_the_cancelling_is_searched_for() -> None:
    told = cancellation.answered(gone_while_asking(), Forbidden("No."), at(10))
    assert told.cancel is CancelState.REFUSED
    assert told.state is RestoreState.UNKNOWN
    assert told.is_searched
