"""The rows of the browser's two lists, made one by one as they come into view."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui.api.models.resources import NO_TIME, RestorePoint
from tui.clock import Clock
from tui.recovery.service import RecoveryService
from tui.restore_points.descriptions import (
    LEGEND,
    Timeline,
    row_titles,
    server_names,
    timeline,
    type_words,
    vm_title,
    vm_words,
    why_not,
)
from tui.restore_points.index import PointDetails, PointIndex, Vm
from tui.restore_points.vm_list import SortBy, VmList
from tui.restores.incident import Incident
from tui.sanitize import safe
from tui.services import Services
from tui.timefmt import both, day_and_time, rough_age, short_span, span, spellings, upward
from tui.widgets.table_layout import Cell, Column, ListRows, OneOf, StyledText
from tui.widgets.text_view import Line, TextView
from tui.widgets.virtual_table import VirtualTable

VM_COLUMNS = (
    Column(key=SortBy.NAME, label="VM", width=22, least=8, flex=1, keeps_end=True),
    Column(key=SortBy.PLATFORM, label="Platform", width=14, least=7),
    Column(key=SortBy.POINTS, label="Points", width=8, align="right", drop=1),
    Column(key=SortBy.NEWEST, label="Newest", width=8, least=7, align="right"),
    Column(key=SortBy.SERVER, label="Backup server", width=14, flex=2, drop=2),
)
MARK_COLUMN = Column(key="mark", label="", width=1)
INCIDENT_COLUMNS = (
    MARK_COLUMN,
    Column(key=SortBy.NAME, label="VM", width=14, least=8, flex=2, keeps_end=True),
    Column(key=SortBy.PLATFORM, label="Platform", width=8, drop=1),
    Column(key="before", label="Last before", width=12),
    Column(key="lost", label="Lost", width=10, least=8, align="right"),
    Column(key=SortBy.NEWEST, label="Newest", width=8, least=7, align="right"),
    Column(key=SortBy.SERVER, label="Server", width=9, flex=1, drop=2),
)
"""While an incident is set: what each VM has of before it, and what is lost by that."""
POINT_COLUMNS = (
    Column(key="created", label="Made (local time, UTC)", short_label="Made (UTC)", width=34, least=17),
    Column(key="age", label="Age", width=8, least=7, align="right"),
    Column(key="type", label="Type", width=17, least=11),
    Column(key="server", label="Backup server", width=12, flex=1, drop=1),
)
NOT_SAID = "time unknown"


def vm_columns(recovery: RecoveryService | None) -> tuple[Column, ...]:
    """Return the columns of the VMs: more of them while an incident is set or VMs are marked."""
    if recovery is not None and recovery.incident is not None:
        return INCIDENT_COLUMNS
    return (MARK_COLUMN, *VM_COLUMNS) if recovery is not None and recovery.marked else VM_COLUMNS


def mark_shown(view: VmList, recovery: RecoveryService) -> str:
    """Mark all VMs of a view; where all are, take their marks away. Return how many are marked now."""
    shown = [view[place].key for place in range(len(view))]
    recovery.mark(shown, on=any(key not in recovery.marked for key in shown))
    count = len(recovery.marked)
    return "No VM is marked." if not count else f"{count} VM{'s are' if count != 1 else ' is'} marked."


class VmRows:
    """The VMs of a view; a row's key is the VM's number.

    Args:
        view: sorted and filtered VMs.
        index: where the points are.
        services: what is marked, and for which incident.
    """

    def __init__(self, view: VmList, index: PointIndex, services: Services) -> None:
        self._view, self._index, self._clock = view, index, services.clock
        self._recovery = services.recovery

    def __len__(self) -> int:
        return len(self._view)

    def row(self, index: int) -> Sequence[Cell]:
        """Return the cells of `vm_columns`."""
        vm, recovery = self._view[index], self._recovery
        if recovery is None:
            return self._plain(vm)
        mark = "*" if vm.key in recovery.marked else ""
        if recovery.incident is not None:
            return (mark, *self._of_incident(vm, recovery.incident))
        return (mark, *self._plain(vm)) if recovery.marked else self._plain(vm)

    def _of_incident(self, vm: Vm, incident: Incident) -> Sequence[Cell]:
        """Return name, platform, last point before the incident, what is lost, newest, backup server."""
        row = self._index.newest_before(vm, incident.moment)
        before = None if row is None else self._index.created(row)
        newest = self._index.newest(vm)
        known = "" if before is None else short_span(upward(incident.moment - before))
        none = StyledText(NOT_SAID if self._index.lacks_time(vm) else "NONE before", "bad")
        lost: Cell = known
        if not self._index.is_whole:
            # Pages that are still to come may have one, or a later one.
            none, lost = StyledText("none yet", "dim"), StyledText(f"{known}?", "dim")
        elif incident.is_too_much(before):
            lost = StyledText(f"{known} !".strip(), "warning")
        return (
            OneOf(*row_titles(self._index, vm)),
            vm.platform.short_label,
            none if before is None else day_and_time(before),
            lost,
            "" if newest is None else _age(newest, self._clock.now()),
            OneOf(*server_names(vm.server_name, self._index)),
        )

    def _plain(self, vm: Vm) -> Sequence[Cell]:
        """Return name, platform, number of points, age of the newest, backup server."""
        rows = self._view.rows(vm)
        newest = self._index.created(rows[0]) if rows else NO_TIME
        return (
            OneOf(*row_titles(self._index, vm)),
            vm.platform.short_label,
            f"{len(rows):,}",
            _age(newest, self._clock.now()),
            OneOf(*server_names(vm.server_name, self._index)),
        )

    def key(self, index: int) -> Hashable:
        """Return the VM's number."""
        return self._view[index].number

    def copied(self, index: int) -> str:
        """Return the VM's name, as the server spells it."""
        return self._view[index].name

    def place(self, key: Hashable) -> int | None:
        """Return where that VM is now."""
        return self._view.place(key) if isinstance(key, int) else None


