"""The filter language of the browser: `web 02 platform:vmware server:vbr1 type:full after:2d`.

Words may come in any order and all must match, without regard to case and accents. What looks like
`key:value` must have a key of `FILTER_KEYS`; a VM's name with a colon stands in quotes. A time may have
blanks: `before:2026-11-25 22:45`. What is not understood is an error, never left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial

from tui import timefmt
from tui.api.models import Platform, PointKind
from tui.api.models.enums import PLATFORM_WORDS, bare_word
from tui.errors import VbemError
from tui.moment import EXAMPLES, Moment, MomentError, longest_moment, parse_moment
from tui.restore_points.filter import KINDS, Filter
from tui.restore_points.index import fold


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterKey:
    """One `key:` of the filter of restore points."""

    name: str
    values: str
    """What may stand behind the colon, for the help."""
    examples: str
    """For the sentence that says what is wrong."""


_TIME = f"a time that has passed: {EXAMPLES}; a day alone is its beginning"
FILTER_KEYS = (
    FilterKey(name="platform", values="vsphere, hyper-v, cloud or unknown, or how one of these begins",
              examples="platform:vsphere, platform:hyper-v, platform:cloud or platform:unknown"),
    FilterKey(name="server", values="part of the backup server's name", examples="server:vbr1"),
    FilterKey(name="type", values="full, increment, reverse or synthetic",
              examples="type:full, type:increment, type:reverse or type:synthetic"),
    FilterKey(name="kind", values="vm or vapp", examples="kind:vm or kind:vapp"),
    FilterKey(name="after", values=_TIME, examples="after:2d or after:2026-11-25 22:45"),
    FilterKey(name="before", values=_TIME, examples="before:22:45 or before:2026-11-25 22:45"),
)  # fmt: skip
"""What the filter of restore points understands beside words of names."""

_TOKEN = re.compile(r'(?:([A-Za-z]+):)?(?:"([^"]*)(?:"|$)|(\S+))')
_LIKE_A_TIME = re.compile(
    r"\s+(?:T?\d{1,2}:|\d{1,2}h\b|[+-]\d|ago\b|tomorrow\b|[ap]\.?m\b)\S*", re.IGNORECASE
)
"""Behind a time it belongs to it, and makes it wrong if the whole is no time."""
_TYPES = ("full", "increment", "reverseincrement", "syntheticfull")
_TYPE_WORDS = {"incremental": "increment", "reverseincremental": "reverseincrement"}
"""What people call a type beside its own name."""
NOTHING = Filter(is_wrong=True)
_KEYS = ", ".join(f"{key.name}:" for key in FILTER_KEYS)
_TIMES = frozenset({"after", "before"})
_EXAMPLES = {key.name: key.examples for key in FILTER_KEYS}


class FilterError(VbemError):
    """The filter cannot be used; `detail` is the whole sentence: what is wrong and what would be understood.

    Args:
        sentence: that sentence.
        is_unfinished: nothing is wrong yet, a value is still to be typed.
    """

    title = "The filter cannot be used"

    def __init__(self, sentence: str, *, is_unfinished: bool = False) -> None:
        super().__init__(sentence)
        self.is_unfinished = is_unfinished


class FilterParser:
    """Reads the filter of one screen while it is typed.

    A time keeps the moment it meant when it was typed: it does not move on while one works, and a key
    pressed later does not change it.

    Args:
        now: says what time it is; aware.
        zone: where a time without a zone is meant; None for this machine's.
    """

    def __init__(self, now: Callable[[], datetime], zone: tzinfo | None = None) -> None:
        self._now, self._zone = now, zone
        self._moments: dict[str, Moment] = {}
        """By what was typed for it; those of the text parsed last."""

    def parse(self, text: str) -> Filter:
        """Read a filter.

        Raises:
            FilterError: some of it is wrong; what is wrong is told before what is unfinished.
        """
        known, self._moments = self._moments, {}
        reading, errors = _Reading(partial(self._moment, known)), []
        for key, value, whole in _tokens(text):
            try:
                reading.take(key, value, whole)
            except FilterError as error:
                errors.append(error)
            except MomentError as error:
                errors.append(FilterError(f"{key}: {error.detail}"))
        if errors:
            raise min(errors, key=lambda error: error.is_unfinished)
        return reading.result(text)

    def parts(self, text: str) -> list[tuple[str, Filter]]:
        """Return each part of a filter that was just parsed without an error, and what it asks alone."""
        found = []
        for key, value, whole in _tokens(text):
            reading = _Reading(partial(self._moment, self._moments))
            reading.take(key, value, whole)
            found.append((whole, reading.result(whole)))
        return found

    def _moment(self, known: dict[str, Moment], typed: str) -> Moment:
        typed = " ".join(typed.split())
        moment = known.get(typed) or parse_moment(typed, self._now(), self._zone)
        self._moments[typed] = moment
        return moment


def parse(text: str, now: datetime, zone: tzinfo | None = None) -> Filter:
    """Read a filter that was typed at `now`, in full.

    Raises:
        FilterError: some of it is wrong.
    """
    return FilterParser(lambda: now, zone).parse(text)


def _tokens(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield key, value and the whole of each part; the key is empty for a word or phrase."""
    place = 0
    while match := _TOKEN.search(text, place):
        key, phrase, word = match.groups()
        start, place = match.start(3), match.end()
        if not key and word and re.fullmatch("[A-Za-z]+:", word):
            key, word = word[:-1], ""
        key = (key or "").lower()
        if word and key in _TIMES:
            place = start + (longest_moment(text[start:]) or len(word))
            while more := _LIKE_A_TIME.match(text, place):
                place = more.end()
            word = text[start:place]
        yield key, (word or "") if phrase is None else phrase, text[match.start() : place]


