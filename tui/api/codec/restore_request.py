"""The exact request of a restore: pure, so that it can be shown before it is sent (WIRE 5.1, 10)."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from tui.api.models import (
    CloudLayout,
    CloudVmRestoreSpec,
    PointKind,
    RestoreSpec,
    VAppRestoreSpec,
    VAppVmParameters,
    VmRestoreSpec,
    WireFormat,
)
from tui.api.query import encoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.api.models import RestorePoint

Fields = dict[str, "str | bool | Fields | list[Fields]"]
"""Elements in the order the server wants them; order is stated to matter (WIRE T11)."""

COLLECTIONS = MappingProxyType({PointKind.VM: "vmRestorePoints", PointKind.VAPP: "vAppRestorePoints"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRequest:
    """One POST as it will go out; the token is added when it is sent."""

    method: str
    path: str
    """Path and query."""
    headers: Mapping[str, str]
    body: bytes
    wire: WireFormat

    def pretty(self) -> str:
        """The request for people to read, its body exactly as sent."""
        lines = [f"{self.method} {self.path}", *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\n".join([*lines, "X-RestSvcSessionId: (this logon session)", "", self.body.decode()])


def restore_path(point: RestorePoint) -> str:
    """Path and query of the restore action: the point's own link, else as documented."""
    return point.restore_path or f"/api/{COLLECTIONS[point.kind]}/{encoded(point.id)}?action=restore"


def xml_fields(spec: RestoreSpec) -> Fields:
    """The body's elements below `RestoreSpec`, as the XML examples write them."""
    if isinstance(spec, VmRestoreSpec):
        return {"VmRestoreSpec": _vm(spec)}
    if isinstance(spec, VAppRestoreSpec):
        vms: list[Fields] = [_vm_parameters(vm) for vm in spec.vms]
        return {"vCloudVAppRestoreSpec": _vapp(spec, "vAppNewName", {"Vm": vms} if vms else {})}
    return _cloud(spec)


def json_fields(spec: RestoreSpec) -> Fields:
    """The same as the JSON examples write it: no RestoreSpec root, vApp keys with a capital V (WIRE T35)."""
    if isinstance(spec, VmRestoreSpec):
        return {"VmRestoreSpec": _vm(spec)}
    if isinstance(spec, VAppRestoreSpec):
        return {"VCloudVAppRestoreSpec": _vapp(spec, "VAppNewName", [_vm_parameters(vm) for vm in spec.vms])}
    return _cloud(spec)


def _vm(spec: VmRestoreSpec) -> Fields:
    return {
        "PowerOnAfterRestore": spec.power_on,
        "QuickRollback": spec.quick_rollback,
        "KeepOriginalVM": spec.keep_original,
    }


def _cloud(spec: CloudVmRestoreSpec) -> Fields:
    start: Fields = {"PowerOnAfterRestore": spec.power_on, "HierarchyRootUid": spec.hierarchy_root_uid}
    parameters = _vm_parameters(
        VAppVmParameters(
            point_uid=spec.point_uid,
            new_name=spec.new_name,
            datastore_ref=spec.datastore_ref,
            storage_profile_ref=spec.storage_profile_ref,
            template_ref=spec.template_ref,
        )
    )
    if spec.layout is CloudLayout.SEED:
        # The seed's example sends the template even when there is none.
        parameters["LinkedCloneVmTemplateRef"] = spec.template_ref
        return {"VmRestoreSpec": {**start, "QuickRollback": False, "VmRestoreParameters": parameters}}
    vapp: Fields = {"vAppRef": spec.vapp_ref} if spec.vapp_ref else {}
    return {"vCloudVmRestoreSpec": {**start, **vapp, "VmRestoreParameters": parameters}}


def _vapp(spec: VAppRestoreSpec, name_key: str, vms: Fields | list[Fields]) -> Fields:
    fields: Fields = {
        "PowerOnAfterRestore": spec.power_on,
        "HierarchyRootUid": spec.hierarchy_root_uid,
        "OrgVdcRef": spec.org_vdc_ref,
    }
    if spec.new_name:
        fields[name_key] = spec.new_name
    if vms:
        fields["VmsRestoreParameters"] = vms
    return fields


def _vm_parameters(vm: VAppVmParameters) -> Fields:
    optional = {
        "VmNewName": vm.new_name,
        "DatastoreRef": vm.datastore_ref,
        "OrgVdcStorageProfileRef": vm.storage_profile_ref,
        "LinkedCloneVmTemplateRef": vm.template_ref,
    }
    return {"VmRestorePointUid": vm.point_uid, **{key: value for key, value in optional.items() if value}}
