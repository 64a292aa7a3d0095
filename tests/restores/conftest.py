"""The whole way of a restore over the embedded server: real HTTPS, real journal, no waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.demo_process import DemoProcess
from tests.support.soak import one_of
from tests.unit.restores.fakes import FakeClock
from tui.api.client import EnterpriseManager, Trust
from tui.api.limits import Limits, Timeouts
from tui.api.models import Platform, RestorePoint, ServerAddress, WireFormat
from tui.api.query import Query, eq
from tui.restores.forms.fields import Value
from tui.restores.forms.form import RestoreForm, form_for
from tui.restores.plan import RestorePlan
from tui.restores.restore import Restore
from tui.restores.service import RestoreService
from tui.store.journal import Journal
from tui.store.journal_entry import JournalEntry


class Site:
    """A server that was reset for this test, one logon, one journal, and the restores over them."""

    def __init__(self, demo: DemoProcess, folder: Path, wire: WireFormat) -> None:
        self.demo = demo
        self.clock = FakeClock()
        self.journal = Journal.open(folder / "journal.db", clock=self.clock)
        self.manager = EnterpriseManager(
            ServerAddress(host=demo.host, port=demo.port),
            trust=Trust(ca_file=demo.certificate),
            wire=wire,
            clock=self.clock,
            limits=Limits(session_pages=20),
            timeouts=Timeouts(write=0.5, write_total=1.0),
        )
        self.restores = self.start()

    def start(self) -> RestoreService:
        """The program started (again) on the same journal."""
        server = str(self.manager.address)
        return RestoreService(self.manager, self.journal, server=server, clock=self.clock, operator="op@jump")

    async def log_on(self) -> None:
        await self.manager.discover()
        await self.manager.log_on(self.demo.user, self.demo.password)

    async def point(self, vm: str, platform: Platform = Platform.VSPHERE) -> RestorePoint:
        """The newest point of a VM on a platform."""
        query = Query(filter=eq("VmDisplayName", vm), sort="CreationTime", descending=True)
        async for page in self.manager.vm_restore_points(query):
            for point in page.items:
                if await self.manager.platform_of(point) is platform:
                    return point
        raise LookupError(vm)

    async def vapp(self, name: str) -> tuple[RestorePoint, tuple[RestorePoint, ...]]:
        """The newest point of a vApp, and its VMs."""
        query = Query(filter=eq("VAppDisplayName", name), sort="CreationTime", descending=True)
        async for page in self.manager.vapp_restore_points(query):
            return page.items[0], await self.manager.vms_of_vapp_point(page.items[0])
        raise LookupError(name)

    async def form(self, vm: str, platform: Platform = Platform.VSPHERE) -> RestoreForm:
        return form_for(await self.point(vm, platform), platform)

    async def plan(self, vm: str, platform: Platform = Platform.VSPHERE, **values: Value) -> RestorePlan:
        return await self.restores.check_running(self.restores.prepare(await self.form(vm, platform), values))

    async def restore(self, vm: str, platform: Platform = Platform.VSPHERE, **values: Value) -> Restore:
        """Plan and submit."""
        return await self.restores.submit(await self.plan(vm, platform, **values))

    async def advance(self, seconds: float) -> Restore:
        """Both clocks move; one poll."""
        self.demo.advance(seconds)
        return await self.poll(seconds)

    async def poll(self, seconds: float = 0.0) -> Restore:
        """Only this machine's clock moves; one poll; the newest restore."""
        self.clock.seconds += seconds
        await self.restores.monitor.tick()
        return self.restores.all[-1]

    async def to_the_end(self, seconds: float = 20.0) -> Restore:
        """Poll until it is over."""
        for _ in range(80):
            restore = await self.advance(seconds)
            if restore.is_over:
                return restore
        raise TimeoutError(f"{restore.vm_name}: {restore.state}, {restore.message}")

    def posts(self) -> int:
        """How many restore requests arrived at the server."""
        return len(self.demo.requests("submit"))

    def entry(self) -> JournalEntry:
        """The journal's newest row."""
        return self.journal.recent(1)[0]


WIRES = (WireFormat.AUTO, WireFormat.XML, WireFormat.JSON)
ON_EVERY_WIRE = {"test_a_machine_is_restored_beside_the_original", "test_a_whole_vapp"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test of any format its format."""
    if "every_wire" in metafunc.fixturenames:
        name = metafunc.definition.originalname
        wires = WIRES if name in ON_EVERY_WIRE else one_of(WIRES, name)
        metafunc.parametrize("every_wire", wires, ids=str)


@pytest.fixture
async def site(server: DemoProcess, tmp_path: Path) -> AsyncIterator[Site]:
    async with opened_site(server, tmp_path, WireFormat.AUTO) as opened:
        yield opened


@pytest.fixture
async def any_site(server: DemoProcess, tmp_path: Path, every_wire: WireFormat) -> AsyncIterator[Site]:
    """The same on a format; the long hunts try each."""
    async with opened_site(server, tmp_path, every_wire) as opened:
        yield opened


@asynccontextmanager
async def opened_site(demo: DemoProcess, folder: Path, wire: WireFormat) -> AsyncIterator[Site]:
    demo.renew(now="2026-11-23T03:00:00+00:00")
    site = Site(demo, folder, wire)
    await site.log_on()
    try:
        yield site
    finally:
        await site.restores.close(patience_s=0)
        await site.manager.aclose()
        site.journal.close()
