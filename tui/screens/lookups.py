"""What the picker lists for a field: hierarchy roots, or what the lookup service finds under one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.api.errors import ManagerError
from tui.api.models import HierarchyItem, HierarchyRoot, RestorePoint
from tui.restores.fields import Field, FieldKind

if TYPE_CHECKING:
    from tui.api.client import EnterpriseManager

_CLOUD_DIRECTOR = "vcdsystem"
"""HostType of the roots a Cloud Director VM can be restored under; no other platform asks for a root."""


async def items_for(
    manager: EnterpriseManager, field: Field, root_id: str, point: RestorePoint
) -> Sequence[HierarchyItem]:
    """What can be chosen for the field.

    Raises:
        ManagerError: Forbidden where the role may restore but not look up (contract T15).
    """
    if field.kind is FieldKind.UID:
        return await roots_for(manager, point)
    items = await manager.lookup(f"urn:veeam:HierarchyRoot:{root_id}", field.lookup_type)
    return sorted(items, key=lambda item: (item.name.casefold(), item.ref))


async def roots_for(manager: EnterpriseManager, point: RestorePoint) -> Sequence[HierarchyItem]:
    """The roots of Cloud Director, and those the server says no type of; the likeliest first.

    Raises:
        ManagerError: they cannot be listed.
    """
    roots = [root for root in await manager.hierarchy_roots() if _fits(root)]
    return [_item(root) for root in sorted(roots, key=lambda root: _far(root, point))]


async def roots_if_allowed(manager: EnterpriseManager, point: RestorePoint) -> Sequence[HierarchyItem]:
    """Like `roots_for`, only to know their names: where they cannot be listed, there are none."""
    try:
        return await roots_for(manager, point)
    except ManagerError:
        return ()


def _fits(root: HierarchyRoot) -> bool:
    return root.host_type.casefold() in {_CLOUD_DIRECTOR, ""}


def _far(root: HierarchyRoot, point: RestorePoint) -> tuple[bool, bool, str]:
    """The point's own root, then those of its own backup server: the same host may stand there twice."""
    other_root = not point.root_id or root.id.lower() != point.root_id.lower()
    other_server = bool(point.server_uid) and root.server_uid.lower() != point.server_uid.lower()
    return other_root, other_server, root.name.casefold()


def _item(root: HierarchyRoot) -> HierarchyItem:
    name = f"{root.name} (on {root.server_name})" if root.server_name else root.name
    return HierarchyItem(ref=root.uid, object_type=root.host_type, name=name)
