"""WIRE 2.4, 4, 8, 10, 11a: points, the chain to the platform, hosts, lookup, backup servers."""

from __future__ import annotations

import re

import pytest

from tests.demo.reading import Node, Wire


def entities(wire: Wire) -> list[Node]:
    return wire.query("VmRestorePoint", pageSize=2000).queried("VmRestorePoints")


def test_t10_without_format_entity_a_reference(wire: Wire) -> None:
    point = wire.points("app01")[0]
    path = f"/api/vmRestorePoints/{point['UID'].rpartition(':')[2]}"
    bare = wire.get(path).node
    assert bare["Type"] == "VmRestorePointReference"
    assert bare.get("HierarchyObjRef") is None
    assert not bare.has_link("Restore")
    if wire.format == "xml":
        assert bare.data.tag.endswith("}EntityRef")
    whole = wire.get(path + "?FORMAT=entity").node
    assert whole["HierarchyObjRef"] == point["HierarchyObjRef"]
    assert whole.link("Restore") == f"{path}?action=restore"


def test_t34_action_links_have_no_type(wire: Wire) -> None:
    restore = next(link for link in wire.points("app01")[0].links if link["Rel"] == "Restore")
    assert set(restore) == {"Rel", "Href"}


def test_4_3_element_and_key_order(wire: Wire) -> None:
    names = wire.points("app01")[0].names
    own = ["CreationTimeUTC", "VmName", "Algorithm", "PointType", "HierarchyObjRef"]
    if wire.format == "xml":
        assert names == ["Href", "Type", "Name", "UID", "VmDisplayName", "Links", *own]
    else:
        assert names == [*own, "VmDisplayName", "Name", "UID", "Links", "Href", "Type"]


def test_t18_what_can_be_missing_is_missing_somewhere(wire: Wire) -> None:
    points = entities(wire)
    for name in ("VmDisplayName", "VmName", "HierarchyObjRef"):
        assert {point.get(name) is None for point in points} == {True, False}, name
    assert {point.has_link("Up", "BackupFileReference") for point in points} == {True, False}
    assert {point.has_link("Restore") for point in points} == {True, False}


def test_t19_fractions_of_0_to_7_digits(wire: Wire) -> None:
    digits = {len(p["CreationTimeUTC"].removesuffix("Z").partition(".")[2]) for p in entities(wire)}
    assert digits == set(range(8))


def test_t20_names_with_at_spaces_brackets_quotes(wire: Wire) -> None:
    names = {point["Name"].rpartition("@")[0] for point in entities(wire)}
    assert {"[TNT9]:Web 1", "ops@night", 'Tom\'s "test" & <demo>; a,b', "größe-Ω", "日本語サーバー"} <= names


@pytest.mark.parametrize(
    ("version", "pattern"),
    [
        ("v1_7", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}"),
        ("v1_6", r"[A-Z][a-z]{2} [ \d]\d \d{4} [ \d]\d:\d\d[AP]M"),
    ],
)
def test_2_4_names_of_restore_points_by_version(wire: Wire, version: str, pattern: str) -> None:
    wire.demo.control("set", option="api_version", value=version)
    names = [row["Name"] for row in wire.query("RestorePoint").queried("RestorePoints")]
    assert names
    assert all(re.fullmatch(pattern, name) for name in names), names[0]


def test_4_4_platform_words_in_several_cases(wire: Wire) -> None:
    words = {
        point["HierarchyObjRef"].split(":")[1] for point in entities(wire) if point.get("HierarchyObjRef")
    }
    assert words == {"VMware", "VMWare", "HyperV", "Hyperv", "vCloud"}


def test_t30_cloud_references_hold_a_second_urn(wire: Wire) -> None:
    reference = wire.points("shop-web")[0]["HierarchyObjRef"]
    assert re.fullmatch(r"urn:vCloud:Vm:[0-9a-f-]{36}\.urn:vcloud:vm:[0-9a-f-]{36}", reference)


def test_4_4_platform_through_the_chain_to_the_backup(wire: Wire) -> None:
    point = next(p for p in wire.points("hv-dc01") if p.get("HierarchyObjRef") is None)
    run = wire.get(point.link("Up", "RestorePointReference") + "?format=Entity").node
    backup = wire.get(run.link("Up", "BackupReference") + "?format=Entity").node
    assert backup["Platform"] == "HyperV"


def test_t36_a_related_link_with_a_wrong_type(wire: Wire) -> None:
    run = wire.query("RestorePoint", pageSize=1).queried("RestorePoints")[0]
    assert run.link("Related", "RestorePointReferenceList").endswith("/backupFiles")


def test_4_1_all_points_in_one_collection(wire: Wire) -> None:
    whole = wire.get("/api/vmRestorePoints?format=Entity").listed("VmRestorePoints")
    references = wire.get("/api/vmRestorePoints").listed("Refs")
    assert [row["UID"] for row in whole] == [row["UID"] for row in references]
    assert len(whole) > 1000


