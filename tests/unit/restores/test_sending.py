"""Sending exactly once, whatever happens."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.restores.fakes import (
    finished,
    logon,
    session,
    stopped,
)
from tests.unit.restores.points import point
from tests.unit.restores.world import SERVER, World, until
from tui.api.errors import Busy, ConnectionLost, Invalid, ManagerError, Refused, SessionExpired, TimedOut
from tui.api.models import SessionResult
from tui.restore_states import RestoreState
from tui.restores.errors import AlreadyRunning, AlreadySubmitted, NotLoggedOn
from tui.store.errors import JournalError


@pytest.fixture
def world() -> World:
    return World()


async def test_the_row_is_on_disk_before_the_wire(world: World) -> None:
    on_disk: list[object] = []
    world.manager.on_post = lambda: on_disk.append(world.journal.rows[1]["state"])
    restore = await world.restores.submit(world.plan(), reason="INC-7")
    assert on_disk == [RestoreState.SENT]
    assert restore.state is RestoreState.LAUNCHING
    assert len(world.manager.posts) == 1
    row = world.journal.rows[1]
    assert (row["server"], row["em_user"], row["operator"], row["reason"]) == (
        SERVER, r"LAB\op", "op@jump", "INC-7",
    )  # fmt: skip
    assert row["task_id"] == "task-1"
    assert row["request_body"] == "<RestoreSpec/>"
    assert "token" not in str(row)
    assert world.journal.states() == [RestoreState.PLANNED, RestoreState.SENT, RestoreState.LAUNCHING]


async def test_the_sessions_before_are_recorded(world: World) -> None:
    world.manager.session_list = [stopped(SessionResult.SUCCESS, number=3), session(4, vm="other")]
    await world.submitted()
    uids = (session(3).uid.lower(), session(4).uid.lower())
    assert world.journal.rows[1]["sessions_before"] == uids
    assert 'VmDisplayName=="app07"' in str(world.manager.queries[0].filter)


async def test_what_was_shown_is_what_is_sent(world: World) -> None:
    plan = world.plan()
    confirmed = await world.restores.check_running(plan)
    await world.restores.submit(confirmed)
    (sent,) = world.manager.posts
    assert sent is confirmed.request is plan.request
    assert world.manager.requests_built == 1
    assert world.journal.rows[1]["request_body"] == plan.request.body.decode()


async def test_each_look_at_the_server_is_a_plan_to_confirm_of_its_own(world: World) -> None:
    plan = world.plan()
    first, second = [await world.restores.check_running(plan) for _ in range(2)]
    assert len({plan.key, first.key, second.key}) == 3
    world.clock.seconds += 3600
    assert "6 h ago" in " ".join(world.restores.renew(plan).words)


async def test_one_plan_is_one_restore(world: World) -> None:
    plan = world.plan()
    await world.restores.submit(plan)
    with pytest.raises(AlreadySubmitted):
        await world.restores.submit(plan)
    assert len(world.manager.posts) == 1


async def test_two_presses_at_once_send_one(world: World) -> None:
    plan = world.plan()
    results = await asyncio.gather(
        world.restores.submit(plan), world.restores.submit(plan), return_exceptions=True
    )
    assert sum(isinstance(result, AlreadySubmitted) for result in results) == 1
    assert len(world.manager.posts) == 1


async def test_without_a_journal_nothing_is_sent_unless_overridden(world: World) -> None:
    world.journal.fail = True
    plan = world.plan()
    with pytest.raises(JournalError):
        await world.restores.submit(plan)
    assert world.manager.posts == []
    assert world.restores.all == ()
    restore = await world.restores.submit(plan, override_journal=True)
    assert len(world.manager.posts) == 1
    assert restore.entry_id is None
    assert "NOT in the journal" in restore.unjournalled


async def test_a_journal_that_fails_later_stops_nothing_and_is_caught_up(world: World) -> None:
    await world.submitted()
    world.journal.fail = True
    world.manager.task_list = [finished()]
    restore = await world.tick()
    assert restore.state is RestoreState.RESTORING
    assert "disk is full" in world.restores.journal_problem
    world.journal.fail = False
    world.manager.session_list = [stopped(SessionResult.SUCCESS)]
    await world.tick()
    assert world.restores.journal_problem == ""
    assert world.journal.states()[-2:] == [RestoreState.RESTORING, RestoreState.SUCCEEDED]


async def test_a_row_taken_over_by_another_program_blocks_no_other(world: World) -> None:
    await world.submitted()
    await world.submitted()
    world.journal.taken_over.add(1)
    world.manager.task_list = [finished()]
    await world.tick()
    assert [row["state"] for row in world.journal.rows.values()] == [
        RestoreState.LAUNCHING,
        RestoreState.RESTORING,
    ]


@pytest.mark.parametrize(
    "error",
    [
        TimedOut("read"),
        ConnectionLost("reset"),
        Busy("502", http_code=502),
        Busy("503", http_code=503),
        Busy("504", http_code=504),
    ],
)
async def test_a_lost_reply_is_never_sent_again_and_the_session_is_found(
    world: World, error: ManagerError
) -> None:
    world.manager.session_list = [stopped(SessionResult.SUCCESS, number=1)]
    restore = await world.submitted(error)
    assert restore.state is RestoreState.UNKNOWN
    assert (await world.tick()).state is RestoreState.UNKNOWN
    world.manager.session_list = [session(2), stopped(SessionResult.SUCCESS, number=1)]
    found = await world.tick()
    assert found.state is RestoreState.RESTORING
    assert found.session_uid == session(2).uid
    assert found.note.startswith("It started")
    assert len(world.manager.posts) == 1
    assert world.journal.rows[1]["session_uid"] == session(2).uid


async def test_no_session_after_minutes_is_no_proof_and_looking_goes_on(world: World) -> None:
    await world.submitted(TimedOut("read"))
    quiet = await world.tick(301)
    assert "no proof" in quiet.message
    assert world.restores.in_flight == ()
    assert world.restores.monitor.interval() == 60
    world.manager.session_list = [session(2)]
    assert (await world.tick(600)).state is RestoreState.RESTORING
    assert len(world.manager.posts) == 1


async def test_several_new_sessions_are_not_guessed_between(world: World) -> None:
    await world.submitted(TimedOut("read"))
    world.manager.session_list = [session(2), session(3)]
    restore = await world.tick()
    assert restore.state is RestoreState.UNKNOWN
    assert "2 new restore sessions" in restore.message
    world.manager.session_list = [session(2), session(3, point_uid=point().uid)]
    assert (await world.tick()).session_uid == session(3).uid


async def test_a_session_two_restores_could_claim_is_given_to_neither(world: World) -> None:
    await world.submitted(TimedOut("read"))
    await world.restores.submit(world.plan())
    world.manager.session_list = [session(2)]
    world.manager.task_list = []
    await world.tick()
    assert [restore.session_uid for restore in world.restores.all] == ["", ""]
    assert all(restore.state is RestoreState.UNKNOWN for restore in world.restores.all)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (Refused("x", request_sent=False), False),
        (Invalid("bad", http_code=400), False),
        (SessionExpired("401", http_code=401), True),
    ],
)
async def test_what_surely_did_not_start_is_over(world: World, error: ManagerError, again: bool) -> None:
    restore = await world.submitted(error)
    assert restore.state is RestoreState.FAILED
    assert restore.offer_again == again
    assert world.journal.rows[1]["state"] is RestoreState.FAILED
    assert world.restores.in_flight == ()
    assert len(world.manager.posts) == 1


async def test_sending_again_is_a_new_row(world: World) -> None:
    await world.submitted(SessionExpired("401", http_code=401))
    world.manager.session, world.manager.post = logon(2), finished()
    await world.submitted()
    assert [row["state"] for row in world.journal.rows.values()] == [
        RestoreState.FAILED,
        RestoreState.RESTORING,
    ]


async def test_a_guard_that_fails_sends_nothing_and_the_plan_can_be_used_again(world: World) -> None:
    plan = world.plan()
    world.manager.session_list = TimedOut("read")
    with pytest.raises(TimedOut):
        await world.restores.submit(plan)
    assert world.manager.posts == []
    assert world.journal.rows == {}
    world.manager.session_list = ()
    assert (await world.restores.submit(plan)).state is RestoreState.LAUNCHING


async def test_a_restore_that_started_after_the_confirmation_stops_the_sending(world: World) -> None:
    plan = await world.restores.check_running(world.plan())
    world.manager.session_list = [session(2)]
    with pytest.raises(AlreadyRunning):
        await world.restores.submit(plan)
    assert world.manager.posts == []
    again = await world.restores.check_running(world.plan())
    assert any("already running" in warning for warning in again.warnings)
    await world.restores.submit(again)
    assert len(world.manager.posts) == 1


async def test_nobody_logged_on_sends_nothing(world: World) -> None:
    plan = world.plan()
    world.manager.session = None
    with pytest.raises(NotLoggedOn):
        await world.restores.submit(plan)
    assert world.journal.rows == {}


async def test_cancelling_the_caller_loses_neither_row_nor_reply(world: World) -> None:
    world.manager.hold = asyncio.Event()
    caller = asyncio.create_task(world.restores.submit(world.plan()))
    await until(lambda: bool(world.manager.posts))
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert world.restores.all[0].state is RestoreState.SENT
    world.manager.hold.set()
    await until(lambda: world.restores.all[0].state is RestoreState.LAUNCHING)
    assert len(world.manager.posts) == 1


async def test_anything_unforeseen_while_sending_leaves_it_unknown(world: World) -> None:
    world.manager.post = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await world.restores.submit(world.plan())
    assert world.restores.all[0].state is RestoreState.UNKNOWN


async def test_beside_an_unknown_restore_the_form_claims_nothing(world: World) -> None:
    await world.submitted(TimedOut("read"))
    warnings = " ".join(world.plan().warnings)
    assert "A restore of this VM may be running" in warnings
    assert "already running" not in warnings