class PointRows:
    """The points of one VM that match the filter, newest first; a row's key is the point's row in the index.

    Args:
        index: where the points are.
        vm: whose points.
        rows: the rows to show.
        clock: for ages.
        incident: points that are not of before it are marked.
    """

    def __init__(
        self, index: PointIndex, vm: Vm, rows: Sequence[int], clock: Clock, incident: Incident | None = None
    ) -> None:
        self._index, self._vm, self._rows, self._clock = index, vm, rows, clock
        self._incident = incident

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> Sequence[Cell]:
        """Return time in both zones, age, type, backup server; what cannot be restored says so."""
        row = self._rows[index]
        created, details = self._index.created(row), self._index.details(row)
        kind: Cell = type_words(details)
        if why_not(self._index.point(row)):
            kind = StyledText("not restorable", "dim")
        when: Cell = NOT_SAID if created == NO_TIME else OneOf(*spellings(created))
        age = _age(created, self._clock.now())
        server = OneOf(*server_names(self._vm.server_name, self._index))
        if self._incident is not None and self._incident.is_after(None if created == NO_TIME else created):
            what = kind.text if isinstance(kind, StyledText) else kind
            return when, StyledText(age, "dim"), StyledText(f"AFTER {what}", "dim"), server
        return when, age, kind, server

    def key(self, index: int) -> Hashable:
        """Return the point's row in the index."""
        return self._rows[index]

    def copied(self, index: int) -> str:
        """Return the point's UID, by which a command names it."""
        return self._index.uid(self._rows[index])

    def place(self, key: Hashable) -> int | None:
        """Return where that point is now."""
        return next((place for place, row in enumerate(self._rows) if row == key), None)


def _age(created: datetime, now: datetime) -> str:
    if created > now:
        return "future"
    return "" if created == NO_TIME else rough_age(created, now)


TIMELINE_POINTS = 2000
"""The newest so many points are drawn; more would not fit on the line anyway."""
NOTHING_CHOSEN = "Enter on a VM shows its points."
NO_ROWS = ListRows[int]((), lambda _: (), lambda row: row)
_DATE = 10
_HANG = " " * 14


def point_lines(vm: Vm, point: RestorePoint, now: datetime, incident: Incident | None) -> list[Line]:
    """Return what is known about a point, a line for each fact.

    Args:
        vm: whose point it is.
        point: which one.
        now: for its age.
        incident: what the point is worth for it is said, too.
    """
    kind = type_words(PointDetails(point.point_type, point.algorithm, point.restore_href))
    made = point.known_created
    facts = {
        "VM": vm_title(vm),
        "Made": NOT_SAID if made is None else both(made),
        "Age": "" if made is None else span(now - made) if made <= now else "in the future",
        "Type": kind,
        "Platform": vm.platform.label,
        "Backup server": vm.server_name,
        "VM's object": vm.object_ref,
        "Point": point.uid,
    }
    lines: list[Line] = [f"{label:<{len(_HANG)}}{value}" for label, value in facts.items() if value]
    if incident is not None:
        tone = "warning" if incident.is_too_much(made) or incident.is_after(made) else ""
        lines += ["", StyledText(incident.plan_words(made), tone)]
    return [*lines, "", StyledText(why, "warning")] if (why := why_not(point)) else lines


