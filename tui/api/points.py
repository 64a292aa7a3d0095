"""Restore points of VMs and vApps: lists, single ones, and their platform (WIRE 3, 4, 10)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING

from tui.api.caller import Caller
from tui.api.codec.restore_request import COLLECTIONS
from tui.api.errors import BadReply, Forbidden, ManagerError, NotFound, Rejected, Unreadable
from tui.api.models import Page, Platform, PointKind
from tui.api.paging import follow
from tui.api.query import Query, encoded

if TYPE_CHECKING:
    from tui.api.codec.listing import Listing, Reference
    from tui.api.models import RestorePoint

_RESOURCES = {PointKind.VM: "VmRestorePoint", PointKind.VAPP: "vAppRestorePoint"}
_MANY_PAGES = 3
"""Of a list from which decoding them elsewhere pays."""
_AT_ONCE = 4
"""Entities fetched side by side where the server sent references."""


class PointCalls(Caller):
    """The operations on restore points."""

    _has_many_pages = False
    """A list was seen that is long enough to be decoded elsewhere."""

    def vm_restore_points(self, query: Query) -> AsyncIterator[Page[RestorePoint]]:
        """Pages of VM restore points, to the end, each point once."""
        return self._points(query, PointKind.VM)

    def vapp_restore_points(self, query: Query) -> AsyncIterator[Page[RestorePoint]]:
        """Pages of vApp restore points, to the end, each point once."""
        return self._points(query, PointKind.VAPP)

    async def points_page(
        self, query: Query, number: int, *, kind: PointKind = PointKind.VM
    ) -> Page[RestorePoint]:
        """One page of points, as sent: for filling several pages side by side."""
        if self._has_many_pages:
            self._pages.start()  # not with the first page: somebody waits for that one
        listing = await self._listing(query.at(number).target(_RESOURCES[kind]), kind)
        found = await self._entities(listing.references, kind)
        self._has_many_pages = self._has_many_pages or listing.pages > _MANY_PAGES
        items = (*listing.items, *found) if found else listing.items
        return Page(items=items, number=number, pages=max(listing.pages, 1))

    async def vm_restore_point(self, id: str) -> RestorePoint:
        """One VM restore point.

        Raises:
            NotFound: it is not there any more.
        """
        return await self._point(_path(id, PointKind.VM), PointKind.VM)

    async def vapp_restore_point(self, id: str) -> RestorePoint:
        """One vApp restore point.

        Raises:
            NotFound: it is not there any more.
        """
        return await self._point(_path(id, PointKind.VAPP), PointKind.VAPP)

    async def vms_of_vapp_point(self, point: RestorePoint) -> tuple[RestorePoint, ...]:
        """The VM points of the restore point a vApp point belongs to.

        The server does not link the VMs of a vApp; other VMs of the same backup may be among them.
        Some roles may not ask for it (WIRE T15).
        """
        restore_point_id = point.restore_point_id
        if not restore_point_id:
            restore_point_id = (await self.vapp_restore_point(point.id)).restore_point_id
        if not restore_point_id:
            return ()
        target = f"/api/restorePoints/{encoded(restore_point_id)}/vmRestorePoints?format=Entity"
        listing = await self._listing(target, PointKind.VM)
        return (*listing.items, *await self._entities(listing.references, PointKind.VM))

    async def platform_of(self, point: RestorePoint) -> Platform:
        """The point's platform, by its reference or its backup, else UNKNOWN; never guessed (WIRE 4.4)."""
        if point.platform is not Platform.UNKNOWN or not point.restore_point_id:
            return point.platform
        from tui.api.codec import resources

        target = f"/api/restorePoints/{encoded(point.restore_point_id)}?format=Entity"
        try:
            backup = await self._read_tree(target, resources.backup_link)
            if not backup:
                return Platform.UNKNOWN
            word = await self._read_tree(_as_entity(backup), resources.backup_platform)
        except (Forbidden, Rejected, BadReply):
            return Platform.UNKNOWN
        return Platform.from_word(word)

    async def _points(self, query: Query, kind: PointKind) -> AsyncIterator[Page[RestorePoint]]:
        async def fetch(at: Query) -> Page[RestorePoint]:
            return await self.points_page(at, at.page, kind=kind)

        async for page in follow(query, fetch, max_pages=self._limits.pages):
            yield page

    async def _listing(self, target: str, kind: PointKind) -> Listing[RestorePoint]:
        def decode(body: bytes) -> Listing[RestorePoint]:
            from tui.api.codec import codec_of

            return codec_of(body).points(body, kind, self._limits)

        def beside(body: bytes, encoding: str) -> Awaitable[Listing[RestorePoint] | None]:
            return self._pages.points(body, encoding, kind)

        return await self._read(target, decode, beside=beside)

    async def _point(self, path: str, kind: PointKind) -> RestorePoint:
        from tui.api.codec.resources import entity_or_reference

        found = await self._read_tree(path, lambda tree: entity_or_reference(tree, kind))
        if isinstance(found, str):
            found = await self._read_tree(found, lambda tree: entity_or_reference(tree, kind))
        if isinstance(found, str):
            raise Unreadable("It sends references only, never the restore point itself.")
        return found

    async def _entities(self, references: tuple[Reference, ...], kind: PointKind) -> tuple[RestorePoint, ...]:
        """Fetch what the server only referred to; what has gone since is left out."""
        doors = asyncio.Semaphore(_AT_ONCE)

        async def fetch(reference: Reference) -> RestorePoint | None:
            async with doors:
                try:
                    return await self._point(reference.path or _path_of_uid(reference.uid, kind), kind)
                except NotFound:
                    return None

        tasks: list[asyncio.Task[RestorePoint | None]] = []
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(fetch(reference)) for reference in references]
        except* ManagerError as errors:
            raise errors.exceptions[0] from None
        return tuple(point for task in tasks if (point := task.result()) is not None)


def _path(id: str, kind: PointKind) -> str:
    return f"/api/{COLLECTIONS[kind]}/{encoded(id)}?format=Entity"


def _path_of_uid(uid: str, kind: PointKind) -> str:
    return _path(uid.rpartition(":")[2], kind)


def _as_entity(path: str) -> str:
    return path if "format=" in path.lower() else path + ("&" if "?" in path else "?") + "format=Entity"
