"""One restore, from the plan to its end: a frozen snapshot of what is known about it.

How it changes is in `tui.restores.transitions` (tasks and sessions) and `tui.restores.cancellation`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tui import timefmt
from tui.api.models import Platform, PointKind, RestoreSession
from tui.restore_states import CancelState, FoundBy, RestoreState
from tui.sanitize import safe

if TYPE_CHECKING:
    from tui.api.errors import ManagerError
    from tui.restores.forms.fields import OriginalOutcome

STALE_AFTER = timedelta(seconds=10)
"""What is in flight and was not heard of for so long is shown as old."""
SEARCH_WINDOW_S = 300.0
"""How long a session is looked for at full pace before `no session seen` is said; silence does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """Now, on both clocks: the wall for people, the monotonic one for measuring."""

    wall: datetime
    monotonic_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """What is known about one restore."""

    key: str
    """Its name in this run of the program; never reused."""
    entry_id: int | None = None
    """Its row in the journal; None while the operator chose to go on without one."""
    vm_name: str
    """As sent by the server."""
    platform: Platform
    kind: PointKind = PointKind.VM
    point_uid: str
    point_created: datetime | None = None
    server_uid: str = ""
    server_name: str = ""
    """The backup server: where a running restore can be stopped."""
    overwrites: bool = False
    original: OriginalOutcome | None = None
    """What the request was to do to the original; None where the journal does not say."""
    new_name: str = ""
    """The name the request gave the restored VM; empty where it has no field for it."""
    incident: datetime | None = None
    """The moment to restore to before, where an incident was set."""
    is_after_incident: bool = False
    """Whether the point is not of before that moment; the operator said yes to that alone."""
    queue_row: int | None = None
    """Its line in the queue of a recovery plan; None where it was sent alone."""
    reason: str = ""
    """Ticket or reason the operator gave."""
    sent_by: str = ""
    """Who sent it, `user@host`, where that was an earlier run or another vbem; else empty."""
    submitted: datetime
    """When it was sent, by this machine's clock."""
    ended: datetime | None = None
    """When its end was noticed, by this machine's clock."""

    state: RestoreState = RestoreState.PLANNED
    message: str = ""
    """What is known now, one or two sentences."""
    note: str = ""
    """Something worth keeping beside the message: how it was found again, for instance."""
    why_unknown: str = ""
    error: ManagerError | None = None
    """What the request was answered with, where it did not start."""
    offer_again: bool = False
    """It surely did not start and could be sent again as a new restore (answered 401)."""

    task_id: str = ""
    task_href: str = ""
    task_session: str = ""
    """The logon session the task belongs to; elsewhere the same id is another task (WIRE 6.2)."""
    task_gone: bool = False
    not_found_polls: int = 0

    session_uid: str = ""
    found_by: FoundBy = FoundBy.NOTHING
    session: RestoreSession | None = None
    session_started: datetime | None = None
    """When its session began, by the server's clock."""
    session_ended: datetime | None = None
    """When its session ended, by the server's clock."""
    session_result: str = ""
    """What the server says its session came to; empty while it runs."""
    restored_ref: str = ""
    """Reference of the restored VM, where its session names it."""
    restored_name: str = ""
    """What the server calls that VM; empty where it was not asked, or did not say."""
    is_name_asked: bool = False
    """Whether the server was asked for that name in this run: once is enough."""
    progress: int | None = None
    sessions_before: frozenset[str] = frozenset()
    """UIDs of the VM's restore sessions listed before the request, lower case."""
    newest_before: datetime | None = None
    """When the newest of those was made, by the server's clock."""
    no_result_since: float | None = None
    """Since when the session is Stopped without a result."""
    missed_since: float | None = None
    """Since when good answers lack its session."""
    missed_polls: int = 0
    is_missing: bool = False
    """Its session has been absent for so long that what is shown of it is old."""
    search_since: float | None = None
    """Since when its session is looked for at full pace; silence of the server is taken out."""
    search_heard: float | None = None
    """When the server last answered such a look."""
    is_search_silent: bool = False
    """Whether a look since then was not answered."""
    could_be: str = ""
    """Which new sessions could be this restore's, in words, where none is certain."""

    last_seen: datetime | None = None
    """When the server last showed its task or its session."""
    last_heard: datetime | None = None
    """When the server last answered what it is watched by, whether or not it was listed."""
    problem: str = ""
    """Why what is shown may be old: the last poll's error."""

    cancel: CancelState = CancelState.NONE
    cancel_at: float | None = None
    cancel_words: str = ""
    cancel_asked: datetime | None = None
    """When the DELETE was about to leave, by this machine's clock."""
    cancel_by: str = ""
    """Who asked, `user@host`."""
    cancel_answered: datetime | None = None
    """When the server's reply to the DELETE came; None while it is not known."""
    cancel_repeated: bool = False
    """An earlier DELETE was never answered, and the operator decided to send another."""
    cancel_settled: bool = False
    """A lost reply is not waited for: it was an earlier run's, or a repeated DELETE did not leave."""

    unjournalled: str = ""
    """Why the journal does not hold all of this; empty while it does."""

    @property
    def is_over(self) -> bool:
        """Return whether it has ended; unknown is no end."""
        return self.state.is_over

    @property
    def is_probable(self) -> bool:
        """Return whether its session may be somebody else's."""
        return self.found_by is FoundBy.PROBABLY and bool(self.session_uid)

    @property
    def is_settled(self) -> bool:
        """Return whether all there is to learn is learned, though it has no end: its probable session has."""
        return self.is_probable and bool(self.session_result) and self.state is RestoreState.UNKNOWN

    @property
    def is_quiet(self) -> bool:
        """Return whether it is unknown and its search has run out: it is polled slowly, or no more."""
        is_lost = self.search_since is None and not self.session_uid
        return self.state is RestoreState.UNKNOWN and (is_lost or self.is_settled)

    @property
    def is_in_flight(self) -> bool:
        """Return whether something may still happen that is being watched."""
        return not self.is_over and not self.is_quiet

    @property
    def is_known_to_run(self) -> bool:
        """Return whether the server has said that it is launching or running, and still lists it."""
        is_begun = self.state in {RestoreState.LAUNCHING, RestoreState.RESTORING}
        return is_begun and not self.is_unlisted and not self.is_probable

    @property
    def is_unlisted(self) -> bool:
        """Return whether the server's last good answer lacked its session, of which something was known."""
        was_known = self.session is not None or self.progress is not None
        return self.is_missing or (self.missed_polls > 0 and was_known)

    @property
    def lacks_name(self) -> bool:
        """Return whether the server may know what the restored VM is called, and was not asked."""
        is_there = self.state in {RestoreState.SUCCEEDED, RestoreState.WARNING} and bool(self.restored_ref)
        return is_there and not self.restored_name and not self.is_name_asked

    @property
    def is_searched(self) -> bool:
        """Return whether its session is not known and is looked for."""
        return self.state is RestoreState.UNKNOWN and not self.session_uid

    @property
    def may_be_sent_again(self) -> bool:
        """Return whether its form may be opened again, for a new restore."""
        return self.state in {RestoreState.FAILED, RestoreState.UNKNOWN, RestoreState.CANCELLED}

    def is_stale(self, now: datetime) -> bool:
        """Return whether it is in flight and was not heard of for STALE_AFTER."""
        heard = self.last_heard or self.submitted
        return self.is_in_flight and now - heard >= STALE_AFTER

    def is_out_of_date(self, now: datetime) -> bool:
        """Return whether what is shown may be old: not listed, the last poll failed, not heard of."""
        return self.is_unlisted or bool(self.problem) or self.is_stale(now)

    @property
    def has_unanswered_cancel(self) -> bool:
        """Return whether a DELETE got no reply and is not being watched now."""
        is_watched = self.cancel is CancelState.LOST and not self.cancel_settled
        is_lost = self.cancel in {CancelState.LOST, CancelState.GOES_ON} and self.cancel_answered is None
        return is_lost and not is_watched

    @property
    def cancel_notice(self) -> str:
        """Return what must be seen of a cancel that was not accepted, while it is true; empty for nothing."""
        is_bad = self.cancel.is_unanswered or self.cancel in {CancelState.REFUSED, CancelState.NOT_SENT}
        return f"{safe(self.vm_name, cells=40)}: {self.cancel_words}" if is_bad and not self.is_over else ""

    @property
    def is_about_to_change(self) -> bool:
        """Return whether something is likely to change soon: launching, nearly done, or being cancelled."""
        return (
            self.state in {RestoreState.SENT, RestoreState.LAUNCHING}
            or (self.progress is not None and self.progress >= 90 and not self.is_missing)
            or self.cancel is CancelState.ASKING
            or (self.cancel.is_pending and self.state is not RestoreState.UNKNOWN)
        )

    def follows_task(self, session_key: str) -> bool:
        """Return whether its task is polled in the logon session of that key."""
        return (
            self.state is RestoreState.LAUNCHING
            and bool(self.task_id)
            and not self.task_gone
            and self.task_session == session_key
        )

    @property
    def data_lost(self) -> timedelta | None:
        """Return what its users lose: the incident minus the point; None where one of them is not known."""
        if self.incident is None or self.point_created is None:
            return None
        return self.incident - self.point_created

    @property
    def took(self) -> timedelta | None:
        """Return how long its session took by the server's clock; None where the server does not say.

        An end before the beginning says nothing.
        """
        if not self.is_over or self.session_started is None or self.session_ended is None:
            return None
        took = self.session_ended - self.session_started
        return None if took < timedelta(0) else took

    def elapsed(self, now: datetime) -> timedelta:
        """Return the time since it was sent until its end was noticed, by this machine's clock."""
        return max((self.ended or now) - self.submitted, timedelta(0))


def elapsed_words(restore: Restore, now: datetime) -> str:
    """Return how long it takes or took; a dash where that is not known, `<` before what is an upper bound.

    A restore that is unknown may not run at all, and one that never had a session took no time.
    """
    if restore.took is not None:
        return timefmt.elapsed(restore.took)
    if restore.is_over:
        return f"<{timefmt.elapsed(restore.elapsed(now))}" if restore.session_uid else "-"
    return "-" if restore.state is RestoreState.UNKNOWN else timefmt.elapsed(restore.elapsed(now))


def end(restore: Restore, state: RestoreState, message: str, now: Timestamp) -> Restore:
    """Return the restore with an end."""
    return replace(
        restore,
        state=state,
        message=message,
        ended=restore.ended or now.wall,
        search_since=None,
        no_result_since=None,
        problem="",
    )


def console(restore: Restore) -> str:
    """Return where a running restore can be stopped, and its reasons read."""
    return f"the backup console on {restore.server_name}" if restore.server_name else "the backup console"
