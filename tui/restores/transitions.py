"""How a restore changes with what the server says: pure functions from snapshot to snapshot.

The traps of WIRE 5, WIRE 6, WIRE 7 and WIRE 11 are here, once: a finished task is a restore that
*started* (WIRE T1), the state of a task is read from State alone (WIRE T22, WIRE T23), a lost task proves
nothing (WIRE T2), Warning is an end and None is not (WIRE T17), and nearly everything in a session can be
missing (WIRE T18). What the operator reads of a lost or unclear reply to the POST is written here, too.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus

from tui import timefmt
from tui.api.errors import ManagerError, SessionExpired, Unreachable
from tui.api.limits import Timeouts
from tui.api.models import PointKind, RestoreSession, SessionResult, SessionState, Task, TaskState
from tui.errors import sentence_of
from tui.restore_states import CancelState, FoundBy, RestoreState
from tui.restores.restore import Restore, Timestamp, console, end
from tui.restores.session_search import contradiction, looking, names_point

NOT_FOUND_POLLS = 3
"""A task that failed with `not found` right after a backup may still change (WIRE 6.1)."""
ANSWER_S = Timeouts().write_total
NO_RESULT_S = 60.0
"""How long a session may be Stopped without a result before that is called unknown (WIRE 7)."""


def answered(
    restore: Restore, task: Task, session_key: str, now: Timestamp, *, is_taken: bool = False
) -> Restore:
    """Apply that the request was accepted: its task is known, and may already be finished (WIRE T22)."""
    launching = replace(
        restore,
        state=RestoreState.LAUNCHING,
        task_id=task.task_id,
        task_href=task.delete_href,
        task_session=session_key,
    )
    return task_seen(launching, task, now, is_taken=is_taken)


def still_unanswered(restore: Restore) -> Restore:
    """Apply that the answer to the request is late: the server may have begun all the same."""
    if restore.state is not RestoreState.SENT:
        return restore
    since = timefmt.clock_time(restore.submitted)
    until = timefmt.clock_time(restore.submitted + timedelta(seconds=ANSWER_S))
    words = f"No answer to the request since {since}; it may have started. vbem waits until {until} at most."
    return replace(restore, message=words)


def unanswered(restore: Restore, error: ManagerError, now: Timestamp) -> Restore:
    """Apply that the request got no task: either it surely did not start, or that is unknown."""
    if not error.request_sent:
        words = f"It did not start: no byte of the request left this machine. {sentence_of(error)}"
    elif not is_refusal(error):
        return search(restore, f"{unclear_answer('request', error)}; it may have started.", now)
    elif isinstance(error, SessionExpired):
        words = "It did not start: the logon session had expired. Log on again and send it as a new restore."
    else:
        words = f"It did not start: the server refused it. {sentence_of(error)}"
    failed = end(replace(restore, error=error), RestoreState.FAILED, words, now)
    return replace(failed, offer_again=isinstance(error, SessionExpired))


def is_refusal(error: ManagerError) -> bool:
    """Return whether Enterprise Manager itself said no, so that nothing was started.

    A proxy may say 401, 403, 404 or 413 for itself after the server took the request, and a 5xx says that
    something broke, not before what.
    """
    return error.from_manager and 400 <= error.http_code < 500


def unclear_answer(sent: str, error: ManagerError) -> str:
    """Say what became of an unclear answer to a `request` or a `cancel request`."""
    if isinstance(error, Unreachable):
        return f"The reply to the {sent} was lost ({str(error).rstrip('.')})"
    says = _status_words(error) if error.http_code >= 400 else str(error)
    return f"The answer to the {sent} was unclear ({says})"


def _status_words(error: ManagerError) -> str:
    try:
        status = f"{error.http_code} {HTTPStatus(error.http_code).phrase}"
    except ValueError:
        status = f"HTTP {error.http_code}"
    if error.from_manager:
        return f"{status} from the server: {error.detail}"
    return f"{status} from the server or a proxy"


def search(restore: Restore, why: str, now: Timestamp) -> Restore:
    """Apply that nothing certain is known: the session is looked for."""
    return replace(
        restore,
        state=RestoreState.UNKNOWN,
        why_unknown=why,
        message=f"{why} {looking(now, now.monotonic_s)}",
        search_since=now.monotonic_s,
        search_heard=now.monotonic_s,
        is_search_silent=False,
        could_be="",
    )


def task_seen(restore: Restore, task: Task, now: Timestamp, *, is_taken: bool = False) -> Restore:
    """Apply what the task says; its State alone decides (WIRE T22, WIRE T23).

    Args:
        restore: whose task it is.
        task: as the server has it.
        now: by both clocks.
        is_taken: whether the restore session it names belongs to another row of the journal.
    """
    seen = replace(
        restore,
        task_gone=False,
        task_href=task.delete_href or restore.task_href,
        last_seen=now.wall,
        last_heard=now.wall,
        problem="",
    )
    if not task.is_over:
        return replace(seen, state=RestoreState.LAUNCHING, message=_launching_words(task))
    if task.session_id:
        return _started(seen, task, now, is_taken=is_taken)
    if task.success is False:
        return _launch_failed(seen, task, now)
    return search(seen, "The task says the restore started, but names no restore session.", now)


def _launching_words(task: Task) -> str:
    if task.state == TaskState.OPERATION_FINISHED:
        return "Launched; Enterprise Manager is still collecting the data."
    if task.state == TaskState.RUNNING:
        return "The server is launching the restore."
    return f"The server is launching the restore (task state {task.state.value})."


def _started(restore: Restore, task: Task, now: Timestamp, *, is_taken: bool) -> Restore:
    """Follow the restore session that the task names, whatever the task's result (WIRE T1)."""
    uid = session_uid_of(task)
    if is_taken:
        return let_go(restore, uid, "belongs to another restore in the journal", now)
    if uid.lower() in restore.sessions_before:
        return let_go(restore, uid, "was there before the request", now)
    message = "Started; waiting for its restore session."
    if task.success is False:
        message = f"The task reports a failure ({task.message}); watching its restore session."
    return replace(
        restore, state=RestoreState.RESTORING, session_uid=uid, found_by=FoundBy.TASK, message=message
    )


