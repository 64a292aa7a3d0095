"""A restore's state in words, for rows and details: the tone only underlines what the words say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tui import timefmt
from tui.api.models import Platform, SessionState
from tui.restore_states import CANCELLING, CancelState, FoundBy, Mark, RestoreState, is_cancelling, label_of
from tui.restores.outcome import outcome_words
from tui.restores.ports import JournalEntry
from tui.restores.restore import Restore, elapsed_words
from tui.restores.unfollowed import Unfollowed
from tui.sanitize import cut_middle, safe
from tui.widgets.table_layout import Cell, Column, OneOf, StyledText, bar
from tui.widgets.text_view import Line

STATE_STYLES = {
    RestoreState.SUCCEEDED: "good",
    RestoreState.WARNING: "warning",
    RestoreState.FAILED: "bad",
    RestoreState.CANCELLED: "dim",
    RestoreState.UNKNOWN: "warning",
}
_A_DAY = timedelta(days=1)
"""A time of the day alone would be ambiguous after so long."""


def state_cell(state: RestoreState, cancel: CancelState = CancelState.NONE, *, is_old: bool = False) -> Cell:
    """Return the state as one word, with a question mark where it may long be another."""
    mark = state.mark
    if is_old:
        return StyledText(f"{mark} {state.label}?", "warning")
    label = label_of(state, cancel)
    tone = "warning" if label == CANCELLING else STATE_STYLES.get(state, "")
    return StyledText(f"{mark} {label}", tone) if tone else f"{mark} {label}"


def is_doubtful(restore: Restore, now: datetime) -> bool:
    """Return whether the state is not what the server has just shown: old, or of a session that is likely."""
    is_likely = restore.is_probable and restore.state is RestoreState.RESTORING
    return not restore.is_over and (restore.is_out_of_date(now) or is_likely)


def state_words(restore: Restore) -> str:
    """Return the state, with progress where it is known."""
    word = CANCELLING if is_cancelling(restore.state, restore.cancel) else restore.state.words
    if restore.is_missing:
        return f"{word} when last seen; the server no longer lists it"
    if restore.is_unlisted:
        return f"{word} when last seen"
    if restore.is_settled:
        return f"{word}; the session that may be its own came to {restore.session_result}"
    if restore.is_probable and restore.state is RestoreState.RESTORING:
        word = f"probably {word}"
    return word + _percent(restore.progress)


def _percent(progress: int | None) -> str:
    return "" if progress is None else f", {progress} %"


SHORT_CELLS = 26
"""What the short form of a sentence takes at most: the column has so much room at 80 columns."""
DISTINGUISHING = (
    Column(key="vm", label="VM", width=11, flex=1, keeps_end=True),
    Column(key="point", label="Point", width=12, drop=1),
    Column(key="new_name", label="New name", width=12, flex=1, keeps_end=True, drop=3),
    Column(key="ticket", label="Ticket", width=10, keeps_end=True, drop=4),
)
"""By what restores differ: of the columns of a row these come before sentences."""
_SHORT = {
    RestoreState.PLANNED: "not sent",
    RestoreState.SENT: "no answer yet",
    RestoreState.LAUNCHING: "the server launches it",
    RestoreState.RESTORING: "started at the server",
    RestoreState.SUCCEEDED: "restored",
    RestoreState.WARNING: "restored with warnings",
    RestoreState.FAILED: "the launch failed",
    RestoreState.CANCELLED: "stopped, the server says",
    RestoreState.UNKNOWN: "it may have started",
}
_SHORT_CANCEL = {
    CancelState.ASKING: "cancel sent; no reply yet",
    CancelState.ACCEPTED: "cancel: effect not known",
    CancelState.LOST: "cancel sent; reply unknown",
    CancelState.TASK_GONE: "nothing was cancelled",
    CancelState.SESSION_STOPPING: "stopping; why is not known",
    CancelState.GOES_ON: "continues despite a cancel",
    CancelState.REFUSED: "cancel was refused",
    CancelState.NOT_SENT: "cancel was NOT sent",
}
_SHORT_PROBABLE = {"": "perhaps its session runs", "Failed": "perhaps it failed"}
_SERVER_SAYS = "The server says: "


def short_words(one: Restore | JournalEntry) -> str:
    """Return the verdict in `SHORT_CELLS` at most, for a row that has no room for the sentence."""
    state, cancel = one.state, CancelState(one.cancel)
    if doubt := _short_doubt(one):
        return doubt
    if state is RestoreState.UNKNOWN:
        return "stopped without a result" if one.session_uid else _SHORT[state]
    if state is RestoreState.FAILED and one.message.startswith("It did not start"):
        return "did NOT start"
    if state is RestoreState.FAILED and one.session_uid:
        return "reason: see the details" if _reason(one) else "no reason is given"
    if state is RestoreState.SUCCEEDED and cancel is CancelState.GOES_ON:
        return "restored; cancel too late" if one.cancel_answered else "restored despite a cancel"
    return _SHORT[state] if state.is_over else _SHORT_CANCEL.get(cancel, _SHORT[state])


def _short_doubt(one: Restore | JournalEntry) -> str:
    if isinstance(one, JournalEntry) and one.unreadable:
        return "not all can be read"
    if isinstance(one, Restore) and one.is_missing:
        return "not listed any more"
    if isinstance(one, Restore) and one.is_unlisted:
        return "not in the last answer"
    if one.found_by == FoundBy.PROBABLY and one.session_uid and not one.state.is_over:
        return _SHORT_PROBABLE.get(one.session_result, "perhaps it is restored")
    return ""


def restore_cells(restore: Restore, now: datetime) -> tuple[Cell, ...]:
    """Return one row: state, VM, point, new name, ticket, elapsed, what is known with the progress."""
    return (
        state_cell(restore.state, restore.cancel, is_old=is_doubtful(restore, now)),
        *_distinguishing(restore),
        elapsed_words(restore, now),
        _known(restore, now),
    )


def _distinguishing(one: Restore | JournalEntry) -> tuple[Cell, ...]:
    """Return by what restores differ: VM, point, the name of the restored VM, ticket."""
    point = timefmt.day_and_time(one.point_created) if one.point_created else "not known"
    return one.vm_name, point, one.restored_name or one.new_name, one.reason


_BAR_CELLS = 20


def _known(restore: Restore, now: datetime) -> Cell:
    """Return what is known, with the share that is done where the server says one; doubts come before it."""
    doubt, progress = _out_of_date(restore, now), restore.progress
    if restore.is_over or restore.is_unlisted or restore.is_settled or progress is None:
        return _fitting(restore, doubt + _row_words(restore), age=_short_age(restore, now))
    is_plain = restore.session is not None and restore.session.state == SessionState.WORKING
    if is_plain and not (doubt or restore.cancel or restore.is_probable):
        # That it is restoring its state says already.
        return bar(progress / 100, _BAR_CELLS)
    last = _short_age(restore, now) or short_words(restore)
    return OneOf(f"{doubt}{progress} %. {_row_words(restore)}", f"{last}, {progress} %", last)


def _reason(one: Restore | JournalEntry) -> str:
    return one.message.partition(_SERVER_SAYS)[2] if one.state is RestoreState.FAILED else ""


def _fitting(one: Restore | JournalEntry, sentence: str, *, age: str = "") -> OneOf:
    """Return what a row says: the sentence, the server's reason, or the short form, each of them whole.

    An end that was only noticed says so in each form that names its time.
    """
    short, ended = short_words(one), _ended_briefly(one)
    is_plain = one.state is RestoreState.SUCCEEDED and not one.cancel
    last = age or (ended if is_plain and ended else short)
    if (left_behind := outcome_words(one) if one.state.is_over else "") and not one.cancel:
        with_end = (f"{left_behind} {ended_words(one)}".strip(), f"{left_behind} {ended}".strip())
        first = left_behind.partition(";")[0]
        return OneOf(f"{left_behind} {sentence}", *with_end, left_behind, first, _left_briefly(one, first))
    if not (reason := _reason(one)):
        return OneOf(*filter(None, (sentence, ended and f"{short}, {ended}")), last)
    reason = reason if one.session_uid else f"{short}: {reason}"
    return OneOf(sentence, *((f"{reason} ({ended})",) if ended else ()), reason, last)


def _left_briefly(one: Restore | JournalEntry, words: str) -> str:
    """Return what it left behind in `SHORT_CELLS`: `as db01-1`, `asked: db01-1`, `was OVERWRITTEN`."""
    brief = words.removeprefix("Restored ").removeprefix(f"{one.vm_name} ").rstrip(".")
    if brief == f"as {one.new_name} (asked for)":
        brief = f"asked: {one.new_name}"
    return cut_middle(safe(brief), SHORT_CELLS)


def _short_age(restore: Restore, now: datetime) -> str:
    if not restore.problem and not restore.is_stale(now):
        return ""
    heard = restore.last_heard
    if heard is None:
        return "server not heard yet"
    return f"last heard {timefmt.clock_time(heard) if now - heard < _A_DAY else timefmt.utc(heard)[:10]}"


def _out_of_date(restore: Restore, now: datetime) -> str:
    why = _why_out_of_date(restore, now)
    return f"(out of date: {why}) " if why else ""


def _why_out_of_date(restore: Restore, now: datetime) -> str:
    if restore.problem or not restore.is_stale(now):
        return restore.problem
    heard = restore.last_heard
    if heard is None:
        return f"server not heard since it was sent at {_heard(restore.submitted, now)}"
    return f"server last heard {_heard(heard, now)}"


def out_of_date_lines(restore: Restore, now: datetime) -> list[Line]:
    """Return why what is shown of it may be old; no line where it is of now."""
    why = _why_out_of_date(restore, now)
    return [StyledText(f"This may be out of date: {why}", "warning")] if why else []


def _row_words(restore: Restore) -> str:
    """Return what a row has room for; an end, or the loss of the session, comes first."""
    if restore.is_unlisted:
        return f"(out of date) {restore.message}"
    cancel_words = restore.cancel_words
    if restore.state is RestoreState.UNKNOWN:
        return f"{restore.message} {cancel_words}".strip()
    if not restore.is_over:
        return cancel_words or restore.message
    if restore.cancel is CancelState.GOES_ON:
        words = cancel_words or restore.message
    else:
        words = restore.message if cancel_words in restore.message else f"{restore.message} {cancel_words}"
    return f"{words} {ended_words(restore)}".strip()


def ended_words(one: Restore | JournalEntry) -> str:
    """Return when it ended, in a few words, and whose time that is."""
    if not one.state.is_over:
        return ""
    if one.session_ended is not None:
        return f"Ended {timefmt.both(one.session_ended)}."
    return f"Ended (noticed {timefmt.both(one.ended)})." if one.ended else ""


def _ended_briefly(one: Restore | JournalEntry) -> str:
    """Return the same for a narrow column, in UTC alone."""
    if not one.state.is_over:
        return ""
    if one.session_ended is not None:
        return f"ended {timefmt.day_and_time(one.session_ended)}"
    return f"end noticed {timefmt.day_and_time(one.ended)}" if one.ended else ""


def restore_lines(restore: Restore, now: datetime, plan: str) -> list[Line]:
    """Return everything that is known about one restore.

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
    state = state_cell(restore.state, restore.cancel, is_old=is_doubtful(restore, now))
    tone = state.tone if isinstance(state, StyledText) else ""
    line = f"{restore.vm_name}: {state_words(restore)}"
    lines: list[Line] = [StyledText(line, tone) if tone else line, restore.message]
    if restore.is_over and (left_behind := outcome_words(restore)):
        lines.append(left_behind)
    lines += [f"Note: {restore.note}"] if restore.note else []
    if restore.cancel_words and restore.cancel_words not in restore.message:
        lines.append(f"Cancelling: {restore.cancel_words}")
    lines += [StyledText(restore.unjournalled, "bad")] if restore.unjournalled else []
    lines += out_of_date_lines(restore, now)
    if restore.last_heard:
        lines.append(f"Server last heard {_heard(restore.last_heard, now)}")
    return [line for line in lines if line]


