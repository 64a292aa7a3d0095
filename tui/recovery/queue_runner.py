"""Sends a queue: journals what was decided, sends what may be sent, follows what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from tui.api.errors import Busy, NotAllowed, Unreachable, Untrusted
from tui.clock import Clock
from tui.errors import VbemError, describe
from tui.recovery import queue as transitions
from tui.recovery.queue import LineState, Queue, QueuedLine
from tui.recovery.queue_summary import summarize
from tui.restores.errors import NotLoggedOn, Withdrawn
from tui.restores.journal_mapping import take_up
from tui.restores.plan import RestorePlan
from tui.restores.restore import Restore
from tui.restores.service import RestoreService
from tui.sanitize import safe
from tui.store.errors import StoreError
from tui.store.recovery_journal import RecoveryJournal

_OF_ALL_LINES = (Unreachable, Untrusted, NotAllowed, Busy, NotLoggedOn, StoreError)
"""What the next line would meet as well."""
LOOK_EVERY_S = 5.0
"""How often the journal is read for restores of the queue that another vbem follows."""
_KEPT_STATES = {LineState.WAITING, LineState.NOT_SENT, LineState.TAKEN_OUT}


class RestoreQueue:
    """One queue of this run; what an operator decides takes effect at once, and is journalled by `run`.

    Args:
        queue: as the journal has it, with the plans that were confirmed.
        restores: what sends.
        journal: where its lines are.
        clock: this machine's time.
        on_change: called after each change of `queue`.
        on_failure: called with an error that nobody foresaw; the queue pauses.
    """

    def __init__(
        self,
        queue: Queue,
        restores: RestoreService,
        journal: RecoveryJournal,
        clock: Clock,
        *,
        on_change: Callable[[], None] = lambda: None,
        on_failure: Callable[[BaseException], object] = lambda _error: None,
    ) -> None:
        self.queue = queue
        """The newest snapshot."""
        self._restores, self._journal, self._clock = restores, journal, clock
        self._on_change, self._on_failure = on_change, on_failure
        self._wake = asyncio.Event()
        self._unsaved: dict[int, None] = {}
        self._saved = transitions.decided_text(queue)

    @property
    def title(self) -> str:
        """Return how far it is, for the terminal's title: `3/12 restored, 1 FAILED`."""
        return summarize(self.queue, self._clock.now()).title

    # What the operator decides

    def pause(self) -> None:
        """Send nothing more: neither what waits nor what is being looked at before it is sent."""
        self._set(transitions.pause(self.queue))

    def resume(self) -> None:
        """Send on."""
        self._set(transitions.resume(self.queue))

    def move(self, id: int, *, by: int) -> None:
        """Let a waiting line change places with the next one of its group, up (-1) or down (1)."""
        self._set(transitions.move(self.queue, id, by=by))

    def take_out(self, id: int) -> None:
        """Take a waiting line out."""
        self._set(transitions.take_out(self.queue, id))

    def put_back(self, id: int) -> None:
        """Let a line wait again that was taken out, or was not sent."""
        self._set(transitions.put_back(self.queue, id))

    def set_limits(self, *, at_a_time: int | None = None, per_server: int | None = None) -> None:
        """Change how many run at once, in all and on one backup server."""
        self._set(transitions.set_limits(self.queue, at_a_time=at_a_time, per_server=per_server))

    def let_go_on(self, group: int) -> None:
        """Let a held group begin, though critical lines before it were not restored."""
        self._set(transitions.let_go_on(self.queue, group))

    def confirm(self, plans: Mapping[int, RestorePlan]) -> None:
        """Give waiting lines their plans, prepared and confirmed again, by their numbers."""
        self._set(transitions.confirm(self.queue, plans))

    def _set(self, queue: Queue) -> None:
        """Take a new snapshot; remember what of it the journal keeps."""
        before, self.queue = self.queue, queue
        if queue is before:
            return
        old = {line.id: (place, line) for place, line in enumerate(before.lines)}
        for place, line in enumerate(queue.lines):
            there, known = old[line.id]
            is_moved = there != place
            is_other = line.state is not known.state and known.state is not LineState.SENDING
            if line.state in _KEPT_STATES and (is_moved or is_other or line.why != known.why):
                self._unsaved[line.id] = None
        self._wake.set()
        self._on_change()

    # Sending

    async def run(self) -> None:
        """Send what may be sent, until it is cancelled; what was sent stays sent."""
        forget = self._restores.on_change(self._note)
        self._note(self._restores.all)
        try:
            async with asyncio.TaskGroup() as sends:
                reading = sends.create_task(self._read_others())
                while True:
                    self._wake.clear()
                    if reading.done() and self._followed_by_others():
                        reading = sends.create_task(self._read_others())
                    await self.save()
                    while (line := self.queue.next_line()) is not None:
                        self._set(transitions.sending(self.queue, line.id))
                        sends.create_task(self._send(line))
                    await self._wake.wait()
        finally:
            forget()

    async def close(self) -> None:
        """Give the queue up: one with waiting lines is offered again, any other one never.

        Raises:
            JournalError: that cannot be written.
        """
        await self.save()
        give_up = self._journal.release_queue if self.queue.to_be_sent else self._journal.close_queue
        await asyncio.to_thread(give_up, self.queue.id)

    def _note(self, restores: Iterable[Restore]) -> None:
        before, now = self.queue, transitions.with_restores(self.queue, restores)
        for old, new in zip(before.lines, now.lines, strict=True):
            error = new.restore.error if new.restore is not None and new is not old else None
            is_news = error is not None and (old.restore is None or old.restore.error is not error)
            if is_news and isinstance(error, _OF_ALL_LINES):
                now = transitions.pause(now, describe(f"restore {safe(new.vm_name, cells=40)}", error))
        self._set(now)
        if self._followed_by_others():
            # One of its own may have been taken over just now.
            self._wake.set()

    async def _read_others(self) -> None:
        """Read what became of an earlier run's restores from the journal, while another vbem follows them."""
        while others := self._followed_by_others():
            for other in others:
                # Where it cannot be read now, what was known last stays.
                with suppress(StoreError, ValueError):
                    entry = await self._restores.read_row(other.entry_id or 0)
                    if other.key in {one.key for one in self._followed_by_others()}:
                        self._note((replace(take_up(entry), key=other.key),))
            await self._clock.sleep(LOOK_EVERY_S)

    def _followed_by_others(self) -> list[Restore]:
        known = {one.key for one in self._restores.all}
        found = (line.restore for line in self.queue.lines)
        return [one for one in found if one is not None and not one.is_over and one.key not in known]

    async def save(self) -> None:
        """Write what was decided to the journal; where that fails the queue pauses, and says why."""
        places = {line.id: place for place, line in enumerate(self.queue.lines)}
        for id in tuple(self._unsaved):
            line = self.queue.get(id)
            if line.state in _KEPT_STATES:
                try:
                    await asyncio.to_thread(
                        self._journal.update_row,
                        self.queue.id,
                        id,
                        state=line.state,
                        why=line.why,
                        place=places[id],
                    )
                except StoreError as error:
                    self._pause_for("journal the queue", error)
                    return
                if self.queue.get(id) is not line:
                    continue
            self._unsaved.pop(id, None)
        decided = transitions.decided_text(self.queue)
        if decided != self._saved:
            try:
                await asyncio.to_thread(self._journal.decide, self.queue.id, decided)
            except StoreError as error:
                self._pause_for("journal the queue", error)
                return
            self._saved = decided

    def _pause_for(self, doing: str, error: Exception) -> None:
        self._set(transitions.pause(self.queue, describe(doing, error)))

    async def _send(self, line: QueuedLine) -> None:
        """Send one line, once; what is not sent waits where the next line would fare the same."""
        plan = line.plan
        if plan is None:
            return
        name = safe(line.vm_name, cells=40)
        try:
            await self._restores.submit(plan, self.queue.ticket, is_wanted=lambda: not self.queue.is_paused)
        except Withdrawn:
            self._set(transitions.waits_again(self.queue, line.id))
        except _OF_ALL_LINES as error:
            self._pause_for(f"send the restore of {name}", error)
            await self._wait_or_note(line, plan)
        except VbemError as error:
            self._set(transitions.not_sent(self.queue, line.id, describe(f"restore {name}", error)))
        except Exception as error:  # noqa: BLE001 - the edge around one line: the others are still to be shown
            why = f"vbem failed ({type(error).__name__}) before it was sent."
            self._set(transitions.not_sent(self.queue, line.id, why))
            self._pause_for(f"send the restore of {name}", error)
            self._on_failure(error)

    async def _wait_or_note(self, line: QueuedLine, plan: RestorePlan) -> None:
        """Let a line wait again of which nothing was sent; where another vbem sent it, say so instead."""
        queue = self.queue
        with suppress(StoreError):
            entry = await asyncio.to_thread(self._journal.queue, queue.id)
            row = next((row for row in entry.rows if row.id == line.id), None)
            if row is not None and row.restore_id is not None:
                sent = await self._restores.read_row(row.restore_id)
                if sent.plan_key != plan.key:
                    why = f"Another vbem sent it: row {sent.id} of the journal."
                    self._set(transitions.not_sent(self.queue, line.id, why))
        self._set(transitions.waits_again(self.queue, line.id))
