"""WIRE 6 and 7: tasks and restore sessions as time passes."""

from __future__ import annotations

import pytest

from tests.demo.reading import Node, Wire, vm_spec


def start(wire: Wire, vm: str) -> None:
    assert wire.restore(wire.point_id(vm), vm_spec(wire.format)).status == 202


def task(wire: Wire, task_id: str = "task-1") -> Node:
    answer = wire.get(f"/api/tasks/{task_id}?format=Entity")
    assert answer.status == 200, answer.body
    return answer.node


def later(wire: Wire, seconds: float) -> None:
    wire.demo.advance(seconds)


def session(wire: Wire, vm: str) -> Node:
    rows = wire.query("RestoreSession", f'VmDisplayName=="{vm}"', sortDesc="CreationTime").queried(
        "RestoreSessions"
    )
    return rows[0]


def launched(wire: Wire, vm: str) -> Node:
    start(wire, vm)
    later(wire, 9)
    return task(wire)


def result_of(node: Node) -> tuple[str, str]:
    result = node.child("Result")
    assert result is not None
    return result["Success"], result["Message"]


def test_6_1_running_then_operation_finished_then_finished(wire: Wire) -> None:
    start(wire, "app01")
    assert task(wire)["State"] == "Running"
    later(wire, 7)
    assert task(wire)["State"] == "OperationFinished"
    assert result_of(task(wire)) == ("true", "OperationFinished"), "WIRE T23: a Result, and yet no end"
    related = task(wire).link("Related", "RestoreSession")
    assert wire.get(related).status == 404, "the related session may not resolve yet"
    later(wire, 2)
    assert task(wire)["State"] == "Finished"
    assert result_of(task(wire)) == ("true", "Ok")
    assert wire.get(related).node["State"] in {"Starting", "Working"}, "WIRE T1: finished is started"


def test_6_1_update_4_has_no_operation_finished(wire: Wire) -> None:
    wire.demo.control("set", option="api_version", value="v1_4")
    start(wire, "app01")
    later(wire, 7)
    assert task(wire)["State"] == "Running"
    later(wire, 2)
    assert task(wire)["State"] == "Finished"


def test_6_1_plain_list_of_tasks(wire: Wire) -> None:
    start(wire, "app01")
    start(wire, "mail01")
    assert [row["TaskId"] for row in wire.get("/api/tasks").listed("Tasks")] == ["task-1", "task-2"]


def test_t2_tasks_belong_to_a_logon_session(wire: Wire) -> None:
    start(wire, "app01")
    wire.log_on()
    assert wire.get("/api/tasks").listed("Tasks") == []
    answer = wire.get("/api/tasks/task-1")
    assert answer.status == 500
    assert answer.message == "There is no backup task with id [task-1] in current rest session"
    start(wire, "mail01")
    assert task(wire)["State"] == "Running", "numbers begin again: another task-1"


def test_t2_forgotten_tasks(wire: Wire) -> None:
    start(wire, "app01")
    wire.demo.control("forget-tasks")
    assert wire.get("/api/tasks/task-1").status == 500


def test_t22_finished_already_in_the_202(wire: Wire) -> None:
    answer = wire.restore(wire.point_id("kiosk01"), vm_spec(wire.format))
    assert (answer.status, answer.node["State"]) == (202, "Finished")
    assert wire.get(answer.node.link("Related", "RestoreSession")).status == 200


def test_t22_result_while_running(wire: Wire) -> None:
    start(wire, "early01")
    assert task(wire)["State"] == "Running"
    assert result_of(task(wire))[0] == "true"
    assert task(wire).has_link("Related", "RestoreSession")


def test_6_1_a_launch_that_fails(wire: Wire) -> None:
    failed = launched(wire, "broken01")
    assert failed["State"] == "Finished"
    assert result_of(failed) == ("false", "Host esx07.demo.internal is in maintenance mode")
    assert not failed.has_link("Related")
    later(wire, 300)
    assert wire.query("RestoreSession", 'VmDisplayName=="broken01"').queried("RestoreSessions") == []


