"""The journal's sqlite file: made private before anything is in it, durable, never taken for another.

The rollback journal is truncated, not deleted: with `synchronous=FULL` sqlite then syncs the
truncation, so that a commit that was reported cannot be rolled back by a power loss. Write-ahead
logging is not used because a home folder may be on NFS, where it does not work.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from tui.files import locked, open_private, private_file, read_private, sync_folder, write_private
from tui.store.errors import JournalError
from tui.store.journal_entry import COLUMNS

BUSY_S = 5.0
"""How long to wait for another process that is writing."""

_NOT_OURS = "The file is not a journal of vbem; it was left unchanged."
_WORDS = {
    "SQLITE_FULL": ("The disk is full.", "Free some space, or choose another folder with --state-dir."),
    "SQLITE_READONLY": ("The file or its folder may not be written.", ""),
    "SQLITE_BUSY": (
        "Another vbem is writing to it and did not finish in time.",
        "Try again; if it persists, end the other vbem.",
    ),
    "SQLITE_CANTOPEN": ("The file cannot be opened or created.", ""),
    "SQLITE_PERM": ("The file may not be used.", ""),
    "SQLITE_IOERR": ("The disk reported an error.", "Check the disk, or choose another --state-dir."),
    "SQLITE_CORRUPT": (
        "The file is damaged.",
        "Start vbem again: it sets the file aside and starts a new one.",
    ),
    "SQLITE_NOTADB": ("The file is not a database.", "Start vbem again: it sets the file aside."),
}
_BROKEN = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


def _code(error: sqlite3.Error) -> str:
    name = str(getattr(error, "sqlite_errorname", "") or "")
    return "_".join(name.split("_")[:2])


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turn everything sqlite and the system raise into a JournalError."""
    try:
        yield
    except sqlite3.Error as error:
        words, hint = _WORDS.get(_code(error), (f"sqlite says: {error}.", ""))
        raise JournalError(f"{words} ({path})", hint=hint) from error
    except OSError as error:
        raise JournalError(f"{error.strerror or error}. ({path})") from error


def connect(path: Path) -> tuple[sqlite3.Connection, str]:
    """Open the journal's file, making it if there is none.

    Returns:
        The connection, and what to say where an earlier journal is damaged or gone: at every opening, until
        `forget_note`.

    Raises:
        JournalError: it cannot be used.
    """
    is_new = not was_used(path)
    with in_words(path), locked(path):
        _check_files(path)
        why = _lost(path, is_new=is_new)
        database = None
        if not why:
            try:
                database = _open(path)
            except sqlite3.DatabaseError as error:
                if _code(error) not in _BROKEN:
                    raise
                why = "is damaged"
        if why:
            _keep_note(path, why)
        return database or _open(path), _read_note(path)


def was_used(path: Path) -> bool:
    """Return whether there is, or was, a journal here."""
    return path.exists() or path.with_name(path.name + ".lock").exists()


def _check_files(path: Path) -> None:
    """Refuse what sqlite would follow or wait for: links, pipes, and what others may write."""
    for suffix in _SUFFIXES:
        one = path.with_name(path.name + suffix)
        if os.path.lexists(one):
            os.close(open_private(one))


def _note_of(path: Path) -> Path:
    return path.with_name(path.name + ".note")


def _lost(path: Path, *, is_new: bool) -> str:
    """Return what became of a journal that was here before; empty while it has content, or is a new one."""
    try:
        return "" if path.stat().st_size >= _HEADER_BYTES else "is empty"
    except FileNotFoundError:
        return "" if is_new else "is gone"


def _keep_note(path: Path, why: str) -> None:
    """Put what is left of a journal aside, and on disk what to say of it, until somebody has read it."""
    aside = _put_aside(path) if path.exists() else None
    kept = f"What is left of it is kept as {aside.name}. " if aside else ""
    note = (
        f"The journal of earlier runs {why}; a new one was started. {kept}Restores that were in flight are "
        f"neither shown nor watched: look for them among the server's restore sessions. ({path.parent})"
    )
    write_private(_note_of(path), note.encode("utf-8", "backslashreplace"))


