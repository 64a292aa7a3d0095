"""The fast way from xmltodict's result to restore points, for the shape nearly every server sends.

A page of 500 points is read a hundred times in a long list, so what costs microseconds per point
counts. Whatever is not of the usual shape goes the tolerant way of `points`.
"""

from __future__ import annotations

from collections.abc import Sequence
from sys import intern
from typing import Any

from tui.api.codec.listing import Listing, paging_of
from tui.api.codec.points import (
    PLURALS,
    platform_in,
    read_point,
    restore_point_in,
    server_in,
    shared_path,
)
from tui.api.codec.scalars import path_of, time_of
from tui.api.codec.tree import Tree
from tui.api.models import PointKind
from tui.api.models.points import NO_TIME, RestorePoint

Item = dict[str, Any]


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
        server, restore_point, restore = _links(item["Links"]["Link"])
        uid, name, object_ref = item["UID"], item["Name"], intern(item["HierarchyObjRef"])
        if not (isinstance(uid, str) and isinstance(name, str)):
            return None
        return RestorePoint(
            uid=uid,
            vm_name=intern(item["VmDisplayName"]),
            created=time_of(item["CreationTimeUTC"]) or NO_TIME,
            kind=PointKind.VM,
            name=name,
            point_type=intern(item["PointType"]),
            algorithm=intern(item["Algorithm"]),
            object_ref=object_ref,
            platform=platform_in(object_ref),
            server_uid=server[0],
            server_name=server[1],
            restore_point_id=restore_point,
            restore_href=shared_path(restore, uid),
        )
    except (KeyError, TypeError, AttributeError):
        # Something is missing or not plain text: the tolerant way reads it.
        return None


def _links(links: Sequence[dict[str, str]]) -> tuple[tuple[str, str], str, str]:
    by_meaning = {link.get("Type") or link["Rel"]: link for link in reversed(links)}
    server = by_meaning["BackupServerReference"]
    return (
        server_in(server["Href"], server["Name"]),
        restore_point_in(by_meaning["RestorePointReference"]["Href"]),
        path_of(by_meaning["Restore"]["Href"]),
    )
