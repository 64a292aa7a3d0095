"""The queue as a state machine, and its words: whatever happens, in whatever order, the rules hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.unit.restores.fakes import restore, session_id
from tests.unit.restores.points import NOW
from tests.unit.restores.world import World
from tui.recovery import queue as transitions
from tui.recovery.queue import LineState, Queue, QueuedLine
from tui.recovery.queue_summary import line_words, summarize
from tui.restore_states import FoundBy, RestoreState
from tui.screens.plan_text import queue_title

PLAN = World().plan()
RUNNING = {RestoreState.SENT, RestoreState.LAUNCHING, RestoreState.RESTORING}
GOOD = {RestoreState.SUCCEEDED, RestoreState.WARNING}
STATES = [*RUNNING, RestoreState.UNKNOWN, RestoreState.FAILED, RestoreState.CANCELLED, *GOOD]


def line(id: int, *, group: int = 1, critical: bool = False, server: str = "s1") -> QueuedLine:
    return QueuedLine(
        id=id, vm_name=f"vm{id}", server=server, group=group, critical=critical, plan=PLAN, record="{}"
    )


def queue_with(*lines: QueuedLine) -> Queue:
    return Queue(id=1, created=NOW, lines=tuple(sorted(lines, key=lambda one: one.group)))


class Sending(RuleBasedStateMachine):
    """What an operator, a server and a disk may do, against a plain account of what was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = queue_with()
        self.rows: Counter[int] = Counter()
        """How many rows, and so POSTs, there are of each line."""
        self.excused: set[int] = set()

    @initialize(
        lines=st.lists(
            st.tuples(st.integers(1, 3), st.booleans(), st.sampled_from(["s1", "s2"])), min_size=1, max_size=7
        )
    )
    def begin(self, lines: list[tuple[int, bool, str]]) -> None:
        self.queue = queue_with(
            *(line(id, group=g, critical=c, server=s) for id, (g, c, s) in enumerate(lines, 1))
        )

    def pick(self, number: int) -> QueuedLine:
        return self.queue.lines[number % len(self.queue.lines)]

    def is_running(self, one: QueuedLine) -> bool:
        """Whether it is not known to have ended, and may still be heard of soon."""
        found = one.restore
        is_searched = found is not None and found.search_since is not None
        return one.state is LineState.SENDING or is_searched or (found is not None and found.state in RUNNING)

    def is_pending(self, one: QueuedLine) -> bool:
        """Whether the groups after it wait for it."""
        is_running = one.restore is not None and one.restore.state in RUNNING
        return one.state in {LineState.WAITING, LineState.SENDING} or is_running

    def is_bad(self, one: QueuedLine) -> bool:
        is_good = one.restore is not None and one.restore.state in GOOD
        return one.critical and not self.is_pending(one) and not is_good and one.id not in self.excused

    @rule()
    def send_next(self) -> None:
        one = self.queue.next_line()
        if one is None:
            return
        running = [other for other in self.queue.lines if self.is_running(other)]
        earlier = [other for other in self.queue.lines if other.group < one.group]
        assert not self.queue.is_paused
        assert one.state is LineState.WAITING
        assert self.rows[one.id] == 0
        assert len(running) < self.queue.at_a_time
        assert sum(other.server == one.server for other in running) < self.queue.per_server
        assert not any(map(self.is_pending, earlier)), "a group too early"
        assert not any(map(self.is_bad, earlier)), "a critical line holds it"
        self.queue = transitions.sending(self.queue, one.id)

    @rule(number=st.integers(0, 9))
    def row_is_written(self, number: int) -> None:
        one = self.pick(number)
        if one.state is LineState.SENDING:
            self.rows[one.id] += 1
            self.hear(one, RestoreState.SENT)

    @rule(number=st.integers(0, 9), state=st.sampled_from(STATES), is_searched=st.booleans())
    def server_says(self, number: int, state: RestoreState, is_searched: bool) -> None:
        one = self.pick(number)
        if one.restore is not None and not one.restore.is_over:
            self.hear(one, state, is_searched=is_searched and state is RestoreState.UNKNOWN)

    def hear(self, one: QueuedLine, state: RestoreState, *, is_searched: bool = False) -> None:
        since = 0.0 if is_searched else None
        heard = restore(state, queue_row=one.id, search_since=since)
        self.queue = transitions.with_restores(self.queue, [heard, restore()])

    @rule(number=st.integers(0, 9), may_wait=st.booleans())
    def nothing_was_sent(self, number: int, may_wait: bool) -> None:
        id = self.pick(number).id
        waits, stopped = transitions.waits_again, transitions.not_sent
        self.queue = waits(self.queue, id) if may_wait else stopped(self.queue, id, "It runs already.")

    @rule()
    def pause(self) -> None:
        self.queue = transitions.pause(self.queue, "The server is down.")
        assert self.queue.next_line() is None

    @rule()
    def resume(self) -> None:
        self.queue = transitions.resume(self.queue)

    @rule(number=st.integers(0, 9), by=st.sampled_from([-1, 1]))
    def move(self, number: int, by: int) -> None:
        before = self.queue
        self.queue = transitions.move(before, self.pick(number).id, by=by)
        assert sorted(self.queue.lines, key=lambda one: one.id) == sorted(
            before.lines, key=lambda one: one.id
        )

    @rule(number=st.integers(0, 9))
    def take_out(self, number: int) -> None:
        self.queue = transitions.take_out(self.queue, self.pick(number).id)

    @rule(number=st.integers(0, 9))
    def put_back(self, number: int) -> None:
        one = self.pick(number)
        self.queue = transitions.put_back(self.queue, one.id)
        if self.queue.get(one.id).state is LineState.WAITING:
            self.excused.discard(one.id)

    @rule(at_a_time=st.integers(-1, 4), per_server=st.none() | st.integers(0, 3))
    def set_limits(self, at_a_time: int, per_server: int | None) -> None:
        self.queue = transitions.set_limits(self.queue, at_a_time=at_a_time, per_server=per_server)

    @rule(group=st.integers(1, 4))
    def let_go_on(self, group: int) -> None:
        self.excused |= {one.id for one in self.queue.lines if one.group < group and self.is_bad(one)}
        self.queue = transitions.let_go_on(self.queue, group)

    @invariant()
    def one_post_a_line(self) -> None:
        assert all(count == 1 for count in self.rows.values())

    @invariant()
    def groups_stay_in_their_order(self) -> None:
        groups = [one.group for one in self.queue.lines]
        assert groups == sorted(groups)

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """Something is sent where nothing is in the way: no line waits for nobody."""
        waiting = [one for one in self.queue.lines if one.state is LineState.WAITING]
        is_busy = any(map(self.is_running, self.queue.lines))
        if not waiting or is_busy or self.queue.is_paused:
            return
        is_held = any(self.is_bad(one) for one in self.queue.lines if one.group < waiting[0].group)
        assert is_held or self.queue.next_line() is not None

    @invariant()
    def words_are_those_of_the_state(self) -> None:
        if not self.queue.lines:
            return
        words, summary = line_words(self.queue), summarize(self.queue, NOW)
        assert sum(summary.counts.values()) == len(words) == len(self.queue.lines)
        assert 0.0 <= summary.done <= 1.0
        assert (summary.left_words == "") is self.queue.is_finished
        for one in self.queue.lines:
            may_go = not any(self.is_bad(other) for other in self.queue.lines if other.group < one.group)
            if one.state is LineState.WAITING:
                assert words[one.id].label == ("waiting" if may_go else "held")


