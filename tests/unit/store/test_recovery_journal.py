"""Incidents and queues on disk."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.clock import NOON, ManualClock
from tests.unit.store.rows import SERVER, opened, plan, sql
from tui.store.errors import JournalError, NotOwner
from tui.store.journal import Journal
from tui.store.recovery_journal import WAITING, RecoveryJournal

LINES = ('{"vm": "dc01"}', '{"vm": "sql01"}')


@pytest.fixture
def rows(journal: Journal, clock: ManualClock) -> RecoveryJournal:
    return RecoveryJournal(journal, server=SERVER, operator="op@jump", clock=clock)


def of_another_process(path: Path) -> None:
    sql(path, "UPDATE queues SET owner = 'jump9|1|1|1'")


def test_the_incident_in_force_is_the_last_one_set_and_outlives_the_run(
    rows: RecoveryJournal, journal: Journal, path: Path, clock: ManualClock
) -> None:
    assert rows.incident() is None
    rows.set_incident(NOON - timedelta(hours=3), typed="3h ago", ticket="INC-1", lost_at_most_s=14_400)
    rows.set_incident(NOON, typed="now", ticket="INC-2")
    with opened(path) as other:
        again = RecoveryJournal(other, server=SERVER, operator="", clock=clock).incident()
        elsewhere = RecoveryJournal(other, server="other:9398", operator="", clock=clock).incident()
    assert again is not None
    assert (again.moment, again.ticket, again.typed, again.operator) == (NOON, "INC-2", "now", "op@jump")
    assert elsewhere is None


def test_only_clearing_ends_an_incident_and_all_of_them_stay_on_record(rows: RecoveryJournal) -> None:
    rows.set_incident(NOON, ticket="INC-1", lost_at_most_s=60)
    rows.set_incident(None)
    assert rows.incident() is None
    assert [(one.ticket, one.lost_at_most_s) for one in rows.incidents()] == [("", None), ("INC-1", 60)]


def test_a_queue_is_on_disk_before_anything_of_it_is_sent(rows: RecoveryJournal, path: Path) -> None:
    queue = rows.plan_queue(LINES, name="Shop", ticket="INC-1", incident=NOON)
    assert [(row.line, row.state, row.restore_id) for row in queue.rows] == [
        (line, WAITING, None) for line in LINES
    ]
    assert sql(path, "SELECT name, ticket, state FROM queues") == [("Shop", "INC-1", "open")]
    assert rows.open_queues() == [queue]


def test_a_line_is_sent_where_a_restore_names_it_and_no_second_one_can(
    rows: RecoveryJournal, journal: Journal
) -> None:
    queue = rows.plan_queue(LINES)
    entry = plan(journal, queue_row=queue.rows[1].id)
    assert [row.restore_id for row in rows.queue(queue.id).rows] == [None, entry.id]
    with pytest.raises(JournalError):
        plan(journal, queue_row=queue.rows[1].id)


def test_a_queue_of_a_process_that_has_ended_is_offered_and_one_of_a_living_one_is_not(
    rows: RecoveryJournal, path: Path
) -> None:
    queue = rows.plan_queue(LINES)
    assert not rows.is_offered(queue)
    of_another_process(path)
    assert not rows.is_offered(rows.queue(queue.id))  # on another host: nobody knows
    assert not rows.claim_queue(queue.id)
    with pytest.raises(NotOwner):
        rows.decide(queue.id, "{}")
    with pytest.raises(NotOwner):
        rows.update_row(queue.id, queue.rows[0].id, state="left out", place=0)
    sql(path, "UPDATE queues SET owner = ''")
    assert rows.is_offered(rows.queue(queue.id))
    assert rows.claim_queue(queue.id)
    rows.close_queue(queue.id)
    assert rows.open_queues() == []


def test_a_queue_whose_process_has_ended_can_be_closed(
    rows: RecoveryJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = rows.plan_queue(LINES)
    of_another_process(path)
    with pytest.raises(NotOwner):
        rows.close_queue(queue.id)
    monkeypatch.setattr("tui.store.recovery_journal.is_free", lambda *_: True)
    rows.close_queue(queue.id)
    assert rows.open_queues() == []


def test_what_became_of_a_line_is_kept(rows: RecoveryJournal) -> None:
    queue = rows.plan_queue(LINES)
    rows.update_row(queue.id, queue.rows[0].id, state="left out", why="Taken out.", place=5)
    assert [(row.place, row.state, row.why) for row in rows.queue(queue.id).rows] == [
        (1, WAITING, ""),
        (5, "left out", "Taken out."),
    ]
