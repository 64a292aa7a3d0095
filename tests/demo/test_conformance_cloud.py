"""WIRE 5.1 and 10: what a Cloud Director restore must look like, of a VM and of a vApp."""

from __future__ import annotations

import json

import pytest

from tests.demo.reading import MEDIA, Wire, vm_spec, xml_spec

UNKNOWN = "00000000-0000-4000-8000-000000000000"
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


@pytest.mark.parametrize(
    "changes",
    [
        {"KeepOriginalVM": True, "QuickRollback": True}, {"KeepOriginalVM": True}, {"VAppRef": ""},
        {"VmRestoreParameters": []}, {"VmRestoreParameters": None}, {"VmsRestoreParameters": []},
        {"HierarchyRootUid": None}, {"HierarchyRootUid": 7}, {"QuickRollback": "false"},
        {"VmRestoreParameters": {"VmNewname": "copy"}}, {"VmRestoreParameters": {"VmNewName": None}},
        {"VmRestoreParameters": {"VmNewName": True}}, {"VmRestoreParameters": {"DatastoreRef": {}}},
    ],
)  # fmt: skip
def test_5_1_cloud_json_is_as_strict_as_xml(cloud: Cloud, changes: dict[str, object]) -> None:
    wire = cloud.wire
    body = json.loads(cloud_body("json", "seed", **cloud.fields))
    spec = body["VmRestoreSpec"]
    inner = spec["VmRestoreParameters"] | changes.get("VmRestoreParameters", {}) if isinstance(
        changes.get("VmRestoreParameters"), dict) else None  # fmt: skip
    spec |= changes | ({"VmRestoreParameters": inner} if inner else {})
    answer = wire.restore(cloud.point_id, json.dumps(body), Accept=MEDIA["json"], Content_Type=MEDIA["json"])
    assert (answer.status, wire.demo.restores()) == (400, [])


@pytest.mark.parametrize("vm", ["app01", "Exchange 2019"])
@pytest.mark.parametrize("layout", ["seed", "schema"])
def test_4_4_a_cloud_body_does_not_fit_another_platform(cloud: Cloud, vm: str, layout: str) -> None:
    wire = cloud.wire
    body = cloud_body(wire.format, layout, **cloud.fields)
    assert wire.restore(wire.point_id(vm), body).status == 400
    assert wire.restore(cloud.point_id, vm_spec(wire.format)).status == 400
    assert wire.demo.restores() == []