def session_uid_of(task: Task) -> str:
    """Return the UID of the restore session a finished task names; empty for none."""
    return f"urn:veeam:RestoreSession:{task.session_id}" if task.is_over and task.session_id else ""


def let_go(restore: Restore, session_uid: str, why: str, now: Timestamp) -> Restore:
    """Stop following a session that is not this restore's, and look for its own.

    Args:
        restore: what it was taken for.
        session_uid: of the session; it is never taken for this restore's again.
        why: completes 'a restore session that ...'.
        now: by both clocks.
    """
    who = "Its task names" if restore.found_by in {FoundBy.NOTHING, FoundBy.TASK} else "It was followed by"
    without = replace(
        restore,
        session_uid="",
        found_by=FoundBy.NOTHING,
        session=None,
        session_started=None,
        session_ended=None,
        session_result="",
        progress=None,
        note="",
        no_result_since=None,
        missed_since=None,
        missed_polls=0,
        is_missing=False,
        sessions_before=restore.sessions_before | {session_uid.lower()},
    )
    return search(without, f"{who} a restore session that {why}: it is not this restore's.", now)


def _launch_failed(restore: Restore, task: Task, now: Timestamp) -> Restore:
    says = task.message or "no reason given"
    if task.needs_input:
        words = (
            "The launch failed: the server asks for credentials or a confirmation, "
            f"which vbem cannot give ({says})."
        )
        return end(restore, RestoreState.FAILED, words, now)
    if restore.cancel.may_have_acted and names_stop(says):
        words = f"The launch was stopped. The server says: {says}"
        stopped = replace(restore, cancel=CancelState.LAUNCH_STOPPED, cancel_words=words)
        return end(stopped, RestoreState.CANCELLED, words, now)
    if "not found" in task.message.lower() and restore.not_found_polls + 1 < NOT_FOUND_POLLS:
        return replace(
            restore,
            state=RestoreState.LAUNCHING,
            not_found_polls=restore.not_found_polls + 1,
            message=f"The launch reports: {says}. This can clear up right after a backup; checking again.",
        )
    # No proof that nothing started: a launch can fail for want of an answer, too.
    words = f"The launch failed. The server {f'says: {says}' if task.message else 'gives no reason.'}"
    return end(restore, RestoreState.FAILED, words, now)


