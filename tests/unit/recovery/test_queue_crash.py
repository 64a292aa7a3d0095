"""Killed between any two steps: what waits is offered, and no line is ever sent twice."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.unit.recovery.many import LEFT_OUT, Site
from tests.unit.store.rows import poison, sql
from tui.api.models import SessionResult
from tui.config import AT_A_TIME, PER_SERVER
from tui.recovery.queue import Queue, decided_text, pause
from tui.recovery.queue_summary import line_words
from tui.store.errors import NotOwner

STEPS = {
    "queue on disk": ["waiting", "waiting", "waiting"],
    "list before the POST": ["waiting", "waiting", "waiting"],
    "row on disk": ["UNKNOWN", "waiting", "held"],
    "POST": ["UNKNOWN", "waiting", "held"],
    "reply": ["launching", "waiting", "waiting"],
    "end": ["restored", "waiting", "waiting"],
}


class Killed:
    """The journal as it was on disk when the program was killed, and what had arrived by then."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sent: list[str] = []

    def at(self, site: Site) -> None:
        copy = self.path.with_suffix(".copy")
        if self.path.exists() or copy.exists():
            return
        with closing(sqlite3.connect(site.journal.path)) as there, closing(sqlite3.connect(copy)) as here:
            there.backup(here)
        copy.chmod(0o600)
        sql(copy, "UPDATE queues SET owner = ''")
        sql(copy, "UPDATE restores SET owner = ''")
        self.sent = site.manager.sent
        # It runs in a thread: what waits for this file must not find half of it.
        copy.rename(self.path)


async def killed_at(step: str, folder: Path) -> Killed:
    """Run a queue of three, one at a time, until it is killed at a step."""
    site, killed = Site(folder / "first.db"), Killed(folder / "killed.db")
    lines = [site.line("vm1", critical=True), site.line("vm2"), site.line("vm3", 2)]
    if step == "list before the POST":
        site.manager.hold_guards = asyncio.Event()
    if step == "POST":
        site.manager.on_post = lambda: killed.at(site)
    if step == "row on disk":
        plan = site.journal.plan

        def planned(**fields: object) -> object:
            entry = plan(**fields)  # type: ignore[arg-type]
            killed.at(site)
            return entry

        site.journal.plan = planned  # type: ignore[method-assign, assignment]
    if step == "queue on disk":
        assert site.recovery.journal is not None
        begin = site.recovery.journal.plan_queue

        def begun(*args: object, **fields: object) -> object:
            entry = begin(*args, **fields)  # type: ignore[arg-type]
            killed.at(site)
            return entry

        site.recovery.journal.plan_queue = begun  # type: ignore[method-assign, assignment]
    await site.start(*lines, at_a_time=1)
    if step == "list before the POST":
        await site.until(lambda: site.manager.guarded, "a list asked for")
        killed.at(site)
    if step in {"reply", "end"}:
        await site.until_sent("vm1")
    if step == "end":
        with suppress(TimeoutError):
            site.recovery.queue.pause()  # type: ignore[union-attr]
            await site.end("vm1")
    if step in {"reply", "end"}:
        await site.restores.monitor.tick()
        killed.at(site)
    await site.until(killed.path.exists, "the kill")
    await site.close()
    return killed


@pytest.fixture
async def again(tmp_path: Path) -> AsyncIterator[Callable[[Killed], Site]]:
    """The next start on what a killed run left."""
    sites: list[Site] = []

    def start(killed: Killed) -> Site:
        sites.append(Site(killed.path))
        sites[-1].clock.seconds += 60
        return sites[-1]

    yield start
    for site in sites:
        await site.close()


def labels(queue: Queue) -> list[str]:
    return [words.label for words in line_words(queue).values()]


@pytest.mark.parametrize("step", STEPS)
async def test_what_waits_is_offered_again_and_no_line_is_sent_twice(
    step: str, tmp_path: Path, again: Callable[[Killed], Site]
) -> None:
    killed = await killed_at(step, tmp_path)
    site = again(killed)
    site.manager.results = {}
    await site.restores.reattach()
    assert "of an interrupted queue NOT SENT" in await site.recovery.load()
    (offered,) = await site.recovery.offered()
    assert labels(offered) == STEPS[step]
    assert (offered.ticket, offered.at_a_time, offered.left_out) == ("INC-7", 1, LEFT_OUT)
    assert site.manager.posts == []

    queue = await site.recovery.take_up(offered.id)
    assert queue.queue.is_paused
    assert await site.recovery.offered() == ()
    queue.resume()
    await site.until(site.is_quiet, "nothing to send without a yes")
    assert site.manager.posts == []
    assert [line.record for line in queue.queue.to_confirm] == [
        f'"{line.vm_name}"' for line in queue.queue.lines if line.is_to_be_sent
    ]
    queue.confirm({line.id: site.plan(line.vm_name) for line in queue.queue.to_confirm})
    if STEPS[step][0] == "UNKNOWN":
        queue.let_go_on(2)
    for name in ("vm1", "vm2", "vm3"):
        await site.until(site.is_quiet, "nothing more to send")
        await site.end(name)
    await site.until(lambda: not queue.queue.to_be_sent, "all sent")
    arrived = killed.sent + site.manager.sent
    expected = ["vm2", "vm3"] if step == "row on disk" else ["vm1", "vm2", "vm3"]
    assert arrived == expected
    await site.recovery.close()
    assert await site.recovery.offered() == ()


