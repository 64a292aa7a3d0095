"""Each platform's form: its fields, what it refuses, and the request that comes out."""

from __future__ import annotations

import dataclasses

import pytest

from tests.unit.restores.points import OTHER_ROOT, ROOT, point, vapp
from tui.api.models import (
    CloudLayout,
    CloudVmRestoreSpec,
    Platform,
    VAppRestoreSpec,
    VAppVmParameters,
    VmRestoreSpec,
)
from tui.restores.forms.fields import IncompleteForm, PlatformNotKnown, Values, WrongForm
from tui.restores.forms.form import FORM_DEFINITIONS, RestoreForm, form_for, platform_choices

MACHINES = [Platform.VSPHERE, Platform.HYPERV]
DATASTORE = f"urn:vCloud:Datastore:{ROOT}.urn:vcloud:datastore:{OTHER_ROOT}"
PROFILE = f"urn:vCloud:OrgVdcStorageProfile:{ROOT}.urn:vcloud:vdcstorageprofile:{OTHER_ROOT}"
VDC = f"urn:vCloud:OrgVdc:{ROOT}.urn:vcloud:vdc:{OTHER_ROOT}"
VAPP_REF = f"urn:vCloud:Vapp:{ROOT}.urn:vcloud:vapp:{OTHER_ROOT}"
ROOT_UID = f"urn:veeam:HierarchyRoot:{ROOT}"


def machine(platform: Platform = Platform.VSPHERE) -> RestoreForm:
    return form_for(point(platform), platform)


def cloud(layout: CloudLayout = CloudLayout.SEED) -> RestoreForm:
    return form_for(point(Platform.CLOUD_DIRECTOR), Platform.CLOUD_DIRECTOR, layout=layout)


def whole_vapp() -> RestoreForm:
    vms = tuple(
        point(Platform.CLOUD_DIRECTOR, name=name, number=n) for n, name in enumerate(("web", "db"), 20)
    )
    return form_for(vapp(), Platform.CLOUD_DIRECTOR, vms_of_vapp=vms)


def sentences(form: RestoreForm, values: Values) -> dict[str, str]:
    return {problem.field: problem.sentence for problem in form.check(values)}


@pytest.mark.parametrize("platform", MACHINES)
def test_a_machine_has_the_seeds_three_switches_with_safe_defaults(platform: Platform) -> None:
    form = machine(platform)
    assert {field.wire_name: field.default for field in form.fields} == {
        "PowerOnAfterRestore": False,
        "QuickRollback": False,
        "KeepOriginalVM": True,
    }
    assert form.spec({}) == VmRestoreSpec(power_on=False, quick_rollback=False, keep_original=True)


@pytest.mark.parametrize("platform", MACHINES)
def test_keeping_the_original_excludes_quick_rollback(platform: Platform) -> None:
    form = machine(platform)
    both = {"keep_original": True, "quick_rollback": True}
    assert set(sentences(form, both)) == {"keep_original", "quick_rollback"}
    assert "KeepOriginalVM is on, so QuickRollback must be off." in form.notes({})
    assert form.blocked({}) == {"quick_rollback": "KeepOriginalVM is on, so QuickRollback must be off."}
    assert form.blocked({"keep_original": False}) == {}
    with pytest.raises(IncompleteForm, match="must be off"):
        form.spec(both)


def test_quick_rollback_goes_with_overwriting() -> None:
    values = {"keep_original": False, "quick_rollback": True}
    assert machine().check(values) == ()
    assert machine().spec(values) == VmRestoreSpec(quick_rollback=True, keep_original=False)
    notes = machine().notes(values)
    assert any("OVERWRITTEN" in note for note in notes)
    assert "QuickRollback is on, so KeepOriginalVM must be off." in notes


def test_a_switch_is_a_bool_and_nothing_else() -> None:
    assert sentences(machine(), {"power_on": "yes"}) == {
        "power_on": "Power on after restore must be on or off."
    }


