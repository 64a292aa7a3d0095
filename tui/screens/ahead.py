"""A screen that is made before it is wanted, so that showing it takes one frame and not its whole making.

Mounting and laying out a screen takes longer than a quick server's answer. It can be done while the
operator types a password: the screen is a part of the app then, but on no stack, so it is not shown, gets
no key and sends no byte.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from textual.app import App
from textual.events import ScreenResume

from tui.screens.base import VbemScreen

ScreenT = TypeVar("ScreenT", bound=VbemScreen)


class Ahead(Generic[ScreenT]):
    """One screen in the making.

    Args:
        app: where it will be shown.
        make: makes it.
    """

    def __init__(self, app: App[Any], make: Callable[[], ScreenT]) -> None:
        self._app = app
        self._make = make
        self._making: asyncio.Task[ScreenT] | None = None

    @property
    def made(self) -> ScreenT | None:
        """The screen, as soon as it is made and until it is taken."""
        making = self._making
        is_made = making is not None and making.done() and not making.cancelled()
        return making.result() if making is not None and is_made and making.exception() is None else None

    def begin(self) -> None:
        """Make the screen, unless it is made already."""
        if self._making is None:
            self._making = asyncio.create_task(self._lay_out())

    async def take(self) -> ScreenT:
        """The screen, to be pushed now; a new one where none was begun."""
        making, self._making = self._making, None
        return await making if making is not None else self._make()

    def drop(self) -> None:
        """The app ends, and with it all its screens."""
        making, self._making = self._making, None
        if making is not None:
            making.cancel()

    async def _lay_out(self) -> ScreenT:
        screen = self._make()
        # Textual has no public way to mount a screen but pushing it, which shows it.
        _, mounted = self._app._get_screen(screen)
        await mounted
        screen.post_message(ScreenResume())
        screen.lay_out_unseen()
        return screen
