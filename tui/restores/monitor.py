"""Watching every restore in flight with two requests a tick, however many there are (WIRE 6, WIRE 7).

One list of this logon session's tasks, one query of restore sessions. The monitor never pauses while a
restore is in flight; a poll that fails, or is not answered in time, keeps the last good data, says why, and
is repeated less often. Nothing unforeseen about one restore or one poll ends the watching of the others.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import Concatenate, Literal, ParamSpec

from tui import timefmt
from tui.api.errors import ManagerError, SessionExpired, TimedOut
from tui.api.models import Items, LogonSession, RestoreSession, Task
from tui.clock import Clock
from tui.errors import sentence_of
from tui.restore_states import CancelState, RestoreState
from tui.restores import cancellation, session_search, transitions
from tui.restores.ports import RestoreApi
from tui.restores.registry import RestoreRegistry, heard, with_problem
from tui.restores.restore import STALE_AFTER, Restore, Timestamp
from tui.restores.session_search import Match, running_query, session_missing, watch_query
from tui.restores.unfollowed import EverybodyList, OtherRows, ServerSessions, other_rows
from tui.store.errors import StoreError

StepArgs = ParamSpec("StepArgs")

FASTEST_S = 1.0
"""Pause between two polls while something changes, unless the refresh rates (`tui.config`) say another."""
SLOWEST_S = 5.0
"""The pause grows up to this while nothing changes, each time by the factor SLOWER."""
SLOWER = 1.3
QUIET_S = 60.0
"""Cadence while only restores are left whose search has run out."""
LONGEST_BACKOFF_S = 15.0
"""The longest pause while the server does not answer."""
STALE_AFTER_S = STALE_AFTER.total_seconds()
"""How long a poll may go unanswered before that is said."""
_NOT_WHOLE = "the server's list of sessions lacks its own, and may not be whole"
POLL_S = 60.0
"""How long it may go unanswered before it is given up, and tried again."""
JOURNAL_RETRY_S = 15.0
"""How often a journal that is behind is tried again while there is nothing to watch."""


def session_key(session: LogonSession | None) -> str:
    """Return a key that differs between logon sessions, of which nobody learns a token.

    The journal keeps it. An id would not do: on some servers the token is made of it (WIRE 1.4).
    """
    if session is None:
        return ""
    identity = session.session_id or session.token
    return hashlib.sha256(identity.encode("utf-8", "backslashreplace")).hexdigest()[:16]


class Monitor:
    """Polls for all restores of the registry; owned by the application, not by a screen."""

    def __init__(
        self,
        manager: RestoreApi,
        registry: RestoreRegistry,
        clock: Clock,
        *,
        on_logon_needed: Callable[[], object] | None = None,
        fastest_s: float,
        stale_after_s: float = STALE_AFTER_S,
        poll_s: float = POLL_S,
        on_failure: Callable[[BaseException], object] = lambda _error: None,
    ) -> None:
        self.logon_needed = False
        """Whether it waits for a new logon; until then restores run unwatched."""
        self.ticks = 0
        self._marked: dict[str, str] = {}
        """What failed polls have said of which restore."""
        self.on_poll: Callable[[Exception | None], None] = lambda _error: None
        """Called after each poll with why it failed, or None."""
        self._everybody: EverybodyList | None = None
        self._manager = manager
        self._registry = registry
        self._clock = clock
        self._on_logon_needed = on_logon_needed or (lambda: None)
        self._on_failure = on_failure
        self._stale_after_s, self._poll_s = stale_after_s, poll_s
        self._wake = asyncio.Event()
        self._reported: set[str] = set()
        self._expired_key = ""
        self._silent_since: datetime | None = None
        """When the first of the polls began that were not answered in time."""
        self._failures = 0
        self._has_recovered = False
        self._fastest_s = fastest_s
        self._interval = fastest_s

    async def run(self) -> None:
        """Poll until cancelled; idle while there is nothing to watch. Only cancelling ends it."""
        while True:
            self._wake.clear()
            try:
                if self._is_logged_on() and (self._watched() or self._everybody):
                    await self.tick()
                else:
                    await self._registry.flush()
            except Exception as error:  # noqa: BLE001 - the edge of the watching, which must go on
                self._note_failure(error)
            await self._pause(self._seconds_to_wait())

    def _note_failure(self, error: Exception) -> None:
        """Say on every watched restore that a poll failed without the server's doing, and report it once."""
        self._failures += 1
        for restore in self._watched():
            self._registry.change(restore.key, with_problem, f"the last poll failed in vbem ({_kind(error)})")
        self._registry.notify_listeners()
        self._report(error)

    def _report(self, error: Exception) -> None:
        if _kind(error) not in self._reported:
            self._reported.add(_kind(error))
            self._on_failure(error)

    def _change(
        self,
        key: str,
        step: Callable[Concatenate[Restore, StepArgs], Restore],
        *args: StepArgs.args,
        **kwargs: StepArgs.kwargs,
    ) -> None:
        """Apply a step to one restore; where it fails, that one says so, and the others go on."""
        try:
            self._registry.change(key, step, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the edge around one restore
            words = f"vbem cannot use what the server says of it ({_kind(error)})"
            self._registry.change(key, with_problem, words)
            self._report(error)

    def _seconds_to_wait(self) -> float | None:
        """Return seconds until there is something to do; None where nothing waits."""
        if self._watched() or self._everybody:
            return self.interval()
        return JOURNAL_RETRY_S if self._registry.is_behind else None

    @property
    def everybody(self) -> ServerSessions | None:
        """Return what the server lists of everybody's restores; None where nobody wants to see it."""
        return self._everybody.last if self._everybody is not None else None

    def show_everybody(self, *, on: bool) -> None:
        """List everybody's restores with each poll, or no longer."""
        if on != (self._everybody is not None):
            self._everybody = EverybodyList() if on else None
            self.wake()

    def wake(self) -> None:
        """Poll at once: a restore was sent, or somebody logged on again."""
        self._interval = self._fastest_s
        self._failures = 0
        self._wake.set()

    def interval(self) -> float:
        """Return seconds until the next poll."""
        watched = self._watched()
        if self.logon_needed:
            return SLOWEST_S
        if self._failures:
            return min(self._fastest_s * 2.0**self._failures, LONGEST_BACKOFF_S)
        if (watched or self._everybody) and all(restore.is_quiet for restore in watched):
            return SLOWEST_S if self._everybody else QUIET_S
        if any(restore.is_about_to_change for restore in watched):
            return self._fastest_s
        return self._interval

    async def tick(self) -> None:
        """Poll once: at most two requests, one journal flush, one call of the listeners."""
        self.ticks += 1
        now = self._registry.timestamp()
        self._silent_since = self._silent_since or now.wall
        key = session_key(self._manager.session)
        before = self._registry.all()
        self._drop_tasks_of_other_sessions(key, now)
        by_task = [restore for restore in self._registry.all() if restore.follows_task(key)]
        by_session = [restore for restore in self._registry.all() if _wants_session(restore)]
        errors = await asyncio.gather(
            self._patiently(partial(self._poll_tasks, by_task, key), by_task),
            self._patiently(partial(self._poll_sessions, by_session), by_session),
        )
        task_error, session_error = errors
        self._judge_cancels([] if task_error else by_task, [] if session_error else by_session)
        failed = [error for error in errors if error is not None]
        if not failed:
            self._unmark()
        if not any(isinstance(error, TimedOut) for error in failed):
            self._silent_since = None
        self.on_poll(failed[0] if failed else None)
        self._note_errors(failed)
        self._adapt_interval(before)
        await self._registry.flush()

    async def _patiently(
        self, poll: Callable[[], Coroutine[object, object, ManagerError | None]], restores: list[Restore]
    ) -> Exception | None:
        """Wait for a poll; say when it is late, give it up in the end, and return what went wrong."""
        # A time, not a duration: it stays true while nothing is said anew, and from poll to poll.
        since = timefmt.clock_time(self._silent_since or self._clock.now())
        task = asyncio.create_task(poll())
        error: Exception | None = None
        try:
            await asyncio.wait({task}, timeout=self._stale_after_s)
            if not task.done():
                self._mark(restores, f"no answer from the server since {since}")
                self._registry.notify_listeners()
                await asyncio.wait({task}, timeout=self._poll_s - self._stale_after_s)
            if task.done():
                error = task.result()
            else:
                error = TimedOut(f"No answer since {since}.")
                self._mark(restores, str(error))
        except Exception as unforeseen:  # noqa: BLE001 - the edge around one poll: the other one counts
            error = unforeseen
            self._mark(restores, f"the last poll failed in vbem ({_kind(error)})")
            self._report(error)
        finally:
            task.cancel()
        return error

    def _judge_cancels(self, by_task: list[Restore], by_session: list[Restore]) -> None:
        """Judge what each cancel did, as far as this poll's good answers show.

        Args:
            by_task: whose tasks were listed.
            by_session: whose sessions were listed.
        """
        tasks, sessions = ({restore.key for restore in heard} for heard in (by_task, by_session))
        asked = [one for one in self._registry.all() if one.cancel is not CancelState.NONE]
        for restore in asked:
            # A task that is gone proves nothing before the sessions have been looked at as well.
            by = sessions if restore.task_gone or restore.session_uid else tasks | sessions
            now = self._registry.timestamp()
            self._change(restore.key, partial(cancellation.watched, is_heard=restore.key in by), now)

    def _watched(self) -> list[Restore]:
        return [
            restore
            for restore in self._registry.all()
            if restore.state is RestoreState.LAUNCHING or _wants_session(restore)
        ]

    def _is_logged_on(self) -> bool:
        """Return whether there is a logon session that is not known to be over."""
        key = session_key(self._manager.session)
        if self.logon_needed and key and key != self._expired_key:
            self.logon_needed = False
        return bool(key) and not self.logon_needed

    def _drop_tasks_of_other_sessions(self, key: str, now: Timestamp) -> None:
        """Drop them: ids start again in each session, so the same id is another task there (WIRE 6.2)."""
        why = "The logon session ended, and the task with it."
        for restore in self._registry.all():
            if (
                restore.state is RestoreState.LAUNCHING
                and not restore.task_gone
                and restore.task_session != key
            ):
                self._change(restore.key, transitions.task_missing, now, why)

    async def _poll_tasks(self, restores: list[Restore], key: str) -> ManagerError | None:
        if not restores:
            return None
        try:
            tasks = await self._manager.tasks()
        except ManagerError as error:
            self._mark(restores, str(error))
            return error
        now = self._registry.timestamp()
        by_id = {task.task_id: task for task in tasks}
        for restore in restores:
            task = by_id.get(restore.task_id)
            is_taken = task is not None and await self._registry.is_named_session_taken(restore.key, task)
            self._change(restore.key, heard, now)
            if task is None and tasks.unreadable:
                self._change(restore.key, with_problem, _unread(tasks.unreadable, "tasks"))
            else:
                self._change(restore.key, _apply_task, task, key, now, is_taken)
        return None

    async def _poll_sessions(self, restores: list[Restore]) -> ManagerError | None:
        if not restores and self._everybody is None:
            return None
        query, by_name = watch_query(restores) if restores else (None, False)
        everybody = self._everybody
        if everybody is not None and everybody.is_next(restores):
            query, by_name = everybody.query(query, self._clock.now()), False
            restores = everybody.watched(restores)
        else:
            everybody = None
        try:
            sessions = await self._manager.restore_sessions(query or running_query())
        except ManagerError as error:
            self._mark(restores, str(error))
            if everybody is not None:
                everybody.note_failure(str(error))
                self._registry.touch()
            return error
        now = self._registry.timestamp()
        if everybody is not None:
            await asyncio.to_thread(everybody.note, sessions, now.wall, self._registry.journal)
            self._registry.touch()
        by_uid = {session.uid.lower(): session for session in sessions}
        for restore in restores:
            is_listed = restore.session_uid.lower() in by_uid
            why = "" if sessions.is_whole or not restore.session_uid else _NOT_WHOLE
            if sessions.unreadable:
                why = _unread(sessions.unreadable, "restore sessions")
            if why and not is_listed:
                # Such an answer is no news of it.
                self._change(restore.key, with_problem, why)
            else:
                has_rival = is_listed and await self._has_rival(restore.key, sessions, by_name=by_name)
                self._change(restore.key, heard, now)
                self._change(restore.key, _apply_session, by_uid, now, has_rival=has_rival)
        for restore in restores:
            if self._registry.get(restore.key).is_searched:
                await self._search(restore.key, sessions, now, by_name=by_name)
        return None

    async def _search(
        self, key: str, sessions: Items[RestoreSession], now: Timestamp, *, by_name: bool
    ) -> None:
        """Look for the session of one restore; what is found is claimed in the journal first."""
        found = await self._match(key, sessions, by_name=by_name)
        if not self._registry.get(key).is_searched:
            # Meanwhile the operator has said which one it is.
            return
        if found.session is None:
            self._change(key, session_search.not_found, found.words, now, is_whole=sessions.is_whole)
        else:
            self._change(key, transitions.session_seen, found.session, now, found.found_by)

    async def _match(self, key: str, sessions: tuple[RestoreSession, ...], *, by_name: bool) -> Match:
        restore = self._registry.get(key)
        taken = {item.session_uid.lower() for item in self._registry.all() if item.key != key}
        if not session_search.new_sessions(restore, sessions, taken, by_name=by_name):
            return Match()
        try:
            others = await asyncio.to_thread(self._others_in_journal, key)
            taken |= others.taken
            candidates = session_search.new_sessions(restore, sessions, taken, by_name=by_name)
            found = session_search.match(restore, candidates, (*self._rivals(key), *others.rivals))
            if found.session is None or await self._registry.claim_session(
                key, found.session.uid, found.found_by
            ):
                return found
            return Match(words="A new restore session of this VM belongs to another restore in the journal.")
        except StoreError as error:
            why = sentence_of(error)
            return Match(words=f"A new restore session is not taken for its own without the journal: {why}")

    async def _has_rival(self, key: str, sessions: Items[RestoreSession], *, by_name: bool) -> bool:
        """Return whether a session that was found by search is not the only one that it could be."""
        restore = self._registry.get(key)
        taken = {item.session_uid.lower() for item in self._registry.all() if item.key != key}
        if not session_search.rival_sessions(restore, sessions, taken, by_name=by_name):
            return False
        try:
            others = await asyncio.to_thread(self._others_in_journal, key)
        except StoreError:
            # It may belong to another row.
            return False
        searched = (*self._rivals(key), *others.rivals)
        found = session_search.rival_sessions(
            restore, sessions, taken | others.taken, searched, by_name=by_name
        )
        return bool(found)

    def _rivals(self, key: str) -> list[Restore]:
        """Return the other restores of this run whose session is not known."""
        return [
            item
            for item in self._registry.all()
            if item.key != key and not item.session_uid and not item.is_over
        ]

    def _others_in_journal(self, key: str) -> OtherRows:
        """Return what other rows of the journal have, and may have; not for the event loop.

        Raises:
            StoreError: the journal cannot be read.
        """
        known = {item.entry_id for item in self._registry.all()}
        mine, now = self._registry.get(key).entry_id, self._registry.timestamp()
        return other_rows(self._registry.journal, mine, known, now)

    def _mark(self, restores: list[Restore], why: str) -> None:
        for restore in restores:
            self._registry.change(restore.key, with_problem, why)
            self._registry.change(restore.key, session_search.unanswered_look)
            self._marked[restore.key] = why

    def _unmark(self) -> None:
        """Take back what failed polls have said: the server answers again, also where it says nothing new."""
        for key, why in self._marked.items():
            if self._registry.get(key).problem == why:
                self._registry.change(key, with_problem, "")
        self._marked.clear()

    def _note_errors(self, errors: list[Exception]) -> None:
        self._has_recovered = bool(self._failures) and not errors
        self._failures = self._failures + 1 if errors else 0
        if any(isinstance(error, SessionExpired) for error in errors):
            self._expired_key = session_key(self._manager.session)
            self.logon_needed = True
            self._on_logon_needed()

    def _adapt_interval(self, before: tuple[Restore, ...]) -> None:
        """Poll at full pace while something happens, slower and slower while nothing does."""
        old = {restore.key: restore.state for restore in before}
        moved = any(old.get(restore.key) is not restore.state for restore in self._registry.all())
        self._interval = (
            self._fastest_s if moved or self._has_recovered else min(self._interval * SLOWER, SLOWEST_S)
        )

    async def _pause(self, seconds: float | None) -> None:
        """Wait that long, or until woken; None waits for waking only."""
        if seconds is None:
            await self._wake.wait()
            return
        waits = (asyncio.create_task(self._wake.wait()), asyncio.create_task(self._sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _sleep(self, seconds: float) -> Literal[True]:
        await self._clock.sleep(seconds)
        return True


def _unread(count: int, what: str) -> str:
    return f"{count} of the server's {what} cannot be read; its own may be one of them"


def _kind(error: Exception) -> str:
    return type(error).__name__


def _wants_session(restore: Restore) -> bool:
    is_followed = bool(restore.session_uid) and not restore.is_over and not restore.is_settled
    return is_followed or restore.is_searched


def _apply_task(restore: Restore, task: Task | None, key: str, now: Timestamp, is_taken: bool) -> Restore:
    if not restore.follows_task(key):
        return restore
    if task is None:
        return transitions.task_missing(restore, now)
    return transitions.task_seen(restore, task, now, is_taken=is_taken)


def _apply_session(
    restore: Restore, by_uid: dict[str, RestoreSession], now: Timestamp, *, has_rival: bool
) -> Restore:
    if restore.is_over or not restore.session_uid:
        return restore
    session = by_uid.get(restore.session_uid.lower())
    if session is None:
        return session_missing(restore, now)
    return transitions.session_seen(restore, session, now, has_rival=has_rival)
