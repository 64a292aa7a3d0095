"""A restore's state in words, for rows and details: the tone only underlines what the words say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tui import times
from tui.api.models import Platform
from tui.restores.restore import CancelState, Restore
from tui.store.journal import Entry, RestoreState
from tui.widgets.lines import Line
from tui.widgets.rows import Cell, Toned

if TYPE_CHECKING:
    from tui.api.models import RestoreSession

WORDS = {
    RestoreState.PLANNED: "planned",
    RestoreState.SENT: "sent",
    RestoreState.LAUNCHING: "launching",
    RestoreState.RESTORING: "restoring",
    RestoreState.SUCCEEDED: "succeeded",
    RestoreState.WARNING: "warnings",
    RestoreState.FAILED: "FAILED",
    RestoreState.CANCELLED: "cancelled",
    RestoreState.UNKNOWN: "UNKNOWN",
}
TONES = {
    RestoreState.SUCCEEDED: "good",
    RestoreState.WARNING: "warning",
    RestoreState.FAILED: "bad",
    RestoreState.CANCELLED: "dim",
    RestoreState.UNKNOWN: "warning",
}
_A_DAY = timedelta(days=1)
"""A time of the day alone would be ambiguous after so long."""
_CANCELLING = {CancelState.ASKING, CancelState.ACCEPTED, CancelState.LOST, CancelState.SESSION_STOPPING}


def state_cell(state: RestoreState, cancel: CancelState = CancelState.NONE, *, is_old: bool = False) -> Cell:
    """The state as one word, with a question mark where it may long be another."""
    if is_old:
        return Toned(f"{WORDS[state]}?", "warning")
    if cancel in _CANCELLING and not state.is_over:
        return Toned("cancelling", "warning")
    tone = TONES.get(state, "")
    return Toned(WORDS[state], tone) if tone else WORDS[state]


def progress_words(progress: int | None) -> str:
    """Progress in per cent; a dash where the server does not say."""
    return "-" if progress is None else f"{progress} %"


def state_words(restore: Restore) -> str:
    """The state, with progress where it is known."""
    state = state_cell(restore.state, restore.cancel)
    word = state.text if isinstance(state, Toned) else state
    if restore.is_missing:
        return f"{word} when last known, now not found at the server"
    return word + _percent(restore.progress)


def _percent(progress: int | None) -> str:
    return "" if progress is None else f", {progress} %"


def restore_cells(restore: Restore, now: datetime) -> tuple[Cell, ...]:
    """One row: state, progress, VM, elapsed, message."""
    problem = f"(old: {restore.problem}) " if restore.problem else ""
    return (
        state_cell(restore.state, restore.cancel, is_old=restore.is_missing),
        progress_words(None if restore.is_missing else restore.progress),
        restore.vm_name,
        times.elapsed(restore.elapsed(now)),
        problem + _row_words(restore),
    )


def _row_words(restore: Restore) -> str:
    """What a row has room for, the most telling first: an end, or the loss of the session, comes first."""
    if restore.is_missing:
        return f"(old) {restore.message}"
    told = restore.cancel_words
    if not restore.is_over or restore.cancel is CancelState.GOES_ON:
        return told or restore.message
    return restore.message if told in restore.message else f"{restore.message} {told}"


def restore_lines(restore: Restore, now: datetime, plan: str) -> list[Line]:
    """Everything that is known about one restore.

    Args:
        restore: the newest snapshot.
        now: this machine's clock.
        plan: what was confirmed, in words, a sentence a line; from the journal.
    """
    return [
        *_what_happens(restore, now),
        *_what_was_asked(restore, now, plan),
        *_when(restore, now),
        *_names(restore),
    ]


def _what_happens(restore: Restore, now: datetime) -> list[Line]:
    state = state_cell(restore.state, restore.cancel, is_old=restore.is_missing)
    tone = state.tone if isinstance(state, Toned) else ""
    line = f"{restore.vm_name}: {state_words(restore)}"
    lines: list[Line] = [Toned(line, tone) if tone else line, restore.message]
    lines += [f"Note: {restore.note}"] if restore.note else []
    if restore.cancel_words and restore.cancel_words not in restore.message:
        lines.append(f"Cancelling: {restore.cancel_words}")
    lines += [Toned(restore.unjournalled, "bad")] if restore.unjournalled else []
    if restore.problem:
        lines.append(Toned(f"Shown is old: {restore.problem}", "warning"))
    if restore.last_seen:
        lines.append(f"Server last heard {_heard(restore.last_seen, now)}")
    return [line for line in lines if line]


def _heard(seen: datetime, now: datetime) -> str:
    """A time and no age: it stays true while nothing is painted anew."""
    return times.clock_time(seen) if now - seen < _A_DAY else times.both(seen)


def _what_was_asked(restore: Restore, now: datetime, plan: str) -> list[Line]:
    overwrite = "OVERWRITES, or may overwrite, the original" if restore.overwrites else "keeps the original"
    lines: list[Line] = [f"Asked for     {overwrite}"]
    lines += [f"Plan          {words}" if not number else f"              {words}"
              for number, words in enumerate(plan.splitlines())]  # fmt: skip
    lines += [f"Reason        {restore.reason}"] if restore.reason else []
    lines.append(f"Platform      {restore.platform.label}")
    if restore.server_name:
        lines.append(f"Backup server {restore.server_name}")
    if restore.point_created:
        age = times.ago(restore.point_created, now)
        lines.append(f"Point of      {times.both(restore.point_created)}, {age}")
    return lines


def _when(restore: Restore, now: datetime) -> list[Line]:
    lines: list[Line] = [f"Sent          {times.both(restore.submitted)}"]
    lines += _cancel_asked(restore)
    if restore.ended:
        lines.append(f"End seen      {times.both(restore.ended)}")
    lines.append(f"Elapsed       {times.elapsed(restore.elapsed(now))}")
    return lines + _session_times(restore.session)


def _cancel_asked(one: Restore | Entry) -> list[str]:
    """When and by whom cancelling was asked, and whether the server replied."""
    if one.cancel_asked is None:
        return []
    who = f" by {one.cancel_by}" if one.cancel_by else ""
    replied = f"replied {times.both(one.cancel_answered)}" if one.cancel_answered else "no reply known"
    return [f"Cancel asked  {times.both(one.cancel_asked)}{who}; {replied}"]


def _session_times(session: RestoreSession | None) -> list[Line]:
    """By the server's clock, which may differ from this machine's."""
    if session is None:
        return []
    lines: list[Line] = [f"Session says  {session.state.value}, result {session.result.value}"]
    lines += [f"Session begun {times.both(session.created)} (server's clock)"] if session.created else []
    lines += [f"Session ended {times.both(session.ended)} (server's clock)"] if session.ended else []
    lines += [f"Restored VM   {session.restored_ref}"] if session.restored_ref else []
    return lines


def _names(restore: Restore) -> Iterable[Line]:
    row = str(restore.entry_id) if restore.entry_id is not None else "none: NOT in the journal"
    return (
        f"Point         {restore.point_uid}",
        f"Task          {restore.task_id or '-'}",
        f"Session       {restore.session_uid or '-'}",
        f"Journal row   {row}",
    )


def entry_cells(entry: Entry, now: datetime) -> tuple[Cell, ...]:
    """One row of the history: number, when, VM, state, who, message."""
    del now
    return (
        str(entry.id),
        times.local(entry.created),
        state_cell(entry.state),
        entry.vm_name,
        entry.operator or entry.em_user,
        entry.words,
    )


def entry_lines(entry: Entry, now: datetime) -> list[Line]:
    """Everything the journal holds of one restore."""
    facts = (
        ("What", f"{entry.vm_name}: {WORDS[entry.state]}{_percent(entry.progress)}"),
        ("Message", entry.message),
        ("Cancelling", "" if entry.cancel_words in entry.message else entry.cancel_words),
        ("Reason", entry.reason),
        ("Who", f"{entry.operator} as {entry.em_user} on {entry.server}"),
        ("Planned", f"{times.both(entry.created)}, {times.ago(entry.created, now)}"),
        ("Sent", times.both(entry.started) if entry.started else ""),
        ("Ended", times.both(entry.ended) if entry.ended else ""),
        ("Overwrites", "YES, or may" if entry.overwrites else "no"),
        ("Backup server", entry.backup_server_name),
        ("Platform", Platform.from_word(entry.platform).label),
        ("Point", f"{entry.point_uid} of {times.both(entry.point_created)}" if entry.point_created else ""),
        ("Task", entry.task_id),
        ("Session", entry.session_uid),
    )
    lines: list[Line] = [f"{label:<13} {value}" for label, value in facts if value]
    lines += _cancel_asked(entry)
    lines += [
        f"{'Plan' if not number else '':<13} {line}" for number, line in enumerate(entry.plan.splitlines())
    ]
    lines += [f"Request ({entry.request_format})", *(f"  {line}" for line in entry.request_body.splitlines())]
    return lines
