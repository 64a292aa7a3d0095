"""Writes replies as JSON, by the rules of WIRE 2.3: key order, nesting, both casings."""

from __future__ import annotations

import json

from tui.demo.wire import Body, Collection, Failure, Items, Link, QueryResult, Resource, Value

_LAST = ("Name", "UID")
_VERY_LAST = ("Href", "Type")


def write(body: Body, *, camel: bool) -> str:
    """The whole document."""
    return dump(tree(body), camel=camel)


def dump(value: object, *, camel: bool) -> str:
    """A tree as text, keys in the wanted casing."""
    return json.dumps(camelled(value) if camel else value, ensure_ascii=False, separators=(",", ":"))


def tree(body: Body) -> object:
    """The document as dicts and lists."""
    if isinstance(body, Failure):
        return {
            "FirstChanceExceptionMessage": None, "Message": body.message, "StackTrace": None,
            "Status": None, "StatusCode": body.status,
        }  # fmt: skip
    if isinstance(body, Collection):
        return {body.key: [resource_tree(row) for row in body.rows]}
    if isinstance(body, QueryResult):
        return _query_tree(body)
    return resource_tree(body)


def resource_tree(resource: Resource) -> dict[str, object]:
    """One resource: own fields, other attributes, Name and UID, Links, then Href and Type."""
    found: dict[str, object] = {name: _value(value) for name, value in resource.fields}
    attributes = {name: value for name, value in resource.attributes.items() if value != ""}
    for name, value in attributes.items():
        if name not in _LAST and name not in _VERY_LAST:
            found[name] = value
    found |= {name: attributes[name] for name in _LAST if name in attributes}
    if resource.links is not None:
        links: list[object] = [_link(link) for link in resource.links]
        found = {"Links": links, **found} if resource.links_last else {**found, "Links": links}
    return found | {name: attributes[name] for name in _VERY_LAST if name in attributes}


def _value(value: Value) -> object:
    if isinstance(value, Resource):
        return resource_tree(value)
    if isinstance(value, Items):
        return {value.tag: [resource_tree(item) for item in value.items]}
    return value


def _link(link: Link) -> dict[str, str]:
    keys = {"Rel": link.rel, "Href": link.href, "Name": link.name, "Type": link.type}
    return {key: text for key, text in keys.items() if text}


def query_frame(result: QueryResult, *, camel: bool) -> tuple[str, str]:
    """What stands before and after the rows of a query result."""
    wrapper, plural = (camel_key(result.wrapper), camel_key(result.plural)) if camel else (
        result.wrapper, result.plural)  # fmt: skip
    double = f'{{"{plural}":{{"{plural}":[' if result.wrapper != result.plural else f'{{"{plural}":['
    closing = "]}}" if result.wrapper != result.plural else "]}"
    paging = ""
    if result.paging:
        paging = f',"{camel_key("PagingInfo") if camel else "PagingInfo"}":' + dump(
            resource_tree(result.paging), camel=camel
        )
    return f'{{"{wrapper}":{double}', f"{closing}{paging}}}"


def _query_tree(result: QueryResult) -> dict[str, object]:
    rows: list[object] = [resource_tree(row) for row in result.rows]
    inner: object = {result.plural: rows}
    if result.wrapper != result.plural:
        inner = {result.plural: inner}
    found: dict[str, object] = {result.wrapper: inner}
    if result.paging:
        found["PagingInfo"] = resource_tree(result.paging)
    return found


def camelled(value: object) -> object:
    """The same tree with camelCase keys."""
    if isinstance(value, dict):
        return {camel_key(str(key)): camelled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [camelled(item) for item in value]
    return value


def camel_key(key: str) -> str:
    """`UID` -> `uid`, `CreationTimeUTC` -> `creationTimeUTC` (WIRE 2.3)."""
    return key.lower() if key.isupper() else key[:1].lower() + key[1:]
