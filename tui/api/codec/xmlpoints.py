"""The fast way from xmltodict's result to restore points, for the shape nearly every server sends.

A page of 500 points is read a hundred times in a long list, so what costs microseconds per point
counts. Whatever is not of the usual shape goes the tolerant way of `points`.
"""

from __future__ import annotations

from typing import Any

from tui.api.codec.listing import Listing, paging_of
from tui.api.codec.resources import (
    PLURALS,
    marked_path,
    platform_in,
    read_point,
    restore_point_in,
    server_in,
)
from tui.api.codec.tree import Tree, time_of
from tui.api.codec.xml import Unread
from tui.api.models import PointKind
from tui.api.models.resources import NO_TIME, RestorePoint

Item = dict[str, Any]
UNREAD_LINKS = Unread(
    "Link",
    "Type",
    frozenset(
        {"BackupFileReference", "VmRestorePointReference", "VmRestorePointMountList", "VmRestorePointMount"}
    ),
)
"""Links that nobody follows: half of what there is to build for a page of points."""


def fast_points(tree: Tree, kind: PointKind) -> Listing[RestorePoint] | None:
    """The points of a query's page of entities; None where the page is of another shape."""
    entities = tree.members.get("Entities")
    holder = entities.get(PLURALS[kind]) if isinstance(entities, dict) else None
    items = holder.get(kind.value) if isinstance(holder, dict) else None
    if not isinstance(items, list):
        return None
    points = []
    for item in items:
        if not isinstance(item, dict) or str(item.get("Type")) != kind.value:
            return None
        point = _vm_point(item) if kind is PointKind.VM else None
        points.append(point or read_point(Tree(kind.value, item), kind))
    number, pages = paging_of(tree)
    return Listing(items=tuple(points), number=number, pages=pages)


def _vm_point(item: Item) -> RestorePoint | None:
    try:
        uid = _text(item["UID"])
        server, restore_point, restore = _links(item["Links"]["Link"], uid)
        object_ref = item["HierarchyObjRef"]
        return RestorePoint(
            uid=uid,
            vm_name=_text(item["VmDisplayName"]),
            created=time_of(item["CreationTimeUTC"]) or NO_TIME,
            kind=PointKind.VM,
            name=_text(item["Name"]),
            point_type=_text(item["PointType"]),
            algorithm=_text(item["Algorithm"]),
            object_ref=object_ref,
            platform=platform_in(object_ref),
            server_uid=server[0],
            server_name=server[1],
            restore_point_id=restore_point,
            restore_href=restore,
        )
    except (KeyError, TypeError, AttributeError):
        # Something is missing or not plain text: the tolerant way reads it.
        return None


def _text(value: object) -> str:
    if type(value) is not str or not value:
        raise TypeError
    return value


def _links(links: list[dict[str, str]], uid: str) -> tuple[tuple[str, str], str, str]:
    """What the links say; the three that matter, in whatever order they come."""
    server, restore_point, restore = None, None, None
    for link in links:
        kind = link.get("Type")
        if kind is None and link["Rel"] == "Restore":
            restore = restore or marked_path(link["Href"].replace(uid.rpartition(":")[2] or " ", "{id}"))
        elif kind == "BackupServerReference":
            server = server or server_in(link["Href"], _text(link["Name"]))
        elif kind == "RestorePointReference":
            restore_point = restore_point or restore_point_in(link["Href"])
    if server is None or restore_point is None or restore is None:
        raise KeyError
    return server, restore_point, restore
