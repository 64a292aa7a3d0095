"""Reads the body of a restore request as strictly as the schema says, XML and JSON alike (WIRE 5.1, 10).

Accept, not Content-Type, decides whether it is read as XML or JSON (WIRE T4). What the schema does not
know is refused: a misspelt KeepOriginalVM must not become a restore over the original. So is an element
at the wrong place, as the order of XML counts (WIRE T11). With `--misordered ignore` such things are
ignored instead, as .NET's serializer does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union
from xml.etree import ElementTree

from tui.demo.messages import JSON, XML, Refused, Request
from tui.demo.options import Options

NAMESPACE = "{http://www.veeam.com/ent/v1.0}"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_SPACES = " \t\r\n"
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
_WRAPPERS = {"VmRestoreSpec": "vm", "vCloudVmRestoreSpec": "schema", "vCloudVAppRestoreSpec": "vapp"}
_FLAGS = {"PowerOnAfterRestore", "QuickRollback", "KeepOriginalVM"}
_WORDS = {"true": True, "1": True, "false": False, "0": False}
"""All that XML Schema calls a boolean."""
Fields = dict[str, Union[bool, str, "list[Fields]"]]


@dataclass(frozen=True, slots=True)
class Spec:
    """A body as read: which wrapper it had, and its fields by their XML names."""

    layout: str
    fields: Fields


def read(request: Request, options: Options, *, cloud: bool) -> Spec | None:
    """Read the body; None if there is none.

    Args:
        request: the request.
        options: which dialect the server speaks.
        cloud: whether the point is of Cloud Director, where `VmRestoreSpec` means the seed's layout.

    Raises:
        Refused: 400, it does not conform.
    """
    if not request.body:
        if options.empty_body == "reject":
            raise Refused(400, "Request body is empty.")
        return None
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in {XML, JSON} and not (content_type == "text/xml" and not request.wants_json):
        raise Refused(400, f"Content type '{content_type}' is not supported.")
    reader = _JsonReader(options) if request.wants_json else _XmlReader(options)
    return reader.read(request.body, cloud)


class _Reader:
    """What both formats refuse."""

    def __init__(self, options: Options) -> None:
        self._is_strict = options.misordered == "reject"
        self._knows_keep = options.knows_keep_original

    def read(self, body: bytes, cloud: bool) -> Spec:
        raise NotImplementedError

    def _layout(self, wrapper: str, cloud: bool) -> str:
        layout = _WRAPPERS.get(wrapper, "")
        if not layout:
            raise Refused(400, f"Node [{wrapper}] is not expected.")
        return "seed" if layout == "vm" and cloud else layout

    def _is_known(self, name: str, order: tuple[str, ...]) -> bool:
        """Whether a field is to be read; what an old server never knew it passes over.

        Raises:
            Refused: 400, it is not expected, and the server is strict.
        """
        if name == "KeepOriginalVM" and name in order and not self._knows_keep:
            return False
        if name not in order and self._is_strict:
            raise Refused(400, f"Node [{name}] is not expected; expected are: {', '.join(order)}.")
        return name in order


class _JsonReader(_Reader):
    def read(self, body: bytes, cloud: bool) -> Spec:
        try:
            root: object = json.loads(body, object_pairs_hook=_without_doubles)
        except (ValueError, RecursionError) as error:
            raise Refused(400, "Node [root] does not exist.") from error
        if not isinstance(root, dict) or len(root) != 1:
            raise Refused(400, "Request body must contain exactly one restore specification.")
        ((name, content),) = root.items()
        layout = self._layout(_xml_name(name), cloud)
        return Spec(layout, self._fields(name, content, ORDERS[layout]))

    def _fields(self, name: str, content: object, order: tuple[str, ...]) -> Fields:
        if not isinstance(content, dict):
            raise Refused(400, f"Node [{name}] is not an object.")
        members = {_xml_name(member): value for member, value in content.items()}
        if len(members) != len(content):
            raise Refused(400, f"Node [{name}] has a member in two spellings.")
        return {key: self._value(key, value) for key, value in members.items() if self._is_known(key, order)}

    def _value(self, name: str, value: object) -> bool | str | list[Fields]:
        if name == "VmRestoreParameters":
            return [self._fields(name, value, PARAMETERS)]
        if name == "VmsRestoreParameters":
            return [self._fields(name, item, PARAMETERS) for item in _vms(name, value)]
        if not isinstance(value, bool if name in _FLAGS else str):
            raise Refused(400, f"Error converting value of node [{name}].")
        return value


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _xml_name(name: str) -> str:
    """The XML name of a member: vApp names start with a capital V in JSON (WIRE T35)."""
    return f"v{name[1:]}" if name.startswith(("VApp", "VCloud")) else name


def _vms(name: str, value: object) -> list[object]:
    """The VMs of a vApp: an array, or `{"Vm": {...}}` (WIRE 10)."""
    if isinstance(value, dict) and set(value) == {"Vm"}:
        value = value["Vm"] if isinstance(value["Vm"], list) else [value["Vm"]]
    if not isinstance(value, list):
        raise Refused(400, f"Node [{name}] is not a list.")
    return value


class _XmlReader(_Reader):
    def read(self, body: bytes, cloud: bool) -> Spec:
        if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
            raise Refused(400, "For security reasons DTD is prohibited in this XML document.")
        try:
            root = ElementTree.fromstring(body)  # noqa: S314 - limited in size, and DTDs are refused above
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            raise Refused(400, f"Data at the root level is invalid. {error}") from error
        if root.tag != f"{NAMESPACE}RestoreSpec":
            raise Refused(400, f"<{_local(root.tag)} xmlns='{_space(root.tag)}'> was not expected.")
        self._check_inside(root)
        wrappers = list(root)
        if len(wrappers) != 1 or not wrappers[0].tag.startswith(NAMESPACE):
            raise Refused(400, "RestoreSpec must contain exactly one restore specification.")
        layout = self._layout(_local(wrappers[0].tag), cloud)
        return Spec(layout, self._fields(wrappers[0], ORDERS[layout]))

    def _fields(self, parent: ElementTree.Element, order: tuple[str, ...]) -> Fields:
        return {_local(child.tag): self._value(child) for child in self._in_order(parent, order)}

    def _in_order(self, parent: ElementTree.Element, order: tuple[str, ...]) -> Iterator[ElementTree.Element]:
        """The children at their places; a cursor that only moves forward, as the serializer's does."""
        self._check_inside(parent)
        place = 0
        for child in parent:
            name = _local(child.tag) if child.tag.startswith(NAMESPACE) else f"{child.tag} of no schema"
            if not self._is_known(name, order):
                continue
            if order.index(name) >= place:
                place = order.index(name) + 1
                yield child
            elif self._is_strict:
                expected = ", ".join(order)
                raise Refused(400, f"Element {name} is not at its place; expected order: {expected}.")

    def _value(self, element: ElementTree.Element) -> bool | str | list[Fields]:
        name, text = _local(element.tag), element.text or ""
        if name == "VmRestoreParameters":
            return [self._fields(element, PARAMETERS)]
        if name == "VmsRestoreParameters":
            return [self._fields(vm, PARAMETERS) for vm in self._in_list(element)]
        if len(element):
            raise Refused(400, f"Element {name} cannot contain elements.")
        self._check_attributes(element)
        if name not in _FLAGS:
            return text if name == "VmNewName" else text.strip(_SPACES)
        if text.strip(_SPACES) not in _WORDS:
            raise Refused(400, f"{name}: the string '{text}' is not a valid Boolean value.")
        return _WORDS[text.strip(_SPACES)]

    def _in_list(self, parent: ElementTree.Element) -> Iterator[ElementTree.Element]:
        self._check_inside(parent)
        for child in parent:
            if child.tag == f"{NAMESPACE}Vm":
                yield child
            elif self._is_strict:
                raise Refused(400, f"Element {child.tag} is not expected; expected are: Vm.")

    def _check_inside(self, parent: ElementTree.Element) -> None:
        """No attributes of its own, and no words between its elements."""
        self._check_attributes(parent)
        words = [parent.text or "", *(child.tail or "" for child in parent)]
        if self._is_strict and any(text.strip(_SPACES) for text in words):
            raise Refused(400, f"Element {_local(parent.tag)} cannot contain text.")

    def _check_attributes(self, element: ElementTree.Element) -> None:
        if element.get(f"{_XSI}nil", "false").strip(_SPACES) not in {"false", "0"}:
            raise Refused(400, f"Element {_local(element.tag)} cannot be nil.")
        strange = [name for name in element.attrib if not name.startswith(_XSI)]
        if strange and self._is_strict:
            raise Refused(400, f"Attribute {strange[0]} is not expected.")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _space(tag: str) -> str:
    return tag.rpartition("}")[0].removeprefix("{")
