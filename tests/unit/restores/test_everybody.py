"""Everybody's restores beside the own ones: listed with the requests a poll makes anyway, and never taken."""

from __future__ import annotations

from tests.unit.restores.fakes import finished, session, stopped
from tests.unit.restores.world import World
from tui.api.errors import Rejected, TimedOut
from tui.api.models import SessionResult
from tui.restore_states import RestoreState

THEIRS = session(7, vm="mail01", progress=12)
OVER = stopped(SessionResult.FAILED, 6, "no space")


async def test_one_query_lists_own_restores_and_everybody_s(world: World) -> None:
    world.manager.post = finished()
    await world.submitted()
    world.manager.session_list = [OVER, THEIRS, session(progress=40)]
    world.restores.monitor.show_everybody(on=True)
    world.manager.queries.clear()
    current = await world.tick()
    (query,) = world.manager.queries
    assert world.manager.task_lists == 0, "its task is over"
    for part in ('State!="Stopped"', 'CreationTime>="2026-11-22', f'UID=="{session().uid}"'):
        assert part in str(query.filter)
    assert (current.progress, current.session_uid) == (40, session().uid)
    everybody = world.restores.monitor.everybody
    assert everybody is not None
    assert [one.uid for one in everybody.besides({current.session_uid.lower()})] == [THEIRS.uid, OVER.uid]
    assert everybody.row_of(session()) == 1
    assert everybody.row_of(THEIRS) is None
    assert everybody.as_of == world.clock.now()
    world.restores.monitor.show_everybody(on=False)
    await world.tick()
    assert "State" not in str(world.manager.queries[-1].filter)
    assert world.restores.monitor.everybody is None


async def test_without_own_restores_one_request_a_poll_is_all(world: World) -> None:
    world.manager.session_list = [THEIRS]
    await world.restores.monitor.tick()
    assert not world.manager.queries, "nobody wants to see them"
    world.restores.monitor.show_everybody(on=True)
    await world.restores.monitor.tick()
    assert (len(world.manager.queries), world.manager.task_lists) == (1, 0)
    assert world.restores.monitor.interval() == 5.0
    assert not world.restores.all


async def test_a_session_that_is_looked_for_is_found_as_without_them_and_no_other_is_taken(
    world: World,
) -> None:
    world.manager.post = TimedOut("read")
    sent = await world.submitted()
    assert sent.state is RestoreState.UNKNOWN
    world.restores.monitor.show_everybody(on=True)
    world.manager.session_list = [THEIRS]
    world.manager.queries.clear()
    for _ in range(4):
        now = await world.tick()
        assert (now.state, now.session_uid) == (RestoreState.UNKNOWN, "")
    wide = ['State!="Stopped"' in str(query.filter) for query in world.manager.queries]
    assert wide == [True, False, True, False], "every other poll asks for its VM alone"
    assert not world.journal.sessions_taken()
    world.manager.session_list = [THEIRS, session(2)]
    await world.tick()
    assert (await world.tick()).session_uid == session(2).uid


async def test_a_server_that_refuses_the_wide_list_is_asked_for_own_restores_all_the_same(
    world: World,
) -> None:
    world.manager.post = finished()
    await world.submitted()
    monitor = world.restores.monitor
    world.manager.session_list = [session(progress=40)]
    monitor.show_everybody(on=True)
    world.manager.session_list = Rejected("No such filter.")
    refused = await world.tick()
    assert refused.problem
    assert monitor.everybody is not None
    assert "No such filter." in monitor.everybody.problem
    world.manager.session_list = [session(progress=41)]
    now = await world.tick()
    assert (now.progress, now.problem) == (41, "")
    assert "State" not in str(world.manager.queries[-1].filter)
    assert "No such filter." in monitor.everybody.problem, "it is still not of now"
    await world.tick()
    assert monitor.everybody.problem == ""
