"""Restore sessions of the server: as rows and text, and the choice of the one that a restore has."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui import timefmt
from tui.api.models import RestoreSession, SessionResult, SessionState
from tui.restore_states import Mark, RestoreState
from tui.restores.restore import STALE_AFTER, Restore
from tui.restores.session_choice import SessionCandidate, SessionList
from tui.restores.session_search import names_point
from tui.restores.unfollowed import ServerSessions, Unfollowed
from tui.sanitize import name, safe
from tui.screens.base import Dialog, bindings_of
from tui.screens.dialogs import AskScreen, TypeNameScreen
from tui.screens.restore_text import state_cell
from tui.widgets.table_layout import Cell, Column, ListRows, OneOf, StyledText, bar
from tui.widgets.text_view import Line
from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.services import Services

_CAME_TO = MappingProxyType({
    SessionResult.SUCCESS: RestoreState.SUCCEEDED,
    SessionResult.WARNING: RestoreState.WARNING,
    SessionResult.FAILED: RestoreState.FAILED,
})  # fmt: skip
_BAR_CELLS = 20
ASKING = "Everybody's restores: asking the server ..."
NOBODY_KNOWS = "The server does not say who started a restore, nor for which ticket."
ONLY_THE_SERVER = (
    "No row of the journal that you share with others is this session's: it was started under another "
    "account, on another machine, or in another program. What stands here is all that is known."
)


def began(session: RestoreSession) -> str:
    """Return when a session began, by the server's clock."""
    return timefmt.both(session.created) if session.created else "unknown"


def came_to(session: RestoreSession) -> str:
    """Return the server's word for what a session came to, or for what it is doing."""
    return session.result.value if session.is_over else session.state.value


def live_words(session: RestoreSession) -> str:
    """Return what the server says of a session now, in a few words."""
    done = f", {session.progress} %" if session.progress is not None and not session.is_over else ""
    return f"the server says {came_to(session)}{done}"


def everybody_words(everybody: ServerSessions, now: datetime) -> str:
    """Return how many restores the server lists, of when that is, and what is wrong with it."""
    if everybody.as_of is None:
        return f"{ASKING} {everybody.problem}".strip()
    running = sum(not one.is_over for one in everybody.sessions)
    when = timefmt.clock_time(everybody.as_of)
    if everybody.problem or now - everybody.as_of >= STALE_AFTER:
        return f"Everybody's restores: OUT OF DATE, of {when}. {everybody.problem or 'No answer since.'}"
    counts = f"{running} running, {len(everybody.sessions) - running} over since yesterday, of {when}"
    is_whole = everybody.sessions.is_whole and not everybody.sessions.unreadable
    return f"Everybody's restores: {counts}{'' if is_whole else '; the list may NOT BE WHOLE'}"


def session_cells(session: RestoreSession, everybody: ServerSessions) -> tuple[Cell, ...]:
    """Return its row among the tasks, as `restore_text.restore_cells` has it."""
    row = everybody.row_of(session)
    whose = f"Row {row} of the journal. " if row is not None else ""
    took = timefmt.elapsed(session.took) if session.took is not None else "-"
    name = session.vm_name or session.name.rpartition("@")[0] or "not said"
    known = _ended(session, whose) if session.is_over else _running(session, whose)
    return _state(session, is_old=bool(everybody.problem)), name, "", "", "", took, known


def _state(session: RestoreSession, *, is_old: bool) -> Cell:
    if session.is_over:
        return state_cell(_CAME_TO[session.result])
    if session.state in {SessionState.STARTING, SessionState.WORKING}:
        return state_cell(RestoreState.RESTORING, is_old=is_old)
    return StyledText(f"{Mark.RUNNING} {session.state.value.lower()}{'?' if is_old else ''}", "warning")


def _what(session: RestoreSession) -> str:
    return "" if session.job_type in {"", "RestoreVm"} else f"{session.job_type}. "


def _running(session: RestoreSession, whose: str) -> Cell:
    share = f"{bar(session.progress / 100, _BAR_CELLS)} " if session.progress is not None else ""
    number = f"{session.progress} %, " if session.progress is not None else ""
    short = f"began {timefmt.day_and_time(session.created)}" if session.created else "began, time unknown"
    full = f"{share}{whose}{_what(session)}Began {began(session)}."
    return OneOf(full, f"{share}{short}", f"{number}{short}" if len(number) + len(short) <= 26 else short)


def _ended(session: RestoreSession, whose: str) -> Cell:
    at = f"ended {timefmt.day_and_time(session.ended)}" if session.ended else "ended, time unknown"
    when = f"Ended {timefmt.both(session.ended)}." if session.ended else ""
    says = session.failure_message
    texts = (f"{whose}{_what(session)}{says} {when}".strip(), f"{says} ({at})" if says else "", says, at)
    return OneOf(*filter(None, texts))


def session_lines(session: RestoreSession, everybody: ServerSessions) -> list[Line]:
    """Return everything the server says of a session, and where it can be stopped."""
    row = everybody.row_of(session)
    of = f", of {timefmt.clock_time(everybody.as_of)}" if everybody.as_of else ""
    facts = (
        ("Session says", f"{session.state.value}, result {session.result.value}{of}"),
        ("Done", f"{session.progress} %" if session.progress is not None else ""),
        ("Reason", session.failure_message),
        ("Kind", session.job_type),
        ("Began", f"{began(session)} (server's clock)"),
        ("Ended", f"{timefmt.both(session.ended)} (server's clock)" if session.ended else ""),
        ("Backup server", session.server_name),
        ("Point", session.point_uid),
        ("Restored VM", session.restored_ref),
        ("Named", session.name),
        ("Session", session.uid),
    )
    lines: list[Line] = [
        f"Row {row} of the journal is this session's: History shows who, and for which ticket."
        if row is not None
        else ONLY_THE_SERVER,
        NOBODY_KNOWS,
    ]
    lines += [f"{label:<13} {value}" for label, value in facts if value]
    if not session.is_over:
        lines.append(stop_words(session))
    return lines


def stop_words(session: RestoreSession) -> str:
    """Return who can stop a session, and where."""
    where = f"the backup console on {session.server_name}" if session.server_name else "the backup console"
    return (
        "Enterprise Manager knows a task only in the logon session that started it: whoever started this "
        f"restore can cancel it there; anybody with the right can stop it in {where}."
    )


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


def nothing_to_take(chosen: Restore | None, *, is_others: bool) -> str:
    """Return why a row of the tasks is not one that can be taken over.

    Args:
        chosen: this run's own restore; None where the row is none.
        is_others: whether the row is a session that only the server lists.
    """
    if is_others:
        return "There is nothing to take over: no open row of the journal is its own."
    if chosen is None:
        return "There is no restore to take over."
    if chosen.is_over:
        return "There is nothing to take over: this restore has ended."
    watched = "has watched it to the end" if chosen.is_settled else "watches it"
    return f"There is nothing to take over: this vbem {watched}."
