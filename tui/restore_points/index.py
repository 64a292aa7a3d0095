"""The index of restore points: a hundred thousand and more, in columns, grouped by VM.

A VM is distinguished from its namesakes by backup server, object reference and kind, never by its name
alone. No point is kept as an object: a `RestorePoint` is made again from the columns when it is
asked for (without its `name`, which nobody may parse anyway).
"""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from sys import getsizeof
from typing import NamedTuple

from tui.api.models import Platform, PointKind
from tui.api.models.resources import NO_TIME, RestorePoint
from tui.sanitize import skeleton

_UNIT = timedelta(microseconds=1)


def fold(text: str) -> str:
    """Return what is left of a name when case and accents do not matter."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in parts if not unicodedata.combining(char))


def first_earlier(rows: Sequence[int], created: Callable[[int], datetime], moment: datetime) -> int:
    """Return the place of the first row, newest first, that was made before `moment`."""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if created(rows[middle]) < moment:
            high = middle
        else:
            low = middle + 1
    return low


class PointDetails(NamedTuple):
    """What points of all VMs have in common: a whole list knows a dozen of them."""

    point_type: str
    algorithm: str
    restore_href: str
    """Empty where the server offers no restore."""


class Server(NamedTuple):
    """A backup server, as its points describe it."""

    uid: str
    name: str
    newest: datetime | None
    """Creation time of its newest point: a lower bound for how fresh its data is (WIRE 11a)."""


class VmKey(NamedTuple):
    """What a VM is known by, in one server's list."""

    server_uid: str
    ref: str
    """Its object reference; its name where the server gives none."""
    kind: PointKind


class Vm:
    """One VM or vApp with the rows of its points, newest first."""

    __slots__ = (
        "folded",
        "kind",
        "look",
        "name",
        "number",
        "object_ref",
        "platform",
        "rows",
        "server_name",
        "server_uid",
    )

    def __init__(self, number: int, point: RestorePoint) -> None:
        self.number = number
        """Its place in `PointIndex.vms`; never reused."""
        self.kind: PointKind = point.kind
        self.object_ref = point.object_ref
        self.platform: Platform = point.platform
        self.server_uid = point.server_uid
        self.server_name = point.server_name
        self.rows: array[int] = array("I")
        """Numbers of its points in the columns of the index, newest first."""
        self.rename(point.vm_name)

    @property
    def key(self) -> VmKey:
        """Return what tells it from all others, whatever its name is: marks and plans go by it."""
        return VmKey(self.server_uid, self.object_ref or self.name, self.kind)

    def rename(self, name: str) -> None:
        """Take the name of its newest point: VMs are renamed."""
        self.name = name
        self.folded = fold(name)
        self.look = skeleton(name)


