"""Keys that arrive in one burst, after a stall of the line or from a paste, are taken one after the other.

Textual hands a key to whatever has the focus when the key arrives; what the key before it does comes some
messages later. So a burst of `/` and a name would go to the list as a whole. Here a key waits until the one
before it has done its work: the focus has moved, the screen it opens stands.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from textual.app import ScreenStackError
from textual.events import Event, Key, Paste
from textual.message import Message
from textual.widget import Widget

from tui.terminal.rendering import SinglePaintApp

QUIET_ROUNDS = 5
"""Rounds of the event loop in which nobody had a message: a worker needs some to open its dialog."""
MOST_S = 0.5
"""No key waits longer for the one before it: a screen that never comes to rest still takes keys."""


def now_s() -> float:
    """The time on the clock that stamps keys, in seconds."""
    return Message().time


def is_typing(event: Key | Paste) -> bool:
    """Whether it would change a field or press a button: no way back, no move, no shortcut."""
    if isinstance(event, Paste):
        return True
    return event.is_printable or event.key in {"enter", "space", "backspace", "delete"}


class KeysInOrder(SinglePaintApp):
    """An app that takes keys one after the other; its screens may refuse some by `takes_key`."""

    def __init__(self) -> None:
        super().__init__()
        self._held: deque[Key | Paste] = deque()
        self._next: Key | Paste | None = None
        self._is_at_work = False
        """The last key may not have done its work yet."""
        self._holds = 0
        """How many want no key to be taken now."""

    @contextmanager
    def keys_held(self) -> Iterator[None]:
        """Take no key meanwhile; those that come are taken afterwards, in their order."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            if not self._is_at_work:
                self._go_on()

    async def on_event(self, event: Event) -> None:
        """Hold a key back while the one before it is at work; everything else goes its way."""
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            if event is self._next:
                self._next = None
            elif self._held or self._next is not None or self._is_at_work or self._holds:
                self._held.append(event)
                return
            self._is_at_work = True
            self._watch(asyncio.get_running_loop().time() + MOST_S, 0)
            if not self._takes(event):
                return
        await super().on_event(event)

    def _watch(self, until_s: float, quiet: int) -> None:
        """Look, round by round, whether the last key has done its work; then let the next one go."""
        loop = asyncio.get_running_loop()
        quiet = quiet + 1 if self._is_quiet() else 0
        if quiet < QUIET_ROUNDS and loop.time() < until_s and self.is_running:
            loop.call_soon(self._watch, until_s, quiet)
            return
        self._is_at_work = False
        self._go_on()

    def _go_on(self) -> None:
        """Let the next key go."""
        if self._held and self._next is None and not self._holds:
            self._next = self._held.popleft()
            self.post_message(self._next)

    def _is_quiet(self) -> bool:
        """Nobody who may still have something to do with a key has a message waiting."""
        try:
            stack = self.screen_stack
        except ScreenStackError:
            return True
        if not stack or self.message_queue_size or any(screen.message_queue_size for screen in stack):
            return not stack
        nodes = stack[-1].walk_children(Widget, with_self=True)
        return all(node.is_mounted and not node.message_queue_size for node in nodes)

    def _takes(self, event: Key | Paste) -> bool:
        screen = self.screen_stack[-1] if self.screen_stack else None
        takes_key = getattr(screen, "takes_key", None)
        return takes_key is None or bool(takes_key(event))
