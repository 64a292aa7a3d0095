"""One session belongs to one row of the journal, for ever, and what is told of it has evidence."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.restores.fakes import FakeManager, finished, session, stopped, task
from tests.unit.restores.points import point
from tests.unit.restores.world import World
from tui.api.codec.restore_request import RestoreRequest
from tui.api.errors import TimedOut
from tui.api.models import Items, RestoreSession, SessionResult, SessionState, Task
from tui.api.query import Query
from tui.restore_states import FoundBy, RestoreState
from tui.restores.errors import AlreadyRunning
from tui.restores.restore import SEARCH_WINDOW_S, Restore

MINE = point().uid
OTHER = point(number=77).uid
RESULTS = [SessionResult.SUCCESS, SessionResult.WARNING, SessionResult.FAILED]


@dataclass
class Server(FakeManager):
    """Starts what arrives, and knows whose each session is."""

    sessions: dict[int, RestoreSession] = field(default_factory=dict)
    own: dict[int, int] = field(default_factory=dict)
    """The session of each restore that arrived, by the number of its task."""
    named: set[int] = field(default_factory=set)
    """Tasks that have finished."""
    sent: int = 0
    arrives: bool = True
    reply: str = "running"
    link: str = ""

    async def send(self, request: RestoreRequest) -> Task:
        self.sent += 1
        if self.arrives:
            self.own[self.sent] = self.begin(self.link)
        if self.reply == "lost" or not self.arrives:
            raise TimedOut("read")
        if self.reply == "finished":
            self.named.add(self.sent)
        return self._task(self.sent)

    def begin(self, link: str = "") -> int:
        number = len(self.sessions) + 1
        self.sessions[number] = session(number, point_uid=link)
        return number

    def end(self, number: int, result: SessionResult) -> None:
        one = self.sessions[number]
        if one.is_over:
            return
        self.sessions[number] = replace(one, state=SessionState.STOPPED, result=result, ended=one.created)

    def _task(self, number: int) -> Task:
        is_over = number in self.named
        return finished(self.own[number], number=number) if is_over else task(number=number)

    async def tasks(self) -> Items[Task]:
        return Items(self._task(number) for number in self.own)

    async def restore_sessions(self, query: Query) -> Items[RestoreSession]:
        return Items(self.sessions.values())


class Story:
    """Restores of one VM, of ours and of a colleague's, one step after the other."""

    def __init__(self) -> None:
        self.world = World()
        self.server = Server()
        self.world.manager = self.server
        self.world.restores = self.world.start()

    async def send(self, arrives: bool, reply: str, is_linked: bool) -> None:
        self.server.arrives, self.server.reply = arrives, reply
        self.server.link = MINE if is_linked else ""
        await self.world.submitted()

    async def colleague(self, link: str) -> None:
        self.server.begin(link)

    async def launch(self, number: int) -> None:
        self.server.named |= (
            {sorted(self.server.own)[number % len(self.server.own)]} if self.server.own else set()
        )

    async def end(self, number: int, result: SessionResult) -> None:
        if self.server.sessions:
            self.server.end(number % len(self.server.sessions) + 1, result)

    async def wait(self, seconds: float) -> None:
        await self.world.tick(seconds) if self.world.restores.all else None

    async def restart(self) -> None:
        self.world.restores = self.world.start()
        await self.world.restores.reattach()

    def check(self) -> None:
        rows = self.world.journal.rows
        uids = [row["session_uid"].lower() for row in rows.values() if row["session_uid"]]
        assert len(uids) == len(set(uids)), "two rows share a session"
        for number, row in rows.items():
            self._check_row(number, row)
        assert self.world.failures == []

    def _check_row(self, number: int, row: dict[str, Any]) -> None:
        state = row["state"]
        if state in {RestoreState.SUCCEEDED, RestoreState.WARNING}:
            assert row["found_by"] in {FoundBy.TASK, FoundBy.POINT}, "an end without evidence"
        if state.is_over:
            own = self.server.sessions.get(self.server.own.get(number, 0))
            assert own is not None, f"an end of what never arrived: {row['message']}"
            assert (row["session_uid"], row["session_result"]) == (own.uid, own.result.value)


STEPS = st.one_of(
    st.tuples(
        st.just("send"), st.booleans(), st.sampled_from(["lost", "running", "finished"]), st.booleans()
    ),
    # A link to the very point is evidence: a colleague who restores from it too is told as ours.
    st.tuples(st.just("colleague"), st.sampled_from(["", OTHER])),
    st.tuples(st.just("launch"), st.integers(0, 3)),
    st.tuples(st.just("end"), st.integers(0, 5), st.sampled_from(RESULTS)),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 1.0, 40.0, SEARCH_WINDOW_S])),
    st.tuples(st.just("restart")),
)


async def told(steps: list[tuple[Any, ...]]) -> Story:
    story = Story()
    for name, *values in steps:
        await getattr(story, name)(*values)
        story.check()
    return story


def check_any(steps: list[tuple[Any, ...]]) -> None:
    asyncio.run(told(steps))


GATE = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
SOAK = settings(GATE, max_examples=3000)


@GATE
@given(st.lists(STEPS, min_size=2, max_size=14))
def test_no_two_rows_share_a_session_and_every_end_has_evidence(steps: list[tuple[Any, ...]]) -> None:
    check_any(steps)


@pytest.mark.soak
@SOAK
@given(st.lists(STEPS, min_size=4, max_size=40))
def test_no_two_rows_share_a_session_in_long_stories(steps: list[tuple[Any, ...]]) -> None:
    check_any(steps)


LOST = ("send", False, "lost", False)
TOOK = ("send", True, "finished", False)


