"""A page of restore points as columns: what many of them have in common is one object.

A list of a hundred thousand points is some thousand VMs, a dozen of shapes and some hundred job runs. So a
page does not travel as points but as what is new in it and whose it is; a `RestorePoint` is made of that
only where somebody asks for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import overload

import msgspec

from tui.api.models.enums import Platform, PointKind
from tui.api.models.resources import RestorePoint


class Face(msgspec.Struct, frozen=True, gc=False, array_like=True, cache_hash=True):
    """Whose a point is: what the points of one VM or vApp have in common, until it is renamed."""

    vm_name: str
    object_ref: str
    server_uid: str
    server_name: str
    platform: Platform
    kind: PointKind


class Shape(msgspec.Struct, frozen=True, gc=False, array_like=True, cache_hash=True):
    """What a point is like, which it shares with points of all VMs."""

    point_type: str
    algorithm: str
    restore_href: str


class PointColumns(Sequence[RestorePoint]):
    """Points in the order they came; equal to any sequence of the same points.

    All columns are of one length. Rows share their faces, shapes and parents with others.
    """

    __slots__ = ("created", "faces", "names", "parents", "shapes", "uids")
    __hash__ = None  # type: ignore[assignment] # its columns may change, as those of a list

    def __init__(self) -> None:
        self.uids: list[str] = []
        self.names: list[str] = []
        self.created: list[datetime] = []
        self.faces: list[Face] = []
        self.shapes: list[Shape] = []
        self.parents: list[str] = []
        """Id of the RestorePoint each belongs to."""

    @classmethod
    def of(cls, points: Iterable[RestorePoint]) -> PointColumns:
        """The columns of any points; what is columns already stays as it is."""
        if isinstance(points, cls):
            return points
        columns = cls()
        for point in points:
            columns.uids.append(point.uid)
            columns.names.append(point.name)
            columns.created.append(point.created)
            columns.faces.append(_face_of(point))
            columns.shapes.append(Shape(point.point_type, point.algorithm, point.restore_href))
            columns.parents.append(point.restore_point_id)
        return columns

    def rows(self, places: Sequence[int]) -> PointColumns:
        """Only the rows at these places."""
        chosen = PointColumns()
        for column in self.__slots__:
            own = getattr(self, column)
            setattr(chosen, column, [own[place] for place in places])
        return chosen

    def __len__(self) -> int:
        return len(self.uids)

    @overload
    def __getitem__(self, place: int) -> RestorePoint: ...
    @overload
    def __getitem__(self, place: slice) -> PointColumns: ...
    def __getitem__(self, place: int | slice) -> RestorePoint | PointColumns:
        if isinstance(place, slice):
            return self.rows(range(len(self))[place])
        face, shape = self.faces[place], self.shapes[place]
        return RestorePoint(
            uid=self.uids[place],
            vm_name=face.vm_name,
            created=self.created[place],
            kind=face.kind,
            name=self.names[place],
            point_type=shape.point_type,
            algorithm=shape.algorithm,
            object_ref=face.object_ref,
            platform=face.platform,
            server_uid=face.server_uid,
            server_name=face.server_name,
            restore_point_id=self.parents[place],
            restore_href=shape.restore_href,
        )

    def __iter__(self) -> Iterator[RestorePoint]:
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and tuple(self) == tuple(other)

    def __repr__(self) -> str:
        return f"PointColumns.of({list(self)!r})"


def _face_of(point: RestorePoint) -> Face:
    return Face(
        point.vm_name, point.object_ref, point.server_uid, point.server_name, point.platform, point.kind
    )
