"""Sending under trouble: journal, expiry, somebody walking away; and lines that wrap."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.settle import opened, press, settle, shows, text_of, until
from tests.ui.forms import app_for, to_confirm
from tests.ui.stage import StageApp, StageManager, stage
from tests.unit.restores.fakes import session
from tests.unit.restores.points import point
from tui.api.errors import SessionExpired
from tui.screens import base
from tui.screens.dialogs import AskScreen
from tui.screens.restore_form import RestoreFormScreen
from tui.screens.tasks import TasksScreen
from tui.store.errors import JournalError
from tui.widgets.inputs import LineInput
from tui.widgets.text_view import TextView, wrap


def break_journal(app: StageApp, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_fields: object) -> None:
        raise JournalError("The disk is full.")

    monkeypatch.setattr(app.rows, "plan", refuse)


async def test_without_a_journal_nothing_is_sent_unless_overridden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manager: StageManager
) -> None:
    app = app_for(tmp_path, point(), manager)
    break_journal(app, monkeypatch)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_confirm(pilot)
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(app.screen, AskScreen), "the question")
        await pilot.pause()
        assert "NO JOURNAL" in text_of(pilot)
        assert "The disk is full." in " ".join(text_of(pilot).split())
        await press(pilot, "enter")
        assert isinstance(app.screen, RestoreFormScreen)
        assert manager.posts == []
        await to_confirm(pilot)
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(app.screen, AskScreen), "the question")
        await pilot.pause()
        await press(pilot, "right", "enter")
        assert isinstance(app.screen, TasksScreen)
        assert "NOT in the journal" in app.screen.query_one("#tasks-details", TextView).text
    assert len(manager.posts) == 1


async def test_post_answered_401_is_offered_again_and_never_resent(tmp_path: Path) -> None:
    manager = StageManager(post=SessionExpired(http_code=401, from_manager=True))
    app = app_for(tmp_path, point(), manager)
    async with opened(app) as pilot:
        app.screen.query_one("#form-reason", LineInput).value = "INC-1"
        await to_confirm(pilot)
        await press(pilot, "right", "enter")
        assert isinstance(app.screen, RestoreFormScreen)
        assert "press Restore to send it as a new restore" in " ".join(text_of(pilot).split())
        assert app.screen.query_one("#form-reason", LineInput).value == "INC-1"
    assert len(manager.posts) == 1
    assert app.asked_to_log_on == 1


async def test_restore_that_started_meanwhile_stops_the_sending(
    tmp_path: Path, manager: StageManager
) -> None:
    app = app_for(tmp_path, point(), manager)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_confirm(pilot)
        manager.session_list = (session(1),)
        await press(pilot, "right", "enter")
        assert isinstance(app.screen, RestoreFormScreen)
        assert "A restore of this VM has started meanwhile" in " ".join(text_of(pilot).split())
        assert manager.posts == []
        await to_confirm(pilot)
        assert "already running" in " ".join(text_of(pilot).replace("│", " ").split())
        await press(pilot, "right", "enter")
    assert len(manager.posts) == 1


async def test_sending_says_how_long_it_takes_and_what_the_keys_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "WAIT_TOLD_EVERY_S", 0.02)
    manager = StageManager(hold=asyncio.Event())
    app = app_for(tmp_path, point(), manager)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_confirm(pilot)
        manager.hold_guard = asyncio.Event()
        await pilot.press("right", "enter")
        await shows(pilot, "Sending ... Nothing has left yet; Esc stops it.")
        manager.hold_guard.set()
        await until(pilot, lambda: manager.posts, "the POST")
        app.services.clock.seconds += 7  # type: ignore[attr-defined] # of FakeClock
        await shows(pilot, "Sending: no answer for 7 s. Esc leaves this form and Ctrl+Q asks to")
        assert "neither takes it back." in " ".join(text_of(pilot).split())
        assert manager.hold is not None
        manager.hold.set()
        await settle(pilot)
        assert "Sending" not in text_of(pilot)


async def test_who_leaves_before_anything_has_left_sends_nothing(tmp_path: Path) -> None:
    manager = StageManager()
    app = app_for(tmp_path, point(), manager)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_confirm(pilot)
        manager.hold_guard = asyncio.Event()
        await pilot.press("right", "enter")
        await shows(pilot, "Nothing has left yet")
        await pilot.press("escape")
        manager.hold_guard.set()
        await shows(pilot, "Nothing was sent: you left while running restores were listed.")
        await settle(pilot)
        assert app.services.restores is not None
        assert app.services.restores.all == ()
    assert manager.posts == []


async def test_walking_away_while_it_is_sent_stops_nothing(tmp_path: Path) -> None:
    manager = StageManager(hold=asyncio.Event())
    app = app_for(tmp_path, point(), manager)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_confirm(pilot)
        await pilot.press("right", "enter")
        await until(pilot, lambda: manager.posts, "the POST")
        await press(pilot, "escape")
        assert "the list of points" in text_of(pilot)
        assert "A restore is being sent. Ctrl+T shows" in text_of(pilot)
        assert manager.hold is not None
        manager.hold.set()
        await settle(pilot)
        restores = stage(pilot).services.restores
        assert restores is not None
        assert [one.state.value for one in restores.all] == ["launching"]
        assert "is being sent" not in text_of(pilot), "it was answered"
    assert len(manager.posts) == 1


async def test_looking_at_the_tasks_while_it_is_sent_leaves_no_stale_form(tmp_path: Path) -> None:
    manager = StageManager(hold=asyncio.Event())
    app = app_for(tmp_path, point(), manager)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_confirm(pilot)
        await pilot.press("right", "enter")
        await until(pilot, lambda: manager.posts, "the POST")
        await pilot.press("ctrl+t")
        await shows(pilot, "Sent; waiting for the server's")
        assert manager.hold is not None
        manager.hold.set()
        await settle(pilot)
        assert "launching" in text_of(pilot)
        await press(pilot, "escape")
        assert "the list of points" in text_of(pilot)


@pytest.mark.parametrize(
    ("line", "width", "expected"),
    [
        ("one two three", 20, ["one two three"]),
        ("one two three", 9, ["one two", "three"]),
        ("  one two three", 11, ["  one two", "  three"]),
        ("x" * 25, 10, ["x" * 10, "x" * 10, "x" * 5]),
        ("", 10, [""]),
    ],
)
def test_lines_wrap_at_blanks_and_inside_long_words(line: str, width: int, expected: list[str]) -> None:
    assert wrap(line, width) == expected


def test_wrapping_loses_nothing_of_a_reference() -> None:
    ref = "Datastore: urn:vCloud:Datastore:" + "5d2c7f10" * 20
    parts = wrap(ref, 30, hang=2)
    assert "".join(parts).replace(" ", "") == ref.replace(" ", "")
    assert max(map(len, parts)) <= 30
