"""What cancelling can do, and every outcome told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.restores.fakes import FakeClock, restore, session, stopped
from tui.api.errors import (
    Busy,
    ConnectionLost,
    Forbidden,
    ManagerError,
    NotFound,
    Refused,
    SessionExpired,
    TaskUnknown,
    TimedOut,
)
from tui.api.models import SessionResult, SessionState
from tui.restore_states import CancelState, RestoreState
from tui.restores import cancellation, transitions
from tui.restores.restore import Restore, Timestamp
from tui.screens.restore_text import restore_cells

RESTORING = RestoreState.RESTORING


def at(seconds: float) -> Timestamp:
    clock = FakeClock()
    clock.seconds = seconds
    return clock.timestamp()


def accepted(current: Restore, error: ManagerError | None = None) -> Restore:
    return cancellation.answered(cancellation.asked(current, "op@jump", at(0)), error, at(0))


@pytest.mark.parametrize(
    ("current", "possible", "words"),
    [
        (restore(), True, "stops the launch"),
        (restore(RESTORING, session_uid="x"), True, "probably goes on"),
        (restore(RESTORING, session_uid="x"), True, "backup console on vbr.lab.example"),
        (restore(RESTORING, task_session="session-0"), False, "no task in this logon session"),
        (restore(RESTORING, task_gone=True), False, "no task in this logon session"),
        (restore(RestoreState.UNKNOWN, task_id=""), False, "backup console"),
        (restore(RestoreState.SENT, task_id=""), False, "not answered"),
        (restore(RestoreState.SUCCEEDED), False, "is over"),
        (restore(cancel=CancelState.ACCEPTED, cancel_words="W."), False, "already asked. W."),
        (restore(cancel=CancelState.NOT_SENT), True, "stops the launch"),
        (restore(cancel=CancelState.LOST), False, "already asked"),
    ],
)
def test_what_cancelling_can_do_is_said_beforehand(current: Restore, possible: bool, words: str) -> None:
    said = cancellation.outlook(current, "session-1")
    assert said.possible == possible
    assert words in " ".join(said.words)


@pytest.mark.parametrize(
    ("error", "state", "words"),
    [
        (None, CancelState.ACCEPTED, "accepted"),
        (TaskUnknown("no backup task", http_code=500), CancelState.TASK_GONE, "already gone"),
        (NotFound("x", http_code=404), CancelState.TASK_GONE, "already gone"),
        (TimedOut("read"), CancelState.LOST, "may or may not have arrived"),
        (ConnectionLost("reset"), CancelState.LOST, "may or may not have arrived"),
        (Busy("504", http_code=504), CancelState.LOST, "may or may not have arrived"),
        (Refused("x", request_sent=False), CancelState.NOT_SENT, "can be asked again"),
        (Forbidden("x", http_code=403), CancelState.REFUSED, "did not cancel"),
        (SessionExpired("x", http_code=401), CancelState.REFUSED, "did not cancel"),
    ],
)
def test_what_the_delete_is_answered_with(error: ManagerError | None, state: CancelState, words: str) -> None:
    after = accepted(restore(), error)
    assert after.cancel is state
    assert words in after.cancel_words


def test_a_launch_is_stopped_when_its_task_is_gone_and_no_session_appears() -> None:
    current = transitions.task_missing(accepted(restore()), at(1))
    assert current.state is RestoreState.LAUNCHING
    assert current.is_searched
    current = cancellation.watched(current, at(cancellation.GRACE_S - 1))
    assert current.cancel is CancelState.ACCEPTED
    current = cancellation.watched(current, at(cancellation.GRACE_S))
    assert current.state is RestoreState.CANCELLED
    assert current.cancel is CancelState.LAUNCH_STOPPED
    assert "no restore session appeared in 30 seconds" in current.message
    assert current.is_searched


def test_a_session_that_appears_after_all_is_followed() -> None:
    current = cancellation.watched(transitions.task_missing(accepted(restore()), at(1)), at(40))
    current = cancellation.watched(transitions.session_seen(current, session(), at(60)), at(60))
    assert current.state is RESTORING
    assert current.ended is None
    assert current.cancel is CancelState.GOES_ON
    assert "in spite of the cancelling" in current.note


def test_several_new_sessions_after_the_delete_are_not_taken_for_a_stop() -> None:
    current = replace(transitions.task_missing(accepted(restore()), at(1)), candidates=2)
    current = cancellation.watched(current, at(40))
    assert current.state is RestoreState.UNKNOWN
    assert "new restore sessions" in current.message


def test_accepted_but_the_restore_goes_on() -> None:
    current = accepted(restore(RESTORING, session_uid=session().uid, session=session()))
    assert cancellation.watched(current, at(5)).cancel is CancelState.ACCEPTED
    current = cancellation.watched(current, at(31))
    assert current.cancel is CancelState.GOES_ON
    assert (
        "the restore goes on. To stop it, use the backup console on vbr.lab.example" in current.cancel_words
    )
    assert current.state is RESTORING


def test_accepted_but_the_task_stays() -> None:
    current = cancellation.watched(accepted(restore()), at(31))
    assert current.cancel is CancelState.GOES_ON
    assert "task is still there" in current.cancel_words
    assert transitions.task_missing(current, at(32)).state is RestoreState.UNKNOWN


def test_a_session_stops() -> None:
    current = accepted(restore(RESTORING, session_uid=session().uid))
    current = transitions.session_seen(current, session(state=SessionState.STOPPING), at(1))
    current = cancellation.watched(current, at(1))
    assert current.cancel is CancelState.SESSION_STOPPING
    current = cancellation.watched(
        transitions.session_seen(current, stopped(SessionResult.FAILED), at(2)), at(2)
    )
    assert current.state is RestoreState.CANCELLED
    assert current.cancel is CancelState.SESSION_STOPPED


def test_a_session_that_fails_without_a_word_of_stopping_is_told_as_it_is() -> None:
    current = accepted(restore(RESTORING, session_uid=session().uid))
    current = cancellation.watched(
        transitions.session_seen(current, stopped(SessionResult.FAILED), at(2)), at(2)
    )
    assert current.state is RestoreState.FAILED
    assert current.cancel is CancelState.SESSION_STOPPED
    assert "does not say" in current.cancel_words


@pytest.mark.parametrize("stopping", [False, True])
def test_a_restore_that_succeeds_in_spite_of_it(stopping: bool) -> None:
    current = accepted(restore(RESTORING, session_uid=session().uid))
    if stopping:
        current = transitions.session_seen(current, session(state=SessionState.STOPPING), at(1))
        current = cancellation.watched(current, at(1))
    current = cancellation.watched(
        transitions.session_seen(current, stopped(SessionResult.SUCCESS), at(2)), at(2)
    )
    assert current.state is RestoreState.SUCCEEDED
    assert current.cancel is CancelState.GOES_ON
    assert "went on to its end" in current.cancel_words


def test_a_lost_delete_is_watched_and_told_as_lost() -> None:
    current = accepted(restore(RESTORING, session_uid=session().uid, session=session()), TimedOut("read"))
    current = cancellation.watched(current, at(31))
    assert current.cancel is CancelState.GOES_ON
    assert current.cancel_words.startswith("The cancelling was not answered clearly")
    gone = cancellation.watched(transitions.task_missing(accepted(restore(), TimedOut("x")), at(1)), at(31))
    assert gone.cancel is CancelState.LAUNCH_STOPPED


def test_a_task_gone_before_the_delete_leads_to_the_search() -> None:
    launching = accepted(restore(), TaskUnknown("x", http_code=500))
    assert launching.state is RestoreState.UNKNOWN
    assert launching.is_searched
    running = accepted(restore(RESTORING, session_uid="x"), TaskUnknown("x", http_code=500))
    assert running.state is RESTORING


def test_how_long_it_is_watched_is_said_before_and_meanwhile() -> None:
    before = " ".join(cancellation.outlook(restore(), "session-1").words)
    assert "the server is watched for 30 s to make sure" in before
    for error in (None, TimedOut("read")):
        assert "server is watched for 30 s to make sure" in accepted(restore(), error).cancel_words


@pytest.mark.parametrize(
    ("error", "row"),
    [
        (None, "Succeeded; cancelling came too late"),
        (TimedOut("read"), "Succeeded; cancelling came too late"),
        (Forbidden("x", http_code=403), "The VM is restored. The server did not cancel it"),
        (NotFound("x", http_code=404), "The VM is restored. The task was already gone"),
    ],
)
def test_a_row_begins_with_the_end(error: ManagerError | None, row: str) -> None:
    current = accepted(restore(RESTORING, session_uid=session().uid), error)
    current = cancellation.watched(
        transitions.session_seen(current, stopped(SessionResult.SUCCESS), at(2)), at(2)
    )
    words = restore_cells(current, at(2).wall)[-1]
    assert isinstance(words, str)
    assert words.startswith(row)


def test_an_unclear_answer_to_the_delete_is_no_lost_reply() -> None:
    words = accepted(restore(), Busy("x", http_code=503)).cancel_words
    assert words.startswith("The answer to the cancelling was no clear yes or no (503 Service Unavailable")
