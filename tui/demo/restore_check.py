"""Checks what a restore request asks for against the world (contract 5.1, 10)."""

from __future__ import annotations

import re

from tui.demo.ask import Ask, VmAsk
from tui.demo.options import Options
from tui.demo.refusal import Refused
from tui.demo.restore_body import Fields, Spec
from tui.demo.world import CLOUD, Root, World

_REFERENCE = re.compile(r"urn:vcloud:([a-z]+):([0-9a-f-]{36})\.(urn:vcloud:([a-z]+):[0-9a-f-]{36}|\S+)")
_TRUE, _FALSE = {"true", "1"}, {"false", "0"}
_KINDS = {
    "datastoreref": "datastore", "orgvdcstorageprofileref": "orgvdcstorageprofile",
    "linkedclonevmtemplateref": "", "vappref": "vapp", "orgvdcref": "orgvdc",
}  # fmt: skip


class Checker:
    """Turns a body that could be read into what it asks for."""

    def __init__(self, world: World, options: Options) -> None:
        self._world = world
        self._options = options
        self._knows_keep = not (options.ignores_keep_original or options.version <= 4)

    def vm(self, spec: Spec | None, root: Root, point_guid: str) -> Ask:
        """A restore of one VM.

        Raises:
            Refused: 400, the request does not fit the point or contradicts itself.
        """
        cloud = root.platform == CLOUD
        if spec is None:
            return Ask()
        if spec.layout == "vapp" or (spec.layout == "schema" and not cloud):
            raise Refused(400, "The specification does not fit the platform of the restore point.")
        if not cloud:
            return self._plain(spec)
        wanted = self._options.cloud_layout
        if wanted not in {"both", spec.layout}:
            raise Refused(400, f"Element {'vCloudVmRestoreSpec' if wanted == 'seed' else 'VmRestoreSpec'} "
                               "is not expected for VMware Cloud Director.")  # fmt: skip
        return self._cloud(spec, root, point_guid)

    def vapp(self, spec: Spec | None, root: Root, point_guids: dict[str, str]) -> Ask:
        """A restore of a whole vApp; `point_guids` are the VM points it may name.

        Raises:
            Refused: 400, the request does not fit the point.
        """
        if spec is None:
            return Ask(layout="vapp")
        if spec.layout != "vapp":
            raise Refused(400, "The restore point needs vCloudVAppRestoreSpec.")
        fields = spec.fields
        ask = Ask(layout="vapp", power_on=_boolean(fields, "PowerOnAfterRestore", self._strict))
        self._root(ask, fields, root)
        ask.org_vdc_ref = self._reference(fields, "OrgVdcRef", root, required=True)
        ask.new_name = _text(fields, "vAppNewName")
        for parameters in _parameters(fields):
            ask.vms.append(self._parameters(parameters, root, set(point_guids)))
        return ask

    @property
    def _strict(self) -> bool:
        return self._options.misordered == "reject"

    def _plain(self, spec: Spec) -> Ask:
        fields = spec.fields
        ask = Ask(layout="vm", power_on=_boolean(fields, "PowerOnAfterRestore", self._strict))
        ask.quick_rollback = _boolean(fields, "QuickRollback", self._strict)
        if self._knows_keep:
            ask.keep_original = _boolean(fields, "KeepOriginalVM", required=False)
        if ask.keep_original and ask.quick_rollback:
            raise Refused(400, "QuickRollback must be false if KeepOriginalVM is true.")
        return ask

    def _cloud(self, spec: Spec, root: Root, point_guid: str) -> Ask:
        fields = spec.fields
        ask = Ask(layout=spec.layout, power_on=_boolean(fields, "PowerOnAfterRestore", self._strict))
        self._root(ask, fields, root)
        ask.quick_rollback = _boolean(fields, "QuickRollback", required=False)
        if spec.layout == "schema":
            ask.vapp_ref = self._reference(fields, "vAppRef", root)
        parameters = _parameters(fields)
        if not parameters:
            raise Refused(500, "Object reference not set to an instance of an object.")
        ask.vms = [self._parameters(parameters[0], root, {point_guid})]
        return ask

    def _root(self, ask: Ask, fields: Fields, root: Root) -> None:
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
        ask.root_uid = given

    def _parameters(self, fields: Fields, root: Root, allowed: set[str]) -> VmAsk:
        uid = _text(fields, "VmRestorePointUid")
        if not uid:
            raise Refused(400, "VmRestorePointUid is required.")
        if _bare(uid, "VmRestorePoint") not in allowed:
            raise Refused(400, f"VmRestorePointUid '{uid}' does not belong to this restore point.")
        return VmAsk(
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
        kind = _KINDS[name.lower()]
        if kind and match[1] != kind:
            raise Refused(400, f"{name} '{given}' is not a reference to {kind}.")
        return given


def _bare(uid: str, kind: str) -> str:
    """The GUID of a UID; shipped clients send the bare one (contract 5.1)."""
    return uid.strip().lower().removeprefix(f"urn:veeam:{kind.lower()}:")


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name.lower(), "")
    return value if isinstance(value, str) else ""


def _boolean(fields: Fields, name: str, required: bool) -> bool:
    value = fields.get(name.lower())
    if value is None:
        if required:
            raise Refused(400, f"{name} is required.")
        return False
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in _TRUE | _FALSE:
        raise Refused(400, f"{name}: the string '{value}' is not a valid Boolean value.")
    return word in _TRUE


def _parameters(fields: Fields) -> list[Fields]:
    """`VmRestoreParameters` as in the examples, `VmsRestoreParameters` as in the tables (T13)."""
    for name in ("vmrestoreparameters", "vmsrestoreparameters"):
        value = fields.get(name)
        if isinstance(value, list):
            return value
    return []
