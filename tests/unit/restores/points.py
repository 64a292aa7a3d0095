"""Restore points, one per platform, for the tests of the decisions."""

from __future__ import annotations

from datetime import UTC, datetime

from tui.api.models import Platform, PointKind, RestorePoint

NOW = datetime(2026, 11, 23, 3, 4, 5, tzinfo=UTC)
ROOT = "7a10c3d4-0000-4000-8000-0000000000f1"
OTHER_ROOT = "7a10c3d4-0000-4000-8000-0000000000ff"
SERVER = "urn:veeam:BackupServer:5d2c7f10-0001-4a00-8000-00000000bb01"
_CREATED = datetime(2026, 11, 22, 22, 0, 0, tzinfo=UTC)
_REFS = {
    Platform.VSPHERE: f"urn:VMware:Vm:{ROOT}.vm-12",
    Platform.HYPERV: f"urn:HyperV:Vm:{ROOT}.5d2c7f10-0001-4a00-8000-0000000000aa",
    Platform.CLOUD_DIRECTOR: f"urn:vCloud:Vm:{ROOT}.urn:vcloud:vm:{OTHER_ROOT}",
}


def point(
    platform: Platform = Platform.VSPHERE,
    *,
    name: str = "app07",
    number: int = 1,
    created: datetime = _CREATED,
    kind: PointKind = PointKind.VM,
) -> RestorePoint:
    id_ = f"5d2c7f10-0001-4a00-8000-{number:012x}"
    return RestorePoint(
        uid=f"urn:veeam:{kind}:{id_}",
        vm_name=name,
        created=created,
        kind=kind,
        object_ref=_REFS.get(platform, ""),
        platform=platform,
        server_uid=SERVER,
        server_name="vbr.lab.example",
        restore_href=f"/api/{kind.collection}/{id_}?action=restore",
    )


def vapp(name: str = "shop") -> RestorePoint:
    return point(Platform.CLOUD_DIRECTOR, name=name, number=9, kind=PointKind.VAPP)
