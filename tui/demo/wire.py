"""What a reply says, independent of XML and JSON: resources, links, lists.

`wire_xml` and `wire_json` write the same tree by the rules of WIRE 2.2 and 2.3. `ATTRIBUTES` are
the names that XML puts into attributes; everything else is an element.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Union


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a resource; action links have neither Type nor Name (WIRE 4.3)."""

    rel: str
    href: str
    type: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """A list. In JSON a list property is nested once more under the plural (WIRE 2.3)."""

    tag: str
    """The plural, which is the XML element: `VmRestorePoints`."""
    items: tuple[Resource, ...] = ()


Value = Union[str, bool, int, Items, "Resource"]


@dataclass(slots=True, kw_only=True)
class Resource:
    """One resource with attributes, links and fields, in the order in which XML writes them."""

    tag: str
    attributes: dict[str, str | int | bool] = field(default_factory=dict)
    links: tuple[Link, ...] | None = None
    fields: list[tuple[str, Value]] = field(default_factory=list)
    links_last: bool = False
    """PagingInfo is all attributes and links."""


@dataclass(slots=True, kw_only=True)
class QueryResult:
    """What the query service answers: rows under a wrapper, and where they are in the whole."""

    wrapper: str
    """Refs, Entities or Resources."""
    plural: str
    """The list's element inside the wrapper; the same as the wrapper for Refs."""
    rows: tuple[Resource, ...]
    paging: Resource | None


@dataclass(slots=True, kw_only=True)
class Collection:
    """A plain collection: `{"Refs": [...]}` in JSON, `<EntityReferences>` in XML."""

    tag: str
    """The root element of the XML."""
    key: str
    """The only key of the JSON."""
    rows: tuple[Resource, ...]


@dataclass(slots=True)
class Failure:
    """An error, in the shape that servers were seen to send (WIRE 9)."""

    status: int
    message: str


Body = Resource | QueryResult | Collection | Failure
