"""Finding a restore's session when its task does not name it: by what was not there before.

Only the server's own lists are compared, by UID and by the server's times; this machine's clock plays no
part, for clocks differ. A session belongs to one restore for ever, whoever's journal row that is.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tui import timefmt
from tui.api.codec.tree import CUT_MARK
from tui.api.errors import TimedOut, TooLarge, Unreadable
from tui.api.models import Items, PointKind, RestoreSession, SessionState
from tui.api.query import Filter, Query, any_of, eq, ge, ne
from tui.restore_states import FoundBy, RestoreState
from tui.restores.plan import RestorePlan, row_words
from tui.restores.ports import JournalEntry, RestoreApi
from tui.restores.restore import SEARCH_WINDOW_S, Restore, Timestamp, console

_FILE_LEVEL = "filelevel"
_REPLACED = "\N{REPLACEMENT CHARACTER}"


def is_of_vm(session: RestoreSession, vm_name: str, server_uid: str) -> bool:
    """Return whether a session restores the VM of that name on that backup server.

    VmDisplayName may be missing (WIRE T18); then the session's own name starts with the VM's.
    """
    if _is_of_other_server(session, server_uid) or _FILE_LEVEL in session.job_type.lower():
        return False
    return _spelled(_vm_named(session)) == _spelled(vm_name)


def _spelled(name: str) -> str:
    """Return a name to compare: XML and JSON differ in blanks, and in what stands for no characters."""
    whole = " ".join(unicodedata.normalize("NFC", name).split())
    return re.sub(f"{_REPLACED}+", _REPLACED, whole).casefold()


def _is_as_sent(name: str) -> bool:
    """Return whether a name was neither cut nor had characters replaced: else no filter finds it."""
    return _REPLACED not in name and not name.endswith(CUT_MARK)


def _is_of_other_server(session: RestoreSession, server_uid: str) -> bool:
    return bool(session.server_uid and server_uid and session.server_uid.lower() != server_uid.lower())


def _vm_named(session: RestoreSession) -> str:
    return session.vm_name or session.name.rpartition("@")[0]


def running_of(
    sessions: Iterable[RestoreSession], vm_name: str, server_uid: str
) -> tuple[RestoreSession, ...]:
    """Return the sessions of a VM that are not stopped, with whatever result."""
    return tuple(item for item in sessions if _may_run(item) and is_of_vm(item, vm_name, server_uid))


def _may_run(session: RestoreSession) -> bool:
    return session.state != SessionState.STOPPED


def _is_nameless(session: RestoreSession, server_uid: str) -> bool:
    """Return whether a session that runs may be of any VM of a backup server, as far as it says."""
    is_elsewhere = _is_of_other_server(session, server_uid) or _FILE_LEVEL in session.job_type.lower()
    return _may_run(session) and not _vm_named(session) and not is_elsewhere


def newest_of(sessions: Iterable[RestoreSession], vm_name: str, server_uid: str) -> datetime | None:
    """Return when the newest session of a VM was made, by its backup server's clock."""
    own = (item.created for item in sessions if is_of_vm(item, vm_name, server_uid))
    return max((created for created in own if created is not None), default=None)


def contradiction(restore: Restore, session: RestoreSession) -> str:
    """Return what shows that a session is not this restore's, whoever names it; empty for nothing.

    The words complete 'a restore session that ...'.
    """
    named = _vm_named(session)
    # What links the very point is of its VM, however that is called by now.
    is_other_vm = bool(named) and _spelled(named) != _spelled(restore.vm_name)
    is_other_vm = is_other_vm and not names_point(restore, session)
    facts = (
        (session.uid.lower() in restore.sessions_before, "was there before the request"),
        (_is_of_other_server(session, restore.server_uid), "runs on another backup server"),
        (_FILE_LEVEL in session.job_type.lower(), "restores files"),
        # The session of a vApp may be named after one of its VMs.
        (is_other_vm and restore.kind is PointKind.VM, "restores another VM"),
        (_links_other_point(session.point_uid.lower(), restore.point_uid.lower()), "restores another point"),
        (_is_older(session, restore.newest_before), "is not newer than those before the request"),
    )
    return next((words for is_so, words in facts if is_so), "")


def _is_older(session: RestoreSession, newest_before: datetime | None) -> bool:
    return newest_before is not None and session.created is not None and session.created <= newest_before


