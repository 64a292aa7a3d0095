"""Typed times as absolute moments: `22:45`, `yesterday 22:45`, `25.11. 22:45`, `2026-11-25T22:45Z`, `3h ago`.

A time without a zone is local. A clock time alone, or a day without a year, is the last one that has
passed, if that is not half a year ago. What lies in the future, and what a clock change skips or makes
double, is refused with the spellings that would be clear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

from tui import timefmt
from tui.errors import VbemError

_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_LENGTH = r"\d{1,5} ?(?:minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)"
_LENGTHS = re.compile(rf"{_LENGTH}(?: ?{_LENGTH}){{0,3}}", re.ASCII)
_AGO = rf"(?P<ago>[-+]?{_LENGTH}(?: ?{_LENGTH}){{0,3}})(?: ago)?"
_DAY = (
    r"(?P<word>today|yesterday)"
    r"|(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)"
    r"|(?P<m2>\d\d?)-(?P<d2>\d\d?)"
    r"|(?P<d3>\d\d?)\.(?P<m3>\d\d?)\.?(?P<y3>\d{4})?"
)
_CLOCK = (
    r"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d{1,6})\d*)?)?"
    r"(?: ?(?P<half>[ap]m))?"
    r"|(?P<hour2>\d\d?) ?(?P<half2>[ap]m)"
)
_NAMED_ZONE = r"[A-Z][\w+-]*/[\w+/-]+"
_ABBREVIATION = (
    "acdt acst aedt aest akdt akst awst bst cdt cest cet cst edt eest eet est hst ist jst kst mdt msk mst "
    "nzdt nzst pdt pst sgt wet"
).replace(" ", "|")
"""Each stands for several zones, or for one only half of the year."""
_OFFSET = r"[+-]\d\d(?::?\d\d(?::\d\d)?)?"
_ZONE = rf" ?(?P<zone>Z|UTC|GMT|{_OFFSET})|,? (?P<name>{_NAMED_ZONE}|{_ABBREVIATION})"
_FORMS = (
    rf"(?:{_DAY})(?:(?: at |, ?|T| )(?:{_CLOCK}))(?:{_ZONE})?",
    rf"(?:{_DAY})(?:(?: |(?=Z))(?P<zone>Z|UTC|GMT)| (?P<name>{_NAMED_ZONE}|{_ABBREVIATION}))?",
    rf"(?:{_CLOCK})(?:{_ZONE})?(?: on)?(?: (?:{_DAY}))?",
    _AGO,
    r"(?P<now>now)",
)
_PATTERNS = tuple(re.compile(form, re.IGNORECASE | re.ASCII) for form in _FORMS)
_TO_COME = re.compile(r"(?:tomorrow|in|next)\b", re.IGNORECASE)
_DOT_CLOCK = re.compile(r"(?:[01]?\d|2[0-3])\.[0-5]\d")
"""Has the form of a day and month; where there is no such day, a clock time was meant."""
EXAMPLES = "22:45, yesterday 22:45, 2026-11-25 22:45, 25.11. 22:45, 22:45Z, 22:45+01:00 or 3h (ago)"
SHORT_EXAMPLES = "22:45, 22:45Z, yesterday 22:45, 25.11. 22:45 or 3h"
"""Some of them, for an empty field of 50 cells."""
_YEARS_BACK = 8
"""29 February may have passed so many years ago."""
_NEAR = timedelta(days=183)
"""A day without a year that is further back is more likely one to come, or a slip."""
_MOST_OFFSET = timedelta(hours=14)


class MomentError(VbemError):
    """A typed time cannot be used; `detail` is the whole sentence: what is wrong and what would be clear."""

    title = "The time cannot be used"


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant, whatever the clocks do afterwards."""

    at: datetime
    """In UTC."""
    note: str = field(default="", compare=False)
    """How it was understood, where that is not plain: `the last time it was 22:45`."""

    @property
    def iso(self) -> str:
        """Return the spelling that means this instant everywhere and always: `2026-11-25T22:45:00Z`."""
        return f"{self.at.replace(tzinfo=None).isoformat()}Z"

    def words(self, now: datetime) -> str:
        """Return local time, UTC and age: `2026-11-25 23:45 (22:45 UTC), 2 h 56 min ago` and the note."""
        parts = (timefmt.both(self.at, with_seconds=True), f"{timefmt.span(now - self.at)} ago", self.note)
        return ", ".join(part for part in parts if part)