def _heard(seen: datetime, now: datetime) -> str:
    """Return a time rather than an age: it stays true while nothing is repainted."""
    return timefmt.clock_time(seen) if now - seen < _A_DAY else timefmt.both(seen)


def _what_was_asked(restore: Restore, now: datetime, plan: str) -> list[Line]:
    lines: list[Line] = [
        f"Asked for     {_overwrite_words(plan) if restore.overwrites else 'keeps the original'}"
    ]
    lines += [f"Plan          {words}" if not number else f"              {words}"
              for number, words in enumerate(plan.splitlines())]  # fmt: skip
    lines += [f"Reason        {restore.reason}"] if restore.reason else []
    lines.append(f"Platform      {restore.platform.label}")
    if restore.server_name:
        lines.append(f"Backup server {restore.server_name}")
    if restore.point_created:
        age = timefmt.age(restore.point_created, restore.submitted)
        lines.append(f"Point of      {timefmt.both(restore.point_created)}, {age} before it was sent")
    return lines


def _overwrite_words(plan: str) -> str:
    """Return what a restore overwrites, or may: in the words of its plan, which know more than a yes."""
    said = next((line for line in plan.splitlines() if "OVERWRITTEN" in line), "")
    return said or "OVERWRITES, or may overwrite, the original or the VM that has the new name"


