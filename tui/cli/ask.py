"""Asking at the terminal, one plain question a line, as a screen reader can follow it."""

from __future__ import annotations

import getpass
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tui.cli.exit_codes import CommandError, ExitCode
from tui.sanitize import safe

MOST_CHOICES = 20
"""So many are read out; with more the operator types more of the name."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """Whoever sits at the terminal, or nobody."""

    can_ask: bool
    """Whether both the questions can be seen and the answers typed."""

    def ask(self, question: str) -> str:
        """Return what was typed, without blanks around it.

        Raises:
            CommandError: nobody is there, or whoever is stopped.
        """
        with _interruptible():
            sys.stderr.write(safe(question, cells=2000))
            sys.stderr.flush()
            typed = sys.stdin.readline()
        if not typed:
            sys.stderr.write("\n")
            raise CommandError("The questions were not answered to their end.", code=ExitCode.NOT_ALLOWED)
        return typed.strip()

    def ask_secret(self, question: str) -> str:
        """Return what was typed and not shown.

        Raises:
            CommandError: whoever is there stopped.
        """
        with _interruptible():
            try:
                return getpass.getpass(question)
            except EOFError as error:
                raise CommandError("No password was typed.", code=ExitCode.NOT_ALLOWED) from error

    def ask_yes(self, question: str) -> bool:
        """Return whether the answer is yes; it is asked again until it is a yes or a no."""
        while True:
            answer = self.ask(f"{question} (yes/no): ").lower()
            if answer in {"y", "yes"}:
                return True
            if answer in {"n", "no", ""}:
                return False

    def choose(self, question: str, choices: Sequence[str]) -> int:
        """Return the place of what was chosen, from 0.

        Raises:
            CommandError: nothing was chosen.
        """
        for number, choice in enumerate(choices[:MOST_CHOICES], 1):
            sys.stderr.write(f"{number}. {safe(choice, cells=200)}\n")
        if len(choices) > MOST_CHOICES:
            sys.stderr.write(f"{len(choices) - MOST_CHOICES} more are not shown.\n")
        while True:
            answer = self.ask(f"{question} (1 to {min(len(choices), MOST_CHOICES)}, empty stops): ")
            if not answer:
                raise CommandError("Nothing was chosen; nothing was sent.", code=ExitCode.NOT_ALLOWED)
            if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= min(len(choices), MOST_CHOICES):
                return int(answer) - 1


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl+C end a question: while one is open, nothing else runs.

    Raises:
        CommandError: it was pressed.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    # The event loop hears of signals by this descriptor: it must not hear of this one as well.
    loop_fd = signal.set_wakeup_fd(-1)
    try:
        yield
    except KeyboardInterrupt as error:
        sys.stderr.write("\n")
        raise CommandError(
            "Nothing was sent since the question.", code=ExitCode.INTERRUPTED, title="Stopped"
        ) from error
    finally:
        signal.signal(signal.SIGINT, before)
        signal.set_wakeup_fd(loop_fd)
