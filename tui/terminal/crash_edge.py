"""The outer edges: an unexpected error ends here as a report, and never with 0; a terminal that hangs up."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING

from textual.message import Message
from textual.worker import Worker

from tui.crash_report import report_crash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

EXIT_CRASH = 70
"""The exit code after a bug of our own (EX_SOFTWARE of sysexits)."""


class WorkerFailed(Message):
    """A worker of a screen or a dialog ended by an unexpected error."""

    def __init__(self, doing: str, error: BaseException) -> None:
        super().__init__()
        self.doing = doing
        """Completes the sentence 'while trying to ...'."""
        self.error = error


def failure_of(worker: Worker[object]) -> WorkerFailed:
    """Return the message for the app about a worker that has failed."""
    return WorkerFailed(worker.description, worker.error or RuntimeError("It ended without an error."))


class CrashEdge:
    """Writes the reports of one program.

    Args:
        state_folder: where reports go.
        secrets: gives what must not be in one.
    """

    def __init__(self, state_folder: Path, secrets: Callable[[], Iterable[str]]) -> None:
        self._state_folder = state_folder
        self._secrets = secrets

    def survive(self, doing: str, error: BaseException) -> str:
        """Report an error after which the program goes on; return the sentence to show."""
        path = report_crash(self._state_folder, error, self._secrets())
        return f"An unexpected error occurred while trying to {doing}. Report: {path}"

    def end(self, error: BaseException) -> str:
        """Report an error that ends the program; return the sentence to leave behind."""
        path = report_crash(self._state_folder, error, self._secrets())
        return f"vbem stopped because of a bug. Report: {path}"


_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL if hasattr(select, "poll") else 0
"""POLLHUP, POLLERR and POLLNVAL, which are reported unasked."""


def terminal_fd() -> int | None:
    """Return the terminal that keys come from; None where that is none, or it cannot be watched here."""
    if sys.__stdin__ is None or not hasattr(select, "poll"):
        return None
    try:
        fd = sys.__stdin__.fileno()
        return fd if os.isatty(fd) else None
    except (OSError, ValueError):
        return None


def watch(fd: int, notify: Callable[[], object]) -> Thread:
    """Call `notify` once, from a thread of its own, when the terminal hangs up.

    The thread costs nothing while it waits, and holds up no exit.
    """

    def wait() -> None:
        poll = select.poll()
        poll.register(fd, 0)
        while not any(event & _GONE for _, event in poll.poll()):
            pass
        notify()

    watcher = Thread(target=wait, name="hang-up", daemon=True)
    watcher.start()
    return watcher
