"""The right-hand (or second) part of the browser: the points of the chosen VM."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from tui.api.models.points import NO_TIME, RestorePoint
from tui.clock import Clock
from tui.points.index import PointIndex, Vm
from tui.points.timeline import LEGEND, Timeline, timeline
from tui.points.words import vm_words
from tui.screens.points_rows import POINT_COLUMNS, PointRows
from tui.widgets.rows import ListRows
from tui.widgets.table import BigTable
from tui.widgets.textline import TextLine

TIMELINE_POINTS = 2000
"""The newest so many points are drawn; more would not fit on the line anyway."""
NOTHING_CHOSEN = "Enter on a VM shows its points."
NO_ROWS = ListRows[int]((), lambda _: (), lambda row: row)
_DATE = 10


class PointsPane(Vertical):
    """What the chosen VM is, its timeline, and its points newest first.

    Args:
        index: where the points are.
        clock: for ages.
    """

    def __init__(self, index: PointIndex, clock: Clock) -> None:
        super().__init__(id="points-pane")
        self._index, self._clock = index, clock
        self._timeline: Timeline | None = None
        self.vm: Vm | None = None
        """The VM whose points are shown; None before one was chosen."""

    def compose(self) -> ComposeResult:
        """A line about the VM, two of timeline, the points."""
        yield TextLine(id="vm-words")
        yield TextLine(id="timeline")
        yield TextLine(id="caret")
        yield BigTable(POINT_COLUMNS, empty=NOTHING_CHOSEN, id="points")

    @property
    def table(self) -> BigTable:
        """The list of points."""
        return self.query_one("#points", BigTable)

    def show(self, vm: Vm, rows: Sequence[int], *, anew: bool) -> None:
        """Show a VM's points.

        Args:
            vm: which VM.
            rows: its points that match the filter, newest first.
            anew: put the cursor on the newest one.
        """
        self.vm = vm
        self.query_one("#vm-words", TextLine).show(vm_words(self._index, vm, len(rows)))
        self.table.set_empty("No point of this VM matches the filter.")
        self.table.set_rows(PointRows(self._index, vm, rows, self._clock), keep_cursor=not anew)
        self._lay_out(rows)

    def clear(self) -> None:
        """Show no VM's points: another VM was gone to."""
        self.vm, self._timeline = None, None
        for line in self.query(TextLine):
            line.show("")
        self.table.set_empty(NOTHING_CHOSEN)
        self.table.set_rows(NO_ROWS, keep_cursor=False)

    def refresh_ages(self) -> None:
        """A minute has passed."""
        self.table.rows_changed()

    def selected(self) -> RestorePoint | None:
        """The point under the cursor."""
        row = self.table.cursor_key
        return self._index.point(row) if isinstance(row, int) and self._index.uid(row) else None

    def _lay_out(self, rows: Sequence[int]) -> None:
        index = self._index
        shapes = [(index.created(row), index.shape(row)) for row in rows[:TIMELINE_POINTS]]
        room = self.size.width - 2 * (_DATE + 1) - 2
        self._timeline = timeline([one for one in shapes if one[0] != NO_TIME], room)
        line = self._timeline
        text = f"{line.first:%Y-%m-%d} {line.marks} {line.last:%Y-%m-%d}" if line else ""
        self.query_one("#timeline", TextLine).show(text)
        self._put_caret()

    def on_resize(self) -> None:
        """Lay the timeline out for the new width."""
        if self.vm is not None:
            self._lay_out([row for row in self.vm.rows if self.table.row_count])

    @on(BigTable.Highlighted, "#points")
    def _put_caret(self) -> None:
        """Point at the selected point's day; the legend stands where there is room."""
        row, line, text = self.table.cursor_key, self._timeline, ""
        if line is not None and isinstance(row, int):
            column = line.column(self._index.created(row))
            text = " " * (_DATE + 1 + column) + "^" if column is not None else ""
            text += (
                " " * (self.size.width - 2 - len(LEGEND) - len(text)) + LEGEND if self._has_room(text) else ""
            )
        self.query_one("#caret", TextLine).show(text)

    def _has_room(self, text: str) -> bool:
        return len(text) + len(LEGEND) + 4 <= self.size.width
