"""The recovery of many on one logon: the incident in force, the marked VMs, the plan and its queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from tui import timefmt
from tui.clock import Clock
from tui.restore_points.index import VmKey
from tui.restores.incident import Incident
from tui.restores.service import RestoreService
from tui.store.journal import Journal
from tui.store.recovery_journal import IncidentEntry, RecoveryJournal


class RecoveryService:
    """What one logon recovers, and for which incident.

    Args:
        restores: the restores of this logon; they are told of the incident.
        journal: where incidents and queues are kept; None while there is no journal.
        clock: this machine's time.
        on_change: called when the incident or the marks are others.
    """

    def __init__(
        self,
        restores: RestoreService,
        journal: Journal | None,
        clock: Clock,
        on_change: Callable[[], None] = lambda: None,
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
        lines = ((full, ago, incident.ticket, marked), *((one, ago, incident.ticket) for one in shorter))
        return tuple(
            "  ".join(filter(None, (f"INCIDENT  before {at}, {age}", *rest))) for at, age, *rest in lines
        )

    async def load(self) -> None:
        """Take up the incident that an earlier run set.

        Raises:
            JournalError: the journal cannot be read.
        """
        if self.journal is not None:
            self._use(_incident_of(await asyncio.to_thread(self.journal.incident)))

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


def _incident_of(entry: IncidentEntry | None) -> Incident | None:
    if entry is None or entry.moment is None:
        return None
    limit = None if entry.lost_at_most_s is None else timedelta(seconds=entry.lost_at_most_s)
    return Incident(moment=entry.moment, ticket=entry.ticket, lost_at_most=limit)