def _links_other_point(linked: str, own: str) -> bool:
    """Return whether a link names another point; a VM's point says nothing about a vApp's."""
    is_comparable = linked.rpartition(":")[0] == own.rpartition(":")[0]
    return bool(linked) and is_comparable and linked != own


def names_point(restore: Restore, session: RestoreSession) -> bool:
    """Return whether a session links the very point of this restore."""
    return bool(session.point_uid) and session.point_uid.lower() == restore.point_uid.lower()


def may_restore_same(restore: Restore, session: RestoreSession) -> bool:
    """Return whether a session is of this restore's VM, by its name or by the point that it links."""
    is_of_files = _FILE_LEVEL in session.job_type.lower()
    is_linked = names_point(restore, session) and not is_of_files
    return is_linked or is_of_vm(session, restore.vm_name, restore.server_uid)


def new_sessions(
    restore: Restore, sessions: Iterable[RestoreSession], taken: Collection[str], *, by_name: bool
) -> tuple[RestoreSession, ...]:
    """Return the sessions that may be this restore's: of its VM, not there before, no other restore's.

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
        and may_restore_same(restore, session)
        and session.uid.lower() not in taken
        and not contradiction(restore, session)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What the search for one restore's session came to."""

    session: RestoreSession | None = None
    """The only one it can be, where it can be no other restore's."""
    found_by: FoundBy = FoundBy.NOTHING
    words: str = ""
    """Which sessions it could be, where none is certain."""


def match(restore: Restore, candidates: Sequence[RestoreSession], rivals: Iterable[Restore]) -> Match:
    """Decide whether the only new session is this restore's.

    Args:
        restore: what is looked for.
        candidates: as `new_sessions` gives them.
        rivals: the other restores whose session is not known, of other rows of the journal, too.
    """
    if not candidates:
        return Match()
    could_claim = [other for other in rivals if new_sessions(other, candidates, (), by_name=True)]
    if len(candidates) > 1:
        return Match(words=_several_words(restore, candidates, could_claim))
    (only,) = candidates
    found_by = FoundBy.POINT if names_point(restore, only) else FoundBy.PROBABLY
    if found_by is FoundBy.PROBABLY:
        # A restore of long ago that nobody ever found does not compete for what is merely likely.
        could_claim = [other for other in could_claim if not other.is_quiet]
    if could_claim or restore.is_quiet:
        return Match(words=_one_words(restore, only, could_claim))
    return Match(session=only, found_by=found_by)


def _one_words(restore: Restore, session: RestoreSession, rivals: Sequence[Restore]) -> str:
    whose = (
        f"; it could be that of {_rows(rivals)} as well" if rivals else "; it was found too late to be sure"
    )
    return (
        f"A new restore session of this VM could be this restore's ({_described(session)}){whose}. "
        f"Check it in {console(restore)}."
    )


def _several_words(restore: Restore, candidates: Sequence[RestoreSession], rivals: Sequence[Restore]) -> str:
    which = "; ".join(_described(session) for session in candidates[:_MOST_DESCRIBED])
    more = len(candidates) - _MOST_DESCRIBED
    rest = f"; and {more} more" if more > 0 else ""
    also = f" or that of {_rows(rivals)}" if rivals else ""
    return (
        f"{len(candidates)} new restore sessions of this VM have appeared; vbem cannot say which of them is "
        f"this restore's{also} ({which}{rest}). Compare them in {console(restore)}."
    )


_MOST_DESCRIBED = 4


def _rows(restores: Sequence[Restore]) -> str:
    numbers = [str(one.entry_id) for one in restores if one.entry_id is not None]
    if len(numbers) != len(restores):
        return "another restore of this VM"
    return f"row {numbers[0]}" if len(numbers) == 1 else f"rows {', '.join(numbers)}"


def _described(session: RestoreSession) -> str:
    """Return a session as a person can find it: when it began, and what it came to."""
    began = f"started {timefmt.both(session.created)}" if session.created else f"id {session.id}"
    came_to = session.result.value if session.is_over else session.state.value
    return f"{began}, {came_to}"


def looking(now: Timestamp, since: float) -> str:
    """Return until when a session is looked for at full pace.

    Args:
        now: by both clocks.
        since: when the search began, with the server's silence taken out.
    """
    left_s = SEARCH_WINDOW_S - (now.monotonic_s - since)
    until = timefmt.clock_time(now.wall + timedelta(seconds=left_s))
    return f"vbem looks for a new restore session of this VM until {until}, then less often."


