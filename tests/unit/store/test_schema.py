"""A journal of an earlier version opens, keeps its rows, and ends up like a new one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.store.rows import SERVER, opened, plan, sql
from tui.restore_states import RestoreState
from tui.store import journal_db
from tui.store.errors import JournalError
from tui.store.journal import Journal

VERSION_1 = Path(__file__).with_name("version1.sql").read_text(encoding="utf-8")
ROW = """
INSERT INTO restores (created, updated, server, vm_name, state, message, sessions_before, task_id)
VALUES ('2026-11-23T03:04:05Z', '2026-11-23T03:05:05Z', ?, ?, 'launching', 'Launching.', '["u1"]', 'task-1')
"""


def old_journal(path: Path, names: tuple[str, ...] = ("app07", "db01")) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database:
        database.executescript(VERSION_1)
        for number, name in enumerate(names, 1):
            database.execute(ROW, (SERVER, name))
            event = "INSERT INTO events (entry_id, at, state, message, owner) VALUES (?, ?, ?, ?, ?)"
            database.execute(event, (number, "2026-11-23T03:04:05Z", "planned", "", ""))
        database.commit()


def columns(path: Path) -> set[tuple[object, ...]]:
    found = sql(path, "SELECT name, type, \"notnull\", dflt_value FROM pragma_table_info('restores')")
    return set(found)


def test_a_journal_of_version_1_keeps_its_rows(path: Path) -> None:
    old_journal(path)
    with opened(path) as journal:
        assert journal.note == ""
        second, first = journal.recent()
        assert (first.vm_name, second.vm_name) == ("app07", "db01")
        assert (first.state, first.task_id, first.sessions_before) == (
            RestoreState.LAUNCHING, "task-1", ("u1",),
        )  # fmt: skip
        assert (first.cancel, first.cancel_asked, first.cancel_words) == ("", None, "")
        assert first.words == "Launching."
        assert [event.state for event in journal.events(1)] == [RestoreState.PLANNED]
        assert journal.claim(1)
        journal.update(1, cancel="asking", cancel_words="Asking.")
        assert journal.get(1).cancel == "asking"
        assert plan(journal).id == 3
    assert sql(path, "PRAGMA user_version") == [(journal_db.SCHEMA_VERSION,)]
    assert sql(path, "PRAGMA integrity_check") == [("ok",)]


def test_an_old_journal_ends_up_like_a_new_one(path: Path, tmp_path: Path) -> None:
    old_journal(path)
    Journal.open(path).close()
    new = tmp_path / "new" / "journal.sqlite3"
    Journal.open(new).close()
    assert columns(path) == columns(new)


def test_a_step_that_fails_leaves_the_old_journal_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old_journal(path)
    broken = (journal_db._STEPS[0], journal_db._STEPS[1] + "ALTER TABLE nowhere ADD COLUMN x;\n")
    monkeypatch.setattr(journal_db, "_STEPS", broken)
    before = columns(path)
    with pytest.raises(JournalError, match="no such table"):
        Journal.open(path)
    assert columns(path) == before
    assert sql(path, "PRAGMA user_version") == [(1,)]
    assert sql(path, "SELECT count(*) FROM restores") == [(2,)]


def test_a_program_of_version_1_goes_on_writing_to_the_file_it_has_open(path: Path) -> None:
    old_journal(path)
    with closing(sqlite3.connect(path)) as old:
        old.execute("SELECT * FROM restores").fetchall()
        with opened(path) as journal:
            old.execute(ROW, (SERVER, "late"))
            old.commit()
            assert journal.recent(1)[0].vm_name == "late"


def test_what_cancelling_did_is_an_event_and_is_exported(journal: Journal) -> None:
    entry = plan(journal)
    journal.update(entry.id, state="launching", message="Launching.")
    journal.update(entry.id, cancel="asking", cancel_words="Asking the server to stop it.")
    journal.update(entry.id, cancel="accepted", cancel_words="The server accepted it.")
    assert [event.message for event in journal.events(entry.id)][-2:] == [
        "Launching. Asking the server to stop it.",
        "Launching. The server accepted it.",
    ]
    assert journal.get(entry.id).to_json()["cancel"] == "accepted"


def test_words_say_nothing_twice(journal: Journal) -> None:
    entry = plan(journal)
    journal.update(entry.id, message="The launch was stopped.", cancel_words="The launch was stopped.")
    assert journal.get(entry.id).words == "The launch was stopped."
