"""A form for a restore of an earlier run: the point is read anew, the fields start with the safe values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.api.models import PointKind
from tui.screens.filled import Filled

if TYPE_CHECKING:
    from tui.api.client import EnterpriseManager
    from tui.restores.restore import Restore


async def refill(manager: EnterpriseManager, restore: Restore) -> Filled:
    """The point of a restore, in a form as it is at first.

    Raises:
        ManagerError: the point cannot be read; NotFound where it is gone.
    """
    read = manager.vapp_restore_point if restore.kind is PointKind.VAPP else manager.vm_restore_point
    point = await read(restore.point_uid.rpartition(":")[2])
    return Filled(point=point, platform=restore.platform, reason=restore.reason)
