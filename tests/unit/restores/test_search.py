"""Which session is a restore's, when its task cannot tell."""

from __future__ import annotations

import pytest

from tests.unit.restores.fakes import FakeClock, restore, session
from tests.unit.restores.points import point
from tui.api.models import RestoreSession
from tui.restore_states import CancelState, RestoreState
from tui.restores import session_search, transitions
from tui.restores.restore import SEARCH_WINDOW_S, Timestamp

CLOCK = FakeClock()
MINE = point().uid
OTHER = point(number=77).uid


def at(seconds: float) -> Timestamp:
    clock = FakeClock()
    clock.seconds = seconds
    return clock.timestamp()


@pytest.mark.parametrize(
    ("seen", "is_new"),
    [
        (session(5), True),
        (session(5, vm="APP07"), True),
        (session(5, point_uid=MINE), True),
        (session(5, point_uid=OTHER), False),
        (session(1), False),
        (session(5, vm="app08"), False),
        (session(5, server="urn:veeam:BackupServer:other"), False),
        (session(5, server=""), True),
        (session(5, job_type="FileLevelRestore"), False),
        (session(5, job_type=""), True),
        (session(5, vm="", name="app07@2025-02-03 04:05:06"), True),
        (session(5, vm="", name="a@app07@2025-02-03 04:05:06"), False),
        (session(6), False),
    ],
)
def test_what_counts_as_new(seen: RestoreSession, is_new: bool) -> None:
    current = restore(sessions_before=frozenset({session(1).uid.lower()}))
    taken = {session(6).uid.lower()}
    assert bool(session_search.new_sessions(current, (seen,), taken, by_name=True)) == is_new


def test_in_a_wide_list_a_session_without_a_vm_name_is_not_taken_for_new() -> None:
    nameless = session(5, vm="", name="app07@2025-02-03 04:05:06")
    assert session_search.new_sessions(restore(), (nameless,), (), by_name=False) == ()


@pytest.mark.parametrize(
    ("candidates", "chosen"),
    [
        ((), None),
        ((session(1),), session(1)),
        ((session(1), session(2)), None),
        ((session(1), session(2, point_uid=MINE)), session(2, point_uid=MINE)),
        ((session(1, point_uid=MINE), session(2, point_uid=MINE)), None),
    ],
)
def test_one_is_picked_only_when_it_is_certain(
    candidates: tuple[RestoreSession, ...], chosen: RestoreSession | None
) -> None:
    assert session_search.pick(candidates) == chosen


def test_no_session_is_no_proof() -> None:
    unknown = transitions.search(restore(RestoreState.SENT), "The reply was lost.", at(0))
    assert session_search.not_found(unknown, 0, at(SEARCH_WINDOW_S - 1)) == unknown
    after = session_search.not_found(unknown, 0, at(SEARCH_WINDOW_S))
    assert after.state is RestoreState.UNKNOWN
    assert "No restore session seen after 5 minutes; that is no proof" in after.message
    assert after.is_quiet
    assert not after.is_in_flight
    assert after.is_searched
    assert session_search.not_found(after, 0, at(SEARCH_WINDOW_S * 3)) == after


def test_several_new_sessions_are_said_and_none_is_guessed() -> None:
    unknown = transitions.search(restore(RestoreState.SENT), "The reply was lost.", at(0))
    after = session_search.not_found(unknown, 2, at(1))
    assert after.state is RestoreState.UNKNOWN
    assert "2 new restore sessions" in after.message
    assert after.session_uid == ""


def test_a_stopped_launch_is_watched_for_a_while_and_then_let_go() -> None:
    stopped = restore(
        RestoreState.CANCELLED,
        cancel=CancelState.LAUNCH_STOPPED,
        search_since=at(0).monotonic_s,
        task_gone=True,
    )
    assert stopped.is_searched
    assert session_search.not_found(stopped, 0, at(10)) == stopped
    assert not session_search.not_found(stopped, 0, at(SEARCH_WINDOW_S)).is_searched
