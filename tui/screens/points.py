"""The browser of restore points: type to find a VM, Enter for its points, Enter for the form."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from tui.api.errors import Forbidden, ManagerError, SessionExpired
from tui.points.filter import Filter, FilterError, parse
from tui.points.index import PointIndex, Vm
from tui.points.loader import Loader, LoadState
from tui.points.view import SortBy, VmView
from tui.points.words import freshness_words, loading_words, nothing_words, why_not
from tui.screens.base import VbemScreen
from tui.screens.keys import bindings_of
from tui.screens.points_pane import PointsPane
from tui.screens.points_rows import VM_COLUMNS, VmRows
from tui.widgets.entry import Entry
from tui.widgets.table import BigTable
from tui.widgets.textline import TextLine

PAINT_EVERY_S = 0.5
"""While pages arrive, the lists are repainted at most this often: each time is bytes on the line."""
AGES_EVERY_S = 60.0
ASK_AFTER_S = 0.4
"""So long after the last key a name that is not loaded is asked of the server."""
HELP_LINE = "words platform: server: type: after: before:"


class RestorePointsScreen(VbemScreen):
    """Finds the restore point; opens the restore form on it."""

    NAME = "points"
    HEADING = "Restore points"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("points")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]

    class PageCame(Message):
        """The first page is here and wants to be seen at once."""

    class LoadEnded(Message):
        """Loading is complete, stopped or failed."""

    class Asked(Message):
        """The server was asked for a name.

        Args:
            name: which one.
            new: how many points were new.
        """

        def __init__(self, name: str, new: int) -> None:
            super().__init__()
            self.name = name
            self.new = new

    def __init__(self) -> None:
        super().__init__()
        self._index = PointIndex()
        self._view = VmView(self._index)
        self._fresh: set[Vm] = set()
        self._painting = False
        self._loader: Loader | None = None

    def compose_body(self) -> ComposeResult:
        """The filter, the two lists, and the line that says how much is loaded."""
        yield Entry(placeholder=f"Find: {HELP_LINE}", id="filter")
        with Container(id="lists"):
            with Vertical(id="vms-pane"):
                yield BigTable(VM_COLUMNS, empty="Asking for the newest restore points...", id="vms")
            yield PointsPane(self._index, self.vbem.clock)
        yield TextLine(id="loaded")

    @property
    def vms(self) -> BigTable:
        """The list of VMs."""
        return self.query_one("#vms", BigTable)

    @property
    def pane(self) -> PointsPane:
        """The points of the chosen VM."""
        return self.query_one(PointsPane)

    @property
    def entry(self) -> Entry:
        """The filter."""
        return self.query_one("#filter", Entry)

    def on_mount(self) -> None:
        """Start loading; the filter has the focus."""
        self.vms.set_rows(VmRows(self._view, self._index, self.vbem.clock))
        self.vms.set_sorted(self._view.sorted_by, descending=self._view.descending)
        self.entry.focus()
        self.set_interval(AGES_EVERY_S, self._repaint_ages)
        connection = self.vbem.connection
        if connection is not None:
            self._loader = Loader(
                connection.manager, self._index, clock=self.vbem.clock, on_page=self._take_page
            )
            self._load(anew=False)

    # Loading -----------------------------------------------------------------------------------

    @work(group="points", exclusive=True, exit_on_error=False, description="load the restore points")
    async def _load(self, *, anew: bool) -> None:
        loader = self._loader
        if loader is None:
            return
        await loader.run(anew=anew)
        while isinstance(loader.progress.error, SessionExpired) and await self.vbem.log_on_again():
            await loader.run()
        self.post_message(self.LoadEnded())

    def _take_page(self, changed: set[Vm]) -> None:
        """Called by the loader after each page: remember, and paint now and then."""
        self._fresh |= changed
        if not self._painting:
            self._painting = True
            if self._view.all_count:
                self.set_timer(PAINT_EVERY_S, self._paint)
            else:
                self.post_message(self.PageCame())

    @on(PageCame)
    def _paint(self) -> None:
        """Show what came since the last time."""
        self._painting = False
        fresh, self._fresh = self._fresh, set()
        self._view.update(fresh)
        self._say_nothing_found()
        self.vms.rows_changed()
        if self.pane.vm in fresh:
            self._show_points(anew=False)
        self._say_loaded()

    @on(LoadEnded)
    def _say_end(self) -> None:
        self._paint()
        self.refresh_bindings()
        progress = self._loader.progress if self._loader else None
        if progress is None:
            return
        if progress.state is LoadState.FAILED and progress.error is not None:
            self.complain("load all restore points", progress.error)
        elif progress.left_out:
            self.say(" ".join(progress.left_out), "bad")

    def _say_loaded(self) -> None:
        if self._loader is not None:
            words = loading_words(self._loader.progress, self._index, self.vbem.clock.now())
            self.query_one("#loaded", TextLine).show(words)

    def _say_nothing_found(self) -> None:
        if self._loader is not None:
            filtered = not self._view.matcher.filter.is_empty
            self.vms.set_empty(nothing_words(self._loader.progress, filtered=filtered))

    def _repaint_ages(self) -> None:
        self.vms.rows_changed()
        self.pane.refresh_ages()
        self._say_loaded()

    def stop_loading(self) -> bool:
        """Stop what is loading; False if nothing was."""
        return self._loader is not None and self._loader.stop()

    def action_stop(self) -> None:
        """Stop loading; what is loaded stays."""
        self.stop_loading()

    def action_reload(self) -> None:
        """Read the list again, or go on where it was stopped."""
        if self._loader is None or self._loader.is_loading:
            return
        self.say("")
        self._load(anew=self._loader.progress.state is LoadState.COMPLETE)
        self._say_loaded()

    # Filter ------------------------------------------------------------------------------------

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        try:
            wanted = parse(event.value, self.vbem.clock.now())
        except FilterError as error:
            self.say(f"{error} The list shows the filter before.", "bad")
            return
        self.say("")
        self._view.narrow(wanted)
        self._say_nothing_found()
        self.vms.set_rows(VmRows(self._view, self._index, self.vbem.clock), keep_cursor=False)
        if self.pane.vm is not None:
            self._show_points(anew=False)
        self._ask_for(wanted)

    def _ask_for(self, wanted: Filter) -> None:
        """A name that is nowhere in the list yet may be beyond what is loaded."""
        loader = self._loader
        unread = loader is not None and loader.progress.state is not LoadState.COMPLETE
        if unread and wanted.name and not self._index.has_named(wanted.name):
            self._ask(wanted.name)

    @work(group="exact-name", exclusive=True, exit_on_error=False, description="ask for a VM by its name")
    async def _ask(self, name: str) -> None:
        await self.vbem.clock.sleep(ASK_AFTER_S)
        loader = self._loader
        if loader is not None:
            new = await self.reading(f"ask the server for '{name}'", lambda: loader.find_exact(name))
            self.post_message(self.Asked(name, new or 0))

    @on(Asked)
    def _say_asked(self, event: Asked) -> None:
        if event.new:
            self._paint()
            self.say(f"The server has {event.new:,} points of '{event.name}'; they are in the list now.")

    @on(Input.Submitted, "#filter")
    def _choose_from_filter(self) -> None:
        self.vms.choose()

    # The two lists -----------------------------------------------------------------------------

    @on(BigTable.Chosen, "#vms")
    def _choose_vm(self, event: BigTable.Chosen) -> None:
        if isinstance(event.key, int):
            self._show_points(self._index.vms[event.key], anew=True)
            self.add_class("-chosen")
            self.pane.table.focus()
            self.say("")

    def _show_points(self, vm: Vm | None = None, *, anew: bool) -> None:
        vm = vm or self.pane.vm
        if vm is not None:
            self.pane.show(vm, self._view.rows(vm), anew=anew)

    @on(BigTable.Chosen, "#points")
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
            self.remove_class("-chosen")
            self.entry.focus()
        elif self.focused is not self.entry:
            self.entry.focus()
        else:
            self.entry.value = ""

    def action_filter(self) -> None:
        """Go to the filter."""
        self.remove_class("-chosen")
        self.entry.focus()

    def action_move(self, rows: int) -> None:
        """Arrow keys in the filter move the list's cursor."""
        self._moved().move(rows)

    def action_page(self, pages: int) -> None:
        """Page keys in the filter turn the list's pages."""
        self._moved().page(pages)

    def _moved(self) -> BigTable:
        return self.pane.table if self.has_class("-chosen") else self.vms

    # Order and collection ----------------------------------------------------------------------

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
        self.vms.rows_changed()
        self.say(f"VMs by {by.words}, {'high to low' if descending else 'low to high'}.")

    def action_freshness(self) -> None:
        """Say how fresh each backup server's data is."""
        words = freshness_words(self._index, self.vbem.clock.now())
        self.say(words or "Nothing is loaded yet.")

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
            self._collect(vm.server_uid, vm.server_name)

    @work(group="collect", exclusive=True, exit_on_error=False, description="ask for a collection")
    async def _collect(self, uid: str, name: str) -> None:
        connection = self.vbem.connection
        if connection is None:
            return
        try:
            servers = await connection.manager.backup_servers()
            found = next((server for server in servers if server.uid == uid), None)
            if found is None:
                self.say(f"Enterprise Manager does not list the backup server {name}.", "bad")
                return
            await connection.manager.collect(found)
        except Forbidden:
            self.say(
                f"This account may not have {name} collected; the server does it every 15 minutes by itself."
            )
        except ManagerError as error:
            self.complain(f"have {name} collected", error)
        else:
            self.say(f"Collection from {name} has started; give it some minutes, then reload with F5.")

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
            self.remove_class("-chosen")
