"""Contract 5 and 10: what a restore request must look like."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.demo.reading import MEDIA, Wire, vm_spec, xml_spec

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("vm", ["app01", "mail01", "Exchange 2019"])
def test_5_2_accepted_with_a_task(wire: Wire, vm: str) -> None:
    answer = wire.restore(wire.point_id(vm), vm_spec(wire.format))
    assert answer.status == 202
    task = answer.node
    assert (task["TaskId"], task["State"], task["Operation"]) == ("task-1", "Running", "StartVMRestore")
    assert task.get("Result") is None
    assert task.link("Delete") == "/api/tasks/task-1"
    if wire.format == "json":
        assert list(json.loads(answer.body)) == ["TaskId", "State", "Operation", "Links", "Href", "Type"]
    assert [r["overwrites"] for r in wire.demo.restores()] == [False]


def test_5_2_query_spellings(wire: Wire) -> None:
    point = wire.point_id("app01")
    for tail in (f"{point}/?action=restore", f"{point}?format=Entity&action=Restore"):
        answer = wire.send(
            "POST", f"/api/vmrestorepoints/{tail}", vm_spec(wire.format), Content_Type=MEDIA[wire.format]
        )
        assert answer.status == 202


def test_5_1_defaults_of_keep_original(wire: Wire) -> None:
    wire.restore(wire.point_id("app01"), vm_spec(wire.format, keep=None))
    assert [r["overwrites"] for r in wire.demo.restores()] == [True]


def test_t12_keep_original_with_quick_rollback_is_400(wire: Wire) -> None:
    answer = wire.restore(wire.point_id("app01"), vm_spec(wire.format, quick=True, keep=True))
    assert answer.status == 400
    assert "QuickRollback" in answer.message
    assert wire.restore(wire.point_id("app01"), vm_spec(wire.format, quick=True, keep=False)).status == 202


@pytest.mark.parametrize("missing", ["PowerOnAfterRestore", "QuickRollback"])
def test_5_1_required_elements(wire: Wire, missing: str) -> None:
    fields = {"PowerOnAfterRestore": False, "QuickRollback": False}
    del fields[missing]
    body = json.dumps({"VmRestoreSpec": fields}) if wire.format == "json" else xml_spec(
        "VmRestoreSpec", "".join(f"<{name}>false</{name}>" for name in fields))  # fmt: skip
    answer = wire.restore(wire.point_id("app01"), body)
    assert answer.status == 400
    assert missing in answer.message


MISORDERED = xml_spec(
    "VmRestoreSpec",
    "<KeepOriginalVM>true</KeepOriginalVM><PowerOnAfterRestore>true</PowerOnAfterRestore><QuickRollback>false</QuickRollback>",
)


def test_t11_misordered_elements_are_400(wire: Wire) -> None:
    answer = wire.restore(wire.point_id("app01"), MISORDERED, Accept=MEDIA["xml"], Content_Type=MEDIA["xml"])
    assert answer.status == 400


def test_t11_misordered_elements_are_ignored_as_dotnet_does(wire: Wire) -> None:
    wire.demo.control("set", option="misordered", value="ignore")
    wire.restore(wire.point_id("app01"), MISORDERED, Accept=MEDIA["xml"], Content_Type=MEDIA["xml"])
    wire.restore(wire.point_id("app01"), xml_spec(
        "VmRestoreSpec", "<QuickRollback>false</QuickRollback><PowerOnAfterRestore>true</PowerOnAfterRestore>"
        "<KeepOriginalVM>true</KeepOriginalVM>"), Accept=MEDIA["xml"], Content_Type=MEDIA["xml"])  # fmt: skip
    first, second = wire.demo.restores()
    assert (first["keep_original"], first["power_on"]) == (True, False)
    assert (second["keep_original"], second["power_on"]) == (True, False)


@pytest.mark.parametrize("option", [("ignores_keep_original", True), ("api_version", "v1_4")])
@pytest.mark.parametrize("misordered", ["reject", "ignore"])
def test_old_servers_ignore_keep_original_and_overwrite(
    wire: Wire, option: tuple[str, object], misordered: str
) -> None:
    wire.demo.control("set", option=option[0], value=option[1])
    wire.demo.control("set", option="misordered", value=misordered)
    assert wire.restore(wire.point_id("app01"), vm_spec(wire.format, keep=True)).status == 202
    assert [r["overwrites"] for r in wire.demo.restores()] == [True]


def test_t14_empty_body_restores_over_the_original(wire: Wire) -> None:
    point = wire.point_id("app01")
    assert wire.restore(point, None).status == 202
    assert wire.restore(point, None, Content_Type=None).status == 202
    assert {r["overwrites"] for r in wire.demo.restores()} == {True}


def test_t14_empty_body_rejected_by_switch(wire: Wire) -> None:
    wire.demo.control("set", option="empty_body", value="reject")
    assert wire.restore(wire.point_id("app01"), None).status == 400


@pytest.mark.parametrize(
    "accept", ["application/xml, application/json", "application/json;q=0.1, application/xml"]
)
def test_t4_accept_with_both_reads_xml_as_json(wire: Wire, accept: str) -> None:
    answer = wire.restore(wire.point_id("app01"), vm_spec("xml"), Accept=accept, Content_Type=MEDIA["xml"])
    assert answer.status == 400
    assert json.loads(answer.body)["Message"] == "Node [root] does not exist."


def test_t4_json_without_accept_json_is_400(wire: Wire) -> None:
    for accept in ("application/xml", None, "*/*"):
        answer = wire.restore(
            wire.point_id("app01"), vm_spec("json"), Accept=accept, Content_Type=MEDIA["json"]
        )
        assert answer.status == 400
        assert answer.node.is_xml


def test_2_1_content_type(wire: Wire) -> None:
    point = wire.point_id("app01")
    assert wire.restore(point, vm_spec(wire.format), Content_Type="text/plain").status == 400
    assert wire.restore(point, vm_spec(wire.format), Content_Type=None).status == 400
    assert (
        wire.restore(
            point, vm_spec("xml"), Accept="application/xml, text/xml", Content_Type="text/xml"
        ).status
        == 202
    )
    with_charset = f"{MEDIA[wire.format]}; charset=utf-8"
    assert wire.restore(point, vm_spec(wire.format), Content_Type=with_charset).status == 202


FLAGS = "<PowerOnAfterRestore>{}</PowerOnAfterRestore><QuickRollback>false</QuickRollback>"


@pytest.mark.parametrize(
    "body",
    [
        "<RestoreSpec><VmRestoreSpec/></RestoreSpec>",
        "<a>",
        "not xml",
        xml_spec("Nonsense", ""),
        '<!DOCTYPE x [<!ENTITY a "b">]>' + vm_spec("xml"),
        xml_spec("VmRestoreSpec", FLAGS.format("maybe")),
        xml_spec("VmRestoreSpec", FLAGS.format("true") + "<Host>x</Host>"),
    ],
)
def test_5_1_malformed_xml_is_400(wire: Wire, body: str) -> None:
    assert (
        wire.restore(wire.point_id("app01"), body, Accept=MEDIA["xml"], Content_Type=MEDIA["xml"]).status
        == 400
    )


@pytest.mark.parametrize(
    "body", ["{}", "[]", "{", '{"RestoreSpec":{"VmRestoreSpec":{}}}', '{"VmRestoreSpec":5}', "[" * 100_000]
)
def test_5_1_malformed_json_is_400(wire: Wire, body: str) -> None:
    assert (
        wire.restore(wire.point_id("app01"), body, Accept=MEDIA["json"], Content_Type=MEDIA["json"]).status
        == 400
    )


def test_5_2_unknown_point_is_404(wire: Wire) -> None:
    assert wire.restore(UNKNOWN, vm_spec(wire.format)).status == 404
    assert wire.restore("not-a-guid", vm_spec(wire.format)).status == 404


def test_5_1_a_point_without_restore_link_cannot_be_restored(wire: Wire) -> None:
    assert wire.restore(wire.point_id("snapshot-only"), vm_spec(wire.format)).status == 400


def test_5_2_post_without_action(wire: Wire) -> None:
    assert wire.send("POST", f"/api/vmRestorePoints/{wire.point_id('app01')}").status == 405
    assert wire.send("POST", f"/api/vmRestorePoints/{wire.point_id('app01')}?action=dance").status == 400


Body = Callable[..., str]
DROP = "(drop)"


def cloud_body(form: str, layout: str, **changes: str) -> str:
    """A Cloud Director restore; a change of `(drop)` leaves the field out."""
    inner = (
        "VmRestorePointUid",
        "VmNewName",
        "DatastoreRef",
        "OrgVdcStorageProfileRef",
        "LinkedCloneVmTemplateRef",
    )
    order = ["PowerOnAfterRestore", "HierarchyRootUid", "QuickRollback" if layout == "seed" else "vAppRef"]
    base = {
        "PowerOnAfterRestore": "false",
        "QuickRollback": "false",
        "LinkedCloneVmTemplateRef": "",
    } | changes
    outer = {name: base[name] for name in order if base.get(name, DROP) != DROP}
    parameters = {name: base[name] for name in inner if base.get(name, DROP) != DROP}
    wrapper = "VmRestoreSpec" if layout == "seed" else "vCloudVmRestoreSpec"
    if form == "json":
        typed: dict[str, object] = {k: v == "true" if v in {"true", "false"} else v for k, v in outer.items()}
        return json.dumps({wrapper: typed | {"VmRestoreParameters": parameters}})

    def elements(fields: dict[str, str]) -> str:
        return "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())

    return xml_spec(
        wrapper, f"{elements(outer)}<VmRestoreParameters>{elements(parameters)}</VmRestoreParameters>"
    )


class Cloud:
    """A Cloud Director point and the references that fit it."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.point = wire.points("shop-web")[0]
        self.point_id = self.point["UID"].rpartition(":")[2]
        self.guid = self.point["HierarchyObjRef"].split(":")[3].partition(".")[0]
        self.root = f"urn:veeam:HierarchyRoot:{self.guid}"
        self.fields = {
            "HierarchyRootUid": self.root,
            "VmRestorePointUid": self.point["UID"],
            "VmNewName": "copy",
        }

    def ref(self, kind: str) -> str:
        items = self.wire.get(f"/api/lookup?host={self.root}&name=*&type={kind}").listed("HierarchyItems")
        return items[0]["ObjectRef"]

    def post(self, layout: str = "seed", **changes: str) -> int:
        body = cloud_body(self.wire.format, layout, **{**self.fields, **changes})
        return self.wire.restore(self.point_id, body).status


