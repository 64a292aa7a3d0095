"""What a command writes: a table for people or one JSON object on standard output, the rest on stderr.

Foreign text is made harmless before it reaches a terminal; JSON holds it as the server sent it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TextIO

from rich.cells import cell_len

from tui.sanitize import safe

JSON_VERSION = 1
"""Of every JSON object: higher where a field changes its meaning; new fields may come at any time."""
_GAP = "  "


@dataclass(kw_only=True)
class Output:
    """Where a command writes to."""

    is_json: bool = False
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    has_document: bool = False
    """Whether the one JSON object was written."""
    is_broken: bool = False
    """Whether standard output was closed by whoever read it."""
    why_lost: str = ""
    """Why something could not be written; empty while all was."""
    _bar: str = ""

    @property
    def shows_progress(self) -> bool:
        """Return whether a line that is written over and over can be seen."""
        return self.stderr.isatty()

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
        """Write a table for people; nothing where JSON is wanted, or there are no rows."""
        if not rows:
            return
        cells = [[safe(cell, cells=200) for cell in row] for row in (headings, *rows)]
        widths = [max(cell_len(row[place]) for row in cells) for place in range(len(headings))]
        self.lines(
            _GAP.join(
                cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
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
            self.is_broken = True
            _to_nowhere(stream)
        except OSError as error:
            self.why_lost = error.strerror or str(error)
            _to_nowhere(stream)


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
