"""The fast way from JSON to restore points: typed structs, links left as bytes and looked into for three.

Decoding the seven links of each point into objects costs as much as all the rest, and of them only
the backup server, the restore point and the Restore action are wanted. So each is cut out of the raw
bytes and decoded alone; what is the same bytes from point to point is remembered. Whatever is not of
the usual shape goes the tolerant way of `points`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import cast

import msgspec

from tui.api.codec.listing import Listing
from tui.api.codec.points import linked, marked_path, platform_in, server_in
from tui.api.codec.scalars import id_in, time_of
from tui.api.codec.tree import Tree
from tui.api.errors import Unreadable
from tui.api.models import PointKind
from tui.api.models.points import NO_TIME, RestorePoint

_FIRST_KEY = re.compile(rb'[\s{\xef\xbb\xbf]*"([A-Za-z])')
_OPTIONAL = re.compile(rb'"(?:vmdisplayname|vmname|hierarchyobjref|pointtype|algorithm|name)"', re.IGNORECASE)
_PASCAL = {
    "uid": "UID",
    "created": "CreationTimeUTC",
    "links": "Links",
    "display_name": "VmDisplayName",
    "vm_name": "VmName",
    "name": "Name",
    "point_type": "PointType",
    "algorithm": "Algorithm",
    "object_ref": "HierarchyObjRef",
    "points": "VmRestorePoints",
    "entities": "Entities",
    "paging": "PagingInfo",
    "number": "PageNum",
    "pages": "PagesCount",
    "href": "Href",
    "type": "Type",
    "rel": "Rel",
}
_MARKS = (b'"BackupServerReference"', b'"RestorePointReference"', b'"Restore"')
_PASCAL_NAMES = {name.encode() for name in _PASCAL.values()}
_CAMEL = {key: "uid" if name == "UID" else name[0].lower() + name[1:] for key, name in _PASCAL.items()}
_CAMEL_NAMES = {name.encode() for name in _CAMEL.values()}


class _Point(msgspec.Struct, gc=False, rename=_PASCAL):
    uid: str
    created: str
    links: msgspec.Raw
    name: str | None = None
    display_name: str | None = None
    vm_name: str | None = None
    point_type: str | None = None
    algorithm: str | None = None
    object_ref: str | None = None


class _Points(msgspec.Struct, rename=_PASCAL):
    points: list[_Point]


class _Entities(msgspec.Struct, rename=_PASCAL):
    points: _Points


class _Paging(msgspec.Struct, rename=_PASCAL):
    number: int
    pages: int


class _Page(msgspec.Struct, rename=_PASCAL):
    entities: _Entities
    paging: _Paging | None = None


class _Link(msgspec.Struct, gc=False, rename=_PASCAL):
    href: str
    rel: str | None = None
    type: str | None = None
    name: str | None = None


def _camel(struct: type[msgspec.Struct], **inner: object) -> type[msgspec.Struct]:
    """The same struct with the member names of 13; `inner` gives the types that change with it."""
    fields = msgspec.structs.fields(struct)
    members = [
        (each.name, inner.get(each.name, each.type), *(() if each.required else (each.default,)))
        for each in fields
    ]
    return msgspec.defstruct(f"{struct.__name__}Camel", members, rename=_CAMEL, gc=False)


_PointCamel = _camel(_Point)
_PointsCamel = _camel(_Points, points=list[_PointCamel])  # type: ignore[valid-type]
_EntitiesCamel = _camel(_Entities, points=_PointsCamel)
_PageCamel = _camel(_Page, entities=_EntitiesCamel, paging=_camel(_Paging) | None)
_PageDecoder = msgspec.json.Decoder[_Page]
_LinkDecoder = msgspec.json.Decoder[_Link]


class _Casing:
    """Decoders for one casing, and what they have read again and again."""

    def __init__(self, page: _PageDecoder, link: _LinkDecoder) -> None:
        self.page = page
        self.link = link
        self.order = (1, 2, 0)
        """Where among a point's links the three stood last; it rarely changes within a list."""
        self.server = lru_cache(maxsize=1024)(self._server)
        self.restore_point = lru_cache(maxsize=4096)(self._restore_point)
        self.restore = lru_cache(maxsize=1024)(self._restore)

    def _server(self, link: bytes) -> tuple[str, str]:
        decoded = self._read(link)
        if decoded.type != "BackupServerReference":
            raise _Unusual
        return server_in(decoded.href, decoded.name or "")

    def _restore_point(self, link: bytes) -> str:
        decoded = self._read(link)
        if decoded.type != "RestorePointReference":
            raise _Unusual
        return id_in(decoded.href)

    def _restore(self, link: bytes) -> str:
        decoded = self._read(link)
        if decoded.rel != "Restore":
            raise _Unusual
        return marked_path(decoded.href)

    def _read(self, link: bytes) -> _Link:
        try:
            return self.link.decode(b"{%b}" % link)
        except (msgspec.DecodeError, ValueError) as error:
            raise _Unusual from error


