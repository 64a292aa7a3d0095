"""The queue of a recovery plan, as a snapshot that only pure functions change.

What is sent next, and why a line is not, follows from the snapshot alone; `queue_runner` does the sending. A
line whose restore is not known to have ended keeps its place, whatever is doubtful about it. One that is
unknown keeps it while its session is looked for at full pace: after that nobody may ever learn more, and it
frees its place though it may still run. If it is found to run after all, it has its place again, and nothing
more is sent until there is room. The groups after it do not wait for it, unless it is critical.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from tui import timefmt
from tui.config import AT_A_TIME, MOST_AT_A_TIME, PER_SERVER
from tui.errors import VbemError
from tui.restore_states import RestoreState
from tui.restores.plan import RestorePlan
from tui.restores.ports import JournalEntry
from tui.restores.restore import Restore
from tui.store.recovery_journal import WAITING, QueueEntry, QueueRow

_RESTORED = frozenset({RestoreState.SUCCEEDED, RestoreState.WARNING})


class QueueRunning(VbemError):
    """Lines of another queue still wait in this run."""

    title = "Another queue is running"
    hint = "Wait until it has ended, or take its waiting lines out."


class LineState(StrEnum):
    """Where a line is; the journal keeps all but SENDING and SENT, which its restore's row says."""

    WAITING = WAITING
    SENDING = "being sent"
    """Its VM's sessions are listed, then its row is written; no row is on disk yet."""
    SENT = "sent"
    """Its restore's state is all there is to say; without one, the restore's row cannot be read."""
    NOT_SENT = "not sent"
    TAKEN_OUT = "taken out"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLine:
    """One line to send."""

    plan: RestorePlan
    """Confirmed."""
    group: int
    critical: bool
    """Whether the groups after it are held where it is not restored."""
    record: str
    """JSON that rebuilds the plan's line after a crash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedLine:
    """One line of a queue, and what became of it."""

    id: int
    """Its number in the journal: a restore that names it is this line's."""
    vm_name: str
    server: str
    """The backup server, by UID."""
    group: int
    critical: bool = False
    record: str = ""
    plan: RestorePlan | None = None
    """None where it was sent, or must be prepared and confirmed again."""
    state: LineState = LineState.WAITING
    why: str = ""
    """Why it was not sent."""
    restore: Restore | None = None
    """Its restore as last known."""

    @property
    def restore_key(self) -> str:
        """Return the key of its restore; empty while it has none."""
        return self.restore.key if self.restore is not None else ""

    @property
    def entry_id(self) -> int | None:
        """Return the number of its restore's row in the journal; None while it has none."""
        return self.restore.entry_id if self.restore is not None else None

    @property
    def is_to_be_sent(self) -> bool:
        """Return whether it waits, or is being sent."""
        return self.state in {LineState.WAITING, LineState.SENDING}

    @property
    def has_ended(self) -> bool:
        """Return whether nothing more is waited for: it is over, not sent, taken out, or unknown for good.

        Unknown for good is what is not looked for at full pace any more, and whose session has stopped
        without a result.
        """
        if self.restore is not None:
            is_searched = self.restore.search_since is not None
            return self.restore.is_over or (self.restore.state is RestoreState.UNKNOWN and not is_searched)
        return not self.is_to_be_sent

    @property
    def is_awaited(self) -> bool:
        """Return whether the groups after it wait for it: not for one that is unknown."""
        is_unknown = self.restore is not None and self.restore.state is RestoreState.UNKNOWN
        return not (self.has_ended or is_unknown)

    @property
    def uses_place(self) -> bool:
        """Return whether it is one of those that run at once."""
        return self.state is LineState.SENDING or (self.state is LineState.SENT and not self.has_ended)

    @property
    def is_restored(self) -> bool:
        """Return whether its restore succeeded, with or without warnings."""
        return self.restore is not None and self.restore.state in _RESTORED


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue with its lines, in the order of their groups."""

    id: int
    """Its number in the journal."""
    created: datetime
    operator: str = ""
    name: str = ""
    """Of the recovery plan."""
    ticket: str = ""
    lines: tuple[QueuedLine, ...] = ()
    at_a_time: int = AT_A_TIME
    per_server: int = PER_SERVER
    is_paused: bool = False
    why_paused: str = ""
    """What went wrong; empty where the operator paused it."""
    let_go: frozenset[int] = frozenset()
    """Critical lines that were not restored, but hold nothing any more: the operator's word."""
    taken_up: tuple[datetime, ...] = ()
    """When it was taken up again after it was cut off, by this machine's clock."""
    left_out: tuple[tuple[str, str], ...] = ()
    """VMs that the plan had and this queue has not, each with why; empty where nothing forbade it."""

    @property
    def is_finished(self) -> bool:
        """Return whether all lines have ended."""
        return all(line.has_ended for line in self.lines)

    @property
    def to_be_sent(self) -> tuple[QueuedLine, ...]:
        """Return the lines that wait or are being sent."""
        return tuple(line for line in self.lines if line.is_to_be_sent)

    @property
    def is_pausable(self) -> bool:
        """Return whether there is something to pause, or to resume."""
        return self.is_paused or bool(self.to_be_sent)

    @property
    def to_confirm(self) -> tuple[QueuedLine, ...]:
        """Return the waiting lines that must be prepared and confirmed again."""
        return tuple(line for line in self.lines if line.state is LineState.WAITING and line.plan is None)

    def get(self, id: int) -> QueuedLine:
        """Return the line of that number.

        Raises:
            KeyError: the queue has none.
        """
        return self.lines[self._place(id)]

    def _place(self, id: int) -> int:
        for place, line in enumerate(self.lines):
            if line.id == id:
                return place
        raise KeyError(id)

    def held_by(self, group: int) -> tuple[QueuedLine, ...]:
        """Return the critical lines of earlier groups that failed or are unknown, and hold the group."""
        return tuple(
            line
            for line in self.lines
            if line.critical
            and line.group < group
            and not line.is_awaited
            and not line.is_restored
            and line.id not in self.let_go
        )

    def may_begin(self, group: int) -> bool:
        """Return whether no line of the groups before is awaited, or holds this one."""
        is_awaited = any(line.is_awaited for line in self.lines if line.group < group)
        return not is_awaited and not self.held_by(group)

    def next_line(self) -> QueuedLine | None:
        """Return the line to send now; None where nothing may be sent."""
        running = [line.server for line in self.lines if line.uses_place]
        waiting = [line for line in self.lines if line.state is LineState.WAITING]
        if self.is_paused or not waiting or len(running) >= self.at_a_time:
            return None
        group = min(line.group for line in waiting)
        if not self.may_begin(group):
            return None
        for line in waiting:
            is_next = line.group == group and line.plan is not None
            if is_next and running.count(line.server) < self.per_server:
                return line
        return None


