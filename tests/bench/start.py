"""Rows about start-up: from the fork of the process to the first painted login, in a pseudo-terminal.

The runs are interleaved, after one of each that only warms the page cache and the compiled modules.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.row import Row, ratio
from tests.bench.stopwatch import NO_KEYRING, ROUNDS, Stopwatch

AGAINST_BARE, AGAINST_POSTING = 1.3, 0.45


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is started, and the words that are painted first."""

    command: Sequence[str]
    words: bytes


OURS = Program(
    command=(sys.executable, "-m", "tui", "--server", "em.example.org"), words=b"Password (never stored)"
)
BARE = Program(command=(sys.executable, "-m", "tests.bench.bare"), words=b"Bare")


def start_rows() -> list[Row]:
    """Against a bare app and, where it is installed, against posting."""
    what = "start to painted login, against"
    with TemporaryDirectory() as folder:
        home = Path(folder)
        ours, bare = _interleaved(OURS, BARE, home)
        rows = [ratio(f"{what} a bare app", ours, bare, AGAINST_BARE, note="bare app")]
        posting = shutil.which("posting")
        if posting is None:
            void = "posting is not installed (pipx install posting)"
            return [*rows, Row(what=f"{what} posting", value=0, limit=AGAINST_POSTING, unit="x", void=void)]
        (home / "collection").mkdir()
        command = (posting, "--collection", str(home / "collection"))
        ours, theirs = _interleaved(OURS, Program(command=command, words=b"Posting"), home)
        return [*rows, ratio(f"{what} posting", ours, theirs, AGAINST_POSTING, note="posting")]


def _interleaved(one: Program, other: Program, home: Path) -> tuple[list[float], list[float]]:
    times = [(_start(one, home), _start(other, home)) for _ in range(ROUNDS + 1)][1:]
    return [pair[0] for pair in times], [pair[1] for pair in times]


def _start(program: Program, home: Path) -> float:
    with Stopwatch(program.command, env={"HOME": str(home), **NO_KEYRING}) as terminal:
        return terminal.first(program.words) - terminal.started
