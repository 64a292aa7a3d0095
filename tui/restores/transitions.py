"""How a restore changes with what the server says: pure functions from snapshot to snapshot.

The traps of WIRE 5, WIRE 6, WIRE 7 and WIRE 11 are here, once: a finished task is a restore that
*started* (WIRE T1), the state of a task is read from State alone (WIRE T22, WIRE T23), a lost task proves
nothing (WIRE T2), Warning is an end and None is not (WIRE T17), and nearly everything in a session can be
missing (WIRE T18). What the operator reads of a lost or unclear reply to the POST is written here, too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus

from tui import timefmt
from tui.api.errors import Busy, ManagerError, NotAllowed, Rejected, ServerFault, SessionExpired, Unreachable
from tui.api.models import PointKind, RestoreSession, SessionResult, SessionState, Task, TaskState
from tui.restore_states import CancelState, RestoreState
from tui.restores.restore import SEARCH_WINDOW_S, Restore, Timestamp, console, end

NOT_FOUND_POLLS = 3
"""A task that failed with `not found` right after a backup may still change (WIRE 6.1)."""
NO_RESULT_S = 60.0
"""How long a session may be Stopped without a result before that is called unknown (WIRE 7)."""


def answered(restore: Restore, task: Task, session_key: str, now: Timestamp) -> Restore:
    """Apply that the request was accepted: its task is known, and may already be finished (WIRE T22)."""
    launching = replace(
        restore,
        state=RestoreState.LAUNCHING,
        task_id=task.task_id,
        task_href=task.delete_href,
        task_session=session_key,
    )
    return task_seen(launching, task, now)


def unanswered(restore: Restore, error: ManagerError, now: Timestamp) -> Restore:
    """Apply that the request got no task: either it surely did not start, or that is unknown."""
    if not error.request_sent:
        words = f"It did not start: no byte of the request left this machine. {error}."
    elif isinstance(error, SessionExpired):
        words = "It did not start: the logon session had expired. Log on again and send it as a new restore."
    elif is_refusal(error):
        words = f"It did not start: the server refused it. {error}."
    else:
        return search(restore, f"{unclear_answer('request', error)}; it may have started.", now)
    failed = end(replace(restore, error=error), RestoreState.FAILED, words, now)
    return replace(failed, offer_again=isinstance(error, SessionExpired))


def is_refusal(error: ManagerError) -> bool:
    """Return whether the server itself said no, so that nothing was started.

    502, 503 and 504 may come from a proxy that lost the server after it took the request, and so may a
    500 or 408 that carries no word of Enterprise Manager.
    """
    if isinstance(error, NotAllowed):
        return True
    if not isinstance(error, Rejected) or isinstance(error, Busy) or error.http_code == 408:
        return False
    return not isinstance(error, ServerFault) or error.from_manager


def unclear_answer(sent: str, error: ManagerError) -> str:
    """Say what became of an unclear answer to a `request` or a `cancel request`."""
    if isinstance(error, Unreachable):
        return f"The reply to the {sent} was lost ({error})"
    says = str(error)
    if isinstance(error, Rejected) and error.http_code:
        says = _status_words(error)
    return f"The answer to the {sent} was unclear ({says})"


def _status_words(error: Rejected) -> str:
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
        message=f"{why} {_looking(now)}",
        search_since=now.monotonic_s,
        candidates=0,
    )


def _looking(now: Timestamp) -> str:
    until = timefmt.clock_time(now.wall + timedelta(seconds=SEARCH_WINDOW_S))
    return f"vbem looks for a new restore session of this VM until {until}, then less often."


def task_seen(restore: Restore, task: Task, now: Timestamp) -> Restore:
    """Apply what the task says; its State alone decides (WIRE T22, WIRE T23)."""
    seen = replace(
        restore,
        task_gone=False,
        task_href=task.delete_href or restore.task_href,
        last_seen=now.wall,
        problem="",
    )
    if not task.is_over:
        return replace(seen, state=RestoreState.LAUNCHING, message=_launching_words(task))
    if task.session_id:
        return _started(seen, task)
    if task.success is False:
        return _launch_failed(seen, task, now)
    return search(seen, "The task says the restore started, but names no restore session.", now)


def _launching_words(task: Task) -> str:
    if task.state == TaskState.OPERATION_FINISHED:
        return "Launched; Enterprise Manager is still collecting the data."
    if task.state == TaskState.RUNNING:
        return "The server is launching the restore."
    return f"The server is launching the restore (task state {task.state.value})."


def _started(restore: Restore, task: Task) -> Restore:
    """Follow the restore session that the task names, whatever the task's result (WIRE T1)."""
    message = "Started; waiting for its restore session."
    if task.success is False:
        message = f"The task reports a failure ({task.message}); watching its restore session."
    return replace(
        restore,
        state=RestoreState.RESTORING,
        session_uid=f"urn:veeam:RestoreSession:{task.session_id}",
        message=message,
    )