def test_cloud_director_has_the_seeds_fields_and_its_own_root_filled_in() -> None:
    form = cloud()
    assert [field.wire_name for field in form.visible({})] == [
        "HierarchyRootUid",
        "VmNewName",
        "DatastoreRef",
        "OrgVdcStorageProfileRef",
        "LinkedCloneVmTemplateRef",
        "PowerOnAfterRestore",
        "",
    ]
    assert form.defaults["hierarchy_root_uid"] == ROOT_UID
    assert form.root_id({}) == ROOT
    assert form.check({}) == ()


def test_cloud_director_request_as_filled_in() -> None:
    values: Values = {
        "power_on": True,
        "hierarchy_root_uid": f"  {ROOT}  ",
        "new_name": " web-restored ",
        "datastore_ref": DATASTORE,
        "storage_profile_ref": PROFILE,
        "vapp_ref": VAPP_REF,
    }
    assert cloud().spec(values) == CloudVmRestoreSpec(
        power_on=True,
        hierarchy_root_uid=ROOT_UID,
        point_uid=point(Platform.CLOUD_DIRECTOR).uid,
        new_name="web-restored",
        datastore_ref=DATASTORE,
        storage_profile_ref=PROFILE,
        layout=CloudLayout.SEED,
        vapp_ref="",
    )


def test_the_target_vapp_belongs_to_the_schemas_layout_only() -> None:
    form = cloud(CloudLayout.SCHEMA)
    assert "vAppRef" in {field.wire_name for field in form.visible({})}
    assert "vAppRef" not in {field.wire_name for field in form.visible({"layout": "seed"})}
    spec = form.spec({"vapp_ref": VAPP_REF})
    assert isinstance(spec, CloudVmRestoreSpec)
    assert (spec.layout, spec.vapp_ref) == (CloudLayout.SCHEMA, VAPP_REF)
    assert sentences(form, {"vapp_ref": "nonsense"})
    assert not sentences(form, {"vapp_ref": "nonsense", "layout": "seed"})
    assert "layout" in sentences(form, {"layout": "mine"})


def test_the_form_says_which_layout_is_in_use() -> None:
    assert any("VmRestoreSpec, as documented" in note for note in cloud().notes({}))
    assert any("vCloudVmRestoreSpec" in note for note in cloud().notes({"layout": "schema"}))
    assert any("QuickRollback is always sent as false" in note for note in cloud().notes({}))


@pytest.mark.parametrize("name", ["", "   ", "app07", "APP07 ", "\u200b"])
def test_an_empty_or_own_name_counts_as_overwriting(name: str) -> None:
    assert any("OVERWRITING" in note for note in cloud().notes({"new_name": name}))
    assert any(
        "OVERWRITING" in note
        for note in whole_vapp().notes({"new_name": name.replace("app07", "shop").replace("APP07", "SHOP")})
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ssd", "looks like"),
        (f"urn:vCloud:Datastore:{OTHER_ROOT}.urn:vcloud:datastore:{ROOT}", "another hierarchy root"),
        (f"urn:VMware:Datastore:{ROOT}.datastore-1", "belongs to VMware"),
        (f"urn:vCloud:Vm:{ROOT}.urn:vcloud:vm:{ROOT}", "reference to a Vm"),
        (f"urn:vCloud:Datastore:{ROOT}.x\x1b[2J", "invisible characters"),
    ],
)
def test_a_reference_that_cannot_be_meant_is_refused_with_a_sentence(text: str, word: str) -> None:
    assert word in sentences(cloud(), {"datastore_ref": text})["datastore_ref"]


def test_references_are_compared_in_any_case() -> None:
    assert cloud().check({"datastore_ref": DATASTORE.replace("vCloud:Datastore", "VCLOUD:datastore")}) == ()
    assert cloud().check({"datastore_ref": DATASTORE, "hierarchy_root_uid": ROOT.upper()}) == ()


