"""The journal: every restore is on disk before it is sent, and stays there.

Two programs may use one journal at once; each row has one owner, the process that follows the
restore. Rows are never removed, and each change of state is also an event that is only ever added.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from tui.clock import Clock, SystemClock
from tui.files import new_private
from tui.restore_states import RestoreState
from tui.store.errors import JournalError, NotOwner, SessionTaken, VmInFlight
from tui.store.journal_db import connect, forget_note, in_words, transaction
from tui.store.journal_entry import (
    COLUMNS,
    GIVEN_BY_JOURNAL,
    NEVER,
    Event,
    JournalEntry,
    event_from_row,
    from_row,
    to_column,
    to_stamp,
)
from tui.store.process_lock import OwnerState, is_free, owner_state, owner_words, this_process

__all__ = ["Event", "Journal", "JournalEntry", "RestoreState"]

FORGOTTEN_AFTER = timedelta(days=30)
"""The server lists restore sessions for 30 days (WIRE 7): older rows cannot be followed any more."""
UNKNOWN_FOR = timedelta(hours=1)
"""A restore that is unknown for so long is no longer taken for one that may be starting."""
BEING_SENT = frozenset({RestoreState.PLANNED, RestoreState.SENT})
_IS_OPEN = "(state IS NULL OR state NOT IN ('succeeded', 'warning', 'failed', 'cancelled'))"


class Writer(Protocol):
    """Where an export goes: an open text file, for example."""

    def write(self, text: str, /) -> object:
        """Take some text."""


Spelling = Callable[[Mapping[str, object]], dict[str, object]]


class Journal:
    """The restores of this account on this machine; use from any thread.

    Every method raises JournalError with a title, a detail and a hint where disk or database refuse.
    """

    def __init__(self, path: Path, *, clock: Clock | None = None) -> None:
        self.path = path
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._closed = False
        self._database, self.note = connect(path)
        """`note`: what to say where an earlier journal is damaged or gone, until `note_read`; else empty."""
        with in_words(path):
            self._inode = path.stat().st_ino
        self._me = this_process()

    @classmethod
    def open(cls, path: Path, *, clock: Clock | None = None) -> Journal:
        """Open the journal, making it if there is none."""
        return cls(path, clock=clock)

    def note_read(self) -> None:
        """Say `note` no more, in this run or a later one."""
        forget_note(self.path)
        self.note = ""

    def close(self) -> None:
        """Close the file; harmless when done twice."""
        with self._lock:
            self._closed = True
            self._database.close()

    def plan(self, *, known_rows: Collection[int] | None = None, **fields: object) -> JournalEntry:
        """Put a new restore on disk, owned by this process; it is durable when this returns.

        Args:
            known_rows: the rows of the same VM in flight that the operator was told of; None: not looked.
            fields: fields of Entry by name; `server` is required. No field may hold a token or password.
                A `plan_key` that has a row already gets that row: a write that was reported as failed
                may be on disk anyway.

        Raises:
            VmInFlight: a row of the same VM is in flight that is not among `known_rows`.
        """
        _check_names(fields)
        now = to_stamp(self._clock.now())
        values: dict[str, object] = {"state": RestoreState.PLANNED, **fields}
        values |= {"created": now, "updated": now, "owner": self._me}
        columns = {name: to_column(name, value) for name, value in values.items()}
        with self.writing() as database:
            there = self._row_of_plan(database, columns.get("plan_key"))
            if there is not None:
                return there
            if known_rows is not None:
                self._check_others(database, columns, known_rows)
            # Column names come from Entry's own fields (checked above), values are bound.
            statement = (
                f"INSERT INTO restores ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - no value is in it
            )
            number = int(database.execute(statement, tuple(columns.values())).lastrowid or 0)
            entry = self._entry(database, number)
            if entry.state is not RestoreState.PLANNED:
                self._add_event(database, replace(entry, state=RestoreState.PLANNED, message=""))
            self._add_event(database, entry)
        return entry

    def update(self, id: int, **fields: object) -> JournalEntry:
        """Change a row of this process; a change of state, words or cancelling is also an event.

        Raises:
            NotOwner: another process follows the restore.
            SessionTaken: another row has the session.
        """
        _check_names(fields)
        with self.writing() as database:
            before = self._own_entry(database, id)
            if fields.get("found_by") and self._is_taken(database, id, fields.get("session_uid")):
                raise SessionTaken(f"Another row has the restore session of row {id}.")
            self._set(database, before, fields)
            entry = self._entry(database, id)
            if (entry.state, entry.words, entry.cancel) != (before.state, before.words, before.cancel):
                self._add_event(database, entry)
        return entry

    def get(self, id: int) -> JournalEntry:
        """Read one row."""
        with self.reading() as database:
            return self._entry(database, id)

    def recent(self, limit: int = 200, server: str = "") -> list[JournalEntry]:
        """Return the newest rows first, of one server or of all."""
        with self.reading() as database:
            rows = database.execute(
                "SELECT * FROM restores WHERE :server = '' OR server = :server ORDER BY id DESC LIMIT :limit",
                {"server": server, "limit": limit},
            )
            return [from_row(row) for row in rows]

    def in_flight(self, server: str) -> list[JournalEntry]:
        """Read the rows of a server that have no end yet, oldest first; `unknown` is no end.

        A row that is unreadable is among them, however old: nobody can tell that it is over.
        """
        oldest = self._clock.now() - FORGOTTEN_AFTER
        with self.reading() as database:
            rows = database.execute(
                "SELECT * FROM restores WHERE (server = ? OR typeof(server) <> 'text') "  # noqa: S608 - no value is in it
                f"AND {_IS_OPEN} ORDER BY id",
                (server,),
            )
            return [entry for entry in map(from_row, rows) if entry.unreadable or entry.updated > oldest]

    def open_rows(self) -> list[JournalEntry]:
        """Read all rows that have no end, of every server and age, oldest first."""
        with self.reading() as database:
            rows = database.execute(f"SELECT * FROM restores WHERE {_IS_OPEN} ORDER BY id")  # noqa: S608 - no value is in it
            return [from_row(row) for row in rows]

    def all_in_flight(self) -> list[JournalEntry]:
        """Read the rows of every VM that are in flight, as `in_flight_of_vm` does for one."""
        return [entry for entry in self.open_rows() if self._may_run(entry)]

    def in_flight_of_vm(self, vm_name: str, backup_server_uid: str) -> list[JournalEntry]:
        """Read the rows of a VM that are in flight, whoever follows them, whatever the server was called.

        A row whose restore was looked for in vain is left out after UNKNOWN_FOR.
        """
        with self.reading() as database:
            return self._of_vm(database, vm_name, backup_server_uid)

    def sessions_taken(self) -> dict[str, int]:
        """Return whose the restore sessions are: UIDs in lower case, each with the number of its row."""
        with self.reading() as database:
            rows = database.execute("SELECT lower(session_uid), id FROM restores WHERE session_uid <> ''")
            return {str(uid): int(number) for uid, number in rows}

    def claim_session(self, id: int, session_uid: str, found_by: str) -> bool:
        """Give a restore session to a row of this process, for ever; False if another row has it.

        Raises:
            NotOwner: another process follows the restore.
        """
        with self.writing() as database:
            self._own_entry(database, id)
            if self._is_taken(database, id, session_uid):
                return False
            values = (session_uid, found_by, id)
            database.execute("UPDATE restores SET session_uid = ?, found_by = ? WHERE id = ?", values)
            return True

    def claim(self, id: int, *, from_elsewhere: bool = False, from_owner: str = "") -> bool:
        """Become the owner of a row that is sound, not over, and that nobody follows any more.

        A row of another host is taken only after a day of silence: nothing can be known about processes
        there.

        Args:
            id: of the row.
            from_elsewhere: the operator says that nobody follows it on the other host.
            from_owner: the process, running or not, that the operator takes it from by name; a row that has
                another owner by now stays with that. One that is being sent stays with its sender, who alone
                hears the reply.

        Returns:
            Whether this process owns the row now.
        """
        with self.writing() as database:
            entry = self._entry(database, id)
            if entry.state.is_over or entry.unreadable:
                return False
            if entry.owner == self._me:
                return True
            is_given = from_elsewhere and owner_state(entry.owner) is OwnerState.ELSEWHERE
            if from_owner:
                is_given = entry.owner == from_owner and entry.state not in BEING_SENT
            if not is_given and not is_free(entry.owner, self._clock.now() - entry.updated):
                return False
            database.execute("UPDATE restores SET owner = ? WHERE id = ?", (self._me, id))
            if is_given:
                said = f"Taken over from {owner_words(entry.owner)}."
                self._add_event(database, replace(entry, updated=self._clock.now(), message=said))
            return True

    def release(self, id: int) -> None:
        """Give up a row of this process, so that the next start may claim it; others are left alone."""
        with self.writing() as database:
            database.execute("UPDATE restores SET owner = '' WHERE id = ? AND owner = ?", (id, self._me))

    def events(self, id: int) -> list[Event]:
        """Return what happened to one restore, oldest first."""
        with self.reading() as database:
            return self._events(database, id)

    def last_event(self) -> int:
        """Return the number of the newest step of any restore, 0 for none: where it grows there is news."""
        with self.reading() as database:
            return int(database.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0])

    def export(self, writer: Writer, server: str = "", *, spell: Spelling = dict) -> int:
        """Write every restore with its events as one JSON line each, oldest first.

        Text is in JSON escapes, so no character of it can act on a terminal; times are ISO 8601 UTC.

        Args:
            writer: where to.
            server: of which server; empty for all.
            spell: puts words for people into a row.

        Returns:
            How many lines were written.

        Raises:
            JournalError: the journal cannot be read, or the writer's file not be written.
        """
        entries = self.recent(limit=-1, server=server)
        for entry in reversed(entries):
            events = [
                {
                    "at": None if event.at == NEVER else to_stamp(event.at),
                    "state": str(event.state),
                    "message": event.message,
                }
                for event in self.events(entry.id)
            ]
            _write_line(writer, {**spell(entry.to_json()), "events": events})
        return len(entries)

    def export_file(self, path: Path, *, spell: Spelling = dict) -> int:
        """Write the export into a new file that only its owner can read; return how many restores.

        Args:
            path: of the file.
            spell: puts words for people into a row.

        Raises:
            JournalError: the file exists, or cannot be written; or the journal cannot be read.
        """
        try:
            with new_private(path) as file:
                return self.export(file, spell=spell)
        except FileExistsError as error:
            raise JournalError(
                f"{path} exists.", hint="Choose another name.", title="Nothing was written"
            ) from error
        except OSError as error:
            words = error.strerror or str(error)
            raise JournalError(
                f"{path}: {words}.", hint="Choose another place.", title="The file cannot be written"
            ) from error

    # -- inside -------------------------------------------------------------------------------

    def _set(self, database: sqlite3.Connection, before: JournalEntry, fields: dict[str, object]) -> None:
        now = self._clock.now()
        state = RestoreState(str(fields.get("state", before.state)))
        values = {**fields, "updated": now}
        if before.started is None and state is not RestoreState.PLANNED:
            values.setdefault("started", now)
        if state.is_over and before.ended is None and values.get("ended") is None:
            values["ended"] = now
        names = ", ".join(f"{name} = ?" for name in values)
        columns = [to_column(name, value) for name, value in values.items()]
        database.execute(f"UPDATE restores SET {names} WHERE id = ?", (*columns, before.id))  # noqa: S608 - no value is in it

    def _entry(self, database: sqlite3.Connection, id: int) -> JournalEntry:
        row = database.execute("SELECT * FROM restores WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise JournalError(f"It has no restore number {id}. ({self.path})")
        return from_row(row)

    def _own_entry(self, database: sqlite3.Connection, id: int) -> JournalEntry:
        entry = self._entry(database, id)
        if entry.owner not in {"", self._me}:
            raise NotOwner(f"The restore of row {id} belongs to {owner_words(entry.owner)}.")
        return entry

    def _is_taken(self, database: sqlite3.Connection, id: int, session_uid: object) -> bool:
        """Return whether a row other than `id` has the session."""
        statement = (
            "SELECT id FROM restores WHERE session_uid <> '' AND lower(session_uid) = lower(?) AND id <> ?"
        )
        return database.execute(statement, (session_uid, id)).fetchone() is not None

    def _of_vm(self, database: sqlite3.Connection, vm_name: object, server_uid: object) -> list[JournalEntry]:
        rows = database.execute(
            f"SELECT * FROM restores WHERE {_IS_OPEN} AND vm_name = ? "  # noqa: S608 - no value is in it
            "AND (? IN ('', backup_server_uid) OR backup_server_uid = '') ORDER BY id",
            (vm_name, server_uid),
        )
        return [entry for entry in map(from_row, rows) if self._may_run(entry)]

    def _may_run(self, entry: JournalEntry) -> bool:
        """Return whether the restore of a row without an end may be running, as far as its age tells."""
        age = self._clock.now() - entry.updated
        if entry.unreadable:
            return age < FORGOTTEN_AFTER or "updated " in entry.unreadable
        if entry.state is RestoreState.UNKNOWN:
            return age < UNKNOWN_FOR
        # While its program runs only the clock can have made it so old.
        return age < FORGOTTEN_AFTER or not is_free(entry.owner, age)

    def _check_others(
        self, database: sqlite3.Connection, columns: dict[str, object], known_rows: Collection[int]
    ) -> None:
        of_vm = self._of_vm(database, columns.get("vm_name", ""), columns.get("backup_server_uid", ""))
        new = next((one for one in of_vm if one.id not in known_rows), None)
        if new is not None:
            whose = "this vbem" if new.owner == self._me else owner_words(new.owner)
            raise VmInFlight(f"Row {new.id} of the journal {new.state.predicate} ({whose}).")

    def _row_of_plan(self, database: sqlite3.Connection, plan_key: object) -> JournalEntry | None:
        if not plan_key:
            return None
        row = database.execute("SELECT * FROM restores WHERE plan_key = ?", (plan_key,)).fetchone()
        return None if row is None else from_row(row)

    def _events(self, database: sqlite3.Connection, id: int) -> list[Event]:
        rows = database.execute("SELECT * FROM events WHERE entry_id = ? ORDER BY id", (id,))
        return [event_from_row(row) for row in rows]

    def _add_event(self, database: sqlite3.Connection, entry: JournalEntry) -> None:
        database.execute(
            "INSERT INTO events (entry_id, at, state, message, owner) VALUES (?, ?, ?, ?, ?)",
            (entry.id, to_stamp(entry.updated), str(entry.state), entry.words, self._me),
        )

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the open database to one thread at a time; what goes wrong inside is a JournalError."""
        with self._lock, in_words(self.path):
            try:
                self._check_open()
                yield self._database
            except ValueError as error:
                raise JournalError(f"A row cannot be read: {error}. ({self.path})") from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the database in a transaction: all that is written inside is on disk afterwards, or none."""
        with self.reading() as database, transaction(database):
            # Writing to a file that was moved or deleted meanwhile would be writing to nowhere.
            if self.path.stat().st_ino != self._inode:
                raise JournalError(
                    f"The file was replaced meanwhile. ({self.path})", hint="Start vbem again."
                )
            yield database

    def _check_open(self) -> None:
        if self._closed:
            raise JournalError(f"It is closed already. ({self.path})")


def _write_line(writer: Writer, row: dict[str, object]) -> None:
    try:
        writer.write(json.dumps(row) + "\n")
    except OSError as error:
        raise JournalError(
            f"{error.strerror or error}.",
            title="The export cannot be written",
            hint="Choose another file or folder.",
        ) from error


def _check_names(fields: dict[str, object]) -> None:
    wrong = set(fields) - (set(COLUMNS) - GIVEN_BY_JOURNAL)
    if wrong:
        raise TypeError(f"the journal has no field {', '.join(sorted(wrong))}")