def test_6_1_a_launch_that_wants_credentials(wire: Wire) -> None:
    result = launched(wire, "vault01").child("Result")
    assert result is not None
    assert (result["Success"], result["CredentialsNeeded"]) == ("false", "true")


@pytest.mark.parametrize(
    ("asks", "credentials", "confirmation"),
    [("credentials", "true", None), ("confirmation", None, "true"), ("both", "true", "true")],
)
def test_6_1_a_launch_asks_for_one_thing_or_the_other(
    wire: Wire, asks: str, credentials: str | None, confirmation: str | None
) -> None:
    wire.demo.control("set", option="asks_for", value=asks)
    result = launched(wire, "vault01").child("Result")
    assert result is not None
    assert (result.get("CredentialsNeeded"), result.get("ConfirmationNeeded")) == (credentials, confirmation)
    assert ("redentials" in result["Message"], "onfirm" in result["Message"]) == (
        bool(credentials), bool(confirmation)
    )  # fmt: skip


def test_t27_restore_sessions_are_forgotten_after_30_days(wire: Wire) -> None:
    launched(wire, "app01")
    address = session(wire, "app01").link("Alternate")
    later(wire, 30 * 86400 - 60)
    wire.log_on()
    assert session(wire, "app01")["Result"] == "Success"
    later(wire, 120)
    wire.log_on()
    assert wire.query("RestoreSession", 'VmDisplayName=="app01"').queried("RestoreSessions") == []
    assert wire.get(address).status == 404


def test_7_other_people_restore_too(wire: Wire) -> None:
    assert wire.demo.restores() == []
    wire.demo.control("set", option="colleague", value=True)
    later(wire, 3600)
    wire.log_on()
    theirs = wire.demo.restores()
    assert {(one["user"], one["overwrites"]) for one in theirs} == {("LAB\\colleague", True)}
    assert len(theirs) == 6 == len({one["vm"] for one in theirs})
    listed = wire.query("RestoreSession", sortDesc="CreationTime").queried("RestoreSessions")
    assert [row["VmDisplayName"] for row in listed[:6]] == [one["vm"] for one in reversed(theirs)]
    times = [row["CreationTimeUTC"] for row in listed[:6]]
    assert len({text[14:16] for text in times}) == 6, f"ten minutes apart: {times}"
    assert wire.get("/api/tasks").listed("Tasks") == [], "their tasks are not ours"


def test_6_1_finished_without_a_session_link(wire: Wire) -> None:
    finished = launched(wire, "print01")
    assert (finished["State"], result_of(finished)[0]) == ("Finished", "true")
    assert not finished.has_link("Related", "RestoreSession")
    assert session(wire, "print01")["State"] in {"Starting", "Working"}, "but there is one"


def test_t28_delete_stops_a_launch(wire: Wire) -> None:
    start(wire, "archive01")
    later(wire, 30)
    assert task(wire)["State"] == "Running"
    answer = wire.send("DELETE", task(wire).link("Delete"))
    assert (answer.status, answer.body) == (204, b"")
    assert wire.get("/api/tasks/task-1").status == 500
    later(wire, 300)
    assert wire.query("RestoreSession", 'VmDisplayName=="archive01"').queried("RestoreSessions") == []


@pytest.mark.parametrize(
    ("how", "end"), [("launch-only", "Success"), ("none", "Success"), ("stops", "Failed")]
)
def test_t28_delete_of_a_finished_task(wire: Wire, how: str, end: str) -> None:
    wire.demo.control("set", option="cancel", value=how)
    launched(wire, "app01")
    assert wire.send("DELETE", "/api/tasks/task-1").status == 204
    if how == "stops":
        assert session(wire, "app01")["State"] == "Stopping"
    later(wire, 100)
    assert (session(wire, "app01")["State"], session(wire, "app01")["Result"]) == ("Stopped", end)


def test_t28_delete_that_stops_nothing(wire: Wire) -> None:
    wire.demo.control("set", option="cancel", value="none")
    start(wire, "archive01")
    assert wire.send("DELETE", "/api/tasks/task-1").status == 204
    later(wire, 60)
    assert session(wire, "archive01")["State"] in {"Starting", "Working"}