@pytest.fixture
def cloud(wire: Wire) -> Cloud:
    return Cloud(wire)


def test_t13_the_seeds_layout(cloud: Cloud) -> None:
    status = cloud.post(
        DatastoreRef=cloud.ref("Datastore"), OrgVdcStorageProfileRef=cloud.ref("OrgVdcStorageProfile")
    )
    assert status == 202
    restore = cloud.wire.demo.restores()[0]
    assert (restore["layout"], restore["new_name"], restore["overwrites"]) == ("seed", "copy", False)


def test_t13_the_schemas_layout(cloud: Cloud) -> None:
    assert cloud.post("schema", vAppRef=cloud.ref("Vapp"), HierarchyRootUid=cloud.guid) == 202
    assert cloud.wire.demo.restores()[0]["layout"] == "schema"


@pytest.mark.parametrize(("accepted", "refused"), [("seed", "schema"), ("schema", "seed")])
def test_q6_only_one_layout_by_switch(cloud: Cloud, accepted: str, refused: str) -> None:
    cloud.wire.demo.control("set", option="cloud_layout", value=accepted)
    assert cloud.post(accepted) == 202
    assert cloud.post(refused) == 400


def test_5_1_an_empty_new_name_overwrites(cloud: Cloud) -> None:
    cloud.post(VmNewName=DROP)
    assert cloud.wire.demo.restores()[0]["overwrites"] is True


