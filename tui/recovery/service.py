"""The recovery of many on one logon: the incident in force, the marked VMs, the plan and its queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tui import timefmt
from tui.clock import Clock
from tui.recovery.queue import (
    LineState,
    Queue,
    QueueLine,
    QueueRunning,
    decided_text,
    line_text,
    pause,
    queue_of,
    resume,
    set_limits,
)
from tui.recovery.queue_runner import RestoreQueue
from tui.recovery.report import Report, Wanted, report_of
from tui.restore_points.index import VmKey
from tui.restore_states import RestoreState
from tui.restores.incident import Incident
from tui.restores.journal_mapping import take_up
from tui.restores.ports import JournalEntry
from tui.restores.restore import Restore
from tui.restores.service import RestoreService
from tui.store.errors import JournalError, NotOwner, StoreError
from tui.store.journal import Journal
from tui.store.recovery_journal import WAITING, IncidentEntry, QueueEntry, RecoveryJournal

Start = Callable[[Coroutine[Any, Any, Any], str], "asyncio.Task[Any]"]
"""Runs something that no screen owns; the text completes 'while trying to ...'."""


class RecoveryService:
    """What one logon recovers, and for which incident.

    Args:
        restores: the restores of this logon; they are told of the incident.
        journal: where incidents and queues are kept; None while there is no journal.
        clock: this machine's time.
        on_change: called when the incident or the marks are others.
        start: runs the queue; an error of it is reported by whoever runs it.
    """

    def __init__(
        self,
        restores: RestoreService,
        journal: Journal | None,
        clock: Clock,
        on_change: Callable[[], None] = lambda: None,
        start: Start = lambda work, doing: asyncio.create_task(work, name=doing),
    ) -> None:
        self.restores, self.clock = restores, clock
        self.journal: RecoveryJournal | None = None
        """Where incidents and queues are kept; None while there is no journal."""
        if journal is not None:
            self.journal = RecoveryJournal(
                journal, server=restores.server, operator=restores.operator, clock=clock
            )
        self.marked: dict[VmKey, None] = {}
        """The VMs that are marked, in the order of their marking."""
        self.on_change = on_change
        self.queue: RestoreQueue | None = None
        """The queue of this run, also after its end; None while there is none."""
        self.is_interrupted = False
        """Whether a queue of an earlier run has lines that were not sent."""
        self._start = start
        self._sending: asyncio.Task[Any] | None = None
        self.queue_listeners: list[Callable[[], None]] = []
        """Called after each change of the queue."""

    @property
    def incident(self) -> Incident | None:
        """Return the incident in force; None where none is set."""
        return self.restores.incident

    def incident_words(self, now: datetime) -> tuple[str, ...]:
        """Return the line that every screen shows, the longest spelling first; empty without an incident."""
        incident = self.incident
        if incident is None:
            return ()
        ago = f"{timefmt.span(now - incident.moment)} ago"
        marked = f"{len(self.marked)} marked" if self.marked else ""
        full, *shorter = timefmt.spellings(incident.moment)
        done = self._done_words
        lines = (
            (full, ago, incident.ticket, marked, done),
            *((one, ago, incident.ticket, done) for one in shorter),
            *((one, ago, incident.ticket) for one in shorter),
        )
        return tuple(
            "  ".join(filter(None, (f"INCIDENT  before {at}, {age}", *rest))) for at, age, *rest in lines
        )

    @property
    def _done_words(self) -> str:
        """Return how many of the queue's restores have ended, as `3/12 done`; empty without a queue."""
        lines = self.queue.queue.lines if self.queue is not None else ()
        sent = [line for line in lines if line.state is not LineState.TAKEN_OUT]
        return f"{sum(line.has_ended for line in sent)}/{len(sent)} done" if sent else ""

    async def load(self) -> str:
        """Take up the incident that an earlier run set.

        Returns:
            What to say of queues that an earlier run did not end, without a full stop; empty for none.

        Raises:
            JournalError: the journal cannot be read.
        """
        if self.journal is None:
            return ""
        self._use(_incident_of(await asyncio.to_thread(self.journal.incident)))
        count = sum(len(queue.to_be_sent) for queue in await self.offered())
        self.is_interrupted = bool(count)
        vms = "1 VM" if count == 1 else f"{count} VMs"
        return f"{vms} of an interrupted queue NOT SENT" if count else ""

    async def set_incident(self, incident: Incident, typed: str = "") -> None:
        """Put an incident in force, on disk first.

        Args:
            incident: what restores are for.
            typed: what was typed for its moment.

        Raises:
            JournalError: it cannot be written; the incident of before stays in force.
        """
        if self.journal is not None:
            limit = incident.lost_at_most
            await asyncio.to_thread(
                self.journal.set_incident,
                incident.moment,
                typed=typed,
                ticket=incident.ticket,
                lost_at_most_s=None if limit is None else int(limit.total_seconds()),
            )
        self._use(incident)

    async def clear_incident(self) -> None:
        """End the incident, on disk first.

        Raises:
            JournalError: it cannot be written; the incident stays in force.
        """
        if self.journal is not None:
            await asyncio.to_thread(self.journal.set_incident, None)
        self._use(None)

    def _use(self, incident: Incident | None) -> None:
        self.restores.incident = incident
        self.on_change()

    # Marks

    def mark(self, keys: Iterable[VmKey], *, on: bool = True) -> None:
        """Mark VMs, or take their marks away."""
        for key in keys:
            if on:
                self.marked.setdefault(key)
            else:
                self.marked.pop(key, None)
        self.on_change()

    def turn_mark(self, key: VmKey) -> None:
        """Mark a VM, or take its mark away."""
        self.mark([key], on=key not in self.marked)

    # The queue

    async def start_queue(
        self,
        lines: Sequence[QueueLine],
        *,
        name: str = "",
        ticket: str = "",
        at_a_time: int | None = None,
        per_server: int | None = None,
        left_out: Iterable[tuple[str, str]] = (),
    ) -> RestoreQueue:
        """Journal the queue of confirmed plans with all its lines, then begin to send it.

        Args:
            lines: what to send; the groups are sent in the order of their numbers.
            name: of the recovery plan.
            ticket: ticket or reason, for each restore.
            at_a_time: how many run at once; None: as many as usual.
            per_server: how many of them on one backup server; None: as many as usual.
            left_out: VMs of the plan that are not sent, each with why, for the report.

        Raises:
            JournalError: it cannot be written; nothing is sent.
            QueueRunning: lines of another queue still wait.
        """
        journal = self._need_journal()
        await self._make_room()
        ordered = sorted(lines, key=lambda line: line.group)
        moment = self.incident.moment if self.incident else None
        decided = set_limits(
            Queue(id=0, created=self.clock.now(), left_out=tuple(left_out)),
            at_a_time=at_a_time,
            per_server=per_server,
        )
        entry = await asyncio.to_thread(
            journal.plan_queue,
            [line_text(one) for one in ordered],
            name=name,
            ticket=ticket,
            incident=moment,
            decided=decided_text(decided),
        )
        plans = {row.id: line.plan for row, line in zip(entry.rows, ordered, strict=True)}
        return self._run(queue_of(entry, plans=plans), journal)

    def _need_journal(self) -> RecoveryJournal:
        if self.journal is None:
            raise JournalError("A queue is sent only with a journal.", title="There is no journal")
        return self.journal

    async def _make_room(self) -> None:
        """Give up the queue of before.

        Raises:
            QueueRunning: it still has lines to send.
        """
        if self.queue is not None and self.queue.queue.to_be_sent:
            count = len(self.queue.queue.to_be_sent)
            raise QueueRunning(f"{count} of its lines {'waits' if count == 1 else 'wait'}.")
        await self.close()

    def _run(self, queue: Queue, journal: RecoveryJournal) -> RestoreQueue:
        self.queue = RestoreQueue(
            queue, self.restores, journal, self.clock, on_change=self._changed, on_failure=self._report
        )
        self._sending = self._start(self.queue.run(), "send the queue")
        self._changed()
        return self.queue

    def _changed(self) -> None:
        for listener in tuple(self.queue_listeners):
            try:
                listener()
            except Exception as error:  # noqa: BLE001 - a screen that fails must not end the sending
                self._report(error)

    def _report(self, error: BaseException) -> None:
        self._start(_fail(error), "send the queue")

    async def offered(self) -> tuple[Queue, ...]:
        """Return the open queues with lines that were not sent, which nobody works through: for the operator.

        Each is as it was left, paused or not. What has nothing left to send is closed and not among them.

        Raises:
            JournalError: the journal cannot be read or written.
        """
        journal, found = self.journal, []
        if journal is None:
            return ()
        for entry in await asyncio.to_thread(journal.open_queues):
            if not await asyncio.to_thread(journal.is_offered, entry):
                continue
            if any(row.restore_id is None and row.state == WAITING for row in entry.rows):
                found.append(queue_of(entry, await self._restores_of(entry)))
            else:
                await asyncio.to_thread(journal.close_queue, entry.id)
        return tuple(found)

    async def _restores_of(self, entry: QueueEntry) -> list[Restore]:
        """Return the restores of a queue's lines: of this run, else as the journal last knew them."""
        known = {one.queue_row: one for one in self.restores.all}
        found = [known[row.id] for row in entry.rows if row.id in known]
        for row in entry.rows:
            if row.restore_id is not None and row.id not in known:
                # One that cannot be read stays a line that was sent, of which no more is known.
                with suppress(ValueError):
                    found.append(take_up(await self.restores.read_row(row.restore_id)))
        return found

    async def take_up(self, id: int) -> RestoreQueue:
        """Become the owner of an offered queue: it is paused, its waiting lines are to be confirmed again.

        Its limits are as they were, and so are the groups that were let go on.

        Raises:
            JournalError: the journal cannot be read or written.
            NotOwner: another vbem took it.
            QueueRunning: lines of another queue still wait.
        """
        journal = self._need_journal()
        await self._make_room()
        if not await asyncio.to_thread(journal.claim_queue, id):
            raise NotOwner(
                f"Queue {id} was taken up meanwhile.", title="Another vbem works through this queue"
            )
        entry = await asyncio.to_thread(journal.queue, id)
        # Why an earlier run paused it does not hold for this one.
        queue = pause(resume(queue_of(entry, await self._restores_of(entry))))
        return self._run(replace(queue, taken_up=(*queue.taken_up, self.clock.now())), journal)

    async def close_offered(self, id: int) -> None:
        """Never offer a queue again; what it has not sent stays unsent.

        Raises:
            JournalError: the journal cannot be written.
            NotOwner: another vbem works through it.
        """
        await asyncio.to_thread(self._need_journal().close_queue, id)

    async def close(self) -> None:
        """Stop sending the queue of this run; one with waiting lines is offered at the next start."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        if self.queue is not None:
            # Once this process is gone nobody owns it: it is offered all the same.
            with suppress(StoreError):
                await self.queue.close()
        self.queue = self._sending = None

    @property
    def is_sending(self) -> bool:
        """Return whether a line of the queue is being sent, or its reply is still to come."""
        lines = self.queue.queue.lines if self.queue else ()
        sent = (line.restore.state for line in lines if line.restore is not None)
        return RestoreState.SENT in sent or any(line.state is LineState.SENDING for line in lines)

    async def report(self, entries: Sequence[JournalEntry], wanted: Wanted) -> Report:
        """Return the report of rows of the journal, with what queues never sent.

        Args:
            entries: rows of the journal.
            wanted: which of them belong in.

        Raises:
            JournalError: the journal cannot be read.
        """
        is_whole = self.journal is not None and wanted.takes_unsent
        queues = await asyncio.to_thread(self._need_journal().queues) if is_whole else []
        chosen, server = filter(wanted.has, entries), self.restores.server
        return report_of(chosen, queues, server=server, made=self.clock.now(), ticket=wanted.ticket)

    @property
    def waiting_words(self) -> str:
        """Return what becomes of the lines that wait when this program ends, in sentences; empty for none."""
        count = len(self.queue.queue.to_be_sent) if self.queue else 0
        if not count:
            return ""
        subject, verb, them = ("1 VM", "waits", "it") if count == 1 else (f"{count} VMs", "wait", "them")
        then = f"vbem does not send {them} by itself, but offers {them} at the next start."
        return f"{subject} of the queue still {verb}: {then}"


async def _fail(error: BaseException) -> None:
    raise error


def _incident_of(entry: IncidentEntry | None) -> Incident | None:
    if entry is None or entry.moment is None:
        return None
    limit = None if entry.lost_at_most_s is None else timedelta(seconds=entry.lost_at_most_s)
    return Incident(moment=entry.moment, ticket=entry.ticket, lost_at_most=limit)
