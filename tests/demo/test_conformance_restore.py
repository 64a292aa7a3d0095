"""WIRE 5: what a restore request must look like on vSphere and Hyper-V."""

from __future__ import annotations

import json

import pytest

from tests.demo.reading import MEDIA, Wire, vm_spec, xml_spec
from tests.support.demo_process import DemoProcess


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
    text_xml = {"Accept": "application/xml, text/xml", "Content_Type": "text/xml"}
    assert wire.restore(point, vm_spec("xml"), **text_xml).status == 202
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
    answer = wire.restore(wire.point_id("app01"), body, Accept=MEDIA["xml"], Content_Type=MEDIA["xml"])
    assert answer.status == 400


FIELDS = {"PowerOnAfterRestore": False, "QuickRollback": False, "KeepOriginalVM": True}
CLOUD: dict[str, object] = {
    "HierarchyRootUid": "urn:veeam:HierarchyRoot:x",
    "VmRestoreParameters": {"VmRestorePointUid": "x"},
}
NOT_A_SPEC: list[object] = [
    {}, [], 5, "VmRestoreSpec", {"RestoreSpec": {"VmRestoreSpec": FIELDS}}, {"VmRestoreSpec": 5}, FIELDS,
    {"VmRestoreSpec": None}, {"VmRestoreSpec": [FIELDS]}, {"VmRestoreSpec": FIELDS, "Other": {}},
    {"vmRestoreSpec": FIELDS}, {"VmRestoreSpecs": FIELDS}, {"vCloudVmRestoreSpec": FIELDS},
    {"VCloudVAppRestoreSpec": FIELDS},
]  # fmt: skip
NOT_FIELDS: list[dict[str, object]] = [
    {"KeepOrginalVM": True}, {"keepOriginalVM": True}, {"KeepOriginalVm": True}, {"Host": "esx01"},
    {"KeepOriginalVM": "true"}, {"KeepOriginalVM": 1}, {"KeepOriginalVM": None}, {"KeepOriginalVM": []},
    {"KeepOriginalVM": {}}, {"PowerOnAfterRestore": None}, {"QuickRollback": "false"}, {"": True},
    {"QuickRollback": True}, {"VAppRef": "", "vAppRef": ""}, CLOUD, {"VmRestoreParameters": {}},
    {"VAppNewName": "x"},
]  # fmt: skip
JSON_BODIES = [
    "{", "[" * 100_000, json.dumps({"VmRestoreSpec": FIELDS}) + "x", "null", "\ufffe",
    '{"VmRestoreSpec":{"PowerOnAfterRestore":false,"QuickRollback":false,"KeepOriginalVM":true,"KeepOriginalVM":false}}',
    '{"VmRestoreSpec":{},"VmRestoreSpec":{"PowerOnAfterRestore":false,"QuickRollback":false}}',
    '{"VmRestoreSpec":{"PowerOnAfterRestore":NaN,"QuickRollback":false}}',
    *map(json.dumps, NOT_A_SPEC),
    *(json.dumps({"VmRestoreSpec": FIELDS | fields}) for fields in NOT_FIELDS),
]  # fmt: skip
GOOD = "<PowerOnAfterRestore>false</PowerOnAfterRestore><QuickRollback>false</QuickRollback>"
XML_BODIES = [
    *(xml_spec("VmRestoreSpec", f"{GOOD}<KeepOriginalVM>{word}</KeepOriginalVM>")
      for word in ("True", "TRUE", "yes", "", "on", "2", "true false", "tru e", "\u00a0true", "<a/>true",
                   "<true/>")),
    *(xml_spec("VmRestoreSpec", GOOD + more) for more in (
        "<KeepOrginalVM>true</KeepOrginalVM>", "<keepOriginalVM>true</keepOriginalVM>",
        '<KeepOriginalVM xmlns="">true</KeepOriginalVM>',
        '<KeepOriginalVM xmlns="urn:x">true</KeepOriginalVM>',
        "<KeepOriginalVM>true</KeepOriginalVM><KeepOriginalVM>false</KeepOriginalVM>",
        "<QuickRollback>false</QuickRollback>", "KeepOriginalVM",
        '<KeepOriginalVM value="true">true</KeepOriginalVM>',
        '<KeepOriginalVM xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>',
        "<HierarchyRootUid>urn:veeam:HierarchyRoot:x</HierarchyRootUid>",
    )),
    xml_spec("vmRestoreSpec", GOOD), xml_spec("VmRestoreSpec", GOOD).replace("RestoreSpec", "restoreSpec"),
    xml_spec("VmRestoreSpec", GOOD).replace("ent/v1.0", "ent/v1.1"),
    xml_spec("VmRestoreSpec", GOOD).replace("<VmRestoreSpec>", '<VmRestoreSpec xmlns="">'),
    xml_spec("VmRestoreSpec", f"{GOOD}</VmRestoreSpec><VmRestoreSpec>{GOOD}"),
    f"<VmRestoreSpec xmlns='http://www.veeam.com/ent/v1.0'>{GOOD}</VmRestoreSpec>",
    '<?xml version="1.0" encoding="shift_jis"?>' + xml_spec("VmRestoreSpec", GOOD),
]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "body"), [("json", body) for body in JSON_BODIES] + [("xml", body) for body in XML_BODIES]
)
def test_5_1_what_the_schema_does_not_know_is_refused_and_nothing_happens(
    demo: DemoProcess, form: str, body: str
) -> None:
    with Wire(demo, format=form) as wire:
        wire.log_on()
        answer = wire.restore(wire.point_id("app01"), body)
        assert (answer.status, answer.node["StatusCode"]) == (400, "400")
        assert answer.message
        assert (demo.restores(), wire.get("/api/tasks").listed("Tasks")) == ([], [])


@pytest.mark.parametrize("word", ["true", "1", " true\n"])
def test_5_1_all_booleans_of_xml_schema(stranger: Wire, word: str) -> None:
    stranger.log_on()
    body = xml_spec("VmRestoreSpec", f"{GOOD}<KeepOriginalVM>{word}</KeepOriginalVM>")
    assert stranger.restore(stranger.point_id("app01"), body).status == 202
    assert [restore["overwrites"] for restore in stranger.demo.restores()] == [False]
