"""Rows about the browser itself, in a pseudo-terminal of 80x24, from the logon to the whole list.

One run of the program gives one sample of most rows: it logs on, the index fills while the cursor is moved
up and down without pause, then keys are pressed on the idle list and in the filter. First rows are visible
when the first frame with the cursor on a row has arrived: counted from the end of the logon, the moment the
browser is asked for, and counted from Enter behind the password.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench.hooked import ADMITTED
from tests.bench.raw import TYPED_S, RawRequests, raw_requests
from tests.bench.row import Row, quantile, ratio
from tests.bench.stopwatch import Stopwatch, login_on
from tests.support.demo_process import DemoProcess

ROUNDS = 5
IDLE_KEYS = 40
SLOW_S = 0.01
FROM_ENTER = 10.0
"""Half again what it was when it was first measured: nobody has set a bound for it."""
SLOWEST_FILL_S = 180.0
QUIET_S = 0.4
"""What comes within so long after other bytes still belongs to the same keystroke."""
FILTER = tuple("sql-00 full")
LIMITS = {100_000: (60.0, 60.0), 1_000_000: (600.0, 500.0)}
"""By size: milliseconds of a filter keystroke, megabytes over the empty app."""


@dataclass(kw_only=True)
class Runs:
    """What the runs gave: seconds and megabytes."""

    first_rows: list[float] = field(default_factory=list)
    from_enter: list[float] = field(default_factory=list)
    while_filling: list[float] = field(default_factory=list)
    while_idle: list[float] = field(default_factory=list)
    keystrokes: list[float] = field(default_factory=list)
    """The slowest filter keystroke of each run."""
    empty_mb: float = 0.0
    grown: list[float] = field(default_factory=list)


def browser_rows(demo: DemoProcess, points: int, raw: RawRequests, *, rounds: int = ROUNDS) -> list[Row]:
    """The rows at one size.

    Args:
        demo: a server with that many points.
        points: how many.
        raw: what it takes to have the first page as bytes.
        rounds: how many runs of the program.
    """
    runs = Runs()
    for _ in range(rounds):
        _run(demo, runs)
    limit_ms, limit_mb = LIMITS.get(points, LIMITS[100_000])
    idle, busy = quantile(runs.while_idle, 0.5), quantile(runs.while_filling, 0.99)
    size = f"{points:,} points"
    return [
        ratio(
            f"first rows visible, {size}",
            "one raw request and its connection",
            runs.first_rows,
            raw.with_connection,
            limit=3.0,
        ),
        ratio(
            f"first rows visible, {size}",
            f"one raw request behind a bare logon; the same in a row {median(raw.in_a_row) * 1000:.2f} ms",
            runs.first_rows,
            raw.behind_logon,
            limit=3.0,
        ),
        ratio(
            f"Enter to first rows, {size}",
            "a bare client's connection, logon and request",
            runs.from_enter,
            raw.from_nothing,
            limit=FROM_ENTER,
        ),
        Row(
            what=f"key to paint while {size} fill, p99, to idle p50",
            yardstick=f"idle p50 {idle * 1000:.1f} ms; filling p50 "
            f"{quantile(runs.while_filling, 0.5) * 1000:.1f}, p99 {busy * 1000:.1f} ms of 50, "
            f"{len(runs.while_filling)} keys; idle",
            value=max(busy / idle, 3.0 * busy / 0.050),
            limit=3.0,
            unit="x",
            samples=tuple(runs.while_filling),
            yardstick_samples=tuple(runs.while_idle),
        ),
        _plain(f"filter keystroke to paint, {size}", [one * 1000 for one in runs.keystrokes], limit_ms, "ms"),
        _plain(f"memory over the login, {size}", runs.grown, limit_mb, "MB"),
    ]


def _plain(what: str, samples: list[float], limit: float, unit: str) -> Row:
    return Row(what=what, yardstick="", value=median(samples), limit=limit, unit=unit, samples=tuple(samples))


def slow_server_rows(points: int, *, rounds: int = ROUNDS) -> list[Row]:
    """First rows where the server takes its time: the embedded one answers from memory."""
    runs = Runs()
    with DemoProcess.start("--points", str(points), "--time-scale", "0") as demo:
        demo.control("fault", spec=f"slow:{SLOW_S:g}@list")
        raw = asyncio.run(raw_requests(demo, points))
        for _ in range(rounds):
            with _logged_on(demo, runs):
                pass
    return [
        ratio(
            f"first rows visible, {SLOW_S * 1000:g} ms a list request",
            "one raw request behind a bare logon",
            runs.first_rows,
            raw.behind_logon,
            limit=3.0,
        )
    ]


@contextmanager
def _logged_on(demo: DemoProcess, runs: Runs) -> Iterator[Stopwatch]:
    """The program with its first rows on the screen; notes what they took, and the memory before."""
    with TemporaryDirectory() as folder:
        admitted = Path(folder) / "admitted"
        with login_on(demo, env={ADMITTED: str(admitted)}) as terminal:
            runs.empty_mb = terminal.resident_mb()
            terminal.send(demo.password)
            terminal.last(TYPED_S)
            entered = terminal.send("enter")
            shown = _first_rows(terminal)
            runs.from_enter.append(shown - entered)
            yield terminal
            while not admitted.exists():
                terminal.read_for(0.01)
            runs.first_rows.append(shown - float(admitted.read_text(encoding="ascii")))


def _run(demo: DemoProcess, runs: Runs) -> None:
    with _logged_on(demo, runs) as terminal:
        runs.while_filling += _keys_while_filling(terminal)
        terminal.read_for(1.5)
        runs.grown.append(terminal.resident_mb() - runs.empty_mb)
        runs.while_idle += [_move(terminal, "up" if n % 2 else "down") for n in range(IDLE_KEYS)]
        runs.keystrokes.append(max(_type(terminal, key) for key in FILTER))


def _first_rows(terminal: Stopwatch) -> float:
    """When the cursor stood on a row: that is the frame with the first rows."""
    terminal.until(lambda text: _cursor_line(text) is not None)
    return terminal.arrived


def _cursor_line(text: str) -> int | None:
    """The line of the screen the list's cursor stands on."""
    return next((number for number, line in enumerate(text.splitlines()) if line.startswith("> ")), None)


def _keys_while_filling(terminal: Stopwatch) -> list[float]:
    """Down and up without pause until all is loaded; only keys answered before that count."""
    taken: list[float] = []
    end = time.monotonic() + SLOWEST_FILL_S
    while time.monotonic() < end:
        took = _move(terminal, "up" if len(taken) % 2 else "down")
        if "points loaded" in terminal.text:
            return taken
        taken.append(took)
    raise TimeoutError(f"the list was not filled in {SLOWEST_FILL_S:g} s:\n{terminal.text}")


def _move(terminal: Stopwatch, key: str) -> float:
    """Seconds from an arrow key to the frame with the cursor on another line."""
    before = _cursor_line(terminal.text)
    sent = terminal.send(key)
    with suppress(TimeoutError):  # the cursor stood at the list's end, and a short list was filled meanwhile
        terminal.until(lambda text: _cursor_line(text) not in {before, None}, 5.0)
    return terminal.arrived - sent


def _type(terminal: Stopwatch, key: str) -> float:
    """Seconds from a key in the filter to the last byte painted for it."""
    sent = terminal.send(key)
    terminal.next()
    return terminal.last(QUIET_S) - sent
