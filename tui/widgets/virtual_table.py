"""A table that does not care how many rows it has and repaints only the lines that changed."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.terminal.clipboard import copy
from tui.widgets.table_layout import (
    CURSOR_MARK,
    Column,
    Line,
    ListRows,
    RowProvider,
    RowsToCopy,
    Slot,
    StyledText,
    difference,
    drawn,
    header_line,
    row_line,
    said_line,
    share,
)
from tui.widgets.text_view import list_bindings


class VirtualTable(ScrollView, can_focus=True):
    """A table drawn line by line, with one cursor row.

    Args:
        columns: what each row's cells are.
        empty: what to say while there are no rows.
    """

    CELL_STYLES: ClassVar[tuple[str, ...]] = ("dim", "good", "warning", "bad")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--cursor",
        "table--rest",
        "table--row",
        *(f"table--{tone}" for tone in CELL_STYLES),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *list_bindings(),
        Binding("enter", "choose", "Choose", show=False),
    ]

    class Highlighted(Message):
        """The cursor is on another row now; `key` is None when there are no rows."""

        def __init__(self, table: VirtualTable, key: Hashable | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> VirtualTable:
            """Return the table, for selectors."""
            return self.table

    class Chosen(Highlighted):
        """Enter was pressed on a row; there is a key."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        empty: str = "Nothing here.",
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._columns = tuple(columns)
        self._slots: tuple[Slot, ...] = ()
        self._rows: RowProvider = ListRows[str]((), lambda _: (), lambda item: item)
        self._empty = empty
        self._sorted_by = ("", False)
        self._cursor = 0
        self._cursor_key: Hashable | None = None
        self._top = 0
        self._has_keys = False
        """Keys act here; `has_focus` changes only after the event that says so."""
        self._painted: dict[int, Line] = {}
        """What is on the screen, by line: lines are drawn from here, so that it is never another."""

    # What others may ask and say ---------------------------------------------------------------

    @property
    def row_count(self) -> int:
        """Return how many rows there are."""
        return len(self._rows)

    @property
    def cursor(self) -> int:
        """Return number of the row under the cursor, from 0."""
        return self._cursor

    @property
    def cursor_line(self) -> int:
        """Return the line of the row under the cursor, below the headings."""
        return self._cursor - self._top + 1

    @property
    def rows_below(self) -> int:
        """Return how many rows stand below the last one that is shown."""
        return max(0, len(self._rows) - self._top - self._lines_for_rows)

    @property
    def cursor_key(self) -> Hashable | None:
        """Return the key of the row under the cursor; None without rows."""
        return self._cursor_key

    def set_rows(self, rows: RowProvider, *, keep_cursor: bool = True) -> None:
        """Show other rows; the cursor stays on its key if that is among them, and on its screen line."""
        had, self._rows = len(self._rows), rows
        if len(rows) != had and self.styles.is_auto_height:
            self.refresh(layout=True)
        if not keep_cursor:
            self._cursor = self._top = 0
            self._cursor_key = None
        self.rows_changed()

    def rows_changed(self) -> None:
        """Take in that the rows have changed: keep the cursor on its key, repaint the lines that differ."""
        place = None if self._cursor_key is None else self._rows.place(self._cursor_key)
        if place is not None:
            self._top += place - self._cursor
            self._cursor = place
        self._land(self._cursor)
        self._repaint()

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns; rows of as many cells must be set with them, before anything is painted."""
        if tuple(columns) != self._columns:
            self._columns = tuple(columns)
            self._slots = share(self._columns, max(0, self.size.width - len(CURSOR_MARK)))

    def set_empty(self, sentence: str) -> None:
        """Say something else while there are no rows."""
        if sentence != self._empty:
            self._empty = sentence
            if not len(self._rows):
                self._repaint()

    def set_sorted(self, column: str, *, descending: bool) -> None:
        """Mark the column the rows are sorted by in the header."""
        self._sorted_by = (column, descending)
        self._repaint()

    def select(self, key: Hashable) -> bool:
        """Put the cursor on the row with that key; False if there is none."""
        place = self._rows.place(key)
        if place is not None:
            self._go(place)
        return place is not None

    def move(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        self._go(self._cursor + rows)

    def page(self, pages: int) -> None:
        """Move the cursor by so many pages."""
        step = pages * max(1, self._lines_for_rows - 1)
        self._top += step
        self._go(self._cursor + step)

    def half_page(self, halves: int) -> None:
        """Move the cursor by so many halves of a page."""
        self.move(halves * max(1, self._lines_for_rows // 2))

    def first(self) -> None:
        """Go to the first row."""
        self._go(0)

    def last(self) -> None:
        """Go to the last row."""
        self._go(len(self._rows) - 1)

    def choose(self) -> None:
        """Choose the row under the cursor, as Enter does."""
        if self._cursor_key is not None:
            self.post_message(self.Chosen(self, self._cursor_key))

    @property
    def copied(self) -> str:
        """Return what `copy` takes of the row under the cursor: what its rows say, else its name."""
        if self._cursor_key is None:
            return ""
        if isinstance(self._rows, RowsToCopy):
            return self._rows.copied(self._cursor)
        name = next((at for at, column in enumerate(self._columns) if column.keeps_end), 0)
        cell = self._rows.row(self._cursor)[name]
        return cell.text if isinstance(cell, StyledText) else cell

    def copy(self) -> None:
        """Send the id or the name of the row under the cursor to the clipboard of the terminal."""
        self.post_message(copy(self.app, " ".join(self.copied.splitlines())))

    # Keys and mouse ----------------------------------------------------------------------------

    action_move = move
    action_page = page
    action_half_page = half_page
    action_first = first
    action_last = last
    action_choose = choose
    action_copy = copy

    def on_focus(self) -> None:
        self._has_keys = True
        self._repaint()

    def on_blur(self) -> None:
        self._has_keys = False
        self._repaint()

    def on_click(self, event: events.Click) -> None:
        row = self._top + event.y - 1
        if event.y >= 1 and row < len(self._rows):
            self._go(row)
            if event.chain > 1:
                self.choose()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(-3)

    # Cursor ------------------------------------------------------------------------------------

    @property
    def _lines_for_rows(self) -> int:
        """Return how many lines are left for rows: all but the header."""
        return max(0, self.size.height - 1)

    def _go(self, row: int) -> None:
        self._land(row)
        self._repaint()

    def _land(self, row: int) -> None:
        """Put the cursor on `row` or the nearest there is, and scroll no more than needed."""
        count = len(self._rows)
        self._cursor = max(0, min(row, count - 1))
        height = max(1, self._lines_for_rows)
        top = min(max(self._top, self._cursor - height + 1), self._cursor)
        self._top = max(0, min(top, count - height))
        key = self._rows.key(self._cursor) if count else None
        if key != self._cursor_key:
            self._cursor_key = key
            self.post_message(self.Highlighted(self, key))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the lines of header and rows, where the stylesheet says `auto`; all lines without rows."""
        del viewport, width
        return len(self._rows) + 1 if len(self._rows) else container.height

    # Painting ----------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._slots = share(self._columns, self.size.width - len(CURSOR_MARK))
        self._painted.clear()
        self._land(self._cursor)
        self.refresh()

    def notify_style_update(self) -> None:
        """Draw every line again after a change of colours."""
        super().notify_style_update()
        self._painted.clear()

    def _repaint(self) -> None:
        """Refresh the cells whose content is no longer what is on the screen."""
        width, height = self.size
        stale: list[Region] = []
        for y in range(height):
            old, new = self._painted.get(y, ()), self._line(y)
            if old != new:
                self._painted[y] = new
                start, end = difference(old, new, width)
                stale.append(Region(start, y, end - start, 1))
        if stale:
            self.refresh(*stale)

    def render_line(self, y: int) -> Strip:
        line = self._painted.get(y)
        if line is None:
            line = self._painted[y] = self._line(y)
        return drawn(line, self._style_of, self.size.width, rest="table--row")

    def _style_of(self, component: str) -> Style:
        return self.get_component_rich_style(component) if component else self.rich_style

    def _line(self, y: int) -> Line:
        if y == 0:
            key, descending = self._sorted_by
            width, has_focus = self.size.width, self._has_keys
            return header_line(
                self._slots,
                key,
                descending=descending,
                width=width,
                has_focus=has_focus,
                above=self._top,
                below=self.rows_below,
            )
        row = self._top + y - 1
        if row >= len(self._rows):
            text = self._empty if y == 1 and not len(self._rows) else ""
            return said_line(text, width=self.size.width)
        is_cursor = row == self._cursor
        return row_line(self._slots, self._rows.row(row), is_cursor=is_cursor, has_focus=self._has_keys)
