"""WIRE 6 to 9: tasks, restore sessions, lookup, errors."""

from __future__ import annotations

import pytest

from tests.api.facts_points import TASK, changed, points_of
from tests.api.facts_restores import POINT_OF_VM
from tests.api.lab import ELSEWHERE, Lab, Tree, fact
from tui.api.client import Query
from tui.api.errors import Busy, ForeignLink, ManagerError, ServerFault, TaskUnknown
from tui.api.models import RestoreSession, Task, VmRestoreSpec

RELATED: Tree = {
    "Rel": "Related",
    "Type": "RestoreSession",
    "Href": f"{ELSEWHERE}/restoreSessions/ee01?format=Entity",
}
OTHER: Tree = {"Rel": "Related", "Type": "Job", "Href": f"{ELSEWHERE}/jobs/1"}
SESSION: Tree = {
    "Type": "RestoreSession",
    "Name": "app07@2025-02-03 09:10:11",
    "UID": "urn:veeam:RestoreSession:ee01",
    "VmDisplayName": "app07",
    "Links": [
        {"Rel": "Related", "Type": "VmRestorePointReference", "Href": f"{ELSEWHERE}/vmRestorePoints/aa01"}
    ],
    "JobType": "RestoreVm",
    "CreationTimeUTC": "2025-02-03T09:10:11.017Z",
    "State": "Working",
    "Result": "None",
    "Progress": 64,
}


async def task_as(lab: Lab, **changes: object) -> Task:
    async with lab.serve(lab.reply("Task", {**TASK, **changes})) as (manager, _):
        return await manager.task("task-4")


async def session_as(lab: Lab, *missing: str, **changes: object) -> RestoreSession:
    tree = {key: value for key, value in {**SESSION, **changes}.items() if key not in missing}
    async with lab.serve(lab.reply("RestoreSession", tree)) as (manager, _):
        return await manager.restore_session("ee01")


@fact("WIRE T22")
async def a_result_alone_is_no_end_and_a_task_may_be_finished_at_once(lab: Lab) -> None:
    result = {"Success": True, "Message": "Ok"}
    running = await task_as(lab, Result=result, Links=[RELATED])
    assert not running.is_over
    assert (running.success, running.session_id) == (True, "ee01")
    reply = lab.reply("Task", {**TASK, "State": "Finished", "Result": result}, status=202)
    async with lab.serve(reply) as (manager, _):
        assert (await manager.send(manager.write_request(POINT_OF_VM, VmRestoreSpec()))).is_over


@fact("WIRE T23")
async def operation_finished_is_no_end(lab: Lab) -> None:
    done = await task_as(lab, State="OperationFinished", Result={"Success": True})
    assert not done.is_over
    assert (await task_as(lab, State="Finished", Result={"Success": True})).is_over


@fact("WIRE T1")
async def a_finished_task_only_leads_to_the_session(lab: Lab) -> None:
    task = await task_as(lab, State="Finished", Result={"Success": True}, Links=[RELATED])
    assert task.is_over
    assert task.session_id == "ee01"
    assert not (await session_as(lab)).is_over


@fact("WIRE T34")
async def the_related_session_is_chosen_by_type(lab: Lab) -> None:
    task = await task_as(lab, Links=[OTHER, *TASK["Links"], RELATED])
    assert task.session_href == "/api/restoreSessions/ee01?format=Entity"
    assert (await task_as(lab, Links=[OTHER])).session_href == ""
    astray = {"Rel": "Related", "Type": "RestoreSession", "Href": f"{ELSEWHERE}/backups/ee01"}
    assert (await task_as(lab, Links=[astray])).session_href == ""


@fact("WIRE 6.1")
async def a_task_that_wants_input_says_so(lab: Lab) -> None:
    for flag in ("CredentialsNeeded", "ConfirmationNeeded"):
        task = await task_as(lab, State="Finished", Result={"Success": False, flag: True})
        assert task.needs_input
    assert not (await task_as(lab, State="Finished", Result={"Success": False})).needs_input


@fact("WIRE T2")
async def a_task_of_another_session_is_unknown_by_its_message(lab: Lab) -> None:
    message = "There is no backup task with id [task-297] in current rest session"
    error = lab.reply("Error", {"Message": message, "StatusCode": 500}, status=500)
    async with lab.serve(error) as (manager, _):
        with pytest.raises(TaskUnknown):
            await manager.task("task-297")
    fault = lab.reply("Error", {"Message": "Object reference not set.", "StatusCode": 500}, status=500)
    async with lab.serve(fault) as (manager, _):
        with pytest.raises(ServerFault):
            await manager.task("task-297")


@fact("WIRE T17")
async def none_is_no_end_and_a_warning_is_one(lab: Lab) -> None:
    for state, result, over in (
        ("Working", "None", False),
        ("Stopped", "None", False),
        ("Stopped", "Warning", True),
        ("Stopped", "Success", True),
        ("Stopped", "Failed", True),
        ("Stopping", "Failed", False),
    ):
        assert (await session_as(lab, State=state, Result=result)).is_over is over


