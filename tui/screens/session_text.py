"""A restore session of the server in words: what the server says of it, whoever started it."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType

from tui import timefmt
from tui.api.models import RestoreSession, SessionResult, SessionState
from tui.restore_states import RestoreState
from tui.restores.restore import STALE_AFTER
from tui.restores.unfollowed import ServerSessions
from tui.screens.restore_text import state_cell
from tui.widgets.table_layout import Cell, OneOf, StyledText, bar
from tui.widgets.text_view import Line

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
    took = timefmt.elapsed(session.ended - session.created) if session.ended and session.created else "-"
    name = session.vm_name or session.name.rpartition("@")[0] or "not said"
    known = _ended(session, whose) if session.is_over else _running(session, whose)
    return _state(session, is_old=bool(everybody.problem)), name, "", "", "", took, known


def _state(session: RestoreSession, *, is_old: bool) -> Cell:
    if session.is_over:
        return state_cell(_CAME_TO[session.result])
    if session.state in {SessionState.STARTING, SessionState.WORKING}:
        return state_cell(RestoreState.RESTORING, is_old=is_old)
    return StyledText(f"* {session.state.value.lower()}{'?' if is_old else ''}", "warning")


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