TestSending = Sending.TestCase
TestSending.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def restored(id: int, seconds: int) -> QueuedLine:
    end = NOW + timedelta(seconds=seconds)
    times = {"session_started": NOW, "session_ended": end, "ended": end}
    return with_state(id, RestoreState.SUCCEEDED, session_uid=session_id(id), **times)


def with_state(id: int, state: RestoreState, **changes: object) -> QueuedLine:
    return replace(
        line(id),
        state=LineState.SENT,
        plan=None,
        restore=restore(state, queue_row=id, **changes),
    )


DOUBTFUL = (
    {"state": RestoreState.RESTORING, "found_by": FoundBy.PROBABLY, "session_uid": session_id(1)},
    {"state": RestoreState.RESTORING, "problem": "The server did not answer."},
    {"state": RestoreState.RESTORING, "session_uid": session_id(1), "is_missing": True},
    {"state": RestoreState.LAUNCHING, "problem": "The server did not answer."},
    {"state": RestoreState.UNKNOWN, "search_since": 0.0},
)


@pytest.mark.parametrize("doubt", DOUBTFUL)
def test_what_is_not_known_to_have_ended_keeps_its_place_in_both_limits(doubt: dict[str, Any]) -> None:
    others = [with_state(id, RestoreState.RESTORING) for id in (2, 3, 4)]
    full = queue_with(with_state(1, **doubt), *(replace(one, server="s2") for one in others), line(5))
    assert full.next_line() is None
    of_server = queue_with(with_state(1, **doubt), others[0], line(5), line(6, server="s2"))
    found = of_server.next_line()
    assert found is not None
    assert found.id == 6


