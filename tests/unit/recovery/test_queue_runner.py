"""Sending a queue: in order, so many at once, and never what was stopped; what fails stops what it should."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.recovery.many import Site
from tests.unit.restores.fakes import session
from tests.unit.store.rows import sql
from tui.api.errors import Busy, ConnectionLost, Invalid, ManagerError, Refused, SessionExpired, Untrusted
from tui.api.models import SessionResult
from tui.recovery.queue import QueueRunning
from tui.recovery.queue_summary import line_words
from tui.restores.incident import Incident
from tui.restores.restore import SEARCH_WINDOW_S
from tui.store.errors import JournalError
from tui.store.recovery_journal import QueueEntry

EXPIRED = SessionExpired("401", http_code=401, from_manager=True)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    site = Site(tmp_path / "journal.db")
    yield site
    await site.close()
    assert set(site.failures) == site.expected_failures


def rows(site: Site) -> list[tuple[object, ...]]:
    return sql(site.journal.path, "SELECT state, why FROM queue_rows ORDER BY place")


async def test_groups_are_sent_one_after_the_other_so_many_at_a_time(site: Site) -> None:
    names = ["vm1", "vm2", "vm3"]
    await site.start(site.line("vm4", 2), *map(site.line, names), at_a_time=2)
    await site.until_sent("vm1", "vm2")
    await site.end("vm1")
    await site.until_sent("vm1", "vm2", "vm3")
    await site.end("vm2", result=SessionResult.FAILED)
    await site.end("vm3")
    await site.until_sent("vm1", "vm2", "vm3", "vm4")
    assert [line.group for line in site.queue.lines] == [1, 1, 1, 2]
    assert [row.reason for row in site.journal.recent()] == ["INC-7"] * 4
    assert len({row.queue_row for row in site.journal.recent()}) == 4


async def test_no_backup_server_gets_more_than_its_share(site: Site) -> None:
    queue = await site.start(*(site.line(f"vm{number}") for number in (1, 2, 3)), per_server=1)
    await site.until_sent("vm1")
    queue.set_limits(at_a_time=51, per_server=0)  # never more than 50, never less than one
    assert (queue.queue.at_a_time, queue.queue.per_server) == (50, 1)
    await site.end("vm1")
    await site.until_sent("vm1", "vm2")


@pytest.mark.parametrize(
    ("answer", "state"),
    [(Invalid("no", http_code=400, from_manager=True), "failed"), (ConnectionLost("reset"), "unknown")],
)
async def test_a_failed_launch_holds_later_groups_only_where_it_is_critical(
    site: Site, answer: ManagerError, state: str
) -> None:
    site.manager.answers["vm1"] = answer
    lines = [site.line("vm1", critical=True), site.line("vm2"), site.line("vm3", 2)]
    queue = await site.start(*lines, at_a_time=2)
    await site.until_sent("vm1", "vm2")
    await site.end("vm2")
    assert site.states() == {"vm1": state, "vm2": "succeeded", "vm3": "waiting"}
    words = line_words(site.queue)[site.id_of("vm3")]
    assert (words.label, words.detail) == ("held", "vm1 of group 1 was not restored")
    queue.let_go_on(2)
    await site.until_sent("vm1", "vm2", "vm3")


async def test_what_is_unknown_keeps_its_place_until_its_search_has_run_out(site: Site) -> None:
    site.manager.answers["vm1"] = ConnectionLost("reset")
    await site.start(site.line("vm1"), site.line("vm2"), at_a_time=1)
    await site.until_sent("vm1")
    await site.end()
    await site.until_sent("vm1")
    site.clock.seconds += SEARCH_WINDOW_S
    await site.end()
    await site.until_sent("vm1", "vm2")
    assert site.states() == {"vm1": "unknown", "vm2": "launching"}


@pytest.mark.parametrize(
    "error", [EXPIRED, Refused("closed"), Untrusted("another"), Busy("503", http_code=503)]
)
async def test_what_concerns_the_whole_server_pauses_and_burns_no_line(
    site: Site, error: ManagerError
) -> None:
    site.manager.guards = dict.fromkeys((f"vm{number}" for number in range(1, 41)), error)
    queue = await site.start(
        *(site.line(f"vm{number}") for number in range(1, 41)), at_a_time=3, per_server=3
    )
    await site.until(lambda: queue.queue.is_paused and site.is_quiet(), "a pause")
    assert set(site.states().values()) == {"waiting"}
    assert error.title in queue.queue.why_paused
    assert site.manager.posts == []
    site.manager.guards = {}
    queue.resume()
    await site.until_sent("vm1", "vm2", "vm3")
    assert queue.queue.why_paused == ""


async def test_a_reply_that_says_the_session_has_expired_pauses_and_that_line_is_not_sent_again(
    site: Site,
) -> None:
    site.manager.answers["vm1"] = EXPIRED
    queue = await site.start(site.line("vm1"), site.line("vm2"), at_a_time=1)
    await site.until(lambda: queue.queue.is_paused, "a pause")
    assert site.states() == {"vm1": "failed", "vm2": "waiting"}
    queue.resume()
    await site.until_sent("vm1", "vm2")


async def test_without_the_journal_nothing_is_sent(site: Site) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.journal, "plan", _full)
        queue = await site.start(site.line("vm1"))
        await site.until(lambda: queue.queue.is_paused and site.is_quiet(), "a pause")
        assert "disk is full" in queue.queue.why_paused
    assert site.manager.posts == []
    queue.resume()
    await site.until_sent("vm1")


async def test_a_queue_that_cannot_be_journalled_does_not_begin(site: Site) -> None:
    assert site.recovery.journal is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.recovery.journal, "plan_queue", _full)
        with pytest.raises(JournalError):
            await site.start(site.line("vm1"))
    assert (site.recovery.queue, site.manager.queries) == (None, [])


async def test_a_decision_that_cannot_be_journalled_pauses_the_queue(site: Site) -> None:
    queue = await site.start(site.line("vm1"), site.line("vm2"), at_a_time=1)
    await site.until_sent("vm1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.recovery.journal, "update_row", _full)
        queue.take_out(site.id_of("vm2"))
        await site.until(lambda: queue.queue.is_paused, "a pause")
    queue.resume()
    await site.until(lambda: rows(site)[1] == ("taken out", ""), "the row")


async def test_limits_that_cannot_be_journalled_pause_the_queue_and_wait_for_the_next_change(
    site: Site,
) -> None:
    queue = await site.start(site.line("vm1"), site.line("vm2"), at_a_time=1)
    await site.until_sent("vm1")
    tries = 0

    def refuse(*_: object) -> None:
        nonlocal tries
        tries += 1
        _full()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.recovery.journal, "decide", refuse)
        queue.set_limits(per_server=1)
        await site.until(lambda: queue.queue.is_paused and tries == 2, "a pause, and that it is written")
        for _ in range(50):
            await asyncio.sleep(0)
        assert tries == 2
    queue.resume()
    decided = "SELECT decided FROM queues"
    await site.until(lambda: '"per_server": 1' in str(sql(site.journal.path, decided)), "the limit on disk")


async def test_pause_stops_also_what_is_being_looked_at_before_it_is_sent(site: Site) -> None:
    site.manager.hold_guards = asyncio.Event()
    queue = await site.start(site.line("vm1"), site.line("vm2"))
    await site.until(lambda: site.manager.guarded == 2, "two lists asked for")
    assert site.recovery.is_sending
    queue.pause()
    site.manager.hold_guards.set()
    await site.until(lambda: set(site.states().values()) == {"waiting"}, "both waiting again")
    assert site.manager.posts == []
    assert not site.recovery.is_sending
    assert site.journal.recent() == []
    queue.resume()
    await site.until_sent("vm1", "vm2")


async def test_a_restore_somebody_began_meanwhile_stops_its_line_alone(site: Site) -> None:
    async def busy(query: object) -> object:
        found = await plain(query)  # type: ignore[arg-type]
        return type(found).of([*found, *([session(9, vm="vm1")] if '"vm1"' in str(query) else [])], 0)

    plain, site.manager.restore_sessions = site.manager.restore_sessions, busy  # type: ignore[method-assign, assignment]
    queue = await site.start(site.line("vm1"), site.line("vm2"))
    await site.until_sent("vm2")
    assert site.states()["vm1"] == "not sent"
    assert "A restore of this VM has started meanwhile" in queue.queue.lines[0].why
    await site.until(lambda: rows(site)[0] == ("not sent", queue.queue.lines[0].why), "the row")


async def test_an_order_is_changed_and_a_line_taken_out_and_put_back(site: Site) -> None:
    queue = await site.start(*(site.line(f"vm{number}") for number in (1, 2, 3, 4)), at_a_time=1)
    await site.until_sent("vm1")
    queue.move(site.id_of("vm4"), by=-1)
    queue.take_out(site.id_of("vm2"))
    queue.take_out(site.id_of("vm1"))  # sent already: it stays so
    for sent in (["vm1"], ["vm1", "vm4"], ["vm1", "vm4", "vm3"]):
        await site.until_sent(*sent)
        await site.end(sent[-1])
    assert [row[0] for row in rows(site)] == ["waiting", "taken out", "waiting", "waiting"]
    queue.put_back(site.id_of("vm2"))
    await site.until_sent("vm1", "vm4", "vm3", "vm2")
    assert site.manager.sent == ["vm1", "vm4", "vm3", "vm2"]


async def test_a_second_queue_waits_until_nothing_of_the_first_does(site: Site) -> None:
    queue = await site.start(site.line("vm1"), site.line("vm2"), at_a_time=1)
    await site.until_sent("vm1")
    with pytest.raises(QueueRunning, match="1 of its lines waits"):
        await site.start(site.line("vm3"))
    queue.take_out(site.id_of("vm2"))
    await site.start(site.line("vm3"))
    await site.until_sent("vm1", "vm3")
    assert sql(site.journal.path, "SELECT state FROM queues") == [("closed",), ("open",)]


async def test_a_failing_listener_and_an_unforeseen_error_are_reported_and_end_no_sending(site: Site) -> None:
    site.expected_failures = {"send the queue"}
    site.recovery.queue_listeners.append(_fail)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.restores, "submit", _broken)
        queue = await site.start(site.line("vm1"), site.line("vm2"), at_a_time=1)
        await site.until(lambda: queue.queue.is_paused, "a pause")
    assert site.states() == {"vm1": "not sent", "vm2": "waiting"}
    queue.resume()
    await site.until_sent("vm2")


def _full(*_args: object, **_fields: object) -> QueueEntry:
    raise JournalError("The disk is full.")


async def _broken(*_args: object, **_named: object) -> None:
    raise ZeroDivisionError


def _fail() -> None:
    raise ZeroDivisionError


async def test_the_line_of_the_incident_counts_what_has_ended(site: Site) -> None:
    assert site.recovery.incident_words(site.clock.now()) == ()
    await site.recovery.set_incident(Incident(moment=site.clock.now(), ticket="INC-7"))
    queue = await site.start(site.line("vm1"), site.line("vm2"), site.line("vm3"), at_a_time=1)
    queue.take_out(site.id_of("vm3"))
    await site.until_sent("vm1")
    assert all("0/2 done" in words for words in site.recovery.incident_words(site.clock.now())[:2])
    await site.end("vm1")
    await site.until_sent("vm1", "vm2")
    assert "1/2 done" in site.recovery.incident_words(site.clock.now())[0]
