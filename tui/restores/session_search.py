"""Finding a restore's session when its task does not name it: by what was not there before.

Only the server's own lists are compared, by UID; this machine's clock plays no part, for clocks differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from tui import timefmt
from tui.api.models import RestoreSession
from tui.api.query import Filter, Query, any_of, eq, ge
from tui.restore_states import CancelState, RestoreState
from tui.restores.restore import SEARCH_WINDOW_S, Restore, Timestamp, console

_FILE_LEVEL = "filelevel"


def is_of_vm(session: RestoreSession, vm_name: str, server_uid: str) -> bool:
    """Return whether a session restores the VM of that name on that backup server.

    VmDisplayName may be missing (WIRE T18); then the session's own name starts with the VM's.
    """
    if session.server_uid and server_uid and session.server_uid.lower() != server_uid.lower():
        return False
    if _FILE_LEVEL in session.job_type.lower():
        return False
    if session.vm_name:
        return session.vm_name.casefold() == vm_name.casefold()
    return session.name.rpartition("@")[0].casefold() == vm_name.casefold()


def running_of(
    sessions: Iterable[RestoreSession], vm_name: str, server_uid: str
) -> tuple[RestoreSession, ...]:
    """Return the sessions of a VM that are not over."""
    return tuple(item for item in sessions if not item.is_over and is_of_vm(item, vm_name, server_uid))


def new_sessions(
    restore: Restore, sessions: Iterable[RestoreSession], taken: Collection[str], *, by_name: bool
) -> tuple[RestoreSession, ...]:
    """Return the sessions that may be this restore's: of its VM, not there before, nobody else's here.

    Args:
        restore: what is looked for.
        sessions: what the server listed.
        taken: UIDs, in lower case, that belong to other restores.
        by_name: whether the list was asked for by the VM's name, as the one before the request was. In a
            wider list an old session without VmDisplayName would look new.
    """
    return tuple(
        session
        for session in sessions
        if (by_name or session.vm_name)
        and is_of_vm(session, restore.vm_name, restore.server_uid)
        and session.uid.lower() not in restore.sessions_before
        and session.uid.lower() not in taken
        and (not session.point_uid or session.point_uid.lower() == restore.point_uid.lower())
    )


def pick(candidates: tuple[RestoreSession, ...]) -> RestoreSession | None:
    """Return the session that is surely meant: the only one, or the only one that names the point."""
    named = tuple(session for session in candidates if session.point_uid)
    best = named or candidates
    return best[0] if len(best) == 1 else None


def not_found(restore: Restore, candidates: int, now: Timestamp) -> Restore:
    """Apply that nothing certain was found in this poll: say what that means so far."""
    if restore.state is RestoreState.CANCELLED:
        return _maybe_stop(restore, now)
    if restore.state is not RestoreState.UNKNOWN:
        return replace(restore, candidates=candidates)
    if candidates > 1:
        words = (
            f"{candidates} new restore sessions of this VM have appeared; vbem cannot say which of them is "
            f"this restore's. Compare them in {console(restore)}."
        )
        return replace(restore, candidates=candidates, message=f"{restore.why_unknown} {words}")
    if restore.search_since is None or now.monotonic_s - restore.search_since < SEARCH_WINDOW_S:
        return replace(restore, candidates=0)
    minutes = round(SEARCH_WINDOW_S / 60)
    words = (
        f"No restore session seen after {minutes} minutes; that is no proof that it did not start. "
        "vbem keeps looking, less often."
    )
    return replace(restore, candidates=0, search_since=None, message=f"{restore.why_unknown} {words}")


def _maybe_stop(restore: Restore, now: Timestamp) -> Restore:
    """Watch a stopped launch for the same time, because the server's data lags; then stop."""
    over = restore.cancel is not CancelState.LAUNCH_STOPPED or restore.search_since is None
    if over or now.monotonic_s - (restore.search_since or 0.0) < SEARCH_WINDOW_S:
        return restore
    return replace(restore, search_since=None)


PAGE_SIZE = 500
MOST_TERMS = 25
"""More alternatives than this make the address too long for some servers and proxies."""
LONGEST_NAME = 100
"""Longer names are not put into a filter."""
_MARGIN = timedelta(days=1)
"""Backup servers' clocks differ from each other."""


def guard_query(vm_name: str) -> Query:
    """Return the restore sessions of a VM, listed before its restore is sent."""
    return Query(
        filter=eq("VmDisplayName", vm_name), sort="CreationTime", descending=True, page_size=PAGE_SIZE
    )


def watch_query(restores: Sequence[Restore]) -> tuple[Query, bool]:
    """Return what to ask for these restores, and whether searched ones are asked for by their VM's name."""
    narrow = len(restores) <= MOST_TERMS and all(len(restore.vm_name) <= LONGEST_NAME for restore in restores)
    if narrow:
        return Query(filter=any_of(*_terms(restores)), page_size=PAGE_SIZE), True
    return Query(filter=_since(restores), sort="CreationTime", descending=True, page_size=PAGE_SIZE), False


def _terms(restores: Sequence[Restore]) -> list[Filter]:
    uids = {restore.session_uid for restore in restores if restore.session_uid}
    names = {restore.vm_name for restore in restores if not restore.session_uid}
    by_uid = [eq("UID", uid) for uid in sorted(uids)]
    return by_uid + [eq("VmDisplayName", name) for name in sorted(names)]


def _since(restores: Sequence[Restore]) -> Filter | None:
    """Filter by the servers' own times, from the oldest session on; None where one is not known."""
    known = [_server_time(restore) for restore in restores]
    if not known or None in known:
        return None
    return ge("CreationTime", min(time for time in known if time is not None) - _MARGIN)


def _server_time(restore: Restore) -> datetime | None:
    return restore.session.created if restore.session is not None else restore.newest_before


MISSING_S = 30.0
"""How long it has to be absent before that is said."""
MISSED_POLLS = 3
"""How many good answers have to lack it; failed polls do not count."""


def session_missing(restore: Restore, now: Timestamp) -> Restore:
    """Apply one more good answer of the server without the restore's session."""
    if restore.is_missing:
        # Its words stay; a poll that failed in between has been made good.
        return replace(restore, problem="")
    since = now.monotonic_s if restore.missed_since is None else restore.missed_since
    missed = replace(restore, missed_since=since, missed_polls=restore.missed_polls + 1)
    if missed.missed_polls < MISSED_POLLS or now.monotonic_s - since < MISSING_S:
        return missed
    return replace(missed, is_missing=True, problem="", message=_words(missed))


def last_known(restore: Restore) -> str:
    """Return when its session was last seen, and how far it was then: `last seen 17:14:26 at 78 %`."""
    done = "" if restore.progress is None else f" at {restore.progress} %"
    if restore.session is None or restore.last_seen is None:
        return f"not seen since vbem started; before that{done}" if done else ""
    return f"last seen {timefmt.clock_time(restore.last_seen)}{done}"


def _words(restore: Restore) -> str:
    known = last_known(restore)
    listed = (
        f"no longer lists its restore session ({known})" if known else "does not list its restore session"
    )
    return f"The server {listed}; it is not known whether it continues. Check it in {console(restore)}."
