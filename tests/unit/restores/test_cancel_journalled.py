"""The state of a cancel stands in the journal: before the DELETE leaves, and after its reply."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.unit.restores.fakes import finished, logon, session
from tests.unit.restores.world import World, until
from tui.api.errors import Forbidden, ManagerError, Refused, TaskUnknown, TimedOut
from tui.restore_states import CancelState, RestoreState
from tui.restores.cancellation import GRACE_S
from tui.restores.restore import Restore


@pytest.fixture
def world() -> World:
    return World()


def row(world: World) -> dict[str, Any]:
    return world.journal.rows[1]


async def crashed_while_cancelling(world: World) -> Restore:
    """The DELETE is at the server, no reply came, the program was killed; it starts again."""
    restore = await world.submitted()
    world.manager.hold = asyncio.Event()
    lost = asyncio.create_task(world.restores.cancel(restore))
    await until(lambda: bool(world.manager.deletes))
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
        (Forbidden("no", http_code=403), CancelState.REFUSED, True),
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
    assert restore.cancel_words.startswith("Cancel was asked at 2026-11-23 ")
    assert "the reply is not known" in restore.cancel_words
    assert row(world)["cancel"] is CancelState.LOST


async def test_after_a_crash_another_delete_is_sent_only_on_the_operators_word(world: World) -> None:
    restore = await crashed_while_cancelling(world)
    outlook = world.restores.what_cancel_can_do(restore)
    assert outlook.possible
    assert outlook.sent_before
    assert "a DELETE was sent already at 2026-11-23 " in outlook.words[0]
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
    assert "The reply to the earlier DELETE is not known." in told.cancel_words
    assert world.restores.what_cancel_can_do(told).sent_before


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
    assert goes_on.cancel_words.startswith("The cancelling was not answered clearly")
    assert world.restores.what_cancel_can_do(restore).sent_before


async def test_what_a_delete_of_an_earlier_run_did_is_watched(world: World) -> None:
    await crashed_while_cancelling(world)
    world.manager.task_list = []
    await world.tick()
    over = await world.tick(GRACE_S)
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
    await until(lambda: bool(seen))
    assert seen == ["NOT in the journal: it did not answer in 0 seconds."]
    answers.set()
    assert (await deleting).unjournalled == ""
    assert row(world)["cancel"] is CancelState.ACCEPTED
