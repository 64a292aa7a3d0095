"""What the browser's filter shows: which VMs, and which of their points. `filter_parser` reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tui.api.models import Platform, PointKind
from tui.restore_points.index import PointIndex, Vm, fold

PLATFORMS = {
    # What people call a platform: each word as typed after `platform:`, or alone.
    "vmware": Platform.VSPHERE,
    "vsphere": Platform.VSPHERE,
    "esx": Platform.VSPHERE,
    "hyperv": Platform.HYPERV,
    "hyper-v": Platform.HYPERV,
    "vcloud": Platform.CLOUD_DIRECTOR,
    "vcd": Platform.CLOUD_DIRECTOR,
    "cloud": Platform.CLOUD_DIRECTOR,
    "clouddirector": Platform.CLOUD_DIRECTOR,
    "director": Platform.CLOUD_DIRECTOR,
    "unknown": Platform.UNKNOWN,
}
KINDS = {"vm": PointKind.VM, "vms": PointKind.VM, "vapp": PointKind.VAPP, "vapps": PointKind.VAPP}
_SPEAKING = PLATFORMS.keys() | KINDS.keys()
"""Words that match more than names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What to show. Empty fields hold for everything."""

    words: tuple[str, ...] = ()
    """Folded; each must occur in the VM's name, or be a word for its platform or kind."""
    servers: tuple[str, ...] = ()
    platforms: frozenset[Platform] = frozenset()
    kinds: frozenset[PointKind] = frozenset()
    types: tuple[str, ...] = ()
    after: datetime | None = None
    """Points made at this moment or later."""
    before: datetime | None = None
    """Points made earlier than this moment."""
    name: str = field(default="", compare=False)
    """The text as typed where it is nothing but words: perhaps a VM's exact name."""

    @property
    def unknown_key(self) -> str:
        """Return a word before a colon that is no key, and so was taken as part of a name; empty for none."""
        keys = (word.partition(":")[0] for word in self.words if ":" in word)
        return next((key for key in keys if key.isalpha()), "")

    @property
    def about_points(self) -> bool:
        """Return whether it asks something of single points and not only of VMs."""
        return bool(self.types or self.after or self.before)

    @property
    def is_empty(self) -> bool:
        """Return whether everything is shown."""
        return self == Filter()

    def narrows(self, other: Filter) -> bool:
        """Return whether everything this one shows is surely among what `other` shows."""
        rest = (self.servers, self.platforms, self.kinds, self.types, self.after, self.before)
        if rest != (other.servers, other.platforms, other.kinds, other.types, other.after, other.before):
            return False
        if any(word in _SPEAKING and word not in other.words for word in self.words):
            # `clou` matches names alone, `cloud` a platform's VMs as well.
            return False
        return all(any(old in new for new in self.words) for old in other.words)

    def accepts_vm(self, vm: Vm) -> bool:
        """Return whether the VM itself matches, its points aside."""
        name = vm.folded
        for word in self.words:
            if word not in name and not _speaks_of(word, vm):
                return False
        if self.platforms and vm.platform not in self.platforms:
            return False
        if self.kinds and vm.kind not in self.kinds:
            return False
        return not self.servers or any(server in fold(vm.server_name) for server in self.servers)


def _speaks_of(word: str, vm: Vm) -> bool:
    """Return whether a word calls the VM by its platform or kind: `cloud`, `vapp`."""
    return PLATFORMS.get(word) is vm.platform or KINDS.get(word) is vm.kind


class Matcher:
    """A filter at work on one index. Cheap to make; make a new one for each filter.

    Args:
        wanted: the filter.
        index: what it looks into.
    """

    def __init__(self, wanted: Filter, index: PointIndex) -> None:
        self.filter = wanted
        self._index = index
        self._judged: dict[int, bool] = {}

    def accepts(self, vm: Vm) -> bool:
        """Return whether the VM matches and has at least one matching point."""
        if not vm.rows or not self.filter.accepts_vm(vm):
            return False
        return not self.filter.about_points or self._first(vm)

    def _first(self, vm: Vm) -> bool:
        within = self._within(vm)
        return any(map(self._type_fits, within)) if self.filter.types else bool(within)

    def rows(self, vm: Vm) -> Sequence[int]:
        """Return the rows of a VM's matching points, newest first."""
        if not self.filter.about_points:
            return vm.rows
        within = self._within(vm)
        return [row for row in within if self._type_fits(row)] if self.filter.types else within

    def _within(self, vm: Vm) -> Sequence[int]:
        rows, created = vm.rows, self._index.created
        start = _first_earlier(rows, created, self.filter.before) if self.filter.before else 0
        end = _first_earlier(rows, created, self.filter.after) if self.filter.after else len(rows)
        return rows[start:end]

    def _type_fits(self, row: int) -> bool:
        number = self._index.details_number(row)
        verdict = self._judged.get(number)
        if verdict is None:
            details = self._index.details(row)
            verdict = any(_is_type(word, details.point_type, details.algorithm) for word in self.filter.types)
            self._judged[number] = verdict
        return verdict


def _first_earlier(rows: Sequence[int], created: Callable[[int], datetime], moment: datetime) -> int:
    """Return the place of the first row, newest first, that was made before `moment`."""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if created(rows[middle]) < moment:
            high = middle
        else:
            low = middle + 1
    return low


def _is_type(word: str, point_type: str, algorithm: str) -> bool:
    return point_type.lower().startswith(word) or (
        word.startswith("synth") and algorithm.lower().startswith(word)
    )