async def test_a_queue_that_another_took_is_not_taken_twice_and_one_closed_is_not_offered(
    tmp_path: Path, again: Callable[[Killed], Site]
) -> None:
    site = again(await killed_at("reply", tmp_path))
    (offered,) = await site.recovery.offered()
    sql(site.journal.path, "UPDATE queues SET owner = 'jump9|1|1|1'")
    assert await site.recovery.offered() == ()
    with pytest.raises(NotOwner):
        await site.recovery.take_up(offered.id)
    sql(site.journal.path, "UPDATE queues SET owner = ''")
    await site.recovery.close_offered(offered.id)
    assert await site.recovery.offered() == ()
    assert site.manager.posts == []


async def test_leaving_gives_the_queue_up_and_says_so(tmp_path: Path) -> None:
    site = Site(tmp_path / "journal.db")
    queue = await site.start(site.line("vm1"), site.line("vm2"), site.line("vm3"), at_a_time=1)
    await site.until_sent("vm1")
    queue.take_out(site.id_of("vm3"))
    assert site.recovery.waiting_words == (
        "1 VM of the queue still waits: vbem does not send it by itself, but offers it at the next start."
    )
    await site.recovery.close()
    (offered,) = await site.recovery.offered()  # the same process: a log-off and a logon
    assert labels(offered) == ["launching", "waiting", "taken out"]
    assert site.recovery.waiting_words == ""
    await site.close()


async def test_a_line_that_another_vbem_sent_is_not_sent_again(tmp_path: Path) -> None:
    site = Site(tmp_path / "journal.db")
    site.manager.hold_guards = asyncio.Event()
    queue = await site.start(site.line("vm1"))
    await site.until(lambda: site.manager.guarded, "a list asked for")
    site.journal.plan(server="x:1", vm_name="vm9", queue_row=site.id_of("vm1"), plan_key="other")
    site.manager.hold_guards.set()
    await site.until(lambda: site.states()["vm1"] == "not sent", "it is not sent")
    assert "Another vbem sent it: row 1 of the journal." in queue.queue.lines[0].why
    assert site.manager.posts == []
    await site.close()


async def test_a_line_nobody_can_read_is_shown_never_sent_and_holds_what_may_depend_on_it(
    tmp_path: Path, again: Callable[[Killed], Site]
) -> None:
    killed = await killed_at("reply", tmp_path)
    sql(killed.path, "UPDATE queue_rows SET line = '{' WHERE place = 1")
    poison(killed.path, 1, "platform", "of tomorrow")
    site = again(killed)
    (offered,) = await site.recovery.offered()
    assert labels(offered) == ["UNKNOWN", "NOT SENT", "held"]
    queue = await site.recovery.take_up(offered.id)
    queue.put_back(queue.queue.lines[1].id)
    assert labels(queue.queue) == ["UNKNOWN", "NOT SENT", "held"]


async def test_what_another_vbem_follows_frees_its_place_once_the_journal_says_that_it_has_ended(
    tmp_path: Path, again: Callable[[Killed], Site]
) -> None:
    site = again(await killed_at("reply", tmp_path))
    (offered,) = await site.recovery.offered()
    queue = await site.recovery.take_up(offered.id)
    queue.set_limits(at_a_time=1)
    queue.confirm({line.id: site.plan(line.vm_name) for line in queue.queue.to_confirm})
    queue.resume()
    assert site.is_quiet()
    key = queue.queue.lines[0].restore_key
    sql(site.journal.path, "UPDATE restores SET state = 'succeeded'")
    await site.until_sent("vm2")
    assert labels(queue.queue)[:2] == ["restored", "launching"]
    assert queue.queue.lines[0].restore_key == key


@pytest.mark.parametrize("why", ["", "The server is down."])
async def test_limits_pause_and_what_was_released_come_back_and_nothing_goes_on(
    why: str, tmp_path: Path, again: Callable[[Killed], Site]
) -> None:
    site, killed = Site(tmp_path / "first.db"), Killed(tmp_path / "killed.db")
    lines = (site.line("vm1", critical=True), site.line("vm2", 2), site.line("vm3", 2))
    queue = await site.start(*lines, at_a_time=3, per_server=1)
    await site.until_sent("vm1")
    await site.end("vm1", result=SessionResult.FAILED)
    queue.pause()
    queue.queue = pause(queue.queue, why)
    queue.let_go_on(2)

    def is_saved() -> bool:
        return sql(site.journal.path, "SELECT decided FROM queues") == [(decided_text(queue.queue),)]

    await site.until(is_saved, "what was decided, on disk")
    killed.at(site)
    released = frozenset({site.id_of("vm1")})
    await site.close()

    site = again(killed)
    (offered,) = await site.recovery.offered()
    assert (offered.at_a_time, offered.per_server, offered.let_go) == (3, 1, released)
    assert (offered.is_paused, offered.why_paused) == (True, why)
    assert labels(offered) == ["FAILED", "waiting", "waiting"]
    taken = (await site.recovery.take_up(offered.id)).queue
    assert (taken.at_a_time, taken.per_server, taken.let_go) == (3, 1, released)
    assert (taken.is_paused, taken.why_paused) == (True, "")
    assert site.manager.posts == []


@pytest.mark.parametrize("decided", ["{", "[]", '{"at_a_time": 9}', '{"at_a_time": "many", "let_go": 1}'])
async def test_what_was_decided_and_cannot_be_read_is_as_for_a_new_queue(
    decided: str, tmp_path: Path, again: Callable[[Killed], Site]
) -> None:
    killed = await killed_at("reply", tmp_path)
    with closing(sqlite3.connect(killed.path)) as database, database:
        database.execute("UPDATE queues SET decided = ?", (decided,))
    (offered,) = await again(killed).recovery.offered()
    assert (offered.at_a_time, offered.per_server, offered.let_go) == (AT_A_TIME, PER_SERVER, frozenset())
    assert labels(offered) == STEPS["reply"]