def parse_moment(text: str, now: datetime, zone: tzinfo | None = None) -> Moment:
    """Read a typed time.

    Args:
        text: what was typed.
        now: aware; no moment is later than this.
        zone: where a time without a zone is meant; None for this machine's.

    Raises:
        MomentError: it is no time, none that has passed, or not one time alone.
    """
    words = " ".join(text.split())
    found = next(filter(None, (pattern.fullmatch(words) for pattern in _PATTERNS)), None)
    if found is None and _TO_COME.match(words):
        raise _future(words)
    if found is None:
        raise MomentError(f"'{words}' is not a time; write {EXAMPLES}.")
    try:
        return _Reading(words, found.groupdict(), now, zone).moment()
    except (ValueError, OverflowError, OSError) as error:
        clear = words.replace(".", ":") if _DOT_CLOCK.fullmatch(words) else EXAMPLES
        raise MomentError(f"'{words}' is not a time that exists; write {clear}.") from error


def parse_length(text: str) -> timedelta:
    """Read a typed length of time: `4h`, `90 min`, `1d 6h`.

    Raises:
        MomentError: it is none, or of no length.
    """
    words = " ".join(text.split()).lower()
    found = _LENGTHS.fullmatch(words)
    length = _length(words) if found else timedelta()
    if not length:
        raise MomentError(f"'{words}' is not a length of time; write 4h, 90 min or 1d 6h.")
    return length


def spell_length(length: timedelta) -> str:
    """Return a length of time as `parse_length` reads it again, to the minute: `4h`, `1d 6h 30m`."""
    minutes = max(0, int(length.total_seconds()) // 60)
    parts = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "m"))
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0m"


def _length(words: str) -> timedelta:
    parts = re.findall(r"(\d+) ?(\w)", words)
    return sum((int(count) * _UNITS[unit] for count, unit in parts), timedelta())


def longest_moment(text: str) -> int:
    """Return how many of the first characters have the form of a typed time, up to a blank or the end."""
    ends = [0]
    for words in re.finditer(r"(?<=\S)(?=\s|$)", text):
        start = " ".join(text[: words.start()].split())
        if any(pattern.fullmatch(start) for pattern in _PATTERNS):
            ends.append(words.start())
        if len(start) > _LONGEST:
            break
    return ends[-1]


_LONGEST = 80
"""Characters; no spelling of a time is longer."""