def _read_note(path: Path) -> str:
    try:
        return read_private(_note_of(path), _MAX_NOTE_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def forget_note(path: Path) -> None:
    """Say no more of an earlier journal: somebody has read it.

    Raises:
        JournalError: that cannot be written.
    """
    with in_words(path):
        _note_of(path).unlink(missing_ok=True)


_SUFFIXES = ("-journal", "-wal", "-shm", "")
"""The file and its companions, the file itself last."""
_MAX_NOTE_BYTES = 10_000
_HEADER_BYTES = 100
"""A file with less is no database; sqlite would take one of 0 or 1 bytes for a new one."""


def _open(path: Path) -> sqlite3.Connection:
    private_file(path)
    database = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        database.row_factory = sqlite3.Row
        # One damaged byte in a text must not hide all rows: it is shown as its escape.
        database.text_factory = lambda text: text.decode("utf-8", "backslashreplace")
        for pragma in ("journal_mode=TRUNCATE", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
            database.execute(f"PRAGMA {pragma}").close()
        _check_schema(database, path)
    except BaseException:
        database.close()
        raise
    # sqlite gives the companion files it makes the same mode as the database itself.
    return database


def _check_schema(database: sqlite3.Connection, path: Path) -> None:
    with transaction(database):
        version = database.execute("PRAGMA user_version").fetchone()[0]
        tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version in {SCHEMA_VERSION, *ADDED}:
            problem = database.execute("PRAGMA quick_check(1)").fetchone()[0]
            if problem != "ok":
                raise _damaged(str(problem))
            _check_tables(database, version)
            if version != SCHEMA_VERSION:
                _upgrade(database, version)
            return
        if version:
            raise JournalError(
                f"The journal was written by another version of vbem (format {version}, this one writes "
                f"{SCHEMA_VERSION}). It was left unchanged. ({path})",
                hint="Use that version, or choose another state folder with --state-dir.",
            )
        if tables:
            raise JournalError(f"{_NOT_OURS} ({path})", hint="Choose another state folder with --state-dir.")
        for statement in _statements():
            database.execute(statement)
        database.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    sync_folder(path.parent)


def _check_tables(database: sqlite3.Connection, version: int) -> None:
    """Raise for a file that says it is ours but lacks what ours has."""
    needed = {"restores": {"id", *COLUMNS}, "events": {"id", "entry_id", "at", "state", "message", "owner"}}
    if version < 4:
        needed["restores"] -= {*SINCE_4, *(SINCE_3 if version == 2 else ())}
    else:
        queues = {"id", "state", *(SINCE_5 if version == SCHEMA_VERSION else ())}
        needed |= {"incidents": {"id", "moment"}, "queues": queues, "queue_rows": {"id", "line"}}
    for table, columns in needed.items():
        there = {row["name"] for row in database.execute(f"PRAGMA table_info({table})")}
        if columns - there:
            raise _damaged(f"table {table} lacks {', '.join(sorted(columns - there))}")


def _upgrade(database: sqlite3.Connection, version: int) -> None:
    """Add what this version keeps to a file of an earlier one; its rows stay as they are."""
    for statement in ADDED[version]:
        database.execute(statement)
    database.execute(f"PRAGMA user_version={SCHEMA_VERSION}")


def _damaged(problem: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(problem)
    error.sqlite_errorname = "SQLITE_CORRUPT"
    return error


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Write everything or nothing, and let nobody else write meanwhile."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        # After some errors (disk full) sqlite has rolled back by itself.
        with suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise


def _put_aside(path: Path) -> Path:
    """Rename a damaged file and its rollback journal; nothing is ever deleted."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.damaged-{stamp}-{os.getpid()}")
    for suffix in _SUFFIXES:
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.rename(aside.with_name(aside.name + suffix))
    sync_folder(path.parent)
    return aside


SCHEMA_VERSION = 5
"""Written into the file; a file of a later version is left alone."""
_ONE_SESSION_ONE_ROW = (
    "CREATE UNIQUE INDEX one_session_one_row ON restores (lower(session_uid)) "
    "WHERE session_uid <> '' AND found_by <> ''"
)
SINCE_3 = {
    "newest_before": "TEXT",
    "found_by": "TEXT NOT NULL DEFAULT ''",
    "session_started": "TEXT",
    "session_ended": "TEXT",
    "session_result": "TEXT NOT NULL DEFAULT ''",
    "why_unknown": "TEXT NOT NULL DEFAULT ''",
}
SINCE_4 = {
    "original": "TEXT NOT NULL DEFAULT ''",
    "new_name": "TEXT NOT NULL DEFAULT ''",
    "incident": "TEXT",
    "is_after_incident": "INTEGER NOT NULL DEFAULT 0",
    "queue_row": "INTEGER",
    "restored_ref": "TEXT NOT NULL DEFAULT ''",
    "restored_name": "TEXT NOT NULL DEFAULT ''",
}
SINCE_5 = {"decided": "TEXT NOT NULL DEFAULT ''"}
"""Of queues; what else is kept since a version is of restores."""
_RECOVERY = (
    """CREATE TABLE incidents (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, server TEXT NOT NULL,
  operator TEXT NOT NULL DEFAULT '', moment TEXT, typed TEXT NOT NULL DEFAULT '',
  ticket TEXT NOT NULL DEFAULT '', lost_at_most_s INTEGER
) STRICT""",
    f"""CREATE TABLE queues (
  id INTEGER PRIMARY KEY AUTOINCREMENT, created TEXT NOT NULL, server TEXT NOT NULL,
  operator TEXT NOT NULL DEFAULT '', name TEXT NOT NULL DEFAULT '', ticket TEXT NOT NULL DEFAULT '',
  incident TEXT, state TEXT NOT NULL, owner TEXT NOT NULL DEFAULT '',
  {", ".join(map(" ".join, SINCE_5.items()))}
) STRICT""",
    """CREATE TABLE queue_rows (
  id INTEGER PRIMARY KEY AUTOINCREMENT, queue INTEGER NOT NULL REFERENCES queues (id),
  place INTEGER NOT NULL, line TEXT NOT NULL, state TEXT NOT NULL, why TEXT NOT NULL DEFAULT ''
) STRICT""",
    "CREATE INDEX queue_rows_by_queue ON queue_rows (queue, place)",
    "CREATE UNIQUE INDEX one_restore_one_queue_row ON restores (queue_row) WHERE queue_row IS NOT NULL",
)
"""Incidents are only ever added: the newest of a server counts, and one without a moment clears it. A line
of a queue is sent where a restore names it, so that one write puts both on disk."""


_RECOVERY_SCHEMA = ";\n".join(_RECOVERY)


def _columns(added: dict[str, str], table: str = "restores") -> tuple[str, ...]:
    return tuple(f"ALTER TABLE {table} ADD COLUMN {name} {kind}" for name, kind in added.items())


_OF_3 = (*_columns(SINCE_4), *_RECOVERY)
ADDED = {
    2: (*_columns(SINCE_3), _ONE_SESSION_ONE_ROW, *_OF_3),
    3: _OF_3,
    4: _columns(SINCE_5, "queues"),
}
"""What a file of an earlier version lacks. Rows of version 2 may share sessions: they have no `found_by`."""
SCHEMA = f"""
CREATE TABLE restores (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  created TEXT NOT NULL, updated TEXT NOT NULL,
  server TEXT NOT NULL, em_user TEXT NOT NULL DEFAULT '', operator TEXT NOT NULL DEFAULT '',
  logon_session_id TEXT NOT NULL DEFAULT '', point_uid TEXT NOT NULL DEFAULT '', point_created TEXT,
  kind TEXT NOT NULL DEFAULT '', platform TEXT NOT NULL DEFAULT '', vm_name TEXT NOT NULL DEFAULT '',
  backup_server_uid TEXT NOT NULL DEFAULT '', backup_server_name TEXT NOT NULL DEFAULT '',
  overwrites INTEGER NOT NULL DEFAULT 0, plan TEXT NOT NULL DEFAULT '', plan_key TEXT NOT NULL DEFAULT '',
  request_format TEXT NOT NULL DEFAULT '', request_body TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '', sessions_before TEXT NOT NULL DEFAULT '[]',
  state TEXT NOT NULL, task_id TEXT NOT NULL DEFAULT '', task_href TEXT NOT NULL DEFAULT '',
  session_uid TEXT NOT NULL DEFAULT '', progress INTEGER, message TEXT NOT NULL DEFAULT '',
  cancel TEXT NOT NULL DEFAULT '', cancel_asked TEXT, cancel_by TEXT NOT NULL DEFAULT '',
  cancel_answered TEXT, cancel_words TEXT NOT NULL DEFAULT '',
  started TEXT, ended TEXT, owner TEXT NOT NULL DEFAULT '',
  newest_before TEXT, found_by TEXT NOT NULL DEFAULT '', session_started TEXT, session_ended TEXT,
  session_result TEXT NOT NULL DEFAULT '', why_unknown TEXT NOT NULL DEFAULT '',
  {", ".join(map(" ".join, SINCE_4.items()))}
) STRICT;
CREATE INDEX restores_by_server ON restores (server, state);
{_ONE_SESSION_ONE_ROW};
{_RECOVERY_SCHEMA};
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  entry_id INTEGER NOT NULL REFERENCES restores (id),
  at TEXT NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL, owner TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_entry ON events (entry_id);
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
  BEGIN SELECT RAISE(ABORT, 'events are only ever added'); END;
CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events
  BEGIN SELECT RAISE(ABORT, 'events are only ever added'); END;
CREATE TRIGGER restores_are_not_removed BEFORE DELETE ON restores
  BEGIN SELECT RAISE(ABORT, 'restores are never removed'); END;
"""


def _statements() -> Iterator[str]:
    """Split the schema into statements: sqlite's own `executescript` would end our transaction."""
    pending = ""
    for line in SCHEMA.splitlines():
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