def _when(restore: Restore, now: datetime) -> list[Line]:
    lines: list[Line] = [f"Sent          {timefmt.both(restore.submitted)}"]
    lines += _cancel_asked(restore)
    if restore.ended and restore.session_ended is None:
        lines.append(f"Ended         noticed {timefmt.both(restore.ended)}; the server names no time")
    elif restore.ended:
        lines.append(f"End noticed   {timefmt.both(restore.ended)}")
    if restore.took is not None:
        lines.append(f"Took          {timefmt.elapsed(restore.took)} (server's clock)")
    elif restore.is_over and restore.session_uid:
        lines.append(f"Took          at most {timefmt.elapsed(restore.elapsed(now))}")
    elif restore.is_in_flight and restore.state is not RestoreState.UNKNOWN:
        lines.append(f"Elapsed       {timefmt.elapsed(restore.elapsed(now))}")
    return lines + _session_times(restore)


def _cancel_asked(one: Restore | JournalEntry) -> list[str]:
    """Return when and by whom cancelling was asked, and whether the server replied."""
    if one.cancel_asked is None:
        return []
    who = f" by {one.cancel_by}" if one.cancel_by else ""
    replied = f"replied {timefmt.both(one.cancel_answered)}" if one.cancel_answered else "no reply known"
    return [f"Cancel asked  {timefmt.both(one.cancel_asked)}{who}; {replied}"]


