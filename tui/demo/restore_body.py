"""Reads the body of a restore request as strictly as the schema says (contract 5.1, 10).

Accept, not Content-Type, decides whether it is read as XML or JSON (T4). The order of XML elements
matters (T11): a misplaced one is refused, or silently ignored as .NET's serializer does, by
`--misordered`. Unknown elements are treated the same way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from tui.demo.messages import JSON, XML, Request
from tui.demo.options import Options
from tui.demo.refusal import Refused

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
    """An object, an array, or `{"Vm": {...}}` (contract 10)."""
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