class PointsPane(Vertical):
    """What the chosen VM is, its timeline, and its points newest first.

    Args:
        index: where the points are.
        services: for which incident.
    """

    def __init__(self, index: PointIndex, services: Services) -> None:
        super().__init__(id="points-pane")
        self._index, self._services, self._clock = index, services, services.clock
        self._timeline: Timeline | None = None
        self._rows: Sequence[int] = ()
        """Of the list and of the timeline: the points of the VM that match the filter."""
        self._detailed = ""
        """The point whose details are shown."""
        self.vm: Vm | None = None
        """The VM whose points are shown; None before one was chosen."""

        self.details = TextView(id="point-details", title="Point", hang=len(_HANG))
        """What is known about the point under the cursor, for beside the pane; shown where there is room."""

    def compose(self) -> ComposeResult:
        yield Static("", markup=False, id="vm-words")
        yield Static("", markup=False, id="timeline")
        yield Static("", markup=False, id="caret")
        yield VirtualTable(POINT_COLUMNS, empty=NOTHING_CHOSEN, id="points")

    @property
    def table(self) -> VirtualTable:
        """Return the list of points."""
        return self.query_one("#points", VirtualTable)

    def show(self, vm: Vm, rows: Sequence[int], *, at_newest: bool) -> None:
        """Show a VM's points.

        Args:
            vm: which VM.
            rows: its points that match the filter, newest first.
            at_newest: put the cursor on the newest one; with an incident, on the newest of before it.
        """
        recovery = self._services.recovery
        incident = recovery.incident if recovery is not None else None
        self.vm = vm
        self.query_one("#vm-words", Static).update(safe(vm_words(self._index, vm, len(rows))), layout=False)
        self.table.set_empty("No point of this VM matches the filter.")
        self.table.set_rows(
            PointRows(self._index, vm, rows, self._clock, incident), keep_cursor=not at_newest
        )
        best = self._index.newest_before(vm, incident.moment) if incident is not None and at_newest else None
        if best is not None:
            self.table.select(best)
        self._rows = rows
        self._lay_out()

    def clear(self) -> None:
        """Show no VM's points: another VM was gone to."""
        self.vm, self._timeline, self._rows = None, None, ()
        for line in self.query(Static):
            line.update("", layout=False)
        self.details.show(())
        self.table.set_empty(NOTHING_CHOSEN)
        self.table.set_rows(NO_ROWS, keep_cursor=False)

    def refresh_ages(self) -> None:
        """Repaint the ages after a minute."""
        self.table.rows_changed()
        self._show_details()

    def selected(self) -> RestorePoint | None:
        """Return the point under the cursor."""
        row = self.table.cursor_key
        return self._index.point(row) if isinstance(row, int) and self._index.uid(row) else None

    def _lay_out(self) -> None:
        index = self._index
        points = [(index.created(row), index.details(row)) for row in self._rows[:TIMELINE_POINTS]]
        room = self.size.width - 2 * (_DATE + 1) - 2
        self._timeline = timeline([one for one in points if one[0] != NO_TIME], room)
        line = self._timeline
        text = f"{line.first:%Y-%m-%d} {line.marks} {line.last:%Y-%m-%d}" if line else ""
        self.query_one("#timeline", Static).update(safe(text), layout=False)
        self._put_caret()

    def on_resize(self) -> None:
        if self.vm is not None:
            self._lay_out()

    def _show_details(self) -> None:
        point, recovery = self.selected(), self._services.recovery
        if self.vm is None or point is None:
            self.details.show(())
        elif self.details.display:
            incident = recovery.incident if recovery is not None else None
            lines = point_lines(self.vm, point, self._clock.now(), incident)
            self.details.show(lines, from_top=point.uid != self._detailed)
            self._detailed = point.uid

    @on(VirtualTable.Highlighted, "#points")
    def _put_caret(self) -> None:
        self._show_details()
        row, line, text = self.table.cursor_key, self._timeline, ""
        if line is not None and isinstance(row, int):
            column = line.column(self._index.created(row))
            text = " " * (_DATE + 1 + column) + "^" if column is not None else ""
            text += (
                " " * (self.size.width - 2 - len(LEGEND) - len(text)) + LEGEND if self._has_room(text) else ""
            )
        self.query_one("#caret", Static).update(safe(text), layout=False)

    def _has_room(self, text: str) -> bool:
        return len(text) + len(LEGEND) + 4 <= self.size.width
