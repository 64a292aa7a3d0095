"""Sending exactly once, cancelling exactly once, finding again at the next start, leaving."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.waiting import wait_for
from tests.unit.restores.fakes import finished, logon, session, stopped, task
from tests.unit.restores.points import point
from tests.unit.restores.world import SERVER, World
from tui.api.errors import (
    Busy,
    ConnectionLost,
    Invalid,
    ManagerError,
    Refused,
    SessionExpired,
    TimedOut,
    TooLarge,
    Unreadable,
)
from tui.api.models import RestoreSession, SessionResult, SessionState
from tui.errors import describe
from tui.restore_states import CancelState, RestoreState
from tui.restores.errors import AfterIncident, AlreadyRunning, AlreadySubmitted, NotLoggedOn
from tui.restores.incident import Incident
from tui.restores.restore import Restore
from tui.store.errors import JournalError

OTHER = point(number=77).uid
EXPIRED = SessionExpired("401", http_code=401, from_manager=True)


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
    assert "6 h old at " in " ".join(world.restores.renew(plan).words)


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
    world.manager.post = task(number=2)
    await world.submitted()
    world.journal.taken_over.add(1)
    world.manager.task_list = [finished(), finished(2, number=2)]
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
    assert found.message.startswith("Probably its restore session")
    assert found.note.endswith("neither a task nor a link to the point says that it is this restore's.")
    assert len(world.manager.posts) == 1
    assert world.journal.rows[1]["session_uid"] == session(2).uid


async def test_no_session_after_minutes_is_no_proof_and_looking_goes_on(world: World) -> None:
    await world.submitted(TimedOut("read"))
    quiet = await world.tick(301)
    assert "no proof" in quiet.message
    assert world.restores.in_flight == ()
    assert world.restores.monitor.interval() == 60
    world.manager.session_list = [session(2)]
    late = await world.tick(600)
    assert (late.state, late.session_uid) == (RestoreState.UNKNOWN, "")
    assert (
        "could be this restore's (started 2026-11-23 03:04 UTC, Working); it was found too late"
        in late.message
    )
    # Days later a colleague may restore from the same point.
    world.manager.session_list = [stopped(SessionResult.SUCCESS, 2, point_uid=point().uid)]
    late = await world.tick(600)
    assert (late.state, late.session_uid) == (RestoreState.UNKNOWN, "")
    assert "(started 2026-11-23 03:04 UTC, Success); it was found too late" in late.message
    assert len(world.manager.posts) == 1


async def test_several_new_sessions_are_not_guessed_between(world: World) -> None:
    await world.submitted(TimedOut("read"))
    world.manager.session_list = [session(2), session(3)]
    restore = await world.tick()
    assert restore.state is RestoreState.UNKNOWN
    assert "2 new restore sessions" in restore.message
    assert restore.message.count("started 2026-11-23 03:04 UTC, Working") == 2
    # A link to the point does not choose among several: a session without one may be its own as well.
    world.manager.session_list = [session(2), session(3, point_uid=point().uid)]
    assert (await world.tick()).session_uid == ""
    world.manager.session_list = [session(2, point_uid=OTHER), session(3, point_uid=point().uid)]
    assert (await world.tick()).session_uid == session(3).uid


async def test_a_session_two_restores_could_claim_is_given_to_neither(world: World) -> None:
    await world.submitted(TimedOut("read"))
    await world.restores.submit(world.plan())
    world.manager.session_list = [session(2)]
    world.manager.task_list = []
    await world.tick()
    assert [restore.session_uid for restore in world.restores.all] == ["", ""]
    assert all(restore.state is RestoreState.UNKNOWN for restore in world.restores.all)
    first, second = world.restores.all
    assert "it could be that of row 2 as well" in first.message
    assert "it could be that of row 1 as well" in second.message


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (Refused("x", request_sent=False), False),
        (Invalid("bad", http_code=400, from_manager=True), False),
        (EXPIRED, True),
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
    await world.submitted(EXPIRED)
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


async def test_a_session_that_names_no_vm_is_not_passed_over(world: World) -> None:
    world.manager.session_list = [session(vm=""), session(2, vm="", name="odd name")]
    plan = await world.restores.check_running(world.plan())
    assert "2 in the list cannot be read" in plan.found[0]
    assert any("2 of this VM's restore sessions cannot be read, and may be running" in one
               for one in plan.warnings)  # fmt: skip
    world.manager.session_list = [session(vm="", server="urn:veeam:BackupServer:other")]
    plan = await world.restores.check_running(world.plan())
    assert plan.warnings == ()


async def test_a_session_that_stopped_without_a_result_is_not_said_to_run(world: World) -> None:
    world.manager.session_list = [session(1, SessionState.STOPPED)]
    plan = await world.restores.check_running(world.plan())
    assert plan.found[0].startswith("The server lists no running restore of this VM (")
    assert plan.warnings == ()


async def test_a_list_whose_end_is_not_known_is_not_told_as_whole(world: World) -> None:
    world.manager.is_list_whole = False
    plan = await world.restores.check_running(world.plan())
    assert "the list may not be whole" in " ".join(plan.found)
    assert "may be running unseen. Look in the backup console" in " ".join(plan.warnings)
    world.manager.is_list_whole = True
    again = await world.restores.check_running(plan)
    assert "whole" not in " ".join((*again.found, *again.warnings))


@pytest.mark.parametrize("error", [TooLarge("x"), Unreadable("x"), TimedOut("read")], ids=repr)
async def test_a_guard_that_cannot_be_completed_says_what_to_do(world: World, error: ManagerError) -> None:
    world.manager.session_list = error
    with pytest.raises(ManagerError) as raised:
        await world.restores.check_running(world.plan())
    assert "look, and restore, in the backup console" in describe("look", raised.value)
    assert world.manager.posts == []


async def test_nobody_logged_on_sends_nothing(world: World) -> None:
    plan = world.plan()
    world.manager.session = None
    with pytest.raises(NotLoggedOn):
        await world.restores.submit(plan)
    assert world.journal.rows == {}


async def test_cancelling_the_caller_loses_neither_row_nor_reply(world: World) -> None:
    world.manager.hold = asyncio.Event()
    caller = asyncio.create_task(world.restores.submit(world.plan()))
    await wait_for(lambda: bool(world.manager.posts), "bool(world.manager.posts)")
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert world.restores.all[0].state is RestoreState.SENT
    world.manager.hold.set()
    await wait_for(lambda: world.restores.all[0].state is RestoreState.LAUNCHING, "the launch")
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


async def test_pressing_cancel_twice_sends_one_delete(world: World) -> None:
    restore = await world.submitted()
    world.manager.hold = asyncio.Event()
    first = asyncio.create_task(world.restores.cancel(restore))
    await wait_for(lambda: bool(world.manager.deletes), "bool(world.manager.deletes)")
    second = await world.restores.cancel(restore)
    assert second.cancel is CancelState.ASKING
    assert not world.restores.what_cancel_can_do(restore).possible
    world.manager.hold.set()
    assert (await first).cancel is CancelState.ACCEPTED
    await world.restores.cancel(restore)
    assert [item.delete_href for item in world.manager.deletes] == ["/api/tasks/task-1"]


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
    assert restore.note == "Watched again through its task."
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
    assert restore.note == "Watched again through its restore session."
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
    quiet = await reattached(world, [session(7, point_uid=point().uid)])
    assert quiet.is_quiet
    told = await world.tick()
    assert (told.state, told.session_uid) == (RestoreState.UNKNOWN, "")
    assert "could be this restore's (started 2026-11-23 03:04 UTC, Working)" in told.message


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
    await wait_for(lambda: bool(world.manager.posts), "bool(world.manager.posts)")
    await world.restores.close(patience_s=0)
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert world.journal.rows[1]["state"] is RestoreState.UNKNOWN
    assert world.journal.released == [1]


@pytest.mark.parametrize(
    ("minutes", "words"), [(0, "not of BEFORE, the incident"), (-60, "1 h AFTER the incident")]
)
async def test_a_point_that_is_not_of_before_the_incident_needs_a_yes_of_its_own(
    world: World, minutes: int, words: str
) -> None:
    made = world.form.point.created
    world.restores.incident = Incident(moment=made + timedelta(minutes=minutes), ticket="INC-1")
    plan = await world.restores.check_running(world.plan())
    assert words in " ".join(plan.warnings)
    with pytest.raises(AfterIncident):
        await world.restores.submit(plan)
    assert world.manager.posts == []
    said_yes = world.restores.renew(replace(plan, context=replace(plan.context, may_be_after=True)))
    restore = await world.restores.submit(said_yes)
    row = world.journal.rows[restore.entry_id or 0]
    assert (restore.is_after_incident, row["is_after_incident"]) == (True, True)
    assert row["incident"] == world.restores.incident.moment


async def test_what_is_lost_by_a_point_is_said_and_marked_over_the_limit(world: World) -> None:
    made = world.form.point.created
    world.restores.incident = Incident(moment=made + timedelta(minutes=39), lost_at_most=timedelta(hours=4))
    plan = world.plan()
    assert "the 39 min since the point are lost" in " ".join(plan.words)
    assert not plan.warnings
    world.restores.incident = replace(world.restores.incident, lost_at_most=timedelta(minutes=30))
    assert "39 min before the incident are lost: more than the limit of 30 min." in plan_warnings(world)


def plan_warnings(world: World) -> str:
    return " ".join(world.plan().warnings)