def _session_times(one: Restore | JournalEntry) -> list[Line]:
    """Return the session's times by the server's clock, which may differ from this machine's."""
    session = one.session if isinstance(one, Restore) else None
    lines: list[Line] = []
    if session is not None:
        lines.append(f"Session says  {session.state.value}, result {session.result.value}")
    elif one.session_result:
        lines.append(f"Session says  result {one.session_result}")
    started, ended = one.session_started, one.session_ended
    lines += [f"Session start {timefmt.both(started)} (server's clock)"] if started else []
    lines += [f"Session end   {timefmt.both(ended)} (server's clock)"] if ended else []
    lines += [f"Restored VM   {session.restored_ref}"] if session and session.restored_ref else []
    return lines


_FOUND = {
    FoundBy.TASK: ", named by its task",
    FoundBy.POINT: ", the only new one and from its point",
    FoundBy.PROBABLY: ", PROBABLY its own: nothing names it",
    FoundBy.OPERATOR: ", as said by the operator: nothing else names it",
}


def _session_name(one: Restore | JournalEntry) -> str:
    if not one.session_uid:
        return ""
    return f"{one.session_uid}{_FOUND.get(FoundBy(one.found_by), '') if one.found_by in set(FoundBy) else ''}"


def _names(restore: Restore) -> Iterable[Line]:
    row = str(restore.entry_id) if restore.entry_id is not None else "none: NOT in the journal"
    return (
        f"Point         {restore.point_uid}",
        f"Task          {restore.task_id or '-'}",
        f"Session       {_session_name(restore) or '-'}",
        f"Journal row   {row}",
    )


