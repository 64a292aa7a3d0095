"""Waiting for the program instead of for time: workers, then messages, with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

from textual._context import visible_screen_stack
from textual.app import App
from textual.events import Paste
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip

from tests.support.idle import messages_begun
from tests.support.waiting import wait_for
from tui.app import VbemApp
from tui.screens.base import Dialog

ENDLESS = {
    "watch the restores",
    "keep the logon session alive",
    "find restores whose vbem has ended",
    "send the queue",
}
"""What the services do as long as somebody is logged on."""


@asynccontextmanager
async def opened(app: App[Any], size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[Any]]:
    """The app in a terminal of that size, at rest."""
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys and see what comes of it."""
    await pilot.press(*keys)
    await settle(pilot)


async def paste(pilot: Pilot[Any], text: str) -> None:
    """Paste a text where the focus is, and see what comes of it."""
    assert pilot.app.focused is not None
    pilot.app.focused.post_message(Paste(text))
    await settle(pilot)


async def settle(pilot: Pilot[Any]) -> None:
    """Wait until the program waits for a key: what has an end has ended, and the screen is painted."""
    await pilot.pause()
    if is_busy(pilot):
        await until(pilot, lambda: not is_busy(pilot), "the program to come to rest")
        await pilot.pause()


def is_busy(pilot: Pilot[Any]) -> bool:
    """Whether something is under way that is no wait for an answer to a dialog."""
    screen = pilot.app.screen
    asks = isinstance(screen, Dialog)
    waiting = ENDLESS | {"log on again"} if asks else ENDLESS
    if isinstance(pilot.app, VbemApp) and pilot.app.services.under_way - waiting:
        return True
    return any(worker.is_running and (not asks or worker.node is screen) for worker in pilot.app.workers)


async def until(pilot: Pilot[Any], true: Callable[[], object], what: str) -> None:
    """Wait until `true()` holds.

    Raises:
        TimeoutError: naming what was waited for and showing the screen, after the deadline.
    """
    await wait_for(true, what, between=lambda: asyncio.sleep(0.01), seen=lambda: text_of(pilot))


async def shows(pilot: Pilot[Any], text: str) -> None:
    """Wait until `text` is on the screen, and the screen is painted.

    Raises:
        TimeoutError: with the screen as it is then, after the deadline.
    """
    await until(pilot, lambda: text in text_of(pilot), repr(text))
    await pilot.pause()


async def loaded(pilot: Pilot[Any]) -> None:
    """Wait until the list of restore points is loaded: the status line says so, or has said so already.

    Raises:
        TimeoutError: with the screen as it is then, after the deadline.
    """
    app = pilot.app
    assert isinstance(app, VbemApp)

    def is_loaded() -> bool:
        points = app.services.points
        return "points loaded" in text_of(pilot) or (points is not None and points.is_whole)

    await until(pilot, is_loaded, "the restore points")
    await pilot.pause()


def strips_of(pilot: Pilot[Any]) -> list[Strip]:
    """What the terminal shows, line by line; nothing public gives it as it is painted."""
    screen = pilot.app.screen
    # What a dialog is drawn on is kept: the screens that shine through it are named, as the program does.
    visible_screen_stack.set(list(pilot.app._background_screens))
    return screen._compositor.render_strips(screen.size)


_texts: WeakKeyDictionary[Screen[Any], tuple[int | None, str]] = WeakKeyDictionary()
"""What was read of each screen last, and after how many messages."""


def text_of(pilot: Pilot[Any]) -> str:
    """What the terminal shows, as lines of text; drawn again only where something happened since."""
    screen, begun = pilot.app.screen, messages_begun()
    before, text = _texts.get(screen, (None, ""))
    if begun is None or before != begun:
        text = "\n".join(strip.text.rstrip() for strip in strips_of(pilot))
        _texts[screen] = (begun, text)
    return text
