"""Restore points, in the compact form of which a hundred thousand live in memory at once."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from tui.api.errors import BadReference
from tui.api.models.refs import ObjectRef, id_of
from tui.api.models.words import Platform, PointKind

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for "not said" in `RestorePoint.created`, so that points sort without a special case."""


class RestorePoint(msgspec.Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """One restore point of one VM or vApp (WIRE 4, 10).

    A msgspec struct, not a dataclass: a hundred thousand of them are made in a second, and go from one
    process to another, as arrays, for names of members would take more than what they hold.
    """

    uid: str
    vm_name: str
    """Name of the VM (or vApp) as displayed, as sent."""
    created: datetime
    """When it was made; `NO_TIME` where the server did not say."""
    kind: PointKind = PointKind.VM
    name: str = ""
    """The point's own name, `<vm>@<time>`; never parsed."""
    point_type: str = ""
    algorithm: str = ""
    object_ref: str = ""
    """HierarchyObjRef of the original VM, empty where the server did not send it."""
    platform: Platform = Platform.UNKNOWN
    server_uid: str = ""
    """UID of the backup server, from the `Up` link."""
    server_name: str = ""
    restore_point_id: str = ""
    """Id of the RestorePoint this belongs to, from the `Up` link; leads to the backup and its platform."""
    restore_href: str = ""
    """Path and query of the Restore link; empty means the server does not offer restoring it.

    `{id}` stands for the point's own id, so that all points share one string.
    """

    @property
    def id(self) -> str:
        """The bare id, for URLs."""
        return id_of(self.uid)

    @property
    def restore_path(self) -> str:
        """`restore_href` with the point's id filled in."""
        return self.restore_href.replace("{id}", self.id)

    @property
    def root_id(self) -> str:
        """GUID of the hierarchy root the VM lives under, empty if unknown."""
        try:
            return ObjectRef.parse(self.object_ref).root_id
        except BadReference:
            return ""