def unfollowed_cells(one: Unfollowed, now: datetime, live: str = "") -> tuple[Cell, ...]:
    """Return one row among the tasks: the state as last written, and why nobody watches it here.

    Args:
        one: the row.
        now: this machine's clock.
        live: what the server says of its session, where that is listed.
    """
    entry = one.entry
    of = f", {live or written}" if live or (written := _written(entry, now)) else ""
    words = OneOf(
        f"NOT WATCHED here{of}. {one.why}",
        f"NOT WATCHED here{of}",
        f"NOT WATCHED here. {one.why}",
        *((f"not watched; {live.removeprefix('the server says ')}",) if live else ()),
        "NOT WATCHED here",
    )
    return (state_cell(entry.state, is_old=True), *_distinguishing(entry), "-", words)


def _written(entry: JournalEntry, now: datetime) -> str:
    """Return of when a row is, for the end of a sentence; empty where unknown."""
    if (at := entry.known_updated) is None:
        return ""
    is_today = abs(now - at) < timedelta(hours=12)
    return f"as the journal had it at {timefmt.clock_time(at) if is_today else timefmt.both(at)}"


def unfollowed_lines(one: Unfollowed, now: datetime, live: str = "") -> list[Line]:
    """Return everything that is known of a restore that is not followed here."""
    may = "Take over: vbem then looks for it at this server, by its restore session."
    return [
        StyledText(f"NOT WATCHED here: {one.why}", "warning"),
        *([f"Of its session {live}."] if live else []),
        *([f"The row is shown {written}."] if (written := _written(one.entry, now)) else []),
        *([may] if one.may_be_taken else []),
        *entry_lines(one.entry),
    ]


def entry_cells(entry: JournalEntry, *, is_followed: bool = False) -> tuple[Cell, ...]:
    """Return one row of the history: number, when, state, VM, point, new name, ticket, who, message.

    Args:
        entry: of the journal.
        is_followed: whether this run watches it, so that a state without an end is of now.
    """
    is_likely = entry.found_by == FoundBy.PROBABLY and entry.state is RestoreState.RESTORING
    is_open = not entry.state.is_over and entry.state is not RestoreState.UNKNOWN
    return (
        str(entry.id),
        OneOf(*timefmt.spellings(entry.created)) if entry.known_created else "?",
        StyledText(f"{Mark.DOUBT} unreadable", "warning")
        if entry.unreadable
        else state_cell(entry.state, is_old=is_likely or (is_open and not is_followed)),
        *_distinguishing(entry),
        entry.operator or entry.em_user,
        _fitting(entry, f"{entry.words} {ended_words(entry)}".strip()),
    )


def entry_lines(entry: JournalEntry) -> list[Line]:
    """Return everything the journal holds of one restore."""
    ended = timefmt.both(entry.ended) if entry.ended else ""
    written = "" if entry.state.is_over or not entry.known_updated else timefmt.both(entry.updated)
    no_time = "" if entry.session_ended else "; the server names no time"
    facts = (
        ("What", f"{entry.vm_name}: {entry.state.words}{_percent(entry.progress)}"),
        ("Unreadable", entry.unreadable),
        ("Message", entry.message),
        ("Outcome", outcome_words(entry)),
        ("Cancelling", "" if entry.cancel_words in entry.message else entry.cancel_words),
        ("Reason", entry.reason),
        ("Who", f"{entry.operator} as {entry.em_user} on {entry.server}"),
        ("Planned", timefmt.both(entry.created) if entry.known_created else ""),
        ("Sent", timefmt.both(entry.started) if entry.started else ""),
        ("End noticed", f"{ended}{no_time}" if ended else ""),
        ("Last written", written),
        ("Overwrites", _overwrite_words(entry.plan) if entry.overwrites else "no"),
        ("Backup server", entry.backup_server_name),
        ("Platform", Platform.from_word(entry.platform).label),
        ("Point", entry.point_uid + (f" of {timefmt.both(made)}" if (made := entry.point_created) else "")),
        ("Task", entry.task_id),
        ("Session", _session_name(entry)),
    )
    lines: list[Line] = [f"{label:<13} {value}" for label, value in facts if value]
    lines += _session_times(entry)
    lines += _cancel_asked(entry)
    lines += [
        f"{'Plan' if not number else '':<13} {line}" for number, line in enumerate(entry.plan.splitlines())
    ]
    lines += [f"Request ({entry.request_format})", *(f"  {line}" for line in entry.request_body.splitlines())]
    return lines
