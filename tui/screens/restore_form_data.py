"""What the restore form asks before it can be shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from tui.api.errors import Forbidden, ManagerError
from tui.api.models import CloudLayout, Platform, PointKind, RestorePoint
from tui.restore_states import RestoreState
from tui.restores.forms.fields import FormDraft
from tui.restores.forms.form import form_for, platform_choices
from tui.screens.dialogs import ChoiceScreen

if TYPE_CHECKING:
    from tui.api.client import EnterpriseManager
    from tui.restores.forms.form import RestoreForm
    from tui.restores.restore import Restore
    from tui.screens.base import VbemScreen


async def draft_of(manager: EnterpriseManager, restore: Restore) -> FormDraft:
    """Return the point of a restore as it is now, to be restored again with the safe values.

    Raises:
        ManagerError: the point cannot be read; NotFound where it is gone.
    """
    read = manager.vapp_restore_point if restore.kind is PointKind.VAPP else manager.vm_restore_point
    point = await read(restore.point_uid.rpartition(":")[2])
    return FormDraft(point=point, platform=restore.platform, reason=restore.reason)


async def read_point(manager: EnterpriseManager, listed: RestorePoint) -> RestorePoint:
    """Return the point as the server has it now, completed with what the list knew."""
    read = manager.vapp_restore_point if listed.kind is PointKind.VAPP else manager.vm_restore_point
    fresh = await read(listed.id)
    return msgspec.structs.replace(
        fresh,
        vm_name=fresh.vm_name or listed.vm_name,
        object_ref=fresh.object_ref or listed.object_ref,
        platform=listed.platform if fresh.platform is Platform.UNKNOWN else fresh.platform,
        server_uid=fresh.server_uid or listed.server_uid,
        server_name=fresh.server_name or listed.server_name,
        restore_point_id=fresh.restore_point_id or listed.restore_point_id,
    )


async def find_platform(
    screen: VbemScreen, manager: EnterpriseManager, listed: RestorePoint, point: RestorePoint
) -> Platform | None:
    """Return the platform from the point, its backup or the operator; None if nothing was chosen.

    What the server says the list of points learns as well; what the operator says it does not.

    Args:
        screen: asks the operator.
        manager: the server.
        listed: the point as the list has it.
        point: the same as the server has it now.
    """
    found: Platform | None = point.platform
    if found is Platform.UNKNOWN:
        found = await screen.reading("find out the platform", lambda: manager.platform_of(point))
    if found is not None and found is not Platform.UNKNOWN:
        index = screen.services.points
        if index is not None and (vm := index.vm_of(listed)) is not None:
            index.learn_platform(vm, found)
        return found
    choices = platform_choices(point.kind)
    chosen = await screen.ask(ChoiceScreen(screen.services, choices))
    return Platform(chosen) if chosen else None


async def vms_of(manager: EnterpriseManager, point: RestorePoint) -> tuple[tuple[RestorePoint, ...], str]:
    """Return the VM points of a vApp point, and a sentence where they cannot be listed (WIRE 1.6)."""
    if point.kind is not PointKind.VAPP:
        return (), ""
    try:
        return await manager.vms_of_vapp_point(point), ""
    except Forbidden:
        return (), "This account may not list the vApp's VMs, so they cannot be renamed one by one here."
    except ManagerError as error:
        return (), f"The vApp's VMs could not be listed ({error}), so they cannot be renamed one by one here."


def make_form(
    point: RestorePoint, platform: Platform, layout: str, vms: tuple[RestorePoint, ...] = ()
) -> RestoreForm:
    """Return the form of that platform, with the layout the settings prefer.

    Raises:
        WrongForm: there is no such restore on that platform.
    """
    preferred = CloudLayout(layout) if layout in set(CloudLayout) else CloudLayout.SEED
    return form_for(point, platform, layout=preferred, vms_of_vapp=vms)


def with_note(draft: FormDraft, restore: Restore) -> FormDraft:
    """Return a draft that says what became of the restore it repeats."""
    if restore.state is not RestoreState.UNKNOWN:
        return replace(
            draft, note="This is a new restore; the earlier one stays in Tasks and in the journal."
        )
    note = (
        "The earlier restore is UNKNOWN: it MAY HAVE STARTED. This is a new restore; if both run, the VM is "
        "restored twice. Check the backup console first."
    )
    return replace(draft, note=note)
