"""Keys that arrive in one burst: each does what it would have done had the operator waited before it.

What is not so: a question takes no answer that was typed before it was shown.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, cast

import pytest
from textual.app import ComposeResult
from textual.command import CommandPalette
from textual.events import Key, Paste
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from tests.support.demo_process import DemoProcess
from tests.support.settle import loaded, opened, press, settle, shows, text_of, until
from tests.support.soak import soak
from tests.ui.forms import app_for, asked, fill, sent
from tests.ui.stage import StageManager
from tests.ui.test_references import cloud_manager
from tests.ui.walk import browsing, to_points
from tests.unit.restores.points import point
from tui.api.models import Platform
from tui.app import VbemApp
from tui.screens.base import TOO_EARLY
from tui.screens.cancel import CancelScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.dialogs import AskScreen
from tui.screens.reference_picker import PickerScreen
from tui.screens.restore_form import RestoreFormScreen
from tui.terminal import key_queue, terminal_app
from tui.terminal.input import UnreadableInput
from tui.terminal.key_queue import MOST_S
from tui.widgets.form import FormFields
from tui.widgets.inputs import LineInput

NAMES = {" ": "space", "/": "slash"}
PASTE = "paste: "
"""Begins what comes as one paste and not key by key."""
SAID = "a byte that is not UTF-8"


async def burst(pilot: Pilot[Any], *keys: str) -> None:
    """All keys at once, as a line that was stalled hands them over."""
    app = cast(VbemApp, pilot.app)
    for key in keys:
        if key.startswith(PASTE):
            app.post_message(Paste(key.removeprefix(PASTE)))
        else:
            app.post_message(Key(NAMES.get(key, key), key if len(key) == 1 else None))
    await pilot.pause()
    await until(pilot, lambda: app.key_queue.is_idle, "the keys to be taken")
    await pilot.pause()


async def asks(pilot: Pilot[Any], dialog: type[Screen[Any]]) -> None:
    """The dialog is there, and every key of the burst has found its end."""
    await until(pilot, lambda: isinstance(pilot.app.screen, dialog), f"the {dialog.__name__}")
    await pilot.pause()


@pytest.mark.parametrize("size", [*soak((80, 24)), (120, 40)])
async def test_what_follows_the_key_to_the_filter_goes_into_the_filter(
    app: VbemApp, size: tuple[int, int]
) -> None:
    async with browsing(app, size) as (pilot, screen):
        await to_points(pilot)
        await burst(pilot, "/", "ctrl+u", *"vapp shop")
        assert screen.entry.value == "vapp shop"
        await shows(pilot, "\n  shop (vApp)")


async def test_a_paste_right_after_the_key_to_the_filter_goes_there_too(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        await to_points(pilot)
        await burst(pilot, "/", "ctrl+u", f"{PASTE}vapp shop")
        assert screen.entry.value == "vapp shop"


async def test_letters_after_escape_go_into_the_filter(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        await to_points(pilot)
        await burst(pilot, "escape", "/", "backspace", "2")
        assert screen.entry.value == "crm02"
        await burst(pilot, "escape", *"web")
        assert screen.entry.value == "web"


async def test_name_and_two_enters_lead_to_the_form(app: VbemApp, demo: DemoProcess) -> None:
    async with browsing(app) as (pilot, _):
        await burst(pilot, "/", *"crm01", "enter", "enter", "down", "down", " ")
        await asks(pilot, RestoreFormScreen)
        shown = text_of(pilot)
        assert "VM crm01 on" in shown
        assert "[x] yes  Keep the original VM" in shown
        assert "> [x] yes  Power on after restore" in shown, "keys reach the form in their order"
        assert [one for one in demo.requests() if one["method"] == "POST" and "estore" in one["path"]] == []


async def test_a_form_that_opens_slowly_gets_the_keys_pressed_for_it(
    app: VbemApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = FormFields.compose

    def compose_slowly(self: FormFields) -> ComposeResult:
        time.sleep(1.5 * MOST_S)  # as long as a machine that is busy elsewhere keeps the program waiting
        return compose(self)

    monkeypatch.setattr(FormFields, "compose", compose_slowly)
    async with browsing(app) as (pilot, _):
        await burst(pilot, "/", *"crm01", "enter", "enter", "down", "down", " ")
        await asks(pilot, RestoreFormScreen)
        shown = text_of(pilot)
        assert "[x] yes  Keep the original VM" in shown
        assert "> [x] yes  Power on after restore" in shown


async def test_what_is_typed_while_logging_on_is_not_sent_as_a_password(
    app: VbemApp, demo: DemoProcess
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        await settle(pilot)
        await burst(pilot, "enter", *"crm01", "enter")
        await loaded(pilot)
        assert len([one for one in demo.requests() if "sessionMngr" in one["path"]]) == 1
        assert 401 not in {one["status"] for one in demo.requests()}


async def test_keys_typed_before_the_confirmation_do_not_answer_it(
    tmp_path: Path, manager: StageManager
) -> None:
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        late = [Key("right", None), Key("enter", None)]  # pressed before, and there when the dialog is
        await burst(pilot, "ctrl+r", *["right", "enter"] * 10)
        await asks(pilot, ConfirmScreen)
        for key in late:
            pilot.app.post_message(key)
        await shows(pilot, TOO_EARLY)
        assert manager.posts == []
        await press(pilot, "right", "enter")
    assert len(manager.posts) == 1


async def test_name_typed_before_the_overwriting_is_shown_does_not_confirm_it(
    tmp_path: Path, manager: StageManager
) -> None:
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        await burst(pilot, " ", "ctrl+r", *"app07", "enter", f"{PASTE}app07", "enter")
        await asks(pilot, ConfirmScreen)
        assert pilot.app.screen.query_one("#confirm-typed", LineInput).value == ""
        assert manager.posts == []
        await burst(pilot, *"app07", "enter")
        await settle(pilot)
    assert len(manager.posts) == 1, "and typed after that it does, in one burst"


async def test_form_takes_nothing_typed_while_its_restore_is_prepared(
    tmp_path: Path, manager: StageManager
) -> None:
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR), manager)) as pilot:
        await fill(pilot, "#field-new-name", "copy")
        name = pilot.app.screen.query_one("#field-new-name", LineInput)
        manager.hold_guard = asyncio.Event()
        await pilot.press("ctrl+r")
        await until(pilot, lambda: manager.queries, "the question for running restores")
        await burst(pilot, *"x y", f"{PASTE}z", "space")
        assert name.value == "copy"
        manager.hold_guard.set()
        await asks(pilot, ConfirmScreen)
        await pilot.press("escape")
        await burst(pilot, "2")
        assert name.value == "copy2"


async def test_escape_always_counts(tmp_path: Path, manager: StageManager) -> None:
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        await burst(pilot, "space", "escape", "escape")
        assert isinstance(pilot.app.screen, RestoreFormScreen), "the question was opened and left again"
        await burst(pilot, "escape", "right", "enter")
        await asks(pilot, AskScreen)
    assert manager.posts == []


async def test_quitting_and_cancelling_take_no_answer_typed_ahead(
    tmp_path: Path, manager: StageManager
) -> None:
    async with sent(tmp_path, manager) as pilot:
        await burst(pilot, "c", "right", "enter")
        await asks(pilot, CancelScreen)
        assert manager.deletes == []
        await burst(pilot, "escape", "ctrl+q", "right", "enter")
        await asks(pilot, AskScreen)
        assert pilot.app.is_running
        await pilot.press("enter")


async def test_name_typed_right_after_the_key_of_the_picker_narrows_it(tmp_path: Path) -> None:
    app = app_for(tmp_path, point(Platform.CLOUD_DIRECTOR), cloud_manager())
    async with opened(app) as pilot:
        await burst(pilot, "tab", *"back", "tab", "f2", *"fast")
        await asks(pilot, PickerScreen)
        assert pilot.app.screen.query_one("#picker-filter", LineInput).value == "fast"


async def test_words_right_after_the_key_of_the_palette_are_looked_for(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point())) as pilot:
        await burst(pilot, "ctrl+p", *"hist")
        await asks(pilot, CommandPalette)
        assert pilot.app.screen.query_one(Input).value == "hist"


async def test_a_screen_that_never_comes_to_rest_still_takes_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.terminal.key_queue.QUIET_ROUNDS", 10**9)
    async with opened(app_for(tmp_path, point())) as pilot:
        await burst(pilot, "down", "down", "space")
        assert "[x] yes  Power on after restore" in text_of(pilot)


async def test_confirmation_that_is_asked_again_takes_answers_again(
    tmp_path: Path, manager: StageManager
) -> None:
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        await burst(pilot, "ctrl+r", "right", "enter")
        await pilot.press("escape")
        await asked(pilot)
        assert TOO_EARLY not in text_of(pilot)
        await burst(pilot, "right", "enter")
        await settle(pilot)
    assert len(manager.posts) == 1


async def test_other_work_waits_for_the_keys_but_not_for_ever(
    app: VbemApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with browsing(app) as (pilot, screen):
        await to_points(pilot)
        queue = app.key_queue
        await queue.settled()
        with queue.paused():
            app.post_message(Key("slash", "/"))
            await until(pilot, lambda: not queue.is_idle, "the key to wait")
            monkeypatch.setattr(key_queue, "MOST_SETTLING_S", 0.0)
            await queue.settled()
            monkeypatch.setattr(key_queue, "MOST_SETTLING_S", 60.0)
            waiting = asyncio.create_task(queue.settled())
            await pilot.pause()
            assert not waiting.done()
        await waiting
        assert screen.entry.has_focus


async def test_that_a_byte_was_not_understood_stays_until_it_was_read_and_goes_with_the_next_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal_app, "READ_S", float("inf"))
    async with opened(app_for(tmp_path, point())) as pilot:
        pilot.app.post_message(UnreadableInput())
        await press(pilot, "down", "up")
        assert SAID in text_of(pilot), "nobody reads it that fast"
        monkeypatch.setattr(terminal_app, "READ_S", 0.0)
        await burst(pilot, "\N{REPLACEMENT CHARACTER}")
        assert SAID in text_of(pilot), "that was no key that is understood"
        await press(pilot, "down")
        assert SAID not in text_of(pilot)
        pilot.app.post_message(UnreadableInput())
        await settle(pilot)
        await press(pilot, "ctrl+t")
        await press(pilot, "escape")
        assert SAID not in text_of(pilot), "it stood below another screen"
