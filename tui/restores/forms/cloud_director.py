"""Cloud Director: hierarchy root, new name and references, in one of two layouts (WIRE 5.1)."""

from __future__ import annotations

from tui.api.models import (
    CloudLayout,
    CloudVmRestoreSpec,
    Platform,
    PointKind,
    RestorePoint,
    RestoreSpec,
    uid_of,
)
from tui.restores.forms.fields import (
    Choice,
    Condition,
    Field,
    FieldKind,
    FormContext,
    FormDefinition,
    OriginalOutcome,
    Problem,
    RestoreEffect,
    Section,
    Values,
    WrongForm,
    is_on,
    text_of,
)
from tui.restores.forms.vsphere_hyperv import POWER_ON, power_words
from tui.sanitize import skeleton

ROOT = "hierarchy_root_uid"
_PLACEMENT = ("datastore_ref", "storage_profile_ref", "template_ref")
LAYOUT_WORDS = {
    CloudLayout.SEED: "VmRestoreSpec, as documented",
    CloudLayout.SCHEMA: "vCloudVmRestoreSpec with vAppRef, as in the schema",
}


def root_field(context: FormContext) -> Field:
    """Describe HierarchyRootUid, filled in from the point's own reference where it has one."""
    root_id = context.point.root_id
    return Field(
        name=ROOT,
        wire_name="HierarchyRootUid",
        label="Restore under",
        help="The Cloud Director system to restore to; prefilled with the point's own where known.",
        kind=FieldKind.UID,
        default=f"urn:veeam:HierarchyRoot:{root_id}" if root_id else "",
        required=True,
        object_type="HierarchyRoot",
        lookup_type="HierarchyRoot",
    )


def placement_fields(prefix: str = "") -> tuple[Field, ...]:
    """Describe datastore, storage profile and template, for one VM or for each VM of a vApp.

    Datastore and OrgVdcStorageProfile are not among the documented lookup types, so the picker may
    come back empty and the reference has to be typed (WIRE 8.2).
    """
    return (
        reference_field(
            name=f"{prefix}datastore_ref",
            wire_name="DatastoreRef",
            label="Datastore",
            object_type="Datastore",
            help_="Where the VM's files go; empty: the server chooses.",
        ),
        reference_field(
            name=f"{prefix}storage_profile_ref",
            wire_name="OrgVdcStorageProfileRef",
            label="Storage profile",
            object_type="OrgVdcStorageProfile",
            help_="Storage profile of the organization VDC for the VM; empty: the server chooses.",
        ),
        reference_field(
            name=f"{prefix}template_ref",
            wire_name="LinkedCloneVmTemplateRef",
            label="Linked-clone template",
            object_type="VmTemplate",
            help_="Only for linked clones: the template the VM was made from.",
        ),
    )


def reference_field(
    *,
    name: str,
    wire_name: str,
    label: str,
    object_type: str,
    help_: str,
    required: bool = False,
    visible_if: Condition | None = None,
) -> Field:
    """Describe a reference to an object of one type, typed or looked up."""
    return Field(
        name=name,
        wire_name=wire_name,
        label=label,
        help=help_,
        kind=FieldKind.REFERENCE,
        default="",
        required=required,
        object_type=object_type,
        lookup_type=object_type,
        visible_if=visible_if,
    )


def name_field(*, name: str, wire_name: str, label: str, help_: str) -> Field:
    """Describe a new name, empty at first."""
    return Field(name=name, wire_name=wire_name, label=label, help=help_, kind=FieldKind.TEXT, default="")


def placement_of(values: Values, prefix: str = "") -> dict[str, str]:
    """Return what was typed into `placement_fields`, as the specs name it."""
    return {name: text_of(values, f"{prefix}{name}") for name in _PLACEMENT}


_NEW_NAME = name_field(
    name="new_name",
    wire_name="VmNewName",
    label="New name",
    help_="Name of the restored VM; empty restores it under its own name, over the original.",
)


def _layout(context: FormContext) -> Field:
    return Field(
        name="layout",
        wire_name="",
        label="Request layout",
        help="Servers differ in what they accept; change this if the server rejects the request as invalid.",
        kind=FieldKind.CHOICE,
        default=context.layout.value,
        required=True,
        choices=tuple(Choice(value=layout.value, label=words) for layout, words in LAYOUT_WORDS.items()),
    )


