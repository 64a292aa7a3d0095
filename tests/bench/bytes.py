"""Rows about the terminal: what an arrow key and an idle browser cost in bytes, in a real pseudo-terminal."""

from __future__ import annotations

import time
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench.row import Row
from tests.support.terminal import Terminal

ARROWS = 10
IDLE_S = 60.0


def terminal_rows() -> list[Row]:
    """80x24, the embedded server, the list of VMs."""
    with TemporaryDirectory() as home:
        env = {"HOME": home, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
        with Terminal.vbem("--demo", env=env) as terminal:
            terminal.until("Password")
            _read_for(terminal, 1.0)
            terminal.press("enter")
            terminal.until("Trust and remember")
            terminal.press("right", "enter")
            terminal.until("points loaded")
            _read_for(terminal, 2.0)
            arrows = [_cost(terminal, "down", 0.5) for _ in range(ARROWS)]
            idle = _cost(terminal, "", IDLE_S)
    return [
        Row(what="bytes per arrow key in view", yardstick="", value=median(arrows), limit=700, unit="B"),
        Row(what=f"bytes of an idle browser in {IDLE_S:g} s", yardstick="", value=idle, limit=300, unit="B"),
    ]


def _cost(terminal: Terminal, key: str, wait_s: float) -> float:
    before = len(terminal.raw)
    if key:
        terminal.press(key)
    _read_for(terminal, wait_s)
    return float(len(terminal.raw) - before)


def _read_for(terminal: Terminal, seconds: float) -> None:
    """Take in what the program writes for some time; `until` reads while its condition is false."""
    end = time.monotonic() + seconds
    terminal.until(lambda _: time.monotonic() >= end)
