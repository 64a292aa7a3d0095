from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.clock import ManualClock
from tests.unit.store.rows import opened, plan, sql
from tui.restore_states import RestoreState
from tui.store import journal_db, process_lock
from tui.store.errors import JournalError, NotOwner
from tui.store.journal import FOREIGN_AFTER, Journal

ELSEWHERE = "other-host|boot|4711|99"


def test_a_new_row_is_ours(journal: Journal) -> None:
    entry = plan(journal)
    assert entry.life is process_lock.OwnerState.OURS
    assert entry.owned_by_live_process
    assert journal.claim(entry.id)


def set_owner(path: Path, owner: str) -> None:
    sql(path, "UPDATE restores SET owner = ?", owner)


def dead_owner() -> str:
    host, boot, _, start = process_lock.this_process().split("|")
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    return f"{host}|{boot}|{child.pid}|{start}"


def owner_of(pid: int) -> str:
    host, boot, _, _ = process_lock.this_process().split("|")
    return f"{host}|{boot}|{pid}|{process_lock._start_of(pid)}"


def test_a_row_of_a_dead_process_can_be_claimed(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    set_owner(path, dead_owner())
    assert not journal.get(entry.id).owned_by_live_process
    assert journal.claim(entry.id)
    assert journal.get(entry.id).owner == process_lock.this_process()


def test_a_reused_process_id_is_not_taken_for_the_owner(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    host, boot, pid, start = process_lock.this_process().split("|")
    set_owner(path, f"{host}|{boot}|{pid}|{int(start) + 1}")
    assert not journal.get(entry.id).owned_by_live_process
    assert journal.claim(entry.id)


def test_after_a_reboot_nobody_owns_anything(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    host, _, pid, start = process_lock.this_process().split("|")
    set_owner(path, f"{host}|another-boot|{pid}|{start}")
    assert journal.claim(entry.id)


def test_a_row_of_a_living_process_is_left_alone(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    set_owner(path, owner_of(os.getppid()))
    assert journal.get(entry.id).life is process_lock.OwnerState.ALIVE
    assert not journal.claim(entry.id)
    with pytest.raises(NotOwner, match=f"process {os.getppid()} on"):
        journal.update(entry.id, message="mine?")
    journal.release(entry.id)
    assert journal.get(entry.id).owner == owner_of(os.getppid())
    assert journal.claim(entry.id, force=True)


async def test_a_row_of_another_host_is_taken_only_after_a_day(
    journal: Journal, path: Path, clock: ManualClock
) -> None:
    entry = plan(journal)
    set_owner(path, ELSEWHERE)
    assert journal.get(entry.id).life is process_lock.OwnerState.ELSEWHERE
    await clock.advance(FOREIGN_AFTER.total_seconds())
    assert not journal.claim(entry.id)
    await clock.advance(1)
    assert journal.claim(entry.id)


def test_a_row_of_another_host_can_be_forced(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    set_owner(path, ELSEWHERE)
    assert journal.claim(entry.id, force=True)


def test_a_released_row_is_free(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    journal.release(entry.id)
    assert journal.get(entry.id).life is process_lock.OwnerState.NOBODY
    journal.update(entry.id, message="still written while nobody claims it")
    assert journal.claim(entry.id)


def test_what_is_over_is_not_claimed(journal: Journal) -> None:
    entry = plan(journal)
    journal.update(entry.id, state=RestoreState.CANCELLED)
    journal.release(entry.id)
    assert not journal.claim(entry.id)


@pytest.mark.parametrize("owner", ["garbage", "a|b|c|d", "|||"])
def test_an_owner_that_makes_no_sense_is_dead(owner: str) -> None:
    assert process_lock.owner_state(owner) is not process_lock.OwnerState.ALIVE
    assert process_lock.owner_words(owner)


# -- two at once --------------------------------------------------------------------------------

_WORK = """
import sys
from pathlib import Path
from tui.store.journal import Journal
journal = Journal.open(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    entry = journal.plan(server="em:1", vm_name=f"vm{number}")
    journal.update(entry.id, state=RestoreState.SENT, message=str(number))
won = [entry.id for entry in journal.in_flight("race:1") if journal.claim(entry.id)]
print(*won)
sys.stdin.read()
"""


def test_several_programs_at_once_lose_nothing_and_share_no_row(path: Path) -> None:
    with opened(path) as journal:
        contested = [plan(journal, server="race:1").id for _ in range(20)]
        for number in contested:
            journal.release(number)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORK, str(path), "15"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(3)
    ]
    won: list[list[int]] = []
    for worker in workers:
        assert worker.stdout is not None
        # Read before any of them ends: while all live, a row has one owner.
        won.append([int(word) for word in worker.stdout.readline().split()])
    for worker in workers:
        worker.communicate(b"")
        assert worker.returncode == 0
    assert sorted(number for numbers in won for number in numbers) == contested
    assert sql(path, "PRAGMA integrity_check") == [("ok",)]
    assert sql(path, "SELECT count(*) FROM restores WHERE server = 'em:1'") == [(45,)]
    assert sql(path, "SELECT count(*) FROM events") == [(110,)]


def test_threads_may_share_one_journal(journal: Journal) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for number in range(10):
                journal.update(plan(journal).id, progress=number)
        except JournalError as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(journal.recent()) == 40


def test_who_decides_about_a_row_decides_alone(journal: Journal, path: Path) -> None:
    plan(journal)
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    with closing(other), journal._writing(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")


def test_a_journal_that_another_keeps_locked_is_said_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_db, "BUSY_S", 0.05)
    with opened(path) as journal:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalError, match="Another vbem is writing") as caught:
            plan(journal)
        other.close()
        assert "end the other" in caught.value.hint
        assert plan(journal).id == 1