def unanswered_look(restore: Restore) -> Restore:
    """Apply that the server did not answer a look for its session: that time does not count."""
    return replace(restore, is_search_silent=True) if restore.is_searched else restore


def _without_silence(restore: Restore, now: Timestamp) -> Restore:
    """Take the silence before this answer out of the search."""
    since, heard = restore.search_since, restore.search_heard
    if since is None:
        return restore
    counted = replace(restore, search_heard=now.monotonic_s, is_search_silent=False)
    if heard is None or not restore.is_search_silent:
        return counted
    since += now.monotonic_s - heard
    message = f"{restore.why_unknown} {looking(now, since)}".strip()
    return replace(counted, search_since=since, message=restore.message if restore.could_be else message)


def not_found(restore: Restore, words: str, now: Timestamp, *, is_whole: bool = True) -> Restore:
    """Apply that nothing certain was found in this poll: say what that means so far.

    Args:
        restore: what was looked for.
        words: which sessions could be it; empty for none.
        now: by both clocks.
        is_whole: whether the server gave no reason to think that there are more sessions.
    """
    if restore.state is not RestoreState.UNKNOWN:
        return restore
    restore = _without_silence(restore, now)
    since = restore.search_since
    has_run_out = since is not None and now.monotonic_s - since >= SEARCH_WINDOW_S
    checked = replace(restore, could_be=words, search_since=None if has_run_out else since)
    if words:
        return replace(checked, message=f"{restore.why_unknown} {words}".strip())
    if not has_run_out and not restore.could_be:
        return checked
    minutes = round(SEARCH_WINDOW_S / 60)
    seen = f"seen after {minutes} minutes" if has_run_out else "listed that could be it"
    gap = "" if is_whole else ", in lists that may not be whole"
    says = f"No restore session {seen}{gap}; that is no proof that it did not start. vbem keeps looking"
    says += f", less often. Check it in {console(restore)}." if checked.search_since is None else "."
    return replace(checked, message=f"{restore.why_unknown} {says}".strip())


PAGE_SIZE = 500
MOST_TERMS = 25
"""More alternatives than this make the address too long for some servers and proxies."""
LONGEST_NAME = 100
"""Longer names are not put into a filter."""
_MARGIN = timedelta(days=1)
"""Backup servers' clocks differ from each other."""


GUARD_S = 60.0
"""How long a list of restore sessions may take before a restore is sent."""
_WITHOUT_LIST = (
    "Nothing was sent: without that list nobody sees whether another restore of the VM is running. Try "
    "again; if it persists, look, and restore, in the backup console."
)


def guard_query(vm_name: str) -> Query:
    """Return the restore sessions of a VM, listed before its restore is sent; of all where it has to be."""
    own = eq("VmDisplayName", vm_name) if _is_as_sent(vm_name) else None
    return Query(filter=own, sort="CreationTime", descending=True, page_size=PAGE_SIZE)


async def listed_in_time(manager: RestoreApi, query: Query) -> Items[RestoreSession]:
    """Return the restore sessions of a query.

    Raises:
        ManagerError: they cannot be listed, or were not there in `GUARD_S`; the hint says that nothing was
            sent.
    """
    try:
        async with asyncio.timeout(GUARD_S):
            return await manager.restore_sessions(query)
    except TimeoutError as error:
        words = f"The list of the VM's restore sessions was not there in {GUARD_S:.0f} s."
        raise TimedOut(words, request_sent=False, hint=_WITHOUT_LIST) from error
    except (TooLarge, Unreadable, TimedOut) as error:
        error.hint = _WITHOUT_LIST
        raise


def running_query() -> Query:
    """Return all restore sessions that are not over, for a plan of many VMs."""
    return Query(filter=ne("State", "Stopped"), sort="CreationTime", descending=True, page_size=PAGE_SIZE)


def rows_of_vm(rows: Iterable[JournalEntry], plan: RestorePlan) -> list[JournalEntry]:
    """Return those rows that are of the VM of a plan, or may be."""
    uids = {"", plan.point.server_uid}
    return [row for row in rows if row.vm_name == plan.vm_name and row.backup_server_uid in uids]


