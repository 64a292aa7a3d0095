"""The browser of restore points: `/` finds a VM, Enter for its points, Enter for the form.

Network is only awaited in workers; they speak to the screen by messages.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.restore_points.descriptions import (
    WAIT_TOLD_AFTER_S,
    filter_words,
    freshness_words,
    loading_words,
    matching_words,
    nothing_words,
    why_not,
)
from tui.restore_points.filter import Filter
from tui.restore_points.filter_parser import NOTHING, FilterError, FilterParser
from tui.restore_points.index import PointIndex, Vm
from tui.restore_points.loader import LoadState, Progress, find_platforms
from tui.restore_points.vm_list import SortBy, VmList
from tui.restores.forms.fields import FormDraft
from tui.sanitize import safe
from tui.screens.base import (
    AGES_EVERY_S,
    IncidentChanged,
    OpenBatch,
    OpenNames,
    OpenPlanFile,
    OpenRestoreForm,
    VbemScreen,
    bindings_of,
)
from tui.screens.points_loading import (
    FILTER_HELP,
    FILTER_KEY_NAMES,
    FilterNote,
    LoadEnded,
    NameAsked,
    PageCame,
    PointsLoading,
    ask_and_collect,
)
from tui.screens.points_tables import VM_COLUMNS, PointsPane, VmRows, mark_shown, vm_columns
from tui.services import Services
from tui.terminal.terminal_app import TerminalApp
from tui.widgets.header import StatusLine
from tui.widgets.inputs import FilterInput, LineInput
from tui.widgets.virtual_table import VirtualTable

ASK_AFTER_S = 0.4
"""So long after the last key a name that is not loaded is asked of the server."""
WIDE = 120
"""Columns from which the points of the VM under the cursor stand beside the list."""
WIDEST = 200
"""Columns from which the details of the point under the cursor stand beside both."""
FIRST_LIST = "This is the first list. q quits."
POINTS_LINE = "Enter on a point opens its restore form; Esc goes back to the VMs."


class RestorePointsScreen(VbemScreen):
    """Finds the restore point; opens the restore form on it."""

    NAME = "points"
    HEADING = "Restore points"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("points")
    TYPED = FILTER_HELP
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide"), (WIDEST, "-widest")]  # noqa: RUF012 - so named by Textual

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._index = services.points = PointIndex()
        self._view = VmList(self._index)
        self._platforms_asked: set[str] = set()
        self._painting = False
        self._loading = PointsLoading(services, self._index, on_news=self._take_news, turn=self._after_keys)
        self._parser = FilterParser(services.clock.now)
        self._asked = ""
        """The text of the filter at work."""
        self._problem: FilterError | None = None
        """Why the filter shows nothing."""
        self._was_covered = False

    def compose_body(self) -> ComposeResult:
        yield FilterInput(placeholder=f"Find: {FILTER_KEY_NAMES}", id="filter")
        yield FilterNote()
        with Container(id="lists"):
            with Vertical(id="vms-pane"):
                yield VirtualTable(VM_COLUMNS, empty="Asking for the newest restore points...", id="vms")
            yield (pane := PointsPane(self._index, self.services))
            yield pane.details
        yield Static("", markup=False, id="loaded")

    @property
    def vms(self) -> VirtualTable:
        """Return the list of VMs."""
        return self.query_one("#vms", VirtualTable)

    @property
    def pane(self) -> PointsPane:
        """Return the points of the chosen VM."""
        return self.query_one(PointsPane)

    @property
    def entry(self) -> LineInput:
        """Return the filter."""
        return self.query_one("#filter", LineInput)

    def on_mount(self) -> None:
        self._show_vms()
        self.vms.set_sorted(self._view.sorted_by, descending=self._view.descending)
        self.vms.focus()
        self.set_interval(AGES_EVERY_S, self._repaint_ages)
        self._load(again=False)

    def _show_vms(self, *, keep_cursor: bool = True) -> None:
        self.vms.set_columns(vm_columns(self.services.recovery))
        self.vms.set_rows(VmRows(self._view, self._index, self.services), keep_cursor=keep_cursor)

    @on(IncidentChanged)
    def _take_incident(self) -> None:
        self._show_vms()
        self._show_points(at_newest=False)

    # Showing what is loaded --------------------------------------------------------------------

    def on_resize(self) -> None:
        self._say_loaded()
        self._follow_cursor()

    def show_fresh(self, fresh: set[Vm]) -> None:
        """Show VMs that are new or changed, and how far loading has come."""
        self._say_nothing_found()
        self._say_what_is_asked()
        self.vms.rows_changed()
        if self.pane.vm in fresh:
            self._show_points(at_newest=False)
        self._say_loaded()

    def _say_loaded(self) -> None:
        matching = matching_words(len(self._view), self._view.all_count, self._view.matcher.filter)
        words = loading_words(
            self.progress,
            self._index,
            self.services.clock.now(),
            matching,
            waited_s=self._loading.waited_s,
            servers=self._view.servers,
            cells=max(0, self.size.width - 2),
        )
        line, text = self.query_one("#loaded", Static), safe(words)
        if line.content != text:  # an update is painted even where it changes nothing
            line.update(text, layout=False)

    def _say_nothing_found(self) -> None:
        culprit = ""
        if not len(self._view) and self._problem is None:
            culprit = self._view.culprit(self._parser.parts(self.entry.value))
        filtered = not self._view.matcher.filter.is_empty
        is_wrong = self._problem is not None
        words = nothing_words(self.progress, filtered=filtered, culprit=culprit, is_wrong=is_wrong)
        self.vms.set_empty(words)

    def _say_what_is_asked(self) -> None:
        """Say below the filter what is wrong with it, or which moments it means and what it leaves out."""
        matcher = self._view.matcher
        asked = filter_words(matcher.filter, self.services.clock.now(), matcher.left_out())
        self.query_one(FilterNote).show(self._problem, asked)

    def on_screen_resume(self) -> None:
        if self._was_covered:
            self._was_covered = False
            self.show_news()
            self._repaint_ages()

    def on_screen_suspend(self) -> None:
        self._was_covered = True

    def _repaint_ages(self) -> None:
        self.vms.rows_changed()
        self.pane.refresh_ages()
        self._say_what_is_asked()
        self._say_loaded()

    # Filter ------------------------------------------------------------------------------------

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        self._asked = event.value
        try:
            wanted, self._problem = self._parser.parse(event.value), None
        except FilterError as error:
            wanted, self._problem = NOTHING, error
        self._view.narrow(wanted)
        self._say_nothing_found()
        self._say_what_is_asked()
        self._show_vms(keep_cursor=False)
        exact = self._view.named(wanted.name)
        if exact is not None:
            self.vms.select(exact)
        self._follow_cursor()
        if self.pane.vm is not None:
            self._show_points(at_newest=False)
        self._say_loaded()
        self.ask_for(wanted)

    # The two lists -----------------------------------------------------------------------------

    @on(VirtualTable.Chosen, "#vms")
    def _choose_vm(self, event: VirtualTable.Chosen) -> None:
        if isinstance(event.key, int):
            self._show_points(self._index.vms[event.key], at_newest=True)
            self.add_class("-chosen")
            self.pane.table.focus()
            self.set_status(POINTS_LINE)

    def _show_points(self, vm: Vm | None = None, *, at_newest: bool) -> None:
        vm = vm or self.pane.vm
        if vm is not None:
            self.pane.show(vm, self._view.rows(vm), at_newest=at_newest)
            # Both lists and the line below show the age of the newest point: the same one.
            self.vms.rows_changed()
            self._say_loaded()

    @on(VirtualTable.Highlighted, "#vms")
    def _follow_cursor(self) -> None:
        """Show the points of the VM under the cursor beside the list; where there is no room, nobody's."""
        # Points of another VM than the one under the cursor would be taken for its own.
        vm, shown = self._vm_under_cursor, self.pane.vm
        if self.has_class("-chosen") or vm is shown:
            return
        if vm is not None and self.size.width >= WIDE:
            self._show_points(vm, at_newest=True)
        elif shown is not None:
            self.pane.clear()

    @on(VirtualTable.Chosen, "#points")
    def _choose_point(self) -> None:
        point = self.pane.selected()
        if point is None:
            return
        if reason := why_not(point):
            self.set_status(reason, "bad")
            return
        self.set_status("")
        restores = self.services.restores
        ticket = restores.incident.ticket if restores and restores.incident else ""
        self.app.post_message(OpenRestoreForm(FormDraft(point=point, reason=ticket)))

    def action_back(self) -> None:
        if not self._step_back():
            self.add_status(FIRST_LIST)

    async def action_back_or_quit(self) -> None:
        if not self._step_back():
            await self.run_action("app.quit")

    def _step_back(self) -> bool:
        """Go one step back; return whether there was one."""
        if self.has_class("-chosen"):
            self._leave_points()
            self.vms.focus()
        elif self.entry.value:
            self.entry.value = ""
        elif self.focused is not self.vms:
            self.vms.focus()
        else:
            return False
        return True

    def action_filter(self) -> None:
        self._leave_points()
        self.entry.focus()

    def _leave_points(self) -> None:
        self.remove_class("-chosen")
        self.query_one(StatusLine).take_back(POINTS_LINE)

    def action_choose(self) -> None:
        # What is typed and not looked for yet opens nothing that was found before.
        if self.entry.value != self._asked:
            return
        if self._is_in_points:
            self.pane.table.choose()
        elif not self.entry.has_focus or self._finds_one:
            self.vms.choose()
        else:
            self.action_enter_list()

    @property
    def _finds_one(self) -> bool:
        """Return whether the filter means one VM, whose points Enter shows at once."""
        return bool(self.entry.value) and self._view.means_one(self._view.matcher.filter.name)

    def action_enter_list(self) -> None:
        # Each change of the filter puts the cursor on the first line. An empty list takes no focus.
        if self.vms.row_count:
            self.vms.focus()

    # Marks -------------------------------------------------------------------------------------

    @property
    def _vm_under_cursor(self) -> Vm | None:
        key = self.vms.cursor_key
        return self._index.vms[key] if isinstance(key, int) else None

    @property
    def _chosen_vm(self) -> Vm | None:
        """Return the VM whose points have the focus, else the one under the cursor."""
        return self.pane.vm if self.has_class("-chosen") else self._vm_under_cursor

    def action_mark(self) -> None:
        if (vm := self._chosen_vm) is not None and self.services.recovery is not None:
            self.services.recovery.turn_mark(vm.key)
            self.vms.move(1)

    def action_mark_shown(self) -> None:
        if self.services.recovery is not None:
            self.set_status(mark_shown(self._view, self.services.recovery))

    def action_restore(self) -> None:
        vm, recovery = self._chosen_vm, self.services.recovery
        if self._is_in_points and not (recovery and recovery.marked):
            self.action_choose()  # the point under the cursor is meant, not the VM's best one
            return
        self.app.post_message(OpenBatch(vm.key if vm is not None else None))

    def action_plan(self) -> None:
        self.app.post_message(OpenPlanFile())

    def action_names(self) -> None:
        self.app.post_message(OpenNames())

    # Order ----------------------------------------------------------------------

    def action_sort(self) -> None:
        orders = list(SortBy)
        by = orders[(orders.index(self._view.sorted_by) + 1) % len(orders)]
        self._sort(by, descending=by.starts_descending)

    def action_reverse(self) -> None:
        self._sort(self._view.sorted_by, descending=not self._view.descending)

    def _sort(self, by: SortBy, *, descending: bool) -> None:
        self._view.sort(by, descending=descending)
        self.vms.set_sorted(by, descending=descending)
        self.vms.first()
        self.set_status(f"VMs by {by.words}, {'high to low' if descending else 'low to high'}.")

    def action_collect(self) -> None:
        vm = self._chosen_vm
        if any(worker.group == "collect" and not worker.is_finished for worker in self.workers):
            self.set_status("A collection is being asked for already.")
        elif vm is not None and not self.refuses_write():
            self.collect_from(vm.server_uid, vm.server_name)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        if action == "stop":
            return self._loading.is_loading
        return True

    def on_descendant_focus(self) -> None:
        # Leaving the points by Tab counts as a step back.
        if not self._is_in_points:
            self._leave_points()

    @property
    def _is_in_points(self) -> bool:
        focused: Widget | None = self.focused
        return focused is not None and focused.id in {"points", "point-details"}

    # Loading -------------------------------------------------------------------------------

    @property
    def progress(self) -> Progress:
        """Return how far loading has come."""
        return self._loading.progress

    async def _after_keys(self) -> None:
        """Let the list wait while a key is being answered."""
        if isinstance(self.app, TerminalApp):
            await self.app.key_queue.settled()

    @work(group="points", exclusive=True, exit_on_error=False, description="load the restore points")
    async def _load(self, *, again: bool) -> None:
        # Handled as soon as `run` waits for the server: says that it does.
        self.post_message(PageCame())
        telling = self.set_interval(WAIT_TOLD_AFTER_S, self._show_waiting_time)
        try:
            await self._loading.run(again=again)
        finally:
            telling.stop()
        self.post_message(LoadEnded())

    def _show_waiting_time(self) -> None:
        if self._loading.waited_s >= WAIT_TOLD_AFTER_S:
            self._say_loaded()

    def _take_news(self) -> None:
        """Paint now and then what was read."""
        if not self._painting:
            self._painting = True
            if self._view.all_count:
                self.set_timer(self.services.refresh.paint_every_s, self.show_news)
            else:
                self.post_message(PageCame())

    @on(PageCame)
    def show_news(self) -> None:
        if self.is_covered:
            return  # nobody sees it: what is new waits until the list comes back
        self._painting = False
        fresh = self._loading.take_fresh()
        self._view.update(fresh)
        if self._index.take_learned():
            self._view.rebuild()
            self._show_vms()
        self.show_fresh(fresh)

    @on(LoadEnded)
    def _say_end(self) -> None:
        self.show_news()
        self.refresh_bindings()
        if self._view.matcher.filter.asks_platform:
            self._find_platforms()
        progress = self.progress
        if progress.state is LoadState.FAILED and progress.error is not None:
            self.show_error("load all restore points", progress.error)
        elif progress.left_out:
            self.set_status(" ".join(progress.left_out), "bad")

    def stop_loading(self) -> bool:
        """Stop what is loading; False if nothing was."""
        return super().stop_loading() or self._loading.stop()

    def action_stop(self) -> None:
        self.stop_loading()

    def action_reload(self) -> None:
        if not self._loading.is_loading:
            self.set_status("")
            self._load(again=self._loading.is_complete)

    # A name that is not loaded yet -------------------------------------------------------------

    def ask_for(self, wanted: Filter) -> None:
        """Ask the server for what the list does not say: platforms, or a name beyond what is loaded."""
        if wanted.asks_platform:
            self._find_platforms()
        unread = self._loading.loader is not None and not self.progress.is_all
        if unread and wanted.name and not self._index.has_named(wanted.name):
            self._ask(wanted.name)

    @work(group="platforms", exclusive=True, exit_on_error=False, description="find out platforms")
    async def _find_platforms(self) -> None:
        await self.services.clock.sleep(ASK_AFTER_S)
        connection = self.services.connection
        if connection is not None:
            asking = partial(find_platforms, connection.manager, self._index, self._platforms_asked)
            await self.reading("find out platforms", asking)
            self.post_message(PageCame())

    @work(group="exact-name", exclusive=True, exit_on_error=False, description="ask for a VM by its name")
    async def _ask(self, name: str) -> None:
        await self.services.clock.sleep(ASK_AFTER_S)
        loader = self._loading.loader
        if loader is not None:
            new = await self.reading(f"ask the server for '{name}'", lambda: loader.find_exact(name))
            self.post_message(NameAsked(name, new or 0))

    @on(NameAsked)
    def _say_asked(self, event: NameAsked) -> None:
        if event.new:
            self.show_news()
            self.set_status(
                f"The server has {event.new:,} points of '{event.name}'; they are in the list now."
            )

    # How fresh the data is ---------------------------------------------------------------------

    def action_freshness(self) -> None:
        words = freshness_words(self._index, self.services.clock.now())
        self.set_status(words or "Nothing is loaded yet.")

    @work(group="collect", exit_on_error=False, description="ask for a collection")
    async def collect_from(self, uid: str, name: str) -> None:
        """Ask, then have Enterprise Manager collect from a backup server now."""
        await ask_and_collect(self, uid, name)
