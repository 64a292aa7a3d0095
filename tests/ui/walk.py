"""From the login to the screens behind it, by keyboard, on the embedded server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from tests.support.settle import loaded, press, settle, shows, until
from tui.app import VbemApp
from tui.screens.points import RestorePointsScreen
from tui.screens.restore_form import RestoreFormScreen


async def browse(pilot: Pilot[Any]) -> RestorePointsScreen:
    """Log on and wait for the whole list."""
    await shows(pilot, "Log on")
    await pilot.press("enter")
    await loaded(pilot)
    await settle(pilot)
    screen = pilot.app.screen
    assert isinstance(screen, RestorePointsScreen)
    return screen


@asynccontextmanager
async def browsing(
    app: VbemApp, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Pilot[Any], RestorePointsScreen]]:
    """The app in a terminal of that size, logged on, with the whole list."""
    async with app.run_test(size=size) as pilot:
        yield pilot, await browse(pilot)


async def to_points(pilot: Pilot[Any], words: str = "crm01") -> None:
    """From the list to the points of the first VM found by these words."""
    await press(pilot, "slash", *words, "enter")
    if pilot.app.focused is pilot.app.screen.query_one("#vms"):
        await pilot.press("enter")  # more than one is found
    await shows(pilot, "Made (local")


async def to_form(pilot: Pilot[Any], words: str = "crm01") -> None:
    """From the list to the form of the newest point of that VM."""
    await to_points(pilot, words)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, RestoreFormScreen), "the form")
    await shows(pilot, "What will happen")
    await settle(pilot)
