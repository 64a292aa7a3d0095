"""JSON by msgspec (WIRE 2.3): typed structs for restore points, a tolerant tree for all else.

A server writes its member names in one of two casings, so points and their pages have two types each. A point
that fits neither, or lacks something that it may hold in another casing, is read as a tree.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, NamedTuple

import msgspec

from tui.api.codec.base import PIECE_BYTES, Codec, as_utf8
from tui.api.codec.listing import ROOT_ITEMS, Listing, is_reference, pages_said, read_each
from tui.api.codec.resources import platform_in, read_point, read_points, server_in, shared_path
from tui.api.codec.restore_request import json_fields
from tui.api.codec.tree import NAME_BYTES, Tree, id_in, target_of, time_of
from tui.api.errors import Invalid, TooLarge, Unreadable
from tui.api.limits import Limits
from tui.api.models import PointKind, RestorePoint, RestoreSpec, WireFormat, id_of
from tui.api.models.resources import NO_TIME

_PASCAL = {
    "rel": "Rel",
    "href": "Href",
    "name": "Name",
    "type": "Type",
    "created": "CreationTimeUTC",
    "algorithm": "Algorithm",
    "point_type": "PointType",
    "object_ref": "HierarchyObjRef",
    "vm_name": "VmDisplayName",
    "uid": "UID",
    "links": "Links",
    "points": "VmRestorePoints",
    "entities": "Entities",
    "refs": "Refs",
    "paging": "PagingInfo",
    "number": "PageNum",
    "pages": "PagesCount",
    "size": "PageSize",
}
_CAMEL = {key: "uid" if name == "UID" else name[0].lower() + name[1:] for key, name in _PASCAL.items()}
_Count = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_BYTES // 4)]
_Maybe = Annotated[str, msgspec.Meta(max_length=NAME_BYTES // 4)]


class _Link(msgspec.Struct, gc=False, kw_only=True, rename=_PASCAL):
    rel: str | None = None
    href: _Maybe
    name: _Maybe | None = None
    type: str | None = None


class _Point(msgspec.Struct, gc=False, rename=_PASCAL):
    created: str
    algorithm: _Text
    point_type: _Text
    object_ref: _Text
    vm_name: _Text
    name: _Text
    uid: _Text
    links: list[_Link]
    type: Literal["VmRestorePoint"]


class _Points(msgspec.Struct, rename=_PASCAL):
    points: list[msgspec.Raw]


class _Entities(msgspec.Struct, rename=_PASCAL):
    points: _Points


class _Paging(msgspec.Struct, rename=_PASCAL):
    number: _Count
    pages: _Count
    size: _Count = 0


class _Page(msgspec.Struct, rename=_PASCAL):
    entities: _Entities
    paging: _Paging
    refs: None = None


def _camel(struct: type[msgspec.Struct], **inner: object) -> type[msgspec.Struct]:
    """The same struct with the member names of version 13; `inner` gives the types that change with it."""
    members = [
        (each.name, inner.get(each.name, each.type), *(() if each.required else (each.default,)))
        for each in msgspec.structs.fields(struct)
    ]
    return msgspec.defstruct(f"{struct.__name__}Camel", members, rename=_CAMEL, gc=False, kw_only=True)


class _Casing(NamedTuple):
    """The decoders of one casing."""

    page: msgspec.json.Decoder[_Page]
    point: msgspec.json.Decoder[_Point]


_CASINGS = (
    _Casing(msgspec.json.Decoder(_Page), msgspec.json.Decoder(_Point)),
    _Casing(
        msgspec.json.Decoder(
            _camel(_Page, entities=_camel(_Entities, points=_camel(_Points)), paging=_camel(_Paging))
        ),
        msgspec.json.Decoder(_camel(_Point, links=list[_camel(_Link)])),  # type: ignore[misc] # made at run time
    ),
)
_STAND_IN = rb"\ufffd"
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""One that is cut short goes to the end, or each of its escaped quotes would be tried as a beginning."""
_ESCAPE = re.compile(
    rb"(?P<control>[\x00-\x1f])"
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\u[0-9a-fA-F]{4}|\\[\"\\/bfnrt]"
    rb"|(?P<stray>\\(?:u[0-9a-fA-F]{0,3}|.))",
    re.DOTALL,
)
"""What matters inside a string, in one pass: an escaped backslash begins no escape."""
_PLAIN = re.compile(rb"[^\\]{12}")
_PLAIN_ID = re.compile(r"[0-9A-Za-z-]+")


class JsonCodec(Codec):
    """Reads and writes `application/json`."""

    wire: ClassVar[WireFormat] = WireFormat.JSON
    media_type: ClassVar[str] = "application/json"

    def tree(self, body: bytes, limits: Limits) -> Tree:
        """Decode a reply; an array at the root goes on as its items."""
        value = parse(body, limits)
        if isinstance(value, list):
            return Tree("", {ROOT_ITEMS: value})
        if not isinstance(value, dict):
            raise Unreadable("It is neither an object nor a list.")
        return Tree("", value)

    def points(self, body: bytes, kind: PointKind, limits: Limits) -> Listing[RestorePoint]:
        """A page of points: typed structs where it has the usual shape, else the tree."""
        check_size(body, limits)
        if kind is PointKind.VM and (typed := _typed_points(body, limits)) is not None:
            return typed
        return read_points(self.tree(body, limits), kind)

    def restore_body(self, spec: RestoreSpec) -> bytes:
        """The spec itself: no `RestoreSpec` around it, keys as documented whatever the server's casing."""
        try:
            return msgspec.json.format(msgspec.json.encode(json_fields(spec)), indent=2)
        except UnicodeEncodeError as error:
            raise Invalid(
                "A name or reference contains characters that cannot be sent.", request_sent=False
            ) from error


def _typed_points(body: bytes, limits: Limits) -> Listing[RestorePoint] | None:
    """The VM points of a query's page of entities; None where the tree has to be asked for them.

    Raises:
        BadReply: all its points are damaged or endless.
    """
    for casing in _CASINGS:
        try:
            page = casing.page.decode(body)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            continue
        reader = _PointReader(casing.point, limits)
        sent, paging = page.entities.points.points, page.paging
        found = read_each(sent, reader.read)
        points = tuple(point for point in found if point is not None)
        if len(points) < len(found):
            return None
        return Listing(
            items=points,
            number=max(1, paging.number),
            pages=pages_said(paging.pages, paging.size, len(sent)),
            unreadable=len(sent) - len(points),
        )
    return None


class _PointReader:
    """Reads the points of one page; what their links share is read once.

    Args:
        decoder: that of the page's casing.
        limits: bounds on what a point may hold.
    """

    def __init__(self, decoder: msgspec.json.Decoder[_Point], limits: Limits) -> None:
        self._decoder = decoder
        self._limits = limits
        self._servers: dict[tuple[str, str], tuple[str, str]] = {}
        self._parents: dict[str, str] = {}
        self._restores: dict[str, str] = {}

    def read(self, raw: msgspec.Raw) -> RestorePoint | None:
        """One point; None if it is something else."""
        try:
            typed = self._decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return self._from_tree(raw)
        server, parent, restore = self._linked(typed)
        if not (restore and parent and server[0]):
            return self._from_tree(raw)
        return RestorePoint(
            uid=typed.uid,
            vm_name=typed.vm_name,
            created=time_of(typed.created) or NO_TIME,
            name=typed.name,
            point_type=typed.point_type,
            algorithm=typed.algorithm,
            object_ref=typed.object_ref,
            platform=platform_in(typed.object_ref),
            server_uid=server[0],
            server_name=server[1],
            restore_point_id=parent,
            restore_href=restore,
        )

    def _from_tree(self, raw: msgspec.Raw) -> RestorePoint | None:
        value = parse(bytes(raw), self._limits)
        tree = Tree(PointKind.VM.value, value if isinstance(value, dict) else {})
        is_point = tree.identity("UID") and not is_reference(tree)
        return read_point(tree, PointKind.VM) if is_point else None

    def _linked(self, point: _Point) -> tuple[tuple[str, str], str, str]:
        """What `linked` says of the links; sooner, and without a server that has no name."""
        server, parent, restore = ("", ""), "", ""
        for link in point.links:
            kind = (link.type or "").lower()
            if kind == "backupserverreference" and not server[0]:
                server = self._server(link.href, link.name or "")
            elif kind == "restorepointreference" and not parent:
                parent = self._parent(link.href)
            elif not restore and link.rel and link.rel.lower() == "restore":
                restore = self._restore(link.href, point.uid)
            if restore and parent and server[0]:
                break
        return server if server[1] else ("", ""), parent, restore

    def _server(self, href: str, name: str) -> tuple[str, str]:
        found = self._servers.get((href, name))
        if found is None:
            found = self._servers[href, name] = server_in(href, name)
        return found

    def _parent(self, href: str) -> str:
        found = self._parents.get(href)
        if found is None:
            found = self._parents[href] = id_in(href)
        return found

    def _restore(self, href: str, uid: str) -> str:
        own = id_of(uid)
        if "{" in href or not _PLAIN_ID.fullmatch(own):
            return shared_path(target_of(href), uid)
        marked = href.replace(own, "{id}")
        found = self._restores.get(marked)
        if found is None:
            found = self._restores[marked] = shared_path(target_of(href), uid)
        return found


def parse(body: bytes, limits: Limits) -> object:
    """Decode a reply of any shape.

    Raises:
        Unreadable, TooLarge: as `Codec.tree` says.
    """
    check_size(body, limits)
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        try:
            value: object = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeError):
            # Only now, so that a reply in order pays nothing for it.
            value = _decoded_without_strays(body)
    except RecursionError as error:
        raise _too_deep() from error
    except (msgspec.DecodeError, UnicodeError, ValueError) as error:
        raise Unreadable(f"It is not JSON: {str(error)[:120]}.") from error
    _check_depth(value, limits.depth)
    return value


