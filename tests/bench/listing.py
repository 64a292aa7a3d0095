"""Rows about listing: all points read and indexed, against the bare download and the bare parser.

The only rows that do not go through the terminal: they need the list without its screen.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import Any

import httpx
import xmltodict

from tests.bench.row import Row, ratio
from tests.bench.stopwatch import ROUNDS
from tests.support.demo_process import DemoProcess
from tui.api.client import EnterpriseManager, Trust
from tui.api.models import ServerAddress, WireFormat
from tui.clock import SystemClock
from tui.restore_points.index import PointIndex
from tui.restore_points.loader import PAGE, PARALLEL, Loader, LoadState

AGAINST_DOWNLOAD, AGAINST_PARSER = 1.8, 2.0
PAGES = "/api/query?type=VmRestorePoint&format=Entities&sortDesc=CreationTime"


async def bare_client(demo: DemoProcess, wire: WireFormat) -> httpx.AsyncClient:
    """A client of httpx alone, logged on."""
    client = httpx.AsyncClient(
        base_url=demo.url,
        verify=ssl.create_default_context(cafile=str(demo.certificate)),
        headers={"Accept": f"application/{wire}"},
        timeout=60,
        trust_env=False,
    )
    logon = await client.post("/api/sessionMngr/?v=latest", auth=(demo.user, demo.password))
    logon.raise_for_status()
    client.cookies.clear()
    client.headers["X-RestSvcSessionId"] = logon.headers["X-RestSvcSessionId"]
    return client


async def page(client: httpx.AsyncClient, number: int, size: int = PAGE) -> bytes:
    """One page as bytes."""
    reply = await client.get(f"{PAGES}&pageSize={size}&page={number}")
    reply.raise_for_status()
    return reply.content


async def _timed(work: Any) -> float:  # noqa: ANN401 - any awaitable
    start = time.perf_counter()
    await work
    return time.perf_counter() - start


async def _download(client: httpx.AsyncClient, pages: int) -> None:
    """Every page, over as many connections as the program uses."""
    numbers = iter(range(1, pages + 1))

    async def work() -> None:
        for number in numbers:
            await page(client, number)

    await asyncio.gather(*(work() for _ in range(PARALLEL)))


async def _index(manager: EnterpriseManager) -> None:
    loader = Loader(manager, PointIndex(), clock=SystemClock(), on_page=lambda _: None)
    await loader.run()
    assert loader.progress.state is LoadState.COMPLETE, loader.progress


async def listing_rows(demo: DemoProcess, points: int, wire: WireFormat) -> list[Row]:
    """One row: JSON against the download, XML against xmltodict on the same pages."""
    pages = -(-points // PAGE)
    manager = EnterpriseManager(
        ServerAddress(host=demo.host, port=demo.port), trust=Trust(ca_file=demo.certificate), wire=wire
    )
    await manager.log_on(demo.user, demo.password)
    bare = await bare_client(demo, wire)
    bodies = [await page(bare, number) for number in range(1, pages + 1)]  # the server builds them now
    await _index(manager)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(await _timed(_index(manager)))
        if wire is WireFormat.JSON:
            theirs.append(await _timed(_download(bare, pages)))
        else:
            start = time.perf_counter()
            for body in bodies:
                xmltodict.parse(body)
            theirs.append(time.perf_counter() - start)
    await bare.aclose()
    await manager.aclose()
    what = f"{points:,} points indexed, {wire.upper()}"
    if wire is WireFormat.JSON:
        return [ratio(what, ours, theirs, AGAINST_DOWNLOAD, note="httpx downloads the same pages in")]
    return [ratio(what, ours, theirs, AGAINST_PARSER, note="xmltodict alone parses the same pages in")]
