"""The fast way from JSON to restore points: typed structs, with the links left as bytes for `jsonlinks`.

Whatever is not of the usual shape goes the tolerant way of `points`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import msgspec

from tui.api.codec.jsonlinks import LinkReader
from tui.api.codec.listing import Listing
from tui.api.codec.resources import platform_in
from tui.api.codec.tree import times_of
from tui.api.models import PointKind
from tui.api.models.columns import Face, PointColumns, Shape
from tui.api.models.resources import NO_TIME, RestorePoint

KeyT = TypeVar("KeyT", bound=tuple[Any, ...])
ValueT = TypeVar("ValueT")
_MOST = 20_000
"""Faces and shapes that are remembered, each."""
_LONG = 1_000
"""Characters from which they are not worth it."""
_FACES: dict[tuple[str, str, tuple[str, str]], Face] = {}
_SHAPES: dict[tuple[str, str, str], Shape] = {}
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


class _Casing(NamedTuple):
    """How one casing is read."""

    page: _PageDecoder
    links: LinkReader
    names: set[bytes]


_PASCAL_CASE = _Casing(
    msgspec.json.Decoder(_Page, strict=False), LinkReader(msgspec.json.Decoder(_Link)), _PASCAL_NAMES
)
_CAMEL_CASE = _Casing(
    cast("_PageDecoder", msgspec.json.Decoder(_PageCamel, strict=False)),
    LinkReader(cast("_LinkDecoder", msgspec.json.Decoder(_camel(_Link)))),
    _CAMEL_NAMES,
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
    columns, lacking = _columns(rows, casing.links)
    if lacking and _is_mixed(rows, lacking, body, casing.names):
        return None
    paging = page.paging
    number, pages = (paging.number, paging.pages) if paging else (1, 1)
    return Listing(items=columns, number=max(1, number), pages=max(1, pages))


def forget() -> None:
    """Begin again, as if nothing had been read."""
    _FACES.clear()
    _SHAPES.clear()
    for casing in (_PASCAL_CASE, _CAMEL_CASE):
        casing.links.forget()


def _columns(rows: list[_Point], links: LinkReader) -> tuple[PointColumns, list[int]]:
    """The points, and the places of those that lack something.

    Column by column, in comprehensions and maps: a loop over the rows takes half as long again.
    """
    columns = PointColumns()
    columns.uids = [row.uid for row in rows]
    columns.names = [row.name or "" for row in rows]
    columns.created = times_of([row.created for row in rows], NO_TIME)
    vm_names, object_refs = [row.display_name or "" for row in rows], [row.object_ref or "" for row in rows]
    types, algorithms = [row.point_type or "" for row in rows], [row.algorithm or "" for row in rows]
    lacking: list[int] = []
    if not (all(vm_names) and all(object_refs) and all(types) and all(algorithms)):
        told = zip(vm_names, object_refs, types, algorithms, strict=True)
        lacking = [place for place, values in enumerate(told) if not all(values)]
        for place in lacking:
            vm_names[place] = vm_names[place] or _name_of(rows[place])
    found = links.read([bytes(row.links) for row in rows], columns.uids)
    servers, columns.parents, hrefs = map(list, zip(*found, strict=True)) if found else ([], [], [])
    columns.faces = _known(_FACES, _face, list(zip(vm_names, object_refs, servers, strict=True)))
    columns.shapes = _known(_SHAPES, _shape, list(zip(types, algorithms, hrefs, strict=True)))
    return columns, lacking


def _name_of(row: _Point) -> str:
    """The name of a VM where the one that is displayed was not sent."""
    name = row.name or ""
    return row.vm_name or name.rpartition("@")[0] or name


def _known(known: dict[KeyT, ValueT], new: Callable[..., ValueT], keys: list[KeyT]) -> list[ValueT]:
    """The value of each key, made where it was not met before."""
    try:
        return list(map(known.__getitem__, keys))
    except KeyError:
        return [known.get(key) or new(*key) for key in keys]


def _face(vm_name: str, object_ref: str, server: tuple[str, str]) -> Face:
    """A face that was not met before."""
    face = Face(vm_name, object_ref, *server, platform_in(object_ref), PointKind.VM)
    if len(_FACES) >= _MOST:
        _FACES.clear()
    if len(vm_name) + len(object_ref) + sum(map(len, server)) <= _LONG:
        _FACES[vm_name, object_ref, server] = face
    return face


def _shape(point_type: str, algorithm: str, restore_href: str) -> Shape:
    """A shape that was not met before."""
    shape = Shape(point_type, algorithm, restore_href)
    if len(_SHAPES) >= _MOST:
        _SHAPES.clear()
    if len(point_type) + len(algorithm) + len(restore_href) <= _LONG:
        _SHAPES[point_type, algorithm, restore_href] = shape
    return shape


def _is_mixed(rows: list[_Point], lacking: list[int], body: bytes, usual: set[bytes]) -> bool:
    """Whether something that seems to be missing is there in another casing.

    Only the bytes around the points that lack something are searched, from the UID before to the UID
    behind: a whole page takes as long as decoding it.
    """
    at = 0
    for place in lacking:
        at = body.find(rows[place - 1].uid.encode(), at) if place else 0
        end = body.find(rows[place + 1].uid.encode(), at) if place + 1 < len(rows) else len(body)
        if at < 0 or end < 0:
            return True  # UIDs are written in an odd way, which the tolerant way reads
        if not {name[1:-1] for name in _OPTIONAL.findall(body, at, end)} <= usual:
            return True
    return False