def test_what_is_unknown_for_good_blocks_no_place_for_ever() -> None:
    lost = with_state(1, RestoreState.UNKNOWN)
    stopped = with_state(2, RestoreState.UNKNOWN, session_uid=session_id(2), no_result_since=0.0)
    found = queue_with(lost, stopped, line(3)).next_line()
    assert found is not None
    assert found.id == 3


def test_the_counts_the_share_and_the_title() -> None:
    queue = queue_with(
        *(restored(id, 120) for id in range(1, 4)),
        with_state(4, RestoreState.FAILED),
        with_state(5, RestoreState.RESTORING, progress=50),
        line(6),
        replace(line(7), state=LineState.TAKEN_OUT),
        replace(line(8), state=LineState.NOT_SENT, why="It runs already."),
    )
    summary = summarize(queue, NOW + timedelta(minutes=3))
    assert summary.words == "3 restored, 1 restoring, 1 FAILED, 1 NOT SENT, 1 waiting, 1 taken out of 8"
    assert summary.title == "3/7 restored, 1 FAILED, 1 NOT SENT"
    assert round(summary.done, 3) == round(5.5 / 7, 3)
    assert summary.elapsed == timedelta(minutes=3)


def test_an_estimate_says_what_it_rests_on_or_that_there_is_none() -> None:
    now = NOW + timedelta(seconds=60)
    begun = queue_with(with_state(1, RestoreState.RESTORING), *(line(id) for id in range(2, 8)))
    summary = summarize(begun, now)
    assert (summary.left, summary.left_words) == (
        None,
        "no estimate: none is restored yet",
    )
    untimed = with_state(8, RestoreState.SUCCEEDED)
    assert summarize(queue_with(untimed, *begun.lines), now).left_words == (
        "no estimate: the server states no duration"
    )
    going = replace(queue_with(restored(8, 100), restored(9, 140), *begun.lines), at_a_time=2, per_server=3)
    summary = summarize(going, now)  # 60 s of the running one, 120 s of each of the six: two at a time
    assert summary.left == timedelta(seconds=390)
    assert summary.left_words == "about 6 min left (by 2 restored, 3 on a server)"
    assert summarize(replace(going, per_server=1), now).left == timedelta(seconds=780)
    paused = summarize(transitions.pause(going), now)
    assert (paused.left, paused.left_words) == (None, "no estimate while the queue is paused")


def test_why_there_is_no_estimate_is_readable_in_80_columns() -> None:
    now = NOW + timedelta(hours=1, minutes=2)
    begun = replace(queue_with(with_state(1, RestoreState.RESTORING), line(2)), at_a_time=50)
    for queue in (begun, replace(begun, lines=(*begun.lines, with_state(8, RestoreState.SUCCEEDED)))):
        shown = queue_title(queue, now, 78)[1]
        assert shown.endswith(summarize(queue, now).left_words), shown
        assert "no estimate: " in shown


def test_held_lines_are_no_part_of_the_estimate_and_it_says_so() -> None:
    failed = replace(with_state(1, RestoreState.FAILED), critical=True)
    queue = queue_with(failed, restored(2, 60), line(3, group=2), line(4, group=2))
    summary = summarize(queue, NOW)
    assert summary.left == timedelta(0)
    assert summary.left_words.endswith(", without 2 held)")
    assert summarize(transitions.let_go_on(queue, 2), NOW).left == timedelta(seconds=60)


def test_once_all_have_ended_the_elapsed_time_stands_still() -> None:
    queue = queue_with(restored(1, 60), restored(2, 90))
    summary = summarize(queue, NOW + timedelta(hours=9))
    assert (summary.elapsed, summary.left_words, summary.done) == (timedelta(seconds=90), "", 1.0)
    assert summarize(queue_with(line(1)), NOW).elapsed is None


def test_what_is_unknown_for_good_does_not_let_elapsed_go_on() -> None:
    lost, later = with_state(2, RestoreState.UNKNOWN), NOW + timedelta(hours=9)
    summary = summarize(queue_with(restored(1, 60), lost), later)
    assert (summary.elapsed, summary.left_words, summary.done) == (timedelta(seconds=60), "", 1.0)
    assert summarize(queue_with(lost), later).elapsed is None, "no end is known"
    searched = with_state(2, RestoreState.UNKNOWN, search_since=0.0)
    going = summarize(queue_with(restored(1, 60), searched), later)
    assert (going.elapsed, going.done) == (timedelta(hours=9), 0.5)
