"""Incidents and queues in the journal: what a recovery of many has decided, before anything is sent for it.

It shares the file, the lock and the transactions of `journal.Journal`. A line of a queue is sent where a
restore names it, and a unique index lets only one do so: the row of the restore and the line that is sent
are one write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tui.clock import Clock
from tui.store.errors import JournalError, NotOwner
from tui.store.journal import Journal
from tui.store.journal_entry import to_stamp
from tui.store.process_lock import is_free, owner_words, this_process

OPEN, CLOSED = "open", "closed"
"""What a queue may be; a closed one is never offered again."""
WAITING = "waiting"
"""The state every line begins in; what else it may be is the queue's to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentEntry:
    """An incident as it was set, or cleared where it has no moment."""

    id: int
    at: datetime
    """When it was set or cleared, by this machine's clock."""
    operator: str
    moment: datetime | None
    typed: str
    """What was typed for the moment."""
    ticket: str
    lost_at_most_s: int | None
    """The limit of data lost, in seconds; None for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One line of a queue."""

    id: int
    place: int
    line: str
    """The line of the plan, as JSON of the room that wrote it."""
    state: str
    why: str = ""
    restore_id: int | None = None
    """The row of its restore; None while it was not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """One queue with its lines, in their order."""

    id: int
    created: datetime
    server: str
    operator: str
    name: str
    ticket: str
    incident: datetime | None
    state: str
    owner: str
    """The process that works through it; empty for nobody."""
    decided: str = ""
    """What holds for the queue as a whole, as JSON of the room that wrote it; empty: nothing was decided."""
    rows: tuple[QueueRow, ...] = field(default=())


class RecoveryJournal:
    """Incidents and queues of one Enterprise Manager; use from any thread.

    Every method raises JournalError where disk or database refuse.

    Args:
        journal: the open journal.
        server: `host:port`, as its rows name it.
        operator: who sits at the keyboard, `user@host`.
        clock: this machine's time.
    """

    def __init__(self, journal: Journal, *, server: str, operator: str, clock: Clock) -> None:
        self._journal = journal
        self._server, self._operator, self._clock = server, operator, clock
        self._me = this_process()

    # Incidents

    def incident(self) -> IncidentEntry | None:
        """Return the incident in force; None where none was set, or the last one was cleared."""
        newest = next(iter(self.incidents(limit=1)), None)
        return newest if newest is not None and newest.moment is not None else None

    def incidents(self, limit: int = 100) -> list[IncidentEntry]:
        """Return what was set and cleared, the newest first."""
        with self._journal.reading() as database:
            rows = database.execute(
                "SELECT * FROM incidents WHERE server = ? ORDER BY id DESC LIMIT ?", (self._server, limit)
            )
            return [_incident_of(row) for row in rows]

    def set_incident(
        self, moment: datetime | None, *, typed: str = "", ticket: str = "", lost_at_most_s: int | None = None
    ) -> None:
        """Put an incident on disk; without a moment, that the one in force is cleared."""
        stamp = None if moment is None else to_stamp(moment)
        values = (
            to_stamp(self._clock.now()),
            self._server,
            self._operator,
            stamp,
            typed,
            ticket,
            lost_at_most_s,
        )
        with self._journal.writing() as database:
            database.execute(
                "INSERT INTO incidents (at, server, operator, moment, typed, ticket, lost_at_most_s) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            )

    # Queues

    def plan_queue(
        self,
        lines: Sequence[str],
        *,
        name: str = "",
        ticket: str = "",
        incident: datetime | None = None,
        decided: str = "",
    ) -> QueueEntry:
        """Put a queue and its lines on disk at once, owned by this process; nothing of it is sent before.

        Args:
            lines: each line of the plan as JSON, in their order.
            name: of the recovery plan.
            ticket: ticket or reason.
            incident: the moment to restore to before.
            decided: what holds for the queue as a whole, as `decide` writes it later.
        """
        values = (
            to_stamp(self._clock.now()),
            self._server,
            self._operator,
            name,
            ticket,
            None if incident is None else to_stamp(incident),
            OPEN,
            self._me,
            decided,
        )
        with self._journal.writing() as database:
            number = database.execute(
                "INSERT INTO queues "
                "(created, server, operator, name, ticket, incident, state, owner, decided) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            ).lastrowid
            database.executemany(
                "INSERT INTO queue_rows (queue, place, line, state) VALUES (?, ?, ?, ?)",
                [(number, place, line, WAITING) for place, line in enumerate(lines)],
            )
            return self._queue(database, int(number or 0))

    def queue(self, id: int) -> QueueEntry:
        """Read one queue.

        Raises:
            JournalError: there is none of that number.
        """
        with self._journal.reading() as database:
            return self._queue(database, id)

    def queues(self) -> list[QueueEntry]:
        """Return all queues of this server, closed ones too, oldest first."""
        with self._journal.reading() as database:
            ids = database.execute("SELECT id FROM queues WHERE server = ? ORDER BY id", (self._server,))
            return [self._queue(database, int(row["id"])) for row in ids.fetchall()]

    def open_queues(self) -> list[QueueEntry]:
        """Return the queues of this server that are not closed, oldest first, whoever works through them."""
        with self._journal.reading() as database:
            ids = database.execute(
                "SELECT id FROM queues WHERE server = ? AND state = ? ORDER BY id", (self._server, OPEN)
            ).fetchall()
            return [self._queue(database, int(row["id"])) for row in ids]

    def is_offered(self, queue: QueueEntry) -> bool:
        """Return whether nobody works through an open queue: its process has ended."""
        age = self._clock.now() - queue.created
        return queue.state == OPEN and (not queue.owner or is_free(queue.owner, age))

    def claim_queue(self, id: int) -> bool:
        """Become the owner of an open queue that nobody works through; return whether this process is it."""
        with self._journal.writing() as database:
            queue = self._queue(database, id)
            if queue.owner == self._me:
                return True
            if not self.is_offered(queue):
                return False
            database.execute("UPDATE queues SET owner = ? WHERE id = ?", (self._me, id))
            return True

    def close_queue(self, id: int) -> None:
        """Never offer a queue again; its lines stay as they are.

        Raises:
            NotOwner: another process works through it.
        """
        self.claim_queue(id)  # its process may have ended without giving it up
        self._own(id, "UPDATE queues SET state = ?, owner = '' WHERE id = ?", (CLOSED, id))

    def release_queue(self, id: int) -> None:
        """Give an open queue up, so that it is offered at the next start."""
        self._own(id, "UPDATE queues SET owner = '' WHERE id = ?", (id,))

    def decide(self, id: int, decided: str) -> None:
        """Write what holds for a queue as a whole.

        Raises:
            NotOwner: another process works through it.
        """
        self._own(id, "UPDATE queues SET decided = ? WHERE id = ?", (decided, id))

    def update_row(self, queue_id: int, row_id: int, *, state: str, why: str = "", place: int) -> None:
        """Write what became of one line.

        Raises:
            NotOwner: another process works through the queue.
        """
        self._own(
            queue_id,
            "UPDATE queue_rows SET state = ?, why = ?, place = ? WHERE id = ? AND queue = ?",
            (state, why, place, row_id, queue_id),
        )

    def _own(self, queue_id: int, statement: str, values: tuple[object, ...]) -> None:
        with self._journal.writing() as database:
            owner = self._queue(database, queue_id).owner
            if owner not in {"", self._me}:
                raise NotOwner(
                    f"Queue {queue_id} belongs to {owner_words(owner)}.",
                    title="Another vbem works through this queue",
                )
            database.execute(statement, values)

    def _queue(self, database: sqlite3.Connection, id: int) -> QueueEntry:
        found = database.execute("SELECT * FROM queues WHERE id = ?", (id,)).fetchone()
        if found is None:
            raise JournalError(f"It has no queue number {id}.")
        rows = database.execute(
            "SELECT queue_rows.*, restores.id AS restore_id FROM queue_rows "
            "LEFT JOIN restores ON restores.queue_row = queue_rows.id WHERE queue = ? ORDER BY place",
            (id,),
        )
        return QueueEntry(
            id=id,
            created=_moment(found["created"]),
            server=found["server"],
            operator=found["operator"],
            name=found["name"],
            ticket=found["ticket"],
            incident=None if found["incident"] is None else _moment(found["incident"]),
            state=found["state"],
            owner=found["owner"],
            decided=found["decided"],
            rows=tuple(_row_of(row) for row in rows),
        )


def _row_of(row: sqlite3.Row) -> QueueRow:
    return QueueRow(
        id=row["id"],
        place=row["place"],
        line=row["line"],
        state=row["state"],
        why=row["why"],
        restore_id=row["restore_id"],
    )


def _incident_of(row: sqlite3.Row) -> IncidentEntry:
    return IncidentEntry(
        id=row["id"],
        at=_moment(row["at"]),
        operator=row["operator"],
        moment=None if row["moment"] is None else _moment(row["moment"]),
        typed=row["typed"],
        ticket=row["ticket"],
        lost_at_most_s=row["lost_at_most_s"],
    )


def _moment(text: str) -> datetime:
    """Read a time of the file; a ValueError is told as a row that cannot be read."""
    return datetime.fromisoformat(text)
