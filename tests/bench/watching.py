"""Rows about the terminal at rest and about restores that run: bytes of the line, requests of a poll."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.row import Row, bound
from tests.bench.stopwatch import ROUNDS, login_on
from tests.support.demo_process import DemoProcess
from tui.api.client import EnterpriseManager, Trust
from tui.api.models import Platform, ServerAddress
from tui.api.models.resources import RestorePoint
from tui.api.query import Query
from tui.clock import SystemClock
from tui.config import Folders
from tui.restores.forms.form import form_for
from tui.restores.service import RestoreService
from tui.store.journal import Journal

IDLE_S = 60.0
IDLE_BYTES, ARROW_BYTES, POLL_BYTES, OPENING_FRAMES, POLL_REQUESTS = 300, 700, 2000, 1.5, 2
COUNTS = (1, 10, 100)
LAUNCH_S = 9.0
"""By the server's clock: after so long a launch is a restore session that runs."""
IN_VIEW = 5
POLLS_S = 6.0
SETTLED_S = 0.7
_PLAIN = re.compile(r"-\d{6}$")
"""The embedded server's VMs of such names restore without incident, in 40 to 90 seconds."""


def line_rows() -> list[Row]:
    """80x24, the list of VMs: what an arrow key, a screen and an idle minute cost."""
    with (
        DemoProcess.start("--points", "6000", "--time-scale", "0") as demo,
        login_on(demo) as terminal,
    ):
        terminal.send(demo.password, "enter")
        terminal.until("points loaded")
        terminal.last(SETTLED_S * 2)
        arrows = [terminal.cost("down", SETTLED_S) for _ in range(ROUNDS)]
        opened = []
        for _ in range(ROUNDS):
            opened.append(terminal.cost("\x14", SETTLED_S) / terminal.frame_bytes())  # Ctrl+T
            opened.append(terminal.cost("escape", SETTLED_S) / terminal.frame_bytes())
        idle = terminal.read_for(IDLE_S)
    return [
        bound("bytes of an idle minute", [float(idle)], IDLE_BYTES, "B"),
        bound("bytes of an arrow key", arrows, ARROW_BYTES, "B"),
        bound("bytes of opening or leaving a screen", opened, OPENING_FRAMES, "frames"),
    ]


def watching_rows() -> list[Row]:
    """Requests of a poll with 1, 10 and 100 restores; bytes of a poll with 10."""
    rows = []
    for count in COUNTS:
        with (
            DemoProcess.start("--points", "6000", "--time-scale", "0") as demo,
            TemporaryDirectory() as folder,
        ):
            rows.append(asyncio.run(_requests(demo, Path(folder), count)))
    with DemoProcess.start("--points", "6000", "--time-scale", "0") as demo, TemporaryDirectory() as folder:
        asyncio.run(_leave_running(demo, Path(folder), 10))
        rows.append(_bytes_of_poll(demo, Path(folder), 10))
    return rows


@asynccontextmanager
async def _restores(
    demo: DemoProcess, state: Path
) -> AsyncIterator[tuple[EnterpriseManager, RestoreService]]:
    """Restores over a journal, as the program has them."""
    clock = SystemClock()
    address = ServerAddress(host=demo.host, port=demo.port)
    manager = EnterpriseManager(address, trust=Trust(ca_file=demo.certificate), clock=clock)
    await manager.discover()
    await manager.log_on(demo.user, demo.password)
    journal = Journal.open(Folders.locate(demo=False, state_dir=state).journal, clock=clock)
    restores = RestoreService(manager, journal, server=str(address), clock=clock, operator="bench")
    try:
        yield manager, restores
    finally:
        await restores.close()
        journal.close()
        await manager.aclose()


async def _start(restores: RestoreService, points: list[RestorePoint]) -> None:
    for point in points:
        await restores.submit(restores.prepare(form_for(point, point.platform), {}))


async def _points(manager: EnterpriseManager, count: int) -> list[RestorePoint]:
    """The newest points of so many VMs."""
    found: dict[str, RestorePoint] = {}
    query = Query(sort="CreationTime", descending=True, page_size=500)
    async for page in manager.vm_restore_points(query):
        for point in page.items:
            if _PLAIN.search(point.vm_name) and point.platform in {Platform.VSPHERE, Platform.HYPERV}:
                found.setdefault(point.vm_name, point)
        if len(found) >= count:
            break
    return list(found.values())[:count]


async def _requests(demo: DemoProcess, state: Path, count: int) -> Row:
    """The most requests of one poll, while some restores run and others, begun later, launch."""
    async with _restores(demo, state) as (manager, restores):
        points = await _points(manager, count)
        await _start(restores, points[count // 2 :])
        await restores.monitor.tick()
        demo.control("advance", seconds=LAUNCH_S)
        await _start(restores, points[: count // 2])
        asked = []
        for _ in range(ROUNDS):
            demo.control("clear-requests")
            await restores.monitor.tick()
            asked.append(float(len(demo.requests())))
            demo.control("advance", seconds=1)
    return bound(f"requests of a poll, {count} restores", [max(asked)], POLL_REQUESTS, "")


async def _leave_running(demo: DemoProcess, state: Path, count: int) -> None:
    """Restores that run, left to the next program that opens the journal."""
    async with _restores(demo, state) as (manager, restores):
        await _start(restores, await _points(manager, count))
        await restores.monitor.tick()
        demo.control("advance", seconds=LAUNCH_S)
        await restores.monitor.tick()


def _bytes_of_poll(demo: DemoProcess, state: Path, count: int) -> Row:
    """80x24, the tasks on the screen; several windows of some seconds, each over its polls."""
    with login_on(demo, env={"VBEM_STATE_DIR": os.fspath(state)}) as terminal:
        terminal.send(demo.password, "enter")
        terminal.until("points loaded")
        demo.control("set", option="time_scale", value=1.0)
        terminal.ctrl("t")
        terminal.until(lambda text: text.count("● restoring ") >= min(count, IN_VIEW))
        terminal.read_for(3.0)
        samples = []
        for _ in range(ROUNDS):
            demo.control("clear-requests")
            wrote = terminal.read_for(POLLS_S)
            samples.append(wrote / max(1, len(demo.requests("session"))))
    return bound(f"bytes of a poll, {count} restores running", samples, POLL_BYTES, "B")