class _Reading:
    """What has been read of a filter so far."""

    def __init__(self, moment: Callable[[str], Moment]) -> None:
        self._moment = moment
        self._words: list[str] = []
        self._servers: list[str] = []
        self._types: list[str] = []
        self._platforms: set[Platform] = set()
        self._kinds: set[PointKind] = set()
        self._times: dict[str, Moment] = {}
        self._only_words = True

    def take(self, key: str, value: str, whole: str) -> None:
        """Take in one word, phrase or `key:value`.

        Raises:
            FilterError: it is not understood.
            MomentError: its time cannot be used.
        """
        if not key:
            # What folds to nothing is in no name: left out, it would show all of them.
            self._words += [fold(value) or value] if value else []
            return
        if key not in _EXAMPLES:
            raise FilterError(
                f"'{key}:' is not a filter key; the keys are {_KEYS}. "
                f'Put a name with a colon in quotes: "{whole}".'
            )
        self._only_words = False
        if not value.strip():
            raise FilterError(
                f"{key}: needs a value right after the colon; write {_EXAMPLES[key]}.", is_unfinished=True
            )
        if key in _TIMES:
            self._take_time(key, value)
        else:
            {"platform": self._platform, "server": self._server, "type": self._type, "kind": self._kind}[key](
                value
            )

    def result(self, text: str) -> Filter:
        """Return the whole filter.

        Raises:
            FilterError: no point can match.
        """
        after, before = self._times.get("after"), self._times.get("before")
        if after and before and after.at >= before.at:
            raise FilterError(
                f"before: ({timefmt.both(before.at)}) is not later than after: ({timefmt.both(after.at)}), "
                "so no point can match."
            )
        return Filter(
            words=tuple(self._words),
            servers=tuple(self._servers),
            platforms=frozenset(self._platforms),
            kinds=frozenset(self._kinds),
            types=tuple(self._types),
            after=after,
            before=before,
            name=text.strip().strip('"') if self._only_words else "",
        )

    def _platform(self, value: str) -> None:
        typed = bare_word(fold(value))
        found = {platform for word, platform in PLATFORM_WORDS.items() if typed and word.startswith(typed)}
        if not found:
            raise FilterError(f"There is no platform '{value}'; write {_EXAMPLES['platform']}.")
        self._platforms |= found

    def _server(self, value: str) -> None:
        name = fold(value)
        if not name:
            raise FilterError(f"There is no server '{value}'; write {_EXAMPLES['server']}.")
        self._servers.append(name)

    def _type(self, value: str) -> None:
        word = bare_word(fold(value))
        word = _TYPE_WORDS.get(word, word)
        if not word or not any(name.startswith(word) for name in _TYPES):
            raise FilterError(f"There is no type '{value}'; write {_EXAMPLES['type']}.")
        self._types.append(word)

    def _kind(self, value: str) -> None:
        typed = fold(value)
        found = {kind for word, kind in KINDS.items() if typed and word.startswith(typed)}
        if not found:
            raise FilterError(f"There is no kind '{value}'; write {_EXAMPLES['kind']}.")
        self._kinds |= found

    def _take_time(self, key: str, value: str) -> None:
        moment = self._moment(value)
        if self._times.setdefault(key, moment) != moment:
            raise FilterError(f"{key}: stands twice, for two times; keep one of them.")
