"""Saying which restore session is that of an UNKNOWN restore: a list, then one question."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui.api.models import RestoreSession
from tui.restores.restore import Restore
from tui.restores.session_choice import SessionCandidate, SessionList
from tui.restores.session_search import names_point
from tui.sanitize import safe
from tui.screens.base import Dialog, bindings_of
from tui.screens.dialogs import AskScreen
from tui.screens.session_text import began, came_to
from tui.widgets.table_layout import Column, ListRows
from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.services import Services

_COLUMNS = (
    Column(key="began", label="Began (server's clock)", width=23),
    Column(key="came", label="State", width=10),
    Column(key="known", label="What is known", width=24, flex=1),
)


class SessionPicker(Dialog[RestoreSession | None]):
    """Dismissed with the chosen session, or None; one that another row has cannot be chosen."""

    NAME = "sessions"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("sessions")

    def __init__(self, services: Services, restore: Restore, found: SessionList) -> None:
        super().__init__(services)
        self._restore, self._found = restore, found.candidates
        self._gaps = found.gaps

    def compose_box(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self.title_line(
                f"Which session is this restore of {safe(self._restore.vm_name, cells=30)}?"
            )
            yield VirtualTable(_COLUMNS, id="sessions-table")
            yield Static(self._gaps, markup=False, id="sessions-gaps")
            yield Static("Enter chooses it; Esc changes nothing.", markup=False, id="sessions-note")

    def on_mount(self) -> None:
        self.query_one("#sessions-gaps").display = bool(self._gaps)
        table = self.query_one(VirtualTable)
        table.set_rows(ListRows(self._found, self._cells, lambda one: one.session.uid))
        table.focus()

    def _cells(self, one: SessionCandidate) -> tuple[str, str, str]:
        session = one.session
        link = "from this very point" if names_point(self._restore, session) else "no link to the point"
        return began(session), came_to(session), one.why_not or link

    @on(VirtualTable.Chosen)
    def take(self, event: VirtualTable.Chosen) -> None:
        one = next(one for one in self._found if one.session.uid == event.key)
        if one.why_not:
            self.query_one("#sessions-note", Static).update(f"It cannot be chosen: {one.why_not}")
        else:
            self.dismiss(one.session)

    def action_back(self) -> None:
        self.dismiss(None)


def are_you_sure(services: Services, restore: Restore, session: RestoreSession) -> AskScreen:
    """Return the question before a session is taken on the operator's word."""
    text = (
        f"{restore.vm_name}: the session that began {began(session)}, now {came_to(session)}.\n"
        "What it comes to is then this restore's result, marked as said by you. No other restore can have "
        "it later."
    )
    return AskScreen(services, "Is this session yours?", text, yes="It is mine", no="Back")
