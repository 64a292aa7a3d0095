"""An app as a program at the far end of a line needs it: keys in order, hang-up, signals, crash reports."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

from textual import on
from textual.driver import Driver
from textual.events import Event, Key, Paste
from textual.worker import Worker, WorkerState

from tui.terminal.capabilities import Colours
from tui.terminal.clipboard import sequence
from tui.terminal.crash_edge import EXIT_CRASH, CrashEdge, WorkerFailed, failure_of, terminal_fd, watch
from tui.terminal.input import TerminalDriver, ThreadFailed, UnreadableInput
from tui.terminal.key_queue import KeyQueue
from tui.terminal.rendering import SinglePaintApp

STUCK_S = 20.0
"""How long an orderly end may take after a signal: more than journal, keyring and log-off take together."""
NOT_UTF8 = (
    "The terminal sent a byte that is not UTF-8; it stands as a replacement character where you typed. "
    "Set the terminal to UTF-8."
)


READ_S = 5.0
"""How long that stays at least; then the next key that is understood takes it away."""


class TerminalApp(SinglePaintApp):
    """Takes keys one by one, ends cleanly when the line is lost, and turns defects into reports.

    Args:
        state_folder: where crash reports go.
    """

    def __init__(self, state_folder: Path) -> None:
        super().__init__()
        self.farewell = ""
        """What is printed after the screens are gone."""
        self.key_queue = KeyQueue(self)
        self.crash_edge = CrashEdge(state_folder, self.secrets)
        self._unreadable_s: float | None = None
        """When a byte came that is no UTF-8, as long as that is shown."""

    @property
    def exit_code(self) -> int:
        """Return the exit code of the program; it is never 0 unless somebody has quit."""
        return EXIT_CRASH if self.return_code is None else self.return_code

    def secrets(self) -> Iterable[str]:
        """Return what must never be in a crash report."""
        return ()

    def last_words(self) -> str:
        """Return what is worth saying when the program ends now."""
        return ""

    def show_notice(self, text: str, kind: str = "note") -> None:
        """Say something that no screen asked for."""

    def show_notice_instead(self, text: str, kind: str, before: str) -> None:
        """Say something in place of what was said before; nothing, where it is empty."""

    def get_driver_class(self) -> type[Driver]:
        return TerminalDriver

    @property
    def backlog(self) -> int:
        return self._driver.backlog if isinstance(self._driver, TerminalDriver) else 0

    @property
    def colours(self) -> Colours:
        return self._driver.colours if isinstance(self._driver, TerminalDriver) else super().colours

    def copy_to_clipboard(self, text: str) -> None:
        self._clipboard = text
        if self._driver is not None:
            # Textual's own sequence ends at tmux and GNU screen.
            self._driver.write(sequence(text, os.environ))

    def show_title(self, words: str) -> None:
        """Set the title of the terminal, until the program ends."""
        if words and isinstance(self._driver, TerminalDriver):
            self._driver.show_title(words)

    def on_ready(self) -> None:
        # Start-up looks at no garbage (cli): a tenth of the time to the first frame would go into it.
        gc.enable()

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            if not self.key_queue.admits(event):
                return
            self._key_understood(event)
        await super().on_event(event)

    # -- signals ------------------------------------------------------------------------------

    def catch_signals(self) -> None:
        """End cleanly on a lost line or a polite kill."""
        try:
            loop = asyncio.get_running_loop()
            for name in (signal.SIGHUP, signal.SIGTERM):
                loop.add_signal_handler(name, self._leave_now, name)
            loop.set_exception_handler(self._task_failed)
        except (NotImplementedError, RuntimeError, ValueError):
            # Not the main thread (tests), or a platform without these signals.
            return
        if self.is_headless:
            return
        threading.excepthook = self._thread_died
        fd = terminal_fd()
        if fd is not None:
            watch(fd, partial(self._hung_up, loop))

    def _hung_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Leave as on the hang-up signal, which may be ignored; called in the watcher's thread."""
        # A loop that is closed has left already.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._leave_now, signal.SIGHUP)
        _end_by_force(signal.SIGHUP)

    def _leave_now(self, name: signal.Signals) -> None:
        if not self.is_headless:
            Thread(target=_end_by_force, args=(name,), name="end by force", daemon=True).start()
        self.farewell = self.last_words()
        self.exit(return_code=128 + int(name))

    # -- the outer edge -----------------------------------------------------------------------

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            self.report_failure(failure_of(event.worker))

    @on(WorkerFailed)
    def report_failure(self, failed: WorkerFailed) -> None:
        self.show_notice(self.crash_edge.survive(failed.doing, failed.error), "bad")

    @on(UnreadableInput)
    def _say_unreadable(self, came: UnreadableInput) -> None:
        self._unreadable_s = came.time
        self.show_notice(NOT_UTF8, "bad")

    def _key_understood(self, event: Key | Paste) -> None:
        """Take back that a byte was not, once that has stood long enough to be read."""
        if self._unreadable_s is None or event.time - self._unreadable_s < READ_S:
            return
        if isinstance(event, Paste) or event.character != "\N{REPLACEMENT CHARACTER}":
            self._unreadable_s = None
            self.show_notice_instead("", "note", NOT_UTF8)

    def _thread_died(self, died: threading.ExceptHookArgs) -> None:
        """End as after any defect where a thread of the screens died; called in that thread."""
        if isinstance(died.exc_value, Exception):
            self.post_message(ThreadFailed(died.exc_value))

    @on(ThreadFailed)
    def _end_of_thread(self, failed: ThreadFailed) -> None:
        if isinstance(failed.error, OSError):
            # It reads or writes the terminal, which is gone: the watcher may not have seen it yet.
            self._leave_now(signal.SIGHUP)
        else:
            self._handle_exception(failed.error)

    def _task_failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Report what no task and no callback has handled; the program goes on."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self.report_failure(WorkerFailed("do something in the background", error))
        elif error is not None:
            loop.default_exception_handler(context)

    def _handle_exception(self, error: Exception) -> None:
        """Write a report; Textual would print local variables, which may hold secrets."""
        self.farewell = self.crash_edge.end(error)
        self._return_code = EXIT_CRASH
        self._exception = error
        self._exception_event.set()
        self._close_messages_no_wait()


def _end_by_force(name: signal.Signals) -> None:
    """End the process where an orderly end takes too long: its last writes may wait for a line that is stuck.

    Every row is on disk, and the next start claims what a dead process owned.
    """
    time.sleep(STUCK_S)
    os._exit(128 + name)