@fact("WIRE T18")
async def much_of_a_session_may_be_missing(lab: Lab) -> None:
    keep = {"UID", "State", "Type"}
    bare = await session_as(lab, *(key for key in SESSION if key not in keep))
    assert (bare.progress, bare.ended, bare.vm_name, bare.created) == (None, None, "", None)
    done = await session_as(
        lab, State="Stopped", Result="Success", Progress=0, EndTimeUTC="1753-01-01T00:00:00Z"
    )
    assert (done.is_over, done.progress, done.ended) == (True, 0, None)


@fact("WIRE T37")
async def the_reason_of_a_failure_may_be_missing(lab: Lab) -> None:
    failed = await session_as(lab, State="Stopped", Result="Failed")
    assert (failed.is_over, failed.failure_message) == (True, "")
    said = await session_as(lab, State="Stopped", Result="Failed", FailureMessage="No space.")
    assert said.failure_message == "No space."


@fact("WIRE T27")
async def sessions_are_listed_by_query_to_the_last_page(lab: Lab) -> None:
    pages = [
        lab.entities(
            "RestoreSessions",
            "RestoreSession",
            [{**SESSION, "UID": f"urn:veeam:RestoreSession:{number}"}],
            PagingInfo={"PageNum": number, "PageSize": 1, "PagesCount": 2, "Links": []},
        )
        for number in (1, 2)
    ]
    async with lab.serve(*pages) as (manager, script):
        found = await manager.restore_sessions(Query())
    assert [session.id for session in found] == ["1", "2"]
    assert all("type=RestoreSession&format=Entities" in request.target for request in script.requests)


@fact("WIRE 7")
async def a_session_names_its_point_where_it_is_linked(lab: Lab) -> None:
    assert (await session_as(lab)).point_uid == "urn:veeam:VmRestorePoint:aa01"
    assert (await session_as(lab, "Links")).point_uid == ""


@fact("WIRE 8.1")
async def a_host_known_to_two_servers_comes_twice(lab: Lab) -> None:
    roots = [
        {
            "UID": f"urn:veeam:HierarchyRoot:f{number}",
            "Name": "vc01",
            "Type": "HierarchyRoot",
            "Links": [
                {"Rel": "Up", "Type": "BackupServerReference", "Href": f"{ELSEWHERE}/backupServers/b{number}"}
            ],
            "UniqueId": "ABC",
            "HostType": "VC",
        }
        for number in (1, 2)
    ]
    async with lab.serve(lab.entities("HierarchyRoots", "HierarchyRoot", roots)) as (manager, _):
        found = await manager.hierarchy_roots()
    assert [root.server_uid for root in found] == ["urn:veeam:BackupServer:b1", "urn:veeam:BackupServer:b2"]
    assert {root.name for root in found} == {"vc01"}


@fact("WIRE 8.2")
async def lookup_items_have_neither_links_nor_addresses(lab: Lab) -> None:
    item = {"Type": "HierarchyItem", "ObjectName": "ssd & fast"}
    for count in (0, 1, 2):
        items = [{**item, "ObjectRef": f"urn:VMware:Datastore:g.d{number}"} for number in range(count)]
        async with lab.serve(lab.collection("HierarchyItems", "HierarchyItem", items)) as (
            manager,
            _,
        ):
            found = await manager.lookup("urn:veeam:HierarchyRoot:f1", "Datastore")
        assert [each.name for each in found] == ["ssd & fast"] * count


@fact("WIRE 9")
async def codes_of_the_table_have_errors_of_their_own(lab: Lab) -> None:
    kinds = set()
    for status in (400, 401, 403, 404, 500, 501, 503):
        error = lab.reply("Error", {"Message": "No.", "StatusCode": status}, status=status)
        async with lab.serve(error) as (manager, _):
            with pytest.raises(ManagerError) as caught:
                await manager.task("task-1")
        assert (caught.value.http_code, caught.value.detail) == (status, "No.")
        kinds.add(type(caught.value))
    assert len(kinds) == 7
    assert Busy in kinds


@fact("WIRE T39")
async def links_of_writes_and_of_evidence_lead_to_the_own_thing_or_count_for_nothing(lab: Lab) -> None:
    for href in (f"{ELSEWHERE}/backups/aa01", "../tasks/task-9", f"{ELSEWHERE}/tasks/%74ask-4"):
        task = await task_as(lab, Links=[{"Rel": "Delete", "Type": "Task", "Href": href}])
        point = changed(Links=[{"Rel": "Restore", "Href": href}])
        async with lab.serve(lab.points(point)) as (manager, script):
            with pytest.raises(ForeignLink):
                await manager.cancel_task(task)
            (read,) = await points_of(manager)
            with pytest.raises(ForeignLink):
                manager.write_request(read, VmRestoreSpec())
        assert [request.method for request in script.requests] == ["GET"]
    astray = {"Rel": "Related", "Type": "VmRestorePointReference", "Href": f"{ELSEWHERE}/backups/aa01"}
    assert (await session_as(lab, Links=[astray])).point_uid == ""
