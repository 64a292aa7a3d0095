"""WIRE 2 to 4: shapes of bodies, values, queries, restore points."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tests.api.lab import ELSEWHERE, Lab, Tree, fact
from tests.api.scripted import http
from tui.api.client import EnterpriseManager, Query
from tui.api.models import Platform, RestorePoint
from tui.api.models.resources import NO_TIME

LINKS: list[Tree] = [
    {"Rel": "Restore", "Href": f"{ELSEWHERE}/vmRestorePoints/aa01?action=restore"},
    {
        "Rel": "Up",
        "Type": "BackupServerReference",
        "Name": "vbr01",
        "Href": f"{ELSEWHERE}/backupServers/bb01",
    },
    {"Rel": "Up", "Type": "RestorePointReference", "Name": "x", "Href": f"{ELSEWHERE}/restorePoints/cc01"},
]
POINT: Tree = {
    "Href": f"{ELSEWHERE}/vmRestorePoints/aa01?format=Entity",
    "Type": "VmRestorePoint",
    "Name": "app07@2025-02-03 04:05:06",
    "UID": "urn:veeam:VmRestorePoint:aa01",
    "VmDisplayName": "app07",
    "Links": LINKS,
    "CreationTimeUTC": "2025-02-03T04:05:06.12Z",
    "VmName": "app07",
    "Algorithm": "Incremental",
    "PointType": "Increment",
    "HierarchyObjRef": "urn:VMware:Vm:5d2c7f10-0001-4a00-8000-0000000000a1.vm-1036",
}
TASK: Tree = {
    "Type": "Task",
    "Href": f"{ELSEWHERE}/tasks/task-4",
    "Links": [{"Rel": "Delete", "Type": "Task", "Href": f"{ELSEWHERE}/tasks/task-4"}],
    "TaskId": "task-4",
    "State": "Running",
    "Operation": "StartVMRestore",
}


def changed(*missing: str, **changes: object) -> Tree:
    return {key: value for key, value in {**POINT, **changes}.items() if key not in missing}


async def points_of(manager: EnterpriseManager, query: Query | None = None) -> list[RestorePoint]:
    return [point async for page in manager.vm_restore_points(query or Query()) for point in page.items]


async def read(lab: Lab, *points: Tree) -> list[RestorePoint]:
    async with lab.serve(lab.points(*points)) as (manager, _):
        return await points_of(manager)


@fact("WIRE T5")
async def both_casings_of_json_mean_the_same(lab: Lab) -> None:
    (point,) = await read(lab, POINT)
    assert point.uid == "urn:veeam:VmRestorePoint:aa01"
    assert point.created == datetime(2025, 2, 3, 4, 5, 6, 120000, tzinfo=UTC)
    assert (point.vm_name, point.point_type, point.algorithm) == ("app07", "Increment", "Incremental")


@fact("WIRE T6")
async def lists_are_nested_in_several_ways(lab: Lab) -> None:
    if lab.dialect == "xml":
        assert len(await read(lab, POINT, changed(UID="urn:veeam:VmRestorePoint:2"))) == 2
        return
    shapes: tuple[dict[str, Any], ...] = (
        {"Entities": {"VmRestorePoints": {"VmRestorePoints": [POINT]}}},
        {"Entities": {"VmRestorePoints": [POINT]}},
        {"Entities": {"VmRestorePoints": {"VmRestorePoint": POINT}}},
        {"VmRestorePoints": [POINT]},
    )
    for shape in shapes:
        async with lab.serve(lab.reply("QueryResult", shape)) as (manager, _):
            assert [point.vm_name for point in await points_of(manager)] == ["app07"]


@fact("WIRE T6")
async def tasks_sit_under_resources(lab: Lab) -> None:
    inner = "Task" if lab.dialect == "xml" else "Tasks"
    reply = lab.reply("QueryResult", {"Resources": {"Tasks": {inner: [TASK]}}})
    async with lab.serve(reply) as (manager, _):
        assert [task.task_id for task in await manager.tasks()] == ["task-4"]


@fact("WIRE T21")
async def a_list_of_one_is_a_list(lab: Lab) -> None:
    (point,) = await read(lab, changed(Links=LINKS[:1]))
    assert point.restore_path == "/api/vmRestorePoints/aa01?action=restore"
    async with lab.serve(lab.collection("Tasks", "Task", [TASK])) as (manager, _):
        (task,) = await manager.tasks()
    assert task.delete_href == "/api/tasks/task-4"


@fact("WIRE 2.2")
async def the_order_of_attributes_and_members_does_not_matter(lab: Lab) -> None:
    turned = {key: POINT[key] for key in reversed(POINT)}
    turned["Links"] = [dict(reversed(link.items())) for link in LINKS]
    assert await read(lab, turned) == await read(lab, POINT)


@fact("WIRE 2.2")
async def nothing_found_is_an_empty_list(lab: Lab) -> None:
    shapes: tuple[Tree, ...] = ({"Entities": {"VmRestorePoints": {}}}, {"Entities": {}}, {})
    for tree in shapes:
        async with lab.serve(lab.reply("QueryResult", tree)) as (manager, _):
            assert await points_of(manager) == []


@fact("WIRE 2.3")
async def absent_null_and_empty_are_alike(lab: Lab) -> None:
    (absent,) = await read(lab, changed("HierarchyObjRef", "PointType"))
    (empty,) = await read(lab, changed(HierarchyObjRef="", PointType=""))
    assert absent == empty
    if lab.dialect != "xml":
        (null,) = await read(lab, changed(HierarchyObjRef=None, PointType=None))
        assert null == absent


@fact("WIRE T25")
async def entities_are_decoded_once(lab: Lab) -> None:
    tricky = "a &amp; <b> \"c\" 'd'"
    link = {**LINKS[0], "Href": f"{ELSEWHERE}/vmRestorePoints/aa01?action=restore&x=1&amp;y=2"}
    (point,) = await read(lab, changed(VmDisplayName=tricky, Links=[link]))
    assert point.vm_name == tricky
    assert point.restore_path == "/api/vmRestorePoints/aa01?action=restore&x=1&amp;y=2"


@fact("WIRE T19")
async def times_have_none_to_seven_digits_and_1753_is_none(lab: Lab) -> None:
    fractions = {
        "": 0,
        ".7": 700_000,
        ".05": 50_000,
        ".107": 107_000,
        ".209913": 209_913,
        ".1234567": 123_456,
    }
    for text, microsecond in fractions.items():
        for end in ("Z", ""):
            (point,) = await read(lab, changed(CreationTimeUTC=f"2025-02-03T04:05:06{text}{end}"))
            assert point.created == datetime(2025, 2, 3, 4, 5, 6, microsecond, tzinfo=UTC)
    (point,) = await read(lab, changed(CreationTimeUTC="1753-01-01T00:00:00Z"))
    assert point.created == NO_TIME


@fact("WIRE T20")
async def the_last_at_splits_a_name_and_names_stay_as_sent(lab: Lab) -> None:
    (point,) = await read(
        lab, changed("VmDisplayName", "VmName", Name="[TNT9]:a@b (x)@2025-02-03 04:05:06.1")
    )
    assert point.vm_name == "[TNT9]:a@b (x)"
    assert point.name == "[TNT9]:a@b (x)@2025-02-03 04:05:06.1"


@fact("WIRE T18")
async def much_of_a_point_may_be_missing(lab: Lab) -> None:
    (bare,) = await read(lab, {key: POINT[key] for key in ("UID", "Type", "CreationTimeUTC", "Name")})
    assert (bare.vm_name, bare.object_ref, bare.platform) == ("app07", "", Platform.UNKNOWN)
    assert (bare.server_uid, bare.restore_href) == ("", "")
    (named,) = await read(lab, changed("VmDisplayName"))
    assert named.vm_name == "app07"


@fact("WIRE T34")
async def links_are_chosen_by_what_they_have(lab: Lab) -> None:
    decoys = [
        {"Rel": "Create", "Type": "VmRestorePointMount", "Href": f"{ELSEWHERE}/decoy"},
        {"Rel": "Up", "Type": "BackupFileReference", "Href": f"{ELSEWHERE}/backupFiles/dd01", "Name": "f"},
        {"Rel": "Alternate", "Type": "VmRestorePointReference", "Href": f"{ELSEWHERE}/decoy"},
    ]
    (point,) = await read(lab, changed(Links=[*decoys, *reversed(LINKS)]))
    assert point.restore_path == "/api/vmRestorePoints/aa01?action=restore"
    assert (point.server_uid, point.server_name) == ("urn:veeam:BackupServer:bb01", "vbr01")
    assert point.restore_point_id == "cc01"


@fact("WIRE T36")
async def a_link_with_the_wrong_type_is_not_taken_for_the_restore_point(lab: Lab) -> None:
    wrong = {"Rel": "Related", "Type": "RestorePointReferenceList", "Href": f"{ELSEWHERE}/backupFiles/wrong"}
    (point,) = await read(lab, changed(Links=[wrong, *LINKS]))
    assert point.restore_point_id == "cc01"


@fact("WIRE T30")
async def the_platform_is_read_in_any_case(lab: Lab) -> None:
    words = {
        "VMware": Platform.VSPHERE,
        "VMWare": Platform.VSPHERE,
        "HyperV": Platform.HYPERV,
        "Hyperv": Platform.HYPERV,
        "vCloud": Platform.CLOUD_DIRECTOR,
        "VCLOUD": Platform.CLOUD_DIRECTOR,
        "NasBackup": Platform.UNKNOWN,
    }
    for word, platform in words.items():
        (point,) = await read(lab, changed(HierarchyObjRef=f"urn:{word}:Vm:g.urn:vcloud:vm:1"))
        assert point.platform is platform


@fact("WIRE 4.4")
async def without_a_reference_the_backup_names_the_platform(lab: Lab) -> None:
    up = {"Rel": "Up", "Type": "BackupReference", "Href": f"{ELSEWHERE}/backups/b1", "Name": "Job"}
    run = {"UID": "urn:veeam:RestorePoint:cc01", "Type": "RestorePoint", "Links": [up]}
    routes = {
        "GET /api/query": lab.points(changed("HierarchyObjRef")),
        "GET /api/restorePoints/cc01": lab.reply("RestorePoint", run),
        "GET /api/backups/b1": lab.reply("Backup", {"UID": "u", "Type": "Backup", "Platform": "HyperV"}),
    }
    async with lab.serve(routes=routes) as (manager, _):
        (point,) = await points_of(manager)
        assert point.platform is Platform.UNKNOWN
        assert await manager.platform_of(point) is Platform.HYPERV


@fact("WIRE T10")
async def a_reference_leads_to_the_entity(lab: Lab) -> None:
    ref = {
        "UID": POINT["UID"],
        "Name": "app07@2025",
        "Href": f"{ELSEWHERE}/vmRestorePoints/aa01",
        "Type": "VmRestorePointReference",
    }
    refs = {"Refs": {"Ref" if lab.dialect == "xml" else "Refs": [ref]}}
    listed = lab.reply("QueryResult", refs)
    async with lab.serve(listed, lab.reply("VmRestorePoint", POINT)) as (manager, script):
        assert [point.vm_name for point in await points_of(manager)] == ["app07"]
    assert script.requests[1].target == "/api/vmRestorePoints/aa01?format=Entity"
    async with lab.serve(lab.reply("EntityRef", ref), lab.reply("VmRestorePoint", POINT)) as (
        manager,
        script,
    ):
        assert (await manager.vm_restore_point("aa01")).object_ref
    assert script.requests[0].target.endswith("?format=Entity")


@fact("WIRE 2.1")
async def the_reply_is_read_by_its_first_byte(lab: Lab) -> None:
    swapped = Lab("json" if lab.dialect == "xml" else "xml", lab.who)
    async with lab.serve(swapped.points(POINT)) as (manager, _):
        assert len(await points_of(manager)) == 1
    bom = b"\xef\xbb\xbf" + lab.points(POINT).partition(b"\r\n\r\n")[2]
    async with lab.serve(http(200, bom, media_type="text/plain")) as (manager, _):
        assert len(await points_of(manager)) == 1
    assert json.dumps(POINT)
