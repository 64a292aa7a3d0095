"""Where to restore to and how fresh the data is: hosts, lookup, backup servers (WIRE 8, 11a)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from tui.api.caller import Caller
from tui.api.models import BackupServer, HierarchyItem, HierarchyRoot, Page, Task, id_of
from tui.api.paging import Identified, follow
from tui.api.query import Query, encoded

if TYPE_CHECKING:
    from tui.api.codec.listing import Listing
    from tui.api.codec.tree import Tree

ItemT = TypeVar("ItemT", bound=Identified)


class PlaceCalls(Caller):
    """The operations on places. Roles that may restore may still be refused here (WIRE T15)."""

    async def hierarchy_roots(self) -> tuple[HierarchyRoot, ...]:
        """All virtualisation hosts; one that two backup servers know comes twice.

        Raises:
            Forbidden: the role may not look them up.
        """
        from tui.api.codec import resources

        return await self._all(
            "HierarchyRoot", resources.hierarchy_roots, "hierarchyRoots", resources.hierarchy_root
        )

    async def lookup(self, root_uid: str, object_type: str, name: str = "*") -> tuple[HierarchyItem, ...]:
        """Objects of a type under a hierarchy root; `*` lists all. Names may match more than asked for.

        Raises:
            Forbidden: the role may not look them up.
        """
        from tui.api.codec import resources

        target = f"/api/lookup?host={encoded(root_uid)}&name={encoded(name)}&type={encoded(object_type)}"
        return await self._read_tree(target, resources.hierarchy_items)

    async def backup_servers(self) -> tuple[BackupServer, ...]:
        """All backup servers Enterprise Manager collects from.

        Raises:
            Forbidden: the role may not see them.
        """
        from tui.api.codec import resources

        return await self._all(
            "BackupServer", resources.backup_servers, "backupServers", resources.backup_server
        )

    async def collect(self, server: BackupServer) -> Task:
        """Ask Enterprise Manager to collect from a backup server now; the task says when that has begun."""
        from tui.api.codec import resources

        target = server.collect_href or f"/api/backupServers/{encoded(id_of(server.uid))}?action=collect"
        reply = await self._write("POST", target)
        return await self._decoded(reply, lambda body: self._model(body, resources.task))

    async def _all(
        self,
        resource: str,
        read_page: Callable[[Tree], Listing[ItemT]],
        collection: str,
        read_one: Callable[[Tree], ItemT],
    ) -> tuple[ItemT, ...]:
        async def fetch(at: Query) -> Page[ItemT]:
            listing = await self._read_tree(at.target(resource), read_page)
            found = [
                await self._read_tree(f"/api/{collection}/{encoded(id_of(each.uid))}?format=Entity", read_one)
                for each in listing.references
            ]
            return Page(items=(*listing.items, *found), number=at.page, pages=listing.pages)

        pages = [page.items async for page in follow(Query(), fetch, max_pages=self._limits.pages)]
        return tuple(item for page in pages for item in page)
