"""The browser is laid out behind the login: its first frame holds rows, and a screen is painted once."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import RenderableType
from textual._compositor import LayoutUpdate
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from tests.support.demo_process import DemoProcess
from tests.support.settle import settle, shows, text_of, until
from tui.app import VbemApp
from tui.screens.login import LoginScreen
from tui.screens.points import RestorePointsScreen
from tui.screens.tasks import TasksScreen
from tui.terminal.composed import ComposedFrame

Frame = tuple[type[Screen[Any]], bool, str]
"""Whose frame, whether it paints everything, and the text on the screen by then."""


@pytest.fixture
def frames(monkeypatch: pytest.MonkeyPatch) -> list[Frame]:
    """Every frame that goes to the terminal."""
    seen: list[Frame] = []
    display = App._display

    def note(self: App[Any], screen: Screen[Any], frame: RenderableType | None) -> None:
        if frame is not None:
            lines = screen._compositor.render_strips(screen.size)
            seen.append((type(screen), isinstance(frame, LayoutUpdate), "\n".join(one.text for one in lines)))
        display(self, screen, frame)

    monkeypatch.setattr(App, "_display", note)
    return seen


def wholes(frames: list[Frame], screen: type[Screen[Any]]) -> int:
    """How often that screen was painted from top to bottom."""
    return sum(whole for one, whole, _ in frames if one is screen)


async def laid_out(pilot: Pilot[Any]) -> RestorePointsScreen:
    """The browser behind the login, at rest."""
    making = pilot.app._points._making  # type: ignore[attr-defined] # the app of this program
    screen = await making
    assert isinstance(screen, RestorePointsScreen)
    await until(pilot, lambda: screen._is_laid_out_unseen, "the browser to be laid out")
    return screen


async def ready(pilot: Pilot[Any]) -> RestorePointsScreen:
    """The login, and behind it the browser."""
    await shows(pilot, "Log on")
    await settle(pilot)
    return await laid_out(pilot)


async def test_it_is_neither_shown_nor_given_keys(app: VbemApp, frames: list[Frame]) -> None:
    app.launch.password_hint = ""
    async with app.run_test(size=(80, 24)) as pilot:
        browser = await ready(pilot)
        assert isinstance(app.screen, LoginScreen)
        assert browser.size == (80, 24)
        await pilot.press(*"web")
        assert app.screen.query_one("#password").value == "web"  # type: ignore[attr-defined] # a field
        assert browser.entry.value == ""
    assert {screen for screen, _, _ in frames} == {LoginScreen}


@pytest.mark.parametrize("laying_out", [True, False])
async def test_whoever_quits_at_the_login_is_not_kept_by_it(app: VbemApp, laying_out: bool) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        if laying_out:
            await until(pilot, lambda: app._points._making is not None, "the browser to be begun")
        else:
            await ready(pilot)
        await pilot.press("ctrl+q")
    assert app.return_code == 0


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_its_first_frame_holds_rows_and_who_is_logged_on(
    app: VbemApp,
    demo: DemoProcess,
    frames: list[Frame],
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.porter.FIRST_FRAME_S", 20.0)  # a busy machine is slow to answer
    async with app.run_test(size=size) as pilot:
        browser = await ready(pilot)
        await pilot.press("enter")
        await shows(pilot, "points loaded")
        assert app.screen is browser
    whole, text = next((whole, text) for screen, whole, text in frames if screen is RestorePointsScreen)
    assert whole
    assert demo.user in text
    assert "\n> " in text
    assert "Tasks" in text.splitlines()[-1]
    assert wholes(frames, RestorePointsScreen) == 1


@pytest.mark.parametrize("expected", [True, False])
async def test_its_first_frame_goes_out_before_the_round_of_messages_that_opens_it(
    app: VbemApp, monkeypatch: pytest.MonkeyPatch, expected: bool
) -> None:
    monkeypatch.setattr("tui.porter.FIRST_FRAME_S", 20.0)
    if not expected:
        monkeypatch.setattr("tui.porter.ASKED_S", 60.0)
    sent: list[tuple[type[Screen[Any]], list[str]]] = []
    display = App._display

    def note(self: App[Any], screen: Screen[Any], frame: RenderableType | None) -> None:
        if isinstance(screen, RestorePointsScreen) and isinstance(frame, LayoutUpdate):
            sent.append((type(self.screen), ["".join(part.text for part in line) for line in frame.strips]))
        display(self, screen, frame)

    monkeypatch.setattr(App, "_display", note)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("enter")
        await shows(pilot, "points loaded")
    ((below, lines),) = sent
    assert below is LoginScreen
    assert lines[3].startswith("> ")
    assert "points here" in lines[22]
    assert {len(line) for line in lines[:4]} == {80}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_frame_put_together_ahead_is_the_one_that_would_be_drawn(
    app: VbemApp, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        await shows(pilot, "Log on")
        await pilot.press("enter")
        await shows(pilot, "points loaded")
        await settle(pilot)
        browser = app.screen
        assert isinstance(browser, RestorePointsScreen)
        late = (browser.vms, browser.query_one("#loaded"))
        frame = ComposedFrame.of(browser, late)
        assert frame is not None
        before = [list(line) for line in frame.update().strips]
        browser.vms.move(3)
        after = [list(line) for line in frame.update().strips]
        assert after == [list(line) for line in browser._compositor.render_full_update().strips]
        assert after != before
        await pilot.resize_terminal(1, 8)
        await pilot.pause()
        assert ComposedFrame.of(browser, late) is None, "the line below the list is cut off"


@pytest.mark.parametrize("size", [(80, 5), (80, 3), (80, 1), (20, 6), (1, 1)])
async def test_a_terminal_too_small_for_it_does_not_keep_anybody_out(
    app: VbemApp, demo: DemoProcess, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await laid_out(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RestorePointsScreen), "the browser")
        await settle(pilot)
        await pilot.resize_terminal(80, 24)
        await shows(pilot, "points loaded")
    assert [one["status"] for one in demo.requests("logon")] == [201]


async def test_its_first_frame_is_whole_where_nobody_was_expected(
    app: VbemApp, demo: DemoProcess, frames: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a kept logon session, and where the logon is answered at once."""
    monkeypatch.setattr("tui.porter.FIRST_FRAME_S", 20.0)
    monkeypatch.setattr("tui.porter.ASKED_S", 60.0)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("enter")
        await shows(pilot, "points loaded")
    text = next(text for screen, _, text in frames if screen is RestorePointsScreen)
    assert demo.user in text
    assert "Tasks" in text.splitlines()[-1]
    assert wholes(frames, RestorePointsScreen) == 1


