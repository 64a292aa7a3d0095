"""The one table from platform to restore form, and the form of a restore point.

A new platform is a file with its `FormDefinition`, a row of this table and a test.
"""

from __future__ import annotations

from tui.api.models import CloudLayout, Platform, PointKind, RestorePoint
from tui.restores.forms.cloud_director import CLOUD_DIRECTOR
from tui.restores.forms.definition import FormContext, FormDefinition
from tui.restores.forms.fields import Choice, PlatformNotKnown, WrongForm
from tui.restores.forms.form import RestoreForm
from tui.restores.forms.vapp import VAPP
from tui.restores.forms.vsphere_hyperv import HYPERV, VSPHERE

FORM_DEFINITIONS: dict[tuple[PointKind, Platform], FormDefinition] = {
    (definition.kind, definition.platform): definition
    for definition in (VSPHERE, HYPERV, CLOUD_DIRECTOR, VAPP)
}
"""The one table from platform to form."""


def form_for(
    point: RestorePoint,
    platform: Platform,
    *,
    layout: CloudLayout = CloudLayout.SEED,
    vms_of_vapp: tuple[RestorePoint, ...] = (),
) -> RestoreForm:
    """Return the form of a point's platform.

    Args:
        point: the point to restore.
        platform: what the service layer found out, or the operator chose.
        layout: which Cloud Director layout the settings prefer.
        vms_of_vapp: the VM points of a vApp point.

    Raises:
        PlatformNotKnown: the platform is unknown; ask with `platform_choices`.
        WrongForm: there is no such restore on that platform.
    """
    if platform is Platform.UNKNOWN:
        raise PlatformNotKnown
    definition = FORM_DEFINITIONS.get((point.kind, platform))
    if definition is None:
        raise WrongForm(f"A vApp cannot be restored to {platform.label}; vApps belong to Cloud Director.")
    context = FormContext(point=point, platform=platform, layout=layout, vms_of_vapp=vms_of_vapp)
    return RestoreForm(context, definition, definition.sections(context))


def platform_choices(kind: PointKind = PointKind.VM) -> tuple[Choice, ...]:
    """Return the platforms the operator can choose from where the server does not say the platform."""
    return tuple(
        Choice(value=platform.value, label=platform.label)
        for known, platform in FORM_DEFINITIONS
        if known is kind
    )
