"""Restore points out of a decoded reply, compact: what many of them share is one object (WIRE 4, 10)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from sys import intern
from typing import Generic, TypeVar

from tui.api.codec.listing import Listing, is_reference, read_listing, reference_of, wrong_root
from tui.api.codec.scalars import id_in, path_of
from tui.api.codec.tree import Tree
from tui.api.errors import MissingField
from tui.api.models import Platform, PointKind, id_of
from tui.api.models.points import NO_TIME, RestorePoint

PLURALS = {PointKind.VM: "VmRestorePoints", PointKind.VAPP: "VAppRestorePoints"}
_NAMES = {
    PointKind.VM: ("VmDisplayName", "VmName", "VAppDisplayName"),
    PointKind.VAPP: ("VAppDisplayName", "VAppName", "VmDisplayName"),
}


FoundT = TypeVar("FoundT")
_LONG = 4_000
"""Characters from which a text is not worth remembering."""
_USUAL = {f"urn:{platform.value}:": platform for platform in Platform if platform.value}


def read_points(tree: Tree, kind: PointKind) -> Listing[RestorePoint]:
    """A page of points, whatever its shape."""
    return read_listing(tree, PLURALS[kind], kind.value, lambda item: read_point(item, kind))


def read_point(tree: Tree, kind: PointKind) -> RestorePoint:
    """One point.

    Raises:
        MissingField: it has no UID.
        Unreadable: it is something else.
    """
    if tree.name and tree.name.lower() != kind.value.lower():
        raise wrong_root(tree, kind.value)
    uid, name = _uid_of(tree, kind), tree.text("Name")
    object_ref = tree.text("HierarchyObjRef")
    server, restore_point_id, restore_href = linked(tree, uid)
    return RestorePoint(
        uid=uid,
        vm_name=intern(
            next(filter(None, map(tree.text, _NAMES[kind])), "") or name.rpartition("@")[0] or name
        ),
        created=tree.time("CreationTimeUTC") or NO_TIME,
        kind=kind,
        name=name,
        point_type=intern(tree.text("PointType")),
        algorithm=intern(tree.text("Algorithm")),
        object_ref=intern(object_ref),
        platform=platform_in(object_ref),
        server_uid=server[0],
        server_name=server[1],
        restore_point_id=restore_point_id,
        restore_href=restore_href,
    )


def entity_or_reference(tree: Tree, kind: PointKind) -> RestorePoint | str:
    """One point, or the path that leads to it where the server sent its reference only (WIRE T10)."""
    return reference_of(tree).path if is_reference(tree) else read_point(tree, kind)


def shared_path(path: str, uid: str) -> str:
    """A Restore link with the point's own id taken out, so that all points share it."""
    own = id_of(uid)
    return intern(path.replace(own, "{id}")) if own else path


class Remembered(Generic[FoundT]):
    """A function of texts that remembers what it has found for short ones: an `lru_cache` counts what it
    holds and does not weigh it, and a link can be a megabyte."""

    def __init__(self, function: Callable[..., FoundT], *, at_most: int) -> None:
        self._function = function
        self._cached = lru_cache(maxsize=at_most)(function)

    def __call__(self, *texts: str) -> FoundT:
        """What the function says of the texts."""
        short = sum(map(len, texts)) <= _LONG
        return self._cached(*texts) if short else self._function(*texts)

    def forget(self) -> None:
        """Begin again."""
        self._cached.cache_clear()


def _marked_path(href: str) -> str:
    """Path of a Restore link in which `{id}` stands for the point's own id already."""
    # Braces have no place in a link.
    return path_of(href.replace("{id}", "-id-")).replace("-id-", "{id}")


@lru_cache(maxsize=256)
def _platform_word(word: str) -> Platform:
    return Platform.from_word(word)


def platform_in(object_ref: str) -> Platform:
    """The platform a HierarchyObjRef names, in any case; UNKNOWN if it names none (WIRE T30)."""
    usual = _USUAL.get(object_ref[:11])
    if usual is not None:
        return usual
    parts = object_ref.split(":", 2)
    return _platform_word(parts[1]) if len(parts) == 3 and parts[0].lower() == "urn" else Platform.UNKNOWN


def _server_in(href: str, name: str) -> tuple[str, str]:
    """UID and name of the backup server an `Up` link leads to."""
    server_id = id_in(href)
    return (f"urn:veeam:BackupServer:{server_id}" if server_id else "", name)


def _restore_point_in(href: str) -> str:
    """Id of the restore point an `Up` link leads to; the points of one job run share it."""
    return intern(id_in(href))


marked_path = Remembered(_marked_path, at_most=1024)
server_in = Remembered(_server_in, at_most=1024)
restore_point_in = Remembered(_restore_point_in, at_most=4096)


def linked(tree: Tree, uid: str) -> tuple[tuple[str, str], str, str]:
    """From the links: UID and name of the backup server, id of the restore point, shared Restore path."""
    server, restore_point_id, restore_path = ("", ""), "", ""
    for link in tree.links():
        kind = link.type.lower()
        if kind == "backupserverreference" and not server[0]:
            server = server_in(link.href, link.name)
        elif kind == "restorepointreference" and not restore_point_id:
            restore_point_id = restore_point_in(link.href)
        elif link.rel.lower() == "restore" and not restore_path:
            restore_path = link.path
    return server, restore_point_id, shared_path(restore_path, uid)


def _uid_of(tree: Tree, kind: PointKind) -> str:
    uid = tree.text("UID")
    if uid:
        return uid
    own = id_in(tree.text("Href"))
    if not own:
        raise MissingField(f"{kind.value}/UID")
    return f"urn:veeam:{kind.value}:{own}"
