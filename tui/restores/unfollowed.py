"""Restores that this run does not follow: rows of the journal without an end, and what the server lists.

Of the rows: which, why, and what may be done. Of the server's restore sessions: all that run or began in
the last day, whoever started them. They are shown, and never taken for a restore's own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tui import timefmt
from tui.api.models import Items, RestoreSession
from tui.api.query import Query, any_of, ge, ne
from tui.restore_states import FoundBy, RestoreState
from tui.restores.journal_mapping import OLD_AFTER, take_up
from tui.restores.ports import RestoreJournal
from tui.restores.restore import Restore, Timestamp
from tui.store.errors import StoreError
from tui.store.journal import BEING_SENT, FORGOTTEN_AFTER
from tui.store.journal_entry import JournalEntry
from tui.store.process_lock import OwnerState, owner_state, owner_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfollowed:
    """One restore that nobody watches here."""

    entry: JournalEntry
    why: str
    may_be_taken: bool = True
    """Whether the operator may take it over without naming it."""
    is_watched: bool = False
    """Whether another vbem watches it, or may: it is taken from that by name only."""
    is_unreadable: bool = False
    """Whether the row says what this version does not understand."""

    @property
    def key(self) -> str:
        """Return its name in a list."""
        return f"row-{self.entry.id}"

    @property
    def owner_name(self) -> str:
        """Return who sent it, without the machine: what is typed to take it over."""
        return self.entry.operator.partition("@")[0]

    def is_named_by(self, typed: str) -> bool:
        """Return whether the operator has typed the VM's name or that of who sent it."""
        names = {self.entry.vm_name, self.entry.operator, self.owner_name} - {""}
        return typed.strip().casefold() in {name.strip().casefold() for name in names}

    def cancel_words(self, session_key: str) -> tuple[str, ...]:
        """Return who can cancel it, and where.

        Args:
            session_key: of the live logon session.
        """
        entry = self.entry
        console = f"the backup console{f' on {name}' if (name := entry.backup_server_name) else ''}"
        if entry.state is RestoreState.LAUNCHING and entry.logon_session_id == session_key:
            return ("This vbem shares the logon session of its task: take it over, then cancel its launch.",)
        sender = (
            f"{entry.operator} ({owner_words(entry.owner)})" if entry.operator else owner_words(entry.owner)
        )
        return (
            "It cannot be cancelled from here: only the logon session that started it knows its task.",
            f"{sender} can cancel it there while it launches; what runs already is stopped in {console}.",
        )


def why_unfollowed(entry: JournalEntry, server: str, now: datetime) -> Unfollowed | None:
    """Return why a row is not followed without the operator's word; None where it may be followed at once.

    Args:
        entry: a row without an end.
        server: the server somebody is logged on to, `host:port`.
        now: by this machine's clock.
    """
    if entry.unreadable:
        return unreadable(entry, entry.unreadable)
    owner = owner_state(entry.owner)
    if owner is OwnerState.ALIVE:
        why = f"It is watched by another vbem ({owner_words(entry.owner)}), which is running."
        return Unfollowed(entry=entry, why=why, may_be_taken=False, is_watched=True)
    if entry.server != server:
        why = f"It was sent to {entry.server}, and vbem is logged on to {server}."
        return Unfollowed(entry=entry, why=why)
    if owner is OwnerState.ELSEWHERE:
        why = f"It belongs to {owner_words(entry.owner)}; whether that still runs cannot be known here."
        return Unfollowed(entry=entry, why=why, is_watched=True)
    if now - entry.updated > FORGOTTEN_AFTER:
        days = FORGOTTEN_AFTER.days
        when = timefmt.both(entry.updated)
        why = f"It was last written at {when}; the server lists restore sessions for {days} days."
        return Unfollowed(entry=entry, why=why)
    return None


def kept_by_another(entry: JournalEntry) -> Unfollowed:
    """Return the row that could not be taken, because another process has it."""
    if entry.state in BEING_SENT:
        why = "It is being sent just now; only its sender hears the reply. Try again in a moment."
    else:
        why = "Another vbem took it."
    return Unfollowed(entry=entry, why=why, may_be_taken=False)


def unreadable(entry: JournalEntry, what: str) -> Unfollowed:
    """Return the row of a version that knows words this one does not, or one that is damaged."""
    why = f"Its row cannot be read by this version of vbem ({what})."
    return Unfollowed(entry=entry, why=why, may_be_taken=False, is_unreadable=True)


