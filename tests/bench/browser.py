"""Rows about the list of points in a pseudo-terminal of 80x24, from Enter on the login to the whole list.

One run gives one sample: it logs on, the index fills while the cursor is moved up and down without pause,
then keys are pressed in the filter. First rows are seen when the cursor stands on one.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from statistics import median

from tests.bench.listing import bare_client, page
from tests.bench.row import Row, bound, quantile
from tests.bench.stopwatch import ROUNDS, Stopwatch, login_on
from tests.support.demo_process import DemoProcess
from tui.api.models import WireFormat

FIRST_ROWS_MS = 250.0
KEY_MS = 60.0
FILTER = tuple("sql-00 full")
LIMITS = {100_000: (60.0, 60.0), 1_000_000: (600.0, 500.0)}
"""By size: milliseconds of a filter key, megabytes over the empty app."""
SLOWEST_FILL_S = 300.0
TYPED_S = 0.4
QUIET_S = 0.4
"""What comes within so long after other bytes still belongs to the same key."""
ROWS_SEEN = 20
"""A page for the screen of the bench, for the raw client."""


@dataclass
class Runs:
    """What the runs gave: seconds and megabytes."""

    first_rows: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    while_filling: list[float] = field(default_factory=list)
    filter_keys: list[float] = field(default_factory=list)
    """The slowest of each run."""
    grown_mb: list[float] = field(default_factory=list)


def browser_rows(points: int, wire: WireFormat) -> list[Row]:
    """The rows at one size and in one format."""
    runs = Runs()
    with DemoProcess.start("--points", str(points), "--time-scale", "0") as demo:
        asyncio.run(_raw(demo, wire))
        for number in range(ROUNDS + 1):
            _run(demo, wire, runs if number else Runs())  # the first one only warms up
    size = f"{points:,} points, {wire.upper()}"
    key_ms, most_mb = LIMITS.get(points, LIMITS[100_000])
    over_raw = [(one - median(runs.raw)) * 1000 for one in runs.first_rows]
    waits = [one * 1000 for one in runs.while_filling]
    rows = [
        bound(
            f"Enter to first rows over the raw logon and page, {size}", over_raw, FIRST_ROWS_MS, "ms",
            note=f"raw {median(runs.raw) * 1000:.0f} ms",
        ),
        Row(
            what=f"key to paint while filling, p99, {size}", value=quantile(waits, 0.99), limit=KEY_MS,
            unit="ms", note=f"p50 {quantile(waits, 0.5):.1f} ms of {len(waits)} keys",
        ),
    ]  # fmt: skip
    if wire is WireFormat.XML:
        return rows
    return [
        *rows,
        bound(f"filter key to paint, {size}", [one * 1000 for one in runs.filter_keys], key_ms, "ms"),
        bound(f"memory over the empty app, {size}", runs.grown_mb, most_mb, "MB"),
    ]


async def _raw(demo: DemoProcess, wire: WireFormat) -> float:
    """Seconds of a bare client from nothing to the first page: connection, logon, page."""
    start = time.perf_counter()
    client = await bare_client(demo, wire)
    await page(client, 1, ROWS_SEEN)
    taken = time.perf_counter() - start
    await client.aclose()
    return taken


def _run(demo: DemoProcess, wire: WireFormat, runs: Runs) -> None:
    runs.raw.append(asyncio.run(_raw(demo, wire)))
    with login_on(demo, "--wire", wire) as terminal:
        empty_mb = terminal.resident_mb()
        terminal.send(demo.password)
        terminal.last(TYPED_S)
        entered = terminal.send("enter")
        terminal.until(lambda text: _cursor_line(text) is not None)
        runs.first_rows.append(terminal.arrived - entered)
        terminal.read_for(QUIET_S)
        runs.while_filling += _keys_while_filling(terminal)
        terminal.send("/")
        terminal.read_for(1.5)
        runs.grown_mb.append(terminal.resident_mb() - empty_mb)
        runs.filter_keys.append(max(_type(terminal, key) for key in FILTER))


def _cursor_line(text: str) -> int | None:
    """The line of the screen the list's cursor stands on; the headings carry the mark of the focus, too."""
    lines = enumerate(text.splitlines())
    return next((at for at, line in lines if line.startswith("> ") and not line.startswith("> VM ")), None)


def _has_moved(before: int | None, text: str) -> bool:
    return _cursor_line(text) not in {before, None}


def _keys_while_filling(terminal: Stopwatch) -> list[float]:
    """Down and up without pause until all is loaded; only keys answered before that count."""
    taken: list[float] = []
    end = time.monotonic() + SLOWEST_FILL_S
    while time.monotonic() < end:
        before = _cursor_line(terminal.text)
        sent = terminal.send("up" if len(taken) % 2 else "down")
        with suppress(TimeoutError):  # the list was filled meanwhile, or had but one row
            terminal.until(partial(_has_moved, before), 5.0)
        if "points loaded" in terminal.text:
            return taken
        taken.append(terminal.arrived - sent)
    raise TimeoutError(f"the list was not filled in {SLOWEST_FILL_S:g} s:\n{terminal.text}")


def _type(terminal: Stopwatch, key: str) -> float:
    """Seconds from a key in the filter to the last byte painted for it."""
    sent = terminal.send(key)
    terminal.next()
    return terminal.last(QUIET_S) - sent
