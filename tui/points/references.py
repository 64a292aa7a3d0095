"""Finds the references a Cloud Director restore needs: hierarchy roots and objects below them.

An account that may restore often may not look up (contract 1.6): that is an outcome here, not an
error, and the reference is typed by hand.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from tui.api.errors import Forbidden
from tui.api.models import HierarchyItem, HierarchyRoot, RestorePoint
from tui.points.folding import fold

ItemT = TypeVar("ItemT")
BY_HAND = "This account may restore but not look things up; type or paste the reference by hand."


class LookupSource(Protocol):
    """What the finder needs of `EnterpriseManager`."""

    def hierarchy_roots(self) -> Awaitable[tuple[HierarchyRoot, ...]]:
        """All hierarchy roots of all backup servers."""

    def lookup(
        self, root_uid: str, object_type: str, name: str = ...
    ) -> Awaitable[tuple[HierarchyItem, ...]]:
        """Objects of one type below a root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[ItemT]):
    """What a lookup gave."""

    items: tuple[ItemT, ...] = ()
    refused: str = ""
    """Why the account may not look up and what to do instead; empty when it may."""


class ReferenceFinder:
    """Looks up references for the restore form; the roots are asked for once.

    Args:
        source: the server.
    """

    def __init__(self, source: LookupSource) -> None:
        self._source = source
        self._roots: tuple[HierarchyRoot, ...] | None = None

    async def roots(self, point: RestorePoint) -> Found[HierarchyRoot]:
        """The hierarchy roots, the likeliest for `point` first.

        The same host added to two backup servers stands there twice: the one of the point's own
        backup server is meant (contract 8.1).

        Raises:
            ManagerError: anything but a refusal.
        """
        if self._roots is None:
            try:
                self._roots = await self._source.hierarchy_roots()
            except Forbidden:
                return Found(refused=BY_HAND)
        return Found(items=tuple(sorted(self._roots, key=lambda root: _distance(root, point))))

    async def lookup(self, root_uid: str, object_type: str, name: str = "*") -> Found[HierarchyItem]:
        """Objects of one type below a root, by name.

        Args:
            root_uid: UID of the hierarchy root.
            object_type: `Datastore`, `OrgVdc`, ...
            name: an exact name, or `*` for all.

        Raises:
            ManagerError: anything but a refusal.
        """
        try:
            items = await self._source.lookup(root_uid, object_type, name or "*")
        except Forbidden:
            return Found(refused=BY_HAND)
        return Found(items=tuple(sorted(items, key=lambda item: (fold(item.name), item.ref))))


def _distance(root: HierarchyRoot, point: RestorePoint) -> tuple[bool, bool, str]:
    other_host = not point.root_id or root.id.lower() != point.root_id.lower()
    other_server = not point.server_uid or root.server_uid.lower() != point.server_uid.lower()
    return other_host, other_server, fold(root.name)
