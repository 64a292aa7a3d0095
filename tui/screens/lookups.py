"""What the picker lists for a field: hierarchy roots, or what the lookup service finds under one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.api.models import HierarchyItem, HierarchyRoot, RestorePoint
from tui.restores.fields import Field, FieldKind

if TYPE_CHECKING:
    from tui.api.client import EnterpriseManager


async def items_for(
    manager: EnterpriseManager, field: Field, root_id: str, point: RestorePoint
) -> Sequence[HierarchyItem]:
    """What can be chosen for the field.

    Raises:
        ManagerError: Forbidden where the role may restore but not look up (contract T15).
    """
    if field.kind is FieldKind.UID:
        roots = await manager.hierarchy_roots()
        return [_item(root) for root in sorted(roots, key=lambda root: _far(root, point))]
    return await manager.lookup(f"urn:veeam:HierarchyRoot:{root_id}", field.lookup_type)


def _far(root: HierarchyRoot, point: RestorePoint) -> tuple[bool, bool, str]:
    """Roots of Cloud Director on the point's own backup server first: the same host may stand there twice."""
    other_server = bool(point.server_uid) and root.server_uid.lower() != point.server_uid.lower()
    return root.host_type.casefold() != "vcdsystem", other_server, root.name.casefold()


def _item(root: HierarchyRoot) -> HierarchyItem:
    name = f"{root.name} (on {root.server_name})" if root.server_name else root.name
    return HierarchyItem(ref=root.uid, object_type=root.host_type, name=name)