class _Unusual(Exception):
    """A link is not of the usual shape."""


_PASCAL_CASE = _Casing(msgspec.json.Decoder(_Page, strict=False), msgspec.json.Decoder(_Link))
_CAMEL_CASE = _Casing(
    cast("_PageDecoder", msgspec.json.Decoder(_PageCamel, strict=False)),
    cast("_LinkDecoder", msgspec.json.Decoder(_camel(_Link))),
)


def fast_points(body: bytes) -> Listing[RestorePoint] | None:
    """The VM points of a query's page of entities; None where the page is of another shape."""
    first = _FIRST_KEY.match(body)
    if first is None:
        return None
    casing = _PASCAL_CASE if first.group(1).isupper() else _CAMEL_CASE
    try:
        page = casing.page.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
        return None
    rows = page.entities.points.points
    points, lacking = _points(rows, casing)
    if lacking and _is_mixed(rows, lacking, body, casing):
        return None
    paging = page.paging
    number, pages = (paging.number, paging.pages) if paging else (1, 1)
    return Listing(items=tuple(points), number=max(1, number), pages=max(1, pages))


def _points(rows: list[_Point], casing: _Casing) -> tuple[list[RestorePoint], list[int]]:
    """The points, and the places of those that lack something; written for speed, hence no calls to spare."""
    points, lacking = [], []
    for place, row in enumerate(rows):
        uid, name, display_name, object_ref = row.uid, row.name or "", row.display_name, row.object_ref or ""
        if not (display_name and object_ref and row.point_type and row.algorithm):
            lacking.append(place)
        server, restore_point_id, restore_href = _links(bytes(row.links), uid, casing)
        points.append(
            RestorePoint(
                uid=uid,
                vm_name=display_name or row.vm_name or name.rpartition("@")[0] or name,
                created=time_of(row.created) or NO_TIME,
                kind=PointKind.VM,
                name=name,
                point_type=row.point_type or "",
                algorithm=row.algorithm or "",
                object_ref=object_ref,
                platform=platform_in(object_ref),
                server_uid=server[0],
                server_name=server[1],
                restore_point_id=restore_point_id,
                restore_href=restore_href,
            )
        )
    return points, lacking


def _is_mixed(rows: list[_Point], lacking: list[int], body: bytes, casing: _Casing) -> bool:
    """Whether something that seems to be missing is there in another casing.

    Only the bytes around the points that lack something are searched, from the UID before to the UID
    behind: a whole page takes as long as decoding it.
    """
    usual = _PASCAL_NAMES if casing is _PASCAL_CASE else _CAMEL_NAMES
    places = [0]
    for row in rows:
        at = body.find(row.uid.encode(), places[-1])
        if at < 0:
            return True  # UIDs are written in an odd way, which the tolerant way reads
        places.append(at)
    places.append(len(body))
    return any(
        not {name[1:-1] for name in _OPTIONAL.findall(body, places[place], places[place + 2])} <= usual
        for place in lacking
    )


Linked = tuple[tuple[str, str], str, str]


def _links(raw: bytes, uid: str, casing: _Casing) -> Linked:
    """What the links say: where they stood last, else where they are, else the tolerant way."""
    own = uid.rpartition(":")[2].encode() or b" "
    try:
        return _cut(raw, own, casing, casing.order)
    except (_Unusual, IndexError):
        pass
    pieces = raw.split(b"},{")
    order = tuple(next((at for at, piece in enumerate(pieces) if mark in piece), -1) for mark in _MARKS)
    if min(order) >= 0:
        try:
            found = _cut(raw, own, casing, cast("tuple[int, int, int]", order))
        except (_Unusual, IndexError):
            pass
        else:
            casing.order = cast("tuple[int, int, int]", order)
            return found
    return linked(Tree("", {"Links": _decoded(raw)}), uid)


def _cut(raw: bytes, own: bytes, casing: _Casing, order: tuple[int, int, int]) -> Linked:
    """Split the links of a compact reply at `},{`.

    A text that holds the same characters spoils the pieces, and then they do not decode: no piece can
    begin inside a text and still begin with a member's quotation mark.

    Raises:
        _Unusual, IndexError: what is wanted is not there.
    """
    server, restore_point, restore = order
    pieces = raw[2:-2].split(b"},{", max(order) + 1)
    return (
        casing.server(pieces[server]),
        casing.restore_point(pieces[restore_point]),
        casing.restore(pieces[restore].replace(own, b"{id}")),
    )


def _decoded(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, ValueError) as error:  # inside raw values not even UTF-8 was checked yet
        raise Unreadable("Its links are damaged.") from error
