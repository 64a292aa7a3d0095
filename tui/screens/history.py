"""What the journal remembers, and its export into a new file that only its owner can read."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from tui.recovery.report import write_report
from tui.restores.ports import JournalEntry
from tui.sanitize import safe
from tui.screens.base import Dialog, RestoresChanged, VbemScreen, bindings_of
from tui.screens.restore_text import DISTINGUISHING, SHORT_CELLS, entry_cells, entry_lines
from tui.widgets.inputs import Button, LineInput
from tui.widgets.table_layout import Column, ListRows
from tui.widgets.text_view import TextView
from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.services import Services


EXPORT = "Export the journal"
EXPORT_HAS = "JSON Lines: one restore per line, with its events; no passwords or tokens."
REPORT_HAS = "The end of the name says the format: .md for people, .csv, .json. No passwords or tokens."


class ExportScreen(Dialog[Path | None]):
    """Asks for the path of a new file.

    Args:
        services: of the screen below.
        suggestion: what stands in the field at first.
        title: what is written.
        what: what the file has.
    """

    NAME = "export"
    IS_ANSWERED_UNREAD = True
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("export")

    def __init__(
        self, services: Services, suggestion: Path, *, title: str = EXPORT, what: str = EXPORT_HAS
    ) -> None:
        super().__init__(services)
        self._suggestion, self._title, self._what = suggestion, title, what

    def compose_box(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self.title_line(self._title)
            yield Static(self._what, markup=False)
            yield LineInput(str(self._suggestion), id="export-path")
            yield Static("", markup=False, id="export-note")
            with Horizontal(classes="buttons"):
                yield Button("Write", id="export-write", compact=True)
                yield Button("Back", id="export-back", compact=True)

    def on_mount(self) -> None:
        self.query_one("#export-path").focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#export-write")
    def take(self) -> None:
        typed = self.query_one("#export-path", LineInput).value.strip()
        path = Path(typed).expanduser()
        problem = _problem_of(typed, path)
        if problem:
            self.query_one("#export-note", Static).update(safe(problem, cells=200))
        else:
            self.dismiss(path.absolute())

    @on(Button.Pressed, "#export-back")
    def action_back(self) -> None:
        self.dismiss(None)


def _problem_of(typed: str, path: Path) -> str:
    if not typed or "\0" in typed:
        return "Type the path of a new file."
    try:
        if path.exists() or path.is_symlink():
            return f"{path} already exists. Choose another name."
        if not path.parent.is_dir():
            return f"There is no folder {path.parent}."
    except OSError as error:
        return f"That path cannot be used: {error.strerror or error}."
    return ""


LOOK_EVERY_S = 2.0
"""How often to look whether anything in the journal is new."""
MOST_ROWS = 1000
"""Older rows are in the export."""
_COLUMNS = (
    Column(key="id", label="Row", width=4, align="right"),
    Column(key="when", label="When", width=17),
    Column(key="state", label="State", width=12),
    *DISTINGUISHING,
    Column(key="who", label="Who", width=12, drop=6),
    Column(key="message", label="What is known", width=SHORT_CELLS, flex=2, drop=5),
)


class HistoryScreen(VbemScreen):
    """Rows of the journal, newest first."""

    NAME = "history"
    HEADING = "History"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("history")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._entries: dict[int, JournalEntry] = {}
        self._last_event = 0
        """Number of the newest step that is shown."""
        self._shown = 0
        """Number of the row whose details are shown."""

    def compose_body(self) -> ComposeResult:
        yield VirtualTable(_COLUMNS, empty="Reading the journal ...", id="history-table")
        yield TextView(hang=14, id="history-details")

    def on_mount(self) -> None:
        self.query_one(VirtualTable).focus()
        self.set_interval(LOOK_EVERY_S, self._follow)
        self.action_reload()

    @on(RestoresChanged)
    def _follow(self) -> None:
        """Look whether a restore is in another state, of this vbem or of any that shares the journal."""
        if not self.is_covered:
            self._look()

    def on_screen_resume(self) -> None:
        self._follow()

    @work(group="look", exclusive=True, exit_on_error=False, description="look for news in the journal")
    async def _look(self) -> None:
        journal = self.services.journal
        if journal is not None:
            with self.reporting("read the journal"):
                if await asyncio.to_thread(journal.last_event) != self._last_event:
                    self._load()

    def action_reload(self) -> None:
        self._load()

    @work(group="history", exclusive=True, exit_on_error=False, description="read the journal")
    async def _load(self) -> None:
        journal = self.services.journal
        table = self.query_one(VirtualTable)
        if journal is None:
            table.set_empty("There is no journal: it could not be opened.")
            return
        entries: list[JournalEntry] = []
        with self.reporting("read the journal"):
            # The step first: what comes between the two is looked for again.
            self._last_event = await asyncio.to_thread(journal.last_event)
            entries = await asyncio.to_thread(journal.recent, MOST_ROWS)
        self._entries = {entry.id: entry for entry in entries}
        restores = self.services.restores.all if self.services.restores else ()
        followed = {restore.entry_id for restore in restores}
        table.set_empty("The journal has no restores yet.")
        table.set_rows(
            ListRows[JournalEntry](
                entries, lambda one: entry_cells(one, is_followed=one.id in followed), lambda one: one.id
            )
        )
        if isinstance(table.cursor_key, int):
            self._show_row(table.cursor_key)

    @on(VirtualTable.Highlighted)
    def _show_details(self, event: VirtualTable.Highlighted) -> None:
        if isinstance(event.key, int):
            self._show_row(event.key)
        else:
            self.query_one(TextView).show(())

    def _show_row(self, number: int) -> None:
        entry = self._entries.get(number)
        lines = entry_lines(entry) if entry else []
        self.query_one(TextView).show(lines, from_top=number != self._shown)
        self._shown = number

    @on(VirtualTable.Chosen)
    def action_details(self) -> None:
        table, details = self.query_one(VirtualTable), self.query_one(TextView)
        (table if details.has_focus else details).focus()

    def action_export(self) -> None:
        self._export()

    @work(group="export", exclusive=True, exit_on_error=False, description="export the journal")
    async def _export(self) -> None:
        journal = self.services.journal
        if journal is None:
            self.set_status("There is no journal to export.", "bad")
            return
        stamp = self.services.clock.now().strftime("%Y%m%d-%H%M%S")
        path = await self.ask(ExportScreen(self.services, Path.home() / f"vbem-journal-{stamp}.jsonl"))
        if path is None:
            self.set_status("Nothing was written.")
            return
        with self.reporting("export the journal"):
            count = await asyncio.to_thread(journal.export_file, path)
            noun = "1 restore" if count == 1 else f"{count} restores"
            self.set_status(f"{noun} written to {path}, readable only by you.", "good")

    def action_report(self) -> None:
        self._report()

    @work(group="export", exclusive=True, exit_on_error=False, description="write the report")
    async def _report(self) -> None:
        journal, recovery = self.services.journal, self.services.recovery
        if journal is None or recovery is None:
            self.set_status("There is no journal to report from.", "bad")
            return
        incident, now = recovery.incident, self.services.clock.now()
        ticket = incident.ticket if incident else ""
        name = re.sub(r"[^A-Za-z0-9.-]+", "-", ticket or f"{now:%Y%m%d-%H%M%S}").strip("-.")
        title = f"Report of {ticket}" if ticket else "Report of all restores"
        path = await self.ask(
            ExportScreen(self.services, Path.home() / f"vbem-report-{name}.md", title=title, what=REPORT_HAS)
        )
        if path is None:
            self.set_status("Nothing was written.")
            return
        with self.reporting("write the report"):
            entries = await asyncio.to_thread(journal.recent, -1)
            report = await recovery.report(entries, ticket)
            await asyncio.to_thread(write_report, report, path)
            self.set_status(f"{report.totals[0]} Written to {path}, readable only by you.", "good")

    def action_back(self) -> None:
        self.dismiss(None)
