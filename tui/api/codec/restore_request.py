"""The exact request of a restore: pure, so that it can be shown before it is sent (WIRE 5.1, 10).

What the API's tables forbid is refused here, whoever asks for it: a script fills in no form.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from tui.api.errors import BadReference, ForeignLink, InvalidRestoreSpec
from tui.api.models import (
    CloudLayout,
    CloudVmRestoreSpec,
    ObjectRef,
    Platform,
    PointKind,
    RestoreSpec,
    VAppRestoreSpec,
    VAppVmParameters,
    VmRestoreSpec,
    WireFormat,
    has_invisible,
    id_of,
    is_same_path,
    uid_of,
)

if TYPE_CHECKING:
    from tui.api.models import RestorePoint

Fields = dict[str, "str | bool | Fields | list[Fields]"]
"""Elements in the order the server wants them; order is stated to matter (WIRE T11)."""

_PLAIN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")
_RESTORE_PATH = re.compile(rf"/api/v(?:m|App)RestorePoints/{_PLAIN_ID.pattern}\?action=restore")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRequest:
    """One POST as it will go out, which restores one point; the token is added when it is sent.

    Raises:
        InvalidRestoreSpec: it is another request, or does not say how: that would overwrite (WIRE T14).
    """

    method: str
    path: str
    """Path and query."""
    headers: Mapping[str, str]
    body: bytes
    wire: WireFormat

    def __post_init__(self) -> None:
        if self.method != "POST" or not _RESTORE_PATH.fullmatch(self.path) or not self.body.strip():
            raise InvalidRestoreSpec(f"This is no restore: {self.method} {self.path[:200]!r}.")

    def pretty(self) -> str:
        """Return the request for people to read, its body exactly as sent."""
        lines = [f"{self.method} {self.path}", *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\n".join([*lines, "X-RestSvcSessionId: (this logon session)", "", self.body.decode()])

    def curl(self, server: str) -> str:
        """Return the request as a command for a shell.

        Args:
            server: `host:port`; the token is taken from the variable `TOKEN`.
        """
        headers = (f"--header {shlex.quote(f'{name}: {value}')}" for name, value in self.headers.items())
        lines = [
            f"curl --fail --request {self.method} {shlex.quote(f'https://{server}{self.path}')}",
            '--header "X-RestSvcSessionId: $TOKEN"',
            *headers,
            f"--data-binary {shlex.quote(self.body.decode())}",
        ]
        return " \\\n  ".join(lines)


def write_path(collection: str, own_id: str, *, action: str = "", link: str = "") -> str:
    """Return path and query of a write, made of the thing's own id; a link only confirms it (WIRE T39).

    Args:
        collection: the segment behind `/api/`.
        own_id: of what is changed, without the URN around it.
        action: what is done to it; empty for DELETE.
        link: path and query the server sent for this write; empty where it sent none.

    Raises:
        ForeignLink: the id is more than an id, or the link leads to something else.
    """
    if not _PLAIN_ID.fullmatch(own_id):
        raise ForeignLink(f"The id {own_id[:80]!r} cannot be part of an address.")
    path = f"/api/{collection}/{own_id}" + (f"?action={action}" if action else "")
    if link and not is_same_path(link, path):
        raise ForeignLink(f"The server links {link[:200]!r}, and its own address is {path!r}.")
    return path


def restore_path(point: RestorePoint) -> str:
    """Return path and query of restoring a point, whether or not the server links it (WIRE 4.3).

    Raises:
        ForeignLink: the UID holds no plain id, or the Restore link is that of something else.
    """
    return write_path(point.kind.collection, point.id, action="restore", link=point.restore_path)


# The rules of the API (WIRE 5.1, 8.3, 10)


def check_restore(point: RestorePoint, spec: RestoreSpec) -> None:
    """Check a restore against the rules of the API.

    Raises:
        InvalidRestoreSpec: it breaks one of them.
    """
    if not isinstance(spec, RestoreSpec):
        raise InvalidRestoreSpec(f"This is no restore: {type(spec).__name__}.")
    _check_fields(spec)
    is_vapp = point.kind is PointKind.VAPP
    if is_vapp is not isinstance(spec, VAppRestoreSpec):
        raise InvalidRestoreSpec(
            "A vApp is restored as a whole." if is_vapp else "A VM is not restored as a vApp."
        )
    if isinstance(spec, VmRestoreSpec):
        _check_vm(point, spec)
    elif point.platform not in (Platform.CLOUD_DIRECTOR, Platform.UNKNOWN):
        raise InvalidRestoreSpec(f"A request for Cloud Director restores no VM of {point.platform.label}.")
    elif isinstance(spec, CloudVmRestoreSpec):
        _check_cloud_vm(point, spec)
    else:
        _check_vapp(spec)


def _check_fields(spec: RestoreSpec | VAppVmParameters) -> None:
    """Check each field by itself, as a form would: scripts pass what no form has."""
    for field in fields(spec):
        value = getattr(spec, field.name)
        if field.type == "bool" and not isinstance(value, bool):
            raise InvalidRestoreSpec(f"{field.name} must be True or False, not {value!r}.")
        if field.type == "CloudLayout" and not isinstance(value, CloudLayout):
            raise InvalidRestoreSpec(f"{field.name} must be a CloudLayout, not {value!r}.")
        if field.type == "str":
            _check_text(field.name, value)
    for vm in spec.vms if isinstance(spec, VAppRestoreSpec) else ():
        _check_fields(vm)


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str) or value != value.strip():
        raise InvalidRestoreSpec(f"{name} must be text without blanks around it, not {value!r}.")
    if has_invisible(value):
        raise InvalidRestoreSpec(f"{name} contains invisible characters: {value!r}.")


def _check_vm(point: RestorePoint, spec: VmRestoreSpec) -> None:
    if point.platform is Platform.CLOUD_DIRECTOR:
        raise InvalidRestoreSpec("A VM of Cloud Director needs a request for Cloud Director.")
    if spec.keep_original and spec.quick_rollback:
        raise InvalidRestoreSpec("KeepOriginalVM and QuickRollback exclude each other.")


def _check_cloud_vm(point: RestorePoint, spec: CloudVmRestoreSpec) -> None:
    if spec.point_uid != point.uid:
        raise InvalidRestoreSpec(f"VmRestoreParameters name another restore point: {spec.point_uid}.")
    if spec.vapp_ref and spec.layout is not CloudLayout.SCHEMA:
        raise InvalidRestoreSpec("Only the layout of the schema has a vAppRef.")
    _check_references(spec.hierarchy_root_uid, (("Vapp", spec.vapp_ref), *_placements(spec)))


def _check_vapp(spec: VAppRestoreSpec) -> None:
    points = [vm.point_uid for vm in spec.vms]
    if not all(points):
        raise InvalidRestoreSpec("VmsRestoreParameters need a restore point each.")
    if len(set(points)) < len(points):
        raise InvalidRestoreSpec("VmsRestoreParameters name a restore point twice.")
    names = [vm.new_name.casefold() for vm in spec.vms if vm.new_name]
    if len(set(names)) < len(names):
        raise InvalidRestoreSpec("VmsRestoreParameters give two VMs one name.")
    if not spec.org_vdc_ref:
        raise InvalidRestoreSpec("A vApp needs an OrgVdcRef.")
    placements = (placement for vm in spec.vms for placement in _placements(vm))
    _check_references(spec.hierarchy_root_uid, (("OrgVdc", spec.org_vdc_ref), *placements))


def _placements(vm: CloudVmRestoreSpec | VAppVmParameters) -> Iterator[tuple[str, str]]:
    yield "Datastore", vm.datastore_ref
    yield "OrgVdcStorageProfile", vm.storage_profile_ref
    yield "VmTemplate", vm.template_ref


def _check_references(root_uid: str, references: tuple[tuple[str, str], ...]) -> None:
    """Check the hierarchy root, and references by the type each has to be of; empty ones are not sent."""
    try:
        if uid_of("HierarchyRoot", root_uid) != root_uid:
            raise InvalidRestoreSpec(f"HierarchyRootUid is no UID: {root_uid}.")
        root_id = id_of(root_uid)
        for object_type, text in references:
            if text:
                _check_reference(ObjectRef.parse(text), object_type, root_id)
    except BadReference as error:
        raise InvalidRestoreSpec(error.detail) from error


def _check_reference(reference: ObjectRef, object_type: str, root_id: str) -> None:
    if reference.platform is not Platform.CLOUD_DIRECTOR:
        raise InvalidRestoreSpec(f"This reference is of no Cloud Director: {reference}.")
    if reference.object_type.lower() != object_type.lower():
        raise InvalidRestoreSpec(f"This is no reference to a {object_type}: {reference}.")
    if reference.root_id.lower() != root_id.lower():
        raise InvalidRestoreSpec(f"This reference belongs to another hierarchy root: {reference}.")


# The bodies


def xml_fields(spec: RestoreSpec) -> Fields:
    """Return the body's elements below `RestoreSpec`, as the XML examples write them."""
    if isinstance(spec, VmRestoreSpec):
        return {"VmRestoreSpec": _vm(spec)}
    if isinstance(spec, VAppRestoreSpec):
        vms: list[Fields] = [_vm_parameters(vm) for vm in spec.vms]
        return {"vCloudVAppRestoreSpec": _vapp(spec, "vAppNewName", {"Vm": vms} if vms else {})}
    return _cloud(spec)


def json_fields(spec: RestoreSpec) -> Fields:
    """Return the same as the JSON examples write it: no RestoreSpec, vApp keys with capital V (WIRE T35)."""
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