def _decoded_without_strays(body: bytes) -> object:
    """The reply with U+FFFD in its strings for what is no character: one bad name must not cost the list."""
    body = as_utf8(body)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError):
        return msgspec.json.decode(_STRING.sub(_cleaned_string, body))


def _cleaned_string(match: re.Match[bytes]) -> bytes:
    text, pieces, start = match[0], [], 0
    while start < len(text):
        # No escape is as long as what the end of a piece is away from the last backslash.
        plain = _PLAIN.search(text, start + PIECE_BYTES)
        end = plain.end() if plain else len(text)
        pieces.append(_ESCAPE.sub(_checked_escape, text[start:end]))
        start = end
    return b"".join(pieces)


def _checked_escape(match: re.Match[bytes]) -> bytes:
    """A control character, half a pair and an escape of nothing become U+FFFD; other escapes stay."""
    return _STAND_IN if match["control"] or match["half"] or match["stray"] else match[0]


def check_size(body: bytes, limits: Limits) -> None:
    """Refuse what holds more members than any real answer, before anything is built from it."""
    if len(body) <= 2 * limits.nodes:
        return  # two bytes per item at least, so it cannot
    if body.count(b",") > limits.nodes or body.count(b"[") + body.count(b"{") > limits.nodes:
        raise TooLarge("It holds more items than any answer of Enterprise Manager.")


def _check_depth(value: object, depth: int) -> None:
    level = [value]
    for _ in range(depth):
        level = (
            [
                inner
                for outer in level
                for inner in (outer.values() if isinstance(outer, dict) else outer)  # type: ignore[attr-defined]
                if isinstance(inner, dict | list)
            ]
            if isinstance(level[0], dict | list)
            else []
        )
        if not level:
            return
    raise _too_deep()


def _too_deep() -> TooLarge:
    return TooLarge("It is nested deeper than any answer of Enterprise Manager.")
