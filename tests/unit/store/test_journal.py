from __future__ import annotations

import io
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.clock import NOON, ManualClock
from tests.unit.store.rows import SERVER, opened, plan, sql
from tui.restore_states import RestoreState
from tui.store import process_lock
from tui.store.errors import JournalError
from tui.store.journal import Journal
from tui.store.journal_db import SCHEMA_VERSION

# -- what a row keeps ---------------------------------------------------------------------------


def test_a_plan_is_on_disk_when_it_returns(journal: Journal, path: Path) -> None:
    entry = plan(
        journal,
        em_user=r"LAB\op",
        point_created=NOON,
        overwrites=True,
        request_body="<RestoreSpec/>",
        sessions_before=("urn:1", "urn:2"),
        reason="INC-1",
    )
    assert entry.state is RestoreState.PLANNED
    assert (entry.created, entry.updated, entry.started) == (NOON, NOON, None)
    assert (entry.overwrites, entry.sessions_before, entry.point_created) == (True, ("urn:1", "urn:2"), NOON)
    assert sql(path, "SELECT vm_name, state, reason FROM restores") == [("app07", "planned", "INC-1")]
    with opened(path) as other:
        assert other.get(entry.id) == entry


def test_every_commit_is_synced_before_it_is_reported(journal: Journal) -> None:
    pragmas = {
        name: journal._database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("synchronous", "journal_mode", "user_version", "foreign_keys")
    }
    assert pragmas == {
        "synchronous": 2,
        "journal_mode": "truncate",
        "user_version": SCHEMA_VERSION,
        "foreign_keys": 1,
    }


async def test_an_update_changes_only_what_it_names(journal: Journal, clock: ManualClock) -> None:
    entry = plan(journal, reason="INC-1")
    await clock.advance(5)
    sent = journal.update(entry.id, state=RestoreState.SENT, message="About to be sent.")
    assert (sent.state, sent.message, sent.reason) == (RestoreState.SENT, "About to be sent.", "INC-1")
    assert sent.started == sent.updated == NOON + timedelta(seconds=5)
    await clock.advance(5)
    progress = journal.update(entry.id, progress=40)
    assert (progress.progress, progress.state, progress.started) == (40, RestoreState.SENT, sent.started)
    done = journal.update(entry.id, state=RestoreState.SUCCEEDED, ended=None)
    assert done.ended == NOON + timedelta(seconds=10)


def test_an_end_that_is_given_is_kept(journal: Journal) -> None:
    entry = plan(journal)
    ended = datetime(2026, 1, 2, tzinfo=UTC)
    assert journal.update(entry.id, state="failed", ended=ended).ended == ended
    assert journal.update(entry.id, message="more").ended == ended


def test_events_are_added_and_nothing_else(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    journal.update(entry.id, state=RestoreState.SENT)
    journal.update(entry.id, progress=10)
    journal.update(entry.id, state=RestoreState.FAILED, message="no")
    events = journal.events(entry.id)
    assert [(event.state, event.message) for event in events] == [
        (RestoreState.PLANNED, ""), (RestoreState.SENT, ""), (RestoreState.FAILED, "no"),
    ]  # fmt: skip
    assert {event.owner for event in events} == {process_lock.this_process()}
    for statement in ("UPDATE events SET message = 'x'", "DELETE FROM events", "DELETE FROM restores"):
        with pytest.raises(sqlite3.IntegrityError):
            sql(path, statement)


def test_names_come_back_as_they_were_sent(journal: Journal) -> None:
    name = "[red]x\x1b[31m\u202e\x00\n漢字"
    assert plan(journal, vm_name=name).vm_name == name


def test_half_a_surrogate_pair_does_not_stop_a_restore(journal: Journal) -> None:
    assert plan(journal, vm_name="a\ud800b").vm_name == "a\\ud800b"


def test_a_flood_of_text_is_cut(journal: Journal) -> None:
    entry = plan(journal)
    assert len(journal.update(entry.id, message="x" * 3_000_000).message) == 1_000_000


@pytest.mark.parametrize("field", ["token", "owner", "id", "created", "vm_name = 'x' --"])
def test_fields_that_are_not_the_callers_are_refused(journal: Journal, field: str) -> None:
    with pytest.raises(TypeError, match="no field"):
        plan(journal, **{field: "x"})
    entry = plan(journal)
    with pytest.raises(TypeError, match=r"no field|multiple values"):
        journal.update(entry.id, **{field: "x"})


def test_a_row_that_is_not_there_is_said_so(journal: Journal) -> None:
    for call in (journal.get, journal.claim, lambda number: journal.update(number, message="x")):
        with pytest.raises(JournalError, match="no restore number 7"):
            call(7)


# -- finding rows -------------------------------------------------------------------------------


def test_recent_rows_come_newest_first(journal: Journal) -> None:
    ids = [plan(journal).id for _ in range(3)]
    other = plan(journal, server="other:9398").id
    assert [entry.id for entry in journal.recent()] == [other, *reversed(ids)]
    assert [entry.id for entry in journal.recent(limit=2, server=SERVER)] == [ids[2], ids[1]]


async def test_in_flight_is_what_has_no_end(journal: Journal, clock: ManualClock) -> None:
    forgotten = plan(journal)
    await clock.advance(31 * 86400)
    rows = {state: plan(journal).id for state in RestoreState}
    for state, number in rows.items():
        journal.update(number, state=state)
    plan(journal, server="other:9398")
    found = {entry.state for entry in journal.in_flight(SERVER)}
    assert found == {state for state in RestoreState if not state.is_over}
    assert RestoreState.UNKNOWN in found
    assert forgotten.id not in {entry.id for entry in journal.in_flight(SERVER)}


def test_an_export_is_one_json_line_a_restore(journal: Journal) -> None:
    first = plan(journal, vm_name="\x1b[31m漢\u202e", sessions_before=("u1",), point_created=NOON)
    journal.update(first.id, state=RestoreState.SENT)
    plan(journal, server="other:9398")
    out = io.StringIO()
    assert journal.export(out) == 2
    lines = out.getvalue().splitlines()
    assert out.getvalue().isascii()
    assert "\x1b" not in lines[0]
    row = json.loads(lines[0])
    assert row["vm_name"] == "\x1b[31m漢\u202e"
    assert row["created"] == "2026-11-23T03:04:05Z"
    assert row["point_created"] == "2026-11-23T03:04:05Z"
    assert row["sessions_before"] == ["u1"]
    assert [event["state"] for event in row["events"]] == ["planned", "sent"]
    assert journal.export(io.StringIO(), server="other:9398") == 1


class FullDisk:
    def write(self, text: str) -> None:
        raise OSError(28, "No space left on device")


def test_an_export_that_cannot_be_written_is_not_blamed_on_the_journal(journal: Journal, path: Path) -> None:
    plan(journal)
    with pytest.raises(JournalError, match="The export cannot be written: No space left") as caught:
        journal.export(FullDisk())
    assert str(path) not in str(caught.value)
