"""When an app is at rest, told by its messages: Textual's pilot asks how busy the processor is instead.

That is wrong on a busy machine, where a process that gets no time looks idle, and slow on a quiet one.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from textual import app as textual_app
from textual import pilot as textual_pilot
from textual._context import NoActiveAppError, active_app
from textual.app import App, ScreenStackError
from textual.message_pump import MessagePump

from tests.support.waiting import patience_s

QUIET_ROUNDS = 16
"""Rounds of the event loop without a message: a burst's next key comes after some."""
FRAME_S = 0.005
LONGEST_S = 10.0
"""A handler that waits for somebody else keeps nobody waiting for longer, on a quiet machine."""


async def until_idle(min_sleep: float = 0.0, max_sleep: float = LONGEST_S) -> None:
    """Wait until everybody on the screen has handled what was there, and nothing came of it."""
    del max_sleep
    app: App[object] | None = None
    with suppress(LookupError, NoActiveAppError):
        app = active_app.get()
    if app is None or not app.is_running:
        await asyncio.sleep(min_sleep)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(patience_s(LONGEST_S)):
            await asyncio.sleep(min_sleep)
            await _all_handled(app)
            quiet = 0
            while quiet < QUIET_ROUNDS:
                is_to_be_painted = _is_to_be_painted(app)
                await asyncio.sleep(FRAME_S if is_to_be_painted else 0)
                is_busy = is_to_be_painted or any(pump.message_queue_size for pump in _pumps(app))
                quiet = 0 if is_busy else quiet + 1
            await _all_handled(app)


async def _all_handled(app: App[object]) -> None:
    """Wait until each of them has come to what is asked of it now."""
    waiting = [done for pump in _pumps(app) if (done := _asked(pump)) is not None]
    if waiting:
        await asyncio.wait(waiting)


def _is_to_be_painted(app: App[object]) -> bool:
    """Whether the screen waits for its timer of frames; nothing public tells."""
    screen = app.screen_stack[-1] if app.is_running and app.screen_stack else None
    if screen is None or not screen.is_current:
        return False
    layout, repaint = screen._layout_required, screen._repaint_required
    return bool(layout or repaint or screen._dirty_widgets or screen._callbacks)


def _asked(pump: MessagePump) -> asyncio.Future[None] | None:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def handled() -> None:
        if not done.done():
            done.set_result(None)

    return done if pump.call_later(handled) else None


def _pumps(app: App[object]) -> list[MessagePump]:
    try:
        return [app, *app.screen.walk_children(with_self=True)]
    except ScreenStackError:
        return [app]


def install(patch: pytest.MonkeyPatch) -> None:
    """Let pilots wait so."""
    for module in (textual_app, textual_pilot):
        patch.setattr(module, "wait_for_idle", until_idle)
