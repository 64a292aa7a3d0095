"""Cancelling on a stage: what it can do is said first, one DELETE is sent, what it did is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.settle import press, settle, shows, text_of
from tests.ui.forms import details, sent, tick
from tests.ui.stage import StageManager, stage
from tests.unit.restores.fakes import finished, session, stopped, task
from tui.api.errors import ConnectionLost
from tui.api.models import SessionResult, TaskState
from tui.restores.service import RestoreService
from tui.screens import cancel
from tui.screens.cancel import CancelScreen
from tui.screens.tasks import TasksScreen
from tui.widgets.header import StatusLine
from tui.widgets.text_view import TextView


async def test_what_cancelling_did_is_told_once(tmp_path: Path, manager: StageManager) -> None:
    async with sent(tmp_path, manager) as pilot:
        await press(pilot, "c", "right", "enter")
        await pilot.press("enter")
        manager.task_list = (task(TaskState.FINISHED, success=False, message="Cancelled by user"),)
        await tick(pilot)
        assert details(pilot).count("The launch was stopped") == 1
        await press(pilot, "h")
        told = pilot.app.screen.query_one("#history-details", TextView).text
    assert told.count("The launch was stopped") == 1
    assert "app07: cancelled\n" in told


async def test_cancelling_says_first_what_it_can_do_and_sends_one_delete(
    tmp_path: Path, manager: StageManager
) -> None:
    async with sent(tmp_path, manager) as pilot:
        await press(pilot, "c")
        words = pilot.app.screen.query_one("#cancel-words", TextView).text
        assert "asks the server to stop it" in words
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, TasksScreen), "Enter alone is the safe answer"
        assert manager.deletes == []
        await press(pilot, "c")
        await press(pilot, "right", "enter", "right", "enter", "enter")
    assert len(manager.deletes) == 1


async def test_outcome_of_cancelling_is_told_where_it_was_asked(
    tmp_path: Path, manager: StageManager
) -> None:
    async with sent(tmp_path, manager) as pilot:
        await press(pilot, "c")
        await press(pilot, "right", "enter")
        assert isinstance(pilot.app.screen, CancelScreen)
        assert "Cancel accepted; whether it stops the launch" in text_of(pilot)
        dialog = text_of(pilot).split("Cancelling the restore of app07")[1].split("╰")[0]
        assert "Close" in dialog
        assert text_of(pilot).splitlines()[-1].strip() == "Enter Close  Esc Close  ? Help", "no other button"
        assert "Cancel the" not in dialog, "no button that can do nothing"
        await press(pilot, "enter")
        assert "cancelling" in text_of(pilot)
        manager.task_list = ()
        await tick(pilot)
        assert "cancelled" not in text_of(pilot)
        assert "whether that stopped the launch is not known" in details(pilot)


async def test_a_cancel_that_comes_too_late_never_shows_cancelling(
    tmp_path: Path, manager: StageManager
) -> None:
    async with sent(tmp_path, manager) as pilot:
        manager.task_list, manager.session_list = (finished(),), (session(1, progress=12),)
        await tick(pilot)
        await tick(pilot)
        await press(pilot, "c")
        assert "Delete its task only" in text_of(pilot), "the button says what it does"
        await press(pilot, "right", "enter", "escape")
        assert "cancelling" not in text_of(pilot)
        assert "restoring" in text_of(pilot)
        assert "but the restore session is running" in " ".join(details(pilot).split())


async def test_a_cancel_whose_reply_is_lost_is_told_on_any_screen(tmp_path: Path) -> None:
    manager = StageManager(delete=ConnectionLost("Reset."))
    async with sent(tmp_path, manager) as pilot:
        manager.hold = asyncio.Event()
        await press(pilot, "c", "right")
        await pilot.press("enter", "escape", "h")
        manager.hold.set()
        await settle(pilot)
        told = " ".join(text_of(pilot).split())
        assert "app07: The reply to the cancel request was lost" in told
        manager.task_list, manager.session_list = (finished(1),), (session(1, progress=12),)
        await tick(pilot)
        await tick(pilot)
        await settle(pilot)
        assert "reply" not in str(pilot.app.screen.query_one(StatusLine).content), "it is true no more"


async def test_delete_of_an_earlier_run_is_told_and_repeated_only_after_a_warning(tmp_path: Path) -> None:
    manager = StageManager(delete=ConnectionLost("Reset."))
    async with sent(tmp_path, manager) as pilot:
        await press(pilot, "c")
        await press(pilot, "right", "enter")
        await pilot.press("escape")
        app = stage(pilot)
        assert app.services.restores is not None
        app.rows.update(1, cancel="asking", state="launching")
        app.services.restores = RestoreService(
            manager, app.rows, server="em.lab.example:9398", clock=app.services.clock
        )
        await app.services.restores.reattach()
        app.services.restores.on_change(app.services.on_restores)
        manager.delete, manager.task_list = None, (task(),)
        await tick(pilot)
        assert "cancelling" in text_of(pilot)
        assert "the reply is unknown" in details(pilot)
        assert "no reply known" in details(pilot)
        await press(pilot, "c")
        shown = pilot.app.screen.query_one("#cancel-words", TextView).text
        assert "WARNING: a cancel request (DELETE) was already sent at 2026-11-23" in shown
        assert len(manager.deletes) == 1
        await press(pilot, "right", "enter")
        assert "Cancel accepted" in text_of(pilot)
        assert len(manager.deletes) == 2


async def test_cancelling_that_is_not_journalled_says_so_loudly(
    tmp_path: Path, manager: StageManager
) -> None:
    async with sent(tmp_path, manager) as pilot:
        stage(pilot).rows.path.unlink()
        await press(pilot, "c")
        await press(pilot, "right", "enter")
        assert "Cancel accepted" in text_of(pilot)
        assert "NOT in the journal" in text_of(pilot)
        assert len(manager.deletes) == 1


async def test_running_restore_says_that_it_probably_goes_on(tmp_path: Path, manager: StageManager) -> None:
    async with sent(tmp_path, manager) as pilot:
        manager.task_list = (finished(1),)
        await tick(pilot)
        await press(pilot, "c")
        shown = pilot.app.screen.query_one("#cancel-words", TextView).text
        assert "probably continues" in shown
        assert "the backup console on vbr.lab.example" in shown


async def test_dialog_follows_the_restore_while_it_is_open(tmp_path: Path, manager: StageManager) -> None:
    async with sent(tmp_path, manager) as pilot:
        await press(pilot, "c")
        manager.task_list = (finished(1),)
        manager.session_list = (stopped(SessionResult.SUCCESS),)
        await tick(pilot)
        await tick(pilot)
        assert "The restore has ended; there is nothing to cancel." in text_of(pilot)
        await press(pilot, "right", "enter")
    assert manager.deletes == []


async def test_the_question_grows_old_while_the_server_is_silent(
    tmp_path: Path, manager: StageManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancel, "SHOWN_EVERY_S", 0.02)
    async with sent(tmp_path, manager) as pilot:
        await press(pilot, "c")
        assert "Now: launching" in text_of(pilot)
        stage(pilot).services.clock.seconds = 60.0  # type: ignore[attr-defined] # of FakeClock
        await shows(pilot, "This may be out of date: server last heard")
        assert "Last known: launching" in text_of(pilot)


async def test_a_restore_not_found_at_the_server_is_shown_as_old(
    tmp_path: Path, manager: StageManager
) -> None:
    async with sent(tmp_path, manager, size=(120, 40)) as pilot:
        manager.task_list = (finished(1),)
        manager.session_list = (session(1, progress=78),)
        await tick(pilot)
        await tick(pilot)
        manager.session_list = ()
        for _ in range(3):
            await tick(pilot)
        assert "78 %" in text_of(pilot)
        stage(pilot).services.clock.seconds += 31  # type: ignore[attr-defined] # the stage's clock is the fake one
        await tick(pilot)
        assert "restoring?" in text_of(pilot)
        assert "not listed any more" in text_of(pilot)
        await press(pilot, "c")
        dialog = pilot.app.screen.query_one("#cancel-words", TextView).text
    assert "no longer lists it" in dialog
    assert "The server no longer lists its restore session (last seen " in dialog
    assert "It is not known whether the restore is running" in dialog


async def test_enter_leads_to_the_details_and_on_a_button_presses_that(
    tmp_path: Path, manager: StageManager
) -> None:
    async with sent(tmp_path, manager) as pilot:
        assert "Enter Details" in text_of(pilot).splitlines()[-1]
        await press(pilot, "enter")
        assert pilot.app.screen.query_one("#tasks-details", TextView).has_focus
        pilot.app.screen.query_one("#tasks-cancel").focus()
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, CancelScreen)