class PointIndex:
    """All restore points seen so far."""

    def __init__(self) -> None:
        self.vms: list[Vm] = []
        """Every VM seen; one whose points are all gone has no rows."""
        self.is_whole = False
        """Whether the list was read to its end: only then a point that is not here is not there."""
        self.text_bytes = 0
        """About what its texts take in memory: with one emoji, a character takes four bytes."""
        self._groups: dict[tuple[str, str, PointKind], Vm] = {}
        self._vm_by_names: dict[tuple[str, str, str, PointKind], Vm] = {}
        """The same by server, reference and any name the VM has had: so a point finds its VM in one step."""
        self._seen: set[str] = set()
        self._unconfirmed: set[str] | None = None
        self._uids: list[str] = []
        self._created: array[int] = array("q")
        """Microseconds since `NO_TIME`: a datetime takes six times the memory."""
        self._parents: list[str] = []
        self._parent_ids: dict[str, str] = {}
        """Each id once: the points of one job run share it."""
        self._details_of: array[int] = array("I")
        self._vm_of: array[int] = array("I")
        self._details_numbers: dict[tuple[str, str, str], int] = {}
        self._details: list[PointDetails] = []
        self._other_names: dict[int, str] = {}
        self._newest: dict[str, int] = {}
        self._server_names: dict[str, str] = {}
        self._by_look: dict[str, list[Vm]] = {}
        self._has_learned = False

    def __len__(self) -> int:
        return len(self._seen)

    # Filling -----------------------------------------------------------------------------------

    def add(self, points: Iterable[RestorePoint]) -> set[Vm]:
        """Take in one page; points already known are passed over.

        Returns:
            The VMs that are new or have new points.
        """
        page = list(points)
        if self._unconfirmed is not None:
            self._unconfirmed.difference_update([point.uid for point in page])
        page = self._unknown(page)
        first, created = len(self._uids), self._created
        vms = self._append(page)
        fresher: list[Vm] = []
        for row, (vm, point) in enumerate(zip(vms, page, strict=True), first):
            rows = vm.rows
            if rows and created[row] <= created[rows[-1]]:
                rows.append(row)  # newest first, as they mostly come
            else:
                self._insert(vm, row)
                fresher.append(vm)
            if point.vm_name != vm.name:
                self._keep_name(vm, row, point.vm_name)
        self._note_freshness(fresher)
        return set(vms)

    def _append(self, page: list[RestorePoint]) -> list[Vm]:
        """Write new points into the columns; return the VM of each."""
        uids, parents = [point.uid for point in page], [point.restore_point_id for point in page]
        self._seen.update(uids)
        self._uids.extend(uids)
        self.text_bytes += sum(map(getsizeof, uids))
        self.text_bytes += sum(getsizeof(parent) for parent in parents if parent not in self._parent_ids)
        self._created.extend([(point.created - NO_TIME) // _UNIT for point in page])
        self._parents.extend(map(self._parent_ids.setdefault, parents, parents))
        self._details_of.extend(self._details_numbers_of(page))
        vms = [
            self._vm_by_names.get((point.server_uid, point.object_ref, point.vm_name, point.kind))
            or self._vm_with(point)
            for point in page
        ]
        self._vm_of.extend([vm.number for vm in vms])
        return vms

    def _details_numbers_of(self, page: list[RestorePoint]) -> list[int]:
        # Plain tuples equal the named ones and are made in a tenth of the time.
        keys = [(point.point_type, point.algorithm, point.restore_href) for point in page]
        numbers = self._details_numbers
        for key in dict.fromkeys(keys):
            if key not in numbers:
                numbers[key] = len(self._details)
                self._details.append(PointDetails(*key))
                self.text_bytes += sum(map(getsizeof, key))
        return [numbers[key] for key in keys]

    def _unknown(self, page: list[RestorePoint]) -> list[RestorePoint]:
        """Return the points of the page that are not known yet, each once."""
        uids, seen = {point.uid for point in page}, self._seen
        if len(uids) == len(page) and seen.isdisjoint(uids):
            return page
        first: dict[str, RestorePoint] = {}
        for point in page:
            if point.uid not in seen:
                first.setdefault(point.uid, point)
        return list(first.values())

    def _vm_with(self, point: RestorePoint) -> Vm:
        """Return the VM of a point not met by this name before: a new VM, or one that was renamed."""
        key = (point.server_uid, point.object_ref or point.vm_name, point.kind)
        vm = self._groups.get(key)
        if vm is None:
            self._groups[key] = vm = Vm(len(self.vms), point)
            self.vms.append(vm)
            self._by_look.setdefault(vm.look, []).append(vm)
            if point.server_name or point.server_uid not in self._server_names:
                self._server_names[point.server_uid] = point.server_name
        self._vm_by_names[point.server_uid, point.object_ref, point.vm_name, point.kind] = vm
        self.text_bytes += sum(map(getsizeof, (point.vm_name, point.object_ref, point.server_name)))
        return vm

    def _insert(self, vm: Vm, row: int) -> None:
        created, rows = self._created, vm.rows
        low, high, moment = 0, len(rows), self._created[row]
        while low < high:
            middle = (low + high) // 2
            if created[rows[middle]] < moment:
                high = middle
            else:
                low = middle + 1
        rows.insert(low, row)

    def _keep_name(self, vm: Vm, row: int, name: str) -> None:
        """Give the VM the name of its newest point, as it may be renamed; each point keeps its own."""
        if vm.rows[0] != row:
            self._other_names[row] = name
            return
        for older in vm.rows[1:]:
            self._other_names.setdefault(older, vm.name)
        self._by_look[vm.look].remove(vm)
        vm.rename(name)
        self._by_look.setdefault(vm.look, []).append(vm)

    def learn_platform(self, vm: Vm, platform: Platform) -> None:
        """Take in a VM's platform from its backup, where its points do not name it (WIRE 4.4)."""
        if vm.platform is Platform.UNKNOWN and platform is not Platform.UNKNOWN:
            vm.platform = platform
            self._has_learned = True

    def take_learned(self) -> bool:
        """Return whether a platform was learned since this was asked last."""
        learned, self._has_learned = self._has_learned, False
        return learned

    def _note_freshness(self, changed: Iterable[Vm]) -> None:
        for vm in changed:
            newest = self._created[vm.rows[0]]
            if newest > self._newest.get(vm.server_uid, 0):
                self._newest[vm.server_uid] = newest

    # Reloading ---------------------------------------------------------------------------------

    def begin_refresh(self) -> None:
        """Begin a reload: from now on `add` also confirms the points it meets again."""
        self._unconfirmed = set(self._seen)

    def end_refresh(self) -> set[Vm]:
        """End a reload of the whole list: forget the points it did not meet.

        Returns:
            The VMs that lost points.
        """
        gone, self._unconfirmed = self._unconfirmed or set(), None
        return self._forget(gone)

    def remove(self, uid: str) -> set[Vm]:
        """Forget a point the server does not know any more."""
        return self._forget({uid} & self._seen)

    def _forget(self, uids: set[str]) -> set[Vm]:
        if not uids:
            return set()
        gone = {row for row, uid in enumerate(self._uids) if uid in uids}
        changed = {self.vms[self._vm_of[row]] for row in gone}
        for vm in changed:
            vm.rows = array("I", (row for row in vm.rows if row not in gone))
        for row in gone:
            self._uids[row] = self._parents[row] = ""
            self._other_names.pop(row, None)
        self._seen -= uids
        self._newest.clear()
        self._note_freshness(vm for vm in self.vms if vm.rows)
        return changed

    # Asking ------------------------------------------------------------------------------------

    def point(self, row: int) -> RestorePoint:
        """Return the restore point of one row."""
        vm, details = self.vms[self._vm_of[row]], self.details(row)
        return RestorePoint(
            uid=self._uids[row],
            vm_name=self._other_names.get(row, vm.name),
            created=self.created(row),
            kind=vm.kind,
            point_type=details.point_type,
            algorithm=details.algorithm,
            object_ref=vm.object_ref,
            platform=vm.platform,
            server_uid=vm.server_uid,
            server_name=vm.server_name,
            restore_point_id=self._parents[row],
            restore_href=details.restore_href,
        )

    @property
    def lacks_types(self) -> bool:
        """Return whether the server did not say of some point what type it is."""
        return not all(details.point_type for details in self._details)

    def points_of(self, vm: Vm) -> Iterator[RestorePoint]:
        """Yield a VM's points, newest first."""
        return map(self.point, vm.rows)

    def uid(self, row: int) -> str:
        """Return UID of one row; empty if that point is gone."""
        return self._uids[row]

    def created(self, row: int) -> datetime:
        """Return the creation time of one row."""
        return NO_TIME + self._created[row] * _UNIT

    def details(self, row: int) -> PointDetails:
        """Return the type, algorithm and restore link of one row."""
        return self._details[self._details_of[row]]

    def details_number(self, row: int) -> int:
        """Return a number that rows of equal details share."""
        return self._details_of[row]

    def newest(self, vm: Vm) -> datetime | None:
        """Creation time of a VM's newest point; None if it has none, or none with a time."""
        newest = self.created(vm.rows[0]) if vm.rows else NO_TIME
        return None if newest == NO_TIME else newest

    def newest_before(self, vm: Vm, moment: datetime) -> int | None:
        """Return the row of a VM's newest point of before a moment; None if it has none of a known time."""
        place = first_earlier(vm.rows, self.created, moment)
        row = vm.rows[place] if place < len(vm.rows) else None
        return None if row is None or self.created(row) == NO_TIME else row

    def lacks_time(self, vm: Vm) -> bool:
        """Return whether the server does not say of some of a VM's points when they were made."""
        return bool(vm.rows) and self.created(vm.rows[-1]) == NO_TIME

    def namesakes(self, vm: Vm) -> list[Vm]:
        """Return the other VMs and vApps whose name is, or looks, the same."""
        return [other for other in self.named_like(vm.name) if other is not vm]

    def named_like(self, name: str) -> list[Vm]:
        """Return the VMs and vApps whose name is, or looks like, this one."""
        return [vm for vm in self._by_look.get(skeleton(name), ()) if vm.rows]

    @property
    def root_ids(self) -> frozenset[str]:
        """Return the ids of the hierarchy roots that VMs and vApps are under, in lower case (WIRE 8.3)."""
        parts = (vm.object_ref.lower().split(":", 3) for vm in self.vms if vm.rows)
        return frozenset(part[3].partition(".")[0] for part in parts if len(part) == 4)

    def vm_of(self, point: RestorePoint) -> Vm | None:
        """Return the VM a point belongs to; None where it is not here."""
        return self.vm_with(VmKey(point.server_uid, point.object_ref or point.vm_name, point.kind))

    def vm_with(self, key: VmKey) -> Vm | None:
        """Return the VM of a key; None where it is not here, or has no points any more."""
        vm = self._groups.get(key)
        return vm if vm is not None and vm.rows else None

    def has_named(self, name: str) -> bool:
        """Return whether some VM of exactly this name is here already."""
        return any(vm.name == name for vm in self.named_like(name))

    @property
    def servers(self) -> tuple[Server, ...]:
        """The backup servers whose points are here."""
        newest = {uid: NO_TIME + since * _UNIT for uid, since in self._newest.items()}
        return tuple(Server(uid, name, newest.get(uid)) for uid, name in self._server_names.items())
