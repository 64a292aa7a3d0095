"""Rows of the journal without an end that this run does not follow: which, why, and what may be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tui import timefmt
from tui.store.journal import FORGOTTEN_AFTER
from tui.store.journal_entry import JournalEntry
from tui.store.process_lock import OwnerState, owner_state, owner_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfollowed:
    """One restore that nobody watches here."""

    entry: JournalEntry
    why: str
    may_be_taken: bool = True
    """Whether the operator may take it over."""
    is_unreadable: bool = False
    """Whether the row says what this version does not understand."""

    @property
    def key(self) -> str:
        """Return its name in a list."""
        return f"row-{self.entry.id}"


def why_unfollowed(entry: JournalEntry, server: str, now: datetime) -> Unfollowed | None:
    """Return why a row is not followed without the operator's word; None where it may be followed at once.

    Args:
        entry: a row without an end.
        server: the server somebody is logged on to, `host:port`.
        now: by this machine's clock.
    """
    if entry.unreadable:
        return unreadable(entry, entry.unreadable)
    owner = owner_state(entry.owner)
    if owner is OwnerState.ALIVE:
        why = f"It is watched by another vbem ({owner_words(entry.owner)}), which is running."
        return Unfollowed(entry=entry, why=why, may_be_taken=False)
    if entry.server != server:
        why = f"It was sent to {entry.server}, and vbem is logged on to {server}."
        return Unfollowed(entry=entry, why=why)
    if owner is OwnerState.ELSEWHERE:
        why = f"It belongs to {owner_words(entry.owner)}; whether that still runs cannot be known here."
        return Unfollowed(entry=entry, why=why)
    if now - entry.updated > FORGOTTEN_AFTER:
        days = FORGOTTEN_AFTER.days
        when = timefmt.both(entry.updated)
        why = f"It was last written at {when}; the server lists restore sessions for {days} days."
        return Unfollowed(entry=entry, why=why)
    return None


def unreadable(entry: JournalEntry, what: str) -> Unfollowed:
    """Return the row of a version that knows words this one does not, or one that is damaged."""
    why = f"Its row cannot be read by this version of vbem ({what})."
    return Unfollowed(entry=entry, why=why, may_be_taken=False, is_unreadable=True)
