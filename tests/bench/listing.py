"""Rows about listing: indexing against the bare download or the bare parser, and the first rows."""

from __future__ import annotations

import asyncio
import gc
import ssl
import time
from statistics import median

import httpx
import xmltodict

from tests.bench.row import Row, ratio
from tests.support.demo_process import DemoProcess
from tui.api.client import EnterpriseManager, Trust
from tui.api.models import ServerAddress, WireFormat
from tui.clock import SystemClock
from tui.points.index import PointIndex
from tui.points.loader import FIRST_PAGE, PAGE, PARALLEL, Loader

ROUNDS = 5
SLOW_DOWNLOAD_S = 1.5
"""A yardstick that takes longer for 100 pages of 500 measures the server and not the client."""
_TYPES = {WireFormat.JSON: "application/json", WireFormat.XML: "application/xml"}


class Line:
    """One logged-on client of ours and one bare httpx client, on the same server."""

    def __init__(self, demo: DemoProcess, points: int, wire: WireFormat) -> None:
        self.pages = -(-points // PAGE)
        address = ServerAddress(host=demo.host, port=demo.port)
        self.manager = EnterpriseManager(address, trust=Trust(ca_file=demo.certificate), wire=wire)
        self._demo, self._wire = demo, wire
        self.bare: httpx.AsyncClient

    async def open(self) -> None:
        """Log on, and open the bare client with the same token."""
        session = await self.manager.log_on(self._demo.user, self._demo.password)
        self.bare = httpx.AsyncClient(
            base_url=self._demo.url,
            verify=ssl.create_default_context(cafile=str(self._demo.certificate)),
            headers={"X-RestSvcSessionId": session.token, "Accept": _TYPES[self._wire]},
            timeout=60,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close both."""
        await self.bare.aclose()
        await self.manager.aclose()

    async def page(self, number: int, size: int = PAGE) -> bytes:
        """One page as bytes, nothing parsed."""
        reply = await self.bare.get(
            "/api/query?type=VmRestorePoint&format=Entities&sortDesc=CreationTime"
            f"&pageSize={size}&page={number}"
        )
        reply.raise_for_status()
        return reply.content

    async def timed_page(self, number: int, size: int) -> float:
        """Seconds of one raw request."""
        start = time.perf_counter()
        await self.page(number, size)
        return time.perf_counter() - start

    async def download(self) -> float:
        """Seconds to fetch every page over as many connections as the loader uses."""
        numbers = iter(range(1, self.pages + 1))

        async def work() -> None:
            for number in numbers:
                await self.page(number)

        start = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(PARALLEL)))
        return time.perf_counter() - start

    async def index(self) -> tuple[float, float, PointIndex]:
        """Seconds until the first rows, seconds until everything is indexed, and the index."""
        index, first = PointIndex(), 0.0
        start = time.perf_counter()

        def note(_: object) -> None:
            nonlocal first
            first = first or time.perf_counter() - start

        await Loader(self.manager, index, clock=SystemClock(), on_page=note).run()
        return first, time.perf_counter() - start, index


async def json_rows(demo: DemoProcess, points: int) -> tuple[list[Row], PointIndex]:
    """Indexing and first rows, JSON."""
    line = Line(demo, points, WireFormat.JSON)
    await line.open()
    await line.download()  # the server builds its pages now
    await line.index()
    gc.collect()
    gc.freeze()
    bare, ours, first, one = [], [], [], []
    for _ in range(ROUNDS):
        bare.append(await line.download())
        to_first, whole, index = await line.index()
        ours.append(whole)
        first.append(to_first)
        start = time.perf_counter()
        await line.page(1, FIRST_PAGE)
        one.append(time.perf_counter() - start)
    await line.close()
    slow = median(bare) > SLOW_DOWNLOAD_S * line.pages / 100
    void = "the bare download is too slow" if slow else ""
    return [
        ratio(f"{points:,} points indexed, JSON", "bare download", ours, bare, limit=1.6, void=void),
        ratio("first rows indexed", "one raw request", first, one, limit=3.0),
    ], index


async def xml_rows(demo: DemoProcess, points: int) -> list[Row]:
    """Indexing, XML."""
    line = Line(demo, points, WireFormat.XML)
    await line.open()
    bodies = [await line.page(number) for number in range(1, line.pages + 1)]
    await line.index()
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append((await line.index())[1])
        start = time.perf_counter()
        for body in bodies:
            xmltodict.parse(body)
        theirs.append(time.perf_counter() - start)
    await line.close()
    return [ratio(f"{points:,} points indexed, XML", "xmltodict", ours, theirs, limit=1.2)]