async def test_a_restore_sent_again_is_not_told_as_two(world: World) -> None:
    """The first never arrived, the second succeeds, the program starts again."""
    story = await told(
        [LOST, ("wait", 1.0), TOOK, ("wait", 1.0), ("end", 0, SessionResult.SUCCESS), ("wait", 1.0)]
    )
    for step in (("restart",), ("wait", 1.0), ("wait", SEARCH_WINDOW_S), ("restart",), ("wait", 1.0)):
        await getattr(story, step[0])(*step[1:])
        story.check()
        states = [row["state"] for row in story.world.journal.rows.values()]
        assert states == [RestoreState.UNKNOWN, RestoreState.SUCCEEDED]
    assert story.world.journal.rows[1]["session_uid"] == ""


@pytest.mark.parametrize("result", RESULTS)
async def test_a_colleagues_restore_is_never_told_as_ours(world: World, result: SessionResult) -> None:
    story = await told([LOST, ("colleague", ""), ("wait", 1.0)])
    followed = story.world.restores.all[0]
    assert (followed.state, followed.found_by) == (RestoreState.RESTORING, FoundBy.PROBABLY)
    assert followed.message.startswith("Probably its restore session")
    await story.end(0, result)
    for step in (("wait", 1.0), ("restart",), ("wait", 1.0)):
        await getattr(story, step[0])(*step[1:])
        row = story.world.journal.rows[1]
        assert (row["state"], row["found_by"]) == (RestoreState.UNKNOWN, "probably")
        assert row["session_result"] == result.value
        assert "may be this restore's" in row["message"]
        assert "The reply to the request was lost" in row["message"], "the cause stays the same"
        assert not story.world.restores.in_flight
        checked = await story.world.restores.check_running(story.world.plan())
        (warning,) = (words for words in checked.warnings if "earlier restore" in words)
        verdict = "FAILED" if result is SessionResult.FAILED else "SUCCEEDED"
        assert warning.startswith(f"An earlier restore of this VM (journal row 1) may have {verdict}")
        assert f"a restore session that may be its own came to {result.value} at" in warning
    other = await told([LOST, ("colleague", OTHER), ("wait", 1.0)])
    assert other.world.restores.all[0].session_uid == ""


async def test_the_cause_stays_the_same_after_a_restart(world: World) -> None:
    lost = await world.submitted(TimedOut("No answer from em.lab.example."))
    assert lost.why_unknown.startswith("The reply to the request was lost")
    for seconds in (0, 1, 2 * 3600):
        world.clock.seconds += seconds
        world.restores = world.start()
        (again,) = await world.restores.reattach()
        await world.tick()
        assert again.message.startswith(lost.why_unknown), seconds
        assert world.restores.all[0].message.startswith(lost.why_unknown), seconds


async def test_a_second_vbem_knows_from_the_journal_that_the_first_is_launching(world: World) -> None:
    first, second = world.start(), world.start()
    plan = second.prepare(world.form, {})
    await first.submit(first.prepare(world.form, {}))
    checked = await second.check_running(plan)
    words = " ".join((*checked.warnings, *checked.found))
    assert "A restore of this VM is launching in the journal (row 1, by op@jump)" in words
    assert "the journal has 1 without an end" in words
    await second.submit(checked)
    assert len(world.manager.posts) == 2, "confirmed with the warning, it is sent"


async def test_a_restore_of_a_second_vbem_that_may_have_started_is_not_told_as_running(world: World) -> None:
    first, second = world.start(), world.start()
    plan = second.prepare(world.form, {})
    checked = await second.check_running(plan)
    world.manager.post = TimedOut("read")
    await first.submit(first.prepare(world.form, {}))
    with pytest.raises(AlreadyRunning) as raised:
        await second.submit(checked)
    assert raised.value.title == "Another restore of this VM is running, or may be"
    again = await second.check_running(plan)
    words = " ".join((*again.warnings, *again.found))
    assert "may be running: its outcome is unknown in the journal (row 1, by op@jump)" in words
    assert "in flight" not in words


async def test_a_restore_that_another_vbem_began_meanwhile_stops_the_sending(world: World) -> None:
    first, second = world.start(), world.start()
    checked = await second.check_running(second.prepare(world.form, {}))
    world.manager.on_post = lambda: None
    await first.submit(first.prepare(world.form, {}))
    with pytest.raises(AlreadyRunning):
        await second.submit(checked)
    assert len(world.manager.posts) == 1
    again = await second.check_running(checked)
    await second.submit(again)
    assert len(world.manager.posts) == 2


async def test_two_vbem_do_not_both_take_the_same_session(world: World) -> None:
    """Each has a restore whose reply was lost; one session appears; it is neither's."""
    first, second = world.start(), world.start()
    world.manager.post = TimedOut("read")
    for service in (first, second):
        await service.submit(service.prepare(world.form, {}))
    world.manager.session_list = [session(1)]
    for service in (first, second):
        await service.monitor.tick()
    told_by: list[Restore] = [*first.all, *second.all]
    assert [one.session_uid for one in told_by] == ["", ""]
    assert ["row 2 as well" in told_by[0].message, "row 1 as well" in told_by[1].message] == [True, True]


async def test_a_task_that_names_the_session_of_another_row_is_not_believed(world: World) -> None:
    world.manager.post = finished(1)
    await world.submitted()
    world.manager.session_list = [stopped(SessionResult.SUCCESS, 1)]
    await world.tick()
    world.restores = world.start()
    world.manager.session_list = []
    second = await world.submitted()
    assert (second.state, second.session_uid) == (RestoreState.UNKNOWN, "")
    assert "Its task names a restore session that belongs to another restore" in second.message
