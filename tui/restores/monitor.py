"""Watching every restore in flight with two requests a tick, however many there are (WIRE 6, WIRE 7).

One list of this logon session's tasks, one query of restore sessions. The monitor never pauses while a
restore is in flight; a poll that fails keeps the last good data, says why, and is repeated less often.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Literal

from tui.api.errors import ManagerError, SessionExpired
from tui.api.models import LogonSession, RestoreSession, Task
from tui.clock import Clock
from tui.restore_states import CancelState, RestoreState
from tui.restores import cancellation, session_search, transitions
from tui.restores.ports import RestoreApi
from tui.restores.registry import RestoreRegistry, with_problem
from tui.restores.restore import Restore, Timestamp
from tui.restores.session_search import session_missing, watch_query

FASTEST_S = 1.0
"""Pause between two polls while something changes, unless the refresh rates (`tui.config`) say another."""
SLOWEST_S = 5.0
"""The pause grows up to this while nothing changes, each time by the factor SLOWER."""
SLOWER = 1.3
QUIET_S = 60.0
"""Cadence while only restores are left whose search has run out."""
LONGEST_BACKOFF_S = 15.0
"""The longest pause while the server does not answer."""
JOURNAL_RETRY_S = 15.0
"""How often a journal that is behind is tried again while there is nothing to watch."""


def session_key(session: LogonSession | None) -> str:
    """Return a key that differs between logon sessions.

    Where the server did not say the session's id, a name of this process stands for it: it can never be
    taken for the session of another run.
    """
    if session is None:
        return ""
    return session.session_id or f"unnamed-{hash(session.token):x}"


class Monitor:
    """Polls for all restores of the registry; owned by the application, not by a screen."""

    def __init__(
        self,
        manager: RestoreApi,
        registry: RestoreRegistry,
        clock: Clock,
        *,
        on_logon_needed: Callable[[], object] | None = None,
        fastest_s: float = FASTEST_S,
    ) -> None:
        self.logon_needed = False
        """Whether it waits for a new logon; until then restores run unwatched."""
        self.ticks = 0
        self._manager = manager
        self._registry = registry
        self._clock = clock
        self._on_logon_needed = on_logon_needed or (lambda: None)
        self._wake = asyncio.Event()
        self._expired_key = ""
        self._failures = 0
        self._has_recovered = False
        self._fastest_s = fastest_s
        self._interval = fastest_s

    async def run(self) -> None:
        """Poll until cancelled; idle while there is nothing to watch."""
        while True:
            self._wake.clear()
            if self._is_logged_on() and self._watched():
                await self.tick()
            else:
                await self._registry.flush()
            await self._pause(self._seconds_to_wait())

    def _seconds_to_wait(self) -> float | None:
        """Return seconds until there is something to do; None where nothing waits."""
        if self._watched():
            return self.interval()
        return JOURNAL_RETRY_S if self._registry.is_behind else None

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
        if watched and all(restore.is_quiet for restore in watched):
            return QUIET_S
        if any(restore.is_about_to_change for restore in watched):
            return self._fastest_s
        return self._interval

    async def tick(self) -> None:
        """Poll once: at most two requests, one journal flush, one call of the listeners."""
        self.ticks += 1
        now = self._registry.timestamp()
        key = session_key(self._manager.session)
        before = self._registry.all()
        self._drop_tasks_of_other_sessions(key, now)
        by_task = [restore for restore in self._registry.all() if restore.follows_task(key)]
        by_session = [restore for restore in self._registry.all() if _wants_session(restore)]
        errors = await asyncio.gather(self._poll_tasks(by_task, key), self._poll_sessions(by_session))
        task_error, session_error = errors
        self._judge_cancels([] if task_error else by_task, [] if session_error else by_session)
        self._note_errors([error for error in errors if error is not None])
        self._adapt_interval(before)
        await self._registry.flush()

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
            heard = sessions if restore.task_gone or restore.session_uid else tasks | sessions
            now = self._registry.timestamp()
            self._registry.change(
                restore.key, partial(cancellation.watched, is_heard=restore.key in heard), now
            )

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
                self._registry.change(restore.key, transitions.task_missing, now, why)

    async def _poll_tasks(self, restores: list[Restore], key: str) -> ManagerError | None:
        if not restores:
            return None
        try:
            tasks = await self._manager.tasks()
        except ManagerError as error:
            self._mark(restores, error)
            return error
        now = self._registry.timestamp()
        by_id = {task.task_id: task for task in tasks}
        for restore in restores:
            self._registry.change(restore.key, _apply_task, by_id, key, now)
        return None

    async def _poll_sessions(self, restores: list[Restore]) -> ManagerError | None:
        if not restores:
            return None
        query, by_name = watch_query(restores)
        try:
            sessions = await self._manager.restore_sessions(query)
        except ManagerError as error:
            self._mark(restores, error)
            return error
        now = self._registry.timestamp()
        by_uid = {session.uid.lower(): session for session in sessions}
        for restore in restores:
            self._registry.change(restore.key, _apply_session, by_uid, now)
        for restore in restores:
            if self._registry.get(restore.key).is_searched:
                self._search(restore.key, sessions, now, by_name=by_name)
        return None

    def _search(
        self, key: str, sessions: tuple[RestoreSession, ...], now: Timestamp, *, by_name: bool
    ) -> None:
        taken = {item.session_uid.lower() for item in self._registry.all() if item.key != key}
        candidates = session_search.new_sessions(self._registry.get(key), sessions, taken, by_name=by_name)
        found = session_search.pick(candidates)
        contested = found is not None and self._is_contested(key, found)
        if found is not None and not contested:
            self._registry.change(key, transitions.session_seen, found, now)
        else:
            count = max(len(candidates), 2) if contested else len(candidates)
            self._registry.change(key, session_search.not_found, count, now)

    def _is_contested(self, key: str, session: RestoreSession) -> bool:
        """Return whether another restore of this run, of unknown session, could claim it as well."""
        return any(
            item.key != key
            and not item.session_uid
            and (item.is_searched or not item.is_over)
            and bool(session_search.new_sessions(item, (session,), (), by_name=True))
            for item in self._registry.all()
        )

    def _mark(self, restores: list[Restore], error: ManagerError) -> None:
        for restore in restores:
            self._registry.change(restore.key, with_problem, str(error))

    def _note_errors(self, errors: list[ManagerError]) -> None:
        self._has_recovered = bool(self._failures) and not errors
        self._failures = self._failures + 1 if errors else 0
        if any(isinstance(error, SessionExpired) for error in errors):
            self._expired_key = session_key(self._manager.session)
            self.logon_needed = True
            if any(restore.is_in_flight for restore in self._watched()):
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


def _wants_session(restore: Restore) -> bool:
    return (bool(restore.session_uid) and not restore.is_over) or restore.is_searched


def _apply_task(restore: Restore, by_id: dict[str, Task], key: str, now: Timestamp) -> Restore:
    if not restore.follows_task(key):
        return restore
    task = by_id.get(restore.task_id)
    return (
        transitions.task_missing(restore, now) if task is None else transitions.task_seen(restore, task, now)
    )


def _apply_session(restore: Restore, by_uid: dict[str, RestoreSession], now: Timestamp) -> Restore:
    if restore.is_over or not restore.session_uid:
        return restore
    session = by_uid.get(restore.session_uid.lower())
    if session is None:
        return session_missing(restore, now)
    return transitions.session_seen(restore, session, now)
