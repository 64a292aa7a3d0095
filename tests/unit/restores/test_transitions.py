"""Every way a restore can go, from what the server says: WIRE 5 to 7 and their traps."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.unit.restores.fakes import FakeClock, at, finished, restore, session, stopped, task
from tests.unit.restores.points import point
from tui import timefmt
from tui.api.errors import (
    BadReply,
    Busy,
    ConnectionLost,
    Forbidden,
    Invalid,
    ManagerError,
    MissingField,
    NotFound,
    NotImplementedThere,
    Refused,
    Rejected,
    ServerFault,
    SessionExpired,
    TimedOut,
    Unreadable,
)
from tui.api.models import PointKind, RestoreSession, SessionResult, SessionState, Task, TaskState
from tui.cli.restore import state_line
from tui.restore_states import CancelState, FoundBy, RestoreState
from tui.restores import cancellation, transitions
from tui.restores.restore import SEARCH_WINDOW_S, Restore, elapsed_words

CLOCK = FakeClock()
NOW = CLOCK.timestamp()
FINISHED = TaskState.FINISHED


def launching(**changes: object) -> Restore:
    return restore(RestoreState.LAUNCHING, **changes)


@pytest.mark.parametrize(
    ("seen", "state", "words"),
    [
        (task(), RestoreState.LAUNCHING, "is launching"),
        # WIRE T22: a result beside Running is no end.
        (task(success=True), RestoreState.LAUNCHING, "is launching"),
        (task(success=True, session=1), RestoreState.LAUNCHING, "is launching"),
        (task(success=False, message="x"), RestoreState.LAUNCHING, "is launching"),
        # WIRE T23
        (task(TaskState.OPERATION_FINISHED, success=True, session=1), RestoreState.LAUNCHING, "collecting"),
        (task(TaskState("Queued")), RestoreState.LAUNCHING, "Queued"),
        # WIRE T1
        (finished(), RestoreState.RESTORING, "Started"),
        (task(FINISHED, success=True), RestoreState.UNKNOWN, "names no restore session"),
        (task(FINISHED, success=None), RestoreState.UNKNOWN, "names no restore session"),
        (task(FINISHED, success=None, session=1), RestoreState.RESTORING, "Started"),
        (task(FINISHED, success=False, message="No."), RestoreState.FAILED, "The server says: No."),
        (task(FINISHED, success=False), RestoreState.FAILED, "launch failed. The server gives no reason."),
        (task(FINISHED, success=False, session=1, message="x"), RestoreState.RESTORING, "restore session"),
        (task(FINISHED, success=False, needs_input=True), RestoreState.FAILED, "asks for credentials"),
    ],
)  # fmt: skip
def test_what_a_task_says(seen: Task, state: RestoreState, words: str) -> None:
    after = transitions.task_seen(launching(), seen, NOW)
    assert after.state is state
    assert words in after.message
    assert (after.ended is None) == (state is not RestoreState.FAILED)


def test_the_task_of_the_202_may_be_finished_already() -> None:
    after = transitions.answered(restore(RestoreState.SENT, task_id=""), finished(), "session-1", NOW)
    assert after.state is RestoreState.RESTORING
    assert after.session_uid == session().uid
    assert (after.task_id, after.task_session) == ("task-1", "session-1")


def test_not_found_may_pass_within_three_polls() -> None:
    seen = task(FINISHED, success=False, message="VM Not Found in backup")
    current = launching()
    for _ in range(transitions.NOT_FOUND_POLLS - 1):
        current = transitions.task_seen(current, seen, NOW)
        assert current.state is RestoreState.LAUNCHING
    assert transitions.task_seen(current, finished(), NOW).state is RestoreState.RESTORING
    assert transitions.task_seen(current, seen, NOW).state is RestoreState.FAILED


def test_a_lost_task_proves_nothing() -> None:
    after = transitions.task_missing(launching(), NOW)
    assert after.state is RestoreState.UNKNOWN
    assert after.is_searched
    assert "proves nothing" in after.message


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Refused("x", request_sent=False), "no byte of the request left"),
        (TimedOut("connect", request_sent=False), "no byte of the request left"),
        (Busy("no connection", request_sent=False), "no byte of the request left"),
        (Invalid("bad", http_code=400, from_manager=True), "the server refused it"),
        (NotFound("gone", http_code=404, from_manager=True), "the server refused it"),
        (Forbidden("no", http_code=403, from_manager=True), "the server refused it"),
        (SessionExpired("401", http_code=401, from_manager=True), "as a new restore"),
    ],
)
def test_it_did_not_start_is_said_only_when_that_is_certain(error: ManagerError, words: str) -> None:
    after = transitions.unanswered(restore(RestoreState.SENT), error, NOW)
    assert after.state is RestoreState.FAILED
    assert after.message.startswith("It did not start")
    assert words in after.message
    assert after.error is error
    assert after.offer_again == isinstance(error, SessionExpired)


@pytest.mark.parametrize(
    "error",
    [
        TimedOut("read"),
        ConnectionLost("reset"),
        Busy("502", http_code=502),
        Busy("503", http_code=503),
        Busy("504", http_code=504),
        ServerFault("<html>", http_code=500),
        ServerFault("Object reference", http_code=500, from_manager=True),
        NotImplementedThere("old", http_code=501, from_manager=True),
        # Without the Error of Enterprise Manager it may be a proxy that speaks, after the request went on.
        SessionExpired("401", http_code=401),
        Forbidden("<html>", http_code=403),
        NotFound("<html>", http_code=404),
        Rejected("HTTP 407.", http_code=407),
        Rejected("HTTP 413.", http_code=413),
        Invalid("HTTP 400.", http_code=400),
        Invalid("timeout", http_code=408),
        Unreadable("cut short", http_code=202),
        MissingField("Task.TaskId", http_code=202),
        BadReply("redirect", http_code=302),
    ],
)
def test_a_lost_reply_is_unknown_and_searched(error: ManagerError) -> None:
    after = transitions.unanswered(restore(RestoreState.SENT, task_id=""), error, NOW)
    assert after.state is RestoreState.UNKNOWN
    assert after.is_searched
    assert after.is_in_flight
    assert "may have started" in after.message
    assert "did not start" not in after.message
    assert not after.offer_again


@pytest.mark.parametrize(
    ("seen", "state", "words"),
    [
        (session(state=SessionState.STARTING), RestoreState.RESTORING, "starting"),
        (session(progress=64), RestoreState.RESTORING, "Restoring."),
        (session(result=SessionResult.SUCCESS), RestoreState.RESTORING, "Restoring."),
        (session(state=SessionState.STOPPING), RestoreState.RESTORING, "stopping"),
        (session(state=SessionState("Pausing")), RestoreState.RESTORING, "Pausing"),
        (stopped(SessionResult.SUCCESS), RestoreState.SUCCEEDED, "restored"),
        (stopped(SessionResult.WARNING, says="Tools."), RestoreState.WARNING, "with warnings. Tools."),
        (stopped(SessionResult.FAILED, says="No space."), RestoreState.FAILED, "No space."),
        (stopped(SessionResult.FAILED), RestoreState.FAILED, "backup console on vbr.lab.example"),
        (stopped(SessionResult.NONE), RestoreState.RESTORING, "not available yet"),
        (stopped(SessionResult("Odd")), RestoreState.RESTORING, "Odd"),
    ],
)
def test_what_a_session_says(seen: RestoreSession, state: RestoreState, words: str) -> None:
    after = transitions.session_seen(restore(RestoreState.RESTORING, session_uid=session().uid), seen, NOW)
    assert after.state is state
    assert words in after.message
    assert (after.ended is not None) == state.is_over
    assert after.last_seen == NOW.wall


@pytest.mark.parametrize(("kind", "words"), [(PointKind.VM, "The VM is"), (PointKind.VAPP, "The vApp is")])
@pytest.mark.parametrize("result", [SessionResult.SUCCESS, SessionResult.WARNING])
def test_an_end_names_what_was_restored(kind: PointKind, words: str, result: SessionResult) -> None:
    seen = transitions.session_seen(restore(RestoreState.RESTORING, kind=kind), stopped(result), NOW)
    assert seen.message.startswith(f"{words} restored")


def test_stopped_without_a_result_is_unknown_after_a_while_and_can_still_end() -> None:
    current = restore(RestoreState.RESTORING, session_uid=session().uid)
    for seconds in (0, 30, transitions.NO_RESULT_S - 1):
        current = transitions.session_seen(current, stopped(SessionResult.NONE), at(seconds))
        assert current.state is RestoreState.RESTORING
    current = transitions.session_seen(current, stopped(SessionResult.NONE), at(transitions.NO_RESULT_S))
    assert current.state is RestoreState.UNKNOWN
    assert "without a result" in current.message
    assert (
        transitions.session_seen(current, stopped(SessionResult.WARNING), at(99)).state
        is RestoreState.WARNING
    )


def test_progress_is_information_only() -> None:
    current = transitions.session_seen(restore(RestoreState.RESTORING), session(progress=64), NOW)
    assert current.progress == 64
    assert transitions.session_seen(current, session(), NOW).progress == 64
    assert (
        transitions.session_seen(current, replace(stopped(SessionResult.SUCCESS), progress=0), NOW).progress
        == 0
    )


def test_a_session_found_by_searching_says_that_it_started() -> None:
    unknown = transitions.search(restore(RestoreState.SENT), "Lost.", NOW)
    found = transitions.session_seen(unknown, session(), NOW, FoundBy.PROBABLY)
    assert (found.state, found.found_by) == (RestoreState.RESTORING, FoundBy.PROBABLY)
    assert found.message == "Probably its restore session: Restoring."
    assert not found.is_searched
    assert not found.is_known_to_run


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (SessionResult.SUCCESS, "Lost. A restore session that may be this restore's ended as successful"),
        (SessionResult.WARNING, "Lost. A restore session that may be this restore's ended with warnings"),
        (SessionResult.FAILED, "Lost. A restore session that may be this restore's failed (No space.)"),
    ],
)
def test_the_end_of_a_probable_session_is_no_end_of_the_restore(result: SessionResult, words: str) -> None:
    unknown = transitions.search(restore(RestoreState.SENT), "Lost.", NOW)
    says = "No space." if result is SessionResult.FAILED else ""
    over = transitions.session_seen(unknown, stopped(result, says=says), NOW, FoundBy.PROBABLY)
    assert (over.state, over.ended, over.is_in_flight) == (RestoreState.UNKNOWN, None, False)
    assert over.message.startswith(words)
    assert "neither a task nor a link to the point says that it is" in over.message


def test_a_link_to_the_point_that_comes_later_makes_a_probable_session_certain() -> None:
    unknown = transitions.search(restore(RestoreState.SENT), "Lost.", NOW)
    found = transitions.session_seen(unknown, session(), NOW, FoundBy.PROBABLY)
    linked = stopped(SessionResult.SUCCESS, point_uid=restore().point_uid)
    over = transitions.session_seen(found, linked, NOW)
    assert (over.state, over.found_by) == (RestoreState.SUCCEEDED, FoundBy.POINT)


NOT_ITS = [
    (session(vm="app08"), "restores another VM"),
    (session(vm="", name="app08@2025-02-03 04:05:06"), "restores another VM"),
    (session(point_uid=point(number=77).uid), "restores another point"),
    (session(server="urn:veeam:BackupServer:other"), "runs on another backup server"),
    (session(job_type="FileLevelRestore"), "restores files"),
    (session(0), "is not newer than those before the request"),
]


@pytest.mark.parametrize("found_by", [FoundBy.TASK, FoundBy.POINT, FoundBy.PROBABLY])
@pytest.mark.parametrize(("seen", "words"), NOT_ITS)
def test_a_session_that_names_something_else_is_let_go_whoever_named_it(
    seen: RestoreSession, words: str, found_by: FoundBy
) -> None:
    current = restore(
        RestoreState.RESTORING,
        session_uid=seen.uid,
        found_by=found_by,
        newest_before=session(0).created,
    )
    after = transitions.session_seen(current, seen, NOW)
    assert (after.state, after.session_uid, after.found_by) == (RestoreState.UNKNOWN, "", FoundBy.NOTHING)
    assert f"a restore session that {words}: it is not this restore's" in after.message
    assert after.is_searched
    assert seen.uid.lower() in after.sessions_before, "it is never found again"


def test_a_session_that_was_its_own_is_kept_when_its_vm_is_renamed() -> None:
    current = restore(RestoreState.RESTORING, session_uid=session().uid, found_by=FoundBy.TASK)
    seen = transitions.session_seen(current, session(progress=10), NOW)
    renamed = transitions.session_seen(seen, session(progress=20, vm="app07-old"), NOW)
    assert (renamed.session_uid, renamed.progress) == (session().uid, 20)


def test_the_session_of_a_vapp_may_be_named_after_one_of_its_vms() -> None:
    current = restore(RestoreState.RESTORING, kind=PointKind.VAPP, session_uid=session().uid)
    linked = session(vm="one of its VMs", point_uid="urn:veeam:VAppRestorePoint:other")
    assert transitions.session_seen(current, linked, NOW).session_uid == session().uid


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_task_that_names_a_session_of_before_or_of_another_row_is_not_believed(is_taken: bool) -> None:
    before = frozenset() if is_taken else frozenset({session().uid.lower()})
    after = transitions.task_seen(launching(sessions_before=before), finished(), NOW, is_taken=is_taken)
    assert (after.state, after.session_uid) == (RestoreState.UNKNOWN, "")
    assert after.message.startswith("Its task names a restore session that ")


STOPS = [
    "Stopped by user.",
    "Restore job was stopped by user",
    "Error: the restore session has been cancelled by the administrator LAB\\op",
    "Operation was canceled by user 'op'.",
    "Task was aborted on user request",
    "Restore of web01 was cancelled by the operator",
    "VM restore failed: job 'web01 restore' was stopped by an administrator",
    "The restore was stopped.",
    "Cancelled",
]
NO_STOPS = [
    "",
    "Disk is full.",
    "The VSS service was stopped unexpectedly",
    "Failed: the snapshot was aborted because the disk is full",
    "The session could not be stopped by user",
    "Processing was interrupted: network path lost",
    "VM app07 is stopped",
    "The session cannot be stopped by the user: it is publishing",
    "The restore wasn't cancelled by the operator",
    "Veeam Installer Service was stopped by administrator",
    "Snapshot creation was cancelled by user root",
    "Restore of web01 failed because the service was stopped by user",
    "Disk access was aborted by user-mode driver",
    "Stopped on request timeout",
    "A task was canceled.",
    "The operation was aborted.",
]
CANCELS = [
    CancelState.ASKING,
    CancelState.ACCEPTED,
    CancelState.LOST,
    CancelState.SESSION_STOPPING,
    CancelState.GOES_ON,
]


@pytest.mark.parametrize("cancel", CANCELS)
@pytest.mark.parametrize("says", STOPS + NO_STOPS)
def test_cancelled_is_said_only_in_the_servers_own_words(says: str, cancel: CancelState) -> None:
    running = restore(RestoreState.RESTORING, session_uid=session().uid, cancel=cancel)
    over = transitions.session_seen(running, stopped(SessionResult.FAILED, says=says), NOW)
    failed = transitions.task_seen(launching(cancel=cancel), task(FINISHED, success=False, message=says), NOW)
    expected = RestoreState.CANCELLED if says in STOPS else RestoreState.FAILED
    assert (over.state, failed.state) == (expected, expected)
    for one in (over, failed):
        is_asking = one.cancel is CancelState.ASKING
        judged = cancellation.answered(one, None, NOW) if is_asking else cancellation.watched(one, NOW)
        assert says in judged.message
        if expected is RestoreState.FAILED:
            assert judged.cancel_words == "A cancel was sent; whether it acted is not known."


def test_without_a_cancel_of_ours_a_stop_is_told_as_the_server_tells_it() -> None:
    running = restore(RestoreState.RESTORING, session_uid=session().uid)
    over = transitions.session_seen(running, stopped(SessionResult.FAILED, says=STOPS[0]), NOW)
    assert over.state is RestoreState.FAILED
    assert STOPS[0] in over.message


def test_the_ends_are_at_the_servers_times() -> None:
    began, ended = at(60).wall, at(124).wall
    over = transitions.session_seen(
        restore(RestoreState.RESTORING, session_uid=session().uid),
        replace(stopped(SessionResult.SUCCESS), created=began, ended=ended),
        at(700),
    )
    assert (over.session_started, over.session_ended, over.ended) == (began, ended, at(700).wall)
    assert over.took == timedelta(seconds=64)
    line = state_line(over, at(700).wall)
    assert line.startswith("app07: restored after 1:04. ")


@pytest.mark.parametrize("ended", [None, at(59).wall])
def test_how_long_it_took_is_not_said_where_the_servers_times_do_not_tell(ended: datetime | None) -> None:
    ending = replace(stopped(SessionResult.SUCCESS), created=at(60).wall, ended=ended)
    over = transitions.session_seen(
        restore(RestoreState.RESTORING, session_uid=session().uid), ending, at(700)
    )
    assert (over.took, ending.took) == (None, None)
    assert elapsed_words(over, at(700).wall) == "<11:40"
    assert state_line(over, at(700).wall).startswith("app07: restored after at most 11:40. ")
    unknown = restore(RestoreState.UNKNOWN, message="It may have started.")
    assert state_line(unknown, at(700).wall) == "app07: UNKNOWN. It may have started."


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimedOut("read"), "The reply to the request was lost (The server did not answer in time: read)"),
        (
            Busy("HTTP 503.", http_code=503),
            "was unclear (503 Service Unavailable from the server or a",
        ),
        (
            Busy("x", http_code=502, from_manager=True),
            "was unclear (502 Bad Gateway from the server: x)",
        ),
        (ServerFault("HTTP 599.", http_code=599), "was unclear (HTTP 599 from the server or a proxy)"),
        (Unreadable("x"), "was unclear (The server's answer cannot be read: x)"),
    ],
)
def test_an_answer_that_tells_nothing_is_no_lost_reply(error: ManagerError, words: str) -> None:
    after = transitions.unanswered(restore(RestoreState.SENT), error, NOW)
    assert words in after.message
    until = timefmt.clock_time(NOW.wall + timedelta(seconds=SEARCH_WINDOW_S))
    assert (
        f"it may have started. vbem looks for a new restore session of this VM until {until}" in after.message
    )


@pytest.mark.parametrize(
    "error", [Refused("Nothing listens there.", request_sent=False), Invalid("Bad body.", http_code=400),
              ConnectionLost("It hung up.")],
)  # fmt: skip
def test_the_words_of_an_error_end_as_one_sentence(error: ManagerError) -> None:
    error.from_manager = error.http_code > 0
    told = transitions.unanswered(restore(RestoreState.SENT), error, NOW).message
    assert (".." in told, ".)" in told) == (False, False)
