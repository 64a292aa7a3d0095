"""Restore bodies are what the seed page prints: same elements, same order, nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast
from xml.etree import ElementTree as ET

import pytest

from tui.api.codec import write_request
from tui.api.codec.restore_request import RestoreRequest
from tui.api.errors import ForeignLink, Invalid, InvalidRestoreSpec
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
    WireFormat,
)

ROOT = "1ed39e5b-06e1-4fbb-a106-52537b5e059e"
ROOT_UID = f"urn:veeam:HierarchyRoot:{ROOT}"
VDC = f"urn:vCloud:OrgVdc:{ROOT}.urn:vcloud:vdc:1"
VAPP_REF = f"urn:vCloud:Vapp:{ROOT}.urn:vcloud:vapp:1"
TEMPLATE = f"urn:vCloud:VmTemplate:{ROOT}.urn:vcloud:vm:1"
SEED_XML = f"""<?xml version="1.0" encoding="utf-8"?>
<RestoreSpec xmlns="http://www.veeam.com/ent/v1.0" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <VmRestoreSpec>
   <PowerOnAfterRestore>false</PowerOnAfterRestore>
   <HierarchyRootUid>urn:veeam:HierarchyRoot:{ROOT}</HierarchyRootUid>
   <QuickRollback>false</QuickRollback>
   <VmRestoreParameters>
     <VmRestorePointUid>urn:veeam:VmRestorePoint:af9396fb-99e6-4e94-a82a-914cc5a3f810</VmRestorePointUid>
     <VmNewName>VM-restored</VmNewName>
     <DatastoreRef>urn:vCloud:Datastore:{ROOT}.urn:vcloud:datastore:9cfafa2e-e57b-4bc5-9690-933947c62b80</DatastoreRef>
     <OrgVdcStorageProfileRef>urn:vCloud:OrgVdcStorageProfile:{ROOT}.urn:vcloud:vdcstorageprofile:7e7ffe3a-33fa-4f9e-805b-c08b1a3645bf</OrgVdcStorageProfileRef>
     <LinkedCloneVmTemplateRef/>
   </VmRestoreParameters>
 </VmRestoreSpec>
</RestoreSpec>
"""
SEED_JSON = json.dumps(
    {
        "VmRestoreSpec": {
            "PowerOnAfterRestore": False,
            "HierarchyRootUid": f"urn:veeam:HierarchyRoot:{ROOT}",
            "QuickRollback": False,
            "VmRestoreParameters": {
                "VmRestorePointUid": "urn:veeam:VmRestorePoint:af9396fb-99e6-4e94-a82a-914cc5a3f810",
                "VmNewName": "VM-restored",
                "DatastoreRef": f"urn:vCloud:Datastore:{ROOT}"
                ".urn:vcloud:datastore:9cfafa2e-e57b-4bc5-9690-933947c62b80",
                "OrgVdcStorageProfileRef": f"urn:vCloud:OrgVdcStorageProfile:{ROOT}"
                ".urn:vcloud:vdcstorageprofile:7e7ffe3a-33fa-4f9e-805b-c08b1a3645bf",
                "LinkedCloneVmTemplateRef": "",
            },
        }
    }
)
SEED_VM_XML = """<?xml version="1.0" encoding="utf-8"?>
<RestoreSpec xmlns="http://www.veeam.com/ent/v1.0" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <VmRestoreSpec>
   <PowerOnAfterRestore>false</PowerOnAfterRestore>
   <QuickRollback>false</QuickRollback>
   <KeepOriginalVM>true</KeepOriginalVM>
 </VmRestoreSpec>