# Transitions: each returns the queue it was given where it does not apply.


def _change(
    queue: Queue,
    id: int,
    *,
    before: Iterable[LineState],
    **changes: Any,  # noqa: ANN401 - fields of QueuedLine by name
) -> Queue:
    line = queue.get(id)
    if line.state not in before:
        return queue
    changed = replace(line, **changes)
    return replace(queue, lines=tuple(changed if one.id == id else one for one in queue.lines))


def sending(queue: Queue, id: int) -> Queue:
    """Apply that a line is about to be sent."""
    return _change(queue, id, before={LineState.WAITING}, state=LineState.SENDING)


def waits_again(queue: Queue, id: int) -> Queue:
    """Apply that surely nothing of a line was sent, and that it may be sent later."""
    return _change(queue, id, before={LineState.SENDING}, state=LineState.WAITING)


def not_sent(queue: Queue, id: int, why: str) -> Queue:
    """Apply that surely nothing of a line was sent, for a reason of its own."""
    return _change(queue, id, before={LineState.SENDING}, state=LineState.NOT_SENT, why=why)


def take_out(queue: Queue, id: int) -> Queue:
    """Take a waiting line out. A critical one that was taken out holds the groups after it."""
    return _change(queue, id, before={LineState.WAITING}, state=LineState.TAKEN_OUT)