def test_5_1_a_bare_point_id_is_understood(cloud: Cloud) -> None:
    assert cloud.post(VmRestorePointUid=cloud.point_id) == 202


def test_5_1_cloud_refusals(cloud: Cloud) -> None:
    other = "urn:veeam:HierarchyRoot:" + cloud.wire.points("lab-web")[0]["HierarchyObjRef"].split(":")[3][:36]
    foreign = cloud.ref("Datastore").replace(cloud.guid, other[-36:])
    refused: list[dict[str, str]] = [
        {"HierarchyRootUid": DROP}, {"HierarchyRootUid": other},
        {"HierarchyRootUid": f"urn:veeam:HierarchyRoot:{UNKNOWN}"},
        {"VmRestorePointUid": DROP}, {"VmRestorePointUid": f"urn:veeam:VmRestorePoint:{UNKNOWN}"},
        {"DatastoreRef": foreign}, {"DatastoreRef": "datastore-17"}, {"DatastoreRef": cloud.ref("OrgVdc")},
        {"PowerOnAfterRestore": DROP},
    ]  # fmt: skip
    assert [cloud.post(**changes) for changes in refused] == [400] * len(refused)


def test_5_1_cloud_body_without_parameters_is_500(cloud: Cloud) -> None:
    fields = (
        f"<PowerOnAfterRestore>true</PowerOnAfterRestore><HierarchyRootUid>{cloud.root}</HierarchyRootUid>"
    )
    body = xml_spec("VmRestoreSpec", fields)
    answer = cloud.wire.restore(cloud.point_id, body, Accept=MEDIA["xml"], Content_Type=MEDIA["xml"])
    assert answer.status == 500
    assert answer.message == "Object reference not set to an instance of an object."