_VAPP_REF = reference_field(
    name="vapp_ref",
    wire_name="vAppRef",
    label="Target vApp",
    object_type="Vapp",
    help_="The vApp to restore into; only this layout has it. Empty: the server chooses.",
    visible_if=Condition(field="layout", value=CloudLayout.SCHEMA.value),
)


def _sections(context: FormContext) -> tuple[Section, ...]:
    return (
        Section(title="Where", fields=(root_field(context), _NEW_NAME)),
        Section(title="Placement", fields=placement_fields()),
        Section(title="Afterwards", fields=(POWER_ON,)),
        Section(title="Request", fields=(_layout(context), _VAPP_REF)),
    )


def _check(_context: FormContext, _values: Values) -> tuple[Problem, ...]:
    return ()


def is_same_name(new_name: str, original: str) -> bool:
    """Return whether the restored object would carry the original's name, which counts as overwriting.

    A name that only looks like the original's, or of which nothing is seen, counts as well.
    """
    return skeleton(new_name) in {"", skeleton(original)}


def _notes(context: FormContext, values: Values) -> tuple[str, ...]:
    chosen = text_of(values, "layout")
    notes = [f"Layout in use: {words}." for layout, words in LAYOUT_WORDS.items() if layout == chosen]
    if chosen == CloudLayout.SEED:
        notes.append("QuickRollback is always sent as false on Cloud Director.")
    return (*notes, *name_notes("VM", "VmNewName", text_of(values, "new_name"), context.point.vm_name))


def name_notes(thing: str, wire_name: str, new_name: str, original: str) -> tuple[str, ...]:
    """Return what the new name means for the original, while typing."""
    if not new_name:
        return (f"{wire_name} is empty: the {thing} gets its own name, which counts as OVERWRITING.",)
    if is_same_name(new_name, original):
        return (f"{wire_name} is, or looks like, the {thing}'s own name, which counts as OVERWRITING.",)
    return ()


def _spec(context: FormContext, values: Values) -> RestoreSpec:
    layout = CloudLayout(text_of(values, "layout"))
    return CloudVmRestoreSpec(
        power_on=is_on(values, "power_on"),
        hierarchy_root_uid=uid_of("HierarchyRoot", text_of(values, ROOT)),
        point_uid=context.point.uid,
        new_name=text_of(values, "new_name"),
        **placement_of(values),
        layout=layout,
        vapp_ref=text_of(values, "vapp_ref") if layout is CloudLayout.SCHEMA else "",
    )


def _effect(point: RestorePoint, spec: RestoreSpec, _api_version: str) -> RestoreEffect:
    if not isinstance(spec, CloudVmRestoreSpec):
        raise WrongForm("This is not a restore of a Cloud Director VM.")
    where = f"Under the Cloud Director system {spec.hierarchy_root_uid}"
    where += f", into the vApp {spec.vapp_ref}." if spec.vapp_ref else "."
    placed = (
        ("Datastore", spec.datastore_ref),
        ("Storage profile", spec.storage_profile_ref),
        ("Linked-clone template", spec.template_ref),
    )
    return RestoreEffect(
        where=where,
        original=original_outcome(spec.new_name, point.vm_name),
        original_words=original_words("VM", spec.new_name, point.vm_name),
        power_words=power_words(on=spec.power_on),
        further=(
            *(f"{label}: {ref}." for label, ref in placed if ref),
            f"Request layout: {LAYOUT_WORDS[spec.layout]}.",
        ),
    )


def original_outcome(new_name: str, original: str) -> OriginalOutcome:
    """Take an empty name, or the original's own, for overwriting."""
    return OriginalOutcome.OVERWRITTEN if is_same_name(new_name, original) else OriginalOutcome.KEPT


def original_words(thing: str, new_name: str, original: str) -> str:
    """Return what happens to the original, for a VM or a vApp."""
    if not new_name:
        return f"No new name: the {thing} is restored under its own name; the original counts as OVERWRITTEN."
    if is_same_name(new_name, original):
        return f"The new name is, or looks like, the {thing}'s own: the original counts as OVERWRITTEN."
    return f"The original {thing} is kept; the restored one is named {new_name}."


CLOUD_DIRECTOR = FormDefinition(
    title="Restore a Cloud Director VM",
    kind=PointKind.VM,
    platform=Platform.CLOUD_DIRECTOR,
    sections=_sections,
    check=_check,
    notes=_notes,
    spec=_spec,
    effect=_effect,
)
