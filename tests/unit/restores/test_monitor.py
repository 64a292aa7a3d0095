"""Polling: how often, how many requests, and what happens when it cannot."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.support.waiting import wait_for
from tests.unit.restores.fakes import finished, logon, session, stopped, task
from tests.unit.restores.points import point
from tests.unit.restores.world import World
from tui import timefmt
from tui.api.errors import Busy, SessionExpired, TimedOut
from tui.api.models import Items, RestoreSession, SessionResult, SessionState, TaskState
from tui.api.query import Query
from tui.restore_states import RestoreState
from tui.restores import transitions
from tui.restores.forms.form import form_for
from tui.restores.restore import SEARCH_WINDOW_S, Restore
from tui.screens.restore_text import restore_cells


async def many(world: World, count: int) -> None:
    for number in range(count):
        chosen = point(name=f"vm{number:03}", number=number + 1)
        world.manager.post = finished(number + 1) if number % 2 else task(number=number + 1)
        plan = world.restores.prepare(form_for(chosen, chosen.platform), {})
        await world.restores.submit(plan)
    world.manager.queries.clear()


@pytest.mark.parametrize("count", [1, 2, 10, 60])
async def test_two_requests_a_tick_for_any_number(world: World, count: int) -> None:
    await many(world, count)
    world.manager.task_list = [task(number=n) for n in range(1, count + 1)]
    world.manager.session_list = [session(n, vm=f"vm{n - 1:03}") for n in range(1, count + 1)]
    await world.tick()
    assert world.manager.task_lists == 1
    assert len(world.manager.queries) <= 1
    assert all(restore.problem == "" for restore in world.restores.all)
    states = {restore.state for restore in world.restores.all}
    assert states <= {RestoreState.LAUNCHING, RestoreState.RESTORING}


async def test_the_one_query_names_sessions_and_searched_vms(world: World) -> None:
    world.manager.post = finished()
    await world.submitted()
    await world.submitted(TimedOut("read"))
    world.manager.queries.clear()
    await world.tick()
    (query,) = world.manager.queries
    assert session().uid in str(query.filter)
    assert 'VmDisplayName=="app07"' in str(query.filter)


async def test_the_whole_way_of_a_restore(world: World) -> None:
    seen: list[Restore] = []
    world.restores.on_change(lambda restores: seen.append(restores[-1]))
    await world.submitted()
    world.manager.task_list = [task(TaskState.OPERATION_FINISHED, success=True)]
    await world.tick()
    world.manager.task_list = [finished()]
    await world.tick()
    world.manager.session_list = [session(progress=40)]
    assert (await world.tick()).progress == 40
    world.manager.session_list = [stopped(SessionResult.SUCCESS)]
    over = await world.tick()
    assert over.state is RestoreState.SUCCEEDED
    assert over.elapsed(world.clock.now()).total_seconds() == 4
    assert [restore.state for restore in seen] == [
        RestoreState.SENT,
        RestoreState.LAUNCHING,
        RestoreState.LAUNCHING,
        RestoreState.RESTORING,
        RestoreState.RESTORING,
        RestoreState.SUCCEEDED,
    ]
    requests = world.manager.task_lists, len(world.manager.queries)
    await world.tick()
    assert (world.manager.task_lists, len(world.manager.queries)) == requests


async def test_listeners_hear_nothing_when_nothing_changed_and_can_leave(world: World) -> None:
    calls: list[int] = []
    stop = world.restores.on_change(lambda restores: calls.append(len(restores)))
    world.manager.post = finished()
    await world.submitted()
    world.manager.session_list = [session(progress=40)]
    await world.tick()
    heard = len(calls)
    world.clock.seconds -= 1
    await world.tick()
    assert len(calls) == heard
    stop()
    stop()
    world.manager.session_list = [stopped(SessionResult.SUCCESS)]
    await world.tick()
    assert len(calls) == heard


async def test_the_cadence_slows_down_and_quickens_near_the_end(world: World) -> None:
    await world.submitted()
    monitor = world.restores.monitor
    world.manager.task_list = [task()]
    for _ in range(8):
        await world.tick()
    assert monitor.interval() == 1.0
    world.manager.task_list, world.manager.session_list = [finished()], [session(progress=10)]
    for _ in range(12):
        await world.tick()
    assert monitor.interval() == 5.0
    world.manager.session_list = [session(progress=95)]
    await world.tick()
    assert monitor.interval() == 1.0


async def test_a_low_pace_is_the_floor_of_the_cadence(world: World) -> None:
    world.restores = world.start(poll_every_s=2.0)
    await world.submitted()
    world.manager.task_list = [task()]
    await world.tick()
    assert world.restores.monitor.interval() == 2.0


async def test_errors_keep_the_last_good_data_say_why_and_back_off(world: World) -> None:
    world.manager.post = finished()
    await world.submitted()
    world.manager.session_list = [session(progress=40)]
    good = await world.tick()
    world.manager.session_list = Busy("503", http_code=503)
    waits = []
    for _ in range(6):
        old = await world.tick()
        waits.append(world.restores.monitor.interval())
    assert waits == [2.0, 4.0, 8.0, 15.0, 15.0, 15.0]
    assert (old.progress, old.state, old.last_seen) == (40, RestoreState.RESTORING, good.last_seen)
    assert "busy" in old.problem
    world.manager.session_list = [session(progress=50)]
    assert (await world.tick()).problem == ""
    assert world.restores.monitor.interval() < 2.0


async def test_an_expired_logon_session_pauses_and_restores_go_on_by_session(world: World) -> None:
    asked: list[int] = []
    world.restores = world.start(on_logon_needed=lambda: asked.append(1))
    await world.submitted()
    world.manager.task_list = SessionExpired("401", http_code=401)
    await world.tick()
    assert world.restores.monitor.logon_needed
    assert asked == [1]
    world.manager.session = logon(2)
    # A task of the same number in the new logon session is another task.
    world.manager.task_list = [finished(session=99)]
    world.manager.session_list = [session(7)]
    runner = asyncio.create_task(world.restores.run())
    world.restores.monitor.wake()
    await wait_for(lambda: world.restores.all[0].session_uid == session(7).uid, "the session")
    assert not world.restores.monitor.logon_needed
    runner.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await runner


@pytest.mark.parametrize("is_searched_slowly", [False, True])
async def test_an_expired_logon_is_announced_also_where_only_an_unknown_outcome_is_watched(
    world: World, is_searched_slowly: bool
) -> None:
    asked: list[int] = []
    world.restores = world.start(on_logon_needed=lambda: asked.append(1))
    await world.submitted(TimedOut("read"))
    if is_searched_slowly:
        assert (await world.tick(SEARCH_WINDOW_S)).is_quiet
    world.manager.session_list = SessionExpired("401", http_code=401)
    await world.tick()
    assert asked == [1]


async def test_running_follows_to_the_end_and_then_asks_nothing(world: World) -> None:
    world.manager.task_list = [finished()]
    runner = asyncio.create_task(world.restores.run())
    restore = await world.submitted()
    world.manager.session_list = [session(progress=5)]
    await wait_for(lambda: world.restores.get(restore.key).progress == 5, "the progress")
    world.manager.session_list = [stopped(SessionResult.SUCCESS)]
    await wait_for(lambda: world.restores.get(restore.key).is_over, "the end")
    asked = len(world.manager.queries)
    slept = len(world.clock.slept)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(world.manager.queries) == asked
    assert len(world.clock.slept) <= slept + 1
    runner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await runner


async def test_a_restore_stopping_is_watched_to_its_end(world: World) -> None:
    world.manager.post = finished()
    restore = await world.submitted()
    world.manager.session_list = [session(progress=40)]
    await world.tick()
    await world.restores.cancel(restore)
    world.manager.session_list = [session(state=SessionState.STOPPING)]
    await world.tick()
    world.manager.session_list = [stopped(SessionResult.FAILED, says="Restore job was stopped by user")]
    over = await world.tick()
    assert over.state is RestoreState.CANCELLED
    assert over.cancel.value == "session stopped"


async def test_a_server_that_is_silent_is_told_and_no_longer_once_it_answers(world: World) -> None:
    world.restores = world.start(stale_after_s=0, poll_s=0)
    await world.submitted(TimedOut("read"))
    silent = asyncio.Event()
    told: list[str] = []
    world.restores.on_change(lambda restores: told.append(restores[-1].problem))

    async def never(query: Query) -> Items[RestoreSession]:
        await silent.wait()
        return Items()

    answering, world.manager.restore_sessions = world.manager.restore_sessions, never  # type: ignore[method-assign]
    current = await world.tick()
    since = timefmt.clock_time(world.clock.now())
    assert f"no answer from the server since {since}" in told
    assert current.problem.startswith("The server did not answer in time")
    assert f"since {since}" in (await world.tick(40)).problem, "the second poll in silence began later"
    assert world.restores.monitor.interval() > 1.0
    world.manager.restore_sessions = answering  # type: ignore[method-assign]
    world.restores = world.start()
    await world.restores.reattach()
    assert (await world.tick()).problem == ""


async def test_what_may_be_among_the_unreadable_is_not_said_to_be_gone(world: World) -> None:
    await world.submitted()
    world.manager.unreadable = 1
    current = await world.tick()
    assert (current.state, current.task_gone) == (RestoreState.LAUNCHING, False)
    assert current.problem.startswith("1 of the server's tasks cannot be read")
    world.manager.task_list = [finished()]
    await world.tick()
    current = (await world.tick(), await world.tick(60), await world.tick(60), await world.tick(60))[-1]
    assert (current.state, current.is_missing) == (RestoreState.RESTORING, False)
    assert current.problem.startswith("1 of the server's restore sessions cannot be read")
    plan = await world.restores.check_running(world.plan())
    assert any("1 of this VM's restore sessions cannot be read" in line for line in plan.warnings)
    world.manager.unreadable, world.manager.session_list = 0, [session()]
    assert (await world.tick()).problem == ""


@pytest.mark.parametrize("found", [False, True])
async def test_a_trouble_ends_with_the_first_good_answer_also_of_what_is_not_listed(
    world: World, found: bool
) -> None:
    await world.submitted(TimedOut("read"))
    world.manager.session_list = [session()] if found else []
    await world.tick()
    world.manager.session_list = Busy("503", http_code=503)
    assert (await world.tick()).problem
    world.manager.session_list = []
    good = await world.tick()
    assert (good.problem, good.last_heard) == ("", world.clock.now())


async def test_what_is_old_is_told_by_its_age_and_not_only_by_an_error(world: World) -> None:
    world.manager.post = finished()
    await world.submitted()
    world.manager.session_list = [session(progress=40)]
    current = await world.tick()
    assert not current.is_stale(world.clock.now())
    world.clock.seconds += 10
    assert current.is_stale(world.clock.now())
    state, *_, words = restore_cells(current, world.clock.now())
    assert "restoring?" in str(state)
    assert str(words).startswith("(out of date: server last heard ")
    assert " 40 %. " in str(words)


@pytest.mark.parametrize("error", [MemoryError(), ValueError("odd"), RecursionError()])
@pytest.mark.parametrize("call", ["tasks", "restore_sessions"])
async def test_an_error_nobody_foresaw_in_one_poll_ends_no_watching(
    world: World, call: str, error: Exception
) -> None:
    await world.submitted()
    world.manager.post = finished(2, number=2)
    await world.submitted()
    world.manager.task_list = [task()]
    world.manager.session_list = [session(2, progress=40)]
    good = getattr(world.manager, call)

    async def bad(*_args: object) -> tuple[object, ...]:
        raise error

    setattr(world.manager, call, bad)
    runner = asyncio.create_task(world.restores.run())
    hit = 0 if call == "tasks" else 1
    await wait_for(lambda: type(error).__name__ in world.restores.all[hit].problem, "the trouble")
    other = world.restores.all[1 - hit]
    assert (other.problem, other.last_heard is not None) == ("", True)
    setattr(world.manager, call, good)
    world.restores.monitor.wake()
    await wait_for(lambda: not any(one.problem for one in world.restores.all), "the good answer")
    assert world.failures == [error], "reported once"
    world.failures.clear()
    runner.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await runner


async def test_one_restore_that_cannot_be_followed_hides_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        world.manager.post = finished(number, number=number)
        await world.submitted()
    seen = transitions.session_seen

    def poisoned(restore: Restore, one: RestoreSession, *more: object, **named: bool) -> Restore:
        if one.uid == session(1).uid:
            raise MemoryError
        return seen(restore, one, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(transitions, "session_seen", poisoned)
    world.manager.session_list = [session(1, progress=10), session(2, progress=20)]
    await world.tick()
    bad, good = world.restores.all
    assert bad.problem == "vbem cannot use what the server says of it (MemoryError)"
    assert (good.progress, good.problem) == (20, "")
    world.failures.clear()


async def test_a_listener_that_fails_stops_neither_journal_nor_watching(world: World) -> None:
    def fail(_restores: tuple[Restore, ...]) -> None:
        raise MemoryError

    world.restores.on_change(fail)
    await world.submitted()
    world.manager.task_list = [finished()]
    await world.tick()
    assert world.journal.rows[1]["state"] is RestoreState.RESTORING
    assert world.failures
    world.failures.clear()