async def test_while_the_server_is_asked_nothing_is_offered_that_needs_it(
    app: VbemApp, demo: DemoProcess, frames: list[Frame]
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        browser = await ready(pilot)
        demo.control("fault", spec="hold@logon")
        await pilot.press("enter")
        await until(pilot, lambda: browser.dressed_for != "", "the browser to be drawn for whom it expects")
        await pilot.pause()
        assert not app.is_logged_on
        assert "Tasks" not in text_of(pilot)
        await pilot.press("ctrl+t")
        assert isinstance(app.screen, LoginScreen)
        demo.control("clear-faults")
        await shows(pilot, "points loaded")
    assert wholes(frames, RestorePointsScreen) == 1


async def test_the_terminal_may_have_another_size_by_then(app: VbemApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.resize_terminal(120, 40)
        await pilot.press("enter")
        await shows(pilot, "points loaded")
        await shows(pilot, "Enter on a VM shows its points.")
        assert app.screen.size == (120, 40)


async def test_a_server_that_takes_its_time_does_not_keep_the_screen_waiting(
    app: VbemApp, demo: DemoProcess, frames: list[Frame]
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        demo.control("fault", spec="hold@list")
        await pilot.press("enter")
        await shows(pilot, "Asking for the newest restore points...")
        demo.control("clear-faults")
        await shows(pilot, "points loaded")


async def test_opening_a_screen_paints_it_once(app: VbemApp, frames: list[Frame]) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("enter")
        await shows(pilot, "points loaded")
        await settle(pilot)
        frames.clear()
        await pilot.press("ctrl+t")
        await shows(pilot, "No restore")
        await settle(pilot)
        assert isinstance(app.screen, TasksScreen)
        await pilot.pause()
        assert wholes(frames, TasksScreen) == 1
        frames.clear()
        await pilot.press("escape")
        await shows(pilot, "points loaded")
        await settle(pilot)
        await pilot.pause()
        assert wholes(frames, RestorePointsScreen) == 1


async def test_logging_off_and_on_again_shows_another_list(app: VbemApp, demo: DemoProcess) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        first = await ready(pilot)
        await pilot.press("enter")
        await shows(pilot, "points loaded")
        await pilot.press("ctrl+o")
        await shows(pilot, "Log off?")
        await pilot.press("right", "enter")
        await shows(pilot, "Logged off.")
        await pilot.press("enter")  # the embedded server's password is filled in again
        await until(pilot, lambda: isinstance(app.screen, RestorePointsScreen), "the list")
        await shows(pilot, "points loaded")
        assert app.screen is not first
