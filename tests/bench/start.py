"""Rows about start-up: from the fork of the process to the first painted login, in a pseudo-terminal.

The runs are interleaved, after one of each that only warms the page cache and the compiled modules. The
login is painted when its words have arrived; a yardstick when the first text of its own has.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from venv import EnvBuilder

from platformdirs import user_cache_path

from tests.bench.row import Row, ratio
from tests.bench.stopwatch import NO_KEYRING, Stopwatch

ROUNDS = 11
POSTING = "posting==2.11.1"
BESIDE = "tree-sitter==0.25.2"
"""With a newer one posting 2.11.1 dies of a segmentation fault before its first frame."""
INSTALL_S = 600.0


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
    """Against a bare app and, where it can be installed, against posting."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        ours, bare = _interleaved(OURS, BARE, home)
        rows = [_row("a bare app", ours, bare, limit=1.25)]
        try:
            posting = _installed()
            ours, theirs = _interleaved(OURS, posting, home)
        except (OSError, subprocess.SubprocessError, TimeoutError) as error:
            return [*rows, _row("posting", [1.0], [1.0], limit=0.45, void=f"posting: {type(error).__name__}")]
        return [*rows, _row(POSTING.replace("==", " "), ours, theirs, limit=0.45)]


def _row(yardstick: str, ours: list[float], theirs: list[float], *, limit: float, void: str = "") -> Row:
    what = f"start to painted login, against {yardstick}"
    return ratio(what, yardstick, ours, theirs, limit=limit, void=void)


def _interleaved(one: Program, other: Program, home: Path) -> tuple[list[float], list[float]]:
    times = [(_start(one, home), _start(other, home)) for _ in range(ROUNDS + 1)][1:]
    return [pair[0] for pair in times], [pair[1] for pair in times]


def _start(program: Program, home: Path) -> float:
    with Stopwatch(program.command, env={"HOME": str(home), **NO_KEYRING}) as terminal:
        return terminal.first(program.words) - terminal.started


def _installed() -> Program:
    """posting in a virtual environment of its own, kept in the user's cache folder between runs.

    Raises:
        OSError, subprocess.SubprocessError: it could not be installed.
    """
    folder = user_cache_path("vbem-bench") / f"{POSTING}-{BESIDE}"
    command = folder / "bin" / "posting"
    if not command.exists():
        EnvBuilder(with_pip=True, clear=True).create(folder)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", POSTING, BESIDE]
        subprocess.run(pip, check=True, timeout=INSTALL_S, capture_output=True, env=dict(os.environ))
    collection = folder / "collection"
    collection.mkdir(exist_ok=True)
    return Program(command=(str(command), "--collection", str(collection)), words=b"Posting")
