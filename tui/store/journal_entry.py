"""One row of the journal: a restore as it is on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.restore_states import CancelState, RestoreState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """A journalled restore. Names are as the server sent them; times are aware and in UTC."""

    id: int
    created: datetime
    updated: datetime
    server: str
    """Address of the Enterprise Manager, `host:port`."""
    em_user: str = ""
    operator: str = ""
    """Who sat at the keyboard, `user@host`."""
    logon_session_id: str = ""
    """Id (not token) of the logon session the task belongs to."""
    point_uid: str = ""
    point_created: datetime | None = None
    kind: str = ""
    platform: str = ""
    vm_name: str = ""
    backup_server_uid: str = ""
    backup_server_name: str = ""
    overwrites: bool = False
    plan: str = ""
    """What will happen, in words."""
    request_format: str = ""
    request_body: str = ""
    """The body as sent; it never holds a token."""
    reason: str = ""
    """Ticket or reason given by the operator."""
    original: str = ""
    """What was to become of the original VM, a value of `OriginalOutcome`."""
    new_name: str = ""
    """The name the request gave the restored VM; empty where it has no field for it."""
    incident: datetime | None = None
    """The moment to restore to before, where an incident was set when it was confirmed."""
    is_after_incident: bool = False
    """Whether the point is of after that moment, or of no known time; the operator said yes to that alone."""
    queue_row: int | None = None
    """Its line in the queue of a recovery plan; None where it was sent alone."""
    sessions_before: tuple[str, ...] = ()
    """UIDs of the VM's restore sessions listed just before the request."""
    newest_before: datetime | None = None
    """When the newest of those was made, by the server's clock."""
    state: RestoreState = RestoreState.PLANNED
    task_id: str = ""
    task_href: str = ""
    session_uid: str = ""
    """No two rows have the same."""
    found_by: str = ""
    """What ties the session to the row, a value of `FoundBy`; empty where it has none."""
    session_started: datetime | None = None
    """When the session began, by the server's clock."""
    session_ended: datetime | None = None
    """When it ended, by the server's clock; empty where the server does not say."""
    session_result: str = ""
    """What the server says the session came to."""
    restored_ref: str = ""
    """Reference of the restored VM, where the session names it (WIRE 7)."""
    restored_name: str = ""
    """What the server calls that VM; empty where it was not asked, or did not say."""
    why_unknown: str = ""
    """Why it is not known what became of the restore."""
    progress: int | None = None
    message: str = ""
    started: datetime | None = None
    """When it was first marked as sent."""
    ended: datetime | None = None
    """When its end was noticed, by this machine's clock."""
    owner: str = ""
    """The process that follows it, as `process_lock.this_process` names it; empty for nobody."""
    plan_key: str = ""
    """Name of the confirmed plan: one plan has one row, however often its writing is tried."""
    cancel: str = ""
    """What became of a cancel request, a value of `CancelState`; empty for none."""
    cancel_asked: datetime | None = None
    """When the DELETE was about to leave; on disk before it left."""
    cancel_by: str = ""
    """Who asked, `user@host`."""
    cancel_answered: datetime | None = None
    """When the server's reply to the DELETE came; None while it is not known."""
    cancel_words: str = ""
    unreadable: str = ""
    """What of the row cannot be read, as `state 'flying'`; empty for a sound row. Such a field has its
    default here, a state UNKNOWN; on disk it is as it was found, and nobody follows the row."""

    @property
    def words(self) -> str:
        """Return what is known, with what the cancelling did."""
        if self.unreadable:
            return f"Not all of this row can be read: {self.unreadable}. {self.message}".strip()
        is_new = self.cancel_words and self.cancel_words not in self.message
        return f"{self.message} {self.cancel_words}".strip() if is_new else self.message

    @property
    def known_created(self) -> datetime | None:
        """Return when the row was made; None where that cannot be read."""
        return None if self.created == NEVER else self.created

    @property
    def known_updated(self) -> datetime | None:
        """Return when the row was last written; None where that cannot be read."""
        return None if self.updated == NEVER else self.updated

    def to_json(self) -> dict[str, object]:
        """Return the row for an export: text as sent, times in ISO 8601, UTC.

        `ended` is when the session ended by the server's clock, null where the server does not say;
        `ended_noticed` is when vbem noticed the end, by this machine's clock.
        """
        row = {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}
        row |= {"created": _plain(self.known_created), "updated": _plain(self.known_updated)}
        row["ended_noticed"] = row["ended"]
        session_ended = row.pop("session_ended")
        row["ended"] = session_ended if self.state.is_over else None
        return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step in a restore's life; events are only ever added."""

    entry_id: int
    at: datetime
    state: RestoreState
    message: str
    owner: str