class _Reading:
    """One typed time that has the form of one."""

    def __init__(self, words: str, parts: dict[str, str | None], now: datetime, zone: tzinfo | None) -> None:
        self._words, self._now = words, now.astimezone(UTC)
        self._parts = {name: part for name, part in parts.items() if part}
        self._zone = self._typed_zone() or zone

    def moment(self) -> Moment:
        """Return the instant; ValueError where there is no such day or time."""
        parts = self._parts
        if "now" in parts:
            return Moment(_minute(self._now))
        if "ago" in parts:
            return self._counted_back(parts["ago"].lower())
        clock, days = self._clock(), self._days()
        if clock is None:
            return self._midnight(days)
        for day in days:
            if (at := self._resolve(datetime.combine(day, clock))) is not None:
                self._refuse_far(at, day)
                is_open = not ({"word", "y", "y3"} & parts.keys())
                return Moment(at, f"the last time it was {self._words}" if is_open else "")
        raise _future(self._words)

    def _refuse_far(self, at: datetime, day: date) -> None:
        has_no_year = not ({"y", "y3"} & self._parts.keys())
        if has_no_year and self._now - at > _NEAR:
            raise MomentError(
                f"'{self._words}' was last on {day:%Y-%m-%d}, {timefmt.span(self._now - at)} ago; "
                f"write the year, as {day:%Y-%m-%d}, if that is meant."
            )

    def _counted_back(self, typed: str) -> Moment:
        length = _length(typed)
        if typed.startswith("+") and length:
            raise _future(self._words)
        return Moment(_minute(self._now - length))

    def _midnight(self, days: Iterator[date]) -> Moment:
        for day in days:
            # A day has one beginning, even where a clock change repeats or skips its midnight.
            at = _instant(datetime.combine(day, time()), self._zone, fold=0)
            if at <= self._now:
                self._refuse_far(at, day)
                return Moment(at, "the beginning of that day")
        raise _future(self._words)

    def _resolve(self, local: datetime) -> datetime | None:
        """Return the instant of a local time; None where it is still to come."""
        first, second = (_instant(local, self._zone, fold=fold) for fold in (0, 1))
        if min(first, second) > self._now:
            return None
        if first == second or first <= self._now < second:
            return first
        fate = "does not exist, because a clock change skips it" if second < first else "came twice"
        choices = " or ".join(_spelled(local, at) for at in (first, second))
        when = f"{local:%H:%M} on {local:%Y-%m-%d}"
        raise MomentError(f"{when} {fate}; write {choices}.")

    def _days(self) -> Iterator[date]:
        """Yield the days that may be meant, the latest first; no day that does not exist, if any does."""
        parts, today = self._parts, self._now.astimezone(self._zone).date()
        if "word" in parts:
            yield today - timedelta(days=1) if parts["word"].lower() == "yesterday" else today
            return
        month, day = (next((int(parts[k + n]) for n in ("", "2", "3") if k + n in parts), 0) for k in "md")
        if not month:
            yield from (today, today - timedelta(days=1))
            return
        year = parts.get("y") or parts.get("y3")
        if year:
            yield date(int(year), month, day)
            return
        years = filter(
            partial(_exists, month=month, day=day), range(today.year, today.year - _YEARS_BACK - 1, -1)
        )
        latest = next(years, None)
        if latest is None:
            raise ValueError(self._words)
        yield date(latest, month, day)
        yield from (date(year, month, day) for year in years)

    def _clock(self) -> time | None:
        parts = self._parts
        typed = parts.get("hour") or parts.get("hour2")
        if typed is None:
            return None
        hour, half = int(typed), (parts.get("half") or parts.get("half2") or "").lower()
        if half:
            if not 1 <= hour <= 12:
                raise ValueError(self._words)
            hour = hour % 12 + (12 if half == "pm" else 0)
        part = int((parts.get("part") or "0").ljust(6, "0"))
        return time(hour, int(parts.get("minute", 0)), int(parts.get("second", 0)), part)

    def _typed_zone(self) -> tzinfo | None:
        typed, name = self._parts.get("zone"), self._parts.get("name")
        if name:
            return _zone_named(name)
        if not typed:
            return None
        if typed.upper() in {"Z", "UTC", "GMT"}:
            return UTC
        digits = typed[1:].replace(":", "").ljust(6, "0")
        hours, minutes, seconds = (int(digits[place : place + 2]) for place in (0, 2, 4))
        offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        if offset > _MOST_OFFSET or max(minutes, seconds) > 59:
            raise ValueError(typed)
        return timezone(-offset if typed[0] == "-" else offset)


def _future(words: str) -> MomentError:
    return MomentError(f"'{words}' lies in the future; write a time that has passed, as {EXAMPLES}.")


def _zone_named(name: str) -> tzinfo:
    if "/" not in name:
        raise MomentError(
            f"'{name}' stands for more than one zone; write an offset, as 22:45+01:00, or 22:45Z."
        )
    for spelling in (name, name.title()):
        try:
            return ZoneInfo(spelling)
        except (KeyError, ValueError, OSError):  # not there, not a name, a folder
            continue
    raise MomentError(
        f"This machine knows no time zone '{name}'; write an offset, as 22:45+01:00, or 22:45Z."
    )


def _exists(year: int, *, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _instant(local: datetime, zone: tzinfo | None, *, fold: int) -> datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _spelled(local: datetime, at: datetime) -> str:
    """Return a local time with the offset that makes it this instant."""
    exact = local.replace(tzinfo=timezone(local - at.replace(tzinfo=None)), fold=0)
    return exact.isoformat(timespec="auto" if local.second or local.microsecond else "minutes")
