"""A disk that fails at any write of a restore's life: one POST, true words, a row that becomes true."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support.waiting import wait_for
from tests.unit.restores.fakes import FakeClock, FakeJournal, finished, restore, session, stopped, task
from tests.unit.restores.points import point
from tests.unit.restores.world import SERVER, World
from tui.api.errors import TimedOut
from tui.api.models import SessionResult
from tui.restore_states import CancelState, FoundBy, RestoreState
from tui.restores.registry import RestoreRegistry
from tui.restores.restore import Restore
from tui.store.errors import JournalError
from tui.store.journal import Journal
from tui.store.journal_entry import JournalEntry

POINT = point().uid
T = TypeVar("T")
WAYS = ("once", "for good", "done all the same")


class BadDisk:
    """The real journal on a disk that fails at one of its writes; `mended` ends that."""

    def __init__(self, path: Path, world: World) -> None:
        self.journal = Journal.open(path, clock=world.clock)
        self.writes = 0
        self.fails_at = 0
        self.way = ""
        self.in_flight_of_vm = self.journal.in_flight_of_vm
        self.open_rows = self.journal.open_rows
        self.sessions_taken = self.journal.sessions_taken

    def mended(self) -> None:
        self.fails_at = 0

    def _write(self, write: Callable[[], T]) -> T:
        self.writes += 1
        late = self.way == "for good" and self.writes > self.fails_at
        if self.fails_at and (self.writes == self.fails_at or late):
            if self.way == "done all the same":
                write()
            raise JournalError("The disk is full.")
        return write()

    def plan(self, *, known_rows: Collection[int] | None = None, **fields: object) -> JournalEntry:
        return self._write(lambda: self.journal.plan(known_rows=known_rows, **fields))

    def claim_session(self, id: int, session_uid: str, found_by: str) -> bool:
        return self._write(lambda: self.journal.claim_session(id, session_uid, found_by))

    def update(self, id: int, **fields: object) -> JournalEntry:
        return self._write(lambda: self.journal.update(id, **fields))

    def claim(self, id: int, *, from_elsewhere: bool = False) -> bool:
        return self.journal.claim(id, from_elsewhere=from_elsewhere)

    def release(self, id: int) -> None:
        self._write(lambda: self.journal.release(id))


class Trouble:
    """One restore over a bad disk, step by step."""

    def __init__(self, path: Path) -> None:
        self.world = World()
        self.disk = BadDisk(path, self.world)
        self.world.journal = self.disk  # type: ignore[assignment]
        self.world.restores = self.world.start()

    async def send(self) -> None:
        """Confirmed; told that the journal cannot be written, the operator sends it all the same."""
        plan = self.world.plan()
        try:
            await self.world.restores.submit(plan)
        except JournalError:
            assert self.world.manager.posts == []
            await self.world.restores.submit(plan, override_journal=True)

    async def launch(self) -> None:
        self.world.manager.task_list = [task()]
        await self.world.tick()

    async def cancel(self) -> None:
        self.world.manager.delete = TimedOut("read")
        await self.world.restores.cancel(self.restore)

    async def start(self) -> None:
        self.world.manager.task_list = [finished()]
        self.world.manager.session_list = [session(progress=10, point_uid=POINT)]
        await self.world.tick()

    async def go_on(self) -> None:
        self.world.manager.session_list = [session(progress=60, point_uid=POINT)]
        await self.world.tick()

    async def end(self) -> None:
        self.world.manager.task_list = []
        self.world.manager.session_list = [stopped(SessionResult.SUCCESS, point_uid=POINT)]
        await self.world.restores.monitor.tick()

    @property
    def way(self) -> list[tuple[Callable[[], Awaitable[None]], set[RestoreState]]]:
        """Each step, and what may truly be said after it."""
        return [
            (self.send, {RestoreState.LAUNCHING}),
            (self.launch, {RestoreState.LAUNCHING}),
            (self.cancel, {RestoreState.LAUNCHING}),
            (self.start, {RestoreState.RESTORING}),
            (self.go_on, {RestoreState.RESTORING}),
            (self.end, {RestoreState.SUCCEEDED}),
        ]

    @property
    def restore(self) -> Restore:
        (restore,) = self.world.restores.all
        return restore

    def rows(self) -> list[JournalEntry]:
        return self.disk.journal.recent()


@pytest.fixture
def trouble(tmp_path: Path) -> Iterator[Trouble]:
    one = Trouble(tmp_path / "state" / "journal.sqlite3")
    yield one
    one.disk.journal.close()


STEPS = 6
WRITES = 10
"""How many writes the undisturbed life takes; a row that is over is not given up by another one."""


async def test_the_writes_are_counted(trouble: Trouble) -> None:
    assert len(trouble.way) == STEPS
    for step, _ in trouble.way:
        await step()
    await trouble.world.restores.close()
    assert trouble.disk.writes == WRITES
    assert [entry.state for entry in trouble.rows()] == [RestoreState.SUCCEEDED]


def is_told(trouble: Trouble) -> bool:
    """Whether the screen says so wherever the row lags behind what is known."""
    restore = trouble.restore
    rows = trouble.rows()
    is_true = len(rows) == 1 and restore.entry_id is not None and rows[0].state is restore.state
    return is_true or "The disk is full." in restore.unjournalled


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("write", range(1, WRITES + 1))
async def test_a_write_that_fails(trouble: Trouble, write: int, way: str) -> None:
    trouble.disk.fails_at, trouble.disk.way = write, way
    for step, truth in trouble.way:
        await step()
        assert trouble.restore.state in truth
        assert is_told(trouble)
    trouble.disk.mended()
    watching = asyncio.create_task(trouble.world.restores.run())
    await wait_for(lambda: not trouble.restore.unjournalled, "not trouble.restore.unjournalled")
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    (row,) = trouble.rows()
    assert (row.state, row.session_uid, row.ended is None) == (RestoreState.SUCCEEDED, session().uid, False)
    assert (row.cancel, row.cancel_by) == (CancelState.GOES_ON, "op@jump")
    assert len(trouble.world.manager.posts) == 1
    assert len(trouble.world.manager.deletes) == 1
    assert trouble.world.restores.journal_problem == ""


def crashes() -> list[Any]:
    """Each write, step and way; in the gate each write and step in one way, in turn."""
    every = itertools.product(range(1, WRITES + 1), range(1, STEPS), range(len(WAYS)))
    return [
        pytest.param(write, steps, WAYS[way], marks=[pytest.mark.soak] * ((write + steps + way) % 3 != 0))
        for write, steps, way in every
    ]


@pytest.mark.parametrize(("write", "steps", "way"), crashes())
async def test_a_crash_while_the_disk_fails(trouble: Trouble, write: int, steps: int, way: str) -> None:
    """The next start never says that it did not start, and finds out what became of it."""
    trouble.disk.fails_at, trouble.disk.way = write, way
    for step, _ in trouble.way[:steps]:
        await step()
    has_row = bool(trouble.rows())
    assert has_row or "NOT in the journal" in trouble.restore.unjournalled
    trouble.disk.mended()
    trouble.world.restores = trouble.world.start()
    taken = await trouble.world.restores.reattach()
    assert len(taken) == has_row
    for one in taken:
        assert not one.is_over
        assert "did not start" not in one.message
    await trouble.end()
    await trouble.end()
    for one in trouble.world.restores.all:
        assert one.state is RestoreState.SUCCEEDED
    assert len(trouble.world.manager.posts) == 1
    assert [row.state for row in trouble.rows()] == [RestoreState.SUCCEEDED] * has_row


@pytest.mark.parametrize("way", WAYS)
async def test_declined_without_a_journal_nothing_is_ever_said_to_have_been_sent(
    trouble: Trouble, way: str
) -> None:
    trouble.disk.fails_at, trouble.disk.way = 1, way
    with pytest.raises(JournalError):
        await trouble.world.restores.submit(trouble.world.plan())
    assert trouble.world.manager.posts == []
    assert trouble.world.restores.all == ()
    trouble.disk.mended()
    await trouble.send()
    assert len(trouble.world.manager.posts) == 1


async def test_a_row_written_late_tells_when_it_was_sent(trouble: Trouble) -> None:
    trouble.disk.fails_at, trouble.disk.way = 1, "for good"
    await trouble.send()
    sent = trouble.restore.submitted
    assert trouble.rows() == []
    assert trouble.restore.unjournalled.startswith("NOT in the journal: ")
    trouble.disk.mended()
    trouble.world.clock.seconds += 600
    await trouble.launch()
    (row,) = trouble.rows()
    assert (row.started, row.server, row.task_id) == (sent, SERVER, "task-1")
    assert trouble.restore.entry_id == row.id
    assert trouble.restore.unjournalled == ""


async def test_leaving_with_a_dead_disk_is_no_defect(trouble: Trouble) -> None:
    await trouble.send()
    trouble.disk.fails_at, trouble.disk.way = 1, "for good"
    await trouble.world.restores.close()


async def test_a_restore_that_is_over_is_written_when_the_disk_works_again(trouble: Trouble) -> None:
    """Nothing is watched any more, and nobody presses a key."""
    trouble.disk.fails_at, trouble.disk.way = 1, "for good"
    for step, _ in trouble.way:
        await step()
    watching = asyncio.create_task(trouble.world.restores.run())
    tried = trouble.disk.writes
    await wait_for(lambda: trouble.disk.writes > tried, "trouble.disk.writes > tried")
    trouble.disk.mended()
    await wait_for(lambda: not trouble.restore.unjournalled, "not trouble.restore.unjournalled")
    assert [row.state for row in trouble.rows()] == [RestoreState.SUCCEEDED]
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching


async def test_what_happens_while_a_late_row_is_written_is_written_after_it() -> None:
    journal, late = FakeJournal(), restore()
    registry = RestoreRegistry(journal, FakeClock())
    registry.add(late, {"server": SERVER, "state": late.state})
    write = journal.plan

    def plan(**fields: Any) -> JournalEntry:  # noqa: ANN401 - the journal's fields by name
        registry.change(late.key, lambda now: replace(now, progress=50))
        return write(**fields)

    journal.plan = plan  # type: ignore[method-assign]
    await registry.flush()
    assert [row["progress"] for row in journal.rows.values()] == [50]
    assert not registry.is_behind


@pytest.mark.parametrize("fails", ["update", "plan"])
async def test_a_row_that_cannot_be_written_holds_up_no_other(
    fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = FakeJournal()
    registry = RestoreRegistry(journal, FakeClock())
    for key in ("bad.", "good."):
        row = {"server": SERVER, "state": RestoreState.SENT, "vm_name": key}
        registry.add(restore(key=key), row)
    write = getattr(journal, fails)

    def refuse(*args: Any, **fields: Any) -> JournalEntry:  # noqa: ANN401 - the journal's fields by name
        if fields["message"] == "bad.":
            raise JournalError("This row is damaged.")
        entry: JournalEntry = write(*args, **fields)
        return entry

    if fails == "update":
        await registry.flush()
    monkeypatch.setattr(journal, fails, refuse)
    for key in ("bad.", "good."):
        registry.change(key, lambda now: replace(now, message=f"{now.key}"))
    await registry.flush()
    assert "good." in [row["message"] for row in journal.rows.values()]
    assert [bool(registry.get(key).unjournalled) for key in ("bad.", "good.")] == [True, False]
    assert "This row is damaged." in registry.journal_problem
    monkeypatch.undo()
    await registry.flush()
    assert sorted(row["message"] for row in journal.rows.values()) == ["bad.", "good."]
    assert (registry.journal_problem, registry.is_behind) == ("", False)


async def test_a_session_of_another_row_is_let_go_when_the_journal_can_say_so(tmp_path: Path) -> None:
    """The journal could not be asked when the task named it."""
    journal = Journal.open(tmp_path / "journal.sqlite3", clock=FakeClock())
    rows = [journal.plan(server=SERVER, plan_key=key) for key in ("theirs", "mine", "later")]
    journal.claim_session(rows[0].id, session().uid, FoundBy.TASK)
    registry = RestoreRegistry(journal, FakeClock())
    for row in rows[1:]:
        registry.add(restore(key=row.plan_key, entry_id=row.id))
    registry.change(
        "mine",
        lambda now: replace(
            now, state=RestoreState.RESTORING, session_uid=session().uid, found_by=FoundBy.TASK
        ),
    )
    registry.change("later", lambda now: replace(now, message="Later."))
    await registry.flush()
    assert (registry.get("mine").state, registry.get("mine").session_uid) == (RestoreState.UNKNOWN, "")
    assert "belongs to another restore in the journal" in journal.get(rows[1].id).message
    assert journal.get(rows[2].id).message == "Later."
    assert (registry.journal_problem, registry.is_behind) == ("", False)
    journal.close()
