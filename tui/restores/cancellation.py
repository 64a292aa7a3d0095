"""Cancelling: what it can still do, said beforehand, and what it really did, watched afterwards.

DELETE to the task's link is all the API has (WIRE 6.3); there is no way to stop a restore session
(WIRE 7, WIRE T27), so a running restore usually goes on, and the words say where it can be stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tui import timefmt
from tui.api.errors import ManagerError, NotFound, TaskUnknown
from tui.api.models import SessionState
from tui.errors import sentence_of
from tui.restore_states import CancelState, RestoreState
from tui.restores.restore import Restore, Timestamp, console
from tui.restores.transitions import is_refusal, search, unclear_answer

GRACE_S = 30.0
"""How long a task may go on after an accepted DELETE before that is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOutlook:
    """What cancelling can do now."""

    possible: bool
    """Whether a DELETE can be sent at all."""
    sent_before: bool = False
    """Whether one was sent whose reply is not known: another is sent only on the operator's word."""
    button: str = ""
    """What pressing yes does; empty where nothing can be sent."""
    words: tuple[str, ...]


def outlook(restore: Restore, session_key: str) -> CancelOutlook:
    """Return what cancelling can do, before anybody is asked."""
    blocked = _blocked(restore, session_key)
    if blocked:
        return CancelOutlook(possible=False, words=blocked)
    sent_before = restore.has_unanswered_cancel
    words = (*_warning(restore), *_effect(restore))
    is_launching = restore.state is RestoreState.LAUNCHING
    button = "Cancel the launch" if is_launching else "Delete its task only"
    return CancelOutlook(possible=True, sent_before=sent_before, button=button, words=words)


def _effect(restore: Restore) -> tuple[str, ...]:
    if restore.state is RestoreState.LAUNCHING:
        return (
            "The restore is still launching: cancelling asks the server to stop it.",
            "Whether it does so shows only afterwards.",
            f"If its restore session starts, it continues; stop it in {console(restore)}.",
        )
    if restore.is_unlisted:
        return (
            "The server does not list its restore session: cancelling deletes its task, if there is one.",
            f"It is not known whether the restore is running; check it, and stop it, in {console(restore)}.",
        )
    return (
        "The restore session is already running: cancelling deletes only its task; "
        "the restore probably continues.",
        f"To be sure that it stops, use {console(restore)}.",
    )


def _warning(restore: Restore) -> tuple[str, ...]:
    """Warn of a DELETE that was sent before and whose outcome is unknown."""
    if not restore.has_unanswered_cancel:
        return ()
    when = f" at {timefmt.both(restore.cancel_asked)}" if restore.cancel_asked else ""
    who = f" by {restore.cancel_by}" if restore.cancel_by else ""
    return (
        f"WARNING: a cancel request (DELETE) was already sent{when}{who}; its reply is unknown. "
        "This sends ANOTHER one.",
    )


def _blocked(restore: Restore, session_key: str) -> tuple[str, ...]:
    if restore.is_over:
        return ("The restore has ended; there is nothing to cancel.",)
    is_first = restore.cancel in {CancelState.NONE, CancelState.NOT_SENT}
    if not is_first and not restore.has_unanswered_cancel:
        return (f"Cancel was already requested. {restore.cancel_words}".strip(),)
    if restore.state in {RestoreState.PLANNED, RestoreState.SENT}:
        return ("The server has not answered the request yet; there is no task to cancel.",)
    if not restore.task_id or restore.task_gone or restore.task_session != session_key:
        return (
            "The restore has no task in this logon session, so it cannot be cancelled from here.",
            *_who_can(restore),
            f"If it is running, stop it in {console(restore)}.",
        )
    return ()


def _who_can(restore: Restore) -> tuple[str, ...]:
    """Return where its task is known, if another run of vbem sent it."""
    if not (restore.sent_by and restore.task_session):
        return ()
    return (f"{restore.sent_by} sent it: only in the logon session of then can its launch be cancelled.",)


def asked(restore: Restore, by: str, now: Timestamp) -> Restore:
    """Apply that the DELETE is about to leave.

    Args:
        restore: what is cancelled.
        by: who asked, `user@host`.
        now: by both clocks.
    """
    is_launching = restore.state is RestoreState.LAUNCHING
    return replace(
        restore,
        cancel=CancelState.ASKING,
        cancel_at=now.monotonic_s,
        cancel_words=f"Asking the server to {'stop the launch' if is_launching else 'delete its task'}.",
        cancel_asked=now.wall,
        cancel_by=by,
        cancel_answered=None,
        cancel_repeated=restore.has_unanswered_cancel,
        cancel_settled=False,
    )


