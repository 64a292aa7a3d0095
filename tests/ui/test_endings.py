"""Restores that end while somebody looks elsewhere are told; restores under a dialog go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.settle import press, settle, text_of
from tests.ui.forms import app_for, send, tick
from tests.ui.stage import StageApp, StageManager
from tests.unit.restores.fakes import finished, session, stopped
from tests.unit.restores.points import point
from tui.api.errors import Unreachable
from tui.api.models import SessionResult
from tui.restores.forms.fields import FormDraft
from tui.screens.base import OpenRestoreForm
from tui.screens.cancel import CancelScreen
from tui.screens.dialogs import AskScreen
from tui.screens.history import HistoryScreen
from tui.screens.restore_form import RestoreFormScreen
from tui.screens.tasks import TasksScreen
from tui.store.errors import JournalError
from tui.widgets.header import StatusLine
from tui.widgets.text_view import TextView


def status(pilot: Pilot[Any]) -> str:
    return str(pilot.app.screen.query_one(StatusLine).content)


def keys(pilot: Pilot[Any]) -> str:
    return text_of(pilot).splitlines()[-1]


async def running(pilot: Pilot[Any], manager: StageManager) -> None:
    """One restore whose session is known."""
    await send(pilot)
    manager.task_list = (finished(1),)
    manager.session_list = (session(1, progress=12),)
    await tick(pilot)
    await tick(pilot)


@pytest.fixture
def app(tmp_path: Path, manager: StageManager) -> StageApp:
    return app_for(tmp_path, point(), manager)


@pytest.mark.parametrize(
    ("result", "words", "is_bad"),
    [
        (SessionResult.SUCCESS, "The restore of app07 succeeded: Ctrl+T shows it.", False),
        (SessionResult.FAILED, "The restore of app07 FAILED: Ctrl+T shows why.", True),
    ],
)
async def test_an_end_is_told_elsewhere_until_the_tasks_are_seen(
    app: StageApp, manager: StageManager, result: SessionResult, words: str, is_bad: bool
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await running(pilot, manager)
        await press(pilot, "h")
        assert isinstance(app.screen, HistoryScreen)
        assert not status(pilot)
        manager.session_list = (stopped(result),)
        await tick(pilot)
        await settle(pilot)
        assert status(pilot) == words
        assert app.screen.query_one(StatusLine).has_class("-bad") == is_bad
        await tick(pilot)
        await settle(pilot)
        assert status(pilot) == words
        await press(pilot, "escape")
        assert isinstance(app.screen, TasksScreen)
        assert words not in text_of(pilot)
        await press(pilot, "h")
        assert words not in text_of(pilot)


async def test_an_end_seen_among_the_tasks_is_not_told_once_more(
    app: StageApp, manager: StageManager
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await running(pilot, manager)
        manager.session_list = (stopped(SessionResult.SUCCESS),)
        await tick(pilot)
        await settle(pilot)
        assert "Ctrl+T shows" not in text_of(pilot)


async def test_the_tasks_go_on_under_a_dialog(app: StageApp, manager: StageManager) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await running(pilot, manager)
        await press(pilot, "c")
        assert isinstance(app.screen, CancelScreen)
        manager.session_list = (session(1, progress=64),)
        await tick(pilot)
        await settle(pilot)
        assert "64 %" in text_of(pilot)
        assert isinstance(app.screen, CancelScreen)


async def test_history_and_the_key_line_follow_what_goes_on(app: StageApp, manager: StageManager) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await running(pilot, manager)
        await press(pilot, "h")
        assert isinstance(app.screen, HistoryScreen)
        assert "Tasks (1)" in keys(pilot)
        assert "restoring" in text_of(pilot)
        manager.task_list = manager.session_list = Unreachable("no answer")
        await tick(pilot)
        await settle(pilot)
        assert "Tasks (1?)" in keys(pilot)
        manager.task_list = ()
        manager.session_list = (stopped(SessionResult.SUCCESS),)
        await tick(pilot)
        await settle(pilot)
        assert "Tasks (" not in keys(pilot)
        assert "Tasks" in keys(pilot)
        assert ": restored" in app.screen.query_one(TextView).text
        assert "restoring" not in text_of(pilot)


async def test_a_form_says_how_many_are_in_flight_before_other_keys(
    app: StageApp, manager: StageManager
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await running(pilot, manager)
        app.post_message(OpenRestoreForm(FormDraft(point=point())))
        await settle(pilot)
        assert isinstance(app.screen, RestoreFormScreen)
        assert "Ctrl+T Tasks (1)" in keys(pilot)


@pytest.mark.parametrize(("key", "idle"), [("ctrl+q", "Nothing is in flight."), ("ctrl+o", "This deletes")])
async def test_a_question_counts_anew_while_it_is_open(
    app: StageApp, manager: StageManager, key: str, idle: str
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await running(pilot, manager)
        await press(pilot, key)
        assert isinstance(app.screen, AskScreen)
        assert "1 restore is still in flight" in text_of(pilot)
        manager.session_list = (stopped(SessionResult.SUCCESS),)
        await tick(pilot)
        await settle(pilot)
        assert isinstance(app.screen, AskScreen)
        assert "in flight" not in text_of(pilot).replace("Nothing is in flight", "")
        assert idle in text_of(pilot)


async def test_what_is_said_of_a_journal_that_is_behind_goes_once_it_is_kept_up(
    app: StageApp, manager: StageManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **_fields: object) -> None:
        raise JournalError("The disk is full.")

    async with app.run_test(size=(80, 24)) as pilot:
        await running(pilot, manager)
        with monkeypatch.context() as broken:
            broken.setattr(app.rows, "update", refuse)
            manager.session_list = (session(1, progress=64),)
            await tick(pilot)
            await settle(pilot)
            assert "The journal is not up to date" in status(pilot)
            assert "NOT in the journal" in text_of(pilot)
        await tick(pilot)
        await settle(pilot)
        assert "not up to date" not in status(pilot)
        assert "NOT in the journal" not in text_of(pilot)
        assert isinstance(app.screen, TasksScreen)
