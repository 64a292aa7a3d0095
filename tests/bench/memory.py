"""Rows about the index alone: its memory, and how long a filter keystroke takes in it."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from tests.bench.row import Row
from tui.api.models.points import RestorePoint
from tui.points.filter_text import parse
from tui.points.index import PointIndex
from tui.points.view import VmView

NOW = datetime(2026, 11, 23, tzinfo=UTC)
POINTS_OF_A_VM = 30
KEYSTROKES = ("s", "sr", "srv", "srv1", "srv12", "srv12 type:full", "after:2d", "")
LIMITS_MB = {100_000: 60.0, 1_000_000: 500.0}
LIMITS_MS = {100_000: 60.0, 1_000_000: 600.0}


def filled(points: int) -> PointIndex:
    """An index of so many points, thirty of each VM, newest first as they come from a server."""
    index = PointIndex()
    vms = max(1, points // POINTS_OF_A_VM)
    for start in range(0, points, 500):
        index.add(_point(number, vms) for number in range(start, min(points, start + 500)))
    return index


def _point(number: int, vms: int) -> RestorePoint:
    vm = number % vms
    guid = f"5d2c7f10-0001-4a00-8000-{number:012x}"
    return RestorePoint(
        uid=f"urn:veeam:VmRestorePoint:{guid}",
        vm_name=f"srv{vm:05}",
        created=NOW - timedelta(seconds=number),
        name=f"srv{vm:05}@2026-11-23 00:00:00",
        point_type="Full" if number % 7 == 0 else "Increment",
        object_ref=f"urn:VMware:Vm:5d2c7f10-0001-4a00-8000-0000000000a1.vm-{vm}",
        server_uid="urn:veeam:BackupServer:1",
        server_name="vbr1",
        restore_point_id=f"5d2c7f10-0002-4a00-8000-{number // 500:012x}",
        restore_href="/api/vmRestorePoints/{id}?action=restore",
    )


def resident_mb() -> float:
    """Resident memory of this process."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def grown_mb(points: int) -> float:
    """How much a process of its own grows by filling an index."""
    code = (
        "from tests.bench.memory import filled, resident_mb; filled(1); before = resident_mb();"
        f"kept = filled({points}); print(resident_mb() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def index_rows(points: int, *, rounds: int = 5) -> list[Row]:
    """Memory and filter keystrokes at one size."""
    index = filled(points)
    view = VmView(index)
    view.update(index.vms)
    gc.collect()
    gc.freeze()
    worst: list[float] = []
    for _ in range(rounds):
        took = []
        for text in KEYSTROKES:
            start = time.perf_counter()
            view.narrow(parse(text, NOW))
            took.append(time.perf_counter() - start)
        worst.append(max(took))
    grown = grown_mb(points)
    return [
        Row(
            what=f"slowest filter keystroke, {points:,} points",
            yardstick="",
            value=median(worst) * 1000,
            limit=LIMITS_MS.get(points, 60.0),
            unit="ms",
            samples=tuple(worst),
        ),
        Row(
            what=f"memory of {points:,} points",
            yardstick="",
            value=grown,
            limit=LIMITS_MB.get(points, 60.0),
            unit="MB",
            samples=(grown,),
        ),
    ]
