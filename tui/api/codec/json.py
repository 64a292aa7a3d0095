"""JSON by msgspec: typed structs for the usual shapes, a tolerant way for all else (WIRE 2.3)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tui.api.codec.base import Codec
from tui.api.codec.jsonpoints import fast_points
from tui.api.codec.listing import ROOT_ITEMS, Listing
from tui.api.codec.resources import read_points
from tui.api.codec.restore_request import json_fields
from tui.api.codec.tree import Tree
from tui.api.errors import Invalid, TooLarge, Unreadable
from tui.api.limits import Limits
from tui.api.models import PointKind, RestorePoint, RestoreSpec, WireFormat


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
        """A page of points: typed structs where it has the usual shape."""
        check_size(body, limits)
        if kind is PointKind.VM and (fast := fast_points(body)) is not None:
            return fast
        return read_points(self.tree(body, limits), kind)

    def restore_body(self, spec: RestoreSpec) -> bytes:
        """The spec itself: no `RestoreSpec` around it, keys as documented whatever the server's casing."""
        try:
            return msgspec.json.format(msgspec.json.encode(json_fields(spec)), indent=2)
        except UnicodeEncodeError as error:
            raise Invalid(
                "A name or reference holds characters that cannot be sent.", request_sent=False
            ) from error


def parse(body: bytes, limits: Limits) -> object:
    """Decode a reply of any shape.

    Raises:
        Unreadable, TooLarge: as `Codec.tree` says.
    """
    check_size(body, limits)
    try:
        value: object = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError as error:
        raise _too_deep() from error
    except (msgspec.DecodeError, UnicodeError, ValueError) as error:
        raise Unreadable(f"It is no JSON: {str(error)[:120]}.") from error
    _check_depth(value, limits.depth)
    return value


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
