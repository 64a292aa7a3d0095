"""A restore and its row in the journal: nothing of a restore that a later run needs is lost between them."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from tests.unit.restores.fakes import FakeClock, at, session
from tests.unit.restores.world import SERVER, World
from tui.restore_states import CancelState, RestoreState
from tui.restores.journal_mapping import (
    Requester,
    journal_fields,
    new_restore,
    operator_name,
    row_of,
    take_up,
)
from tui.store.journal import Journal
from tui.store.journal_entry import COLUMNS, GIVEN_BY_JOURNAL

WHO = Requester(server=SERVER, em_user=r"LAB\op", operator="op@jump", logon_session_id="session-1")
OF_ONE_RUN = {
    "key", "note", "error", "offer_again", "task_gone", "not_found_polls", "session",
    "no_result_since", "missed_since", "missed_polls", "is_missing", "search_since", "search_heard",
    "is_search_silent",
    "could_be", "last_seen", "last_heard", "problem", "cancel_at", "cancel_repeated", "cancel_settled",
    "unjournalled",
    "ended",
}  # fmt: skip
"""What a later run finds out for itself, or has no use for: only a row without an end is taken up."""


def test_a_row_gives_the_restore_back(world: World, tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "journal.sqlite3", clock=FakeClock())
    plan = world.plan()
    restore = new_restore(plan, "INC-7", [session(1), session(2)], at(0).wall)
    entry = journal.plan(**row_of(WHO, restore, plan))
    later = replace(
        restore,
        entry_id=entry.id,
        state=RestoreState.RESTORING,
        message="Restoring.",
        task_id="task-1",
        task_href="/api/tasks/task-1",
        task_session="session-1",
        session_uid=session(3).uid,
        progress=40,
        cancel=CancelState.GOES_ON,
        cancel_words="It goes on.",
        cancel_asked=at(5).wall,
        cancel_by="op@jump",
        cancel_answered=at(6).wall,
    )
    found = take_up(journal.update(entry.id, **journal_fields(later)))
    journal.close()
    assert (found.sent_by, later.sent_by) == (WHO.operator, ""), "of another run it is said who sent it"
    for field in fields(later):
        if field.name not in OF_ONE_RUN | {"sent_by"}:
            assert getattr(found, field.name) == getattr(later, field.name), field.name


def test_every_column_is_written_by_one_side_or_the_other(world: World) -> None:
    plan = world.plan()
    restore = new_restore(plan, "", [], at(0).wall)
    written = {*row_of(WHO, restore, plan), *journal_fields(restore)}
    assert written == set(COLUMNS) - GIVEN_BY_JOURNAL


def test_an_operator_without_a_name_is_still_told_by_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("uid 4711")

    monkeypatch.setattr("getpass.getuser", nameless)
    monkeypatch.setattr("platform.node", lambda: "jump1")
    assert operator_name() == "unknown@jump1"
