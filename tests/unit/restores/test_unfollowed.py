"""Rows that this run does not follow are named with the reason, and may be taken over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.restores.fakes import FakeClock, FakeManager, session, stopped
from tests.unit.restores.points import SERVER, point
from tui.api.models import SessionResult
from tui.restore_states import RestoreState
from tui.restores.restore import Restore
from tui.restores.service import RestoreService
from tui.restores.unfollowed import Unfollowed
from tui.store.journal import Journal
from tui.store.process_lock import this_process

EM = "em.lab.example:9398"
ALIVE = this_process()
DEAD = ALIVE.rpartition("|")[0] + "|0"
ELSEWHERE = "jump9|boot|4711|12"


class Lab:
    """A real journal, a server in memory."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.path = folder / "journal.sqlite3"
        self.journal = Journal.open(self.path, clock=self.clock)
        self.manager = FakeManager()
        self.restores = RestoreService(self.manager, self.journal, server=EM, clock=self.clock)

    def row(
        self, *, server: str = EM, owner: str = DEAD, age: timedelta = timedelta(0), **fields: object
    ) -> int:
        values = {
            "vm_name": "app07",
            "platform": "VMware",
            "kind": "VmRestorePoint",
            "backup_server_uid": SERVER,
        }
        values |= {"state": RestoreState.RESTORING, "point_uid": point().uid, "session_uid": session(1).uid}
        self.clock.seconds = -age.total_seconds()
        entry = self.journal.plan(server=server, **(values | {"found_by": "task"} | fields))  # type: ignore[arg-type]
        self.clock.seconds = 0
        self.own(entry.id, owner)
        return entry.id

    def own(self, number: int, owner: str) -> None:
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("UPDATE restores SET owner = ? WHERE id = ?", (owner, number))


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    one = Lab(tmp_path)
    yield one
    one.journal.close()


CASES = [
    ({"server": "em-old:9398"}, f"It was sent to em-old:9398, and vbem is logged on to {EM}.", True),
    (
        {"owner": ELSEWHERE},
        "It belongs to process 4711 on jump9; whether that still runs cannot be known",
        True,
    ),
    ({"age": timedelta(days=31)}, "It was last written at 2026-10-23", True),
    ({"age": timedelta(days=3650)}, "It was last written at 2016-11-25", True),
    ({"platform": "Nutanix AHV"}, "Its row cannot be read by this version of vbem", False),
    ({"cancel": "a word of a later version"}, "Its row cannot be read by this version of vbem", False),
]


@pytest.mark.parametrize(("row", "why", "may_be_taken"), CASES)
async def test_what_is_not_followed_is_named_with_the_reason_and_offered(
    lab: Lab, row: dict[str, object], why: str, may_be_taken: bool
) -> None:
    number = lab.row(**row)  # type: ignore[arg-type]
    other = lab.row(session_uid=session(2).uid)
    (followed,) = await lab.restores.reattach()
    assert followed.entry_id == other, "it hides no other"
    (one,) = lab.restores.unfollowed
    assert (one.entry.id, one.may_be_taken, one.why.startswith(why)) == (number, may_be_taken, True), one.why
    lab.manager.session_list = [stopped(SessionResult.SUCCESS, 1), session(2)]
    taken = await lab.restores.take_over(one)
    await lab.restores.monitor.tick()
    if may_be_taken:
        assert isinstance(taken, Restore)
        assert lab.restores.unfollowed == ()
        assert lab.journal.get(number).state is RestoreState.SUCCEEDED
    else:
        assert isinstance(taken, Unfollowed)
        assert lab.journal.get(number).state is RestoreState.RESTORING


async def test_a_row_whose_vbem_ends_is_taken_over_without_a_restart(lab: Lab) -> None:
    number = lab.row(owner=ELSEWHERE)
    assert await lab.restores.reattach() == ()
    told: list[int] = []
    lab.restores.on_change(lambda _restores: told.append(len(lab.restores.unfollowed)))
    lab.own(number, DEAD)
    (found,) = await lab.restores.reattach()
    assert (found.entry_id, lab.restores.unfollowed) == (number, ())
    assert told[-1] == 0, "the screens hear of it"


async def test_a_restore_that_another_vbem_watches_is_named_and_left_to_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.row(owner=ALIVE)
    monkeypatch.setattr("tui.store.process_lock.this_process", lambda: "another|process|1|1")
    assert await lab.restores.reattach() == ()
    (one,) = lab.restores.unfollowed
    assert (one.why.startswith("It is watched by another vbem (process "), one.may_be_taken) == (True, False)
    assert await lab.restores.take_over(one) == one
    lab.own(one.entry.id, DEAD)
    taken = await lab.restores.take_over(one)
    assert isinstance(taken, Restore), "it is tried at once, whatever the last look at the journal said"
    assert lab.restores.unfollowed == ()


async def test_a_row_that_has_ended_since_is_not_taken_over_and_says_so(lab: Lab) -> None:
    number = lab.row(server="em-old:9398")
    await lab.restores.reattach()
    (one,) = lab.restores.unfollowed
    lab.own(number, ALIVE)
    lab.journal.update(number, state=RestoreState.SUCCEEDED)
    found = await lab.restores.take_over(one)
    assert isinstance(found, Unfollowed)
    assert found.why == "It succeeded: History shows it."
    assert lab.restores.unfollowed == ()
