"""The filter language of the browser: `web 02 platform:vmware server:vbr1 type:full after:2d`.

Words may come in any order and all must match, without regard to case and accents. A word that
looks like `key:value` with a key nobody knows is a plain word: VM names contain colons.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from tui.api.models import Platform, PointKind
from tui.moment import read_moment
from tui.restore_points.filter import KINDS, PLATFORMS, Filter
from tui.restore_points.index import fold

_TOKEN = re.compile(r'(?:([A-Za-z]+):)?(?:"([^"]*)(?:"|$)|(\S+))')
_TYPES = ("full", "increment", "reverseincrement", "syntheticfull")
_TYPE_WORDS = {"incremental": "increment", "reverseincremental": "reverseincrement"}
"""What people call a type beside its own name."""


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
    if complaint is None and reading.is_empty_span:
        raise FilterError(_EMPTY_SPAN, replace(reading.result(text), before=None))
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
        """Take in one word, phrase or `key:value`."""
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
            raise _Unfinished(f"{key}: needs a value right after the colon; {_EXAMPLES[key]}.")
        taker(value)

    @property
    def is_empty_span(self) -> bool:
        """Return whether no moment lies between `after:` and `before:`."""
        return self._after is not None and self._before is not None and self._after >= self._before

    def result(self, text: str) -> Filter:
        """Return the whole filter."""
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
        found = {platform for word, platform in PLATFORMS.items() if word.startswith(fold(value))}
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
        found = {kind for word, kind in KINDS.items() if word.startswith(fold(value))}
        if not found:
            raise ValueError(f"There is no kind '{value}'; {_EXAMPLES['kind']}.")
        self._kinds |= found

    def _take_after(self, value: str) -> None:
        self._after = self._moment(value)

    def _take_before(self, value: str) -> None:
        self._before = self._moment(value)

    def _moment(self, value: str) -> datetime:
        return read_moment(value, self._now)


_EMPTY_SPAN = "before: is not later than after:, so no point can match; before: is ignored."
_EXAMPLES = {
    "platform": "write platform:vsphere, platform:hyper-v, platform:cloud or platform:unknown",
    "server": "write part of the backup server's name, as in server:vbr1",
    "type": "write type:full, type:increment, type:reverse or type:synthetic",
    "kind": "write kind:vm or kind:vapp",
    "after": "write after:2026-11-20, after:2026-11-20T03:00 or after:2d",
    "before": "write before:2026-11-20, before:03:00 or before:6h",
}
