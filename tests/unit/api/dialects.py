"""The same reply in every dialect servers speak, written by hand from WIRE 2.2 and 2.3.

A resource is a plain dict with PascalCase keys: strings, numbers, booleans, `Links` as a list of dicts,
other dicts as inner objects. `ATTRIBUTES` says which keys are attributes in XML.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape, quoteattr

ATTRIBUTES = {
    "Href",
    "Type",
    "Name",
    "UID",
    "Rel",
    "VmDisplayName",
    "VAppDisplayName",
    "Success",
    "CredentialsNeeded",
    "ConfirmationNeeded",
    "PageNum",
    "PageSize",
    "PagesCount",
    "Message@Error",
    "StatusCode",
}
Tree = dict[str, Any]
NAMESPACES = (
    ' xmlns="http://www.veeam.com/ent/v1.0" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


def xml(name: str, tree: Tree) -> bytes:
    return ('<?xml version="1.0" encoding="utf-8"?>' + _element(name, tree, NAMESPACES)).encode()


def xml_prefixed(name: str, tree: Tree) -> bytes:
    """With a namespace prefix on every element, a BOM and line breaks between."""
    text = _element(name, tree, ' xmlns:v="http://www.veeam.com/ent/v1.0"', "v:", "\n  ")
    return b"\xef\xbb\xbf" + text.encode()


def xml_reversed(name: str, tree: Tree) -> bytes:
    """Attributes in another order, as other versions write them."""
    turned = {key: tree[key] for key in reversed(tree)}
    return _element(name, turned, NAMESPACES).encode()


def json_pascal(_name: str, tree: Tree) -> bytes:
    return json.dumps(tree).encode()


def json_camel(_name: str, tree: Tree) -> bytes:
    return json.dumps(_renamed(tree, _camel)).encode()


def json_shouting(_name: str, tree: Tree) -> bytes:
    """No server does this; keys are read in any case all the same."""
    return json.dumps(_renamed(tree, str.upper)).encode()


def json_texts(_name: str, tree: Tree) -> bytes:
    """Numbers and booleans as strings, absent members as nulls."""
    return json.dumps(_texts({**tree, "Nothing": None})).encode()


DIALECTS: dict[str, Callable[[str, Tree], bytes]] = {
    "xml": xml,
    "xml-prefixed": xml_prefixed,
    "xml-reversed": xml_reversed,
    "json-pascal": json_pascal,
    "json-camel": json_camel,
    "json-shouting": json_shouting,
    "json-texts": json_texts,
}


def _camel(key: str) -> str:
    return "uid" if key == "UID" else key[0].lower() + key[1:]


def _renamed(value: object, rename: Callable[[str], str]) -> object:
    if isinstance(value, dict):
        return {rename(key): _renamed(inner, rename) for key, inner in value.items()}
    return [_renamed(inner, rename) for inner in value] if isinstance(value, list) else value


def _texts(value: object) -> object:
    if isinstance(value, dict):
        return {key: _texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in value]
    return json.dumps(value) if isinstance(value, int | float) else value


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _element(name: str, tree: Tree, extra: str = "", prefix: str = "", space: str = "") -> str:
    attributes, children = extra, ""
    for key, value in tree.items():
        if key in ATTRIBUTES or f"{key}@{name}" in ATTRIBUTES:
            attributes += f" {key}={quoteattr(_scalar(value))}"
        elif key == "Links":
            links = "".join(_element("Link", link, "", prefix, space) for link in value)
            children += f"<{prefix}Links>{links}</{prefix}Links>"
        elif isinstance(value, dict):
            children += _element(key, value, "", prefix, space)
        elif isinstance(value, list):
            inner = (each if isinstance(each, dict) else {"#text": each} for each in value)
            children += "".join(_element(key, each, "", prefix, space) for each in inner)
        elif key == "#text":
            children += escape(_scalar(value))
        else:
            children += f"<{prefix}{key}>{escape(_scalar(value))}</{prefix}{key}>"
        children += space
    return f"<{prefix}{name}{attributes}>{children}</{prefix}{name}>"
