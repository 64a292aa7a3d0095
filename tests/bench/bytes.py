"""Rows about the terminal, a real pty: what a key, a screen, a filling and an idle browser cost in bytes."""

from __future__ import annotations

import time
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench.row import Row
from tests.bench.stopwatch import login_on
from tests.support.demo_process import DemoProcess
from tests.support.terminal import Terminal

ARROWS = 10
SCREENS = ("\x1bOP", "escape") * 3
"""The help over the list, and back."""
FILLS = 3
FILLING_LIMITS = {"full": 10_000, "low": 10_000}
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
            screens = [_cost(terminal, key, 0.5) for key in SCREENS]
            idle = _cost(terminal, "", IDLE_S)
    return [
        Row(what="bytes per arrow key in view", yardstick="", value=median(arrows), limit=700, unit="B"),
        Row(
            what="bytes to open the help or to close it",
            yardstick="",
            value=median(screens),
            limit=6_000,
            unit="B",
            samples=tuple(screens),
        ),
        Row(what=f"bytes of an idle browser in {IDLE_S:g} s", yardstick="", value=idle, limit=300, unit="B"),
    ]


def filling_rows() -> list[Row]:
    """80x24, from the first rows to the last of 100,000 points, at both paces."""
    with DemoProcess.start("--points", "100000", "--time-scale", "0") as demo:
        _fill(demo, "full")  # the server makes its pages now
        spent = {profile: [_fill(demo, profile) for _ in range(FILLS)] for profile in FILLING_LIMITS}
    return [
        Row(
            what=f"bytes while 100,000 points fill, {profile} pace",
            yardstick="",
            value=median(spent[profile]),
            limit=limit,
            unit="B",
            samples=tuple(spent[profile]),
        )
        for profile, limit in FILLING_LIMITS.items()
    ]


def _fill(demo: DemoProcess, profile: str) -> float:
    with login_on(demo, "--profile", profile) as terminal:
        terminal.send(demo.password, "enter")
        terminal.first(b"> ")
        before = len(terminal.raw)
        terminal.until("points loaded")
        return float(len(terminal.raw) - before)


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
