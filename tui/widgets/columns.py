"""The columns of a big table: how the room of one line is shared among them.

Arithmetic only, so that it can be tested without a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

GAP = 2
"""Blank cells between two columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    key: str
    """What a sort order or a test calls it."""
    label: str
    """Its heading."""
    width: int
    """Width in cells; the least width where `flex` is set."""
    flex: int = 0
    """Share of the room that is left over; 0 keeps the width fixed."""
    align: Literal["left", "right"] = "left"
    drop: int = 0
    """Where the line is too short, the column with the highest number goes first; 0 never goes."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A column that found room."""

    index: int
    """Its place among the table's columns, and so among a row's cells."""
    column: Column
    width: int


def share(columns: Sequence[Column], width: int) -> tuple[Slot, ...]:
    """Give each column its width within `width` cells, leaving out droppable ones that do not fit."""
    kept = list(enumerate(columns))
    while _need(kept) > width:
        place = max(range(len(kept)), key=lambda number: (kept[number][1].drop, number), default=-1)
        if place < 0 or kept[place][1].drop == 0:
            break
        del kept[place]
    return _spread(kept, width - _need(kept))


def _need(kept: Sequence[tuple[int, Column]]) -> int:
    return sum(column.width for _, column in kept) + GAP * max(0, len(kept) - 1)


def _spread(kept: Sequence[tuple[int, Column]], spare: int) -> tuple[Slot, ...]:
    slots, shares = [], sum(column.flex for _, column in kept)
    spare = max(0, spare)
    for index, column in kept:
        extra = spare * column.flex // shares if column.flex else 0
        spare, shares = spare - extra, shares - column.flex
        slots.append(Slot(index, column, column.width + extra))
    return tuple(slots)
