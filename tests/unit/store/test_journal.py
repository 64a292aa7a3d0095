from __future__ import annotations

import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.clock import NOON, ManualClock
from tui.store import database, living
from tui.store.errors import JournalError, NotOwner
from tui.store.journal import FOREIGN_AFTER, Entry, Journal, RestoreState

SERVER = "em.lab.example:9398"
ELSEWHERE = "other-host|boot|4711|99"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite3"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def journal(path: Path, clock: ManualClock) -> Iterator[Journal]:
    one = Journal.open(path, clock=clock)
    yield one
    one.close()


def plan(journal: Journal, **fields: object) -> Entry:
    return journal.plan(**{"server": SERVER, "vm_name": "app07", **fields})


def opened(path: Path) -> closing[Journal]:
    return closing(Journal.open(path))


def sql(path: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    database = sqlite3.connect(path)
    try:
        with database:
            return database.execute(statement, values).fetchall()
    finally:
        database.close()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


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
    assert pragmas == {"synchronous": 2, "journal_mode": "truncate", "user_version": 1, "foreign_keys": 1}


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
    assert {event.owner for event in events} == {living.this_process()}
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


# -- who owns a row -----------------------------------------------------------------------------


def test_a_new_row_is_ours(journal: Journal) -> None:
    entry = plan(journal)
    assert entry.life is living.Life.OURS
    assert entry.owned_by_live_process
    assert journal.claim(entry.id)


def set_owner(path: Path, owner: str) -> None:
    sql(path, "UPDATE restores SET owner = ?", owner)


def dead_owner() -> str:
    host, boot, _, start = living.this_process().split("|")
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    return f"{host}|{boot}|{child.pid}|{start}"


def owner_of(pid: int) -> str:
    host, boot, _, _ = living.this_process().split("|")
    return f"{host}|{boot}|{pid}|{living._start_of(pid)}"


def test_a_row_of_a_dead_process_can_be_claimed(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    set_owner(path, dead_owner())
    assert not journal.get(entry.id).owned_by_live_process
    assert journal.claim(entry.id)
    assert journal.get(entry.id).owner == living.this_process()


def test_a_reused_process_id_is_not_taken_for_the_owner(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    host, boot, pid, start = living.this_process().split("|")
    set_owner(path, f"{host}|{boot}|{pid}|{int(start) + 1}")
    assert not journal.get(entry.id).owned_by_live_process
    assert journal.claim(entry.id)


def test_after_a_reboot_nobody_owns_anything(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    host, _, pid, start = living.this_process().split("|")
    set_owner(path, f"{host}|another-boot|{pid}|{start}")
    assert journal.claim(entry.id)


def test_a_row_of_a_living_process_is_left_alone(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    set_owner(path, owner_of(os.getppid()))
    assert journal.get(entry.id).life is living.Life.ALIVE
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
    assert journal.get(entry.id).life is living.Life.ELSEWHERE
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
    assert journal.get(entry.id).life is living.Life.NOBODY
    journal.update(entry.id, message="still written while nobody claims it")
    assert journal.claim(entry.id)


def test_what_is_over_is_not_claimed(journal: Journal) -> None:
    entry = plan(journal)
    journal.update(entry.id, state=RestoreState.CANCELLED)
    journal.release(entry.id)
    assert not journal.claim(entry.id)


@pytest.mark.parametrize("owner", ["garbage", "a|b|c|d", "|||"])
def test_an_owner_that_makes_no_sense_is_dead(owner: str) -> None:
    assert living.life_of(owner) is not living.Life.ALIVE
    assert living.owner_words(owner)


# -- two at once --------------------------------------------------------------------------------

_WORK = """
import sys
from pathlib import Path
from tui.store.journal import Journal, RestoreState
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


def test_a_journal_that_another_keeps_locked_is_said_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    with opened(path) as journal:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalError, match="Another vbem is writing") as caught:
            plan(journal)
        other.close()
        assert "end the other" in caught.value.hint
        assert plan(journal).id == 1


# -- the file -----------------------------------------------------------------------------------


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


def test_a_newer_journal_is_left_alone(path: Path) -> None:
    Journal.open(path).close()
    sql(path, "PRAGMA user_version = 2")
    before = path.read_bytes()
    with pytest.raises(JournalError, match="written by a newer vbem") as caught:
        Journal.open(path)
    assert path.read_bytes() == before
    assert "--state-dir" in caught.value.hint


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


@pytest.mark.parametrize("damage", [garbage, holed])
def test_a_damaged_journal_is_kept_aside_and_said_so(path: Path, damage: Callable[[bytes], bytes]) -> None:
    with opened(path) as journal:
        plan(journal)
        assert journal.note == ""
    broken = damage(path.read_bytes())
    path.write_bytes(broken)
    with opened(path) as journal:
        kept = [one for one in path.parent.iterdir() if ".damaged-" in one.name and one.stat().st_size]
        assert [one.read_bytes() for one in kept] == [broken]
        assert kept[0].name in journal.note
        assert journal.recent() == []
        assert plan(journal).id == 1


def test_damage_found_later_is_a_journal_error(path: Path) -> None:
    with opened(path) as journal:
        for _ in range(50):
            plan(journal, plan="x" * 2000)
        path.write_bytes(holed(path.read_bytes()))
        journal._database.execute("PRAGMA shrink_memory")
        with pytest.raises(JournalError, match="damaged"):
            journal.recent()


def test_a_row_that_makes_no_sense_is_a_journal_error(journal: Journal, path: Path) -> None:
    entry = plan(journal)
    sql(path, "UPDATE restores SET state = 'flying'")
    with pytest.raises(JournalError, match="cannot be understood"):
        journal.get(entry.id)
    sql(path, "UPDATE restores SET state = 'sent'")
    sql(path, "INSERT INTO events (entry_id, at, state, message, owner) VALUES (1, '', 'sent', '', '')")
    with pytest.raises(JournalError, match="without a time"):
        journal.events(entry.id)


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
    assert caught.value.title == "The journal cannot be written"
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
    with pytest.raises(JournalError, match=words) as caught, database.in_words(path):
        raise error
    assert caught.value.hint
    assert str(path) in caught.value.detail


def test_a_disk_that_fills_up_leaves_the_journal_whole(journal: Journal, path: Path) -> None:
    pages = journal._database.execute("PRAGMA page_count").fetchone()[0]
    journal._database.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(JournalError, match="disk is full"):
        plan(journal, plan="x" * 100_000)
    journal._database.execute("PRAGMA max_page_count=100000")
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