RECENT = timedelta(days=1)
"""Of everybody's restores those that began so long ago are listed though they are over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSessions:
    """Everybody's restores, as the server listed them last."""

    sessions: Items[RestoreSession] = field(default_factory=lambda: Items(()))
    as_of: datetime | None = None
    """When the server answered, by this machine's clock; None while it has not."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """The rows of the shared journal by their sessions' UIDs in lower case."""
    problem: str = ""
    """Why the last poll brought nothing; empty where it did."""

    def besides(self, known: Collection[str]) -> tuple[RestoreSession, ...]:
        """Return those that are not shown already: what runs first, then the newest.

        Args:
            known: UIDs of sessions in lower case.
        """
        others = [one for one in self.sessions if one.uid.lower() not in known]
        return tuple(sorted(others, key=lambda one: (one.is_over, -_began_s(one))))

    def find(self, session_uid: str) -> RestoreSession | None:
        """Return a session by its UID; None where it is not listed."""
        wanted = session_uid.lower()
        return next((one for one in self.sessions if wanted and one.uid.lower() == wanted), None)

    def row_of(self, session: RestoreSession) -> int | None:
        """Return the row of the shared journal that the session belongs to; None for none."""
        return self.rows.get(session.uid.lower())


class EverybodyList:
    """Everybody's restores beside those that are watched, by the one query of a poll."""

    def __init__(self) -> None:
        self.last = ServerSessions()
        self._was_asked = self._has_failed = False
        """Whether the last poll asked for everybody's, and whether the last one that did failed."""

    def is_next(self, restores: Collection[Restore]) -> bool:
        """Return whether the next poll is to ask for everybody's.

        Where a session was or is searched by its VM's name, or the wide list fails, every other poll is the
        narrow one: watching own restores loses nothing by showing those of others.
        """
        takes_turns = self._has_failed or len(self.watched(restores)) < len(restores)
        self._was_asked = not (restores and takes_turns and self._was_asked)
        return self._was_asked

    def watched(self, restores: Collection[Restore]) -> list[Restore]:
        """Return those that can be watched by a wide list: whose sessions their tasks name."""
        by_name = {FoundBy.PROBABLY, FoundBy.POINT}
        return [one for one in restores if not one.is_searched and one.found_by not in by_name]

    def query(self, own: Query | None, now: datetime) -> Query:
        """Return what runs or began lately, with what own restores are watched by: one request for both.

        Args:
            own: the query of the restores that are watched; None for none.
            now: by this machine's clock: it only says how far back what is over is listed.
        """
        if own is not None and own.filter is None:
            return own
        wanted = [ne("State", "Stopped"), ge("CreationTime", now - RECENT)]
        if own is not None and own.filter is not None:
            wanted.append(own.filter)
        return Query(filter=any_of(*wanted), sort="CreationTime", descending=True)

    def note(self, sessions: Items[RestoreSession], as_of: datetime, journal: RestoreJournal) -> None:
        """Take in what the server listed, and read whose it is in the journal; not for the event loop."""
        try:
            rows = journal.sessions_taken()
        except StoreError:
            # Whose they are is not known then, as where the journal is another's.
            rows = {}
        self.last, self._has_failed = ServerSessions(sessions=sessions, as_of=as_of, rows=rows), False

    def note_failure(self, problem: str) -> None:
        """Take in that the wide list failed; what was listed last stays."""
        self.last, self._has_failed = replace(self.last, problem=problem), True


def _began_s(session: RestoreSession) -> float:
    return session.created.timestamp() if session.created else 0.0


@dataclass(frozen=True, slots=True)
class OtherRows:
    """The rows of the journal that are not one restore's, where its session is searched."""

    taken: set[str]
    """Their sessions' UIDs, in lower case."""
    rivals: tuple[Restore, ...]
    """Those that this run does not follow and whose session is not known."""


def other_rows(
    journal: RestoreJournal, mine: int | None, known: Collection[int | None], now: Timestamp
) -> OtherRows:
    """Return what other rows of the journal have, and may have; not for the event loop.

    Args:
        journal: the rows.
        mine: number of the row whose session is searched.
        known: numbers of the rows that this run follows.
        now: by both clocks.

    Raises:
        StoreError: the journal cannot be read.
    """
    taken = {uid for uid, number in journal.sessions_taken().items() if number != mine}
    rows = [row for row in journal.open_rows() if row.id not in known and not row.session_uid]
    rivals = (_rival(row, now) for row in rows)
    return OtherRows(taken=taken, rivals=tuple(rival for rival in rivals if rival is not None))


def _rival(row: JournalEntry, now: Timestamp) -> Restore | None:
    try:
        restore = take_up(row)
    except ValueError:
        # Another version's row: it is among those that are not followed.
        return None
    is_recent = now.wall - row.updated < OLD_AFTER
    return replace(restore, search_since=now.monotonic_s if is_recent else None)
