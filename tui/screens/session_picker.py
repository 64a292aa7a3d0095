"""Whose a restore is: which session is that of an UNKNOWN one, and taking one over from another vbem."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui import timefmt
from tui.api.models import RestoreSession
from tui.restore_states import RestoreState
from tui.restores.restore import Restore
from tui.restores.session_choice import SessionCandidate, SessionList
from tui.restores.session_search import names_point
from tui.restores.unfollowed import Unfollowed
from tui.sanitize import name, safe
from tui.screens.base import Dialog, bindings_of
from tui.screens.dialogs import AskScreen, TypeNameScreen
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


def by_name(services: Services, one: Unfollowed) -> TypeNameScreen:
    """Return the question before a restore is taken from the vbem that watches it, or may."""
    entry = one.entry
    names = f"the VM's name ({name(entry.vm_name, cells=40)})"
    if one.owner_name:
        names = f"{names} or that of who sent it ({name(one.owner_name, cells=30)})"
    text = (
        f"{one.why}\n{_sender(one)}.\n"
        "That vbem leaves it within some seconds; this one watches it and writes its row. Nothing is sent to "
        "the server, and nothing changes there."
    )
    own_key = services.restores.session_key if services.restores else ""
    if entry.state is RestoreState.LAUNCHING and entry.logon_session_id != own_key:
        text += (
            " Only the other logon session knows its task: it is UNKNOWN until its restore session is found."
        )
    title = f"Take over the restore of {safe(entry.vm_name, cells=40)}?"
    prompt = f"Type {names}:"
    return TypeNameScreen(services, title, text, prompt=prompt, is_name=one.is_named_by, yes="Take over")


def who_cancels(services: Services, one: Unfollowed, session_key: str) -> AskScreen:
    """Return who can cancel a restore that is not watched here, and the offer to take it over."""
    words = "\n".join((*one.cancel_words(session_key), f"{_sender(one)}."))
    title = f"Cancel the restore of {safe(one.entry.vm_name, cells=40)}?"
    return AskScreen(services, title, words, yes="Take over...", no="Let it run")


def _sender(one: Unfollowed) -> str:
    entry = one.entry
    who = f"{entry.operator or 'somebody'} as {entry.em_user or 'an unknown user'}"
    when = f" at {timefmt.both(entry.started)}" if entry.started else ""
    ticket = f", for {entry.reason}" if entry.reason else ""
    return f"Sent by {who}{when}{ticket}"
