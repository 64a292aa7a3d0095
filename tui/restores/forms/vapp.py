"""A whole Cloud Director vApp, with parameters per VM where the operator gives any (WIRE 10)."""

from __future__ import annotations

from tui.api.models import (
    Platform,
    PointKind,
    RestorePoint,
    RestoreSpec,
    VAppRestoreSpec,
    VAppVmParameters,
    uid_of,
)
from tui.restores.forms.cloud_director import (
    ROOT,
    name_field,
    name_notes,
    original_outcome,
    original_words,
    placement_fields,
    placement_of,
    reference_field,
    root_field,
)
from tui.restores.forms.fields import (
    FormContext,
    FormDefinition,
    Problem,
    RestoreEffect,
    Section,
    Values,
    WrongForm,
    is_on,
    text_of,
)
from tui.restores.forms.vsphere_hyperv import POWER_ON
from tui.sanitize import skeleton

_ORG_VDC = reference_field(
    name="org_vdc_ref",
    wire_name="OrgVdcRef",
    label="Organization VDC",
    object_type="OrgVdc",
    help_="The organization VDC to restore the vApp into.",
    required=True,
)
_NEW_NAME = name_field(
    name="new_name",
    wire_name="vAppNewName",
    label="New vApp name",
    help_="Name of the restored vApp; empty restores it under its own name, over the original.",
)


def _prefix(number: int) -> str:
    return f"vm{number}."


def _vm_section(number: int, vm: RestorePoint) -> Section:
    name = name_field(
        name=f"{_prefix(number)}new_name",
        wire_name="VmNewName",
        label="New name",
        help_="Name of this VM in the restored vApp; empty keeps its own.",
    )
    return Section(
        title=f"VM {vm.vm_name}",
        fields=(name, *placement_fields(_prefix(number))),
        help="Leave all empty to restore this VM as it was.",
    )


def _sections(context: FormContext) -> tuple[Section, ...]:
    vms = (_vm_section(number, vm) for number, vm in enumerate(context.vms_of_vapp))
    return (
        Section(title="Where", fields=(root_field(context), _ORG_VDC, _NEW_NAME)),
        Section(title="Afterwards", fields=(POWER_ON,)),
        *vms,
    )


def _check(context: FormContext, values: Values) -> tuple[Problem, ...]:
    typed = [text_of(values, f"{_prefix(number)}new_name") for number in range(len(context.vms_of_vapp))]
    vms = zip(context.vms_of_vapp, typed, strict=True)
    seen = {skeleton(vm.vm_name) for vm, new_name in vms if not new_name}
    problems = []
    for number, new_name in enumerate(typed):
        if new_name and skeleton(new_name) in seen:
            problems.append(
                Problem(
                    field=f"{_prefix(number)}new_name",
                    sentence="Another VM of this vApp has that name, or one that looks it; choose another.",
                )
            )
        seen.add(skeleton(new_name))
    return tuple(problems)


def _notes(context: FormContext, values: Values) -> tuple[str, ...]:
    return name_notes("vApp", "vAppNewName", text_of(values, "new_name"), context.point.vm_name)


def _vm_parameters(context: FormContext, values: Values) -> tuple[VAppVmParameters, ...]:
    """Give parameters only to VMs the operator said something about: each is optional."""
    every = (
        VAppVmParameters(
            point_uid=vm.uid,
            new_name=text_of(values, f"{_prefix(number)}new_name"),
            **placement_of(values, _prefix(number)),
        )
        for number, vm in enumerate(context.vms_of_vapp)
    )
    return tuple(vm for vm in every if vm != VAppVmParameters(point_uid=vm.point_uid))


def _spec(context: FormContext, values: Values) -> RestoreSpec:
    return VAppRestoreSpec(
        power_on=is_on(values, "power_on"),
        hierarchy_root_uid=uid_of("HierarchyRoot", text_of(values, ROOT)),
        org_vdc_ref=text_of(values, "org_vdc_ref"),
        new_name=text_of(values, "new_name"),
        vms=_vm_parameters(context, values),
    )


def _effect(point: RestorePoint, spec: RestoreSpec, _api_version: str) -> RestoreEffect:
    if not isinstance(spec, VAppRestoreSpec):
        raise WrongForm("This is not a restore of a vApp.")
    renamed = (f"One of its VMs is renamed to {vm.new_name}." for vm in spec.vms if vm.new_name)
    return RestoreEffect(
        where=f"Into {spec.org_vdc_ref} under {spec.hierarchy_root_uid}.",
        original=original_outcome(spec.new_name, point.vm_name),
        original_words=original_words("vApp", spec.new_name, point.vm_name),
        power_words=(
            "All VMs of the restored vApp are POWERED ON afterwards."
            if spec.power_on
            else "The VMs of the restored vApp stay powered off."
        ),
        further=tuple(renamed),
    )


VAPP = FormDefinition(
    title="Restore a Cloud Director vApp",
    kind=PointKind.VAPP,
    platform=Platform.CLOUD_DIRECTOR,
    sections=_sections,
    check=_check,
    notes=_notes,
    spec=_spec,
    effect=_effect,
)
