"""Cancelling exactly once, finding again at the next start, leaving."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.restores.fakes import (
    finished,
    logon,
    session,
    stopped,
)
from tests.unit.restores.world import World, until
from tui.api.errors import Refused, TimedOut
from tui.api.models import RestoreSession, SessionResult
from tui.restore_states import CancelState, RestoreState
from tui.restores.restore import Restore


@pytest.fixture
def world() -> World:
    return World()


async def test_pressing_cancel_twice_sends_one_delete(world: World) -> None:
    restore = await world.submitted()
    world.manager.hold = asyncio.Event()
    first = asyncio.create_task(world.restores.cancel(restore))
    await until(lambda: bool(world.manager.deletes))
    second = await world.restores.cancel(restore)
    assert second.cancel is CancelState.ASKING
    assert not world.restores.what_cancel_can_do(restore).possible
    world.manager.hold.set()
    assert (await first).cancel is CancelState.ACCEPTED
    await world.restores.cancel(restore)
    assert [item.delete_href for item in world.manager.deletes] == ["/api/tasks/task-1"]


async def test_a_cancelled_launch_end_to_end(world: World) -> None:
    restore = await world.submitted()
    await world.restores.cancel(restore)
    world.manager.task_list = []
    assert (await world.tick()).state is RestoreState.LAUNCHING
    over = await world.tick(30)
    assert over.state is RestoreState.CANCELLED
    assert over.cancel is CancelState.LAUNCH_STOPPED
    assert "launch was stopped" in str(world.journal.rows[1]["message"])


async def test_a_delete_of_which_nothing_left_can_be_asked_again(world: World) -> None:
    restore = await world.submitted()
    world.manager.delete = Refused("x", request_sent=False)
    assert (await world.restores.cancel(restore)).cancel is CancelState.NOT_SENT
    world.manager.delete = None
    assert (await world.restores.cancel(restore)).cancel is CancelState.ACCEPTED


async def reattached(world: World, sessions: list[RestoreSession] | None = None) -> Restore:
    world.manager.session_list = sessions or []
    world.restores = world.start()
    (restore,) = await world.restores.reattach()
    return restore


async def test_reattach_by_task_where_the_logon_session_still_lives(world: World) -> None:
    await world.submitted()
    restore = await reattached(world)
    assert restore.state is RestoreState.LAUNCHING
    assert restore.note == "Followed again by its task."
    world.manager.task_list = [finished()]
    assert (await world.tick()).state is RestoreState.RESTORING


async def test_reattach_never_follows_the_same_task_id_of_another_logon_session(world: World) -> None:
    await world.submitted()
    world.manager.session = logon(2)
    world.manager.task_list = [finished(session=99)]
    restore = await reattached(world, [session(7)])
    assert restore.state is RestoreState.UNKNOWN
    found = await world.tick()
    assert found.session_uid == session(7).uid
    assert world.manager.task_lists == 0


async def test_reattach_by_session(world: World) -> None:
    world.manager.post = finished()
    await world.submitted()
    restore = await reattached(world)
    assert restore.note == "Followed again by its restore session."
    world.manager.session_list = [stopped(SessionResult.WARNING)]
    assert (await world.tick()).state is RestoreState.WARNING


async def test_reattach_after_a_kill_between_post_and_reply(world: World) -> None:
    await world.submitted()
    world.journal.rows[1].update(state=RestoreState.SENT, task_id="")
    restore = await reattached(world, [session(7)])
    assert restore.state is RestoreState.UNKNOWN
    assert (await world.tick()).session_uid == session(7).uid
    assert len(world.manager.posts) == 1


async def test_a_row_left_at_planned_by_the_first_version_is_no_proof_that_nothing_was_sent(
    world: World,
) -> None:
    await world.submitted()
    world.journal.rows[1].update(state=RestoreState.PLANNED, task_id="")
    restore = await reattached(world, [session(7)])
    assert restore.state is RestoreState.UNKNOWN
    assert "it may have started" in restore.message
    assert (await world.tick()).session_uid == session(7).uid


async def test_an_unknown_one_of_long_ago_is_looked_for_quietly(world: World) -> None:
    await world.submitted(TimedOut("read"))
    assert (await reattached(world)).is_in_flight
    world.clock.seconds += 3700
    quiet = await reattached(world, [session(7)])
    assert quiet.is_quiet
    assert (await world.tick()).session_uid == session(7).uid


async def test_rows_of_another_process_are_left_to_it(world: World) -> None:
    await world.submitted()
    world.journal.not_ours.add(1)
    world.restores = world.start()
    assert await world.restores.reattach() == ()


async def test_reattaching_twice_takes_each_row_once(world: World) -> None:
    await world.submitted()
    assert await world.restores.reattach() == ()
    await reattached(world)
    assert await world.restores.reattach() == ()


async def test_leaving_gives_the_rows_up(world: World) -> None:
    await world.submitted()
    await world.restores.close()
    assert world.journal.released == [1]


async def test_leaving_does_not_wait_for_a_reply_that_does_not_come(world: World) -> None:
    world.manager.hold = asyncio.Event()
    caller = asyncio.create_task(world.restores.submit(world.plan()))
    await until(lambda: bool(world.manager.posts))
    await world.restores.close(patience_s=0)
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert world.journal.rows[1]["state"] is RestoreState.UNKNOWN
    assert world.journal.released == [1]
