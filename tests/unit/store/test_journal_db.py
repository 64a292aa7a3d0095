from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.store.rows import opened, plan, sql
from tui.store import journal_db
from tui.store.errors import JournalError
from tui.store.journal import Journal
from tui.store.journal_db import SCHEMA_VERSION


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_may_read_the_journal(path: Path) -> None:
    before = os.umask(0)
    try:
        with opened(path) as journal:
            plan(journal)
            files = sorted(path.parent.iterdir())
            assert {one.name: mode(one) for one in files} == {one.name: 0o600 for one in files}
            assert mode(path.parent) == 0o700
            assert len(files) >= 2
    finally:
        os.umask(before)


def test_an_open_file_is_made_private(path: Path) -> None:
    Journal.open(path).close()
    path.chmod(0o644)
    with opened(path):
        assert mode(path) == 0o600


def test_every_commit_is_synced_before_it_is_reported(path: Path) -> None:
    database, note = journal_db.connect(path)
    with closing(database):
        pragmas = {
            name: database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("synchronous", "journal_mode", "user_version", "foreign_keys")
        }
    assert note == ""
    assert pragmas == {
        "synchronous": 2,
        "journal_mode": "truncate",
        "user_version": SCHEMA_VERSION,
        "foreign_keys": 1,
    }


@pytest.mark.parametrize("version", [1, SCHEMA_VERSION + 1])
def test_a_journal_of_another_version_is_left_alone(path: Path, version: int) -> None:
    Journal.open(path).close()
    sql(path, f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(JournalError, match="another version of vbem") as caught:
        Journal.open(path)
    assert path.read_bytes() == before
    assert "--state-dir" in caught.value.hint
    assert f"format {version}" in caught.value.detail


def test_a_journal_of_an_earlier_version_gets_the_new_columns_and_keeps_its_rows(path: Path) -> None:
    with closing(Journal.open(path)) as journal:
        rows = [journal.plan(server="em:9398", session_uid="urn:one") for _ in range(2)]
    for statement in (
        "DROP INDEX one_session_one_row",
        *(f"ALTER TABLE restores DROP COLUMN {name}" for name in journal_db.SINCE_3),
        "PRAGMA user_version = 2",
    ):
        sql(path, statement)
    with closing(Journal.open(path)) as journal:
        assert journal.get(rows[0].id) == rows[0]
        third = journal.plan(server="em:9398")
        assert not journal.claim_session(third.id, "URN:ONE", "task")
        assert journal.claim_session(third.id, "urn:two", "task")
    assert sql(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]


def test_a_schema_that_fails_half_way_leaves_no_table(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_db, "SCHEMA", journal_db.SCHEMA + "CREATE INDEX x ON nowhere (x);\n")
    with pytest.raises(JournalError, match="no such table"):
        Journal.open(path)
    assert sql(path, "SELECT name FROM sqlite_master") == []
    assert sql(path, "PRAGMA user_version") == [(0,)]


def test_a_database_of_somebody_else_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    sql(path, "CREATE TABLE things (x)")
    with pytest.raises(JournalError, match="not a journal of vbem"):
        Journal.open(path)
    assert sql(path, "SELECT name FROM sqlite_master") == [("things",)]


def garbage(content: bytes) -> bytes:
    return b"this is no database at all " * 100


def holed(content: bytes) -> bytes:
    return content[:4096] + b"\xff" * 8192 + content[12288:]


@pytest.mark.parametrize("damage", [garbage, holed])
def test_a_damaged_journal_is_kept_aside_and_said_so(path: Path, damage: Callable[[bytes], bytes]) -> None:
    with opened(path) as journal:
        plan(journal)
        assert journal.note == ""
    broken = damage(path.read_bytes())
    path.write_bytes(broken)
    with opened(path) as journal:
        kept = [one for one in path.parent.iterdir() if ".damaged-" in one.name and one.stat().st_size]
        assert [one.read_bytes() for one in kept] == [broken]
        assert kept[0].name in journal.note
        assert journal.recent() == []
        assert plan(journal).id == 1


@pytest.fixture
def databases(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """The connections that journals open from here on."""
    made: list[sqlite3.Connection] = []

    def connect(path: Path) -> tuple[sqlite3.Connection, str]:
        database, note = journal_db.connect(path)
        made.append(database)
        return database, note

    monkeypatch.setattr("tui.store.journal.connect", connect)
    return made


def test_damage_found_later_is_a_journal_error(path: Path, databases: list[sqlite3.Connection]) -> None:
    with opened(path) as journal:
        for _ in range(50):
            plan(journal, plan="x" * 2000)
        path.write_bytes(holed(path.read_bytes()))
        databases[0].execute("PRAGMA shrink_memory")
        with pytest.raises(JournalError, match="damaged"):
            journal.recent()


def test_a_row_that_makes_no_sense_is_a_journal_error(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    sql(path, "UPDATE restores SET state = 'flying'")
    with pytest.raises(JournalError, match="cannot be read"):
        journal.get(entry.id)
    sql(path, "UPDATE restores SET state = 'sent'")
    sql(path, "INSERT INTO events (entry_id, at, state, message, owner) VALUES (1, '', 'sent', '', '')")
    with pytest.raises(JournalError, match="without a time"):
        journal.events(entry.id)


def test_a_file_moved_away_meanwhile_is_not_written_to(journal: Journal, path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    with pytest.raises(JournalError, match="No such file"):
        plan(journal)
    path.write_bytes(b"")
    with pytest.raises(JournalError, match="replaced meanwhile"):
        plan(journal)


def test_a_closed_journal_says_so(journal: Journal) -> None:
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.recent()


def test_a_folder_that_cannot_be_made_is_a_journal_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalError) as caught:
        Journal.open(tmp_path / "file" / "journal.sqlite3")
    assert caught.value.title == "The journal cannot be written"
    assert "--state-dir" in caught.value.hint
    assert "/file" in caught.value.detail


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("SQLITE_FULL", "The disk is full."),
        ("SQLITE_READONLY_DIRECTORY", "may not be written"),
        ("SQLITE_IOERR_FSYNC", "disk reported an error"),
        ("SQLITE_SOMETHING", "sqlite says: why"),
    ],
)
def test_every_refusal_of_the_database_is_in_words(path: Path, code: str, words: str) -> None:
    error = sqlite3.OperationalError("why")
    error.sqlite_errorname = code
    with pytest.raises(JournalError, match=words) as caught, journal_db.in_words(path):
        raise error
    assert caught.value.hint
    assert str(path) in caught.value.detail


def test_a_disk_that_fills_up_leaves_the_journal_whole(
    path: Path, databases: list[sqlite3.Connection]
) -> None:
    with opened(path) as journal:
        (database,) = databases
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(JournalError, match="disk is full"):
            plan(journal, plan="x" * 100_000)
        database.execute("PRAGMA max_page_count=100000")
        assert journal.recent() == []
        assert plan(journal).id == 1
    assert sql(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_kill_in_the_middle_of_a_write_is_rolled_back(path: Path) -> None:
    with opened(path) as journal:
        plan(journal)
    code = (
        "import sys, os, signal, sqlite3; db = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "db.execute('PRAGMA cache_size=1'); db.execute('BEGIN IMMEDIATE');"
        "[db.execute(\"UPDATE restores SET plan = ?\", ('x' * 100000 * n,)) for n in (1, 2, 3)];"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -9
    with opened(path) as journal:
        assert journal.note == ""
        assert [entry.plan for entry in journal.recent()] == [""]
