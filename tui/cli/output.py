"""What a command writes and asks: a table or one JSON object on standard output, all else on standard error.

Foreign text is made harmless before it reaches a terminal; JSON holds it as the server sent it. Questions are
plain, one a line, as a screen reader can follow them.
"""

from __future__ import annotations

import getpass
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TextIO

from rich.cells import cell_len

from tui.cli.exit_codes import CommandError, ExitCode
from tui.sanitize import cut, safe

JSON_VERSION = 1
"""Of every JSON object: higher where a field changes its meaning; new fields may come at any time."""
_GAP = "  "
_LEAST_CELLS = 24
"""A column that is cut to less says nothing."""
MOST_CHOICES = 20
"""So many are read out at once."""


@dataclass(kw_only=True)
class Output:
    """Where a command writes to."""

    is_json: bool = False
    is_plain: bool = False
    """Whether nothing is written over: a screen reader reads each line once."""
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    has_document: bool = False
    """Whether the one JSON object was written."""
    why_lost: str = ""
    """Why something could not be written; empty while all was."""
    _bar: str = ""

    @property
    def shows_progress(self) -> bool:
        """Return whether a line that is written over and over can be seen."""
        return self.stderr.isatty() and not self.is_plain

    def say(self, sentence: str) -> None:
        """Write a sentence to standard error."""
        self.clear_progress()
        self._write(self.stderr, safe(sentence, cells=4000))

    def lines(self, lines: Iterable[str]) -> None:
        """Write lines for people to standard output; nothing where JSON is wanted."""
        if not self.is_json:
            self.clear_progress()
            for line in lines:
                self._write(self.stdout, safe(line, cells=4000))

    def text(self, text: str) -> None:
        """Write a whole document that is harmless already to standard output."""
        self.clear_progress()
        self._write(self.stdout, text.rstrip("\n"))

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table for people; nothing where JSON is wanted, or there are no rows.

        On a terminal the last columns that do not fit its width are left out, so they are the least needed
        ones; a sentence in the last place is cut instead. A pipe gets all.
        """
        if not rows:
            return
        cells = [[safe(cell, cells=200) for cell in row] for row in (headings, *rows)]
        widths = [max(cell_len(row[place]) for row in cells) for place in range(len(headings))]
        if self.stdout.isatty():
            widths = widths_that_fit(widths, shutil.get_terminal_size().columns)
        self.lines(
            _GAP.join(
                cut(cell, width) + " " * (width - cell_len(cell))
                for cell, width in zip(row, widths, strict=False)
            ).rstrip()
            for row in cells
        )

    def document(self, name: str, rows: Iterable[Mapping[str, object]], **facts: object) -> None:
        """Write the one JSON object; nothing where it is not wanted.

        Args:
            name: of the array.
            rows: its items.
            facts: further fields of the object.
        """
        if self.is_json:
            self.has_document = True
            self.clear_progress()
            found = {"version": JSON_VERSION, **facts, name: list(rows)}
            # Every character above 127 is escaped: what reads it may have another locale.
            self._write(self.stdout, json.dumps(found, indent=2, default=_plain))

    def progress(self, words: str) -> None:
        """Write over the last line of a terminal; nothing where standard error is none."""
        if self.shows_progress and words != self._bar:
            shown = safe(words, cells=78)
            self.stderr.write(f"\r{shown}{' ' * max(0, cell_len(self._bar) - cell_len(shown))}")
            self.stderr.flush()
            self._bar = shown

    def clear_progress(self) -> None:
        """Take the line of `progress` away."""
        if self._bar:
            self.stderr.write(f"\r{' ' * cell_len(self._bar)}\r")
            self._bar = ""

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            stream.write(f"{text}\n")
            stream.flush()
        except BrokenPipeError:
            # Whoever read it, as `head` does, has enough; what is being done goes on and says how it ended.
            _to_nowhere(stream)
        except OSError as error:
            self.why_lost = error.strerror or str(error)
            _to_nowhere(stream)


def widths_that_fit(widths: list[int], room: int) -> list[int]:
    """Return the widths of the first columns that fit, the last of them perhaps narrower."""
    fitting = list(widths)
    while len(fitting) > 1 and sum(fitting) + len(_GAP) * (len(fitting) - 1) > room:
        last = fitting.pop()
        left = room - sum(fitting) - len(_GAP) * len(fitting)
        if _LEAST_CELLS <= left < last:
            return [*fitting, left]
    return fitting


def _to_nowhere(stream: TextIO) -> None:
    """Let nothing that is still in the buffer turn the exit code into Python's own 120."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def stamp(moment: datetime | None) -> str | None:
    """Return a moment for JSON: ISO 8601 in UTC; None where there is none."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _plain(value: object) -> object:
    return stamp(value) if isinstance(value, datetime) else str(value)


def _no_utf8() -> CommandError:
    return CommandError(
        "The terminal sent a byte that is not UTF-8.",
        code=ExitCode.NOT_ALLOWED,
        title="What was typed cannot be read",
        hint="Type it again at a terminal that is set to UTF-8.",
    )


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
            try:
                typed = sys.stdin.readline()
            except UnicodeDecodeError as error:
                raise _no_utf8() from error
        if not typed:
            sys.stderr.write("\n")
            raise _unanswered("The input has ended.")
        return typed.strip()

    def ask_secret(self, question: str) -> str:
        """Return what was typed and not shown.

        Raises:
            CommandError: whoever is there stopped, or what was typed cannot be read.
        """
        with _interruptible():
            try:
                return getpass.getpass(question)
            except EOFError as error:
                raise _unanswered("No password was typed.") from error
            except UnicodeDecodeError:
                pass
        # Out of the handler: the error of the decoder holds the password.
        raise _no_utf8()

    def ask_yes(self, question: str, *, default: bool = False) -> bool:
        """Return whether the answer is yes; it is asked again until it is a yes or a no.

        Args:
            question: the question.
            default: what Enter alone means: the safe answer.
        """
        while True:
            answer = self.ask(f"{question} (yes or no; Enter is {'yes' if default else 'no'}): ").lower()
            if answer in {"y", "yes"}:
                return True
            if answer in {"n", "no"}:
                return False
            if not answer:
                return default
            sys.stderr.write("Type yes or no.\n")

    def choose(self, question: str, choices: Sequence[str], *, may_stop: bool = True) -> int:
        """Return the place of what was chosen, from 0.

        Args:
            question: the question.
            choices: what there is.
            may_stop: whether Enter alone chooses nothing.

        Raises:
            CommandError: nothing was chosen.
        """
        most = self._read_out(choices, 0)
        while True:
            more = f"; m reads out more of {len(choices)}" if most < len(choices) else ""
            answer = self.ask(f"{question} (1 to {most}{more}{'; Enter stops' if may_stop else ''}): ")
            if more and answer.lower() == "m":
                most = self._read_out(choices, most)
                continue
            if not answer and may_stop:
                raise _unanswered("Nothing was chosen; nothing was sent.")
            if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= most:
                return int(answer) - 1
            sys.stderr.write(f"Type a number from 1 to {most}.\n")

    @staticmethod
    def _read_out(choices: Sequence[str], first: int) -> int:
        """Write the next choices, from that place on; return how many were written by now."""
        for number, choice in enumerate(choices[first : first + MOST_CHOICES], first + 1):
            sys.stderr.write(f"{number}. {safe(choice, cells=200)}\n")
        return min(len(choices), first + MOST_CHOICES)


def _unanswered(why: str) -> CommandError:
    return CommandError(why, code=ExitCode.NOT_ALLOWED, title="A question was not answered")


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
