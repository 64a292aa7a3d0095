"""Writes replies as XML, by the rules of WIRE 2.2 and 9."""

from __future__ import annotations

from tui.demo.wire import Body, Collection, Failure, Items, Link, QueryResult, Resource, Value

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
NAMESPACES = (
    ' xmlns="http://www.veeam.com/ent/v1.0" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
_TEXT = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#xA;", "\r": "&#xD;", "\t": "&#x9;"}
_ESCAPES = str.maketrans(_TEXT)


def escape(text: str) -> str:
    """Make text fit for an attribute or an element."""
    return text if text.isalnum() else text.translate(_ESCAPES)


def write(body: Body) -> str:
    """The whole document."""
    return DECLARATION + document(body)


def document(body: Body) -> str:
    """The root element with the namespaces."""
    if isinstance(body, Failure):
        return _failure(body)
    if isinstance(body, Collection):
        return _listed(body.tag, body.rows, NAMESPACES)
    if isinstance(body, QueryResult):
        return _query_result(body)
    return element(body, NAMESPACES)


def element(resource: Resource, extra: str = "") -> str:
    """One resource; `extra` goes among the attributes."""
    attributes = "".join(
        f' {name}="{scalar(value)}"' for name, value in resource.attributes.items() if value != ""
    )
    links = "" if resource.links is None else f"<Links>{''.join(map(_link, resource.links))}</Links>"
    inner = "".join(_field(name, value) for name, value in resource.fields)
    inner = inner + links if resource.links_last else links + inner
    head = f"<{resource.tag}{extra}{attributes}"
    return f"{head}>{inner}</{resource.tag}>" if inner else f"{head} />"


def scalar(value: object) -> str:
    """A boolean, number or text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))


def _field(name: str, value: Value) -> str:
    if isinstance(value, Resource):
        return element(value)
    if isinstance(value, Items):
        return _listed(name, value.items) if name != value.tag else _listed(value.tag, value.items)
    return f"<{name}>{scalar(value)}</{name}>"


def _listed(tag: str, rows: tuple[Resource, ...], extra: str = "") -> str:
    return f"<{tag}{extra}>{''.join(map(element, rows))}</{tag}>" if rows else f"<{tag}{extra} />"


def _link(link: Link) -> str:
    name = f' Name="{escape(link.name)}"' if link.name else ""
    kind = f' Type="{link.type}"' if link.type else ""
    return f'<Link Href="{escape(link.href)}"{name}{kind} Rel="{link.rel}" />'


def query_frame(result: QueryResult) -> tuple[str, str]:
    """What stands before and after the rows of a query result."""
    head, tail = f"{DECLARATION}<QueryResult{NAMESPACES}><{result.wrapper}>", f"</{result.wrapper}>"
    if result.plural != result.wrapper:
        head, tail = f"{head}<{result.plural}>", f"</{result.plural}>{tail}"
    paging = element(result.paging) if result.paging else ""
    return head, f"{tail}{paging}</QueryResult>"


def _query_result(result: QueryResult) -> str:
    head, tail = query_frame(result)
    return head.removeprefix(DECLARATION) + "".join(map(element, result.rows)) + tail


def _failure(failure: Failure) -> str:
    message = escape(failure.message)
    return (
        f'<Error Message="{message}" StatusCode="{failure.status}"{NAMESPACES}>'
        f"<FirstChanceExceptionMessage>{message}</FirstChanceExceptionMessage></Error>"
    )
