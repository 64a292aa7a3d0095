"""What Enterprise Manager speaks about, as typed and frozen values.

Names are kept exactly as the server sent them; `tui.sanitize` makes them safe where they are shown.
All times are aware and in UTC. A model never holds a raw dict; building one from a decoded reply is
the codec's work.

`RestorePoint` alone is imported at first use: it brings msgspec, which the first screen does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.api.models.enums import (
    Algorithm,
    OpenEnum,
    Platform,
    PointKind,
    PointType,
    SessionResult,
    SessionState,
    TaskState,
)
from tui.api.models.references import ObjectRef, id_of, is_same_path, uid_of
from tui.api.models.resources import (
    BackupServer,
    HierarchyItem,
    HierarchyRoot,
    Items,
    Page,
    ReferenceNames,
    RestoreSession,
    Task,
    WireFormat,
)
from tui.api.models.restore_spec import (
    CloudLayout,
    CloudVmRestoreSpec,
    RestoreSpec,
    VAppRestoreSpec,
    VAppVmParameters,
    VmRestoreSpec,
    has_invisible,
)
from tui.api.models.server import (
    DEFAULT_PORT,
    ApiRoot,
    Certificate,
    LogonSession,
    ServerAddress,
    version_key,
)

if TYPE_CHECKING:
    from tui.api.models.resources import RestorePoint

__all__ = [
    "DEFAULT_PORT",
    "Algorithm",
    "ApiRoot",
    "BackupServer",
    "Certificate",
    "CloudLayout",
    "CloudVmRestoreSpec",
    "HierarchyItem",
    "HierarchyRoot",
    "Items",
    "LogonSession",
    "ObjectRef",
    "OpenEnum",
    "Page",
    "Platform",
    "PointKind",
    "PointType",
    "ReferenceNames",
    "RestorePoint",
    "RestoreSession",
    "RestoreSpec",
    "ServerAddress",
    "SessionResult",
    "SessionState",
    "Task",
    "TaskState",
    "VAppRestoreSpec",
    "VAppVmParameters",
    "VmRestoreSpec",
    "WireFormat",
    "has_invisible",
    "id_of",
    "is_same_path",
    "uid_of",
    "version_key",
]


def __getattr__(name: str) -> type[RestorePoint]:
    if name != "RestorePoint":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tui.api.models.resources import RestorePoint

    globals()[name] = RestorePoint
    return RestorePoint