def not_ours(restore: Restore) -> Restore:
    """Apply that another vbem has taken the restore over before the DELETE left."""
    words = "The cancel was NOT sent: another vbem has taken this restore over."
    return replace(restore, cancel=CancelState.NOT_SENT, cancel_at=None, cancel_words=words)


def resumed(restore: Restore, now: Timestamp) -> Restore:
    """Apply what the journal says of a cancel after the program ended in the middle of it.

    A DELETE that was about to leave may have arrived: it is watched as one whose reply was lost.
    """
    if restore.cancel is CancelState.ASKING:
        when = f" at {timefmt.both(restore.cancel_asked)}" if restore.cancel_asked else ""
        words = f"Cancel was requested{when}; the reply is unknown. Watching what happens."
        restore = replace(restore, cancel=CancelState.LOST, cancel_words=words)
    if restore.cancel.is_pending:
        return replace(restore, cancel_at=now.monotonic_s, cancel_settled=True)
    return restore


def still_unanswered(restore: Restore) -> Restore:
    """Apply that the reply to the DELETE is late."""
    if restore.cancel is not CancelState.ASKING:
        return restore
    since = f" since {timefmt.clock_time(restore.cancel_asked)}" if restore.cancel_asked else ""
    words = f"No reply to the cancel request{since}: it may or may not have arrived."
    return replace(restore, cancel_words=words)


def given_up(restore: Restore) -> Restore:
    """Apply that the reply to the DELETE is not waited for any longer, as vbem ends."""
    words = "vbem stopped waiting for the reply to the cancel request: it may or may not have arrived."
    return replace(restore, cancel=CancelState.LOST, cancel_words=words, cancel_settled=True)


def answered(restore: Restore, error: ManagerError | None, now: Timestamp) -> Restore:
    """Apply what the DELETE was answered with."""
    if restore.cancel is not CancelState.ASKING:
        # The end came first, and it says already what the cancel did.
        return replace(restore, cancel_answered=now.wall if error is None else None)
    after = _with_answer(restore, error, now)
    return watched(after, now) if after.is_over else after


def _with_answer(restore: Restore, error: ManagerError | None, now: Timestamp) -> Restore:
    if error is None:
        accepted = replace(
            restore, cancel=CancelState.ACCEPTED, cancel_at=now.monotonic_s, cancel_answered=now.wall
        )
        return replace(accepted, cancel_words=_accepted_words(accepted))
    if not error.request_sent:
        return _not_sent(restore, error)
    if isinstance(error, TaskUnknown | NotFound) and (error.from_manager or isinstance(error, TaskUnknown)):
        return _task_gone(restore, now)
    if is_refusal(error):
        words = f"The server did not cancel it: {sentence_of(error)}"
        if not restore.is_over:
            words = f"{words} If the restore is running, stop it in {console(restore)}."
        if restore.cancel_repeated:
            return _earlier_is_open(restore, words)
        refused = replace(restore, cancel=CancelState.REFUSED, cancel_words=words)
        return replace(refused, cancel_answered=now.wall)
    is_answered = 200 <= error.http_code < 300
    open_is = "it is not known whether it took effect" if is_answered else "it may or may not have arrived"
    words = f"{unclear_answer('cancel request', error)}: {open_is}."
    return replace(restore, cancel=CancelState.LOST, cancel_at=now.monotonic_s, cancel_words=words)


def _accepted_words(restore: Restore) -> str:
    if restore.is_over:
        return "The cancel was accepted after the restore had ended."
    if restore.state is RestoreState.LAUNCHING:
        return "Cancel accepted; whether it stops the launch is not known yet."
    if restore.session_uid and (restore.problem or not restore.is_known_to_run):
        return f"Cancel accepted; it is not known whether the restore runs. Check it in {console(restore)}."
    if restore.session_uid:
        return f"Cancel accepted, but the restore session is running. To stop it, use {console(restore)}."
    return "Cancel accepted; it is not known whether the restore runs."


def _not_sent(restore: Restore, error: ManagerError) -> Restore:
    words = f"The cancel request did not leave this machine: {sentence_of(error)} You can cancel again."
    if restore.cancel_repeated:
        return _earlier_is_open(restore, words)
    return replace(restore, cancel=CancelState.NOT_SENT, cancel_at=None, cancel_words=words)


