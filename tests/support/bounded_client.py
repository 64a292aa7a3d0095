"""A client in a process of its own, with a ceiling on its memory: says how each call ended and what it took.

`python -m tests.support.bounded_client URL USER CERTIFICATE WIRE` reads the password from its first
line of input, logs on, and then makes one call for each line, answering in one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

from tests.fuzz.calls import CALLS, PAGE, Known, Operation
from tests.fuzz.oracle import check
from tests.support.clock import FixedWallClock
from tui.api.client import EnterpriseManager, Trust
from tui.api.errors import ManagerError
from tui.api.limits import Timeouts
from tui.api.models import ServerAddress, WireFormat

CEILING_BYTES = 2_000_000_000
"""Of address space: a gigabyte unpacked does not fit beside the program."""
QUICK = Timeouts(connect=5, read=5, write=5, read_total=8, write_total=8)


async def serve(url: str, user: str, certificate: str, wire: str) -> None:
    """Answer until the input ends."""
    manager = EnterpriseManager(
        ServerAddress.parse(url),
        trust=Trust(ca_file=Path(certificate)),
        wire=WireFormat(wire),
        timeouts=QUICK,
        clock=FixedWallClock(speed=1000),  # between two tries of a read
    )
    async with manager:
        await manager.log_on(user, sys.stdin.readline().rstrip("\n"))
        points = await manager.points_page(PAGE, 1)
        known = Known(point=points.items[0], root_uid=(await manager.hierarchy_roots())[0].uid)
        _say({"ready": True})
        for line in sys.stdin:
            _say(await _outcome(CALLS[line.strip()], manager, known))


async def _outcome(operation: Operation, manager: EnterpriseManager, known: Known) -> dict[str, object]:
    began, before = time.monotonic(), _peak_kb()
    error = ""
    try:
        check(await operation(manager, known))
    except ManagerError as expected:
        check(expected)
        error = type(expected).__name__
    except Exception as unforeseen:  # noqa: BLE001 - handed on to the test, which fails
        error = f"UNFORESEEN {unforeseen!r}"[:500]
    took = time.monotonic() - began
    return {"error": error, "seconds": round(took, 2), "grown_kb": _peak_kb() - before, "peak_kb": _peak_kb()}


def _peak_kb() -> int:
    # Not of getrusage: its peak begins with that of the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def _say(answer: dict[str, object]) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (CEILING_BYTES, CEILING_BYTES))
    asyncio.run(serve(*sys.argv[1:5]))