def test_a_reference_of_the_former_root_is_refused_when_the_root_changes() -> None:
    values = {"datastore_ref": DATASTORE, "hierarchy_root_uid": OTHER_ROOT}
    assert ROOT in sentences(cloud(), values)["datastore_ref"]


@pytest.mark.parametrize("root", ["", "lab", "urn:veeam:BackupServer:" + ROOT])
def test_the_root_must_be_a_hierarchy_root(root: str) -> None:
    assert "hierarchy_root_uid" in sentences(cloud(), {"hierarchy_root_uid": root})


@pytest.mark.parametrize("name", ["a\nb", "a\x00", "a\u202eb", "\ud800", "\uffff"])
def test_a_name_with_characters_nobody_sees_is_refused(name: str) -> None:
    assert "invisible characters" in sentences(cloud(), {"new_name": "x" + name})["new_name"]


def test_a_name_in_any_script_is_fine() -> None:
    assert cloud().check({"new_name": 'サーバー é & <b> "q"'}) == ()


def test_a_vapp_needs_its_organization_vdc() -> None:
    assert set(sentences(whole_vapp(), {})) == {"org_vdc_ref"}


def test_a_vapp_sends_parameters_only_for_vms_something_was_said_about() -> None:
    spec = whole_vapp().spec({"org_vdc_ref": VDC, "new_name": "shop-copy", "vm1.new_name": "db2"})
    assert spec == VAppRestoreSpec(
        hierarchy_root_uid=ROOT_UID,
        org_vdc_ref=VDC,
        new_name="shop-copy",
        vms=(VAppVmParameters(point_uid=point(number=21).uid, new_name="db2"),),
    )


def test_two_vms_of_a_vapp_cannot_get_one_name() -> None:
    assert set(sentences(whole_vapp(), {"org_vdc_ref": VDC, "vm1.new_name": "Web"})) == {"vm1.new_name"}
    assert set(sentences(whole_vapp(), {"org_vdc_ref": VDC, "vm0.new_name": "DB"})) == {"vm0.new_name"}
    assert not sentences(whole_vapp(), {"org_vdc_ref": VDC, "vm0.new_name": "db", "vm1.new_name": "web"})
    same = {"org_vdc_ref": VDC, "vm0.new_name": "x", "vm1.new_name": "X"}
    assert set(sentences(whole_vapp(), same)) == {"vm1.new_name"}


def test_an_unknown_platform_is_never_guessed() -> None:
    unknown = point(Platform.UNKNOWN)
    with pytest.raises(PlatformNotKnown, match="which platform"):
        form_for(unknown, unknown.platform)
    assert [choice.value for choice in platform_choices()] == ["VMware", "HyperV", "vCloud"]
    chosen = form_for(unknown, Platform.CLOUD_DIRECTOR)
    assert set(sentences(chosen, {})) == {"hierarchy_root_uid"}


def test_there_are_no_vapps_outside_cloud_director() -> None:
    with pytest.raises(WrongForm, match="Cloud Director"):
        form_for(vapp(), Platform.VSPHERE)


def test_fields_have_unique_names_help_and_known_partners() -> None:
    for form in (machine(), machine(Platform.HYPERV), cloud(), whole_vapp()):
        names = [field.name for field in form.fields]
        assert len(names) == len(set(names))
        for field in form.fields:
            assert field.help.endswith(".")
            assert field.label
            assert all(exclusion.other in names for exclusion in field.excludes)
            assert field.visible_if is None or field.visible_if.field in names
            assert form.field(field.name) is field
    with pytest.raises(KeyError):
        machine().field("nothing")


def test_a_new_platform_is_one_row_of_the_table() -> None:
    assert len(FORM_DEFINITIONS) == 4
    assert all(key == (value.kind, value.platform) for key, value in FORM_DEFINITIONS.items())
    assert dataclasses.is_dataclass(FORM_DEFINITIONS[next(iter(FORM_DEFINITIONS))])
