"""Waiting for the program instead of for time: workers, then messages, with a deadline."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.strip import Strip

from tests.support.waiting import wait_for
from tui.app import VbemApp

ENDLESS = {"watch the restores", "keep the logon session alive"}
"""What the services do as long as somebody is logged on."""


@asynccontextmanager
async def opened(app: App[Any], size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[Any]]:
    """The app in a terminal of that size, at rest."""
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot


async def settle(pilot: Pilot[Any]) -> None:
    """Wait until every worker that has an end has ended, and the screen is painted."""
    await until(pilot, lambda: not _busy(pilot), "the workers to end")
    await pilot.pause()


def _busy(pilot: Pilot[Any]) -> bool:
    return any(
        worker.is_running and not worker.group.startswith("dialog") for worker in pilot.app.workers
    ) or bool(isinstance(pilot.app, VbemApp) and pilot.app.services.under_way - ENDLESS)


async def until(pilot: Pilot[Any], true: Callable[[], object], what: str) -> None:
    """Wait until `true()` holds.

    Raises:
        TimeoutError: naming what was waited for and showing the screen, after the deadline.
    """
    await wait_for(true, what, between=lambda: pilot.pause(0.01), seen=lambda: text_of(pilot))


async def shows(pilot: Pilot[Any], text: str) -> None:
    """Wait until `text` is on the screen, and the screen is painted.

    Raises:
        TimeoutError: with the screen as it is then, after the deadline.
    """
    await until(pilot, lambda: text in text_of(pilot), repr(text))
    await pilot.pause()


def strips_of(pilot: Pilot[Any]) -> list[Strip]:
    """What the terminal shows, line by line; nothing public gives it as it is painted."""
    screen = pilot.app.screen
    return screen._compositor.render_strips(screen.size)


def text_of(pilot: Pilot[Any]) -> str:
    """What the terminal shows, as lines of text."""
    return "\n".join(strip.text.rstrip() for strip in strips_of(pilot))
