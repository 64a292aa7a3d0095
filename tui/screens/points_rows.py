"""The rows of the browser's two lists, made one by one as they come into view."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime

from tui.api.models.points import NO_TIME
from tui.clock import Clock
from tui.points.index import PointIndex, Vm
from tui.points.view import SortBy, VmView
from tui.points.words import type_words, vm_title
from tui.times import both, coarse_age
from tui.widgets.columns import Column
from tui.widgets.rows import Cell, Toned

VM_COLUMNS = (
    Column(key=SortBy.NAME, label="VM", width=13, flex=1),
    Column(key=SortBy.PLATFORM, label="Platform", width=14),
    Column(key=SortBy.POINTS, label="Points", width=8, align="right", drop=2),
    Column(key=SortBy.NEWEST, label="Newest", width=8, align="right"),
    Column(key=SortBy.SERVER, label="Backup server", width=14, flex=1, drop=1),
)
POINT_COLUMNS = (
    Column(key="created", label="Made (local time, UTC)", width=28),
    Column(key="age", label="Age", width=8, align="right"),
    Column(key="type", label="Type", width=17),
    Column(key="server", label="Backup server", width=12, flex=1, drop=1),
)
NOT_SAID = "time not said"


class VmRows:
    """The VMs of a view; a row's key is the VM's number.

    Args:
        view: sorted and filtered VMs.
        index: where the points are.
        clock: for ages.
    """

    def __init__(self, view: VmView, index: PointIndex, clock: Clock) -> None:
        self._view, self._index, self._clock = view, index, clock

    def __len__(self) -> int:
        return len(self._view)

    def row(self, index: int) -> Sequence[Cell]:
        """Name, platform, number of points, age of the newest, backup server."""
        vm = self._view[index]
        rows = self._view.rows(vm)
        newest = self._index.created(rows[0]) if rows else NO_TIME
        return (
            vm_title(vm),
            vm.platform.short_label,
            f"{len(rows):,}",
            _age(newest, self._clock.now()),
            vm.server_name,
        )

    def key(self, index: int) -> Hashable:
        """The VM's number."""
        return self._view[index].number

    def place(self, key: Hashable) -> int | None:
        """Where that VM stands now."""
        return self._view.place(key) if isinstance(key, int) else None


class PointRows:
    """The points of one VM that match the filter, newest first; a row's key is the point's row in the index.

    Args:
        index: where the points are.
        vm: whose points.
        rows: the rows to show.
        clock: for ages.
    """

    def __init__(self, index: PointIndex, vm: Vm, rows: Sequence[int], clock: Clock) -> None:
        self._index, self._vm, self._rows, self._clock = index, vm, rows, clock

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> Sequence[Cell]:
        """Time in both zones, age, type, backup server; what cannot be restored says so."""
        row = self._rows[index]
        created, shape = self._index.created(row), self._index.shape(row)
        kind: Cell = type_words(shape)
        if not shape.restore_href:
            kind = Toned("not restorable", "dim")
        when = NOT_SAID if created == NO_TIME else both(created)
        return when, _age(created, self._clock.now()), kind, self._vm.server_name

    def key(self, index: int) -> Hashable:
        """The point's row in the index."""
        return self._rows[index]

    def place(self, key: Hashable) -> int | None:
        """Where that point stands now."""
        return next((place for place, row in enumerate(self._rows) if row == key), None)


def _age(created: datetime, now: datetime) -> str:
    if created > now:
        return "future"
    return "" if created == NO_TIME else coarse_age(created, now)