_NAMED = r"(?: (?:of|for) (?:vm )?[^\s:;,]+| '[^']*'| \[[^\]]*\])"
_SUBJECT = (
    r"(?:the |this |a |an |its )?(?:vm )?(?:restore|recovery|job|session|task|operation|launch)"
    rf"(?: job| session| task| operation)?{_NAMED}?"
)
_BY_SOMEBODY = re.compile(
    rf"(?:^|[.:;!,] )(?:{_SUBJECT} (?:(?:was|is|has been) )?)?"
    r"(?:stopped|cancel+ed|aborted|terminated|interrupted) (?:by|on|at|upon) (?:the |an? |its )?"
    r"(?:(?:user|operator|administrator|admin|console)(?![\w-])|user'?s? request\b)",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"(?:(?:the )?(?:vm )?(?:restore|job|session|launch)(?: job| session)? (?:was|is|has been) )?"
    r"(?:stopped|cancel+ed)\.?",
    re.IGNORECASE,
)


def names_stop(says: str) -> bool:
    """Return whether the server's words name a stop of the restore that somebody asked for.

    A service that stopped, or a snapshot that somebody cancelled, is a failure like any other; and "the
    operation was canceled", by nobody, is what a timeout is called, too.
    """
    says = says.strip()
    return bool(_BY_SOMEBODY.search(says) or _WHOLE.fullmatch(says))


def task_missing(restore: Restore, now: Timestamp, why: str = "") -> Restore:
    """Apply that the task is not known any more: it proves nothing, the sessions are searched (WIRE T2).

    Args:
        restore: whose task it was.
        now: by both clocks.
        why: what took the task away, where it was not the server's list that lost it: such a loss is no
            sign either that a cancelling has worked.
    """
    gone = replace(restore, task_gone=True)
    if restore.cancel.is_under_way and not why:
        why = "The task is gone after the cancel; whether that stopped the launch is not known."
        if restore.cancel is CancelState.ACCEPTED:
            gone = replace(gone, cancel_words=why)
    return search(gone, why or "The server no longer lists the task; that proves nothing.", now)


def session_seen(
    restore: Restore,
    session: RestoreSession,
    now: Timestamp,
    found_by: FoundBy = FoundBy.NOTHING,
    *,
    has_rival: bool = False,
) -> Restore:
    """Apply what its restore session says; a found one is followed from here on.

    Args:
        restore: whose session it is, or was taken for.
        session: as the server has it.
        now: by both clocks.
        found_by: how it was found, where the restore has none yet.
        has_rival: whether another new session of its VM could be its own as well.
    """
    # What was taken for its own once may be renamed meanwhile; what is only likely is looked at each time.
    is_accepted = restore.session_started is not None and not restore.is_probable
    why = "" if is_accepted else contradiction(restore, session)
    if why:
        return let_go(restore, session.uid, why, now)
    is_found = not restore.session_uid
    found_by = found_by if is_found else restore.found_by
    if found_by in {FoundBy.PROBABLY, FoundBy.POINT}:
        is_sure = (found_by is FoundBy.POINT or names_point(restore, session)) and not has_rival
        found_by = FoundBy.POINT if is_sure else FoundBy.PROBABLY
    seen = replace(
        restore,
        session_uid=session.uid,
        found_by=found_by,
        session=session,
        session_started=session.created or restore.session_started,
        restored_ref=session.restored_ref or restore.restored_ref,
        progress=session.progress if session.progress is not None else restore.progress,
        server_name=restore.server_name or session.server_name,
        server_uid=restore.server_uid or session.server_uid,
        last_seen=now.wall,
        last_heard=now.wall,
        problem="",
        search_since=None,
        could_be="",
        missed_since=None,
        missed_polls=0,
        is_missing=False,
    )
    if is_found or found_by is not restore.found_by:
        seen = replace(seen, note=_RIVAL if has_rival else _found_words(seen))
    if session.is_over:
        return _ended(seen, session, now)
    if session.state == SessionState.STOPPED:
        return _stopped_without_result(seen, session, now)
    words = _session_words(session)
    if seen.is_probable:
        words = f"Probably its restore session: {words}"
    return replace(seen, state=RestoreState.RESTORING, no_result_since=None, message=words)


