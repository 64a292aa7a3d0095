"""Short hands for tests of the journal."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tui.store.journal import Journal, JournalEntry

SERVER = "em.lab.example:9398"


def plan(journal: Journal, **fields: object) -> JournalEntry:
    values: dict[str, Any] = {"server": SERVER, "vm_name": "app07", **fields}
    return journal.plan(**values)


def sql(path: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database, database:
        return database.execute(statement, values).fetchall()


def opened(path: Path) -> closing[Journal]:
    return closing(Journal.open(path))


def poison(path: Path, number: int, column: str, value: object) -> None:
    """Write into a row what a file without checks can hold: one damaged elsewhere, or of a later version."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA writable_schema=ON")
        loose = "UPDATE sqlite_master SET sql = replace(replace(sql, 'STRICT', ''), 'NOT NULL', '')"
        loose += " WHERE type = 'table'"
        database.execute(loose)
        database.execute("PRAGMA writable_schema=RESET")
    sql(path, f"UPDATE restores SET {column} = ? WHERE id = ?", value, number)  # noqa: S608
