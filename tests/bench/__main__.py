"""Runs the benchmark, prints its table, and writes JSON where asked."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from tests.bench.browser import browser_rows
from tests.bench.listing import listing_rows
from tests.bench.row import Row
from tests.bench.start import start_rows
from tests.bench.watching import line_rows, watching_rows
from tests.support.demo_process import DemoProcess
from tui.api.models import WireFormat

POINTS, XML_POINTS, MILLION = 100_000, 20_000, 1_000_000


def groups(*, million: bool) -> dict[str, Callable[[], list[Row]]]:
    """The parts of the benchmark, by the name `--only` knows."""
    json, xml = WireFormat.JSON, WireFormat.XML
    named: dict[str, Callable[[], list[Row]]] = {
        "start": start_rows,
        "list-json": partial(_listed, POINTS, json),
        "list-xml": partial(_listed, XML_POINTS, xml),
        "browser-json": partial(browser_rows, POINTS, json),
        "browser-xml": partial(browser_rows, XML_POINTS, xml),
        "line": line_rows,
        "watch": watching_rows,
    }
    if million:
        named["browser-million"] = partial(browser_rows, MILLION, json)
    return named


def _listed(points: int, wire: WireFormat) -> list[Row]:
    with DemoProcess.start("--points", str(points), "--time-scale", "0") as demo:
        return asyncio.run(listing_rows(demo, points, wire))


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


def main() -> int:
    """0 if every row that was not skipped holds, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--million", action="store_true", help="also the rows of 1,000,000 points")
    parser.add_argument("--only", default="", metavar="PART", help="only groups with PART in their name")
    parser.add_argument("--json", type=Path, help="write the rows and the machine to this file")
    parser.add_argument(
        "--old", type=Path, help="a file of --json; its values stand beside those of this run"
    )
    options = parser.parse_args()
    known = groups(million=options.million)
    chosen = {name: group for name, group in known.items() if options.only in name}
    if not chosen:
        parser.error(f"--only: none of {', '.join(known)}")
    old: dict[str, float] = {}
    if options.old:
        old = {row["what"]: row["value"] for row in json.loads(options.old.read_text("utf-8"))["rows"]}
    rows: list[Row] = []
    for group in chosen.values():
        for row in group():
            rows.append(row)
            sys.stdout.write(f"{row.line(old.get(row.what))}\n")
            sys.stdout.flush()
    if options.json:
        report = {"machine": facts(), "rows": [row.facts() for row in rows]}
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row.void or row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
