from __future__ import annotations

import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.clock import NOON, ManualClock
from tests.unit.store.rows import SERVER, opened, plan, sql
from tui.restore_states import RestoreState
from tui.store import journal_db, process_lock
from tui.store.errors import JournalError, NotOwner, VmInFlight
from tui.store.journal import UNKNOWN_FOR, Journal

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


def test_an_export_goes_into_a_new_file_for_its_owner_alone(journal: Journal, path: Path) -> None:
    plan(journal)
    target = path.parent / "out.jsonl"
    assert journal.export_file(target) == 1
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    written = target.read_bytes()
    with pytest.raises(JournalError, match=r"Nothing was written: .*out\.jsonl exists"):
        journal.export_file(target)
    assert target.read_bytes() == written
    with pytest.raises(JournalError, match=r"The file cannot be written: .*No such file") as caught:
        journal.export_file(path.parent / "gone" / "out.jsonl")
    assert caught.value.hint == "Choose another place."


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


# -- who follows a row ---------------------------------------------------------------------------

ELSEWHERE = "other-host|boot|4711|99"


def test_a_new_row_is_ours(journal: Journal) -> None:
    entry = plan(journal)
    assert process_lock.owner_state(entry.owner) is process_lock.OwnerState.OURS
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
    return f"{host}|{boot}|{pid}|{process_lock.start_of(pid)}"


def test_a_row_of_a_dead_process_can_be_claimed(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    set_owner(path, dead_owner())
    assert process_lock.owner_state(journal.get(entry.id).owner) is process_lock.OwnerState.DEAD
    assert journal.claim(entry.id)
    assert journal.get(entry.id).owner == process_lock.this_process()


def test_a_reused_process_id_is_not_taken_for_the_owner(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    host, boot, pid, start = process_lock.this_process().split("|")
    set_owner(path, f"{host}|{boot}|{pid}|{int(start) + 1}")
    assert process_lock.owner_state(journal.get(entry.id).owner) is process_lock.OwnerState.DEAD
    assert journal.claim(entry.id)


def test_after_a_reboot_nobody_owns_anything(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    host, _, pid, start = process_lock.this_process().split("|")
    set_owner(path, f"{host}|another-boot|{pid}|{start}")
    assert journal.claim(entry.id)


def test_a_row_of_a_living_process_is_left_alone(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    set_owner(path, owner_of(os.getppid()))
    assert process_lock.owner_state(journal.get(entry.id).owner) is process_lock.OwnerState.ALIVE
    assert not journal.claim(entry.id)
    with pytest.raises(NotOwner, match=f"process {os.getppid()} on"):
        journal.update(entry.id, message="mine?")
    journal.release(entry.id)
    assert journal.get(entry.id).owner == owner_of(os.getppid())


async def test_a_row_of_another_host_is_taken_only_after_a_day(
    journal: Journal, path: Path, clock: ManualClock
) -> None:
    entry = plan(journal)
    set_owner(path, ELSEWHERE)
    assert process_lock.owner_state(journal.get(entry.id).owner) is process_lock.OwnerState.ELSEWHERE
    await clock.advance(process_lock.FOREIGN_AFTER.total_seconds())
    assert not journal.claim(entry.id)
    await clock.advance(1)
    assert journal.claim(entry.id)


def test_a_released_row_is_free(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    journal.release(entry.id)
    assert process_lock.owner_state(journal.get(entry.id).owner) is process_lock.OwnerState.NOBODY
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
from tui.restore_states import RestoreState
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


class PryingClock(ManualClock):
    """Tries, whenever it is asked for the time, to write to the same file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.refusals: list[str] = []

    def now(self) -> datetime:
        if self.path.exists():
            other = sqlite3.connect(self.path, timeout=0, isolation_level=None)
            with closing(other):
                try:
                    other.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    self.refusals.append(str(error))
        return super().now()


def test_who_decides_about_a_row_decides_alone(path: Path) -> None:
    clock = PryingClock(path)
    with closing(Journal.open(path, clock=clock)) as journal:
        entry = plan(journal)
        journal.release(entry.id)
        clock.refusals.clear()
        assert journal.claim(entry.id)
    assert clock.refusals == ["database is locked"]


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


# -- one session, one row -----------------------------------------------------------------------


def test_one_session_belongs_to_one_row_whatever_its_server_was_called(journal: Journal) -> None:
    first, second = plan(journal), plan(journal, server="other:9398", plan_key="2")
    assert journal.claim_session(first.id, "urn:S", "task")
    journal.update(first.id, state=RestoreState.SUCCEEDED)
    assert not journal.claim_session(second.id, "URN:s", "task")
    assert journal.sessions_taken() == {"urn:s": first.id}
    with pytest.raises(JournalError):
        journal.update(second.id, session_uid="urn:S", found_by="task")
    assert journal.claim_session(first.id, "urn:S", "task"), "its own again"


def test_a_row_in_flight_that_nobody_was_told_of_stops_the_next_one(journal: Journal) -> None:
    first = plan(journal, state=RestoreState.LAUNCHING)
    with pytest.raises(VmInFlight, match=f"Row {first.id} of the journal is launching"):
        plan(journal, known_rows=(), plan_key="2")
    assert [row.id for row in journal.in_flight_of_vm("app07", "")] == [first.id]
    assert plan(journal, known_rows=(first.id,), plan_key="2").id != first.id
    assert plan(journal, known_rows=(), vm_name="db01", plan_key="3")


async def test_a_restore_that_is_unknown_for_long_stops_no_other(
    journal: Journal, clock: ManualClock
) -> None:
    plan(journal, state=RestoreState.UNKNOWN)
    assert journal.in_flight_of_vm("app07", "")
    await clock.advance(UNKNOWN_FOR.total_seconds())
    assert not journal.in_flight_of_vm("app07", "")
    assert len(journal.open_rows()) == 1


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ("updated = '2020-01-01T00:00:00Z'", True),  # its program runs: the clock was set
        ("updated = '2020-01-01T00:00:00Z', owner = ''", False),
        ("updated = '2049-01-01T00:00:00Z', owner = ''", True),
        ("updated = 'yesterday', owner = ''", True),  # nobody can tell that it is over
        ("updated = '2020-01-01T00:00:00Z', owner = '', cancel = 'of a later version'", False),
    ],
)
def test_a_row_that_may_be_running_is_told_whatever_the_clock_was(
    journal: Journal, path: Path, changes: str, is_told: bool
) -> None:
    entry = plan(journal, state=RestoreState.LAUNCHING)
    sql(path, f"UPDATE restores SET {changes}")  # noqa: S608
    assert [row.id for row in journal.in_flight_of_vm("app07", "")] == [entry.id] * is_told


def test_the_operator_may_give_a_row_of_another_host(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    sql(path, "UPDATE restores SET owner = 'elsewhere|b|1|2'")
    assert not journal.claim(entry.id)
    assert journal.claim(entry.id, from_elsewhere=True)
