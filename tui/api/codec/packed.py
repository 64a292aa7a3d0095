"""Pages of restore points on their way between two processes of this program, as MessagePack.

What rows have in common goes over once and by number from then on, so the two ends belong together: the
pages of one `Packer` are read by one `Unpacker`, all of them and in their order.
"""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from tui.api.codec.listing import Listing
from tui.api.models import RestorePoint
from tui.api.models.columns import Face, PointColumns, Shape

SharedT = TypeVar("SharedT", bound=Hashable)
_MOST = 100_000
"""Shared values after which both ends begin anew."""
_MOST_CHARS = 20_000_000
_NUMBER = "I"


class _Packed(msgspec.Struct, array_like=True, gc=False):
    number: int
    pages: int
    is_anew: bool
    """The numbers of earlier pages are void."""
    uids: list[str]
    names: list[str]
    created: list[datetime]
    new_faces: list[Face]
    new_shapes: list[Shape]
    new_parents: list[str]
    faces: bytes
    shapes: bytes
    parents: bytes


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Packed)


class _Numbers(Generic[SharedT]):
    """Numbers for values, given in the order they are first met."""

    def __init__(self) -> None:
        self._numbers: dict[SharedT, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def take(self, values: Sequence[SharedT]) -> tuple[list[SharedT], bytes]:
        """The values that are new, and the number of each value."""
        numbers = self._numbers
        with contextlib.suppress(KeyError):  # most pages hold nothing new, and then this is all
            return [], array(_NUMBER, map(numbers.__getitem__, values)).tobytes()
        new = [value for value in dict.fromkeys(values) if value not in numbers]
        numbers.update(zip(new, range(len(numbers), len(numbers) + len(new)), strict=True))
        return new, array(_NUMBER, map(numbers.__getitem__, values)).tobytes()

    def forget(self) -> None:
        """Begin with 0 again."""
        self._numbers.clear()


class Packer:
    """The sending end."""

    def __init__(self) -> None:
        self._faces: _Numbers[Face] = _Numbers()
        self._shapes: _Numbers[Shape] = _Numbers()
        self._parents: _Numbers[str] = _Numbers()
        self._chars = 0

    def packed(self, listing: Listing[RestorePoint]) -> bytes:
        """One page; empty where it holds references as well.

        Raises:
            UnicodeError: some text of it is none.
        """
        if listing.references:
            return b""
        is_anew = self._begin_anew()
        columns = PointColumns.of(listing.items)
        new_faces, faces = self._faces.take(columns.faces)
        new_shapes, shapes = self._shapes.take(columns.shapes)
        new_parents, parents = self._parents.take(columns.parents)
        page = _Packed(
            number=listing.number,
            pages=listing.pages,
            is_anew=is_anew,
            uids=columns.uids,
            names=columns.names,
            created=columns.created,
            new_faces=new_faces,
            new_shapes=new_shapes,
            new_parents=new_parents,
            faces=faces,
            shapes=shapes,
            parents=parents,
        )
        self._weigh(page)
        try:
            return _ENCODER.encode(page)
        except UnicodeError:
            self._chars = _MOST_CHARS + 1  # what was new in it never gets there
            raise

    def _weigh(self, page: _Packed) -> None:
        self._chars += sum(map(len, page.new_parents))
        self._chars += sum(len(face.vm_name) + len(face.object_ref) for face in page.new_faces)
        self._chars += sum(len(face.server_uid) + len(face.server_name) for face in page.new_faces)
        for shape in page.new_shapes:
            self._chars += len(shape.point_type) + len(shape.algorithm) + len(shape.restore_href)

    def _begin_anew(self) -> bool:
        known = len(self._faces) + len(self._shapes) + len(self._parents)
        if self._chars <= _MOST_CHARS and known <= _MOST:
            return False
        self._faces.forget()
        self._shapes.forget()
        self._parents.forget()
        self._chars = 0
        return True


class Unpacker:
    """The receiving end."""

    def __init__(self) -> None:
        self._faces: list[Face] = []
        self._shapes: list[Shape] = []
        self._parents: list[str] = []

    def unpacked(self, found: bytes) -> Listing[RestorePoint]:
        """What `Packer.packed` has made."""
        page = _DECODER.decode(found)
        if page.is_anew:
            self._faces, self._shapes, self._parents = [], [], []
        columns = PointColumns()
        columns.uids, columns.names, columns.created = page.uids, page.names, page.created
        columns.faces = _numbered(self._faces, page.new_faces, page.faces)
        columns.shapes = _numbered(self._shapes, page.new_shapes, page.shapes)
        columns.parents = _numbered(self._parents, page.new_parents, page.parents)
        return Listing(items=columns, number=page.number, pages=page.pages)


def _numbered(known: list[SharedT], new: list[SharedT], numbers: bytes) -> list[SharedT]:
    known.extend(new)
    return [known[number] for number in array(_NUMBER, numbers)]