</RestoreSpec>
"""
CLOUD = CloudVmRestoreSpec(
    hierarchy_root_uid=f"urn:veeam:HierarchyRoot:{ROOT}",
    point_uid="urn:veeam:VmRestorePoint:af9396fb-99e6-4e94-a82a-914cc5a3f810",
    new_name="VM-restored",
    datastore_ref=f"urn:vCloud:Datastore:{ROOT}.urn:vcloud:datastore:9cfafa2e-e57b-4bc5-9690-933947c62b80",
    storage_profile_ref=f"urn:vCloud:OrgVdcStorageProfile:{ROOT}"
    ".urn:vcloud:vdcstorageprofile:7e7ffe3a-33fa-4f9e-805b-c08b1a3645bf",
)
VAPP = VAppRestoreSpec(
    hierarchy_root_uid=f"urn:veeam:HierarchyRoot:{ROOT}",
    org_vdc_ref=f"urn:vCloud:OrgVdc:{ROOT}.urn:vcloud:vdc:7a10c3d4-0000-4000-8000-0000000000f5",
    new_name="shop-copy",
    vms=(
        VAppVmParameters(point_uid="urn:veeam:VmRestorePoint:1", new_name="shop-web"),
        VAppVmParameters(point_uid="urn:veeam:VmRestorePoint:2", template_ref=TEMPLATE),
    ),
)


def point(**changes: object) -> RestorePoint:
    fields: dict[str, object] = {
        "uid": "urn:veeam:VmRestorePoint:b32c22c4-79af-4486-b2e2-1a3897db5c61",
        "vm_name": "app07",
        "created": datetime(2025, 2, 3, tzinfo=UTC),
    }
    return RestorePoint(**{**fields, **changes})  # type: ignore[arg-type] # a mapping of keyword arguments


def written(point: RestorePoint, spec: RestoreSpec, wire: WireFormat) -> RestoreRequest:
    return write_request(point, spec, wire)


def body(spec: RestoreSpec, wire: WireFormat = WireFormat.XML) -> bytes:
    kind = PointKind.VAPP if isinstance(spec, VAppRestoreSpec) else PointKind.VM
    uid = {"uid": spec.point_uid} if isinstance(spec, CloudVmRestoreSpec) else {}
    return written(point(kind=kind, **uid), spec, wire).body


def canonical(xml: str | bytes) -> str:
    text = xml.decode() if isinstance(xml, bytes) else xml
    return ET.canonicalize(text, strip_text=True)


def elements(xml: bytes) -> list[str]:
    return [element.tag.partition("}")[2] for element in ET.fromstring(xml).iter()]  # noqa: S314 - our own


def test_vsphere_and_hyperv_are_the_seed_example() -> None:
    assert canonical(body(VmRestoreSpec())) == canonical(SEED_VM_XML)


def test_the_declaration_and_the_namespaces_are_the_seeds() -> None:
    assert body(VmRestoreSpec()).startswith("\n".join(SEED_VM_XML.splitlines()[:2]).encode())


@pytest.mark.parametrize("keep", [True, False])
def test_keep_original_is_always_said(keep: bool) -> None:
    spec = VmRestoreSpec(keep_original=keep, power_on=True)
    assert f"<KeepOriginalVM>{str(keep).lower()}</KeepOriginalVM>".encode() in body(spec)
    assert json.loads(body(spec, WireFormat.JSON)) == {
        "VmRestoreSpec": {"PowerOnAfterRestore": True, "QuickRollback": False, "KeepOriginalVM": keep}
    }


def test_cloud_director_is_the_seed_example_in_xml() -> None:
    assert canonical(body(CLOUD)) == canonical(SEED_XML)


def test_cloud_director_is_the_seed_example_in_json() -> None:
    assert json.dumps(json.loads(body(CLOUD, WireFormat.JSON))) == SEED_JSON


def test_what_is_empty_is_left_out_but_the_template_is_sent_empty() -> None:
    bare = CloudVmRestoreSpec(hierarchy_root_uid=ROOT_UID, point_uid="urn:p")
    assert elements(body(bare))[6:] == ["VmRestorePointUid", "LinkedCloneVmTemplateRef"]


def test_the_schema_layout_has_its_own_wrapper_and_target_vapp() -> None:
    spec = CloudVmRestoreSpec(
        hierarchy_root_uid=ROOT_UID,
        point_uid="urn:p",
        new_name="n",
        layout=CloudLayout.SCHEMA,
        vapp_ref=VAPP_REF,
    )
    expected = [
        "vCloudVmRestoreSpec",
        "PowerOnAfterRestore",
        "HierarchyRootUid",
        "vAppRef",
        "VmRestoreParameters",
        "VmRestorePointUid",
        "VmNewName",
    ]
    assert elements(body(spec))[1:] == expected
    assert json.loads(body(spec, WireFormat.JSON)) == {
        "vCloudVmRestoreSpec": {
            "PowerOnAfterRestore": False,
            "HierarchyRootUid": ROOT_UID,
            "vAppRef": VAPP_REF,
            "VmRestoreParameters": {"VmRestorePointUid": "urn:p", "VmNewName": "n"},
        }
    }


def test_a_vapp_in_xml_has_a_list_of_vm_elements() -> None:
    expected = [
        "vCloudVAppRestoreSpec",
        "PowerOnAfterRestore",
        "HierarchyRootUid",
        "OrgVdcRef",
        "vAppNewName",
        "VmsRestoreParameters",
        "Vm",
        "VmRestorePointUid",
        "VmNewName",
        "Vm",
        "VmRestorePointUid",
        "LinkedCloneVmTemplateRef",
    ]
    assert elements(body(VAPP))[1:] == expected


def test_a_vapp_in_json_has_capital_keys_and_an_array() -> None:
    spec = json.loads(body(VAPP, WireFormat.JSON))["VCloudVAppRestoreSpec"]
    assert list(spec) == [
        "PowerOnAfterRestore",
        "HierarchyRootUid",
        "OrgVdcRef",
        "VAppNewName",
        "VmsRestoreParameters",
    ]
    assert spec["VmsRestoreParameters"][0] == {
        "VmRestorePointUid": "urn:veeam:VmRestorePoint:1",
        "VmNewName": "shop-web",
    }


def test_a_vapp_without_parameters_has_no_empty_list() -> None:
    spec = VAppRestoreSpec(hierarchy_root_uid=ROOT_UID, org_vdc_ref=VDC)
    assert b"VmsRestoreParameters" not in body(spec)
    assert b"VmsRestoreParameters" not in body(spec, WireFormat.JSON)


@pytest.mark.parametrize("wire", [WireFormat.XML, WireFormat.JSON])
def test_hostile_names_stay_text(wire: WireFormat) -> None:
    name = 'a</VmNewName><KeepOriginalVM>&amp;"\\ ü \U0001f600'
    sent = body(CloudVmRestoreSpec(hierarchy_root_uid=ROOT_UID, point_uid="p", new_name=name), wire)
    if wire is WireFormat.JSON:
        found = json.loads(sent)["VmRestoreSpec"]["VmRestoreParameters"]["VmNewName"]
    else:
        found = ET.fromstring(sent).findtext(".//{*}VmNewName")  # noqa: S314 - our own
    assert found == name


@pytest.mark.parametrize(
    ("name", "wire"), [("a\x00b", WireFormat.XML), ("a\ud800", WireFormat.XML), ("a\ud800", WireFormat.JSON)]
)
def test_what_cannot_be_written_is_refused_before_it_is_sent(name: str, wire: WireFormat) -> None:
    with pytest.raises(Invalid) as caught:
        body(CloudVmRestoreSpec(hierarchy_root_uid=ROOT_UID, point_uid="p", new_name=name), wire)
    assert not caught.value.request_sent


def test_accept_and_content_type_are_one_and_the_same() -> None:
    for wire, media_type in ((WireFormat.XML, "application/xml"), (WireFormat.JSON, "application/json")):
        request = written(point(), VmRestoreSpec(), wire)
        assert dict(request.headers) == {"Content-Type": media_type, "Accept": media_type}
        assert request.wire is wire


def test_auto_writes_xml() -> None:
    assert written(point(), VmRestoreSpec(), WireFormat.AUTO).wire is WireFormat.XML


# --- the path of a write is made of the own id; a link confirms it, or nothing is sent

OWN = "/api/vmRestorePoints/b32c22c4-79af-4486-b2e2-1a3897db5c61?action=restore"
OTHER_ID = "00000000-79af-4486-b2e2-1a3897db5c61"


@pytest.mark.parametrize(
    "link",
    ["", OWN, OWN.replace("vmRestorePoints", "VMRestorepoints"), OWN.replace("?", "/?"), OWN.upper()],
)
def test_the_path_is_made_of_the_own_id_with_or_without_a_link(link: str) -> None:
    assert written(point(restore_href=link), VmRestoreSpec(), WireFormat.XML).path == OWN
    assert not point(restore_href=link).has_foreign_link


@pytest.mark.parametrize(
    "link",
    [
        OWN.replace("b32c22c4", "00000000"),
        "/api/vmRestorePoints/" + OTHER_ID + "/../{id}?action=restore",
        "/api/vmRestorePoints/%2e%2e/{id}?action=restore",
        "/api/vmRestorePoints/%62%33?action=restore",
        "/api/vmRestorePoints/{id}%00?action=restore",
        "/api/vmRestorePoints/{id}/mounts?action=restore",
        "/api//vmRestorePoints/{id}?action=restore",
        "//evil.example/api/vmRestorePoints/{id}?action=restore",
        "/em/api/vmRestorePoints/{id}?action=restore",
        "vmRestorePoints/{id}?action=restore",
        "/api/vAppRestorePoints/{id}?action=restore",
        "/api/backups/{id}?action=restore",
        "/api/tasks/{id}",
        "/api/vmRestorePoints/{id}",
        "/api/vmRestorePoints/{id}?action=delete",
        "/api/vmRestorePoints/{id}?action=restore&force=true",
        "/api/vmRestorePoints/{id}?format=Entity&action=restore",
        "/api/vmRestorePoints/{id}?action=restore#x",
        "javascript:alert(1)",
        "\x1b]52;c;x\x07",
    ],
)
def test_a_link_to_something_else_makes_no_request(link: str) -> None:
    with pytest.raises(ForeignLink, match="No request was sent") as caught:
        written(point(restore_href=link), VmRestoreSpec(), WireFormat.XML)
    assert not caught.value.request_sent
    assert point(restore_href=link).has_foreign_link


@pytest.mark.parametrize(
    "uid",
    [
        "urn:veeam:VmRestorePoint:../tasks/task-1",
        "urn:veeam:VmRestorePoint:a%2Fb",
        "urn:veeam:VmRestorePoint:a?action=delete&",
        "urn:veeam:VmRestorePoint:",
        "urn:veeam:VmRestorePoint:.",
        "urn:veeam:VmRestorePoint:a b",
        "urn:veeam:VmRestorePoint:\u0430",
        "",
    ],
)
def test_a_uid_that_is_more_than_an_id_makes_no_request(uid: str) -> None:
    with pytest.raises(ForeignLink) as caught:
        written(point(uid=uid), VmRestoreSpec(), WireFormat.XML)
    assert not caught.value.request_sent


def test_the_preview_shows_the_bytes_and_no_token() -> None:
    request = written(point(), VmRestoreSpec(), WireFormat.XML)
    shown = request.pretty()
    assert shown.startswith(f"POST {request.path}\nContent-Type: application/xml\n")
    assert shown.endswith(request.body.decode())
    assert "X-RestSvcSessionId: (this logon session)" in shown


# --- what the API forbids is refused before anything is sent

DATASTORE = f"urn:vCloud:Datastore:{ROOT}.urn:vcloud:datastore:1"
ELSEWHERE = "2ed39e5b-06e1-4fbb-a106-52537b5e059e"
CLOUD_POINT = point(uid=CLOUD.point_uid, platform=Platform.CLOUD_DIRECTOR)
VAPP_POINT = point(uid="urn:veeam:VAppRestorePoint:1", kind=PointKind.VAPP)
INVISIBLE = ("\x1b", "\x00", "\n", "\x9b", "\u2028", "\u202e", "\u2066", "\ud800", "\uffff")


def spoilt(spec: Any, **changes: object) -> Any:  # noqa: ANN401 - what no type checker lets through
    return replace(spec, **changes)


def replace_platform(of: RestorePoint, platform: Platform) -> RestorePoint:
    return point(uid=of.uid, kind=of.kind, platform=platform)


CLOUD_TEXTS = {
    "hierarchy_root_uid": ROOT_UID,
    "new_name": "web",
    "datastore_ref": DATASTORE,
    "storage_profile_ref": DATASTORE.replace("Datastore", "OrgVdcStorageProfile"),
    "template_ref": TEMPLATE,
}
FORBIDDEN: list[tuple[RestorePoint, RestoreSpec, str]] = [
    (point(), VmRestoreSpec(keep_original=True, quick_rollback=True), "exclude each other"),
    (point(platform=Platform.CLOUD_DIRECTOR), VmRestoreSpec(), "needs a request for Cloud Director"),
    (point(uid=CLOUD.point_uid, platform=Platform.VSPHERE), CLOUD, "restores no VM of VMware vSphere"),
    (point(uid=CLOUD.point_uid, platform=Platform.HYPERV), CLOUD, "restores no VM of Hyper-V"),
    (point(platform=Platform.CLOUD_DIRECTOR), CLOUD, "another restore point"),
    (VAPP_POINT, VmRestoreSpec(), "as a whole"),
    (VAPP_POINT, CLOUD, "as a whole"),
    (CLOUD_POINT, VAPP, "not restored as a vApp"),
    (CLOUD_POINT, replace(CLOUD, hierarchy_root_uid=""), "looks like urn:veeam:HierarchyRoot:"),
    (CLOUD_POINT, replace(CLOUD, hierarchy_root_uid=ROOT), "HierarchyRootUid is no UID"),
    (CLOUD_POINT, replace(CLOUD, hierarchy_root_uid=CLOUD.point_uid), "looks like urn:veeam:HierarchyRoot:"),
    (CLOUD_POINT, replace(CLOUD, datastore_ref="Datastore 1"), "A reference looks like"),
    (
        CLOUD_POINT,
        replace(CLOUD, datastore_ref=DATASTORE.replace("vCloud", "VMware")),
        "of no Cloud Director",
    ),
    (CLOUD_POINT, replace(CLOUD, datastore_ref=VDC), "no reference to a Datastore"),
    (CLOUD_POINT, replace(CLOUD, storage_profile_ref=DATASTORE), "no reference to a OrgVdcStorageProfile"),
    (CLOUD_POINT, replace(CLOUD, template_ref=DATASTORE), "no reference to a VmTemplate"),
    (CLOUD_POINT, replace(CLOUD, datastore_ref=DATASTORE.replace(ROOT, ELSEWHERE)), "another hierarchy root"),
    (CLOUD_POINT, replace(CLOUD, vapp_ref=VAPP_REF), "Only the layout of the schema"),
    (CLOUD_POINT, replace(CLOUD, vapp_ref="x", layout=CloudLayout.SCHEMA), "A reference looks like"),
    (VAPP_POINT, replace(VAPP, org_vdc_ref=""), "needs an OrgVdcRef"),
    (VAPP_POINT, replace(VAPP, org_vdc_ref=DATASTORE), "no reference to a OrgVdc"),
    (VAPP_POINT, replace(VAPP, vms=(VAPP.vms[0], VAPP.vms[0])), "a restore point twice"),
    (VAPP_POINT, replace(VAPP, vms=(VAppVmParameters(point_uid="p", datastore_ref="x"),)), "looks like"),
    (VAPP_POINT, replace(VAPP, vms=(VAppVmParameters(point_uid=""),)), "a restore point each"),
    (VAPP_POINT, replace(VAPP, vms=tuple(VAppVmParameters(point_uid=each, new_name=each) for each in "aA")),
     "two VMs one name"),
    (VAPP_POINT, replace(VAPP, vms=(VAppVmParameters(point_uid="p\n"),)), "without blanks"),
    (VAPP_POINT, replace(VAPP, org_vdc_ref=VDC.replace("vCloud", "VMware")), "of no Cloud Director"),
    (VAPP_POINT, replace(VAPP, org_vdc_ref=VDC.replace(ROOT, ELSEWHERE)), "another hierarchy root"),
    (replace_platform(VAPP_POINT, Platform.VSPHERE), VAPP, "restores no VM of VMware vSphere"),
    (point(platform=Platform.HYPERV), VAPP, "not restored as a vApp"),
    *((CLOUD_POINT, spoilt(CLOUD, **{name: f"{text}{bad}x"}), "invisible characters")
      for name, text in CLOUD_TEXTS.items() for bad in INVISIBLE),
    *((CLOUD_POINT, spoilt(CLOUD, **{name: bad.format(text)}), "without blanks")
      for name, text in CLOUD_TEXTS.items() for bad in (" {}", "{}\n", "{}\u00a0", "   ")),
    (CLOUD_POINT, spoilt(CLOUD, layout="seed"), "must be a CloudLayout"),
    (CLOUD_POINT, spoilt(CLOUD, power_on="false"), "must be True or False"),
    (CLOUD_POINT, spoilt(CLOUD, new_name=None), "must be text"),
    (point(), spoilt(VmRestoreSpec(), keep_original="no"), "must be True or False"),
    (point(), spoilt(VmRestoreSpec(), quick_rollback=1), "must be True or False"),
    (point(), spoilt(VmRestoreSpec(), keep_original=None), "must be True or False"),
    (point(), cast(RestoreSpec, None), "This is no restore"),
    (CLOUD_POINT, cast(RestoreSpec, VAPP.vms[0]), "This is no restore"),
]  # fmt: skip


@pytest.mark.parametrize(("forbidden", "spec", "words"), FORBIDDEN, ids=lambda each: str(each)[:40])
@pytest.mark.parametrize("wire", [WireFormat.XML, WireFormat.JSON])
def test_what_the_api_forbids_makes_no_request(
    forbidden: RestorePoint, spec: RestoreSpec, words: str, wire: WireFormat
) -> None:
    with pytest.raises(InvalidRestoreSpec, match=words) as caught:
        written(forbidden, spec, wire)
    assert not caught.value.request_sent


def test_references_of_the_chosen_root_are_taken_in_any_case() -> None:
    upper = replace(CLOUD, datastore_ref=DATASTORE.replace(ROOT, ROOT.upper()).replace("vCloud", "VCLOUD"))
    assert upper.datastore_ref.encode() in body(upper)


def test_where_the_platform_is_unknown_both_kinds_may_be_asked_for() -> None:
    assert body(VmRestoreSpec())
    assert body(CLOUD)
