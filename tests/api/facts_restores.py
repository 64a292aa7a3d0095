"""WIRE 5, 10 and 11a: restores of VMs and vApps, collecting."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.api.facts_points import POINT, TASK, points_of
from tests.api.lab import ELSEWHERE, Lab, Tree, fact
from tests.api.scripted import http
from tui.api.client import Query
from tui.api.errors import ManagerError
from tui.api.models import (
    CloudLayout,
    CloudVmRestoreSpec,
    Platform,
    PointKind,
    RestorePoint,
    RestoreSpec,
    VAppRestoreSpec,
    VAppVmParameters,
    VmRestoreSpec,
)

POINT_OF_VM = RestorePoint(
    uid="urn:veeam:VmRestorePoint:aa01", vm_name="app07", created=datetime(2025, 2, 3, tzinfo=UTC)
)
ROOT_ID = "1ed39e5b-06e1-4fbb-a106-52537b5e059e"
ROOT = f"urn:veeam:HierarchyRoot:{ROOT_ID}"
CLOUD = CloudVmRestoreSpec(hierarchy_root_uid=ROOT, point_uid=POINT_OF_VM.uid, new_name="new")


async def sent(lab: Lab, spec: RestoreSpec, point: RestorePoint = POINT_OF_VM) -> Tree:
    """The body the server got."""
    async with lab.serve(lab.reply("Task", TASK, status=202)) as (manager, script):
        await manager.send(manager.write_request(point, spec))
    assert [request.method for request in script.requests] == ["POST"]
    return lab.sent_body(script.requests[0])


@fact("WIRE T11")
async def elements_go_out_in_the_documented_order(lab: Lab) -> None:
    (fields,) = (await sent(lab, VmRestoreSpec())).values()
    assert list(fields) == ["PowerOnAfterRestore", "QuickRollback", "KeepOriginalVM"]


@fact("WIRE T12")
async def keeping_the_original_is_always_said(lab: Lab) -> None:
    for keep in (True, False):
        body = await sent(lab, VmRestoreSpec(keep_original=keep))
        assert str(body["VmRestoreSpec"]["KeepOriginalVM"]).lower() == str(keep).lower()
        assert str(body["VmRestoreSpec"]["QuickRollback"]).lower() == "false"


@fact("WIRE T13")
async def the_seed_s_cloud_layout(lab: Lab) -> None:
    body = await sent(lab, CLOUD)
    fields = body["VmRestoreSpec"]
    assert list(fields) == [
        "PowerOnAfterRestore",
        "HierarchyRootUid",
        "QuickRollback",
        "VmRestoreParameters",
    ]
    assert str(fields["QuickRollback"]).lower() == "false"
    assert list(fields["VmRestoreParameters"]) == [
        "VmRestorePointUid",
        "VmNewName",
        "LinkedCloneVmTemplateRef",
    ]
    assert fields["VmRestoreParameters"]["LinkedCloneVmTemplateRef"] == ""


@fact("WIRE T13")
async def the_schema_s_cloud_layout(lab: Lab) -> None:
    spec = CloudVmRestoreSpec(
        hierarchy_root_uid=ROOT,
        point_uid=POINT_OF_VM.uid,
        layout=CloudLayout.SCHEMA,
        vapp_ref=f"urn:vCloud:Vapp:{ROOT_ID}.urn:vcloud:vapp:1",
    )
    body = await sent(lab, spec)
    assert list(body) == ["vCloudVmRestoreSpec"]
    assert list(body["vCloudVmRestoreSpec"]) == [
        "PowerOnAfterRestore",
        "HierarchyRootUid",
        "vAppRef",
        "VmRestoreParameters",
    ]


@fact("WIRE T14")
async def a_restore_never_goes_out_without_a_body(lab: Lab) -> None:
    for spec in (VmRestoreSpec(), CLOUD):
        assert await sent(lab, spec)


@fact("WIRE T35")
async def the_keys_of_a_vapp_restore_differ_by_format(lab: Lab) -> None:
    vapp = RestorePoint(
        uid="urn:veeam:VAppRestorePoint:va1",
        vm_name="shop",
        created=datetime(2025, 2, 3, tzinfo=UTC),
        kind=PointKind.VAPP,
    )
    spec = VAppRestoreSpec(
        hierarchy_root_uid=ROOT,
        org_vdc_ref=f"urn:vCloud:OrgVdc:{ROOT_ID}.urn:vcloud:vdc:1",
        new_name="copy",
        vms=(VAppVmParameters(point_uid="urn:p", new_name="web"),),
    )
    async with lab.serve(lab.reply("Task", TASK, status=202)) as (manager, script):
        await manager.send(manager.write_request(vapp, spec))
    assert script.requests[0].target == "/api/vAppRestorePoints/va1?action=restore"
    ((wrapper, fields),) = lab.sent_body(script.requests[0]).items()
    if lab.dialect == "xml":
        assert wrapper == "vCloudVAppRestoreSpec"
        assert list(fields)[3] == "vAppNewName"
        assert fields["VmsRestoreParameters"]["Vm"]["VmNewName"] == "web"
    else:
        assert wrapper == "VCloudVAppRestoreSpec"
        assert list(fields)[3] == "VAppNewName"
        assert fields["VmsRestoreParameters"] == [{"VmRestorePointUid": "urn:p", "VmNewName": "web"}]


@fact("WIRE 5.1")
async def requests_are_pascal_case_whatever_the_replies_are(lab: Lab) -> None:
    assert list(await sent(lab, VmRestoreSpec())) == ["VmRestoreSpec"]


@fact("WIRE 5.2")
async def a_restore_is_posted_once_and_answers_with_a_task(lab: Lab) -> None:
    routes = {
        "GET /api/query": lab.points(POINT),
        "POST /api/vmRestorePoints/aa01": lab.reply("Task", TASK, status=202),
    }
    async with lab.serve(routes=routes) as (manager, script):
        (point,) = await points_of(manager)
        task = await manager.send(manager.write_request(point, VmRestoreSpec()))
    assert (task.task_id, task.is_over, task.success) == ("task-4", False, None)
    assert script.requests[-1].target == "/api/vmRestorePoints/aa01?action=restore"


@fact("WIRE 5.2")
async def a_lost_reply_to_a_restore_is_never_answered_by_another_post(lab: Lab) -> None:
    async def drop(_request: object, writer: object) -> None:
        writer.transport.abort()  # type: ignore[attr-defined] # a socket's transport has it

    for answer in (drop, http(503), http(502), http(504), http(500), http(202, b"")):
        async with lab.serve(answer) as (manager, script):
            with pytest.raises(ManagerError) as caught:
                await manager.send(manager.write_request(POINT_OF_VM, VmRestoreSpec()))
        assert len(script.requests) == 1
        assert caught.value.request_sent


@fact("WIRE 10")
async def vapp_points_have_their_own_kind(lab: Lab) -> None:
    vapp = {
        "UID": "urn:veeam:VAppRestorePoint:va1",
        "Type": "VAppRestorePoint",
        "VAppDisplayName": "shop",
        "Links": [{"Rel": "Restore", "Href": f"{ELSEWHERE}/vAppRestorePoints/va1?action=restore"}],
        "CreationTimeUTC": "2025-02-03T04:05:06Z",
        "HierarchyObjRef": "urn:vCloud:Vapp:g.urn:vcloud:vapp:1",
    }
    async with lab.serve(lab.entities("VAppRestorePoints", "VAppRestorePoint", [vapp])) as (manager, script):
        (point,) = [each async for page in manager.vapp_restore_points(Query()) for each in page.items]
    assert (point.kind, point.vm_name, point.platform) == (PointKind.VAPP, "shop", Platform.CLOUD_DIRECTOR)
    assert point.restore_path == "/api/vAppRestorePoints/va1?action=restore"
    assert "type=vAppRestorePoint" in script.requests[0].target


@fact("WIRE 11a")
async def collecting_is_the_action_link_of_the_server(lab: Lab) -> None:
    server = {
        "UID": "urn:veeam:BackupServer:bb01",
        "Name": "vbr01",
        "Type": "BackupServer",
        "Links": [{"Rel": "Start", "Href": f"{ELSEWHERE}/backupServers/bb01?action=collect"}],
        "Port": 9392,
    }
    routes = {
        "GET /api/query": lab.entities("BackupServers", "BackupServer", [server]),
        "POST /api/backupServers/bb01": lab.reply("Task", TASK, status=202),
    }
    async with lab.serve(routes=routes) as (manager, script):
        (found,) = await manager.backup_servers()
        await manager.collect(found)
    assert found.port == 9392
    assert script.requests[1].target == "/api/backupServers/bb01?action=collect"
    assert script.requests[1].body == b""
