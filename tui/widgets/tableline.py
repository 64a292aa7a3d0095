"""The lines of a big table as text and tone, and where two of them differ.

Arithmetic only, so that it can be tested without a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, groupby
from operator import itemgetter

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.text import cell, safe
from tui.widgets.columns import GAP, Slot
from tui.widgets.rows import Cell, Toned

CURSOR_MARK = "> "
"""Shows the cursor without colour."""
_NO_MARK = "  "
Line = tuple[tuple[str, str], ...]
"""One line: (text, component class) pairs, for a row the mark and then one for each slot."""


def header_line(slots: Sequence[Slot], sorted_by: str, *, descending: bool, width: int) -> Line:
    """The headings; the column the rows are sorted by says in which direction."""
    labels = []
    for slot in slots:
        label = slot.column.label
        if slot.column.key == sorted_by:
            label = f"{label} {'v' if descending else '^'}"
        labels.append(_fit(label, slot))
    return (((_NO_MARK + (" " * GAP).join(labels)).ljust(width), "table--header"),)


def said_line(sentence: str, *, width: int) -> Line:
    """What is said instead of rows."""
    return ((_NO_MARK + safe(sentence, cells=max(0, width - len(_NO_MARK))), "table--row"),)


def row_line(slots: Sequence[Slot], cells: Sequence[Cell], *, is_cursor: bool) -> Line:
    """One row: each cell in its slot; under the cursor all cells have the cursor's colours."""
    base = "table--cursor" if is_cursor else "table--row"
    parts: list[tuple[str, str]] = [(CURSOR_MARK if is_cursor else _NO_MARK, base)]
    for number, slot in enumerate(slots):
        value = cells[slot.index]
        text, tone = (value.text, f"table--{value.tone}") if isinstance(value, Toned) else (value, base)
        parts.append(((" " * GAP if number else "") + _fit(text, slot), base if is_cursor else tone))
    return tuple(parts)


def difference(old: Line, new: Line, width: int) -> tuple[int, int]:
    """From which cell to which two lines that are not equal differ, in whole columns."""
    if len(new) == 1 or [tone for _, tone in old] != [tone for _, tone in new]:
        return 0, width
    changed = [before != after for before, after in zip(old, new, strict=True)]
    ends = [0, *accumulate(cell_len(text) for text, _ in new)]
    return ends[changed.index(True)], ends[len(changed) - changed[::-1].index(True)]


def drawn(line: Line, style: Callable[[str], Style], width: int, *, rest: str = "") -> Strip:
    """The line in colours.

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


def _fit(text: str, slot: Slot) -> str:
    fitted = cell(text, slot.width)
    if slot.column.align == "right":
        bare = fitted.rstrip(" ")
        return " " * (len(fitted) - len(bare)) + bare
    return fitted
