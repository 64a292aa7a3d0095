"""Which session is a restore's, when its task cannot tell, and what is said of one that is not listed."""

from __future__ import annotations

import pytest

from tests.unit.restores.fakes import FakeClock, at, finished, restore, session, stopped
from tests.unit.restores.points import point
from tests.unit.restores.world import World
from tui import timefmt
from tui.api.errors import TimedOut
from tui.api.models import RestoreSession, SessionResult
from tui.restore_states import CancelState, RestoreState
from tui.restores import session_search, transitions
from tui.restores.restore import SEARCH_WINDOW_S, Restore
from tui.restores.session_search import MISSED_POLLS, MISSING_S
from tui.screens.restore_text import restore_cells, restore_lines, state_words
from tui.widgets.table_layout import Cell, StyledText

CLOCK = FakeClock()
MINE = point().uid
OTHER = point(number=77).uid


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


RESTORING = RestoreState.RESTORING


async def followed(world: World, progress: int | None = 78) -> Restore:
    """A restore whose session was seen once."""
    world.manager.post = finished()
    await world.submitted()
    world.manager.session_list = (session(progress=progress),)
    return await world.tick()


async def gone(world: World) -> Restore:
    world.manager.session_list = ()
    for _ in range(MISSED_POLLS):
        await world.tick()
    return await world.tick(MISSING_S)


def text_of(cell: Cell) -> str:
    return cell.text if isinstance(cell, StyledText) else cell


async def test_a_session_that_is_gone_for_long_is_told_as_not_found(world: World) -> None:
    seen = await followed(world)
    assert seen.last_seen is not None
    when = timefmt.clock_time(seen.last_seen)
    missing = await gone(world)
    assert (missing.state, missing.is_over, missing.ended) == (RESTORING, False, None)
    known = f"The server no longer lists its restore session (last seen {when} at 78 %)"
    assert missing.message.startswith(known)
    state, done, _, _, words = (text_of(cell) for cell in restore_cells(missing, world.clock.now()))
    assert (state, done) == ("restoring?", "-")
    assert words.startswith(f"(out of date) {known}")
    assert "78 %" not in state_words(missing)
    assert "no longer lists it" in state_words(missing)
    assert world.journal.rows[1]["message"].startswith(known)


async def test_a_short_gap_or_few_answers_mean_nothing(world: World) -> None:
    await followed(world)
    world.manager.session_list = ()
    for _ in range(MISSED_POLLS + 2):
        assert not (await world.tick()).is_missing
    world = World()
    await followed(world)
    world.manager.session_list = ()
    await world.tick()
    assert not (await world.tick(MISSING_S * 2)).is_missing, "two answers only"


async def test_polls_that_fail_do_not_count(world: World) -> None:
    await followed(world)
    world.manager.session_list = TimedOut("read")
    for _ in range(MISSED_POLLS * 2):
        current = await world.tick(MISSING_S)
    assert not current.is_missing
    assert current.missed_polls == 0


async def test_a_session_that_comes_back_is_followed_as_before(world: World) -> None:
    await followed(world)
    await gone(world)
    world.manager.session_list = (session(progress=80),)
    back = await world.tick()
    assert (back.is_missing, back.message, back.progress) == (False, "Restoring.", 80)
    world.manager.session_list = (stopped(SessionResult.SUCCESS),)
    assert (await world.tick()).state is RestoreState.SUCCEEDED


async def test_a_session_never_listed_is_told_so(world: World) -> None:
    world.manager.post = finished()
    await world.submitted()
    missing = await gone(world)
    assert missing.message.startswith("The server does not list its restore session;")


async def test_cancelling_does_not_claim_that_it_runs(world: World) -> None:
    await followed(world)
    missing = await gone(world)
    words = " ".join(world.restores.what_cancel_can_do(missing).words)
    assert "does not list its restore session" in words
    assert "already running" not in words
    await world.restores.cancel(missing)
    told = await world.tick(MISSING_S)
    assert told.cancel is CancelState.GOES_ON
    assert told.cancel_words == "The cancel was accepted; it is not known whether the restore continues."


async def test_when_the_server_was_heard_is_a_time_that_stays_true(world: World) -> None:
    seen = await followed(world)
    assert seen.last_seen is not None
    heard = f"Server last heard {timefmt.clock_time(seen.last_seen)}"
    later = FakeClock()
    later.seconds = 3000
    assert heard in restore_lines(seen, world.clock.now(), "")
    assert heard in restore_lines(seen, later.now(), "")
    later.seconds = 2 * 86_400
    assert f"Server last heard {timefmt.both(seen.last_seen)}" in restore_lines(seen, later.now(), "")
