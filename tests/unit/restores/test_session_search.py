"""Which session is a restore's, when its task cannot tell, and what is said of one that is not listed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.restores.fakes import FakeClock, at, finished, restore, session, stopped, task
from tests.unit.restores.points import SERVER, point
from tests.unit.restores.world import World
from tui import timefmt
from tui.api.codec.tree import name_of
from tui.api.errors import TimedOut
from tui.api.models import RestoreSession, SessionResult, SessionState
from tui.restore_states import CancelState, FoundBy, RestoreState
from tui.restores import session_search, transitions
from tui.restores.restore import SEARCH_WINDOW_S, Restore
from tui.restores.session_search import MISSED_POLLS, MISSING_S, last_known
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
        (session(5, vm="app08", point_uid=MINE), True),
        (session(5, vm="app08", point_uid=MINE, job_type="FileLevelRestore"), False),
        (session(5, vm=" App07 "), True),
        (session(5, server="urn:veeam:BackupServer:other"), False),
        (session(5, server=""), True),
        (session(5, job_type="FileLevelRestore"), False),
        (session(5, job_type=""), True),
        (session(5, vm="", name="app07@2025-02-03 04:05:06"), True),
        (session(5, vm="", name="a@app07@2025-02-03 04:05:06"), False),
        (session(6), False),
        (session(3), False),
        (session(4), True),
    ],
)
def test_what_counts_as_new(seen: RestoreSession, is_new: bool) -> None:
    current = restore(sessions_before=frozenset({session(1).uid.lower()}), newest_before=session(3).created)
    taken = {session(6).uid.lower()}
    assert bool(session_search.new_sessions(current, (seen,), taken, by_name=True)) == is_new


@pytest.mark.parametrize(
    ("ours", "theirs", "point_uid", "is_same"),
    [
        ("app07", "APP07 ", "", True),
        ("app\ufffd07", "app\ufffd\ufffd07", "", True),
        ("cafe\u0301", "caf\u00e9", "", True),
        (name_of("app07" + "A" * 100_000), name_of("app07" + "A" * 100_000), "", True),
        ("app07", "app08", "", False),
        ("app07 old", "app07", MINE, True),
        (name_of("app07" + "A" * 100_000), "app07", MINE, True),
        ("app07", "app07", OTHER, False),
    ],
)
def test_another_spelling_of_the_name_does_not_make_a_restore_unknown(
    ours: str, theirs: str, point_uid: str, is_same: bool
) -> None:
    current = restore(vm_name=ours, state=RestoreState.RESTORING, session_uid=session(5).uid)
    ended = session(5, SessionState.STOPPED, SessionResult.SUCCESS, vm=theirs, point_uid=point_uid)
    after = transitions.session_seen(replace(current, found_by=FoundBy.TASK), ended, at(1))
    assert (after.state is RestoreState.SUCCEEDED) == is_same
    searched = transitions.search(restore(vm_name=ours), "The reply was lost.", at(0))
    assert bool(session_search.new_sessions(searched, (ended,), (), by_name=True)) == is_same


@pytest.mark.parametrize("name", ["app\ufffd07", name_of("A" * 5_000)])
def test_a_name_that_is_not_as_sent_is_no_filter(name: str) -> None:
    """Such a filter finds nothing, and nothing would be taken for 'no restore of it is running'."""
    assert session_search.guard_query(name).filter is None
    assert session_search.guard_query("app07").filter is not None
    query, by_name = session_search.watch_query([restore(RestoreState.UNKNOWN, vm_name=name)])
    assert (query.filter, by_name) == (None, False)
    query, by_name = session_search.watch_query([restore(vm_name=name, session_uid=session(5).uid)])
    assert (query.filter is not None, by_name) == (True, True)


def test_in_a_wide_list_a_session_without_a_vm_name_is_not_taken_for_new() -> None:
    nameless = session(5, vm="", name="app07@2025-02-03 04:05:06")
    assert session_search.new_sessions(restore(), (nameless,), (), by_name=False) == ()


LINKED = session(2, point_uid=MINE)


@pytest.mark.parametrize(
    ("candidates", "rivals", "found_by", "words"),
    [
        ((), (), FoundBy.NOTHING, ""),
        ((session(1),), (), FoundBy.PROBABLY, ""),
        ((LINKED,), (), FoundBy.POINT, ""),
        ((session(1), session(2)), (), FoundBy.NOTHING, "2 new restore sessions of this VM have appeared"),
        ((session(1), LINKED), (), FoundBy.NOTHING, "vbem cannot say which of them is this restore's ("),
        ((session(1),), (4,), FoundBy.NOTHING, "it could be that of row 4 as well"),
        ((LINKED,), (4, 5), FoundBy.NOTHING, "it could be that of rows 4, 5 as well"),
        ((session(1),), (None,), FoundBy.NOTHING, "it could be that of another restore of this VM as well"),
    ],
)
def test_a_session_is_taken_only_where_it_is_the_only_one_and_can_be_no_others(
    candidates: tuple[RestoreSession, ...],
    rivals: tuple[int | None, ...],
    found_by: FoundBy,
    words: str,
) -> None:
    unknown = transitions.search(restore(RestoreState.SENT), "The reply was lost.", at(0))
    others = [replace(unknown, key=f"r{number}", entry_id=number) for number in rivals]
    found = session_search.match(unknown, candidates, others)
    assert (found.found_by, words in found.words) == (found_by, True)
    assert found.session == (candidates[0] if found_by else None)


@pytest.mark.parametrize(
    ("rival", "is_one"),
    [
        (restore(RestoreState.LAUNCHING, entry_id=4), True),
        (restore(RestoreState.UNKNOWN, entry_id=4, search_since=0.0), True),
        # Looked for in vain long ago: no rival for what is merely likely, but for what would be certain.
        (restore(RestoreState.UNKNOWN, entry_id=4), False),
        (restore(RestoreState.LAUNCHING, entry_id=4, vm_name="app08"), False),
        (
            restore(RestoreState.LAUNCHING, entry_id=4, sessions_before=frozenset({session().uid.lower()})),
            False,
        ),
        (restore(RestoreState.LAUNCHING, entry_id=4, newest_before=session().created), False),
    ],
)
def test_who_else_could_have_a_session(rival: Restore, is_one: bool) -> None:
    unknown = transitions.search(restore(RestoreState.SENT), "The reply was lost.", at(0))
    assert (session_search.match(unknown, (session(),), (rival,)).session is None) == is_one
    linked = session(point_uid=MINE)
    certain = session_search.match(unknown, (linked,), (restore(RestoreState.UNKNOWN, entry_id=4),))
    assert certain.session is None


def test_no_session_is_no_proof() -> None:
    unknown = transitions.search(restore(RestoreState.SENT), "The reply was lost.", at(0))
    before = session_search.not_found(unknown, "", at(SEARCH_WINDOW_S - 1))
    assert (before.message, before.is_quiet) == (unknown.message, False)
    after = session_search.not_found(unknown, "", at(SEARCH_WINDOW_S))
    assert after.state is RestoreState.UNKNOWN
    assert "No restore session seen after 5 minutes; that is no proof" in after.message
    assert after.is_quiet
    assert not after.is_in_flight
    assert after.is_searched
    assert session_search.not_found(after, "", at(SEARCH_WINDOW_S * 3)) == after


def test_only_the_time_in_which_the_server_answered_counts() -> None:
    unknown = transitions.search(restore(RestoreState.SENT), "The reply was lost.", at(0))
    answered = session_search.not_found(unknown, "", at(100))
    silent = session_search.unanswered_look(session_search.unanswered_look(answered))
    again = session_search.not_found(silent, "", at(700))
    assert not again.is_quiet
    until = timefmt.clock_time(at(900).wall)
    assert again.message == (
        f"The reply was lost. vbem looks for a new restore session of this VM until {until}, then less often."
    )
    assert not session_search.not_found(again, "", at(899)).is_quiet
    assert session_search.not_found(again, "", at(900)).is_quiet


async def test_a_session_that_begins_after_a_long_silence_is_not_found_too_late(world: World) -> None:
    await world.submitted(TimedOut("The reply was lost.", request_sent=True))
    world.manager.session_list = TimedOut("read")
    for _ in range(6):
        await world.tick(SEARCH_WINDOW_S / 3)
    world.manager.session_list = ()
    assert not (await world.tick()).is_quiet
    world.manager.session_list = (session(5, point_uid=MINE),)
    found = await world.tick()
    assert (found.state, found.found_by) == (RestoreState.RESTORING, FoundBy.POINT)


async def found_by_its_point(world: World) -> Restore:
    """A restore whose reply was lost, and the only new session of its VM, from its very point."""
    await world.submitted(TimedOut("The reply was lost.", request_sent=True))
    world.manager.session_list = (session(5, point_uid=MINE),)
    found = await world.tick()
    assert (found.state, found.found_by) == (RestoreState.RESTORING, FoundBy.POINT)
    return found


@pytest.mark.parametrize("link", [MINE, ""])
@pytest.mark.parametrize("is_restarted", [False, True])
async def test_a_session_that_comes_later_and_could_be_its_own_as_well_takes_the_certainty(
    world: World, link: str, is_restarted: bool
) -> None:
    await found_by_its_point(world)
    other = session(9, point_uid=link)
    world.manager.session_list = (session(5, point_uid=MINE), other)
    both = await world.tick()
    assert (both.state, both.found_by) == (RestoreState.RESTORING, FoundBy.PROBABLY)
    assert "Another new restore session of this VM has appeared" in both.note
    if is_restarted:
        world.restores = world.start()
        await world.restores.reattach()
    world.manager.session_list = (stopped(SessionResult.SUCCESS, 5, point_uid=MINE), other)
    ended = await world.tick()
    assert (ended.state, ended.session_result) == (RestoreState.UNKNOWN, "Success")
    assert "ended as successful; it is from this very point, but another new one" in ended.message


@pytest.mark.parametrize(
    "later",
    [session(9, point_uid=OTHER), session(306, point_uid=MINE), session(9, vm="app08")],
)
async def test_what_cannot_be_its_own_takes_no_certainty(world: World, later: RestoreSession) -> None:
    await found_by_its_point(world)
    world.manager.session_list = (session(5, point_uid=MINE), later)
    assert (await world.tick()).found_by is FoundBy.POINT
    world.manager.session_list = (stopped(SessionResult.SUCCESS, 5, point_uid=MINE), later)
    assert (await world.tick()).state is RestoreState.SUCCEEDED


async def test_a_restore_of_ours_that_is_sent_meanwhile_takes_no_certainty(world: World) -> None:
    first = await found_by_its_point(world)
    world.manager.post = task()
    second = await world.restores.submit(await world.restores.check_running(world.plan()))
    world.manager.task_list = (task(),)
    world.manager.session_list = (session(5, point_uid=MINE), session(9, point_uid=MINE))
    await world.tick()
    assert world.restores.get(first.key).found_by is FoundBy.POINT
    world.manager.task_list = (finished(9),)
    await world.tick()
    await world.tick()
    assert world.restores.get(first.key).found_by is FoundBy.POINT
    assert world.restores.get(second.key).found_by is FoundBy.TASK


def test_no_session_in_lists_that_may_not_be_whole_says_so() -> None:
    unknown = transitions.search(restore(RestoreState.SENT), "The reply was lost.", at(0))
    after = session_search.not_found(unknown, "", at(SEARCH_WINDOW_S), is_whole=False)
    assert "seen after 5 minutes, in lists that may not be whole; that is no proof" in after.message


def test_which_could_be_it_is_said_as_long_as_it_is_so() -> None:
    unknown = transitions.search(restore(RestoreState.SENT), "The reply was lost.", at(0))
    several = session_search.not_found(unknown, "2 could be it.", at(1))
    assert (several.state, several.message) == (RestoreState.UNKNOWN, "The reply was lost. 2 could be it.")
    none = session_search.not_found(several, "", at(2))
    assert "could be it. vbem" not in none.message
    assert "No restore session listed that could be it; that is no proof" in none.message
    assert session_search.not_found(several, "2 could be it.", at(SEARCH_WINDOW_S)).is_quiet


def test_the_sessions_before_count_by_their_own_servers_clock() -> None:
    late = session(99, server="urn:veeam:BackupServer:other")
    assert session_search.newest_of((session(3), late, session(50, vm="x")), "app07", SERVER) == (
        session(3).created
    )


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
    state, *_, words = (text_of(cell) for cell in restore_cells(missing, world.clock.now()))
    assert state == "● restoring?"
    assert words.startswith(f"(out of date) {known}")
    assert "78 %" not in state_words(missing)
    assert "no longer lists it" in state_words(missing)
    assert world.journal.rows[1]["message"].startswith(known)


@pytest.mark.parametrize("progress", [78, None])
@pytest.mark.parametrize("is_whole", [True, False])
async def test_an_answer_without_its_session_vouches_for_nothing_of_before(
    world: World, progress: int | None, is_whole: bool
) -> None:
    seen = await followed(world, progress)
    world.manager.session_list, world.manager.is_list_whole = (), is_whole
    now = await world.tick()
    state, *_, words = (text_of(cell) for cell in restore_cells(now, world.clock.now()))
    assert state == "● restoring?"
    known = last_known(seen)
    said = (
        f"The server's last answer did not list its restore session ({known})." if is_whole else "may not be"
    )
    assert words.startswith("(out of date")
    assert said in words
    await world.restores.cancel(now)
    assert "it is not known whether the restore runs" in world.restores.get(now.key).cancel_words
    assert is_whole or now.last_heard == seen.last_heard, "silence about it is no news of it"
    world.manager.session_list = (session(progress=79),)
    again = restore_cells(await world.tick(), world.clock.now())
    assert text_of(again[0]) == "● restoring"
    assert text_of(again[-1]).endswith("] 79 %") or "79 %. " in text_of(again[-1])


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


async def test_a_list_that_may_not_be_whole_does_not_count(world: World) -> None:
    await followed(world)
    world.manager.session_list, world.manager.is_list_whole = (), False
    for _ in range(MISSED_POLLS * 2):
        current = await world.tick(MISSING_S)
    assert (current.is_missing, current.missed_polls) == (False, 0)
    world.manager.is_list_whole = True
    assert (await gone(world)).is_missing


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
