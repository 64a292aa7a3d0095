"""Where things are: hierarchy roots, objects below them, backup servers (WIRE 8, 11a)."""

from __future__ import annotations

from dataclasses import dataclass

from tui.api.models.refs import id_of


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchyRoot:
    """A virtualisation host as one backup server knows it (WIRE 8.1)."""

    uid: str
    name: str
    host_type: str = ""
    unique_id: str = ""
    server_uid: str = ""
    server_name: str = ""

    @property
    def id(self) -> str:
        """The bare id."""
        return id_of(self.uid)


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchyItem:
    """One object found by the lookup service (WIRE 8.2)."""

    ref: str
    object_type: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupServer:
    """A backup server Enterprise Manager collects from (WIRE 11a)."""

    uid: str
    name: str
    description: str = ""
    port: int | None = None
    version: str = ""
    collect_href: str = ""
