"""The filter language of the browser: `web 02 platform:vmware server:vbr1 type:full after:2d`.

Words may stand in any order and all must match, without regard to case and accents. A word that
looks like `key:value` with a key nobody knows is a plain word: VM names contain colons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tui.api.models import Platform, PointKind
from tui.points.folding import fold
from tui.points.index import PointIndex, Vm
from tui.points.moments import read_moment

_TOKEN = re.compile(r'(?:([A-Za-z]+):)?(?:"([^"]*)(?:"|$)|(\S+))')
_PLATFORMS = {
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
_TYPES = ("full", "increment", "reverseincrement", "syntheticfull")
_TYPE_WORDS = {"incremental": "increment", "reverseincremental": "reverseincrement"}
"""What people call a type beside its own name."""
_KINDS = {"vm": PointKind.VM, "vms": PointKind.VM, "vapp": PointKind.VAPP, "vapps": PointKind.VAPP}
_SPEAKING = _PLATFORMS.keys() | _KINDS.keys()
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
        """A word before a colon that is no key, and so was taken as part of a name; empty for none."""
        keys = (word.partition(":")[0] for word in self.words if ":" in word)
        return next((key for key in keys if key.isalpha()), "")

    @property
    def about_points(self) -> bool:
        """Whether it asks something of single points and not only of VMs."""
        return bool(self.types or self.after or self.before)

    @property
    def is_empty(self) -> bool:
        """Whether everything is shown."""
        return self == Filter()

    def narrows(self, other: Filter) -> bool:
        """Whether everything this one shows is surely among what `other` shows."""
        rest = (self.servers, self.platforms, self.kinds, self.types, self.after, self.before)
        if rest != (other.servers, other.platforms, other.kinds, other.types, other.after, other.before):
            return False
        if any(word in _SPEAKING and word not in other.words for word in self.words):
            # `clou` matches names alone, `cloud` a platform's VMs as well.
            return False
        return all(any(old in new for new in self.words) for old in other.words)

    def accepts_vm(self, vm: Vm) -> bool:
        """Whether the VM itself matches, its points aside."""
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
    """Whether a word calls the VM by its platform or kind: `cloud`, `vapp`."""
    return _PLATFORMS.get(word) is vm.platform or _KINDS.get(word) is vm.kind


class FilterError(ValueError):
    """A part of the filter cannot be understood.

    Args:
        sentence: what is wrong and what would be understood.
        rest: the filter without that part.
        is_unfinished: nothing is wrong yet, a value is still to be typed.
    """

    def __init__(self, sentence: str, rest: Filter, *, is_unfinished: bool = False) -> None:
        super().__init__(sentence)
        self.rest = rest
        self.is_unfinished = is_unfinished


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
        """Whether the VM matches and has at least one matching point."""
        if not vm.rows or not self.filter.accepts_vm(vm):
            return False
        return not self.filter.about_points or self._first(vm)

    def _first(self, vm: Vm) -> bool:
        within = self._within(vm)
        return any(map(self._type_fits, within)) if self.filter.types else bool(within)

    def rows(self, vm: Vm) -> Sequence[int]:
        """The rows of a VM's matching points, newest first."""
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
        number = self._index.shape_number(row)
        verdict = self._judged.get(number)
        if verdict is None:
            shape = self._index.shapes[number]
            verdict = any(_is_type(word, shape.point_type, shape.algorithm) for word in self.filter.types)
            self._judged[number] = verdict
        return verdict


def _first_earlier(rows: Sequence[int], created: Callable[[int], datetime], moment: datetime) -> int:
    """Place of the first row (they are newest first) made before `moment`."""
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


def parse(text: str, now: datetime) -> Filter:
    """Read a filter.

    Args:
        text: what was typed.
        now: what relative times count back from; aware.

    Raises:
        FilterError: with a sentence, and what is left of the filter.
    """
    reading = _Reading(now)
    complaint: ValueError | None = None
    for match in _TOKEN.finditer(text):
        key, phrase, word = match.groups()
        if word and word.endswith(":") and not key:
            key, word = word[:-1], ""
        try:
            reading.take((key or "").lower(), word if phrase is None else phrase, match.group())
        except ValueError as error:
            complaint = complaint if complaint and not isinstance(complaint, _Unfinished) else error
    if complaint is not None:
        unfinished = isinstance(complaint, _Unfinished)
        raise FilterError(str(complaint), reading.result(text), is_unfinished=unfinished) from complaint
    return reading.result(text)


class _Unfinished(ValueError):
    """A key whose value is still to be typed."""


class _Reading:
    """What has been read of a filter so far; its methods raise ValueError with a sentence."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._words: list[str] = []
        self._servers: list[str] = []
        self._types: list[str] = []
        self._platforms: set[Platform] = set()
        self._kinds: set[PointKind] = set()
        self._after: datetime | None = None
        self._before: datetime | None = None
        self._only_words = True

    def take(self, key: str, value: str | None, whole: str) -> None:
        """One word, phrase or `key:value`."""
        takers = {
            "platform": self._platform,
            "server": self._server,
            "type": self._type,
            "kind": self._kind,
            "after": self._take_after,
            "before": self._take_before,
        }
        taker = takers.get(key)
        if taker is None:
            word = fold(value or "") if not key else fold(whole.replace('"', ""))
            self._words += [word] if word else []
            return
        self._only_words = False
        if not value:
            raise _Unfinished(f"{key}: wants a value right after the colon; {_EXAMPLES[key]}.")
        taker(value)

    def result(self, text: str) -> Filter:
        """The whole filter."""
        return Filter(
            words=tuple(self._words),
            servers=tuple(self._servers),
            platforms=frozenset(self._platforms),
            kinds=frozenset(self._kinds),
            types=tuple(self._types),
            after=self._after,
            before=self._before,
            name=text.strip().strip('"') if self._only_words else "",
        )

    def _platform(self, value: str) -> None:
        found = {platform for word, platform in _PLATFORMS.items() if word.startswith(fold(value))}
        if not found:
            raise ValueError(f"There is no platform '{value}'; {_EXAMPLES['platform']}.")
        self._platforms |= found

    def _server(self, value: str) -> None:
        self._servers.append(fold(value))

    def _type(self, value: str) -> None:
        word = fold(value).replace("-", "").replace("_", "")
        word = _TYPE_WORDS.get(word, word)
        if not any(name.startswith(word) for name in _TYPES):
            raise ValueError(f"There is no type '{value}'; {_EXAMPLES['type']}.")
        self._types.append(word)

    def _kind(self, value: str) -> None:
        found = {kind for word, kind in _KINDS.items() if word.startswith(fold(value))}
        if not found:
            raise ValueError(f"There is no kind '{value}'; {_EXAMPLES['kind']}.")
        self._kinds |= found

    def _take_after(self, value: str) -> None:
        self._after = self._moment(value)

    def _take_before(self, value: str) -> None:
        self._before = self._moment(value)

    def _moment(self, value: str) -> datetime:
        return read_moment(value, self._now)


_EXAMPLES = {
    "platform": "write platform:vsphere, platform:hyper-v, platform:cloud or platform:unknown",
    "server": "write part of the backup server's name, as in server:vbr1",
    "type": "write type:full, type:increment, type:reverse or type:synthetic",
    "kind": "write kind:vm or kind:vapp",
    "after": "write after:2026-11-20, after:2026-11-20T03:00 or after:2d",
    "before": "write before:2026-11-20, before:03:00 or before:6h",
}