def with_found(
    plan: RestorePlan,
    sessions: Items[RestoreSession],
    rows: Collection[JournalEntry],
    own_rows: Collection[int | None],
) -> RestorePlan:
    """Return the plan with what was found of its VM.

    Args:
        plan: the plan.
        sessions: what the server lists.
        rows: the rows of the VM in flight.
        own_rows: numbers of those that this program follows.
    """
    nameless = sum(_is_nameless(session, plan.point.server_uid) for session in sessions)
    context = replace(
        plan.context,
        running=running_of(sessions, plan.vm_name, plan.point.server_uid),
        is_list_whole=sessions.is_whole,
        unreadable_sessions=sessions.unreadable + nameless,
        other_rows=tuple(row_words(row) for row in rows if row.id not in own_rows),
        known_rows=frozenset(row.id for row in rows),
    )
    return replace(plan, context=context)


def watch_query(restores: Sequence[Restore]) -> tuple[Query, bool]:
    """Return what to ask for these restores, and whether searched ones are asked for by their VM's name."""
    searched = [restore.vm_name for restore in restores if _is_asked_by_name(restore)]
    is_short = all(len(name) <= LONGEST_NAME and _is_as_sent(name) for name in searched)
    narrow = len(restores) <= MOST_TERMS and is_short
    if narrow:
        return Query(filter=any_of(*_terms(restores)), page_size=PAGE_SIZE), True
    return Query(filter=_since(restores), sort="CreationTime", descending=True, page_size=PAGE_SIZE), False


def _is_asked_by_name(restore: Restore) -> bool:
    """Return whether other sessions of its VM matter: until its own is named by its task or the operator."""
    return not restore.session_uid or restore.found_by in _BY_SEARCH


_BY_SEARCH = {FoundBy.POINT, FoundBy.PROBABLY}


def rival_sessions(
    restore: Restore,
    sessions: Iterable[RestoreSession],
    taken: Collection[str],
    others: Iterable[Restore] = (),
    *,
    by_name: bool,
) -> tuple[RestoreSession, ...]:
    """Return the sessions that could be a restore's as well as the one that the search has found.

    Args:
        restore: whose session was found by search.
        sessions: what the server listed.
        taken: UIDs, in lower case, that belong to other restores.
        others: restores whose session is not known: one of theirs is no rival.
        by_name: as in `new_sessions`.
    """
    if restore.found_by not in _BY_SEARCH or not restore.session_uid or restore.is_over:
        return ()
    began = restore.session_started
    unclaimed = list(others)
    return tuple(
        one
        for one in new_sessions(restore, sessions, {*taken, restore.session_uid.lower()}, by_name=by_name)
        if not (began and one.created and one.created - began > timedelta(seconds=SEARCH_WINDOW_S))
        and not any(new_sessions(other, (one,), (), by_name=True) for other in unclaimed)
    )


def _terms(restores: Sequence[Restore]) -> list[Filter]:
    uids = {restore.session_uid for restore in restores if restore.session_uid}
    names = {restore.vm_name for restore in restores if _is_asked_by_name(restore)}
    by_uid = [eq("UID", uid) for uid in sorted(uids)]
    return by_uid + [eq("VmDisplayName", name) for name in sorted(names)]


def _since(restores: Sequence[Restore]) -> Filter | None:
    """Filter by the servers' own times, from the oldest session on; None where one is not known."""
    known = [_server_time(restore) for restore in restores]
    if not known or None in known:
        return None
    return ge("CreationTime", min(time for time in known if time is not None) - _MARGIN)


def _server_time(restore: Restore) -> datetime | None:
    return restore.session_started or restore.newest_before


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
        return replace(missed, message=_unlisted_words(missed)) if missed.is_unlisted else missed
    return replace(missed, is_missing=True, problem="", message=_words(missed))


def last_known(restore: Restore) -> str:
    """Return when its session was last seen, and how far it was then: `last seen 17:14:26 at 78 %`."""
    done = "" if restore.progress is None else f" at {restore.progress} %"
    if restore.session is None or restore.last_seen is None:
        return f"not seen since vbem started; before that{done}" if done else ""
    return f"last seen {timefmt.clock_time(restore.last_seen)}{done}"


def _unlisted_words(restore: Restore) -> str:
    known = last_known(restore)
    return f"The server's last answer did not list its restore session ({known}). vbem keeps asking."


def _words(restore: Restore) -> str:
    known = last_known(restore)
    listed = (
        f"no longer lists its restore session ({known})" if known else "does not list its restore session"
    )
    return f"The server {listed}; it is not known whether it continues. Check it in {console(restore)}."
