"""Sending, cancelling and finding again: the restores of one connection, owned by the application.

The order is the promise: the VM's sessions are listed, the row is on disk, then exactly one POST leaves.
What is not certain after that is called unknown, never guessed and never sent a second time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

from tui.api.errors import ManagerError
from tui.api.models import Items, RestorePoint, RestoreSession, Task, TaskState
from tui.clock import Clock
from tui.restore_states import RestoreState
from tui.restores import cancellation, outcome, transitions
from tui.restores.cancellation import CancelOutlook
from tui.restores.errors import AfterIncident, AlreadyRunning, AlreadySubmitted, NotLoggedOn, Withdrawn
from tui.restores.forms.fields import Values
from tui.restores.forms.form import RestoreForm
from tui.restores.incident import Incident
from tui.restores.journal_mapping import Requester, new_restore, row_of
from tui.restores.monitor import FASTEST_S, POLL_S, STALE_AFTER_S, Monitor, session_key
from tui.restores.plan import PlanContext, RestorePlan, beside, make_plan, new_names, with_context
from tui.restores.ports import JournalEntry, RestoreApi, RestoreJournal
from tui.restores.registry import Listener, RestoreRegistry, not_in_journal, with_unjournalled
from tui.restores.restore import Restore
from tui.restores.session_choice import SessionChoice
from tui.restores.session_search import (
    guard_query,
    listed_in_time,
    rows_of_vm,
    running_of,
    running_query,
    with_found,
)
from tui.restores.unfollowed import Unfollowed, kept_by_another, unreadable, why_unfollowed
from tui.store.errors import StoreError, VmInFlight
from tui.store.process_lock import this_process

LEAVING_PATIENCE_S = 2.0
"""How long `close` waits for replies that are still to come."""
REPLY_PATIENCE_S = 10.0
"""How long a reply to a POST or a DELETE may take before it is said that it is late."""
JOURNAL_PATIENCE_S = 2.0
"""How long a DELETE waits for the journal."""


class RestoreService:
    """Every restore of this run, and the only way to start, cancel or find one again.

    Args:
        manager: the calls of Enterprise Manager.
        journal: the rows on disk.
        server: `host:port`, as the rows name it.
        clock: this machine's time.
        operator: who sits at the keyboard, `user@host`.
        on_logon_needed: called when watching needs somebody to log on again.
        poll_every_s: the monitor's fastest pace.
        journal_patience_s: how long a DELETE waits until its row is written.
        reply_patience_s: how long a reply may take before it is said that it is late.
        stale_after_s: how long a poll may go unanswered before that is said.
        poll_s: how long it may go unanswered before it is given up, and tried again.
        on_failure: called with an error that nobody foresaw; the watching goes on.
    """

    def __init__(
        self,
        manager: RestoreApi,
        journal: RestoreJournal,
        *,
        server: str,
        clock: Clock,
        operator: str = "",
        on_logon_needed: Callable[[], object] | None = None,
        poll_every_s: float = FASTEST_S,
        journal_patience_s: float = JOURNAL_PATIENCE_S,
        reply_patience_s: float = REPLY_PATIENCE_S,
        stale_after_s: float = STALE_AFTER_S,
        poll_s: float = POLL_S,
        on_failure: Callable[[BaseException], object] = lambda _error: None,
    ) -> None:
        self.server, self.operator, self._me = server, operator, this_process()
        self.incident: Incident | None = None
        """What restores are for: plans say what is lost, and a point of after it needs its own yes."""
        self.is_followed_beside: Callable[[int], bool] = lambda _id: False
        """Whether this run follows a row of the journal at another of its servers."""
        self._manager, self._clock = manager, clock
        self._journal_patience_s, self._reply_patience_s = journal_patience_s, reply_patience_s
        self._registry = RestoreRegistry(journal, clock, on_failure)
        self.monitor = Monitor(
            manager,
            self._registry,
            clock,
            on_logon_needed=on_logon_needed,
            fastest_s=poll_every_s,
            stale_after_s=stale_after_s,
            poll_s=poll_s,
            on_failure=on_failure,
        )
        self.session_choice = SessionChoice(manager, self._registry, operator)
        self._unfollowed: tuple[Unfollowed, ...] = ()
        self._used: set[str] = set()
        self._sending: set[asyncio.Task[Restore]] = set()
        self._flushing: set[asyncio.Task[None]] = set()

    @property
    def all(self) -> tuple[Restore, ...]:
        """Return every restore of this run, in the order of their start."""
        return self._registry.all()

    @property
    def in_flight(self) -> tuple[Restore, ...]:
        """Return the restores something may still happen to."""
        return tuple(restore for restore in self.all if restore.is_in_flight)

    @property
    def journal_problem(self) -> str:
        """Return why the journal could not be kept up, empty while it is."""
        return self._registry.journal_problem

    def get(self, key: str) -> Restore:
        """Return the newest snapshot of one restore.

        Raises:
            KeyError: this run has none of that key.
        """
        return self._registry.get(key)

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Call a function with all restores after each change; returns how to stop that."""
        return self._registry.on_change(listener)

    async def run(self) -> None:
        """Watch until cancelled."""
        await self.monitor.run()

    def prepare(
        self,
        form: RestoreForm,
        values: Values,
        *,
        newest: datetime | None = None,
        same_names: int = 0,
        is_known_name: Callable[[str], bool] = lambda _name: False,
    ) -> RestorePlan:
        """Make the plan of a filled form and its exact request, once; the server is not asked anything.

        Args:
            form: the form.
            values: what was typed into it.
            newest: when the newest known point of the same VM was made.
            same_names: how many other VMs have the same name, or one that looks like it.
            is_known_name: whether a name is, or looks like, that of a known VM or vApp.

        Raises:
            IncompleteForm: the form still has problems.
            Invalid: a name cannot be written in the request.
        """
        spec = form.spec(values)
        taken = tuple(filter(is_known_name, new_names(spec, form.point.vm_name)))
        context = PlanContext(same_names=same_names, newest=newest, taken_names=taken)
        return make_plan(
            form,
            spec,
            request=self._manager.write_request(form.point, spec),
            api_version=self._manager.api_version,
            now=self._clock.now(),
            context=self._with_own(context, form.point),
        )

    def renew(self, plan: RestorePlan) -> RestorePlan:
        """Describe the very request of `plan` as of now: ages, and what this program has in flight."""
        return with_context(plan, self._with_own(plan.context, plan.point), self._clock.now())

    def allow_after_incident(self, plan: RestorePlan) -> RestorePlan:
        """Return the plan with the operator's yes to a point that is not of before the incident."""
        return self.renew(replace(plan, context=replace(plan.context, may_be_after=True)))

    async def check_running(self, plan: RestorePlan) -> RestorePlan:
        """Return the plan to confirm: the VM's sessions are listed now, and running ones warned of.

        The request stays the very one of `plan`; only what is said around it is of now.

        Raises:
            ManagerError: the sessions cannot be listed.
        """
        sessions = await listed_in_time(self._manager, guard_query(plan.vm_name))
        rows = await self._rows(lambda journal: journal.in_flight_of_vm(plan.vm_name, plan.point.server_uid))
        return self.renew(with_found(plan, sessions, rows, self._own_rows))

    async def check_running_of(self, plans: Sequence[RestorePlan]) -> list[RestorePlan]:
        """Return many plans to confirm, after one list of all restore sessions that run.

        Raises:
            ManagerError: the sessions cannot be listed.
        """
        sessions = await listed_in_time(self._manager, running_query())
        rows = await self._rows(lambda journal: journal.all_in_flight())
        own = self._own_rows
        return [self.renew(with_found(plan, sessions, rows_of_vm(rows, plan), own)) for plan in plans]

    @property
    def _own_rows(self) -> frozenset[int | None]:
        return frozenset(restore.entry_id for restore in self.all)

    async def _rows(self, read: Callable[[RestoreJournal], list[JournalEntry]]) -> list[JournalEntry]:
        """Return rows in flight, of every vbem that shares the journal."""
        try:
            return await asyncio.to_thread(read, self._registry.journal)
        except StoreError:
            # Sending says what is wrong with the journal, and asks whether to do without it.
            return []

    def _with_own(self, context: PlanContext, point: RestorePoint) -> PlanContext:
        others: tuple[Restore | JournalEntry, ...] = (*self.all, *(one.entry for one in self._unfollowed))
        return replace(context, incident=self.incident, **beside(others, point))

    async def submit(
        self,
        plan: RestorePlan,
        reason: str = "",
        *,
        override_journal: bool = False,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> Restore:
        """Send a confirmed plan: one journal row, one POST. Returns when it was answered, or given up on.

        Cancelling the caller after the row is written stops nothing: the sending belongs to this object.

        Args:
            plan: the plan, confirmed.
            reason: ticket or reason, for the journal.
            override_journal: the operator has seen why the journal cannot be written and sends it anyway.
            is_wanted: asked after the VM's sessions were listed, and before the row is written.

        Raises:
            NotSent: nothing was sent; the class says why.
            ManagerError: the VM's sessions could not be listed; nothing was sent.
            JournalError: the row could not be written; nothing was sent.
        """
        self._manager.check_may_write()
        if plan.key in self._used:
            raise AlreadySubmitted("One plan is one restore.")
        if plan.is_after_incident and not plan.context.may_be_after:
            raise AfterIncident(" ".join(plan.warnings))
        self._used.add(plan.key)
        try:
            before = await self._guard(plan, is_wanted)
        except BaseException:
            self._used.discard(plan.key)
            raise
        return await self._finish(self._record_and_send(plan, reason, before, override_journal))

    async def _guard(self, plan: RestorePlan, is_wanted: Callable[[], bool]) -> Items[RestoreSession]:
        if self._manager.session is None:
            raise NotLoggedOn("Nothing was sent to the server.")
        sessions = await listed_in_time(self._manager, guard_query(plan.vm_name))
        running = running_of(sessions, plan.vm_name, plan.point.server_uid)
        if plan.known_running is not None and any(item.uid not in plan.known_running for item in running):
            raise AlreadyRunning("The server lists a running restore session that was not there before.")
        if not is_wanted():
            raise Withdrawn("It was stopped before anything was sent.")
        return sessions

    async def _record_and_send(
        self, plan: RestorePlan, reason: str, before: tuple[RestoreSession, ...], override_journal: bool
    ) -> Restore:
        restore = new_restore(plan, reason, before, self._clock.now())
        row = self._row_of(restore, plan)
        pending_row: Mapping[str, object] | None = None
        try:
            known = plan.context.known_rows
            entry = await asyncio.to_thread(self._registry.journal.plan, known_rows=known, **row)
        except VmInFlight as error:
            self._used.discard(plan.key)
            raise AlreadyRunning(error.detail, title=error.title) from error
        except StoreError as error:
            if not override_journal:
                self._used.discard(plan.key)
                raise
            pending_row = row
            restore = replace(restore, unjournalled=not_in_journal(str(error)))
        else:
            restore = replace(restore, entry_id=entry.id)
        restore = replace(restore, state=RestoreState.SENT, message="Sent; waiting for the server's answer.")
        self._registry.add(restore, pending_row)
        self._registry.notify_listeners()
        return await self._send(restore.key, plan)

    def _row_of(self, restore: Restore, plan: RestorePlan) -> dict[str, object]:
        session = self._manager.session
        user = session.user if session else ""
        who = Requester(
            server=self.server, em_user=user, operator=self.operator, logon_session_id=session_key(session)
        )
        return row_of(who, restore, plan)

    async def _send(self, key: str, plan: RestorePlan) -> Restore:
        """Send exactly one POST; whatever happens, the restore does not stay `sent`."""
        session = session_key(self._manager.session)
        try:
            with self._registry.saying_when_late(key, transitions.still_unanswered, self._reply_patience_s):
                task = await self._manager.send(plan.request)
        except ManagerError as error:
            self._registry.change(key, transitions.unanswered, error, self._registry.timestamp())
        except BaseException:
            why = "vbem stopped waiting for the reply; the restore may have started."
            self._registry.change(key, transitions.search, why, self._registry.timestamp())
            raise
        else:
            is_taken = await self._registry.is_named_session_taken(key, task)
            answered = partial(transitions.answered, is_taken=is_taken)
            self._registry.change(key, answered, task, session, self._registry.timestamp())
        await self._registry.flush()
        self.monitor.wake()
        return self._registry.get(key)

    def what_cancel_can_do(self, restore: Restore) -> CancelOutlook:
        """Return what cancelling can do now, in words, before anybody is asked."""
        return cancellation.outlook(self._registry.get(restore.key), session_key(self._manager.session))

    async def cancel(self, restore: Restore, *, again: bool = False) -> Restore:
        """Send one DELETE to the task's link; then the monitor watches what really happens.

        A second call sends nothing and returns what is known, unless no byte of the first one left.

        Args:
            restore: what to cancel.
            again: the operator has seen that a DELETE was sent whose reply is unknown, and sends another.
        """
        outlook = self.what_cancel_can_do(restore)
        if not outlook.possible or (outlook.sent_before and not again):
            return self._registry.get(restore.key)
        # From here on the DELETE is under way: a second press finds it so.
        self._registry.change(restore.key, cancellation.asked, self.operator, self._registry.timestamp())
        self._registry.notify_listeners()
        try:
            return await self._finish(self._delete(restore.key))
        finally:
            self.monitor.wake()

    async def _delete(self, key: str) -> Restore:
        """Journal that it was asked, send exactly one DELETE, journal the outcome."""
        await self._flush_in_time(key)
        current = self._registry.get(key)
        if current.entry_id in self._registry.not_ours:
            return self._registry.change(key, cancellation.not_ours)
        task = Task(task_id=current.task_id, state=TaskState.RUNNING, delete_href=current.task_href)
        error: ManagerError | None = None
        try:
            with self._registry.saying_when_late(key, cancellation.still_unanswered, self._reply_patience_s):
                await self._manager.cancel_task(task)
        except ManagerError as refused:
            error = refused
        except BaseException:
            self._registry.change(key, cancellation.given_up)
            raise
        self._registry.change(key, cancellation.answered, error, self._registry.timestamp())
        await self._registry.flush()
        return self._registry.get(key)

    async def _flush_in_time(self, key: str) -> None:
        """Flush, but let no journal that is locked or on a folder that hangs hold a DELETE up."""
        flushing = asyncio.create_task(self._registry.flush())
        self._flushing.add(flushing)
        flushing.add_done_callback(self._flushing.discard)
        await asyncio.wait({flushing}, timeout=self._journal_patience_s)
        if not flushing.done():
            why = not_in_journal(f"it did not answer in {self._journal_patience_s:.0f} seconds.")
            self._registry.change(key, with_unjournalled, why)
            self._registry.notify_listeners()

    async def _finish(self, writing: Coroutine[object, object, Restore]) -> Restore:
        """Wait for something that writes; cancelling the caller does not stop it, only `close` does."""
        task = asyncio.create_task(writing)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return await asyncio.shield(task)

    # Finding again, and leaving

    @property
    def session_key(self) -> str:
        """Return the key of the live logon session, as rows name theirs."""
        return session_key(self._manager.session)

    @property
    def unfollowed(self) -> tuple[Unfollowed, ...]:
        """Return the rows without an end that this run does not follow, as of the last `reattach`."""
        return self._unfollowed

    async def reattach(self) -> tuple[Restore, ...]:
        """Take up the restores the journal has in flight for this server; the monitor follows them.

        Rows of another running program are left to it. What is not followed is in `unfollowed`, with why.

        Raises:
            JournalError: the journal cannot be read.
        """
        entries = await asyncio.to_thread(self._registry.journal.open_rows)
        others = {one.id for one in entries if one.owner not in {"", self._me}}
        for entry_id in self._registry.not_ours | others:
            if (lost := self._registry.find_entry(entry_id)) is not None:
                self._registry.leave(lost.key)
        taken, unfollowed = [], []
        for entry in entries:
            if self._registry.find_entry(entry.id) is not None or self.is_followed_beside(entry.id):
                continue
            found = why_unfollowed(entry, self.server, self._clock.now()) or await self._follow(entry)
            if isinstance(found, Unfollowed):
                unfollowed.append(found)
            else:
                taken.append(found.key)
        if tuple(unfollowed) != self._unfollowed:
            self._unfollowed = tuple(unfollowed)
            self._registry.touch()
        await self._registry.flush()
        if taken:
            self.monitor.wake()
        return tuple(self._registry.get(key) for key in taken)

    async def _follow(self, entry: JournalEntry, **claim: object) -> Restore | Unfollowed:
        """Become the owner of a row and follow its restore; or say why not."""
        try:
            return await self._registry.follow(entry, self.session_key, **claim) or kept_by_another(entry)
        except ValueError as error:
            return unreadable(entry, str(error))

    async def take_over(self, one: Unfollowed, *, is_named: bool = False) -> Restore | Unfollowed:
        """Follow a row on the operator's word: of another server's name, of another host, of long ago.

        The row is read again first: one whose vbem has ended since is followed, too, and the reason why one
        cannot be is of now.

        Args:
            one: the row.
            is_named: the operator has named it, to take it from the vbem that watches it.

        Raises:
            JournalError: the journal cannot be read or written.
        """
        if all(other.key != one.key for other in self._unfollowed):
            return one
        found = await self._try_to_follow(one, is_named=is_named)
        self._unfollowed = tuple(other for other in self._unfollowed if other.key != one.key)
        if isinstance(found, Unfollowed) and not found.entry.state.is_over:
            self._unfollowed += (found,)
        self._registry.touch()
        await self._registry.flush()
        self.monitor.wake()
        return found

    async def _try_to_follow(self, one: Unfollowed, *, is_named: bool) -> Restore | Unfollowed:
        """Follow a row as it is now; where it can still not be followed, say why as of now."""
        entry = await self.read_row(one.entry.id)
        if entry.state.is_over:
            ended = f"It {entry.state.predicate}: History shows it."
            return Unfollowed(entry=entry, why=ended, may_be_taken=False)
        why = why_unfollowed(entry, self.server, self._clock.now())
        if is_named and why is not None and why.is_watched:
            # From the one that was named, and from no other.
            return await self._follow(entry, from_owner=one.entry.owner)
        if why is not None and not (why.may_be_taken and one.may_be_taken):
            return why
        return await self._follow(entry, from_elsewhere=True)

    async def learn_names(self) -> None:
        """Ask the server what the VMs are called that were restored since."""
        if self._manager.session is not None and any(restore.lacks_name for restore in self.all):
            await outcome.learn_names(self._manager, self._registry)

    async def read_row(self, id: int) -> JournalEntry:
        """Return a row of the journal as it is now, whoever follows it.

        Raises:
            JournalError: it cannot be read.
        """
        return await asyncio.to_thread(self._registry.journal.get, id)

    async def close(self, *, patience_s: float = LEAVING_PATIENCE_S) -> None:
        """Give the rows up, so that the next start takes them over at once; restores go on at the server.

        A reply that does not come within `patience_s` is not waited for: that restore is left unknown.
        """
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=patience_s)
            for sending in late:
                sending.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._registry.flush()
        # Rows that cannot be given up are free anyway once this process is gone.
        with suppress(StoreError):
            for entry_id in [one.entry_id for one in self.in_flight if one.entry_id is not None]:
                await asyncio.to_thread(self._registry.journal.release, entry_id)
