"""A VM's points along one line of days: F full, S synthetic full, i increment, r reverse increment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tui.points.index import Shape

NONE = "."
LEGEND = "F full  S synthetic  i increment  r reverse  . none"
_RANK = "FSri?."
"""Where a column stands for several points, the mark that comes first here is shown."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Days of equal width, oldest first, in local time."""

    marks: str
    first: date
    last: date
    days: int
    """How many days one mark stands for."""

    def column(self, moment: datetime) -> int | None:
        """Which mark stands for `moment`; None where it lies outside."""
        column = (moment.astimezone().date() - self.first).days // self.days
        return column if 0 <= column < len(self.marks) else None


def mark_of(shape: Shape) -> str:
    """The letter of one point."""
    if shape.algorithm.lower() == "syntheticfull" and shape.point_type.lower() == "full":
        return "S"
    return {"full": "F", "increment": "i", "reverseincrement": "r"}.get(shape.point_type.lower(), "?")


def timeline(points: Sequence[tuple[datetime, Shape]], width: int) -> Timeline | None:
    """Lay points out on at most `width` columns; None without points or without room.

    Args:
        points: creation time and shape of each, newest first, none without a time.
        width: in columns.
    """
    if not points or width < 1:
        return None
    last, first = points[0][0].astimezone().date(), points[-1][0].astimezone().date()
    span = (last - first).days + 1
    days = -(-span // width)
    first = last - timedelta(days=days * -(-span // days) - 1)
    marks = [NONE] * (-(-span // days))
    for created, shape in points:
        column = (created.astimezone().date() - first).days // days
        marks[column] = min(marks[column], mark_of(shape), key=_RANK.index)
    return Timeline("".join(marks), first, last, days)
