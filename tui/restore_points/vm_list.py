"""The VMs as a list: sorted by one column, narrowed by one filter, kept up while points arrive.

A page that comes in is merged into the order; nothing is sorted again. A filter that extends the one
before it looks only at what that one had left.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

from tui.restore_points.filter import Filter, Matcher
from tui.restore_points.index import PointIndex, Vm, fold

_SortKey = tuple[object, ...]
_Entry = tuple[_SortKey, int]
_KeyMaker = Callable[[Vm, Sequence[int]], _SortKey]
"""From a VM and those of its rows that count."""


class SortBy(StrEnum):
    """What VMs can be sorted by."""

    NEWEST = "newest"
    NAME = "name"
    POINTS = "points"
    PLATFORM = "platform"
    SERVER = "server"

    @property
    def starts_descending(self) -> bool:
        """Return whether the natural order is from high to low."""
        return self in {SortBy.NEWEST, SortBy.POINTS}

    @property
    def words(self) -> str:
        """Return what it is called in a sentence."""
        return {
            SortBy.NEWEST: "newest point",
            SortBy.POINTS: "number of points",
            SortBy.SERVER: "backup server",
        }.get(self, self.value)


class VmList:
    """The list of VMs the operator sees.

    Args:
        index: the points; call `update` with what its `add` gives back.
    """

    def __init__(self, index: PointIndex) -> None:
        self._index = index
        self._matcher = Matcher(Filter(), index)
        self._all: list[_Entry] = []
        self._shown: list[_Entry] = []
        self._newest_rows: dict[int, int | None] = {}
        """Row of each placed VM's newest point."""
        self.sorted_by = SortBy.NEWEST
        self.descending = True
        self._key = self._key_maker()

    def __len__(self) -> int:
        return len(self._shown)

    def __getitem__(self, place: int) -> Vm:
        """Return the VM at one place of the list."""
        return self._index.vms[self._shown[len(self) - 1 - place if self.descending else place][1]]

    @property
    def matcher(self) -> Matcher:
        """Return the filter at work; its `rows` gives a VM's matching points."""
        return self._matcher

    @property
    def all_count(self) -> int:
        """Return how many VMs there are without the filter."""
        return len(self._all)

    @property
    def servers(self) -> frozenset[str] | None:
        """Return the uids of the backup servers of the VMs shown; None where no filter leaves any out."""
        if self._matcher.filter.is_empty:
            return None
        return frozenset(self._index.vms[number].server_uid for _, number in self._shown)

    def rows(self, vm: Vm) -> Sequence[int]:
        """Return the rows of a VM's points that match the filter, newest first."""
        return self._matcher.rows(vm)

    def place(self, number: int) -> int | None:
        """Return where the VM with that number is in the list; None if it is not shown."""
        vm = self._index.vms[number]
        if not vm.rows or (self._counts_matching and not self._matcher.accepts(vm)):
            return None
        entry = self._shown_entry(vm)
        found = bisect_left(self._shown, entry)
        if found >= len(self._shown) or self._shown[found][1] != number:
            return None
        return len(self) - 1 - found if self.descending else found

    def named(self, name: str) -> int | None:
        """Return number of the first shown VM of exactly that name; None if there is none.

        Whoever types a whole name means that VM, and not a longer name that holds it.
        """
        wanted = fold(name.strip())
        if not wanted:
            return None
        places = range(len(self))
        return next((vm.number for vm in map(self.__getitem__, places) if vm.folded == wanted), None)

    def means_one(self, name: str) -> bool:
        """Return whether one VM is meant: it alone is shown, or it alone has exactly that name."""
        wanted = fold(name.strip())
        return len(self) == 1 or sum(self[place].folded == wanted for place in range(len(self))) == 1

    def culprit(self, parts: Iterable[tuple[str, Filter]]) -> str:
        """Return the first part of a filter that alone matches no VM; empty where each matches some.

        Args:
            parts: what was typed for each part, and what it asks.
        """
        vms = self._index.vms
        return next(
            (typed for typed, alone in parts if not any(map(Matcher(alone, self._index).accepts, vms))), ""
        )

    def sort(self, by: SortBy, *, descending: bool) -> None:
        """Sort by another column, or the other way round."""
        self.descending = descending
        if by != self.sorted_by:
            self.sorted_by = by
            self._key = self._key_maker()
            self.rebuild()

    def rebuild(self) -> None:
        """Place every VM again: what is known of them has changed, and not their points."""
        self._all = sorted(self._entry(vm) for vm in self._index.vms if vm.rows)
        self._shown = self._filtered(self._all)

    def narrow(self, wanted: Filter) -> None:
        """Show only what matches."""
        narrower = wanted.narrows(self._matcher.filter)
        self._matcher = Matcher(wanted, self._index)
        self._shown = self._filtered(self._shown if narrower else self._all)

    def update(self, changed: Iterable[Vm]) -> None:
        """Merge VMs that are new or whose points changed."""
        fresh = self._to_place_again(changed)
        if not fresh:
            return
        with_points = [vm for vm in fresh.values() if vm.rows]
        self._all = _merged(self._all, fresh, map(self._entry, with_points))
        matching = filter(self._matcher.accepts, with_points)
        self._shown = (
            self._all
            if self._matcher.filter.is_empty
            else _merged(self._shown, fresh, map(self._shown_entry, matching))
        )

    def _to_place_again(self, changed: Iterable[Vm]) -> dict[int, Vm]:
        """Return the VMs whose place may have changed; older points, most of what comes in, move none."""
        fresh = {vm.number: vm for vm in changed}
        newest = {number: vm.rows[0] if vm.rows else None for number, vm in fresh.items()}
        if self.sorted_by is not SortBy.POINTS and not self._matcher.filter.about_points:
            known = self._newest_rows
            fresh = {number: vm for number, vm in fresh.items() if known.get(number, -1) != newest[number]}
        self._newest_rows.update(newest)
        return fresh

    def _filtered(self, entries: list[_Entry]) -> list[_Entry]:
        if self._matcher.filter.is_empty:
            return self._all
        vms, accepts = self._index.vms, self._matcher.accepts
        kept = [entry for entry in entries if accepts(vms[entry[1]])]
        return sorted(self._shown_entry(vms[entry[1]]) for entry in kept) if self._counts_matching else kept

    @property
    def _counts_matching(self) -> bool:
        """Return whether the order is one of points while the filter leaves some points of a VM out.

        What is in the column is of the matching points then, so the order has to be as well.
        """
        return self._matcher.filter.about_points and self.sorted_by in {SortBy.NEWEST, SortBy.POINTS}

    def _entry(self, vm: Vm) -> _Entry:
        return self._key(vm, vm.rows), vm.number

    def _shown_entry(self, vm: Vm) -> _Entry:
        return self._key(vm, self._matcher.rows(vm) if self._counts_matching else vm.rows), vm.number

    def _key_maker(self) -> _KeyMaker:
        index = self._index
        makers: dict[SortBy, _KeyMaker] = {
            SortBy.NAME: lambda vm, _: (vm.folded, vm.server_name),
            SortBy.NEWEST: lambda vm, rows: (index.created(rows[0]), vm.folded, vm.server_name),
            SortBy.POINTS: lambda vm, rows: (len(rows), vm.folded, vm.server_name),
            SortBy.PLATFORM: lambda vm, _: (vm.platform.label, vm.folded, vm.server_name),
            SortBy.SERVER: lambda vm, _: (vm.server_name, vm.folded),
        }
        return makers[self.sorted_by]


def _merged(old: list[_Entry], fresh: dict[int, Vm], added: Iterable[_Entry]) -> list[_Entry]:
    kept = [entry for entry in old if entry[1] not in fresh]
    kept += sorted(added)
    # Two sorted runs, one after the other: list.sort finds them and only merges.
    kept.sort()
    return kept