def _launch_failed(restore: Restore, task: Task, now: Timestamp) -> Restore:
    says = task.message or "no reason given"
    if task.needs_input:
        words = (
            "It did not start: the server asks for credentials or a confirmation, "
            f"which vbem cannot give ({says})."
        )
        return end(restore, RestoreState.FAILED, words, now)
    if restore.cancel.may_have_acted:
        words = f"The launch was stopped ({says})."
        stopped = replace(restore, cancel=CancelState.LAUNCH_STOPPED, cancel_words=words)
        return end(stopped, RestoreState.CANCELLED, words, now)
    if "not found" in task.message.lower() and restore.not_found_polls + 1 < NOT_FOUND_POLLS:
        return replace(
            restore,
            state=RestoreState.LAUNCHING,
            not_found_polls=restore.not_found_polls + 1,
            message=f"The launch reports: {says}. This can clear up right after a backup; checking again.",
        )
    return end(restore, RestoreState.FAILED, f"It did not start. The server says: {says}", now)


def task_missing(restore: Restore, now: Timestamp, why: str = "") -> Restore:
    """Apply that the task is not known any more: it proves nothing, the sessions are searched (WIRE T2).

    Args:
        restore: whose task it was.
        now: by both clocks.
        why: what took the task away, where it was not the server's list that lost it: such a loss is no
            sign either that a cancelling has worked.
    """
    gone = replace(restore, task_gone=True)
    if _is_being_cancelled(restore) and not why:
        message = "The task is gone; watching for a restore session."
        return replace(gone, message=message, search_since=now.monotonic_s)
    return search(gone, why or "The server no longer knows the task; that proves nothing.", now)


def _is_being_cancelled(restore: Restore) -> bool:
    return restore.cancel.is_pending or restore.cancel is CancelState.ASKING


def session_seen(restore: Restore, session: RestoreSession, now: Timestamp) -> Restore:
    """Apply what its restore session says; a found one is followed from here on."""
    seen = replace(
        restore,
        session_uid=session.uid,
        session=session,
        progress=session.progress if session.progress is not None else restore.progress,
        server_name=restore.server_name or session.server_name,
        server_uid=restore.server_uid or session.server_uid,
        last_seen=now.wall,
        problem="",
        search_since=None,
        candidates=0,
        missed_since=None,
        missed_polls=0,
        is_missing=False,
    )
    if not restore.session_uid:
        seen = replace(seen, ended=None, note=_found_words(restore))
    if session.is_over:
        return _ended(seen, session, now)
    if session.state == SessionState.STOPPED:
        return _stopped_without_result(seen, session, now)
    return replace(seen, state=RestoreState.RESTORING, no_result_since=None, message=_session_words(session))


def _found_words(restore: Restore) -> str:
    if restore.cancel.may_have_acted or restore.cancel is CancelState.LAUNCH_STOPPED:
        return "A new restore session of this VM appeared despite the cancel."
    return "It started: a new restore session of this VM was found."


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
    says = session.failure_message
    what = "vApp" if restore.kind is PointKind.VAPP else "VM"
    if session.result == SessionResult.SUCCESS:
        return end(restore, RestoreState.SUCCEEDED, f"The {what} is restored.", now)
    if session.result == SessionResult.WARNING:
        words = f"The {what} is restored, with warnings. {says}".strip()
        return end(restore, RestoreState.WARNING, words, now)
    if restore.cancel is CancelState.SESSION_STOPPING:
        words = f"The restore session was stopped. {says}".strip()
        stopped = replace(restore, cancel=CancelState.SESSION_STOPPED, cancel_words=words)
        return end(stopped, RestoreState.CANCELLED, words, now)
    reason = f"The server says: {says}" if says else f"The server gives no reason; see {console(restore)}."
    return end(restore, RestoreState.FAILED, f"The restore FAILED. {reason}", now)
