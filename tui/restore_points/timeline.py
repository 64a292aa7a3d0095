"""A VM's points along a line of time: F full, S synthetic full, i increment, r reverse increment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from tui.restore_points.index import PointDetails

NONE = "."
LEGEND = "F full  S synthetic  i increment  r reverse  . none"
_RANK = "FSri?."
"""Where a column stands for several points, the mark that comes first here is shown."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Spans of equal length, oldest first, in local time."""

    marks: str
    first: datetime
    """Where the first mark begins; local time without its zone."""
    step: timedelta
    """How long a time one mark stands for."""

    @property
    def last(self) -> datetime:
        """Return where the last mark begins."""
        return self.first + self.step * (len(self.marks) - 1)

    def column(self, moment: datetime) -> int | None:
        """Return which mark stands for `moment`; None where it lies outside."""
        column = (_here(moment) - self.first) // self.step
        return column if 0 <= column < len(self.marks) else None


def _here(moment: datetime) -> datetime:
    """Return local time without its zone: a day of the clock change stays one day wide."""
    return moment.astimezone().replace(tzinfo=None)


def _begin(moment: datetime, hours: int) -> datetime:
    """Return where the span of so many hours begins in which `moment` lies."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    return hour.replace(hour=hour.hour // hours * hours) if hours <= 24 else hour.replace(hour=0)


def mark_of(details: PointDetails) -> str:
    """The letter of one point."""
    if details.algorithm.lower() == "syntheticfull" and details.point_type.lower() == "full":
        return "S"
    return {"full": "F", "increment": "i", "reverseincrement": "r"}.get(details.point_type.lower(), "?")


def timeline(points: Sequence[tuple[datetime, PointDetails]], width: int) -> Timeline | None:
    """Lay points out on at most `width` columns; None without points or without room.

    Args:
        points: creation time and details of each, newest first, none without a time.
        width: in columns.
    """
    if not points or width < 1:
        return None
    newest, oldest = _here(points[0][0]), _here(points[-1][0])
    hours = next(h for h in _steps() if (newest - _begin(oldest, h)) // timedelta(hours=h) < width)
    first, step = _begin(oldest, hours), timedelta(hours=hours)
    marks = [NONE] * ((newest - first) // step + 1)
    for created, details in points:
        column = (_here(created) - first) // step
        if 0 <= column < len(marks):
            marks[column] = min(marks[column], mark_of(details), key=_RANK.index)
    return Timeline("".join(marks), first, step)


def _steps() -> Iterator[int]:
    """Yield span lengths in hours: those that divide a day, then whole days."""
    yield from (1, 2, 3, 6, 12)
    yield from count(24, 24)
