"""Runs the benchmark, prints its table, and writes JSON where asked."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from tests.bench.bytes import terminal_rows
from tests.bench.listing import json_rows, xml_rows
from tests.bench.memory import index_rows
from tests.bench.row import Row
from tests.support.demo_process import DemoProcess


async def _listing(points: int, xml_points: int) -> list[Row]:
    with DemoProcess.start("--points", str(points), "--time-scale", "0") as demo:
        rows, _ = await json_rows(demo, points)
    with DemoProcess.start("--points", str(xml_points), "--time-scale", "0") as demo:
        return rows + await xml_rows(demo, xml_points)


def main() -> int:
    """0 if every row that is not void holds, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--points", type=int, default=100_000, help="points on the server")
    parser.add_argument("--xml-points", type=int, default=20_000, help="points on the server for the XML row")
    parser.add_argument("--million", action="store_true", help="also the rows of 1,000,000 points")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    options = parser.parse_args()
    rows = asyncio.run(_listing(options.points, options.xml_points)) + index_rows(options.points)
    rows += terminal_rows()
    if options.million:
        rows += index_rows(1_000_000)
    sys.stdout.write("\n".join(map(str, rows)) + "\n")
    if options.json:
        facts = [row.facts() for row in rows]
        options.json.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row.void or row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