TIMES = frozenset({
    "created", "updated", "point_created", "started", "ended", "cancel_asked", "cancel_answered",
    "newest_before", "session_started", "session_ended", "incident",
})  # fmt: skip
GIVEN_BY_JOURNAL = frozenset({"id", "created", "updated", "owner"})
COLUMNS = tuple(name for name in JournalEntry.__dataclass_fields__ if name not in {"id", "unreadable"})
MAX_TEXT = 1_000_000
"""Characters kept of one text: a row is no place for what a hostile server sends by the gigabyte."""


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return to_stamp(value)
    return str(value) if isinstance(value, str) else value


def to_stamp(moment: datetime) -> str:
    """Return a time as it is in the file and in exports: ISO 8601, UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def to_column(name: str, value: object) -> object:
    """Return a field's value as sqlite keeps it."""
    if isinstance(value, datetime):
        return to_stamp(value)
    if isinstance(value, str):
        # JSON can carry half a surrogate pair, UTF-8 cannot: it is kept as its escape.
        return str(value)[:MAX_TEXT].encode("utf-8", "backslashreplace").decode("utf-8")
    if name == "sessions_before" and isinstance(value, (tuple, list, set, frozenset)):
        return json.dumps([str(uid) for uid in value])
    return int(value) if isinstance(value, bool) else value


def from_row(row: sqlite3.Row | Mapping[str, object]) -> JournalEntry:
    """Read a row, each field on its own: what this program did not write is named in `unreadable`."""
    fields: dict[str, object] = {"id": row["id"]}
    wrong = []
    for name in COLUMNS:
        try:
            fields[name] = _READERS.get(name, _text)(row[name])
        except (ValueError, RecursionError):
            wrong.append(_named(name, row[name]))
            fields |= {name: _INSTEAD[name]} if name in _INSTEAD else {}
    return JournalEntry(**fields, unreadable=", ".join(wrong))  # type: ignore[arg-type] # each read by its type


def event_from_row(row: sqlite3.Row | Mapping[str, object]) -> Event:
    """Read an event; what of it this program did not write is named in its message."""
    at, state, wrong = NEVER, RestoreState.UNKNOWN, []
    try:
        at = _moment(row["at"])
    except ValueError:
        wrong.append(_named("at", row["at"]))
    try:
        state = RestoreState(str(row["state"]))
    except ValueError:
        wrong.append(_named("state", row["state"]))
    message, owner = str(row["message"]), str(row["owner"])
    if wrong:
        message = f"Not all of this step can be read: {', '.join(wrong)}. {message}".strip()
    return Event(entry_id=int(str(row["entry_id"])), at=at, state=state, message=message, owner=owner)


NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a time that a row or a step must have and that cannot be read."""
_INSTEAD: dict[str, object] = {
    "created": NEVER, "updated": NEVER, "server": "", "state": RestoreState.UNKNOWN,
}  # fmt: skip
"""What stands for a field that has no default and cannot be read."""
_YEARS = range(1970, 2200)
"""A year outside cannot be shown in every time zone."""
_SHOWN = 40


def _named(name: str, value: object) -> str:
    return f"{name} {value!r}" if isinstance(value, int | None) else f"{name} {str(value)[:_SHOWN]!r}"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004 - all readers raise the same
    return value


def _moment(value: object) -> datetime:
    found = datetime.fromisoformat(_text(value))
    if found.year not in _YEARS:
        raise ValueError("no time of this program")
    return found.astimezone(UTC)


def _moment_or_none(value: object) -> datetime | None:
    return None if value is None else _moment(value)


def _percent_or_none(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value <= 100 else None


def _uids(value: object) -> tuple[str, ...]:
    found = json.loads(_text(value))
    if not isinstance(found, list):
        raise ValueError("no list")  # noqa: TRY004 - all readers raise the same
    return tuple(_text(uid) for uid in found)


_READERS: dict[str, Callable[[object], object]] = {
    **dict.fromkeys(TIMES, _moment_or_none),
    "created": _moment,
    "updated": _moment,
    "overwrites": lambda value: value != 0,  # whatever is not a plain no may overwrite
    "is_after_incident": lambda value: value != 0,
    "queue_row": lambda value: value if isinstance(value, int) else None,
    "sessions_before": _uids,
    "progress": _percent_or_none,
    "state": lambda value: RestoreState(_text(value)),
    "cancel": lambda value: str(CancelState(_text(value))),
}
