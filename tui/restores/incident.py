"""The incident: the moment to restore to before, and what is lost by a point that is of before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tui import timefmt


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What restores are for: everything of before a moment is good, everything since then is not."""

    moment: datetime
    """In UTC; absolute, whatever was typed."""
    ticket: str = ""
    """Ticket or reason, for the journal."""
    lost_at_most: timedelta | None = None
    """More data lost than this is marked; None for no limit."""

    def is_after(self, created: datetime | None) -> bool:
        """Return whether a point of that time is not known to be of before the moment."""
        return created is None or created >= self.moment

    def lost(self, created: datetime | None) -> timedelta | None:
        """Return what is lost by a point: the moment minus its time; None where it is not of before."""
        return None if created is None or self.is_after(created) else self.moment - created

    def is_too_much(self, created: datetime | None) -> bool:
        """Return whether a point of that time loses more than the limit, or is of no use at all."""
        lost = self.lost(created)
        return lost is None or (self.lost_at_most is not None and lost > self.lost_at_most)

    @property
    def words(self) -> str:
        """Return the moment in local time and UTC, for a sentence."""
        return timefmt.both(self.moment, with_seconds=True)

    def plan_words(self, created: datetime | None) -> str:
        """Return what a point of that time means, as a sentence of a plan."""
        if created is None:
            return f"The incident was at {self.words}; this point is of no known time."
        if self.is_after(created):
            return f"The incident was at {self.words}, BEFORE this point."
        lost = timefmt.span(timefmt.upward(self.moment - created))
        return f"The incident was at {self.words}: the {lost} since the point are lost."

    def warning(self, created: datetime | None) -> str:
        """Return what is wrong with a point of that time; empty where nothing is."""
        if created is None:
            return (
                f"The server does not say when this point was made; it may be of after the incident "
                f"({self.words}): it needs a yes of its own."
            )
        if self.is_after(created):
            later = created - self.moment
            by = f"{timefmt.span(later)} AFTER" if later else "the very moment, not of BEFORE,"
            return f"The point is of {by} the incident ({self.words}): it needs a yes of its own."
        if self.lost_at_most is not None and self.is_too_much(created):
            lost = timefmt.span(timefmt.upward(self.moment - created))
            limit = timefmt.span(self.lost_at_most)
            return f"{lost} before the incident are lost: more than the limit of {limit}."
        return ""
