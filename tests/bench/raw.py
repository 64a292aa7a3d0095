"""The yardsticks of the first rows: one raw request, with and without its connection and a logon.

It comes as the browser's comes: somebody types for a while, logs on, and the page is asked for.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass

import httpx

from tests.bench.listing import Line
from tests.bench.stopwatch import LINES
from tests.support.demo_process import DemoProcess
from tui.api.models import WireFormat
from tui.points.loader import first_page

TIMES = 11
TYPED_S = 0.4
"""How long nothing happens before Enter, here as in the runs of the program."""
POINTS = first_page(LINES)
"""Of the page the browser asks for first in the terminal of the bench."""
_QUERY = "/api/query?type=VmRestorePoint&format=Entities&sortDesc=CreationTime"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequests:
    """Seconds to the newest page as bytes, nothing parsed."""

    behind_logon: list[float]
    """The request alone, right behind a logon on the connection the logon came over, as the browser's is."""
    in_a_row: list[float]
    """The same again and again on one connection, without a pause: half of what one takes that comes after a
    pause of 50 ms on the same connection (1.0 ms and 2.3, measured once)."""
    with_connection: list[float]
    """Logged on already: connection, handshake, and the request."""
    from_nothing: list[float]
    """A new client: connection, handshake, logon, and the request."""


async def raw_requests(demo: DemoProcess, points: int) -> RawRequests:
    """All of them, after one of each that only warms up."""
    line = Line(demo, points, WireFormat.JSON)
    await line.open()
    try:
        in_a_row = [await line.timed_page(1, POINTS) for _ in range(TIMES + 1)]
        token = line.manager.session.token if line.manager.session else ""
        connected = [await _timed(demo, token) for _ in range(TIMES + 1)]
    finally:
        await line.close()
    operated = []
    for _ in range(TIMES + 1):
        await asyncio.sleep(TYPED_S)
        operated.append(await _timed(demo))
    return RawRequests(
        behind_logon=[one.request_s for one in operated[1:]],
        in_a_row=in_a_row[1:],
        with_connection=[one.whole_s for one in connected[1:]],
        from_nothing=[one.whole_s for one in operated[1:]],
    )


@dataclass(frozen=True, slots=True)
class _Timed:
    """How long a new client took."""

    whole_s: float
    request_s: float
    """Of the request for the page alone."""


async def _timed(demo: DemoProcess, token: str = "") -> _Timed:
    """A new client's request, after a logon where it has no token."""
    start = time.perf_counter()
    trust = ssl.create_default_context(cafile=str(demo.certificate))
    accept = {"Accept": "application/json"}
    async with httpx.AsyncClient(base_url=demo.url, verify=trust, headers=accept, trust_env=False) as client:
        if not token:
            logon = await client.post("/api/sessionMngr/?v=latest", auth=(demo.user, demo.password))
            logon.raise_for_status()
            client.cookies.clear()
            token = logon.headers["X-RestSvcSessionId"]
        headers = {"X-RestSvcSessionId": token}
        asked = time.perf_counter()
        page = await client.get(f"{_QUERY}&pageSize={POINTS}&page=1", headers=headers)
        page.raise_for_status()
        now = time.perf_counter()
        return _Timed(now - start, now - asked)
