"""What a big table is made of: its rows and cells, its columns, and how one line is shared among them.

Arithmetic only, so that it can be tested without a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from operator import itemgetter
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar, runtime_checkable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.sanitize import cell, cut_middle, either, safe

GAP = 2
"""Blank cells between two columns."""


ItemT = TypeVar("ItemT")


class StyledText(NamedTuple):
    """A cell with a tone; the tone only underlines what the text says in words."""

    text: str
    tone: str
    """One of `VirtualTable.CELL_STYLES`: `dim`, `good`, `warning`, `bad`."""


class OneOf(str):
    """A cell that is never cut: of its texts the first that fits is shown.

    Args:
        texts: the longest first, which is what it is as a string; the last is shown where no other fits,
            and in all rows of a column that shrank.
    """

    texts: tuple[str, ...]

    def __new__(cls, *texts: str) -> OneOf:
        one = super().__new__(cls, texts[0])
        one.texts = texts
        return one


Cell = str | StyledText


class RowProvider(Protocol):
    """The rows of a table. Only rows in view are asked for, so there may be millions."""

    def __len__(self) -> int:
        """Return how many rows there are now."""

    def row(self, index: int) -> Sequence[Cell]:
        """Return the cells of one row, one per column, as raw text: the table makes it safe to show."""

    def key(self, index: int) -> Hashable:
        """Return what the row is, whatever its place: the cursor stays on its key while rows come and go."""

    def place(self, key: Hashable) -> int | None:
        """Return where the row with that key is now; None if it is gone."""


@runtime_checkable
class RowsToCopy(Protocol):
    """Rows that say what is copied of one."""

    def copied(self, index: int) -> str:
        """Return the id or the name of one row, as raw text."""


class ListRows(Generic[ItemT]):
    """Rows over a plain sequence, for tables of up to some thousands of rows.

    Args:
        items: what the rows show.
        row: makes the cells of one item.
        key: says what an item is.
    """

    def __init__(
        self,
        items: Sequence[ItemT],
        row: Callable[[ItemT], Sequence[Cell]],
        key: Callable[[ItemT], Hashable],
    ) -> None:
        self._items = items
        self._row = row
        self._key = key
        self._places = {key(item): place for place, item in enumerate(items)}

    def __len__(self) -> int:
        return len(self._items)

    def row(self, index: int) -> Sequence[Cell]:
        """Return the cells of one row."""
        return self._row(self._items[index])

    def key(self, index: int) -> Hashable:
        """Return the key of one row."""
        return self._key(self._items[index])

    def place(self, key: Hashable) -> int | None:
        """Return where the row with that key is."""
        return self._places.get(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    key: str
    """What a sort order or a test calls it."""
    label: str
    """Its heading."""
    width: int
    """Width in cells; the least width where `flex` is set."""
    least: int = 0
    """Where nothing can be left out any more, it may shrink to this; 0 keeps it at `width`."""
    short_label: str = ""
    """Its heading where it has shrunk."""
    keeps_end: bool = False
    """A text too long is cut in its middle: what distinguishes names is often their end."""
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

    @property
    def has_shrunk(self) -> bool:
        """Return whether the column has less room than it wants."""
        return self.width < self.column.width


def share(columns: Sequence[Column], width: int) -> tuple[Slot, ...]:
    """Give each column its width within `width` cells.

    Where they do not fit, droppable ones are left out, then the last ones shrink first.
    """
    kept = list(enumerate(columns))
    while _need(kept) > width:
        place = max(range(len(kept)), key=lambda number: (kept[number][1].drop, number), default=-1)
        if place < 0 or kept[place][1].drop == 0:
            break
        del kept[place]
    return _shrunk(kept, width) if _need(kept) > width else _spread(kept, width - _need(kept))


def _need(kept: Sequence[tuple[int, Column]]) -> int:
    return sum(column.width for _, column in kept) + GAP * max(0, len(kept) - 1)


def _shrunk(kept: Sequence[tuple[int, Column]], width: int) -> tuple[Slot, ...]:
    slots, missing = [], _need(kept) - width
    for index, column in reversed(kept):
        narrow = max(column.width - missing, column.least or column.width)
        missing -= column.width - narrow
        slots.append(Slot(index, column, narrow))
    return tuple(reversed(slots))


def _spread(kept: Sequence[tuple[int, Column]], spare: int) -> tuple[Slot, ...]:
    slots, shares = [], sum(column.flex for _, column in kept)
    spare = max(0, spare)
    for index, column in kept:
        extra = spare * column.flex // shares if column.flex else 0
        spare, shares = spare - extra, shares - column.flex
        slots.append(Slot(index, column, column.width + extra))
    return tuple(slots)


LEAST_BAR = 4
"""A narrower bar tells less than its number."""


def bar(share: float, cells: int) -> str:
    """Return a bar with its per cent, in characters that any terminal has: `[######------] 48 %`.

    Args:
        share: from 0 to 1; what is beyond counts as the end.
        cells: for all of it; where there is no room for a bar, the number alone is returned.
    """
    # 58 hundredths make a little less than 58 per cent.
    share = min(1.0, max(0.0, share)) + 1e-9
    number = f"{int(share * 100)} %"
    room = cells - len(number) - 3
    if room < LEAST_BAR:
        return number
    done = int(share * room)
    full, empty = either("\u2588", "#"), either("\u2591", "-")
    return f"[{full * done}{empty * (room - done)}] {number}"


CURSOR_MARK = "> "
"""Shows the cursor without colour."""
_NO_MARK = "  "
Line = tuple[tuple[str, str], ...]
"""One line: (text, component class) pairs, for a row the mark and then one for each slot."""


def header_line(
    slots: Sequence[Slot],
    sorted_by: str,
    *,
    descending: bool,
    width: int,
    has_focus: bool = False,
    above: int = 0,
    below: int = 0,
) -> Line:
    """Return the headings; the column the rows are sorted by says in which direction.

    Args:
        slots: the columns that found room.
        sorted_by: key of the column the rows are sorted by.
        descending: in which direction.
        width: in cells.
        has_focus: whether keys act in this table, which the mark says.
        above: how many rows stand above those that are shown.
        below: how many below.
    """
    labels = []
    for slot in slots:
        mark = f" {'v' if descending else '^'}" if slot.column.key == sorted_by else ""
        column = slot.column
        label = column.short_label if slot.has_shrunk and column.short_label else column.label
        labels.append(_fit(label + mark, slot))
    mark = CURSOR_MARK if has_focus else _NO_MARK
    line = (mark + (" " * GAP).join(labels)).rstrip(" ")
    more = _more(above, below, width - len(line) - GAP)
    return ((line.ljust(width - len(more)) + more, "table--header"),)


def _more(above: int, below: int, room: int) -> str:
    """Return how many rows are out of sight, as the room allows: those below are the news."""
    texts = [f"{above} above, {below} more below"] if above and below else []
    texts += [f"{below} more below", f"{below} more"] if below else [f"{above} above"] if above else []
    return next((text for text in texts if len(text) <= room), "")


def said_line(sentence: str, *, width: int) -> Line:
    """Return what is said instead of rows."""
    return ((_NO_MARK + safe(sentence, cells=max(0, width - len(_NO_MARK))), "table--row"),)


def row_line(
    slots: Sequence[Slot], cells: Sequence[Cell], *, is_cursor: bool, has_focus: bool = True
) -> Line:
    """Return one row: each cell in its slot; under the cursor all cells have the cursor's colours.

    Args:
        slots: the columns that found room.
        cells: of all columns.
        is_cursor: whether the cursor stands on it.
        has_focus: whether keys act in this table: the cursor is drawn as a bar then, else as a line.
    """
    base = ("table--cursor" if has_focus else "table--rest") if is_cursor else "table--row"
    parts: list[tuple[str, str]] = [(CURSOR_MARK if is_cursor and has_focus else _NO_MARK, base)]
    for number, slot in enumerate(slots):
        value = cells[slot.index]
        text, tone = _text_of(value, slot), base
        if isinstance(value, StyledText):
            tone = f"table--{value.tone}"
        parts.append(((" " * GAP if number else "") + _fit(text, slot), base if is_cursor else tone))
    return tuple(parts)


def difference(old: Line, new: Line, width: int) -> tuple[int, int]:
    """Return the span of cells in which two unequal lines differ; whole columns where a cell is no letter."""
    if (len(new) == 1 and _is_wider(old, new)) or [tone for _, tone in old] != [tone for _, tone in new]:
        return 0, width
    changed = [before != after for before, after in zip(old, new, strict=True)]
    first, last = changed.index(True), len(changed) - changed[::-1].index(True)
    ends = [0, *accumulate(cell_len(text) for text, _ in new)]
    start, end = ends[first], ends[last]
    before, after = ("".join(text for text, _ in line[first:last]) for line in (old, new))
    if before.isascii() and after.isascii() and len(before) == len(after):
        unequal = [place for place, pair in enumerate(zip(before, after, strict=True)) if len(set(pair)) > 1]
        return start + unequal[0], start + unequal[-1] + 1
    return start, end


def _is_wider(old: Line, new: Line) -> bool:
    """Return whether a line of one part leaves something of the one before it on the screen."""
    return len(old) != 1 or cell_len(old[0][0]) != cell_len(new[0][0])


def drawn(line: Line, style: Callable[[str], Style], width: int, *, rest: str = "") -> Strip:
    """Return the line in colours.

    Args:
        line: what to draw.
        style: by component class.
        width: how many cells it fills.
        rest: component class of what is left blank.
    """
    if len({tone for _, tone in line}) == 1:  # as in most rows
        segments = [Segment("".join([text for text, _ in line]), style(line[0][1]))]
    else:
        segments = [
            Segment("".join(text for text, _ in parts), style(tone))
            for tone, parts in groupby(line, key=itemgetter(1))
        ]
    if all(segment.text.isascii() for segment in segments):  # a cell for each letter: nothing to be measured
        missing = width - sum(len(segment.text) for segment in segments)
        if missing > 0:
            segments.append(Segment(" " * missing, style(rest)))
        if missing >= 0:
            return Strip(segments, width)
    return Strip(segments).adjust_cell_length(width, style(rest))


def _text_of(value: Cell, slot: Slot) -> str:
    text = value.text if isinstance(value, StyledText) else value
    if not isinstance(text, OneOf):
        return text
    fitting = () if slot.has_shrunk else (one for one in text.texts if cell_len(one) <= slot.width)
    return next(iter(fitting), text.texts[-1])


def _fit(text: str, slot: Slot) -> str:
    if slot.column.keeps_end and not (text.isascii() and len(text) <= slot.width):
        text = cut_middle(safe(text), slot.width)
    fitted = cell(text, slot.width)
    if slot.column.align == "right":
        bare = fitted.rstrip(" ")
        return " " * (len(fitted) - len(bare)) + bare
    return fitted
