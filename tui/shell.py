"""The shell around the screens: signals, the palette, and the outer edge where a defect becomes a report."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from textual.app import App
from textual.worker import Worker, WorkerState

from tui.crash_report import report_crash
from tui.terminal.hangup import terminal_fd, watch
from tui.terminal.key_queue import KeysInOrder
from tui.theme import VBEM_THEME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.app import SystemCommand
    from textual.screen import Screen

    from tui.config import Folders
    from tui.screens.base import VbemScreen


STUCK_S = 8.0
"""How long an orderly end may take once the terminal is gone."""


class Shell(KeysInOrder):
    """What any program of ours needs around its screens."""

    folders: Folders

    def __init__(self) -> None:
        super().__init__()
        self.farewell = ""
        """What is printed after the screens are gone."""
        self._dress()

    def _dress(self) -> None:
        """Take our colours before any stylesheet is read: a theme set later has all of them read again."""
        self.register_theme(VBEM_THEME)
        self.set_reactive(App.theme, VBEM_THEME.name)
        self.stylesheet.set_variables(self.get_css_variables())

    def on_ready(self) -> None:
        """The first frame is painted: what start-up made stays for good; garbage is collected from here."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()

    def in_flight_words(self) -> str:
        """What goes on at the server when this program ends; empty for nothing."""
        return ""

    def secrets(self) -> tuple[str, ...]:
        """What must never stand in a report."""
        return ()

    @property
    def full_screens(self) -> list[VbemScreen]:
        """The screens on the stack that are no dialogs, the uppermost last."""
        from tui.screens.base import VbemScreen

        return [screen for screen in self.screen_stack if isinstance(screen, VbemScreen)]

    @property
    def full_screen(self) -> VbemScreen | None:
        """The uppermost of them."""
        return next(reversed(self.full_screens), None)

    def tell(self, words: str, kind: str = "note", *, instead_of: str = "") -> None:
        """Say something that no screen asked for, beside what its status line says: that covers nothing.

        Args:
            words: whole sentences.
            kind: `note`, `good` or `bad`, as for the status line.
            instead_of: what was told before and is out of date now.
        """
        # A screen that was just pushed has no status line yet.
        self.call_after_refresh(self._tell_now, words, kind, instead_of)

    def _tell_now(self, words: str, kind: str, instead_of: str) -> None:
        full = self.full_screen
        if full is not None:
            full.take_back(instead_of)
            full.add(words, kind)

    # -- signals ------------------------------------------------------------------------------

    def catch_signals(self) -> None:
        """A lost line or a polite kill ends the program cleanly; restores go on at the server."""
        try:
            loop = asyncio.get_running_loop()
            for name in (signal.SIGHUP, signal.SIGTERM):
                loop.add_signal_handler(name, self._leave_now, name)
        except (NotImplementedError, RuntimeError, ValueError):
            # Not the main thread (tests), or a platform without these signals.
            return
        fd = None if self.is_headless else terminal_fd()
        if fd is not None:
            watch(fd, partial(self._hung_up, loop))

    def _hung_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """The terminal is gone, in the watcher's thread: leave as on its signal, which may be ignored."""
        # A loop that is closed has left already.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._leave_now, signal.SIGHUP)
        # A line that stalled before it broke leaves the loop stuck in a write that nothing ends: every row
        # is on disk, and the next start claims what a dead process owned.
        time.sleep(STUCK_S)
        os._exit(128 + signal.SIGHUP)

    def _leave_now(self, name: signal.Signals) -> None:
        self.farewell = self.in_flight_words()
        self.exit(return_code=128 + int(name))

    # -- help and palette ---------------------------------------------------------------------

    def action_help(self) -> None:
        """Show what each key does here."""
        from tui.screens.dialogs import HelpScreen

        name = getattr(self.screen, "NAME", "")
        if name and name != "help":
            self.push_screen(HelpScreen(name))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette lists the same table as the footer and the help."""
        from textual.app import SystemCommand

        from tui.actions import actions_of, spell_keys

        offered: set[str] = set()
        for action in actions_of(getattr(screen, "NAME", "")):
            target = (
                action.name
                if "." in action.name
                else f"{'app' if action.screen == 'app' else 'screen'}.{action.name}"
            )
            if action.name != "command_palette" and not action.is_a_move and target not in offered:
                offered.add(target)
                words = f"{spell_keys(action)}: {action.help}"
                yield SystemCommand(action.label, words, self._runner(target))

    def _runner(self, action: str) -> Callable[[], object]:
        return lambda: self.call_later(self.run_action, action)

    def action_interrupt(self) -> None:
        """Ctrl+C: stop what is loading, else ask to quit."""
        stop = getattr(self.screen, "stop_loading", None)
        if stop is not None and stop():
            return
        self.run_worker(self.run_action("ask_to_quit"), exclusive=False)

    # -- the outer edge -----------------------------------------------------------------------

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Workers of the app itself; those of screens come by `report_worker`."""
        self.report_worker(event)

    def report_worker(self, event: Worker.StateChanged) -> None:
        """A worker that failed in an unforeseen way is reported, and the program goes on."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            path = report_crash(self.folders.state, event.worker.error, self.secrets())
            words = (
                f"Something unforeseen went wrong while trying to {event.worker.description}. Report: {path}"
            )
            self.tell(words, "bad")

    def _handle_exception(self, error: Exception) -> None:
        """Textual's own ending prints local variables, which may hold secrets: write a report instead."""
        path = report_crash(self.folders.state, error, self.secrets())
        self.farewell = f"vbem stopped because of a defect of its own. Report: {path}"
        self._return_code = 70
        self._exception = error
        self._exception_event.set()
        self._close_messages_no_wait()
