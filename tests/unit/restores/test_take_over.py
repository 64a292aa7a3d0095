"""Two programs on one journal: a row is taken from a living one by name, and that one lets it go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.restores.fakes import FakeClock, FakeManager, finished, session, stopped, task
from tests.unit.restores.points import point
from tests.unit.restores.test_unfollowed import EM
from tui.api.models import SessionResult
from tui.restore_states import CancelState, RestoreState
from tui.restores.forms.form import form_for
from tui.restores.restore import Restore
from tui.restores.service import RestoreService
from tui.restores.unfollowed import Unfollowed
from tui.store.journal import Journal
from tui.store.process_lock import this_process

ME = this_process()
HOST, BOOT, PID, START = ME.split("|")
FIRST = f"{HOST}|{BOOT}|1|1"
"""Stands for another process on this host."""


class Program:
    """One vbem: a process of its own on the shared journal, with its own logon session or a shared one."""

    def __init__(self, path: Path, who: str, manager: FakeManager, patch: pytest.MonkeyPatch) -> None:
        self.who, self._patch = who, patch
        with patch.context() as of_who:
            of_who.setattr("tui.store.journal.this_process", lambda: who)
            of_who.setattr("tui.restores.service.this_process", lambda: who)
            self.journal = Journal.open(path, clock=FakeClock())
            self.clock = FakeClock()
            self.manager = manager
            self.restores = RestoreService(
                manager, self.journal, server=EM, clock=self.clock, operator=f"{who[-1]}@jump"
            )

    async def look(self) -> tuple[Unfollowed, ...]:
        """What the watcher does every 5 seconds."""
        with self._patch.context() as of_who:
            of_who.setattr("tui.store.process_lock.this_process", lambda: self.who)
            of_who.setattr("tui.store.process_lock.start_of", lambda _pid: "1")
            await self.restores.reattach()
        return self.restores.unfollowed

    async def take(self, one: Unfollowed, *, is_named: bool) -> Restore | Unfollowed:
        with self._patch.context() as of_who:
            of_who.setattr("tui.store.process_lock.this_process", lambda: self.who)
            of_who.setattr("tui.store.process_lock.start_of", lambda _pid: "1")
            return await self.restores.take_over(one, is_named=is_named)

    async def send(self) -> Restore:
        return await self.restores.submit(self.restores.prepare(form_for(point(), point().platform), {}))

    @property
    def writes(self) -> int:
        return len(self.journal.events(1))


class Two:
    """Two programs; the second one looks at what the first has sent."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.manager = FakeManager()
        path = folder / "journal.sqlite3"
        self.first = Program(path, FIRST, self.manager, patch)
        self.second = Program(path, f"{HOST}|{BOOT}|2|1", self.manager, patch)


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    both = Two(tmp_path, monkeypatch)
    yield both
    both.first.journal.close()
    both.second.journal.close()


async def test_a_row_of_a_living_vbem_is_taken_by_name_and_that_one_lets_it_go(two: Two) -> None:
    await two.first.send()
    (one,) = await two.second.look()
    assert one.why.startswith("It is watched by another vbem (process 1 on ")
    assert (one.may_be_taken, one.is_watched) == (False, True)
    refused = await two.second.take(one, is_named=False)
    assert isinstance(refused, Unfollowed), "not without its name"
    assert two.first.journal.get(1).owner == FIRST
    taken = await two.second.take(one, is_named=True)
    assert isinstance(taken, Restore)
    assert taken.state is RestoreState.LAUNCHING, "both share the logon session of its task"
    assert two.second.journal.get(1).owner == two.second.who
    assert any("Taken over from process 1 on" in event.message for event in two.second.journal.events(1))

    two.manager.task_list, two.manager.session_list = [finished()], [session(progress=40)]
    await two.first.restores.monitor.tick()
    assert two.first.journal.get(1).state is RestoreState.LAUNCHING, "the journal takes nothing from it"
    assert two.first.restores.journal_problem == ""
    (lost,) = await two.first.look()
    assert not two.first.restores.all
    assert lost.why.startswith("It is watched by another vbem (process 2 on ")

    two.manager.session_list = [stopped(SessionResult.SUCCESS)]
    await two.second.restores.monitor.tick()
    await two.second.restores.monitor.tick()
    events = two.second.writes
    await two.first.restores.monitor.tick()
    await two.first.restores.close()
    assert two.first.writes == events, "the first writes nothing more"
    assert two.first.journal.get(1).state is RestoreState.SUCCEEDED
    assert len(two.manager.posts) == 1


async def test_what_was_taken_is_let_go_at_the_next_look_though_nothing_was_written(two: Two) -> None:
    await two.first.send()
    (one,) = await two.second.look()
    await two.second.take(one, is_named=True)
    await two.first.look()
    assert not two.first.restores.all
    assert len(two.first.restores.unfollowed) == 1
    back = await two.first.take(two.first.restores.unfollowed[0], is_named=True)
    assert isinstance(back, Restore), "and may be taken back"
    await two.second.look()
    assert not two.second.restores.all
    assert [one.entry_id for one in two.first.restores.all] == [1]


async def test_what_the_other_has_ended_meanwhile_is_let_go_too(two: Two) -> None:
    await two.first.send()
    (one,) = await two.second.look()
    await two.second.take(one, is_named=True)
    two.manager.task_list, two.manager.session_list = [finished()], [stopped(SessionResult.SUCCESS)]
    for _ in range(3):
        await two.second.restores.monitor.tick()
    assert two.second.journal.get(1).state is RestoreState.SUCCEEDED
    await two.first.restores.monitor.tick()
    left: tuple[Unfollowed, ...] = await two.first.look()
    assert (left, two.first.restores.all) == ((), ())


async def test_a_cancel_of_what_was_taken_meanwhile_is_not_sent(two: Two) -> None:
    sent = await two.first.send()
    two.manager.task_list = [task()]
    (one,) = await two.second.look()
    taken = await two.second.take(one, is_named=True)
    assert isinstance(taken, Restore)
    after = await two.first.restores.cancel(sent)
    assert (after.cancel, two.manager.deletes) == (CancelState.NOT_SENT, [])
    assert "another vbem has taken this restore over" in after.cancel_words
    await two.second.restores.cancel(taken)
    assert len(two.manager.deletes) == 1, "the logon session is shared, so its task can be reached"


async def test_a_row_that_is_being_sent_stays_with_its_sender(two: Two) -> None:
    await two.first.send()
    two.first.journal.update(1, state=RestoreState.SENT)
    (one,) = await two.second.look()
    refused = await two.second.take(one, is_named=True)
    assert isinstance(refused, Unfollowed)
    assert refused.why.startswith("It is being sent just now")
    assert two.first.journal.get(1).owner == FIRST


async def test_it_is_taken_from_the_one_that_was_named_and_from_no_other(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two.first.send()
    monkeypatch.setattr("tui.store.process_lock.start_of", lambda _pid: "1")
    assert not two.second.journal.claim(1, from_owner=f"{HOST}|{BOOT}|3|1")
    assert two.second.journal.get(1).owner == FIRST


async def test_who_can_cancel_and_where_is_said(two: Two) -> None:
    await two.first.send()
    (one,) = await two.second.look()
    (shared,) = one.cancel_words(one.entry.logon_session_id)
    assert "take it over, then cancel its launch" in shared
    words = " ".join(one.cancel_words("another session"))
    assert "1@jump (process 1 on" in words
    assert "the backup console on " in words
    assert one.is_named_by(" APP07 ")
    assert one.is_named_by("1")
    assert not one.is_named_by("")
    assert not one.is_named_by("app0")