@pytest.mark.parametrize(
    ("vm", "result"),
    [("app01", "Success"), ("erp01", "Warning"), ("crm01", "Failed"), ("legacy01", "Failed"),
     ("terminal01", "Warning"), ("till 07", "Failed")],
)  # fmt: skip
def test_t17_how_restores_end(wire: Wire, vm: str, result: str) -> None:
    launched(wire, vm)
    running = session(wire, vm)
    assert (running["Result"], running.get("EndTimeUTC")) == ("None", None)
    later(wire, 100)
    over = session(wire, vm)
    assert (over["State"], over["Result"]) == ("Stopped", result)
    assert over["EndTimeUTC"] > over["CreationTimeUTC"]


def test_7_entity_order(wire: Wire) -> None:
    launched(wire, "app01")
    own = ["JobType", "CreationTimeUTC", "State", "Result", "Progress"]
    names = session(wire, "app01").names
    if wire.format == "xml":
        assert names == ["Href", "Type", "Name", "UID", "VmDisplayName", "Links", *own]
    else:
        assert names == [*own, "VmDisplayName", "Name", "UID", "Links", "Href", "Type"]


def test_t37_a_failure_without_a_reason(wire: Wire) -> None:
    launched(wire, "legacy01")
    later(wire, 100)
    assert session(wire, "legacy01").get("FailureMessage") is None
    start(wire, "crm01")
    later(wire, 100)
    assert "free space" in session(wire, "crm01")["FailureMessage"]


def test_t18_progress_missing_zero_and_sentinel_end(wire: Wire) -> None:
    for vm in ("scan01", "dns01", "ntp01"):
        start(wire, vm)
    later(wire, 12)
    assert session(wire, "scan01").get("Progress") is None
    assert session(wire, "ntp01")["EndTimeUTC"].startswith("1753-01-01"), "WIRE T19"
    later(wire, 100)
    assert (session(wire, "dns01")["Progress"], session(wire, "dns01")["Result"]) == ("0", "Success")


def test_7_progress_grows(wire: Wire) -> None:
    launched(wire, "app01")
    seen = []
    for _ in range(4):
        seen.append(int(session(wire, "app01")["Progress"]))
        later(wire, 10)
    assert seen == sorted(seen)
    assert seen[0] < seen[-1] <= 100


@pytest.mark.parametrize("keep", [True, False])
def test_7_restored_object(wire: Wire, keep: bool) -> None:
    point = wire.points("app01")[0]
    wire.restore(point["UID"].rpartition(":")[2], vm_spec(wire.format, keep=keep))
    later(wire, 120)
    restored = session(wire, "app01")["RestoredObjRef"]
    assert (restored == point["HierarchyObjRef"]) is not keep
    assert restored.partition(".")[0] == point["HierarchyObjRef"].partition(".")[0]


def test_t27_sessions_of_30_days_with_file_level_ones(wire: Wire) -> None:
    rows = wire.get("/api/restoreSessions?format=Entity").listed("RestoreSessions")
    assert all(row["CreationTimeUTC"] >= "2026-02-02" for row in rows)
    files = [row for row in rows if row["JobType"] == "FileLevelRestore"]
    assert files
    assert all(row["Name"].startswith("FLR_[") for row in files)


def test_7_sessions_survive_the_logon_session(wire: Wire) -> None:
    uid = launched(wire, "app01").link("Related", "RestoreSession")
    wire.log_on()
    assert wire.get(uid).status == 200


def test_t27_no_way_to_stop_a_session(wire: Wire) -> None:
    launched(wire, "app01")
    path = task(wire).link("Related", "RestoreSession").partition("?")[0]
    assert wire.send("DELETE", path).status == 405
    assert wire.send("POST", f"{path}?action=stop").status == 405


def test_7_the_point_is_linked_only_sometimes(wire: Wire) -> None:
    start(wire, "app01")
    start(wire, "mail01")
    later(wire, 10)
    linked = {session(wire, vm).has_link("Related", "VmRestorePointReference") for vm in ("app01", "mail01")}
    assert linked == {True, False}
