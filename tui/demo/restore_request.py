"""What a restore request asks for, once its body fits the restore point (WIRE 5.1, 10)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tui.demo.messages import Refused
from tui.demo.options import Options
from tui.demo.restore_body import Fields, Spec
from tui.demo.world import CLOUD, Root, World


@dataclass(slots=True, kw_only=True)
class VmParameters:
    """Parameters of one VM in a Cloud Director restore."""

    point_uid: str = ""
    new_name: str = ""
    datastore_ref: str = ""
    storage_profile_ref: str = ""
    template_ref: str = ""


@dataclass(slots=True, kw_only=True)
class RestoreRequest:
    """What was asked for; what the request left out is as the server takes it."""

    power_on: bool = False
    quick_rollback: bool = False
    keep_original: bool = False
    root_uid: str = ""
    vapp_ref: str = ""
    org_vdc_ref: str = ""
    new_name: str = ""
    vms: list[VmParameters] = field(default_factory=list)
    layout: str = ""
    """empty, vm, seed, schema or vapp: which wrapper the body had."""

    @property
    def asked_name(self) -> str:
        """The name it gives the restored VM or vApp; empty where it gives none."""
        return self.new_name or (self.vms[0].new_name if self.vms else "")

    @property
    def overwrites(self) -> bool:
        """Whether the original is replaced: for Cloud Director, where no other name is given."""
        if self.layout in {"seed", "schema"}:
            return not (self.vms and self.vms[0].new_name)
        return not self.new_name if self.layout == "vapp" else not self.keep_original


_REFERENCE = re.compile(r"urn:vcloud:([a-z]+):([0-9a-f-]{36})\.(urn:vcloud:([a-z]+):[0-9a-f-]{36}|\S+)")
_KINDS = {
    "DatastoreRef": "datastore", "OrgVdcStorageProfileRef": "orgvdcstorageprofile",
    "LinkedCloneVmTemplateRef": "", "vAppRef": "vapp", "OrgVdcRef": "orgvdc",
}  # fmt: skip


class Checker:
    """Turns a body that could be read into what it asks for."""

    def __init__(self, world: World, options: Options) -> None:
        self._world = world
        self._options = options

    def vm(self, spec: Spec | None, root: Root, point_guid: str) -> RestoreRequest:
        """A restore of one VM.

        Raises:
            Refused: 400, the request does not fit the point or contradicts itself.
        """
        cloud = root.platform == CLOUD
        if spec is None:
            return RestoreRequest()
        if spec.layout == "vapp" or (spec.layout == "schema" and not cloud):
            raise Refused(400, "The specification does not fit the platform of the restore point.")
        if not cloud:
            return self._plain(spec)
        wanted = self._options.cloud_layout
        if wanted not in {"both", spec.layout}:
            raise Refused(400, f"Element {'vCloudVmRestoreSpec' if wanted == 'seed' else 'VmRestoreSpec'} "
                               "is not expected for VMware Cloud Director.")  # fmt: skip
        return self._cloud(spec, root, point_guid)

    def vapp(self, spec: Spec | None, root: Root, point_guids: dict[str, str]) -> RestoreRequest:
        """A restore of a whole vApp; `point_guids` are the VM points it may name.

        Raises:
            Refused: 400, the request does not fit the point.
        """
        if spec is None:
            return RestoreRequest(layout="vapp")
        if spec.layout != "vapp":
            raise Refused(400, "The restore point needs vCloudVAppRestoreSpec.")
        fields = spec.fields
        requested = RestoreRequest(
            layout="vapp", power_on=_boolean(fields, "PowerOnAfterRestore", self._strict)
        )
        self._root(requested, fields, root)
        requested.org_vdc_ref = self._reference(fields, "OrgVdcRef", root, required=True)
        requested.new_name = _text(fields, "vAppNewName")
        for parameters in _parameters(fields):
            requested.vms.append(self._parameters(parameters, root, set(point_guids)))
        return requested

    @property
    def _strict(self) -> bool:
        return self._options.misordered == "reject"

    def _plain(self, spec: Spec) -> RestoreRequest:
        fields = spec.fields
        requested = RestoreRequest(
            layout="vm", power_on=_boolean(fields, "PowerOnAfterRestore", self._strict)
        )
        requested.quick_rollback = _boolean(fields, "QuickRollback", self._strict)
        requested.keep_original = _boolean(fields, "KeepOriginalVM", required=False)
        if requested.keep_original and requested.quick_rollback:
            raise Refused(400, "QuickRollback must be false if KeepOriginalVM is true.")
        return requested

    def _cloud(self, spec: Spec, root: Root, point_guid: str) -> RestoreRequest:
        fields = spec.fields
        requested = RestoreRequest(
            layout=spec.layout, power_on=_boolean(fields, "PowerOnAfterRestore", self._strict)
        )
        self._root(requested, fields, root)
        requested.quick_rollback = _boolean(fields, "QuickRollback", required=False)
        if spec.layout == "schema":
            requested.vapp_ref = self._reference(fields, "vAppRef", root)
        parameters = _parameters(fields)
        if not parameters:
            raise Refused(500, "Object reference not set to an instance of an object.")
        requested.vms = [self._parameters(parameters[0], root, {point_guid})]
        return requested

    def _root(self, requested: RestoreRequest, fields: Fields, root: Root) -> None:
        given = _text(fields, "HierarchyRootUid")
        if not given:
            raise Refused(400, "HierarchyRootUid is required.")
        target = self._world.root_by_guid(_bare(given, "HierarchyRoot"))
        if target is None:
            raise Refused(400, f"Hierarchy root '{given}' does not exist.")
        if target.platform != CLOUD or target.server is not root.server:
            raise Refused(
                400, f"Hierarchy root '{given}' is not a Cloud Director server of this backup server."
            )
        requested.root_uid = given

    def _parameters(self, fields: Fields, root: Root, allowed: set[str]) -> VmParameters:
        uid = _text(fields, "VmRestorePointUid")
        if not uid:
            raise Refused(400, "VmRestorePointUid is required.")
        if _bare(uid, "VmRestorePoint") not in allowed:
            raise Refused(400, f"VmRestorePointUid '{uid}' does not belong to this restore point.")
        return VmParameters(
            point_uid=uid,
            new_name=_text(fields, "VmNewName"),
            datastore_ref=self._reference(fields, "DatastoreRef", root),
            storage_profile_ref=self._reference(fields, "OrgVdcStorageProfileRef", root),
            template_ref=self._reference(fields, "LinkedCloneVmTemplateRef", root),
        )

    def _reference(self, fields: Fields, name: str, root: Root, *, required: bool = False) -> str:
        given = _text(fields, name)
        if not given:
            if required:
                raise Refused(400, f"{name} is required.")
            return ""
        match = _REFERENCE.fullmatch(given.lower())
        if match is None:
            raise Refused(400, f"{name} '{given}' is not a valid hierarchy object reference.")
        if match[2] != root.guid:
            raise Refused(400, f"{name} '{given}' belongs to another hierarchy root.")
        kind = _KINDS[name]
        if kind and match[1] != kind:
            raise Refused(400, f"{name} '{given}' is not a reference to {kind}.")
        return given


def _bare(uid: str, kind: str) -> str:
    """The GUID of a UID; shipped clients send the bare one (WIRE 5.1)."""
    return uid.strip().lower().removeprefix(f"urn:veeam:{kind.lower()}:")


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""


def _boolean(fields: Fields, name: str, required: bool) -> bool:
    if required and name not in fields:
        raise Refused(400, f"{name} is required.")
    return fields.get(name) is True


def _parameters(fields: Fields) -> list[Fields]:
    """`VmRestoreParameters` of a VM, `VmsRestoreParameters` of a vApp."""
    for name in ("VmRestoreParameters", "VmsRestoreParameters"):
        value = fields.get(name)
        if isinstance(value, list):
            return value
    return []
