"""The operator says which restore session is theirs, where neither the task nor a link says it.

What is chosen is claimed in the journal like every other session: one session belongs to one row, for ever.
It is told as the operator's word, never as evidence.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from tui.api.models import RestoreSession
from tui.restore_states import FoundBy, RestoreState
from tui.restores.errors import SessionNotTaken
from tui.restores.ports import RestoreApi
from tui.restores.registry import RestoreRegistry
from tui.restores.restore import Restore, Timestamp
from tui.restores.session_search import contradiction, guard_query, may_restore_same
from tui.restores.transitions import session_seen

_NOT_LISTED = "The server does not list it as one of this VM."


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCandidate:
    """One restore session of the VM that was not there before the request."""

    session: RestoreSession
    why_not: str = ""
    """Why it cannot be chosen; empty where it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionList:
    """What can be chosen from, and what that list lacks."""

    candidates: tuple[SessionCandidate, ...]
    ruled_out: int = 0
    """Sessions of the VM that cannot be this restore's: they were there before, or name another point."""
    unreadable: int = 0
    """Sessions that the server sent and nothing could be made of."""
    is_whole: bool = True
    """Whether the server gave no reason to think that there are more than it sent."""

    @property
    def gaps(self) -> str:
        """Return what is not listed, in sentences; empty where that is nothing."""
        ruled_out, unreadable = _counted(self.ruled_out), _counted(self.unreadable)
        parts = (
            f"{ruled_out} of this VM cannot be its own: older, or of another point." if ruled_out else "",
            f"{unreadable} cannot be read; its own may be one of them." if unreadable else "",
            "" if self.is_whole else "The server's list may not be whole.",
        )
        return " ".join(filter(None, parts))


def _counted(number: int) -> str:
    return {0: "", 1: "1 session"}.get(number, f"{number} sessions")


class SessionChoice:
    """Lists what can be chosen for a restore, and follows what was chosen.

    Args:
        manager: the calls of Enterprise Manager.
        registry: the restores of this run, and the journal.
        operator: who says it, `user@host`.
    """

    def __init__(self, manager: RestoreApi, registry: RestoreRegistry, operator: str) -> None:
        self._manager, self._registry, self._operator = manager, registry, operator

    async def candidates(self, restore: Restore) -> SessionList:
        """List the sessions of the VM that may be this restore's, the newest first, and what is not listed.

        Raises:
            ManagerError: the sessions cannot be listed.
            StoreError: the journal cannot say whose they are.
        """
        sessions = await self._manager.restore_sessions(guard_query(restore.vm_name))
        taken = await asyncio.to_thread(self._registry.journal.sessions_taken)
        rows = {item.session_uid.lower(): item.entry_id or 0 for item in self._registry.all()} | taken
        of_vm = [one for one in sessions if may_restore_same(restore, one)]
        possible = [one for one in of_vm if not contradiction(restore, one)]
        return SessionList(
            candidates=tuple(
                SessionCandidate(session=one, why_not=_why_not(restore, rows.get(one.uid.lower())))
                for one in possible
            ),
            ruled_out=len(of_vm) - len(possible),
            unreadable=sessions.unreadable,
            is_whole=sessions.is_whole,
        )

    async def take(self, restore: Restore, session_uid: str) -> Restore:
        """Follow a session on the operator's word; the list and the journal are read again first.

        Raises:
            SessionNotTaken: the restore is not unknown any more, or the session cannot be its own.
            ManagerError: the sessions cannot be listed.
            StoreError: the journal cannot be asked or written.
        """
        listed = await self.candidates(restore)
        by_uid = {one.session.uid.lower(): one for one in listed.candidates}
        found = by_uid.get(session_uid.lower())
        if found is None or found.why_not:
            raise SessionNotTaken(found.why_not if found else f"{_NOT_LISTED} {listed.gaps}".strip())
        if self._registry.get(restore.key).state is not RestoreState.UNKNOWN:
            raise SessionNotTaken("What became of this restore is known meanwhile.")
        if not await self._registry.claim_session(restore.key, found.session.uid, FoundBy.OPERATOR):
            raise SessionNotTaken("Another row of the journal has it.")
        now = self._registry.timestamp()
        self._registry.change(restore.key, said, found.session, self._operator, now)
        await self._registry.flush()
        return self._registry.get(restore.key)


def said(restore: Restore, session: RestoreSession, operator: str, now: Timestamp) -> Restore:
    """Apply that the operator says which session is this restore's; another likely one is let go."""
    if restore.state is not RestoreState.UNKNOWN:
        return restore
    free = replace(
        restore, session_uid="", found_by=FoundBy.NOTHING, session=None, session_started=None,
        session_ended=None, session_result="", progress=None,
    )  # fmt: skip
    who = operator or "the operator"
    note = f"That this restore session is its own was said by the operator ({who}); nothing else names it."
    return replace(session_seen(free, session, now, FoundBy.OPERATOR), note=note)


def _why_not(restore: Restore, row: int | None) -> str:
    if row is None or row == restore.entry_id:
        return ""
    return f"Row {row} of the journal has it." if row else "Another restore of this run has it."
