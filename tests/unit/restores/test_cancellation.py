"""What cancelling can do, every outcome told apart, in the journal and out of sight."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import Any

import pytest

from tests.support.waiting import wait_for
from tests.unit.restores.fakes import at, finished, logon, restore, session, stopped, task
from tests.unit.restores.points import point
from tests.unit.restores.world import World
from tui import timefmt
from tui.api.errors import (
    Busy,
    ConnectionLost,
    ErrorAsAnswer,
    Forbidden,
    ManagerError,
    NotFound,
    Refused,
    Rejected,
    SessionExpired,
    TaskUnknown,
    TimedOut,
    Unreadable,
)
from tui.api.models import SessionResult, SessionState, TaskState
from tui.restore_states import CancelState, FoundBy, RestoreState, label_of
from tui.restores import cancellation, transitions
from tui.restores.cancellation import GRACE_S
from tui.restores.restore import Restore
from tui.screens.restore_text import restore_cells, state_words

RESTORING = RestoreState.RESTORING


def accepted(current: Restore, error: ManagerError | None = None) -> Restore:
    return cancellation.answered(cancellation.asked(current, "op@jump", at(0)), error, at(0))


@pytest.mark.parametrize(
    ("current", "possible", "words"),
    [
        (restore(), True, "asks the server to stop it"),
        (restore(RESTORING, session_uid="x"), True, "probably continues"),
        (restore(RESTORING, session_uid="x"), True, "backup console on vbr.lab.example"),
        (restore(RESTORING, task_session="session-0"), False, "no task in this logon session"),
        (restore(RESTORING, task_gone=True), False, "no task in this logon session"),
        (restore(RestoreState.UNKNOWN, task_id=""), False, "backup console"),
        (restore(RestoreState.SENT, task_id=""), False, "not answered"),
        (restore(RestoreState.SUCCEEDED), False, "has ended"),
        (restore(cancel=CancelState.ACCEPTED, cancel_words="W."), False, "already requested. W."),
        (restore(cancel=CancelState.NOT_SENT), True, "asks the server to stop it"),
        (restore(cancel=CancelState.LOST), False, "already requested"),
    ],
)
def test_what_cancelling_can_do_is_said_beforehand(current: Restore, possible: bool, words: str) -> None:
    said = cancellation.outlook(current, "session-1")
    assert said.possible == possible
    assert words in " ".join(said.words)


@pytest.mark.parametrize(
    ("error", "state", "words"),
    [
        (None, CancelState.ACCEPTED, "accepted"),
        (TaskUnknown("no backup task", http_code=500), CancelState.TASK_GONE, "already gone"),
        (NotFound("x", http_code=404, from_manager=True), CancelState.TASK_GONE, "already gone"),
        (TimedOut("read"), CancelState.LOST, "may or may not have arrived"),
        (ConnectionLost("reset"), CancelState.LOST, "may or may not have arrived"),
        (Busy("504", http_code=504), CancelState.LOST, "may or may not have arrived"),
        (Forbidden("<html>", http_code=403), CancelState.LOST, "may or may not have arrived"),
        (NotFound("<html>", http_code=404), CancelState.LOST, "may or may not have arrived"),
        (Unreadable("With content.", http_code=200), CancelState.LOST, "not known whether it took effect"),
        (ErrorAsAnswer("No.", http_code=202), CancelState.LOST, "not known whether it took effect"),
        (Refused("x", request_sent=False), CancelState.NOT_SENT, "You can cancel again"),
        (Forbidden("x", http_code=403, from_manager=True), CancelState.REFUSED, "did not cancel"),
        (SessionExpired("x", http_code=401, from_manager=True), CancelState.REFUSED, "did not cancel"),
    ],
)
def test_what_the_delete_is_answered_with(error: ManagerError | None, state: CancelState, words: str) -> None:
    after = accepted(restore(), error)
    assert after.cancel is state
    assert words in after.cancel_words


@pytest.mark.parametrize("error", [None, TimedOut("read")])
def test_a_task_that_is_gone_after_the_delete_does_not_show_that_the_launch_was_stopped(
    error: ManagerError | None,
) -> None:
    current = transitions.task_missing(accepted(restore(), error), at(1))
    for seconds in (1, GRACE_S, GRACE_S + 60):
        current = cancellation.watched(current, at(seconds))
        assert (current.state, current.is_searched) == (RestoreState.UNKNOWN, True)
    assert current.message.startswith(
        "The task is gone after the cancel; whether that stopped the launch is not known."
    )
    found = transitions.session_seen(current, session(point_uid=current.point_uid), at(60), FoundBy.POINT)
    found = cancellation.watched(found, at(60))
    assert (found.state, found.cancel) == (RESTORING, CancelState.GOES_ON)


def test_accepted_but_the_restore_goes_on() -> None:
    current = accepted(restore(RESTORING, session_uid=session().uid, session=session()))
    # At once: nobody reads "cancelling" while the restore overwrites.
    assert label_of(current.state, current.cancel) == "restoring"
    assert "but the restore session is running" in current.cancel_words
    current = cancellation.watched(current, at(1))
    assert current.cancel is CancelState.GOES_ON
    assert (
        "the restore continues. To stop it, use the backup console on vbr.lab.example" in current.cancel_words
    )
    assert current.state is RESTORING


def test_accepted_but_the_task_stays() -> None:
    current = cancellation.watched(accepted(restore()), at(31))
    assert current.cancel is CancelState.GOES_ON
    assert "task is still there" in current.cancel_words
    assert transitions.task_missing(current, at(32)).state is RestoreState.UNKNOWN


def test_a_session_stops() -> None:
    current = accepted(restore(RESTORING, session_uid=session().uid))
    current = transitions.session_seen(current, session(state=SessionState.STOPPING), at(1))
    current = cancellation.watched(current, at(1))
    assert current.cancel is CancelState.SESSION_STOPPING
    assert "whether the cancel did that is not known" in current.cancel_words
    failed, named = (
        cancellation.watched(
            transitions.session_seen(current, stopped(SessionResult.FAILED, says=says), at(2)), at(2)
        )
        for says in ("The disk is full.", "Restore job was stopped by user")
    )
    assert (failed.state, failed.cancel_words) == (RestoreState.FAILED, cancellation.NOT_KNOWN)
    assert (named.state, named.cancel) == (RestoreState.CANCELLED, CancelState.SESSION_STOPPED)


def test_a_session_that_fails_without_a_word_of_stopping_is_told_as_it_is() -> None:
    current = accepted(restore(RESTORING, session_uid=session().uid))
    current = cancellation.watched(
        transitions.session_seen(current, stopped(SessionResult.FAILED), at(2)), at(2)
    )
    assert current.state is RestoreState.FAILED
    assert current.cancel is CancelState.SESSION_STOPPED
    assert current.cancel_words == cancellation.NOT_KNOWN


@pytest.mark.parametrize("stopping", [False, True])
def test_a_restore_that_succeeds_in_spite_of_it(stopping: bool) -> None:
    current = accepted(restore(RESTORING, session_uid=session().uid))
    if stopping:
        current = transitions.session_seen(current, session(state=SessionState.STOPPING), at(1))
        current = cancellation.watched(current, at(1))
    current = cancellation.watched(
        transitions.session_seen(current, stopped(SessionResult.SUCCESS), at(2)), at(2)
    )
    assert current.state is RestoreState.SUCCEEDED
    assert current.cancel is CancelState.GOES_ON
    assert "ran to its end" in current.cancel_words


def test_a_lost_delete_is_watched_and_told_as_lost() -> None:
    current = accepted(restore(RESTORING, session_uid=session().uid, session=session()), TimedOut("read"))
    current = cancellation.watched(current, at(31))
    assert current.cancel is CancelState.GOES_ON
    assert current.cancel_words.startswith("The cancel got no clear answer")


def test_a_task_gone_before_the_delete_leads_to_the_search() -> None:
    launching = accepted(restore(), TaskUnknown("x", http_code=500))
    assert launching.state is RestoreState.UNKNOWN
    assert launching.is_searched
    running = accepted(restore(RESTORING, session_uid="x"), TaskUnknown("x", http_code=500))
    assert running.state is RESTORING


@pytest.mark.parametrize(
    ("error", "row"),
    [
        (None, "Succeeded; the cancel came too late"),
        (TimedOut("read"), "Succeeded; the cancel stopped nothing, and whether it arrived is not known"),
        (Forbidden("x", http_code=403, from_manager=True), "The VM is restored. The server did not"),
        (NotFound("x", http_code=404, from_manager=True), "The VM is restored. The task was already gone"),
    ],
)
def test_a_row_begins_with_the_end(error: ManagerError | None, row: str) -> None:
    current = accepted(restore(RESTORING, session_uid=session().uid), error)
    current = cancellation.watched(
        transitions.session_seen(current, stopped(SessionResult.SUCCESS), at(2)), at(2)
    )
    words = restore_cells(current, at(2).wall)[-1]
    assert isinstance(words, str)
    assert words.startswith(row)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RestoreState.LAUNCHING, "Asking the server to stop the launch."),
        (RESTORING, "Asking the server to delete its task."),
    ],
)
def test_what_is_asked_is_what_the_button_said(state: RestoreState, words: str) -> None:
    assert cancellation.asked(restore(state), "op@jump", at(0)).cancel_words == words


def test_a_cancel_beside_a_probable_session_goes_with_what_is_seen_of_that() -> None:
    unknown = transitions.task_missing(accepted(restore(), None), at(1))
    found = transitions.session_seen(unknown, session(progress=40), at(2), FoundBy.PROBABLY)
    runs = cancellation.watched(found, at(2))
    assert "what is probably its session continues. To stop it, use the backup console" in runs.cancel_words
    over = transitions.session_seen(runs, stopped(SessionResult.SUCCESS), at(3))
    told = cancellation.watched(over, at(3))
    assert told.cancel_words == cancellation.NOT_KNOWN
    assert "%" not in state_words(told) + str(restore_cells(told, at(3).wall))
    assert state_words(told).endswith("may be its own came to Success")


def test_an_unclear_answer_to_the_delete_is_no_lost_reply() -> None:
    words = accepted(restore(), Busy("x", http_code=503)).cancel_words
    assert words.startswith("The answer to the cancel request was unclear (503 Service Unavailable")


def gone_while_asking() -> Restore:
    asked = cancellation.asked(restore(), "op@jump", at(0))
    return transitions.task_missing(asked, at(5))


def test_task_that_went_while_the_reply_was_awaited_is_searched_for() -> None:
    for error in (None, TimedOut("Late."), Forbidden("No.", http_code=403, from_manager=True)):
        told = cancellation.answered(gone_while_asking(), error, at(10))
        assert (told.state, told.is_searched) == (RestoreState.UNKNOWN, True)


def test_an_end_that_comes_before_the_reply_keeps_its_words() -> None:
    asking = cancellation.asked(restore(RESTORING, session_uid=session().uid), "op@jump", at(0))
    ended = stopped(SessionResult.FAILED, says="Restore job was stopped by user")
    over = transitions.session_seen(asking, ended, at(1))
    told = cancellation.answered(over, None, at(2))
    assert (told.state, told.cancel) == (RestoreState.CANCELLED, CancelState.SESSION_STOPPED)
    assert told.cancel_answered == at(2).wall
    done = transitions.session_seen(asking, stopped(SessionResult.SUCCESS), at(1))
    assert "came too late" in cancellation.answered(done, None, at(2)).cancel_words


GONE = Refused("x", request_sent=False)


async def test_a_launch_is_never_called_stopped_without_a_word_of_the_server(world: World) -> None:
    await world.restores.cancel(await world.submitted())
    world.manager.task_list = []
    await world.tick()
    unseen = await world.tick(GRACE_S * 2)
    assert (unseen.state, unseen.cancel) == (RestoreState.UNKNOWN, CancelState.ACCEPTED)
    world.manager.session_list = [session(1, point_uid=point().uid)]
    found = await world.tick(5)
    assert (found.state, found.cancel) == (RestoreState.RESTORING, CancelState.GOES_ON)
    assert "but the restore continues" in found.cancel_words


async def test_a_reply_that_is_late_is_told_before_it_is_lost(world: World) -> None:
    world.restores = world.start(reply_patience_s=0)
    world.manager.hold = asyncio.Event()
    sending = asyncio.create_task(world.restores.submit(world.plan()))
    await wait_for(lambda: any("No answer" in one.message for one in world.restores.all), "the late answer")
    (sent,) = world.restores.all
    times = (timefmt.clock_time(sent.submitted + timedelta(seconds=waited_s)) for waited_s in (0, 180))
    assert sent.state is RestoreState.SENT
    assert sent.message == (
        "No answer to the request since {}; it may have started. vbem waits until {} at most.".format(*times)
    )
    world.manager.hold.set()
    restore = await sending
    world.manager.hold = asyncio.Event()
    deleting = asyncio.create_task(world.restores.cancel(restore))
    asked = timefmt.clock_time(world.clock.now())
    late = f"No reply to the cancel request since {asked}: it may or may not have arrived."
    await wait_for(lambda: world.restores.all[0].cancel_words == late, "the late reply")
    await world.restores.close(patience_s=0)
    assert row(world)["cancel"] is CancelState.LOST, "what is left behind is in the journal"
    with contextlib.suppress(asyncio.CancelledError):
        await deleting


async def test_a_task_is_not_said_to_go_on_while_the_server_is_gone(world: World) -> None:
    await world.restores.cancel(await world.submitted())
    world.manager.task_list = GONE
    unseen = await world.tick(60)
    assert unseen.cancel is CancelState.ACCEPTED
    assert "continues" not in unseen.cancel_words


def row(world: World) -> dict[str, Any]:
    return world.journal.rows[1]


async def crashed_while_cancelling(world: World) -> Restore:
    """The DELETE is at the server, no reply came, the program was killed; it starts again."""
    restore = await world.submitted()
    world.manager.hold = asyncio.Event()
    lost = asyncio.create_task(world.restores.cancel(restore))
    await wait_for(lambda: bool(world.manager.deletes), "bool(world.manager.deletes)")
    frozen = dict(row(world))
    world.manager.hold.set()
    await lost
    world.manager.hold = None
    world.journal.rows[1] = frozen
    return await started_again(world)


async def started_again(world: World) -> Restore:
    world.restores = world.start()
    (restore,) = await world.restores.reattach()
    return restore


async def test_the_row_says_that_it_was_asked_before_the_delete_leaves(world: World) -> None:
    restore = await world.submitted()
    on_disk: list[dict[str, Any]] = []
    world.manager.on_delete = lambda: on_disk.append(dict(row(world)))
    world.clock.seconds += 60
    asked = world.clock.now()
    await world.restores.cancel(restore)
    (before,) = on_disk
    assert (before["cancel"], before["cancel_by"]) == (CancelState.ASKING, "op@jump")
    assert (before["cancel_asked"], before["cancel_answered"]) == (asked, None)
    assert (row(world)["cancel"], row(world)["cancel_answered"]) == (CancelState.ACCEPTED, asked)
    assert "accepted" in row(world)["cancel_words"]


@pytest.mark.parametrize(
    ("error", "state", "is_answered"),
    [
        (None, CancelState.ACCEPTED, True),
        (TaskUnknown("no backup task", http_code=500), CancelState.TASK_GONE, True),
        (Forbidden("no", http_code=403, from_manager=True), CancelState.REFUSED, True),
        (TimedOut("read"), CancelState.LOST, False),
        (Refused("x", request_sent=False), CancelState.NOT_SENT, False),
    ],
)
async def test_every_outcome_stands_in_the_row_and_outlives_a_restart(
    world: World, error: ManagerError | None, state: CancelState, is_answered: bool
) -> None:
    world.manager.delete = error
    told = await world.restores.cancel(await world.submitted())
    assert (row(world)["cancel"], row(world)["cancel_answered"] is not None) == (state, is_answered)
    again = await started_again(world)
    assert (again.cancel, again.cancel_words) == (state, told.cancel_words)
    assert (again.cancel_asked, again.cancel_by) == (told.cancel_asked, "op@jump")


async def test_after_a_crash_it_says_when_cancel_was_asked_and_that_the_reply_is_not_known(
    world: World,
) -> None:
    restore = await crashed_while_cancelling(world)
    assert restore.cancel is CancelState.LOST
    assert restore.cancel_words.startswith("Cancel was requested at 2026-11-23 ")
    assert "the reply is unknown" in restore.cancel_words
    assert row(world)["cancel"] is CancelState.LOST


async def test_after_a_crash_another_delete_is_sent_only_on_the_operators_word(world: World) -> None:
    restore = await crashed_while_cancelling(world)
    outlook = world.restores.what_cancel_can_do(restore)
    assert outlook.possible
    assert outlook.sent_before
    assert "a cancel request (DELETE) was already sent at 2026-11-23 " in outlook.words[0]
    assert "by op@jump" in outlook.words[0]
    await world.restores.cancel(restore)
    assert len(world.manager.deletes) == 1
    again = await world.restores.cancel(restore, again=True)
    assert again.cancel is CancelState.ACCEPTED
    await world.restores.cancel(restore, again=True)
    assert len(world.manager.deletes) == 2


async def test_a_delete_that_was_accepted_is_not_sent_again_after_a_restart(world: World) -> None:
    await world.restores.cancel(await world.submitted())
    restore = await started_again(world)
    assert not world.restores.what_cancel_can_do(restore).possible
    await world.restores.cancel(restore, again=True)
    assert len(world.manager.deletes) == 1


async def test_a_repeated_delete_that_did_not_leave_does_not_hide_the_first(world: World) -> None:
    restore = await crashed_while_cancelling(world)
    world.manager.delete = Refused("x", request_sent=False)
    told = await world.restores.cancel(restore, again=True)
    assert told.cancel is CancelState.LOST
    assert "The reply to the earlier cancel request is unknown." in told.cancel_words
    assert world.restores.what_cancel_can_do(told).sent_before


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TaskUnknown("x", http_code=500, from_manager=True), "The task is gone; whether the earlier"),
        (Rejected("x", http_code=400, from_manager=True), "The server did not cancel it"),
    ],
)
async def test_a_repeated_delete_that_does_nothing_does_not_clear_the_first(
    world: World, error: ManagerError, words: str
) -> None:
    restore = await crashed_while_cancelling(world)
    world.manager.delete = error
    told = await world.restores.cancel(restore, again=True)
    assert (told.cancel, told.cancel_answered) == (CancelState.LOST, None)
    assert told.cancel_words.startswith(words)
    assert "The reply to the earlier cancel request is unknown." in told.cancel_words
    assert "nothing was cancelled" not in told.cancel_words
    ended = stopped(SessionResult.FAILED, says="Restore job was stopped by user", point_uid=point().uid)
    world.manager.session_list, world.manager.task_list = [ended], [finished()]
    await world.restores.monitor.tick()
    assert (await world.tick()).state is RestoreState.CANCELLED


async def test_a_lost_delete_can_be_repeated_once_it_was_watched_in_vain(world: World) -> None:
    world.manager.delete = TimedOut("read")
    restore = await world.submitted()
    world.manager.task_list = [finished()]
    world.manager.session_list = [session()]
    await world.restores.cancel(restore)
    assert not world.restores.what_cancel_can_do(restore).possible
    await world.tick()
    await world.tick(GRACE_S)
    goes_on = await world.tick()
    assert goes_on.cancel is CancelState.GOES_ON
    assert goes_on.cancel_words.startswith("The cancel got no clear answer")
    assert world.restores.what_cancel_can_do(restore).sent_before


async def test_what_a_delete_of_an_earlier_run_did_is_watched(world: World) -> None:
    await crashed_while_cancelling(world)
    world.manager.task_list = [task(TaskState.FINISHED, success=False, message="Cancelled by user")]
    over = await world.tick()
    assert (over.state, over.cancel) == (RestoreState.CANCELLED, CancelState.LAUNCH_STOPPED)
    assert row(world)["cancel"] is CancelState.LAUNCH_STOPPED


@pytest.mark.parametrize("error", [None, TimedOut("read")])
async def test_a_task_lost_with_its_logon_session_is_no_sign_that_the_launch_was_stopped(
    world: World, error: ManagerError | None
) -> None:
    world.manager.delete = error
    await world.restores.cancel(await world.submitted())
    world.manager.session = logon(2)
    await started_again(world)
    await world.tick()
    later = await world.tick(GRACE_S + 1)
    assert later.state is RestoreState.UNKNOWN
    assert "stopped" not in later.message + later.cancel_words
    assert "task is still there" not in later.cancel_words
    world.manager.session_list = [session(7)]
    assert (await world.tick()).session_uid == session(7).uid


async def test_without_the_journal_cancelling_goes_out_and_says_so(world: World) -> None:
    restore = await world.submitted()
    world.journal.fail = True
    told = await world.restores.cancel(restore)
    assert len(world.manager.deletes) == 1
    assert told.cancel is CancelState.ACCEPTED
    assert told.unjournalled.startswith("NOT in the journal: ")
    assert "disk is full" in told.unjournalled
    assert row(world)["cancel"] == ""
    world.journal.fail = False
    world.manager.task_list = [finished()]
    assert (await world.tick()).unjournalled == ""
    assert row(world)["cancel"] is CancelState.ACCEPTED


async def test_a_journal_that_does_not_answer_holds_no_delete_up(world: World) -> None:
    world.restores = world.start(journal_patience_s=0)
    restore = await world.submitted()
    answers = world.journal.hold_updates()
    seen: list[str] = []
    world.manager.on_delete = lambda: seen.append(world.restores.get(restore.key).unjournalled)
    deleting = asyncio.create_task(world.restores.cancel(restore))
    await wait_for(lambda: bool(seen), "bool(seen)")
    assert seen == ["NOT in the journal: it did not answer in 0 seconds."]
    answers.set()
    assert (await deleting).unjournalled == ""
    assert row(world)["cancel"] is CancelState.ACCEPTED
