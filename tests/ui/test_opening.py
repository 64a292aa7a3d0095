"""Screens open whatever the terminal's size and the server's pace, and are painted once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual._compositor import LayoutUpdate
from textual.screen import Screen

from tests.support.demo_process import DemoProcess
from tests.support.frames import watch_frames
from tests.support.program import app_on
from tests.support.settle import loaded, opened, press, settle, shows, until
from tests.support.soak import soak
from tests.ui.walk import browsing
from tui.app import VbemApp
from tui.screens.login import LoginScreen
from tui.screens.points import RestorePointsScreen
from tui.screens.tasks import TasksScreen

FRAMES_EVERY_S = 0.3
MOST_ROUNDS = 8
Frame = tuple[type[Screen[Any]], bool]
"""Whose frame, and whether it paints everything."""


@pytest.fixture
def frames(monkeypatch: pytest.MonkeyPatch) -> list[Frame]:
    """Every frame that goes to the terminal."""
    seen: list[Frame] = []
    # What belongs to one frame on a quiet machine does so on a busy one, too.
    monkeypatch.setattr("textual.screen.UPDATE_PERIOD", FRAMES_EVERY_S)
    watch_frames(
        monkeypatch, lambda _, screen, frame: seen.append((type(screen), isinstance(frame, LayoutUpdate)))
    )
    return seen


def wholes(frames: list[Frame], screen: type[Screen[Any]]) -> int:
    """How often that screen was painted from top to bottom."""
    return sum(whole for one, whole in frames if one is screen)


@pytest.mark.parametrize(
    "size",
    [(1, 1), *soak((80, 5), (80, 3), (80, 1), (20, 6))],
)
async def test_a_terminal_too_small_for_it_does_not_keep_anybody_out(
    app: VbemApp, demo: DemoProcess, size: tuple[int, int]
) -> None:
    async with opened(app, size=size) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RestorePointsScreen), "the browser")
        await settle(pilot)
        await pilot.resize_terminal(80, 24)
        await loaded(pilot)
    assert [one["status"] for one in demo.requests("logon")] == [201]


async def test_the_terminal_may_have_another_size_by_then(app: VbemApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        await settle(pilot)
        await pilot.resize_terminal(120, 40)
        await pilot.press("enter")
        await loaded(pilot)
        await shows(pilot, "Made (local time, UTC)")
        assert app.screen.size == (120, 40)


async def test_a_server_that_takes_its_time_does_not_keep_the_screen_waiting(
    app: VbemApp, demo: DemoProcess, frames: list[Frame]
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        await settle(pilot)
        demo.fault("hold@list")
        await pilot.press("enter")
        await shows(pilot, "Asking for the newest restore points...")
        demo.clear_faults()
        await loaded(pilot)


async def test_opening_a_screen_paints_it_once(app: VbemApp, frames: list[Frame]) -> None:
    async with browsing(app) as (pilot, _):
        painted: list[tuple[int, int]] = []
        # On a busy machine a frame may end before all that belongs to it has come; not each time.
        while (1, 1) not in painted:
            assert len(painted) < MOST_ROUNDS, painted
            frames.clear()
            await pilot.press("ctrl+t")
            await shows(pilot, "No restore")
            await settle(pilot)
            assert isinstance(app.screen, TasksScreen)
            await pilot.press("escape")
            await loaded(pilot)
            await settle(pilot)
            assert isinstance(app.screen, RestorePointsScreen)
            await pilot.pause()
            painted.append((wholes(frames, TasksScreen), wholes(frames, RestorePointsScreen)))


async def test_the_same_whole_frame_is_sent_again_only_after_a_key(app: VbemApp, frames: list[Frame]) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        await settle(pilot)
        for keys, sent in ((), 0), (("f12",), 1), ((), 1):
            await pilot.press(*keys)
            app.screen.refresh(layout=True)
            await settle(pilot)
            assert wholes(frames, LoginScreen) - 1 == sent


async def test_a_lost_journal_is_told_at_each_start_until_it_was_read(
    demo: DemoProcess, tmp_path: Path
) -> None:
    journal = app_on(demo, tmp_path).services.folders.journal
    journal.write_bytes(b"no database " * 100)
    for answer, shown_again in (("escape", True), ("right enter", False)):
        async with app_on(demo, tmp_path).run_test(size=(80, 24)) as pilot:
            await shows(pilot, "Log on")
            await pilot.press("enter")
            await shows(pilot, "Read this first")
            await shows(pilot, "neither shown nor watched")
            await settle(pilot)
            await press(pilot, *answer.split())
            await loaded(pilot)
        assert journal.with_name(f"{journal.name}.note").exists() is shown_again


async def test_logging_off_and_on_again_shows_another_list(app: VbemApp, demo: DemoProcess) -> None:
    async with browsing(app) as (pilot, _):
        first = app.screen
        await pilot.press("ctrl+o")
        await shows(pilot, "Log off?")
        await pilot.press("right", "enter")
        await shows(pilot, "Logged off.")
        await pilot.press("enter")  # the embedded server's password is filled in again
        await until(pilot, lambda: isinstance(app.screen, RestorePointsScreen), "the list")
        await loaded(pilot)
        assert app.screen is not first
