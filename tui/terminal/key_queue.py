"""Keys that arrive in one burst, after a stall of the line or from a paste, are taken one after the other.

Textual hands a key to whatever has the focus when the key arrives; what the key before it does comes some
messages later. So a burst of `/` and a name would go to the list as a whole. Here a key waits until the one
before it has done its work: the focus has moved, the screen it opens is there.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from textual.app import App, ScreenStackError
from textual.events import Key, Paste
from textual.message import Message
from textual.widget import Widget

from tui.terminal.rendering import SinglePaintScreen

QUIET_ROUNDS = 5
"""Rounds of the event loop in which no widget had a message: a worker needs some to open its dialog."""
MOST_S = 0.5
"""Seconds of the processor, after which a key goes to a screen that never comes to rest.

Of the processor: on a machine that is busy elsewhere a form may take long to open, and keys pressed for it
must not change another field than the one they were meant for.
"""
MOST_OPENING_S = 10.0
"""Seconds a key waits at most while a part of the screen is only being made."""

MOST_SETTLING_S = 0.1
"""Seconds that other work waits at most for keys that are being answered."""


def now_s() -> float:
    """Return the time in seconds on the clock that stamps keys."""
    return Message().time


def is_typing(event: Key | Paste) -> bool:
    """Return whether a key changes a field or presses a button: no way back, no move, no shortcut."""
    if isinstance(event, Paste):
        return True
    return event.is_printable or event.key in {"enter", "space", "backspace", "delete"}


class KeyQueue:
    """Lets the keys of an app act one after the other.

    Args:
        app: whose keys; its screens may refuse some by `takes_key`.
    """

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._waiting: deque[Key | Paste] = deque()
        self._next: Key | Paste | None = None
        self._is_at_work = False
        """The last key may not have done its work yet."""
        self._settled = asyncio.Event()
        self._settled.set()
        self._pauses = 0
        """How many callers have paused it."""

    @property
    def is_idle(self) -> bool:
        """Return whether no key waits and the last one has done its work."""
        return not (self._waiting or self._next or self._is_at_work)

    async def settled(self) -> None:
        """Wait until no key is being answered, for a moment at most: a held key must not stop what waits."""
        with suppress(TimeoutError):
            async with asyncio.timeout(MOST_SETTLING_S):
                await self._settled.wait()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take no key meanwhile; those that come are taken afterwards, in their order."""
        self._pauses += 1
        try:
            yield
        finally:
            self._pauses -= 1
            if not self._is_at_work:
                self._release()

    def admits(self, event: Key | Paste) -> bool:
        """Return whether a key may act now; one that may not waits here or is refused by its screen."""
        self._settled.clear()
        if event is self._next:
            self._next = None
        elif self._waiting or self._next is not None or self._is_at_work or self._pauses:
            self._waiting.append(event)
            return False
        self._is_at_work = True
        self._watch(_Patience(), 0)
        try:
            screen = self._app.screen
        except ScreenStackError:
            return True
        return not isinstance(screen, SinglePaintScreen) or screen.takes_key(event)

    def _watch(self, patience: _Patience, quiet: int) -> None:
        """Look, round by round, whether the last key has done its work; then let the next one go."""
        quiet = quiet + 1 if self._is_quiet() else 0
        if quiet < QUIET_ROUNDS and not patience.is_over(self._is_opening()) and self._app.is_running:
            asyncio.get_running_loop().call_soon(self._watch, patience, quiet)
            return
        self._is_at_work = False
        self._release()

    def _release(self) -> None:
        if self._waiting and self._next is None and not self._pauses:
            self._next = self._waiting.popleft()
            self._app.post_message(self._next)
        elif self.is_idle:
            self._settled.set()

    def _is_quiet(self) -> bool:
        """Return whether nothing that may still react to the key has a message waiting."""
        try:
            stack = self._app.screen_stack
        except ScreenStackError:
            return True
        if not stack or self._app.message_queue_size or any(screen.message_queue_size for screen in stack):
            return not stack
        nodes = stack[-1].walk_children(Widget, with_self=True)
        return all(node.is_mounted and not node.message_queue_size for node in nodes)

    def _is_opening(self) -> bool:
        """Return a part of the screen is not there yet."""
        try:
            screen = self._app.screen
        except ScreenStackError:
            return False
        return not all(node.is_mounted for node in screen.walk_children(Widget, with_self=True))


class _Patience:
    """How long one key is waited for, from now on."""

    def __init__(self) -> None:
        self._began_s, self._used_s = time.monotonic(), time.thread_time()

    def is_over(self, is_opening: bool) -> bool:
        """Return whether the next key goes, though the last one may be at work."""
        if is_opening:
            return time.monotonic() - self._began_s > MOST_OPENING_S
        return time.thread_time() - self._used_s > MOST_S