def put_back(queue: Queue, id: int) -> Queue:
    """Let a line wait again that was taken out, or was not sent."""
    before = {LineState.TAKEN_OUT, LineState.NOT_SENT} if queue.get(id).vm_name else set[LineState]()
    changed = _change(queue, id, before=before, state=LineState.WAITING, why="")
    return replace(changed, let_go=queue.let_go - {id})


def confirm(queue: Queue, plans: Mapping[int, RestorePlan]) -> Queue:
    """Give waiting lines their plans, prepared and confirmed again, by their numbers."""
    for id, plan in plans.items():
        queue = _change(queue, id, before={LineState.WAITING}, plan=for_line(plan, id))
    return queue


def for_line(plan: RestorePlan, id: int) -> RestorePlan:
    """Return the very same plan for a line. What was not looked for counts as none: then nothing is sent."""
    context = plan.context
    strict = replace(
        context,
        queue_row=id,
        running=() if context.running is None else context.running,
        known_rows=frozenset() if context.known_rows is None else context.known_rows,
    )
    return replace(plan, context=strict)


def move(queue: Queue, id: int, *, by: int) -> Queue:
    """Let a waiting line change places with the next waiting one of its group, up (-1) or down (1)."""
    line, lines = queue.get(id), list(queue.lines)
    group = [one for one in lines if one.state is LineState.WAITING and one.group == line.group]
    if line not in group or not 0 <= group.index(line) + by < len(group):
        return queue
    other = group[group.index(line) + by]
    here, there = lines.index(line), lines.index(other)
    lines[here], lines[there] = other, line
    return replace(queue, lines=tuple(lines))


def pause(queue: Queue, why: str = "") -> Queue:
    """Send nothing more until `resume`; the first thing that went wrong stays said."""
    first = queue.why_paused or why
    if queue.is_paused and queue.why_paused == first:
        return queue
    return replace(queue, is_paused=True, why_paused=first)


def resume(queue: Queue) -> Queue:
    """Send on."""
    return replace(queue, is_paused=False, why_paused="")


def set_limits(queue: Queue, *, at_a_time: int | None = None, per_server: int | None = None) -> Queue:
    """Change how many run at once, from 1 to `MOST_AT_A_TIME`; what runs already runs on."""

    def within(number: int) -> int:
        return max(1, min(MOST_AT_A_TIME, number))

    return replace(
        queue,
        at_a_time=queue.at_a_time if at_a_time is None else within(at_a_time),
        per_server=queue.per_server if per_server is None else within(per_server),
    )


def let_go_on(queue: Queue, group: int) -> Queue:
    """Let a held group begin, though critical lines before it were not restored."""
    return replace(queue, let_go=queue.let_go | {line.id for line in queue.held_by(group)})


def with_restores(queue: Queue, restores: Iterable[Restore]) -> Queue:
    """Apply what is known of the restores that name a line: it is sent, whatever was thought before."""
    found = {one.queue_row: one for one in restores if one.queue_row is not None}
    news = [one for one in queue.lines if one.id in found and found[one.id] is not one.restore]
    if not news:
        return queue
    changed = {
        one.id: replace(one, state=LineState.SENT, restore=found[one.id], plan=None, why="") for one in news
    }
    return replace(queue, lines=tuple(changed.get(one.id, one) for one in queue.lines))


# The journal


def line_text(line: QueueLine) -> str:
    """Return a line as the journal keeps it."""
    point = line.plan.point
    return json.dumps(
        {
            "vm": line.plan.vm_name,
            "server": point.server_uid or point.server_name,
            "group": line.group,
            "critical": line.critical,
            "record": line.record,
        }
    )


def decided_text(queue: Queue) -> str:
    """Return what holds for the queue as a whole, as the journal keeps it."""
    return json.dumps(
        {
            "at_a_time": queue.at_a_time,
            "per_server": queue.per_server,
            "is_paused": queue.is_paused,
            "why_paused": queue.why_paused,
            "let_go": sorted(queue.let_go),
            "taken_up": [at.isoformat() for at in queue.taken_up],
            "left_out": queue.left_out,
        }
    )


