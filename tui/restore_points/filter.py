"""What the browser's filter shows: which VMs, and which of their points. `filter_parser` reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache

from tui.api.models import Platform, PointKind
from tui.api.models.enums import PLATFORM_WORDS, bare_word
from tui.api.models.resources import NO_TIME
from tui.moment import Moment
from tui.restore_points.index import PointIndex, Vm, first_earlier, fold

KINDS = {"vm": PointKind.VM, "vms": PointKind.VM, "vapp": PointKind.VAPP, "vapps": PointKind.VAPP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What to show. Empty fields hold for everything."""

    words: tuple[str, ...] = ()
    """Folded; each must occur in the VM's name, or be a word for its platform or kind."""
    servers: tuple[str, ...] = ()
    platforms: frozenset[Platform] = frozenset()
    kinds: frozenset[PointKind] = frozenset()
    types: tuple[str, ...] = ()
    after: Moment | None = None
    """Points made at this moment or later; none whose time is unknown."""
    before: Moment | None = None
    """Points made earlier than this moment; none whose time is unknown."""
    name: str = field(default="", compare=False)
    """The text as typed where it is nothing but words: perhaps a VM's exact name."""
    is_wrong: bool = False
    """Something typed was not understood: nothing is shown, because anything might be too much."""

    @property
    def about_points(self) -> bool:
        """Return whether it asks something of single points and not only of VMs."""
        return bool(self.types or self.after or self.before)

    @property
    def is_empty(self) -> bool:
        """Return whether everything is shown."""
        return self == Filter()

    @property
    def asks_platform(self) -> bool:
        """Return whether it matters which platform a VM is of."""
        return bool(self.platforms) or any(_platform_called(word) for word in self.words)

    def narrows(self, other: Filter) -> bool:
        """Return whether everything this one shows is surely among what `other` shows."""
        if replace(self, words=()) != replace(other, words=()):
            return False
        if any(_is_speaking(word) and word not in other.words for word in self.words):
            # `clou` matches names alone, `cloud` a platform's VMs as well.
            return False
        return all(any(old in new for new in self.words) for old in other.words)

    def accepts_vm(self, vm: Vm) -> bool:
        """Return whether the VM itself matches, its points aside."""
        if self.is_wrong:
            return False
        name = vm.folded
        for word in self.words:
            if word not in name and not _speaks_of(word, vm):
                return False
        if self.platforms and vm.platform not in self.platforms:
            return False
        if self.kinds and vm.kind not in self.kinds:
            return False
        return not self.servers or any(server in fold(vm.server_name) for server in self.servers)

    def may_accept_vm(self, vm: Vm) -> bool:
        """Return whether the VM would match if what is not known of it were as asked."""
        if self.is_wrong:
            return False
        known = self
        if vm.platform is Platform.UNKNOWN:
            words = tuple(word for word in self.words if not _platform_called(word))
            known = replace(known, words=words, platforms=frozenset())
        if not vm.server_name:
            known = replace(known, servers=())
        return known.accepts_vm(vm)


@dataclass(slots=True, kw_only=True)
class LeftOut:
    """How many a filter leaves out only because the server does not say what it asks for."""

    without_platform: int = 0
    """VMs."""
    without_server: int = 0
    """VMs whose platform is as asked, or is not asked for."""
    without_time: int = 0
    """Points."""
    without_type: int = 0
    """Points."""


def _is_speaking(word: str) -> bool:
    """Return whether a word matches more than names."""
    return word in KINDS or _platform_called(word) is not None


def _speaks_of(word: str, vm: Vm) -> bool:
    """Return whether a word calls the VM by its platform or kind: `cloud`, `vapp`."""
    return _platform_called(word) is vm.platform or KINDS.get(word) is vm.kind


@lru_cache(maxsize=64)
def _platform_called(word: str) -> Platform | None:
    return PLATFORM_WORDS.get(bare_word(word))


_FIRST_TIME = NO_TIME + timedelta(microseconds=1)
"""Whatever was made before this has no time."""


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
        if self.filter.is_wrong:
            return ()
        if not self.filter.about_points:
            return vm.rows
        within = self._within(vm)
        return [row for row in within if self._type_fits(row)] if self.filter.types else within

    def _within(self, vm: Vm) -> Sequence[int]:
        rows, created, wanted = vm.rows, self._index.created, self.filter
        if not (wanted.before or wanted.after):
            return rows
        start = first_earlier(rows, created, wanted.before.at) if wanted.before else 0
        return rows[start : first_earlier(rows, created, wanted.after.at if wanted.after else _FIRST_TIME)]

    def left_out(self) -> LeftOut:
        """Count what is left out only because something is not known of it."""
        found = LeftOut()
        # Points without a time or type are few or none: VMs that match by what is known cost nothing more.
        asks_time = bool(self.filter.before or self.filter.after)
        asks_type = bool(self.filter.types) and self._index.lacks_types
        for vm in self._index.vms:
            if not vm.rows or not self.filter.may_accept_vm(vm):
                continue
            if not self.filter.accepts_vm(vm):
                self._count_vm(vm, found)
                continue
            if asks_time:
                timeless = vm.rows[first_earlier(vm.rows, self._index.created, _FIRST_TIME) :]
                found.without_time += sum(map(self._type_may_fit, timeless))
            if asks_type:
                found.without_type += sum(map(self._is_without_type, self._within(vm)))
        return found

    def _count_vm(self, vm: Vm, found: LeftOut) -> None:
        if self.filter.about_points and not self._first(vm):
            return
        if not vm.server_name and replace(self.filter, servers=()).accepts_vm(vm):
            found.without_server += 1
        else:
            found.without_platform += 1

    def _is_without_type(self, row: int) -> bool:
        return not self._index.details(row).point_type and not self._type_fits(row)

    def _type_may_fit(self, row: int) -> bool:
        return not self.filter.types or self._is_without_type(row) or self._type_fits(row)

    def _type_fits(self, row: int) -> bool:
        number = self._index.details_number(row)
        verdict = self._judged.get(number)
        if verdict is None:
            details = self._index.details(row)
            verdict = any(_is_type(word, details.point_type, details.algorithm) for word in self.filter.types)
            self._judged[number] = verdict
        return verdict


def _is_type(word: str, point_type: str, algorithm: str) -> bool:
    return point_type.lower().startswith(word) or (
        word.startswith("synth") and algorithm.lower().startswith(word)
    )
