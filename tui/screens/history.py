"""History: what the journal remembers of every restore, and its export as JSON lines."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult

from tui.screens.base import VbemScreen
from tui.screens.export import ExportScreen, write_export
from tui.screens.keys import bindings_of
from tui.screens.messages import RestoresChanged
from tui.screens.states import entry_cells, entry_lines
from tui.store.journal import Entry, RestoreState
from tui.widgets.columns import Column
from tui.widgets.lines import Lines
from tui.widgets.rows import ListRows
from tui.widgets.table import BigTable

if TYPE_CHECKING:
    from textual.binding import BindingType

MOST_ROWS = 1000
"""Older rows are in the export."""
_COLUMNS = (
    Column(key="id", label="Row", width=5, align="right"),
    Column(key="when", label="When", width=16),
    Column(key="state", label="State", width=10),
    Column(key="vm", label="VM", width=12, flex=1),
    Column(key="who", label="Who", width=12, drop=1),
    Column(key="message", label="What is known", width=12, flex=3, drop=2),
)


class HistoryScreen(VbemScreen):
    """Rows of the journal, newest first."""

    NAME = "history"
    HEADING = "History"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("history")

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[int, Entry] = {}
        self._states: dict[str, RestoreState] = {}
        self._shown = 0
        """Number of the row whose details are shown."""

    def compose_body(self) -> ComposeResult:
        """The table and the details of one row."""
        yield BigTable(_COLUMNS, empty="Reading the journal ...", id="history-table")
        yield Lines(hang=14, id="history-details")

    def on_mount(self) -> None:
        """Read behind the painted screen."""
        self.query_one(BigTable).focus()
        self.action_reload()

    @on(RestoresChanged)
    def _follow(self, event: RestoresChanged) -> None:
        """A row is read anew as soon as its restore is in another state, not at each step of its progress."""
        states = {restore.key: restore.state for restore in event.restores}
        if states != self._states:
            self._states = states
            self.action_reload()

    def action_reload(self) -> None:
        """Read the journal again."""
        self._load()

    @work(group="history", exclusive=True, exit_on_error=False, description="read the journal")
    async def _load(self) -> None:
        journal = self.vbem.journal
        table = self.query_one(BigTable)
        if journal is None:
            table.set_empty("There is no journal: it could not be opened.")
            return
        entries: list[Entry] = []
        with self.reporting("read the journal"):
            entries = await asyncio.to_thread(journal.recent, MOST_ROWS)
        self._entries = {entry.id: entry for entry in entries}
        now = self.vbem.clock.now()
        table.set_empty("The journal has no restores yet.")
        table.set_rows(ListRows[Entry](entries, lambda one: entry_cells(one, now), lambda one: one.id))
        if isinstance(table.cursor_key, int):
            self._show_row(table.cursor_key)

    @on(BigTable.Highlighted)
    def _show_details(self, event: BigTable.Highlighted) -> None:
        if isinstance(event.key, int):
            self._show_row(event.key)
        else:
            self.query_one(Lines).show(())

    def _show_row(self, number: int) -> None:
        entry = self._entries.get(number)
        lines = entry_lines(entry, self.vbem.clock.now()) if entry else []
        self.query_one(Lines).show(lines, from_top=number != self._shown)
        self._shown = number

    @on(BigTable.Chosen)
    def _to_details(self) -> None:
        self.query_one(Lines).focus()

    def action_details(self) -> None:
        """Between the table and the details."""
        table, details = self.query_one(BigTable), self.query_one(Lines)
        (table if details.has_focus else details).focus()

    def action_export(self) -> None:
        """Ask for a file, then write."""
        self._export()

    @work(group="export", exclusive=True, exit_on_error=False, description="export the journal")
    async def _export(self) -> None:
        journal = self.vbem.journal
        if journal is None:
            self.say("There is no journal to export.", "bad")
            return
        stamp = self.vbem.clock.now().strftime("%Y%m%d-%H%M%S")
        path = await self.app.push_screen_wait(ExportScreen(Path.home() / f"vbem-journal-{stamp}.jsonl"))
        if path is None:
            self.say("Nothing was written.")
            return
        with self.reporting("export the journal"):
            count = await asyncio.to_thread(write_export, journal, path)
            noun = "1 restore" if count == 1 else f"{count} restores"
            self.say(f"{noun} written to {path}, readable by you alone.", "good")

    def action_back(self) -> None:
        """Go back."""
        self.dismiss(None)
