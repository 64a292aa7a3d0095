"""The browser of restore points: type to find a VM, Enter for its points, Enter for the form."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.widget import Widget
from textual.widgets import Input

from tui.points.filter_text import FilterError, parse
from tui.points.index import PointIndex, Vm
from tui.points.view import SortBy, VmView
from tui.points.words import loading_words, matching_words, nothing_words, why_not
from tui.screens.base import bindings_of
from tui.screens.points_loading import PointsLoading
from tui.screens.points_tables import NO_ROWS, VM_COLUMNS, PointsPane, VmRows
from tui.widgets.header import StatusLine
from tui.widgets.inputs import FilterInput, LineInput
from tui.widgets.textline import TextLine
from tui.widgets.virtual_table import VirtualTable

AGES_EVERY_S = 60.0
REHEARSALS = 4
POINTS_LINE = "Enter on a point opens its restore form; Esc goes back to the VMs."
HELP_LINE = "words platform: server: type: kind: after: before:"


class RestorePointsScreen(PointsLoading):
    """Finds the restore point; opens the restore form on it."""

    NAME = "points"
    HEADING = "Restore points"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("points")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - so named by Textual

    def __init__(self) -> None:
        super().__init__()
        self._complained = False
        """The status line speaks of the filter."""
        self._was_covered = False

    def compose_body(self) -> ComposeResult:
        """The filter, the two lists, and the line that says how much is loaded."""
        yield FilterInput(placeholder=f"Find: {HELP_LINE}", id="filter")
        with Container(id="lists"):
            with Vertical(id="vms-pane"):
                yield VirtualTable(VM_COLUMNS, empty="Asking for the newest restore points...", id="vms")
            yield PointsPane(self._index, self.vbem.clock)
        yield TextLine(id="loaded")

    @property
    def vms(self) -> VirtualTable:
        """The list of VMs."""
        return self.query_one("#vms", VirtualTable)

    @property
    def pane(self) -> PointsPane:
        """The points of the chosen VM."""
        return self.query_one(PointsPane)

    @property
    def entry(self) -> LineInput:
        """The filter."""
        return self.query_one("#filter", LineInput)

    def on_mount(self) -> None:
        """The filter has the focus."""
        self.vms.set_rows(VmRows(self._view, self._index, self.vbem.clock))
        self.vms.set_sorted(self._view.sorted_by, descending=self._view.descending)
        self.entry.focus()
        self.set_interval(AGES_EVERY_S, self._repaint_ages)
        self.show_news()

    def dress(self) -> None:
        """And the whole frame, but for the rows."""
        super().dress()
        self.compose_frame((self.vms, self.query_one("#loaded")))

    def rehearse(self) -> None:
        """With rows, for they are most of the frame, and these with all that comes before them."""
        from tui.api.rehearsal import rehearsed_page

        for _ in range(REHEARSALS):
            index = PointIndex()
            view = VmView(index)
            view.update(index.add(rehearsed_page().items))
            self.vms.set_rows(VmRows(view, index, self.vbem.clock))
            super().rehearse()
            self.vms.set_rows(NO_ROWS)
        self.vms.set_rows(VmRows(self._view, self._index, self.vbem.clock))

    # Showing what is loaded --------------------------------------------------------------------

    def show_fresh(self, fresh: set[Vm]) -> None:
        """Show VMs that are new or changed, and how far loading has come."""
        self._say_nothing_found()
        self.vms.rows_changed()
        if self.pane.vm in fresh:
            self._show_points(anew=False)
        self._say_loaded()

    def _say_loaded(self) -> None:
        filtered = not self._view.matcher.filter.is_empty
        matching = matching_words(len(self._view), self._view.all_count, filtered=filtered)
        words = loading_words(
            self.progress, self._index, self.vbem.clock.now(), matching, waited_s=self.waited_s
        )
        self.query_one("#loaded", TextLine).show(words)

    def show_waiting(self) -> None:
        """Say for how long the server has not answered."""
        self._say_loaded()

    def _say_nothing_found(self) -> None:
        wanted = self._view.matcher.filter
        words = nothing_words(self.progress, filtered=not wanted.is_empty, unknown_key=wanted.unknown_key)
        self.vms.set_empty(words)

    def on_screen_resume(self) -> None:
        """Who is logged on is known since; where another screen was over it, its ages are old."""
        self.refresh_banner()
        if self._was_covered:
            self._was_covered = False
            self._repaint_ages()

    def on_screen_suspend(self) -> None:
        """Another screen is over it."""
        self._was_covered = True

    def _repaint_ages(self) -> None:
        self.vms.rows_changed()
        self.pane.refresh_ages()
        self._say_loaded()

    # Filter ------------------------------------------------------------------------------------

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        try:
            wanted = parse(event.value, self.vbem.clock.now())
        except FilterError as error:
            wanted = error.rest
            self._complain_of_filter(error)
        else:
            self._complain_of_filter(None)
        self._view.narrow(wanted)
        self._say_nothing_found()
        self.vms.set_rows(VmRows(self._view, self._index, self.vbem.clock), keep_cursor=False)
        exact = self._view.named(wanted.name)
        if exact is not None:
            self.vms.select(exact)
        if self.pane.vm is not None:
            self._show_points(anew=False)
        self._say_loaded()
        self.ask_for(wanted)

    def _complain_of_filter(self, error: FilterError | None) -> None:
        """Say what is wrong with the filter; take back only what was said about it before."""
        if error is not None:
            rest = "" if error.is_unfinished else " The rest of the filter counts."
            self.say(f"{error}{rest}", "note" if error.is_unfinished else "bad")
        elif self._complained:
            self.say("")
        self._complained = error is not None

    @on(Input.Submitted, "#filter")
    def _choose_from_filter(self) -> None:
        self.vms.choose()

    # The two lists -----------------------------------------------------------------------------

    @on(VirtualTable.Chosen, "#vms")
    def _choose_vm(self, event: VirtualTable.Chosen) -> None:
        if isinstance(event.key, int):
            self._show_points(self._index.vms[event.key], anew=True)
            self.add_class("-chosen")
            self.pane.table.focus()
            self.say(POINTS_LINE)

    def _show_points(self, vm: Vm | None = None, *, anew: bool) -> None:
        vm = vm or self.pane.vm
        if vm is not None:
            self.pane.show(vm, self._view.rows(vm), anew=anew)
            # Both lists tell the age of the newest point: they tell the same.
            self.vms.rows_changed()

    @on(VirtualTable.Highlighted, "#vms")
    def _leave_vm(self, event: VirtualTable.Highlighted) -> None:
        """Points of another VM than the one under the cursor would be taken for its own."""
        vm = self.pane.vm
        if vm is not None and event.key != vm.number and not self.has_class("-chosen"):
            self.pane.clear()

    @on(VirtualTable.Chosen, "#points")
    def _choose_point(self) -> None:
        point, vm = self.pane.selected(), self.pane.vm
        if point is None or vm is None:
            return
        if reason := why_not(point):
            self.say(reason, "bad")
            return
        self.say("")
        self.vbem.open_restore_form(
            point, newest=self._index.newest(vm), same_names=self._index.namesakes(vm) - 1
        )

    def action_back(self) -> None:
        """One step back: from the points to the VMs, then the filter is emptied."""
        if self.has_class("-chosen"):
            self.action_filter()
        elif self.focused is not self.entry:
            self.entry.focus()
        else:
            self.entry.value = ""

    def action_filter(self) -> None:
        """Go to the filter."""
        self._leave_points()
        self.entry.focus()

    def _leave_points(self) -> None:
        self.remove_class("-chosen")
        self.query_one(StatusLine).take_back(POINTS_LINE)

    def action_move(self, rows: int) -> None:
        """Arrow keys in the filter move the list's cursor."""
        self._moved().move(rows)

    def action_page(self, pages: int) -> None:
        """Page keys in the filter turn the list's pages."""
        self._moved().page(pages)

    def _moved(self) -> VirtualTable:
        return self.pane.table if self.has_class("-chosen") else self.vms

    # Order ----------------------------------------------------------------------

    def action_sort(self) -> None:
        """Sort by the next column."""
        orders = list(SortBy)
        by = orders[(orders.index(self._view.sorted_by) + 1) % len(orders)]
        self._sort(by, descending=by.starts_descending)

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._sort(self._view.sorted_by, descending=not self._view.descending)

    def _sort(self, by: SortBy, *, descending: bool) -> None:
        self._view.sort(by, descending=descending)
        self.vms.set_sorted(by, descending=descending)
        self.vms.first()
        self.say(f"VMs by {by.words}, {'high to low' if descending else 'low to high'}.")

    def action_collect(self) -> None:
        """Have the backup server of the VM under the cursor collected now."""
        key = self.vms.cursor_key
        vm = (
            self.pane.vm
            if self.has_class("-chosen")
            else self._index.vms[key]
            if isinstance(key, int)
            else None
        )
        if vm is not None:
            self.collect_from(vm.server_uid, vm.server_name)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide what cannot be done now."""
        del parameters
        if action == "stop":
            return self._loader is not None and self._loader.is_loading
        return True

    def on_descendant_focus(self) -> None:
        """Leaving the points by Tab counts as a step back."""
        focused: Widget | None = self.focused
        if focused is not None and focused.id != "points":
            self._leave_points()
