"""The yardsticks of the first rows: one raw request, with and without its connection and a logon."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass

import httpx

from tests.bench.listing import Line
from tests.support.demo_process import DemoProcess
from tui.api.models import WireFormat
from tui.points.loader import FIRST_PAGE

TIMES = 11
_QUERY = "/api/query?type=VmRestorePoint&format=Entities&sortDesc=CreationTime"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequests:
    """Seconds to the newest page as bytes, nothing parsed."""

    on_open_connection: list[float]
    """Logged on already, connection open: the request alone."""
    with_connection: list[float]
    """Logged on already: connection, handshake, and the request."""
    from_nothing: list[float]
    """A new client: connection, handshake, logon, and the request."""


async def raw_requests(demo: DemoProcess, points: int) -> RawRequests:
    """Both, after one of each that only warms up."""
    line = Line(demo, points, WireFormat.JSON)
    await line.open()
    try:
        alone = [await line.timed_page(1, FIRST_PAGE) for _ in range(TIMES + 1)]
        token = line.manager.session.token if line.manager.session else ""
        connected = [await _timed(demo, token) for _ in range(TIMES + 1)]
    finally:
        await line.close()
    whole = [await _timed(demo) for _ in range(TIMES + 1)]
    return RawRequests(on_open_connection=alone[1:], with_connection=connected[1:], from_nothing=whole[1:])


async def _timed(demo: DemoProcess, token: str = "") -> float:
    """Seconds of a new client's request, after a logon where it has no token."""
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
        page = await client.get(f"{_QUERY}&pageSize={FIRST_PAGE}&page=1", headers=headers)
        page.raise_for_status()
        return time.perf_counter() - start