def test_world_has_60_vms_on_three_platforms_and_two_servers(wire: Wire) -> None:
    points = entities(wire)
    vms = {
        (p.link("Up", "BackupServerReference"), p.get("HierarchyObjRef") or p["Name"].rpartition("@")[0])
        for p in points
    }
    assert len(vms) >= 60
    assert len({server for server, _ in vms}) == 2
    named = {p["HierarchyObjRef"] for p in wire.points("web01")}
    assert {reference.split(":")[1].lower() for reference in named} == {"vmware", "hyperv", "vcloud"}
    assert {p["PointType"] for p in points} == {"Full", "Increment", "ReverseIncrement"}
    assert {p["Algorithm"] for p in points} == {"Full", "Incremental", "ReversedIncremental", "SyntheticFull"}


def test_8_1_one_host_on_two_backup_servers(wire: Wire) -> None:
    roots = wire.get("/api/hierarchyRoots?format=Entity").listed("HierarchyRoots")
    twins = [root for root in roots if root["Name"] == "vc01.demo.internal"]
    assert len({root["UID"] for root in twins}) == 2
    assert len({root["UniqueId"] for root in twins}) == 1
    assert len({root.link("Up", "BackupServerReference") for root in twins}) == 2
    assert {root["HostType"] for root in roots} >= {"VC", "HvServer", "VcdSystem"}


def lookup(wire: Wire, host: str, kind: str, name: str = "*") -> list[Node]:
    uid = next(
        root["UID"] for root in wire.get("/api/hierarchyRoots?format=Entity").listed("HierarchyRoots")
        if root["Name"].startswith(host)
    )  # fmt: skip
    answer = wire.get(f"/api/lookup?host={uid}&name={name}&type={kind}")
    assert answer.status == 200
    return answer.listed("HierarchyItems")


@pytest.mark.parametrize(
    "kind", ["Datastore", "OrgVdcStorageProfile", "OrgVdc", "Vapp", "VmTemplate", "vm", "Organization"]
)
def test_8_2_lookup_of_cloud_things(wire: Wire, kind: str) -> None:
    items = lookup(wire, "vcd01", kind)
    assert items
    assert {item["ObjectType"].lower() for item in items} == {kind.lower()}
    assert all(item["ObjectRef"].startswith("urn:vCloud:") for item in items)
    assert not items[0].links


def test_8_2_lookup_by_name_in_any_case_and_nothing_found(wire: Wire) -> None:
    assert [item["ObjectName"] for item in lookup(wire, "vc01", "VM", "APP01")] == ["app01"]
    assert lookup(wire, "vc01", "Vm", "nobody") == []
    assert [item["ObjectName"] for item in lookup(wire, "vcd01", "datastore", "ssd%20%26%20fast")] == [
        "ssd & fast"
    ]


def test_8_2_lookup_by_reference(wire: Wire) -> None:
    reference = lookup(wire, "vcd01", "Datastore")[0]["ObjectRef"]
    items = wire.get(f"/api/lookup?&hierarchyRef={reference}").listed("HierarchyItems")
    assert [item["ObjectRef"] for item in items] == [reference]


def test_8_2_lookup_service_links(wire: Wire) -> None:
    service = wire.get("/api/lookupSvc").node
    assert any("type=Datastore" in link["Href"] and "&name=*" in link["Href"] for link in service.links)


def test_10_vms_of_a_vapp_through_the_restore_point(wire: Wire) -> None:
    vapp = wire.query("vAppRestorePoint", 'VAppDisplayName=="intranet"').queried("VAppRestorePoints")[0]
    assert vapp["VAppDisplayName"] == "intranet"
    assert re.fullmatch(
        r"urn:vCloud:Vapp:[0-9a-f-]{36}\.urn:vcloud:vapp:[0-9a-f-]{36}", vapp["HierarchyObjRef"]
    )
    run = vapp.link("Up", "RestorePointReference")
    vms = wire.get(f"{run}/vmRestorePoints?format=Entity").listed("VmRestorePoints")
    assert sorted(vm["Name"].rpartition("@")[0] for vm in vms) == ["intranet-db", "web01"]


def test_11a_collecting_a_backup_server(wire: Wire) -> None:
    server = wire.get("/api/backupServers?format=Entity").listed("BackupServers")[0]
    assert (server["Port"], server.has_link("Start")) == ("9392", True)
    answer = wire.send("POST", server.link("Start"))
    assert answer.status == 202
    assert answer.node["Operation"] == "CollectingBackupServer"
    wire.demo.advance(3)
    task = wire.get("/api/tasks/task-1").node
    assert task["State"] == "Finished"
    assert task.has_link("Related", "BackupServerReference"), "related, but no RestoreSession"
    assert not task.has_link("Related", "RestoreSession")


def test_a_point_that_vanished_is_404(wire: Wire) -> None:
    point = wire.points("app01")[0]
    before = len(entities(wire))
    wire.demo.control("remove-point", uid=point["UID"])
    assert len(entities(wire)) == before - 1
    point_id = point["UID"].rpartition(":")[2]
    assert wire.get(f"/api/vmRestorePoints/{point_id}").status == 404
    assert wire.restore(point_id, None).status == 404


def test_a_new_point_appears(wire: Wire) -> None:
    uid = wire.demo.control("add-point", vm="mail01")["uid"]
    assert wire.points("mail01")[0]["UID"] == uid
