"""Finding out what a form needs before it can be shown: the point as it is now, its platform, its VMs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tui.api.errors import Forbidden, ManagerError
from tui.api.models import CloudLayout, Platform, PointKind, RestorePoint

if TYPE_CHECKING:
    from tui.api.client import EnterpriseManager
    from tui.restores.forms import RestoreForm
    from tui.screens.base import VbemScreen


async def read_point(manager: EnterpriseManager, listed: RestorePoint) -> RestorePoint:
    """The point as the server has it now, completed with what the list knew."""
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
    screen: VbemScreen, manager: EnterpriseManager, point: RestorePoint
) -> Platform | None:
    """The platform: from the point, from its backup, else from the operator; None if that was given up."""
    from tui.screens.choice import ChoiceScreen

    if point.platform is not Platform.UNKNOWN:
        return point.platform
    found = await screen.reading("find out the platform", lambda: manager.platform_of(point))
    if found is not None and found is not Platform.UNKNOWN:
        return found
    return await screen.app.push_screen_wait(ChoiceScreen(point.kind))


async def vms_of(manager: EnterpriseManager, point: RestorePoint) -> tuple[tuple[RestorePoint, ...], str]:
    """The VM points of a vApp point, and a sentence where they cannot be listed (contract 1.6)."""
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
    """The form of that platform, with the layout the settings prefer.

    Raises:
        WrongForm: there is no such restore on that platform.
    """
    from tui.restores.forms import form_for

    preferred = CloudLayout(layout) if layout in set(CloudLayout) else CloudLayout.SEED
    return form_for(point, platform, layout=preferred, vms_of_vapp=vms)