def _as_decided(queue: Queue, text: str) -> Queue:
    """Return the queue as it was decided; what cannot be read is as for a new queue, and holds."""
    try:
        kept = json.loads(text)
        return replace(
            queue,
            at_a_time=max(1, int(kept["at_a_time"])),
            per_server=max(1, int(kept["per_server"])),
            is_paused=bool(kept["is_paused"]),
            why_paused=str(kept["why_paused"]),
            let_go=frozenset(map(int, kept["let_go"])),
            taken_up=tuple(map(datetime.fromisoformat, kept.get("taken_up", ()))),
            left_out=tuple((str(name), str(why)) for name, why in kept.get("left_out", ())),
        )
    except (ValueError, KeyError, TypeError):
        return queue


def queue_of(
    entry: QueueEntry, restores: Iterable[Restore] = (), plans: Mapping[int, RestorePlan] | None = None
) -> Queue:
    """Return the queue of the journal's rows, with its limits, and paused where it was.

    Args:
        entry: the queue, with its lines in their order.
        restores: those that are known of its lines.
        plans: what was confirmed for its lines, by their numbers; a line without one is not sent.
    """
    queue = Queue(
        id=entry.id,
        created=entry.created,
        operator=entry.operator,
        name=entry.name,
        ticket=entry.ticket,
        lines=tuple(_line_of(row) for row in entry.rows),
    )
    return with_restores(confirm(_as_decided(queue, entry.decided), plans or {}), restores)


def _line_of(row: QueueRow) -> QueuedLine:
    """Read a line; one that cannot be read, or whose state is of a later version, is never sent."""
    unread = "Its row in the journal cannot be read."
    try:
        kept = json.loads(row.line)
        is_sent = row.restore_id is not None
        return QueuedLine(
            id=row.id,
            vm_name=str(kept["vm"]),
            server=str(kept["server"]),
            group=int(kept["group"]),
            critical=bool(kept["critical"]),
            record=str(kept["record"]),
            state=LineState.SENT if is_sent else LineState(row.state),
            why=unread if is_sent else row.why,
        )
    except (ValueError, KeyError, TypeError):
        # Critical: nobody knows what depends on it.
        state = LineState.NOT_SENT if row.restore_id is None else LineState.SENT
        return QueuedLine(id=row.id, vm_name="", server="", group=0, critical=True, state=state, why=unread)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """When nobody worked through a queue: its vbem had ended; by this machine's clock."""

    queue: int
    last_sent: datetime | None
    """When the last restore before was sent; None where none was."""
    taken_up: datetime

    @property
    def words(self) -> str:
        """Return it in a sentence."""
        sent = f"after {timefmt.utc(self.last_sent)}" if self.last_sent else "before it had sent anything"
        return (
            f"The vbem of queue {self.queue} ended {sent}; the queue was taken up again at "
            f"{timefmt.utc(self.taken_up)} (this machine's clock). It sent nothing in between."
        )


def gaps_of(queue: QueueEntry, entries: Iterable[JournalEntry]) -> Iterable[Gap]:
    """Return the times in which nobody worked through a queue, by the rows of the journal."""
    lines = {row.id for row in queue.rows}
    sent = [entry.created for entry in entries if entry.queue_row in lines and entry.known_created]
    for at in queue_of(queue).taken_up:
        yield Gap(queue=queue.id, last_sent=max((one for one in sent if one < at), default=None), taken_up=at)


def left_out_words(queues: Iterable[QueueEntry], restored: Collection[str]) -> list[str]:
    """Return which VMs plans had and nobody restored, as `hv-new01 (no point before the incident)`.

    Args:
        queues: as the journal has them.
        restored: names of VMs that were sent in some other way.
    """
    found = dict(one for queue in queues for one in queue_of(queue).left_out if one[0] not in restored)
    return [f"{name} ({why})" if why else name for name, why in found.items()]
