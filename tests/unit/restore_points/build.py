"""Restore points for tests, and a server made of lists."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tui.api.errors import ManagerError
from tui.api.models import Page, Platform, PointKind
from tui.api.models.resources import RestorePoint
from tui.api.query import Query

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
ROOT = "5d2c7f10-0001-4a00-8000-0000000000a1"


def point(
    vm: str,
    hours_ago: float = 1,
    *,
    server: str = "vbr1",
    ref: str | None = None,
    kind: PointKind = PointKind.VM,
    point_type: str = "Increment",
    algorithm: str = "Incremental",
    platform: Platform = Platform.VSPHERE,
    href: str = "/api/vmRestorePoints/{id}?action=restore",
    uid: str = "",
) -> RestorePoint:
    made = NOW - timedelta(hours=hours_ago)
    own = f"{kind.value}:{vm}/{server}/{ref}/{hours_ago}"
    return RestorePoint(
        uid=uid or f"urn:veeam:{own}",
        vm_name=vm,
        created=made,
        kind=kind,
        point_type=point_type,
        algorithm=algorithm,
        object_ref=f"urn:VMware:Vm:{ROOT}.{vm}" if ref is None else ref,
        platform=platform,
        server_uid=f"urn:veeam:BackupServer:{server}",
        server_name=server,
        restore_point_id="rp",
        restore_href=href,
    )


class Server:
    """Pages out of lists; may be told to fail, and counts how many pages are asked for at once."""

    def __init__(self, vms: Sequence[RestorePoint], vapps: Sequence[RestorePoint] = ()) -> None:
        self.lists = {PointKind.VM: list(vms), PointKind.VAPP: list(vapps)}
        self.asked: list[tuple[PointKind, int, int]] = []
        self.filters: list[str] = []
        self.errors: dict[tuple[PointKind, int], ManagerError] = {}
        self.open = self.most_open = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def points_page(
        self, query: Query, number: int, *, kind: PointKind = PointKind.VM
    ) -> Page[RestorePoint]:
        self.asked.append((kind, number, query.page_size))
        self.filters.append(str(query.filter or ""))
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await asyncio.sleep(0)
            await self.gate.wait()
            if error := self.errors.get((kind, number)):
                raise error
        finally:
            self.open -= 1
        found = sorted(self.lists[kind], key=lambda one: one.created, reverse=True)
        if query.filter is not None:
            found = [one for one in found if f'"{one.vm_name}"' in str(query.filter)]
        size = query.page_size
        return Page(
            items=tuple(found[(number - 1) * size : number * size]),
            number=number,
            pages=max(1, -(-len(found) // size)),
        )
