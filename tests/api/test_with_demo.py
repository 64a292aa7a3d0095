"""The whole way against the embedded Enterprise Manager, in both formats and both casings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.support.demo_process import DemoProcess
from tui.api.client import EnterpriseManager, Query, Trust
from tui.api.errors import (
    Forbidden,
    ForeignLink,
    Invalid,
    InvalidRestoreSpec,
    NotFound,
    SessionExpired,
    TaskUnknown,
)
from tui.api.models import (
    CloudLayout,
    CloudVmRestoreSpec,
    Platform,
    PointKind,
    RestorePoint,
    RestoreSpec,
    ServerAddress,
    SessionResult,
    TaskState,
    VAppRestoreSpec,
    VAppVmParameters,
    VmRestoreSpec,
    WireFormat,
)
from tui.api.query import all_of, any_of, eq, ge, lt


async def all_points(
    manager: EnterpriseManager, query: Query | None = None, kind: PointKind = PointKind.VM
) -> list[RestorePoint]:
    listed = manager.vm_restore_points if kind is PointKind.VM else manager.vapp_restore_points
    return [point async for page in listed(query or Query()) for point in page.items]


async def one(manager: EnterpriseManager, platform: Platform) -> RestorePoint:
    newest_first = Query(sort="CreationTime", descending=True)
    return next(each for each in await all_points(manager, newest_first) if each.platform is platform)


async def test_all_pages_give_all_points_once(manager: EnterpriseManager) -> None:
    small, large = await all_points(manager, Query(page_size=7)), await all_points(manager)
    assert len(small) > 100
    assert {point.uid for point in small} == {point.uid for point in large}
    assert len({point.uid for point in small}) == len(small)
    assert {point.platform for point in small} >= set(Platform) - {Platform.UNKNOWN}


async def test_points_are_the_same_in_every_dialect(demo: DemoProcess) -> None:
    address, trust = ServerAddress.parse(demo.url), Trust(ca_file=demo.certificate)
    found = []
    for casing, wire in (("pascal", WireFormat.XML), ("pascal", WireFormat.JSON), ("camel", WireFormat.JSON)):
        demo.reset(casing=casing)
        async with EnterpriseManager(address, trust=trust, wire=wire) as manager:
            await manager.log_on(demo.user, demo.password)
            found.append(
                (
                    await all_points(manager),
                    await all_points(manager, kind=PointKind.VAPP),
                    await manager.hierarchy_roots(),
                    await manager.backup_servers(),
                )
            )
    assert found[0] == found[1] == found[2]


async def test_the_newest_come_first(manager: EnterpriseManager) -> None:
    points = await all_points(manager, Query(sort="CreationTime", descending=True))
    assert [point.created for point in points] == sorted((each.created for each in points), reverse=True)


async def test_a_filter_by_name_and_time(manager: EnterpriseManager) -> None:
    points = await all_points(manager)
    for wanted in {point.vm_name: point for point in points}.values():
        query = Query(
            filter=all_of(
                eq("VmDisplayName", wanted.vm_name),
                any_of(eq("Type", wanted.point_type), eq("UID", wanted.uid)),
                ge("CreationTime", wanted.created),
            )
        )
        found = await all_points(manager, query)
        assert wanted in found
        assert {each.vm_name for each in found} == {wanted.vm_name}
    none = Query(filter=lt("CreationTime", datetime(1990, 1, 1, tzinfo=UTC)))
    assert await all_points(manager, none) == []


async def test_one_point_is_what_the_list_said(manager: EnterpriseManager) -> None:
    point = await one(manager, Platform.VSPHERE)
    assert await manager.vm_restore_point(point.id) == point
    vapp = (await all_points(manager, kind=PointKind.VAPP))[0]
    assert await manager.vapp_restore_point(vapp.id) == vapp
    vms = await manager.vms_of_vapp_point(vapp)
    assert {await manager.platform_of(vm) for vm in vms} == {Platform.CLOUD_DIRECTOR}


async def test_a_point_that_vanished(demo: DemoProcess, manager: EnterpriseManager) -> None:
    point = await one(manager, Platform.VSPHERE)
    demo.control("remove-point", uid=point.uid)
    with pytest.raises(NotFound):
        await manager.vm_restore_point(point.id)
    with pytest.raises(NotFound):
        await manager.send(manager.write_request(point, VmRestoreSpec()))


async def follow_to_the_end(demo: DemoProcess, manager: EnterpriseManager, task_id: str) -> SessionResult:
    for _ in range(200):
        demo.control("advance", seconds=5)
        task = await manager.task(task_id)
        if task.is_over:
            break
    assert task.success, task.message
    for _ in range(1000):
        session = await manager.restore_session(task.session_id)
        if session.is_over:
            return session.result
        demo.control("advance", seconds=30)
    raise AssertionError(f"it never ended: {session}")


def cloud_spec(point: RestorePoint, layout: CloudLayout) -> CloudVmRestoreSpec:
    return CloudVmRestoreSpec(
        hierarchy_root_uid=f"urn:veeam:HierarchyRoot:{point.root_id}",
        point_uid=point.uid,
        new_name="restored & <kept>",
        layout=layout,
    )


@pytest.mark.parametrize("platform", [Platform.VSPHERE, Platform.HYPERV])
async def test_a_restore_to_its_end(
    demo: DemoProcess, manager: EnterpriseManager, platform: Platform
) -> None:
    point = await one(manager, platform)
    task = await manager.send(manager.write_request(point, VmRestoreSpec(power_on=True)))
    assert task.state is TaskState.RUNNING
    assert task.task_id in [each.task_id for each in await manager.tasks()]
    assert await follow_to_the_end(demo, manager, task.task_id) in set(SessionResult) - {SessionResult.NONE}
    assert len(demo.requests("submit")) == 1
    sessions = await manager.restore_sessions(Query(filter=eq("VmDisplayName", point.vm_name)))
    assert point.uid in [session.point_uid for session in sessions]


async def test_links_to_something_else_restore_and_cancel_nothing(
    demo: DemoProcess, manager: EnterpriseManager
) -> None:
    good = await one(manager, Platform.VSPHERE)
    task = await manager.send(manager.write_request(good, VmRestoreSpec()))
    demo.fault("foreign-links")
    bad, running = await manager.vm_restore_point(good.id), await manager.task(task.task_id)
    assert (bad.uid, bad.has_foreign_link, good.has_foreign_link) == (good.uid, True, False)
    with pytest.raises(ForeignLink):
        manager.write_request(bad, VmRestoreSpec())
    with pytest.raises(ForeignLink):
        await manager.cancel_task(running)
    assert len(demo.requests("submit")) == 1
    assert demo.requests("cancel") == []


async def test_a_server_without_paging_info_is_read_to_its_end(
    demo: DemoProcess, manager: EnterpriseManager
) -> None:
    counted = {point.uid for point in await all_points(manager)}
    demo.fault("no-paging-info")
    assert {point.uid for point in await all_points(manager, Query(page_size=28))} == counted


@pytest.mark.parametrize("layout", CloudLayout)
async def test_a_cloud_restore(demo: DemoProcess, manager: EnterpriseManager, layout: CloudLayout) -> None:
    point = await one(manager, Platform.CLOUD_DIRECTOR)
    task = await manager.send(manager.write_request(point, cloud_spec(point, layout)))
    assert await follow_to_the_end(demo, manager, task.task_id)
    assert len(demo.requests("submit")) == 1


async def test_the_wrong_cloud_layout_is_refused(demo: DemoProcess, manager: EnterpriseManager) -> None:
    demo.control("set", option="cloud_layout", value="schema")
    point = await one(manager, Platform.CLOUD_DIRECTOR)
    with pytest.raises(Invalid):
        await manager.send(manager.write_request(point, cloud_spec(point, CloudLayout.SEED)))


async def test_a_vapp_restore(demo: DemoProcess, manager: EnterpriseManager) -> None:
    vapp = (await all_points(manager, kind=PointKind.VAPP))[0]
    roots = {root.id: root for root in await manager.hierarchy_roots()}
    root = roots[vapp.root_id]
    vdc = (await manager.lookup(root.uid, "OrgVdc"))[0]
    vms = await manager.vms_of_vapp_point(vapp)
    spec: RestoreSpec = VAppRestoreSpec(
        hierarchy_root_uid=root.uid,
        org_vdc_ref=vdc.ref,
        new_name="copy",
        vms=tuple(VAppVmParameters(point_uid=vm.uid, new_name=f"copy of {vm.vm_name}") for vm in vms),
    )
    task = await manager.send(manager.write_request(vapp, spec))
    assert task.operation == "StartvAppRestore"
    assert await follow_to_the_end(demo, manager, task.task_id)


async def test_keeping_and_rolling_back_is_refused_here_and_by_the_server(
    demo: DemoProcess, manager: EnterpriseManager
) -> None:
    point = await one(manager, Platform.VSPHERE)
    with pytest.raises(InvalidRestoreSpec):
        manager.write_request(point, VmRestoreSpec(quick_rollback=True, keep_original=True))
    assert demo.requests("submit") == []
    request = manager.write_request(point, VmRestoreSpec(quick_rollback=True, keep_original=False))
    for off, on in ((b"KeepOriginalVM>false", b"KeepOriginalVM>true"), (b'VM": false', b'VM": true')):
        request = replace(request, body=request.body.replace(off, on))
    with pytest.raises(Invalid):
        await manager.send(request)
    assert len(demo.requests("submit")) == 1


async def test_a_cancelled_task_is_unknown_afterwards(demo: DemoProcess, manager: EnterpriseManager) -> None:
    task = await manager.send(manager.write_request(await one(manager, Platform.VSPHERE), VmRestoreSpec()))
    await manager.cancel_task(task)
    with pytest.raises(TaskUnknown):
        await manager.task(task.task_id)
    assert len(demo.requests("cancel")) == 1


async def test_tasks_die_with_their_logon_session(demo: DemoProcess, manager: EnterpriseManager) -> None:
    task = await manager.send(manager.write_request(await one(manager, Platform.VSPHERE), VmRestoreSpec()))
    demo.control("expire-sessions")
    with pytest.raises(SessionExpired):
        await manager.task(task.task_id)
    await manager.log_on(demo.user, demo.password)
    with pytest.raises(TaskUnknown):
        await manager.task(task.task_id)


async def test_lookups(manager: EnterpriseManager) -> None:
    root = next(each for each in await manager.hierarchy_roots() if each.host_type == "VC")
    stores = await manager.lookup(root.uid, "Datastore")
    assert all(store.ref.startswith(f"urn:VMware:Datastore:{root.id}.") for store in stores)
    named = await manager.lookup(root.uid, "Datastore", stores[0].name)
    assert stores[0] in named
    assert await manager.lookup(root.uid, "Datastore", "no such thing") == ()


async def test_a_restore_operator_restores_but_does_not_look_up(
    demo: DemoProcess, manager: EnterpriseManager
) -> None:
    demo.control("set", option="role", value="restore-operator")
    point = await one(manager, Platform.VSPHERE)
    assert (await manager.send(manager.write_request(point, VmRestoreSpec()))).task_id
    for call in (manager.hierarchy_roots, manager.backup_servers):
        with pytest.raises(Forbidden):
            await call()
    with pytest.raises(Forbidden):
        await manager.lookup("urn:x", "Datastore")


async def test_collecting(manager: EnterpriseManager) -> None:
    task = await manager.collect((await manager.backup_servers())[0])
    assert task.operation == "CollectingBackupServer"


async def test_after_logging_off_the_session_is_gone(demo: DemoProcess, manager: EnterpriseManager) -> None:
    session = manager.session
    assert session is not None
    assert await manager.is_session_alive()
    await manager.log_off()
    manager.resume(session)
    assert not await manager.is_session_alive()
    assert len(demo.requests("logoff")) == 1


@pytest.mark.parametrize("version", ["v1_4", "v1_5", "v1_6", "v1_7"])
async def test_every_version_says_what_it_is(demo: DemoProcess, version: str) -> None:
    demo.reset(api_version=version)
    async with EnterpriseManager(
        ServerAddress.parse(demo.url), trust=Trust(ca_file=demo.certificate)
    ) as manager:
        assert (await manager.log_on(demo.user, demo.password)).api_version == version
        assert len(await all_points(manager)) > 100
