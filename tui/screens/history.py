"""What the journal remembers, and its export into a new file that only its owner can read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.widgets import Input, Label, Static

from tui.api.models import Platform
from tui.errors import VbemError, describe
from tui.moment import Moment, MomentError, parse_moment
from tui.recovery.report import Wanted, write_report
from tui.restore_states import parse_states
from tui.restores.ports import JournalEntry
from tui.sanitize import safe
from tui.screens.base import Dialog, RestoresChanged, VbemScreen, bindings_of
from tui.screens.points import WIDEST
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
                yield Button("Back", id="export-back", compact=True)
                yield Button("Write", id="export-write", compact=True)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAnswer:
    """Where a report is written to, and what it is of."""

    path: Path
    wanted: Wanted


class ReportScreen(Dialog[ReportAnswer]):
    """Asks for the path of a report and which restores are in it; Enter in any field writes it.

    Args:
        services: of the screen below.
        ticket: that of the incident, to begin with; empty for all restores.
    """

    NAME = "report"
    IS_ANSWERED_UNREAD = True
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("report")

    def __init__(self, services: Services, ticket: str) -> None:
        super().__init__(services)
        self._ticket = ticket
        self._suggestion = self._suggested(ticket)
        self._entries: Sequence[JournalEntry] | None = None
        """Rows of the journal; None until it is read."""

    def _suggested(self, ticket: str) -> str:
        name = re.sub(r"[^A-Za-z0-9.-]+", "-", ticket).strip("-.")
        return str(Path.home() / f"vbem-report-{name or f'{self.services.clock.now():%Y%m%d-%H%M%S}'}.md")

    def compose_box(self) -> ComposeResult:
        with VerticalScroll(classes="box", can_focus=False):
            yield self.title_line(_title(self._ticket))
            yield Static(REPORT_HAS, markup=False)
            yield LineInput(self._suggestion, id="export-path")
            for name, label, value, hint in (
                ("ticket", "Ticket or reason", self._ticket, "(empty: all)"),
                ("vm", "VM", "", "(empty: all)"),
                ("state", "State", "", "(empty: all) restored, failed, ..."),
                ("since", "Sent since", "", "(empty: ever) 22:45, 3h ago, ..."),
            ):
                yield Label(label, markup=False)
                yield LineInput(value, id=f"report-{name}", placeholder=hint)
            yield Static("", markup=False, id="report-count")
            yield Static("", markup=False, id="report-note")
            with Horizontal(classes="buttons"):
                yield Button("Back", id="report-back", compact=True)
                yield Button("Write", id="report-write", compact=True)

    def on_mount(self) -> None:
        self.query_one("#export-path").focus()
        self._read()

    @work(group="count", exclusive=True, exit_on_error=False, description="count the restores of the report")
    async def _read(self) -> None:
        journal, recovery = self.services.journal, self.services.recovery
        if journal is None or recovery is None:
            return
        try:
            self._entries = await asyncio.to_thread(journal.recent, -1, recovery.restores.server)
        except VbemError as error:
            self._complain(describe("read the journal", error))
        else:
            self._count()

    def _text(self, name: str) -> str:
        return self.query_one(f"#{name}", LineInput).value.strip()

    def _wanted(self) -> Wanted:
        """Return what is asked for.

        Raises:
            ValueError: a state is none.
            MomentError: the time is none.
        """
        since = self._text("report-since")
        return Wanted(
            ticket=self._text("report-ticket"),
            vm=self._text("report-vm"),
            states=parse_states(self._text("report-state")),
            since=parse_moment(since, self.services.clock.now()).at if since else None,
        )

    @on(Input.Changed, "#report-ticket")
    def _rename(self, event: Input.Changed) -> None:
        """Name the file by the ticket while nobody has typed another name."""
        ticket, path = event.value.strip(), self.query_one("#export-path", LineInput)
        self.query_one(".title", Static).update(f"{self.marks}{_title(ticket)}")
        if path.value == self._suggestion:
            path.value = self._suggestion = self._suggested(ticket)

    @on(Input.Changed, "#report-ticket, #report-vm, #report-state, #report-since")
    def _count(self) -> None:
        """Say how many restores it will hold, or what is not understood."""
        self._complain("")
        try:
            wanted = self._wanted()
        except (ValueError, MomentError) as error:
            words = error.detail if isinstance(error, MomentError) else str(error)
        else:
            words = "" if self._entries is None else _count_words(self._entries, wanted)
            if wanted.since is not None:
                words += f" Since {Moment(wanted.since).words(self.services.clock.now())}."
        self.query_one("#report-count", Static).update(safe(words, cells=300))

    @on(Input.Submitted)
    @on(Button.Pressed, "#report-write")
    def _take(self) -> None:
        typed = self._text("export-path")
        path = Path(typed).expanduser()
        problem = _problem_of(typed, path)
        try:
            wanted = self._wanted()
        except (ValueError, MomentError):
            return  # the line of the count says it already
        if problem:
            self._complain(problem)
        else:
            self.dismiss(ReportAnswer(path=path.absolute(), wanted=wanted))

    def _complain(self, words: str) -> None:
        self.query_one("#report-note", Static).update(safe(words, cells=200))

    @on(Button.Pressed, "#report-back")
    def action_back(self) -> None:
        self.dismiss(None)


def _title(ticket: str) -> str:
    return f"Report of {safe(ticket, cells=50)}" if ticket else "Report of all restores"


def _count_words(entries: Sequence[JournalEntry], wanted: Wanted) -> str:
    count = sum(map(wanted.has, entries))
    words = f"It will hold {count} restore{'' if count == 1 else 's'}"
    return f"{words}, and what queues did not send." if wanted.takes_unsent else f"{words}."


def _as_shown(row: Mapping[str, object]) -> dict[str, object]:
    """Return a row for the export, with the platform as the screens and the report call it."""
    return {**row, "platform": Platform.from_word(str(row.get("platform", ""))).label}


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
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDEST, "-widest")]  # noqa: RUF012 - so named by Textual

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._entries: dict[int, JournalEntry] = {}
        self._last_event = 0
        """Number of the newest step that is shown."""
        self._shown = 0
        """Number of the row whose details are shown."""

    def compose_body(self) -> ComposeResult:
        with Container(classes="panes"):
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
            count = await asyncio.to_thread(journal.export_file, path, spell=_as_shown)
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
        incident = recovery.incident
        answer = await self.ask(ReportScreen(self.services, incident.ticket if incident else ""))
        if answer is None:
            self.set_status("Nothing was written.")
            return
        with self.reporting("write the report"):
            entries = await asyncio.to_thread(journal.recent, -1)
            report = await recovery.report(entries, answer.wanted)
            if not report.rows:
                self.set_status("The journal has no such restore. Nothing was written.", "bad")
                return
            await asyncio.to_thread(write_report, report, answer.path)
            self.set_status(f"{report.totals[0]} Written to {answer.path}, readable only by you.", "good")

    def action_back(self) -> None:
        if self.query_one(VirtualTable).has_focus:
            self.dismiss(None)
        else:
            self.query_one(VirtualTable).focus()