_RIVAL = (
    "Another new restore session of this VM has appeared; neither says that it is this restore's. The first "
    "one is followed."
)


def _found_words(restore: Restore) -> str:
    if restore.found_by is FoundBy.POINT:
        return "The only new restore session of this VM, from this very point, is followed; no task names it."
    return (
        "The only new restore session of this VM is followed; neither a task nor a link to the point says "
        "that it is this restore's."
    )


def _session_words(session: RestoreSession) -> str:
    words = {
        SessionState.STARTING: "The restore session is starting.",
        SessionState.WORKING: "Restoring.",
        SessionState.STOPPING: "The restore session is stopping.",
    }
    return words.get(session.state, f"Restoring (session state {session.state.value}).")


def _stopped_without_result(restore: Restore, session: RestoreSession, now: Timestamp) -> Restore:
    since = now.monotonic_s if restore.no_result_since is None else restore.no_result_since
    result = "" if session.result == SessionResult.NONE else f" (it says {session.result.value})"
    waiting = replace(restore, no_result_since=since)
    if now.monotonic_s - since < NO_RESULT_S:
        return replace(
            waiting,
            state=RestoreState.RESTORING,
            message=f"The restore session has stopped; its result is not available yet{result}.",
        )
    words = f"The restore session has stopped without a result{result}. Check it in {console(restore)}."
    return replace(waiting, state=RestoreState.UNKNOWN, message=words)


def _ended(restore: Restore, session: RestoreSession, now: Timestamp) -> Restore:
    restore = replace(restore, session_result=session.result.value, session_ended=session.ended)
    if restore.is_probable:
        return _probable_ended(restore, session)
    says = session.failure_message
    what = "vApp" if restore.kind is PointKind.VAPP else "VM"
    how = _HOW.get(restore.found_by, "")
    if session.result == SessionResult.SUCCESS:
        return end(restore, RestoreState.SUCCEEDED, f"The {what} is restored{how}.", now)
    if session.result == SessionResult.WARNING:
        words = f"The {what} is restored{how}, with warnings. {says}".strip()
        return end(restore, RestoreState.WARNING, words, now)
    if restore.cancel.may_have_acted and names_stop(says):
        words = f"The restore session was stopped. The server says: {says}"
        stopped = replace(restore, cancel=CancelState.SESSION_STOPPED, cancel_words=words)
        return end(stopped, RestoreState.CANCELLED, words, now)
    reason = f"The server says: {says}" if says else f"The server gives no reason; see {console(restore)}."
    return end(restore, RestoreState.FAILED, f"The restore FAILED{how}. {reason}", now)


_HOW = {
    FoundBy.POINT: " (found by its point; no task names it)",
    FoundBy.OPERATOR: " (its session, as the operator said)",
}
_CAME_TO = {
    SessionResult.SUCCESS: "ended as successful",
    SessionResult.WARNING: "ended with warnings",
    SessionResult.FAILED: "failed",
}


def _probable_ended(restore: Restore, session: RestoreSession) -> Restore:
    """Leave it unknown: what the session came to is told, and that it may be somebody else's."""
    when = f" at {timefmt.both(session.ended)}" if session.ended else ""
    says = f" ({session.failure_message})" if session.failure_message else ""
    doubt = "neither a task nor a link to the point says that it is"
    if names_point(restore, session):
        doubt = "it is from this very point, but another new one of this VM could be its own as well"
    words = (
        f"A restore session that may be this restore's {_CAME_TO[session.result]}{when}{says}; {doubt}. "
        f"Check it in {console(restore)}."
    )
    unknown = replace(restore, state=RestoreState.UNKNOWN, note="", problem="", no_result_since=None)
    return replace(unknown, message=f"{restore.why_unknown} {words}".strip())
