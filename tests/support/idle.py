"""When an app is at rest, told by its messages: Textual's pilot asks how busy the processor is instead.

That is wrong on a busy machine, where a process that gets no time looks idle, and slow on a quiet one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

import pytest
from textual import app as textual_app
from textual import pilot as textual_pilot
from textual._context import NoActiveAppError, active_app
from textual.app import App, ScreenStackError
from textual.message import Message
from textual.message_pump import MessagePump
from textual.pilot import Pilot

from tests.support.waiting import patience_s

QUIET_ROUNDS = 16
"""Rounds of the event loop without a message: a burst's next key comes after some."""
FRAME_S = 0.005
HANDLER_S = 0.001
"""Between two looks at a handler that waits for somebody else."""
LONGEST_S = 10.0
"""A handler that waits for somebody else keeps nobody waiting for longer, on a quiet machine."""

_handling: Counter[MessagePump] = Counter()
"""Who handles a message now, and how many; nothing public tells."""
_dispatch = MessagePump._dispatch_message
_begun = Counter[str]()


def messages_begun() -> int | None:
    """How many messages have begun to be handled: as long as it stays, the screen is as it was.

    None where nobody counts: outside of tests.
    """
    return _begun["messages"] if MessagePump._dispatch_message is _dispatch_counted else None


async def _dispatch_counted(pump: MessagePump, message: Message) -> None:
    _begun["messages"] += 1
    _handling[pump] += 1
    try:
        await _dispatch(pump, message)
    finally:
        _handling[pump] -= 1
        if not _handling[pump]:
            del _handling[pump]


async def until_idle(min_sleep: float = 0.0, max_sleep: float = LONGEST_S) -> None:
    """Wait until everybody on the screen has handled what was there, and nothing came of it."""
    del max_sleep
    app: App[object] | None = None
    with suppress(LookupError, NoActiveAppError):
        app = active_app.get()
    await asyncio.sleep(min_sleep)
    if app is None:
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(patience_s(LONGEST_S)):
            quiet = 0
            begun: int | None = -1
            while quiet < QUIET_ROUNDS and app.is_running:
                is_to_be_painted = _is_to_be_painted(app)
                await asyncio.sleep(FRAME_S if is_to_be_painted else 0)
                before, begun = begun, messages_begun()
                if before == begun and not is_to_be_painted and 0 < quiet < QUIET_ROUNDS - 1:
                    quiet += 1  # nothing was handled since all were looked at
                    continue
                pumps = _pumps(app)
                is_handling = any(pump in _handling or _is_to_begin(pump) for pump in pumps)
                if is_handling:
                    await asyncio.sleep(HANDLER_S)
                is_busy = is_to_be_painted or is_handling or any(pump.message_queue_size for pump in pumps)
                quiet = 0 if is_busy else quiet + 1


def _is_to_begin(pump: MessagePump) -> bool:
    """Whether a widget is in its place, and its messages are not handled yet: it has no size before."""
    return not pump.is_running and not pump._closing


def _is_to_be_painted(app: App[object]) -> bool:
    """Whether the screen waits for its timer of frames; nothing public tells."""
    screen = app.screen_stack[-1] if app.is_running and app.screen_stack else None
    if screen is None or not screen.is_current:
        return False
    layout, repaint = screen._layout_required, screen._repaint_required
    return bool(layout or repaint or screen._dirty_widgets or screen._callbacks)


def _pumps(app: App[object]) -> list[MessagePump]:
    try:
        return [app, *app.screen.walk_children(with_self=True)]
    except ScreenStackError:
        return [app]


async def _until_screen_is_idle(_pilot: Pilot[object], _timeout: float = 30.0) -> bool:
    await until_idle()
    return True


def install(patch: pytest.MonkeyPatch) -> None:
    """Let pilots wait so."""
    for module in (textual_app, textual_pilot):
        patch.setattr(module, "wait_for_idle", until_idle)
    patch.setattr(Pilot, "_wait_for_screen", _until_screen_is_idle)
    patch.setattr(MessagePump, "_dispatch_message", _dispatch_counted)
