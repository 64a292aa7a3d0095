"""Reads and checks the body of a restore request as strictly as the schema says (WIRE 5.1, 10).

Accept, not Content-Type, decides whether it is read as XML or JSON (WIRE T4). The order of XML elements
matters (WIRE T11): a misplaced one is refused, or silently ignored as .NET's serializer does, by
`--misordered`. Unknown elements are treated the same way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

from tui.demo.messages import JSON, XML, Refused, Request
from tui.demo.options import Options
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
    def overwrites(self) -> bool:
        """Whether the original is replaced: for Cloud Director, where no other name is given."""
        if self.layout in {"seed", "schema"}:
            return not (self.vms and self.vms[0].new_name)
        return not self.new_name if self.layout == "vapp" else not self.keep_original


NAMESPACE = "{http://www.veeam.com/ent/v1.0}"
ORDERS: dict[str, tuple[str, ...]] = {
    "vm": ("PowerOnAfterRestore", "QuickRollback", "KeepOriginalVM"),
    "seed": ("PowerOnAfterRestore", "HierarchyRootUid", "QuickRollback", "VmRestoreParameters"),
    "schema": ("PowerOnAfterRestore", "HierarchyRootUid", "vAppRef", "VmRestoreParameters"),
    "vapp": ("PowerOnAfterRestore", "HierarchyRootUid", "OrgVdcRef", "vAppNewName", "VmsRestoreParameters"),
}
PARAMETERS = (
    "VmRestorePointUid",
    "VmNewName",
    "DatastoreRef",
    "OrgVdcStorageProfileRef",
    "LinkedCloneVmTemplateRef",
)
_WRAPPERS = {
    "vmrestorespec": "vm", "vcloudvmrestorespec": "schema", "vcloudvapprestorespec": "vapp"
}  # fmt: skip
_LISTS = {"vmrestoreparameters", "vmsrestoreparameters"}
Fields = dict[str, "str | bool | list[Fields]"]


@dataclass(frozen=True, slots=True)
class Spec:
    """A body as read: which wrapper it had, and its fields with names in lower case."""

    layout: str
    fields: Fields


def read(request: Request, options: Options, *, cloud: bool) -> Spec | None:
    """Read the body; None if there is none.

    Args:
        request: the request.
        options: which dialect the server speaks.
        cloud: whether the point is of Cloud Director, where `VmRestoreSpec` means the seed's layout.

    Raises:
        Refused: 400, it does not conform; 500, a needed node is missing.
    """
    if not request.body:
        if options.empty_body == "reject":
            raise Refused(400, "Request body is empty.")
        return None
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in {XML, JSON} and not (content_type == "text/xml" and not request.wants_json):
        raise Refused(400, f"Content type '{content_type}' is not supported.")
    return _from_json(request.body, cloud) if request.wants_json else _from_xml(request.body, options, cloud)


def _from_json(body: bytes, cloud: bool) -> Spec:
    try:
        root: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "Node [root] does not exist.") from error
    if not isinstance(root, dict) or len(root) != 1:
        raise Refused(400, "Request body must contain exactly one restore specification.")
    ((name, content),) = root.items()
    layout = _layout(str(name), cloud)
    if not isinstance(content, dict):
        raise Refused(400, f"Node [{name}] is not an object.")
    return Spec(layout, _json_fields(content))


def _json_fields(content: dict[object, object]) -> Fields:
    found: Fields = {}
    for name, value in content.items():
        key = str(name).lower()
        if key in _LISTS:
            found[key] = list(_json_parameters(value))
        elif isinstance(value, bool):
            found[key] = value
        elif value is not None:
            if not isinstance(value, str):
                raise Refused(400, f"Error converting value of {name}.")
            found[key] = value
    return found


def _json_parameters(value: object) -> Iterator[Fields]:
    """An object, an array, or `{"Vm": {...}}` (WIRE 10)."""
    if isinstance(value, dict):
        inner = next((item for key, item in value.items() if str(key).lower() in {"vm", "vms"}), None)
        if inner is not None:
            yield from _json_parameters(inner)
        else:
            yield _json_fields(value)
    elif isinstance(value, list):
        for item in value:
            yield from _json_parameters(item)


def _layout(wrapper: str, cloud: bool) -> str:
    layout = _WRAPPERS.get(wrapper.lower(), "")
    if not layout:
        raise Refused(400, f"Node [{wrapper}] is not expected.")
    return "seed" if layout == "vm" and cloud else layout


def _from_xml(body: bytes, options: Options, cloud: bool) -> Spec:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Refused(400, "For security reasons DTD is prohibited in this XML document.")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - limited in size, and DTDs are refused above
    except ElementTree.ParseError as error:
        raise Refused(400, f"Data at the root level is invalid. {error}") from error
    if root.tag != f"{NAMESPACE}RestoreSpec":
        raise Refused(400, f"<{_local(root.tag)} xmlns='{_space(root.tag)}'> was not expected.")
    wrappers = list(root)
    if len(wrappers) != 1 or not wrappers[0].tag.startswith(NAMESPACE):
        raise Refused(400, "RestoreSpec must contain exactly one restore specification.")
    name = _local(wrappers[0].tag)
    if name not in {"VmRestoreSpec", "vCloudVmRestoreSpec", "vCloudVAppRestoreSpec"}:
        raise Refused(400, f"Element {name} is not expected.")
    layout = _layout(name, cloud)
    return Spec(layout, _xml_fields(wrappers[0], ORDERS[layout], options))


def _xml_fields(parent: ElementTree.Element, order: tuple[str, ...], options: Options) -> Fields:
    found: Fields = {}
    for child in _in_order(parent, order, options):
        name = _local(child.tag)
        if name == "VmsRestoreParameters":
            found[name.lower()] = [_xml_fields(vm, PARAMETERS, options) for vm in child]
        elif name == "VmRestoreParameters":
            found[name.lower()] = [_xml_fields(child, PARAMETERS, options)]
        else:
            found[name.lower()] = (child.text or "").strip() if name != "VmNewName" else child.text or ""
    return found


def _in_order(
    parent: ElementTree.Element, order: tuple[str, ...], options: Options
) -> Iterator[ElementTree.Element]:
    """The children at their places; a cursor that only moves forward, as the serializer's does."""
    place = 0
    unknown_here = options.ignores_keep_original or options.version <= 4
    for child in parent:
        name = _local(child.tag)
        if name == "KeepOriginalVM" and unknown_here:
            continue
        known = name in order and child.tag.startswith(NAMESPACE)
        if known and order.index(name) >= place:
            place = order.index(name) + 1
            yield child
        elif options.misordered == "reject":
            problem = "is not at its place" if known else "is not expected"
            raise Refused(400, f"Element {name} {problem}; expected order: {', '.join(order)}.")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _space(tag: str) -> str:
    return tag.rpartition("}")[0].removeprefix("{")


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
        if self._knows_keep:
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
        kind = _KINDS[name.lower()]
        if kind and match[1] != kind:
            raise Refused(400, f"{name} '{given}' is not a reference to {kind}.")
        return given


def _bare(uid: str, kind: str) -> str:
    """The GUID of a UID; shipped clients send the bare one (WIRE 5.1)."""
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
    """`VmRestoreParameters` as in the examples, `VmsRestoreParameters` as in the tables (WIRE T13)."""
    for name in ("vmrestoreparameters", "vmsrestoreparameters"):
        value = fields.get(name)
        if isinstance(value, list):
            return value
    return []
