"""The outer edge: an unexpected error ends here as a redacted report, and never with exit code 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message
from textual.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

from tui.crash_report import report_crash

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