def test_10_vapp_restore(cloud: Cloud) -> None:
    wire = cloud.wire
    vapps = wire.query("vAppRestorePoint", 'VAppDisplayName=="shop"').queried("VAppRestorePoints")
    vapp = next(row for row in vapps if cloud.guid in row["HierarchyObjRef"])
    run = vapp.link("Up", "RestorePointReference")
    vm = wire.get(f"{run}/vmRestorePoints?format=Entity").listed("VmRestorePoints")[0]
    vdc = cloud.ref("OrgVdc")
    if wire.format == "json":
        body = json.dumps({"VCloudVAppRestoreSpec": {
            "PowerOnAfterRestore": False, "HierarchyRootUid": cloud.root, "OrgVdcRef": vdc,
            "VAppNewName": "shop-copy",
            "VmsRestoreParameters": [{"VmRestorePointUid": vm["UID"], "VmNewName": "x"}],
        }})  # fmt: skip
    else:
        body = xml_spec(
            "vCloudVAppRestoreSpec",
            f"<PowerOnAfterRestore>false</PowerOnAfterRestore><HierarchyRootUid>{cloud.root}</HierarchyRootUid>"
            f"<OrgVdcRef>{vdc}</OrgVdcRef><vAppNewName>shop-copy</vAppNewName><VmsRestoreParameters><Vm>"
            f"<VmRestorePointUid>{vm['UID']}</VmRestorePointUid><VmNewName>x</VmNewName></Vm></VmsRestoreParameters>",
        )
    point = vapp["UID"].rpartition(":")[2]
    answer = wire.restore(point, body, kind="vAppRestorepoints")
    assert (answer.status, answer.node["Operation"]) == (202, "StartvAppRestore")
    assert wire.demo.restores()[0]["new_name"] == "shop-copy"
    assert (
        wire.restore(point, body.replace(vdc, cloud.ref("Datastore")), kind="vAppRestorePoints").status == 400
    )
    assert wire.restore(point, vm_spec(wire.format), kind="vAppRestorePoints").status == 400
