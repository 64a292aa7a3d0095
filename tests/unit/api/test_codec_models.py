"""Tasks and restore sessions, alike from every dialect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from tests.unit.api.dialects import DIALECTS
from tui.api.codec import codec_of, resources
from tui.api.codec.tree import Tree
from tui.api.errors import MissingField
from tui.api.limits import Limits
from tui.api.models import (
    RestoreSession,
    SessionResult,
    SessionState,
    Task,
    TaskState,
)

ModelT = TypeVar("ModelT")
HOST = "https://localhost:9398"
every_dialect = pytest.mark.parametrize("dialect", DIALECTS)


def read(dialect: str, root: str, tree: dict[str, Any], reader: Callable[[Tree], ModelT]) -> ModelT:
    body = DIALECTS[dialect](root, tree)
    return reader(codec_of(body).tree(body, Limits()))


def listed(dialect: str, plural: str, singular: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {plural: {singular if dialect.startswith("xml") else plural: items}}


# --- tasks (WIRE 6)

RELATED = {
    "Rel": "Related",
    "Type": "RestoreSession",
    "Href": f"{HOST}/api/restoreSessions/d67d?format=Entity",
}
DELETE = {"Rel": "Delete", "Type": "Task", "Href": f"{HOST}/api/tasks/task-1"}
FINISHED: dict[str, Any] = {
    "Type": "Task",
    "Href": f"{HOST}/api/tasks/task-1",
    "Links": [DELETE, RELATED],
    "TaskId": "task-1",
    "State": "Finished",
    "Operation": "StartVMRestore",
    "Result": {"Success": True, "Message": "Ok"},
}


def task(dialect: str, **changes: object) -> Task:
    return read(dialect, "Task", {**FINISHED, **changes}, resources.task)


@every_dialect
def test_a_finished_task(dialect: str) -> None:
    assert task(dialect) == Task(
        task_id="task-1",
        state=TaskState.FINISHED,
        operation="StartVMRestore",
        success=True,
        message="Ok",
        delete_href="/api/tasks/task-1",
        session_href="/api/restoreSessions/d67d?format=Entity",
    )
    assert task(dialect).session_id == "d67d"
    assert task(dialect).is_over


@every_dialect
@pytest.mark.parametrize("state", ["Running", "OperationFinished", "Something"])
def test_a_result_is_no_end(dialect: str, state: str) -> None:
    found = task(dialect, State=state)
    assert found.success is True
    assert not found.is_over
    assert found.state == state


@every_dialect
def test_a_running_task_has_no_result(dialect: str) -> None:
    tree = {key: value for key, value in FINISHED.items() if key not in ("Result", "Links")}
    found = read(dialect, "Task", {**tree, "State": "Running"}, resources.task)
    assert found == Task(task_id="task-1", state=TaskState.RUNNING, operation="StartVMRestore")


@every_dialect
def test_the_session_is_chosen_by_type_in_any_case_and_position(dialect: str) -> None:
    job = {"Rel": "Related", "Type": "Job", "Href": f"{HOST}/api/jobs/1"}
    shouting = {**RELATED, "Type": "RESTORESESSION"}
    for links in ([job, RELATED, DELETE], [job, shouting, DELETE], [shouting]):
        assert task(dialect, Links=links).session_id == "d67d"
    assert task(dialect, Links=[job, DELETE]).session_href == ""


@every_dialect
@pytest.mark.parametrize("flag", ["CredentialsNeeded", "ConfirmationNeeded"])
def test_a_task_may_want_input(dialect: str, flag: str) -> None:
    found = task(dialect, Result={"Success": False, flag: True, "Message": "sorry"})
    assert (found.success, found.needs_input, found.message) == (False, True, "sorry")
    assert not task(dialect).needs_input


@every_dialect
def test_a_result_without_a_message(dialect: str) -> None:
    found = task(dialect, Result={"Success": True})
    assert (found.success, found.message) == (True, "")


@every_dialect
@pytest.mark.parametrize("count", [0, 1, 2])
def test_lists_of_tasks_plain_and_under_resources(dialect: str, count: int) -> None:
    items = [{**FINISHED, "TaskId": f"task-{n}"} for n in range(count)]
    names = [f"task-{n}" for n in range(count)]
    under = {"Resources": listed(dialect, "Tasks", "Task", items)}
    assert [each.task_id for each in read(dialect, "QueryResult", under, resources.tasks).items] == names
    plain = {"Task": items} if dialect.startswith("xml") else {"Tasks": items}
    assert [each.task_id for each in read(dialect, "Tasks", plain, resources.tasks).items] == names


@every_dialect
@pytest.mark.parametrize("key", ["TaskId", "State"])
def test_a_task_needs_its_id_and_state(dialect: str, key: str) -> None:
    tree = {name: value for name, value in FINISHED.items() if name != key}
    with pytest.raises(MissingField) as caught:
        read(dialect, "Task", tree, resources.task)
    assert key in caught.value.path


# --- restore sessions (WIRE 7)

WORKING: dict[str, Any] = {
    "Type": "RestoreSession",
    "Href": f"{HOST}/api/restoreSessions/ee01?format=Entity",
    "Name": "app07@2025-02-03 09:10:11",
    "UID": "urn:veeam:RestoreSession:ee01",
    "VmDisplayName": "app07",
    "Links": [
        {
            "Rel": "Up",
            "Type": "BackupServerReference",
            "Href": f"{HOST}/api/backupServers/bb01",
            "Name": "vbr",
        },
        {"Rel": "Related", "Type": "VmRestorePointReference", "Href": f"{HOST}/api/vmRestorePoints/aa01"},
    ],
    "JobType": "RestoreVm",
    "CreationTimeUTC": "2025-02-03T09:10:11.017Z",
    "State": "Working",
    "Result": "None",
    "Progress": 64,
}


def session(dialect: str, *missing: str, **changes: object) -> RestoreSession:
    tree = {key: value for key, value in {**WORKING, **changes}.items() if key not in missing}
    return read(dialect, "RestoreSession", tree, resources.restore_session)


@every_dialect
def test_a_working_session(dialect: str) -> None:
    assert session(dialect) == RestoreSession(
        uid="urn:veeam:RestoreSession:ee01",
        state=SessionState.WORKING,
        result=SessionResult.NONE,
        name="app07@2025-02-03 09:10:11",
        vm_name="app07",
        job_type="RestoreVm",
        created=datetime(2025, 2, 3, 9, 10, 11, 17000, tzinfo=UTC),
        progress=64,
        point_uid="urn:veeam:VmRestorePoint:aa01",
        server_uid="urn:veeam:BackupServer:bb01",
        server_name="vbr",
    )


@every_dialect
@pytest.mark.parametrize(
    ("state", "result", "over"),
    [
        ("Stopped", "Success", True),
        ("Stopped", "Warning", True),
        ("Stopped", "Failed", True),
        ("Stopped", "None", False),
        ("Stopped", "Odd", False),
        ("Working", "Success", False),
        ("Stopping", "Failed", False),
        ("stopped", "warning", True),
    ],
)
def test_when_a_session_is_over(dialect: str, state: str, result: str, over: bool) -> None:
    assert session(dialect, State=state, Result=result).is_over is over


@every_dialect
def test_much_of_a_session_may_be_missing(dialect: str) -> None:
    keep = ("UID", "Type", "State")
    found = session(dialect, *(key for key in WORKING if key not in keep))
    assert found == RestoreSession(uid="urn:veeam:RestoreSession:ee01", state=SessionState.WORKING)


@every_dialect
def test_a_finished_session_may_have_no_progress_and_a_null_end(dialect: str) -> None:
    found = session(dialect, State="Stopped", Result="Success", Progress=0, EndTimeUTC="1753-01-01T00:00:00Z")
    assert (found.progress, found.ended, found.is_over) == (0, None, True)


@every_dialect
def test_the_reason_and_the_restored_vm_where_the_server_says_them(dialect: str) -> None:
    found = session(dialect, FailureMessage="No space <left>", RestoredObjRef="urn:VMware:Vm:g.vm-2044")
    assert (found.failure_message, found.restored_ref) == ("No space <left>", "urn:VMware:Vm:g.vm-2044")


@every_dialect
def test_a_page_of_sessions(dialect: str) -> None:
    tree = {"Entities": listed(dialect, "RestoreSessions", "RestoreSession", [WORKING, WORKING])}
    assert len(read(dialect, "QueryResult", tree, resources.restore_sessions).items) == 2
