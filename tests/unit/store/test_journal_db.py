from __future__ import annotations

import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.store.rows import opened, plan, poison, sql
from tui.clock import SystemClock
from tui.screens.restore_text import entry_cells, entry_lines
from tui.store import journal_db
from tui.store.errors import JournalError
from tui.store.journal import Journal
from tui.store.journal_db import SCHEMA_VERSION
from tui.store.recovery_journal import RecoveryJournal


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


SINCE = {3: journal_db.SINCE_4, 2: {**journal_db.SINCE_3, **journal_db.SINCE_4}}


def recovery(journal: Journal) -> RecoveryJournal:
    return RecoveryJournal(journal, server="em:9398", operator="", clock=SystemClock())


def test_a_journal_of_version_4_keeps_its_queues_and_nothing_is_decided_for_them(path: Path) -> None:
    with closing(Journal.open(path)) as journal:
        queue = RecoveryJournal(journal, server="em:9398", operator="", clock=SystemClock()).plan_queue(
            ["{}"]
        )
    for name in journal_db.SINCE_5:
        sql(path, f"ALTER TABLE queues DROP COLUMN {name}")
    sql(path, "PRAGMA user_version = 4")
    with closing(Journal.open(path)) as journal:
        assert not journal.note
        rows = recovery(journal)
        assert rows.open_queues() == [queue]
        rows.decide(queue.id, "{}")
        assert rows.queue(queue.id).decided == "{}"
    assert sql(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]


def test_a_journal_without_a_column_of_its_version_is_damaged(path: Path) -> None:
    Journal.open(path).close()
    sql(path, "ALTER TABLE queues DROP COLUMN decided")
    with closing(Journal.open(path)) as journal:
        assert "is damaged" in journal.note


@pytest.mark.parametrize("version", SINCE)
def test_a_journal_of_an_earlier_version_gets_the_new_columns_and_keeps_its_rows(
    path: Path, version: int
) -> None:
    with closing(Journal.open(path)) as journal:
        rows = [journal.plan(server="em:9398", session_uid="urn:one") for _ in range(2)]
    for statement in (
        *(["DROP INDEX one_session_one_row"] if version == 2 else []),
        "DROP INDEX one_restore_one_queue_row",
        *(f"DROP TABLE {name}" for name in ("queue_rows", "queues", "incidents")),
        *(f"ALTER TABLE restores DROP COLUMN {name}" for name in SINCE[version]),
        f"PRAGMA user_version = {version}",
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


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "garbage": garbage,
    "holed": holed,
    "empty": lambda _: b"",
    "one byte": lambda content: content[:1],
    "header": lambda content: content[:100],
    "half a page": lambda content: content[:2000],
    "half": lambda content: content[: len(content) // 8192 * 4096],
    "another table": lambda content: content.replace(b"vm_name TEXT", b"xm_name TEXT"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_journal_is_kept_aside_and_said_until_it_is_read(path: Path, damage: str) -> None:
    with opened(path) as journal:
        plan(journal)
        assert journal.note == ""
    broken = DAMAGES[damage](path.read_bytes())
    path.write_bytes(broken)
    with opened(path) as journal:
        kept = [
            one for one in path.parent.iterdir() if ".damaged-" in one.name and "-journal" not in one.name
        ]
        assert [one.read_bytes() for one in kept] == [broken]
        assert kept[0].name in journal.note
        assert "neither shown nor watched" in journal.note
        assert journal.recent() == []
        assert plan(journal).id == 1
        said = journal.note
    with opened(path) as journal:  # whoever was told first may not have been a person
        assert journal.note == said
        journal.note_read()
        assert journal.note == ""
    with opened(path) as journal:
        assert (journal.note, len(journal.recent())) == ("", 1)


def test_a_journal_that_is_gone_is_said_so(path: Path) -> None:
    with opened(path) as journal:
        plan(journal)
    path.unlink()
    with opened(path) as journal:
        assert "is gone" in journal.note


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


BAD_VALUES = {
    "state": "flying", "kind": None, "cancel": "paused by a later vbem", "sessions_before": "null",
    "created": "", "server": None,
    "updated": "yesterday", "started": "0001-01-01T00:00:00+14:00", "ended": "9999-12-31T23:59:59-12:00",
    "point_created": b"blob", "vm_name": None, "message": b"\xff", "overwrites": None, "owner": b"\x00",
    "progress": -3, "task_id": None,
}  # fmt: skip
READ_ANYWAY = {"overwrites", "progress"}


@pytest.mark.parametrize("column", BAD_VALUES)
def test_an_unreadable_row_is_shown_as_such_and_hides_no_other(path: Path, column: str) -> None:
    with opened(path) as journal:
        numbers = [plan(journal, server="em:1").id for _ in range(3)]
        for number in numbers:
            journal.release(number)
    poison(path, numbers[1], column, BAD_VALUES[column])
    with opened(path) as journal:
        shown = {entry.id: entry for entry in journal.recent()}
        assert list(shown) == numbers[::-1]
        out = io.StringIO()
        assert journal.export(out) == 3
        bad = shown[numbers[1]]
        is_bad = column not in READ_ANYWAY
        assert bool(bad.unreadable) is is_bad
        assert not any(shown[number].unreadable for number in (numbers[0], numbers[2]))
        assert journal.claim(bad.id) is not is_bad
        assert journal.claim(numbers[2])
        if is_bad:
            assert column in bad.unreadable
            assert bad.unreadable in bad.words
            assert bad.unreadable in json.loads(out.getvalue().splitlines()[1])["unreadable"]
            assert "1970-" not in out.getvalue(), "what stands for a time is no time"
            assert not any("1970-" in str(told) for told in (*entry_cells(bad), *entry_lines(bad)))
        assert [entry.id for entry in journal.in_flight("em:1")] == numbers
        if column == "overwrites":
            assert bad.overwrites


def test_a_damaged_byte_in_a_text_hides_no_row(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    sql(path, "UPDATE restores SET message = CAST(x'61ff62' AS TEXT)")
    assert journal.get(entry.id).message == "a\\xffb"


def test_an_unreadable_step_is_shown_as_such(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    for at, state in (("", "sent"), ("2026-11-23T03:04:05Z", "flying")):
        statement = "INSERT INTO events (entry_id, at, state, message, owner) VALUES (1, ?, ?, 'said', '')"
        sql(path, statement, at, state)
    _, no_time, no_state = journal.events(entry.id)
    assert no_time.message == "Not all of this step can be read: at ''. said"
    assert no_state.message == "Not all of this step can be read: state 'flying'. said"


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
    assert caught.value.title == "The journal cannot be used"
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
