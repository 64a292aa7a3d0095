"""Cancelling: what it can still do, said beforehand, and what it really did, watched afterwards.

DELETE to the task's link is all the API has (contract 6.3); there is no way to stop a restore session
(contract 7, T27), so a running restore usually goes on, and the words say where it can be stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tui.api.errors import ManagerError, NotFound, SessionExpired, TaskUnknown
from tui.api.models import SessionState
from tui.restores.life import is_refusal, search
from tui.restores.restore import PENDING_CANCELS, CancelState, Moment, Restore, console, end
from tui.store.entry import RestoreState

GRACE_S = 30.0
"""How long is watched before an accepted DELETE is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOutlook:
    """What cancelling can do now."""

    possible: bool
    """Whether a DELETE can be sent at all."""
    words: tuple[str, ...]


def outlook(restore: Restore, session_key: str) -> CancelOutlook:
    """What cancelling can do, before anybody is asked."""
    blocked = _blocked(restore, session_key)
    if blocked:
        return CancelOutlook(possible=False, words=blocked)
    if restore.state is RestoreState.LAUNCHING:
        return CancelOutlook(
            possible=True,
            words=(
                "The restore is still being launched: cancelling stops the launch.",
                f"If its restore session starts first, that goes on; stop it in {console(restore)}.",
            ),
        )
    return CancelOutlook(
        possible=True,
        words=(
            "The restore session is already running: cancelling takes its task away; it probably goes on.",
            f"To stop it for sure, use {console(restore)}.",
        ),
    )


def _blocked(restore: Restore, session_key: str) -> tuple[str, ...]:
    if restore.is_over:
        return ("The restore is over; there is nothing to cancel.",)
    if restore.cancel not in {CancelState.NONE, CancelState.NOT_SENT}:
        return (f"Cancelling was already asked. {restore.cancel_words}".strip(),)
    if restore.state in {RestoreState.PLANNED, RestoreState.SENT}:
        return ("The server has not answered the request yet; there is no task to cancel.",)
    if not restore.task_id or restore.task_gone or restore.task_session != session_key:
        return (
            "The restore has no task in this logon session, so it cannot be cancelled from here.",
            f"Where it runs, it can be stopped in {console(restore)}.",
        )
    return ()


def asked(restore: Restore, moment: Moment) -> Restore:
    """The DELETE is about to leave."""
    words = "Asking the server to stop it."
    return replace(restore, cancel=CancelState.ASKING, cancel_at=moment.mono, cancel_words=words)


def answered(restore: Restore, error: ManagerError | None, moment: Moment) -> Restore:
    """What the DELETE was answered with."""
    if error is None:
        words = "The server accepted it; watching what happens."
        return replace(restore, cancel=CancelState.ACCEPTED, cancel_at=moment.mono, cancel_words=words)
    if not error.request_sent:
        words = f"Cancelling did not leave this machine: {error}. It can be asked again."
        return replace(restore, cancel=CancelState.NOT_SENT, cancel_at=None, cancel_words=words)
    if isinstance(error, TaskUnknown | NotFound):
        return _task_gone(restore, moment)
    if isinstance(error, SessionExpired) or is_refusal(error):
        words = f"The server did not cancel it: {error}. Where it runs, use {console(restore)}."
        return replace(restore, cancel=CancelState.REFUSED, cancel_words=words)
    words = f"The reply to the cancelling was lost ({error}): it may or may not have arrived; watching."
    return replace(restore, cancel=CancelState.LOST, cancel_at=moment.mono, cancel_words=words)


def _task_gone(restore: Restore, moment: Moment) -> Restore:
    words = f"The task was already gone, so nothing was cancelled. Where it runs, use {console(restore)}."
    gone = replace(restore, cancel=CancelState.TASK_GONE, cancel_words=words, task_gone=True)
    if gone.state is RestoreState.LAUNCHING:
        return search(gone, "The task was gone before it could be cancelled.", moment)
    return gone


def watched(restore: Restore, moment: Moment) -> Restore:
    """After each poll: what the cancelling really did so far."""
    if restore.cancel in PENDING_CANCELS:
        return _judge(restore, moment)
    if restore.cancel is CancelState.GOES_ON:
        return _stopping(restore) if _is_stopping(restore) else _goes_on(restore)
    if restore.cancel is CancelState.SESSION_STOPPING and restore.is_over:
        return _goes_on(restore)
    if restore.cancel is CancelState.LAUNCH_STOPPED and restore.session_uid:
        return _goes_on(restore)
    return restore


def _judge(restore: Restore, moment: Moment) -> Restore:
    if restore.is_over:
        return _ended(restore)
    if _is_stopping(restore):
        return _stopping(restore)
    if moment.mono - (restore.cancel_at or 0.0) < GRACE_S:
        return restore
    if restore.state is not RestoreState.LAUNCHING or not restore.task_gone:
        return _goes_on(restore)
    if restore.candidates:
        why = "Its task is gone after the cancelling, but new restore sessions of this VM have appeared."
        return search(_goes_on(restore), why, moment)
    return _launch_stopped(restore, moment)


def _is_stopping(restore: Restore) -> bool:
    return restore.session is not None and restore.session.state == SessionState.STOPPING


def _stopping(restore: Restore) -> Restore:
    words = "The restore session is stopping."
    return replace(restore, cancel=CancelState.SESSION_STOPPING, cancel_words=words)


def _ended(restore: Restore) -> Restore:
    """It ended while the cancelling was being watched, without a word that it was stopped."""
    if restore.state in {RestoreState.SUCCEEDED, RestoreState.WARNING}:
        return _goes_on(restore)
    words = "The restore session ended as failed; whether the cancelling did that, the server does not say."
    return replace(restore, cancel=CancelState.SESSION_STOPPED, cancel_words=words)


def _goes_on(restore: Restore) -> Restore:
    sent = "The reply to the cancelling was lost" if restore.cancel is CancelState.LOST else "It was accepted"
    if restore.is_over:
        words = f"{sent}, but the restore went on to its end."
    elif restore.session_uid:
        words = f"{sent}, but the restore goes on. To stop it, use {console(restore)}."
    else:
        words = f"{sent}, but the task is still there and goes on."
    return replace(restore, cancel=CancelState.GOES_ON, cancel_words=words)


def _launch_stopped(restore: Restore, moment: Moment) -> Restore:
    words = (
        f"The launch was stopped: its task is gone, and no restore session appeared in {GRACE_S:.0f} seconds."
    )
    stopped = end(
        replace(restore, cancel=CancelState.LAUNCH_STOPPED, cancel_words=words),
        RestoreState.CANCELLED,
        words,
        moment,
    )
    # The server's data lags: a session that appears later still counts.
    return replace(stopped, search_since=moment.mono)
