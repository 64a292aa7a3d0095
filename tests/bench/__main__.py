"""Runs the benchmark, prints its table, and writes JSON where asked."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

from tests.bench.bytes import filling_rows, terminal_rows
from tests.bench.filling import browser_rows, slow_server_rows
from tests.bench.listing import json_rows, xml_rows
from tests.bench.memory import index_rows
from tests.bench.raw import raw_requests
from tests.bench.row import Row
from tests.bench.start import start_rows
from tests.bench.watching import watching_rows
from tests.support.demo_process import DemoProcess

Group = Callable[[], list[Row]]


def groups(points: int, xml_points: int, *, million: bool) -> dict[str, Group]:
    """The parts of the benchmark, by the name `--only` knows."""
    sizes = [points, 1_000_000] if million else [points]
    named: dict[str, Group] = {
        "start": start_rows,
        "list-json": lambda: _listed(json_rows, points),
        "list-xml": lambda: _listed(xml_rows, xml_points),
        "bytes": terminal_rows,
        "bytes-filling": filling_rows,
        "watch": watching_rows,
    }
    named["slow-server"] = lambda: slow_server_rows(points)
    for size in sizes:
        named[f"browser-{size}"] = lambda size=size: _browser(size)  # type: ignore[misc]
        named[f"index-{size}"] = lambda size=size: index_rows(size)  # type: ignore[misc]
    return named


def _listed(measure: Callable[..., object], points: int) -> list[Row]:
    with DemoProcess.start("--points", str(points), "--time-scale", "0") as demo:
        found = asyncio.run(measure(demo, points))  # type: ignore[arg-type, var-annotated]
    return list(found[0]) if isinstance(found, tuple) else list(found)


def _browser(points: int) -> list[Row]:
    with DemoProcess.start("--points", str(points), "--time-scale", "0") as demo:
        return browser_rows(demo, points, asyncio.run(raw_requests(demo, points)))


def facts() -> dict[str, object]:
    """What the numbers were measured with."""
    names = ("textual", "httpx", "msgspec", "xmltodict", "rich")
    return {
        "python": platform.python_version(),
        "machine": platform.platform(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg(),
        "versions": {name: version(name) for name in names},
    }


def _measured(chosen: dict[str, Group]) -> Iterator[Row]:
    for group in chosen.values():
        for row in group():
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()
            yield row


def main() -> int:
    """0 if every row that is not void holds, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--points", type=int, default=100_000, help="points on the server")
    parser.add_argument("--xml-points", type=int, default=20_000, help="points on the server for the XML row")
    parser.add_argument("--million", action="store_true", help="also the rows of 1,000,000 points")
    parser.add_argument("--only", default="", metavar="PART", help="only groups with PART in their name")
    parser.add_argument("--json", type=Path, help="write the rows and the machine to this file")
    options = parser.parse_args()
    known = groups(options.points, options.xml_points, million=options.million)
    chosen = {name: group for name, group in known.items() if options.only in name}
    if not chosen:
        parser.error(f"--only: none of {', '.join(known)}")
    rows = list(_measured(chosen))
    if options.json:
        report = {"machine": facts(), "rows": [row.facts() for row in rows]}
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row.void or row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
