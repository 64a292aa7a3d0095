"""Logging off, quitting, logging on again: one after the other, in words, and never half done."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.demo_process import DemoProcess
from tests.support.settle import loaded, opened, press, settle, shows, text_of, until
from tests.support.soak import soak
from tests.ui.forms import app_for, sent, tick
from tests.ui.stage import StageManager, stage
from tests.ui.walk import browse, browsing, to_form
from tests.unit.restores.points import NOW, point
from tui.api.errors import CertificateChanged, SessionExpired
from tui.api.models import Certificate
from tui.app import VbemApp
from tui.screens.confirm import ConfirmScreen
from tui.screens.dialogs import AskScreen, WaitScreen
from tui.screens.login import LoginScreen
from tui.services import Services

PUT_OFF = "NOT LOGGED ON"
CHANGED = CertificateChanged(
    Certificate(
        sha256="cd" * 32, subject="CN=em", issuer="CN=em", names=("em",), not_before=NOW, not_after=NOW
    ),
    "ab" * 32,
)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """A server that does not answer a log-off until this is set."""
    answers, log_off = asyncio.Event(), Services.log_off

    async def held_log_off(services: Services) -> str:
        await answers.wait()
        return await log_off(services)

    monkeypatch.setattr(Services, "log_off", held_log_off)
    return answers


async def test_no_key_comes_between_while_the_program_logs_off(app: VbemApp, held: asyncio.Event) -> None:
    keys = "ctrl+q ctrl+o ctrl+c ctrl+p ctrl+t ctrl+y escape enter f1 f5 c"
    async with browsing(app) as (pilot, _):
        await press(pilot, "ctrl+o")
        await pilot.press("right", "enter")
        await shows(pilot, "Logging off from LAB")
        for key in keys.split():
            await pilot.press(key)
            await shows(pilot, "no key is taken until this is done")
            assert isinstance(app.screen, WaitScreen), key
        held.set()
        await shows(pilot, "Logged off.")
        assert isinstance(app.screen, LoginScreen)
        assert app.services.connection is None
        await browse(pilot)


@pytest.mark.parametrize(
    "keys",
    [("ctrl+o", "ctrl+q"), *soak(("ctrl+q", "ctrl+q")), ("ctrl+q", "ctrl+c")],
)
async def test_second_question_of_leaving_waits_for_the_first(app: VbemApp, keys: tuple[str, ...]) -> None:
    async with browsing(app) as (pilot, screen):
        await press(pilot, *keys)
        assert "this comes first" in text_of(pilot)
        assert sum(isinstance(one, AskScreen) for one in app.screen_stack) == 1
        await press(pilot, "enter")
        assert app.screen is screen
        await press(pilot, "ctrl+q", "right", "enter")
        assert app.return_code == 0, "the next one is a question that does what it says"


async def test_a_question_over_that_of_quitting_says_which_comes_first(
    tmp_path: Path, manager: StageManager
) -> None:
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        await press(pilot, "ctrl+q")
        pilot.app.push_screen(AskScreen(stage(pilot).services, "Another?", "", yes="Yes", no="No"))
        await settle(pilot)
        for key in ("ctrl+q", "ctrl+c"):
            await press(pilot, key)
            assert "answer this first; Quit is below" in text_of(pilot)
        await press(pilot, "escape")
        assert sum(isinstance(one, AskScreen) for one in pilot.app.screen_stack) == 1


async def test_ctrl_c_under_a_dialog_stops_what_the_screen_below_says_it_stops(
    tmp_path: Path, manager: StageManager
) -> None:
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        manager.hold_guard = asyncio.Event()
        await pilot.press("ctrl+r")
        await until(pilot, lambda: manager.queries, "the question for running restores")
        await pilot.press("f1")
        await shows(pilot, "Keys on this screen")
        await pilot.press("ctrl+c", "escape")
        await shows(pilot, "You stopped it; nothing")
        assert not any(isinstance(one, AskScreen) for one in pilot.app.screen_stack)


async def test_nobody_logs_off_while_a_restore_is_sent(tmp_path: Path) -> None:
    manager = StageManager(hold=asyncio.Event())
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        await press(pilot, "ctrl+r")
        await pilot.press("right", "enter")
        await until(pilot, lambda: manager.posts, "the POST")
        await pilot.press("ctrl+o")
        await shows(pilot, "A restore is being sent. Log off when the server has answered.")
        await pilot.press("ctrl+q")
        await shows(pilot, "1 restore is still in flight")
        assert manager.hold is not None
        manager.hold.set()
        await settle(pilot)
        assert isinstance(pilot.app.screen, AskScreen), "the tasks come up when it is answered"
        await press(pilot, "enter")
        await press(pilot, "ctrl+o")
        assert isinstance(pilot.app.screen, AskScreen)


async def test_confirmation_never_comes_up_over_another_question(
    tmp_path: Path, manager: StageManager
) -> None:
    """Keys that answer the question of quitting would send the restore."""
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        manager.hold_guard = asyncio.Event()
        await pilot.press("ctrl+r")
        await until(pilot, lambda: manager.queries, "the question for running restores")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskScreen), "the question of quitting")
        manager.hold_guard.set()
        await pilot.pause(0.1)
        assert isinstance(pilot.app.screen, AskScreen)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen), "the confirmation")
    assert manager.posts == []


async def expired(pilot: Pilot[Any], manager: StageManager) -> None:
    """The logon session ends while a restore runs, and the operator puts the password off."""
    stage(pilot).services.ask_for_password = _put_off
    manager.task_list = SessionExpired("The session has expired.")
    await tick(pilot)
    await shows(pilot, PUT_OFF)


async def _put_off() -> bool:
    return False


async def test_password_that_was_put_off_is_told_on_every_screen_with_its_key(
    tmp_path: Path, manager: StageManager
) -> None:
    async with sent(tmp_path, manager) as pilot:
        await expired(pilot, manager)
        for keys in (["h"], ["escape"], ["escape"]):
            await pilot.press(*keys)
            await shows(pilot, PUT_OFF)
            assert "Ctrl+L logs on again" in text_of(pilot)
        manager.task_list = ()
        stage(pilot).services.ask_for_password = stage(pilot).answer_password
        await pilot.press("ctrl+l")
        await until(pilot, lambda: PUT_OFF not in text_of(pilot), "the banner to go")
        assert stage(pilot).asked_to_log_on == 1
        await press(pilot, "ctrl+l")
        assert stage(pilot).asked_to_log_on == 1, "there is nothing to log on to again"


async def test_certificate_that_changes_in_the_middle_is_told_on_every_screen(
    tmp_path: Path, manager: StageManager
) -> None:
    async with sent(tmp_path, manager) as pilot:
        manager.task_list = CHANGED
        await tick(pilot)
        for keys in ([], ["h"], ["escape"], ["escape"]):
            await pilot.press(*keys)
            await shows(pilot, "CERTIFICATE has CHANGED: nothing is updated or sent")
        assert "Starting vbem again shows both fingerprints." in " ".join(text_of(pilot).split())
        manager.task_list = ()
        await tick(pilot)
        await until(pilot, lambda: "CHANGED" not in text_of(pilot), "the banner to go")


async def test_second_enter_sends_no_second_password(app: VbemApp, demo: DemoProcess) -> None:
    demo.fault("hold@logon")
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        await pilot.press("enter")
        await shows(pilot, "Logging on to")
        await pilot.press("ctrl+l")
        await shows(pilot, "Logging on already")
        demo.clear_faults()
        await loaded(pilot)
    assert len([one for one in demo.requests() if "sessionMngr" in one["path"]]) == 1


async def test_banner_leaves_the_form_usable(app: VbemApp) -> None:
    async with browsing(app) as (pilot, _):
        await to_form(pilot)
        app.services.note_trouble(CHANGED)
        await shows(pilot, "CHANGED")
        assert "Keep the original VM" in text_of(pilot)
        assert "Ctrl+R Restore" in text_of(pilot)
