"""vSphere and Hyper-V: back to the original location, three switches (WIRE 5.1, first table)."""

from __future__ import annotations

from tui.api.models import Platform, PointKind, RestorePoint, RestoreSpec, VmRestoreSpec, version_key
from tui.restores.forms.fields import (
    Exclusion,
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
)

KEEPS_ORIGINAL_SINCE = "v1_7"
"""Oldest API version known to have KeepOriginalVM, which the schema of 9.5 lacks (WIRE 5.1)."""

POWER_ON = Field(
    name="power_on",
    wire_name="PowerOnAfterRestore",
    label="Power on after restore",
    help="Power on the restored VM when the restore is complete.",
    kind=FieldKind.BOOL,
    default=False,
    required=True,
)
QUICK_ROLLBACK = Field(
    name="quick_rollback",
    wire_name="QuickRollback",
    label="Quick rollback",
    help="Write only the blocks changed since the point, into the original VM; faster.",
    kind=FieldKind.BOOL,
    default=False,
    required=True,
    excludes=(Exclusion(other="keep_original", note="QuickRollback is on, so KeepOriginalVM must be off."),),
)
KEEP_ORIGINAL = Field(
    name="keep_original",
    wire_name="KeepOriginalVM",
    label="Keep the original VM",
    help="Leave the original VM on its host, beside the restored one; off: it is overwritten.",
    kind=FieldKind.BOOL,
    default=True,
    excludes=(Exclusion(other="quick_rollback", note="KeepOriginalVM is on, so QuickRollback must be off."),),
)


NAME_UNSAID = (
    "The server chooses the restored VM's name: the request has no field for it. It may be the original's."
)
"""WIRE 5.1: neither a name nor a place can be asked for; what the server does is not documented."""


def knows_keep_original(api_version: str) -> bool:
    """Return whether servers of this API version are known to obey KeepOriginalVM."""
    return version_key(api_version) >= version_key(KEEPS_ORIGINAL_SINCE)


def _sections(_context: FormContext) -> tuple[Section, ...]:
    return (
        Section(title="Original VM", fields=(KEEP_ORIGINAL, QUICK_ROLLBACK)),
        Section(title="Afterwards", fields=(POWER_ON,)),
    )


def _check(_context: FormContext, _values: Values) -> tuple[Problem, ...]:
    return ()


def _notes(_context: FormContext, values: Values) -> tuple[str, ...]:
    if not is_on(values, "keep_original"):
        return ("KeepOriginalVM is off: the original VM will be OVERWRITTEN.",)
    return ()


def _spec(_context: FormContext, values: Values) -> RestoreSpec:
    return VmRestoreSpec(
        power_on=is_on(values, "power_on"),
        quick_rollback=is_on(values, "quick_rollback"),
        keep_original=is_on(values, "keep_original"),
    )


def _original(spec: VmRestoreSpec, api_version: str) -> tuple[OriginalOutcome, str]:
    if not spec.keep_original:
        return OriginalOutcome.OVERWRITTEN, "The original VM, where it still exists, is OVERWRITTEN."
    if not knows_keep_original(api_version):
        version = f"speaks API {api_version}, which" if api_version else "does not say its API version, so it"
        return OriginalOutcome.MAY_BE_OVERWRITTEN, (
            f"The request keeps the original VM, but this server {version} is not known to have "
            "KeepOriginalVM and may ignore it: the original MAY BE OVERWRITTEN."
        )
    return OriginalOutcome.KEPT, "The original VM is kept beside the restored one."


def _effect(_point: RestorePoint, spec: RestoreSpec, api_version: str) -> RestoreEffect:
    if not isinstance(spec, VmRestoreSpec):
        raise WrongForm("This is not a restore of a vSphere or Hyper-V machine.")
    fate, words = _original(spec, api_version)
    quick = (
        "Quick rollback: only blocks changed since the point are written back into the original VM."
        if spec.quick_rollback
        else "Quick rollback is off: the whole VM is restored."
    )
    named = (NAME_UNSAID,) if spec.keep_original else ()
    return RestoreEffect(
        where="To its original location.",
        original=fate,
        original_words=words,
        power_words=power_words(on=spec.power_on),
        further=(*named, quick),
    )


def power_words(*, on: bool) -> str:
    """Return what happens to the power afterwards."""
    return "The restored VM is POWERED ON afterwards." if on else "The restored VM stays powered off."


def _definition(platform: Platform) -> FormDefinition:
    return FormDefinition(
        title=f"Restore a {platform.label} VM",
        kind=PointKind.VM,
        platform=platform,
        sections=_sections,
        check=_check,
        notes=_notes,
        spec=_spec,
        effect=_effect,
    )


VSPHERE = _definition(Platform.VSPHERE)
HYPERV = _definition(Platform.HYPERV)