def _earlier_is_open(restore: Restore, words: str) -> Restore:
    """Apply that a repeated DELETE did nothing: the earlier one may have acted all the same."""
    words = f"{words} The reply to the earlier cancel request is unknown."
    return replace(restore, cancel=CancelState.LOST, cancel_words=words, cancel_settled=True)


def _task_gone(restore: Restore, now: Timestamp) -> Restore:
    stop = f"If the restore is running, stop it in {console(restore)}."
    if restore.cancel_repeated:
        words = f"The task is gone; whether the earlier cancel request did that is not known. {stop}"
        gone = replace(_earlier_is_open(restore, words), task_gone=True)
    else:
        words = f"The task was already gone, so nothing was cancelled. {stop}"
        gone = replace(restore, cancel=CancelState.TASK_GONE, cancel_words=words, task_gone=True)
        gone = replace(gone, cancel_answered=now.wall)
    if gone.state is RestoreState.LAUNCHING:
        return search(gone, "The task was gone before it could be cancelled.", now)
    return gone


def watched(restore: Restore, now: Timestamp, *, is_heard: bool = True) -> Restore:
    """Apply, after each poll, what is known of the cancel so far.

    Args:
        restore: as the poll left it.
        now: by both clocks.
        is_heard: whether the server answered in this poll what the restore is judged by.
    """
    if restore.cancel.is_pending:
        return _judge(restore, now, is_heard=is_heard)
    if restore.cancel is CancelState.GOES_ON and _is_stopping(restore):
        return _stopping(restore)
    if restore.cancel is CancelState.SESSION_STOPPING and not _is_stopping(restore):
        return _ended(restore) if restore.is_over else _goes_on(restore)
    if restore.cancel is CancelState.SESSION_STOPPING and restore.is_unlisted:
        return replace(restore, cancel_words="The restore session was stopping when it was last seen.")
    if restore.cancel is CancelState.GOES_ON:
        return _ended(restore) if restore.is_over else _goes_on(restore)
    return restore


def _judge(restore: Restore, now: Timestamp, *, is_heard: bool) -> Restore:
    if restore.is_over:
        return _ended(restore)
    if _is_stopping(restore):
        return _stopping(restore)
    # Without its session nothing shows what the cancel did, and time proves nothing.
    if not is_heard or restore.state is RestoreState.UNKNOWN:
        return restore
    is_new = now.monotonic_s - (restore.cancel_at or 0.0) < GRACE_S
    if restore.state is RestoreState.LAUNCHING and is_new:
        return restore
    return _goes_on(restore)


def _is_stopping(restore: Restore) -> bool:
    return restore.session is not None and restore.session.state == SessionState.STOPPING


def _stopping(restore: Restore) -> Restore:
    words = "The restore session is stopping; whether the cancel did that is not known."
    return replace(restore, cancel=CancelState.SESSION_STOPPING, cancel_words=words)


NOT_KNOWN = "A cancel was sent; whether it acted is not known."


def _ended(restore: Restore) -> Restore:
    """Apply an end that came after the cancel and is not a stop in the server's own words."""
    if restore.state in {RestoreState.SUCCEEDED, RestoreState.WARNING}:
        return _goes_on(restore)
    return replace(restore, cancel=CancelState.SESSION_STOPPED, cancel_words=NOT_KNOWN)


def _goes_on(restore: Restore) -> Restore:
    is_lost = restore.cancel_answered is None
    sent = "The cancel got no clear answer" if is_lost else "The cancel was accepted"
    if restore.is_over:
        words = _too_late(restore)
    elif restore.is_settled:
        words = NOT_KNOWN
    elif restore.is_unlisted:
        words = f"{sent}; it is not known whether the restore continues."
    elif restore.is_probable:
        words = f"{sent}; what is probably its session continues. To stop it, use {console(restore)}."
    elif restore.session_uid:
        words = f"{sent}, but the restore continues. To stop it, use {console(restore)}."
    elif restore.state is RestoreState.UNKNOWN:
        words = f"{sent}; it is not known whether the restore continues."
    else:
        words = f"{sent}, but the task is still there and continues."
    return replace(restore, cancel=CancelState.GOES_ON, cancel_words=words)


def _too_late(restore: Restore) -> str:
    """Return name the end first: a row shows no more than the beginning."""
    if restore.state not in {RestoreState.SUCCEEDED, RestoreState.WARNING}:
        return NOT_KNOWN
    end = "Succeeded" if restore.state is RestoreState.SUCCEEDED else "Succeeded with warnings"
    if restore.cancel_answered is None:
        return f"{end}; the cancel stopped nothing, and whether it arrived is not known."
    return f"{end}; the cancel came too late: the restore ran to its end."
