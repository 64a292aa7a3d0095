"""Cancelling while the server is out of sight: time alone proves nothing."""

from __future__ import annotations

import pytest

from tests.unit.restores.fakes import session
from tests.unit.restores.world import World
from tui.api.errors import Refused
from tui.restore_states import CancelState, RestoreState

GONE = Refused("x", request_sent=False)


@pytest.fixture
def world() -> World:
    return World()


async def test_a_launch_is_not_called_stopped_while_the_server_is_gone(world: World) -> None:
    await world.restores.cancel(await world.submitted())
    world.manager.task_list = []
    assert (await world.tick()).task_gone
    world.manager.session_list = GONE
    unseen = await world.tick(60)
    assert unseen.state is RestoreState.LAUNCHING
    assert unseen.cancel is CancelState.ACCEPTED
    assert unseen.problem
    world.manager.session_list = []
    over = await world.tick(60)
    assert over.state is RestoreState.CANCELLED
    assert over.cancel is CancelState.LAUNCH_STOPPED


async def test_a_session_that_began_out_of_sight_is_found_and_not_called_stopped(world: World) -> None:
    await world.restores.cancel(await world.submitted())
    world.manager.task_list = world.manager.session_list = GONE
    assert (await world.tick(60)).cancel is CancelState.ACCEPTED
    world.manager.task_list, world.manager.session_list = [], [session(1)]
    # The task is seen to be gone in this poll; the sessions are looked at in the next one.
    assert (await world.tick(5)).state is RestoreState.LAUNCHING
    found = await world.tick(5)
    assert found.state is RestoreState.RESTORING
    assert found.cancel is CancelState.GOES_ON


async def test_a_task_is_not_said_to_go_on_while_the_server_is_gone(world: World) -> None:
    await world.restores.cancel(await world.submitted())
    world.manager.task_list = GONE
    unseen = await world.tick(60)
    assert unseen.cancel is CancelState.ACCEPTED
    assert "goes on" not in unseen.cancel_words
