"""A decoded reply of either format, read without caring for casing or for the shape of lists.

XML gives attributes and elements, JSON members in two casings; both become one thing here: named
values. Lists come as arrays, as an object with the same name inside, with the singular inside, as a
lone object, or not at all (WIRE 2.3); all mean the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tui.api.codec.scalars import flag_of, id_in, number_of, path_of, text_of, time_of
from tui.api.errors import MissingField

_MARKS = ("UID", "Href", "TaskId", "ObjectRef", "SessionId", "Rel", "Name")
"""Members that tell a lone item from the container of a list."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a resource. Action links have neither type nor name (WIRE T34)."""

    rel: str
    type: str
    name: str
    href: str

    @property
    def path(self) -> str:
        """Path and query, without the host."""
        return path_of(self.href)

    @property
    def id(self) -> str:
        """The bare id of what it leads to."""
        return id_in(self.href)


@dataclass(frozen=True, slots=True)
class Tree:
    """One object of a reply."""

    name: str
    """Name of the XML element; empty for JSON, which does not name its root."""
    members: dict[str, object]

    def get(self, key: str) -> object:
        """The member called `key` in any casing, or None."""
        found = self.members.get(key)
        if found is not None:
            return found
        wanted = key.lower()
        for name, value in self.members.items():
            if value is not None and name.lower() == wanted:
                return value
        return None

    def has(self, key: str) -> bool:
        """Whether there is a member called `key`, be it null."""
        wanted = key.lower()
        return any(name.lower() == wanted for name in self.members)

    def text(self, key: str) -> str:
        """The member as text, empty if it is missing."""
        return text_of(self.get(key))

    def required(self, key: str) -> str:
        """The member as text.

        Raises:
            MissingField: it is missing or empty.
        """
        text = self.text(key)
        if not text:
            raise MissingField(f"{self.name}/{key}" if self.name else key)
        return text

    def flag(self, key: str) -> bool | None:
        """The member as yes or no."""
        return flag_of(self.get(key))

    def number(self, key: str) -> int | None:
        """The member as a whole number."""
        return number_of(self.get(key))

    def time(self, key: str) -> datetime | None:
        """The member as a moment in UTC."""
        return time_of(self.get(key))

    def child(self, key: str) -> Tree | None:
        """The member as an object, None if it is missing; one of text only has no members."""
        value = self.get(key)
        if isinstance(value, list):
            value = next((item for item in value if isinstance(item, dict)), None)
        if isinstance(value, dict):
            return Tree(key, value)
        return Tree(key, {"#text": value}) if isinstance(value, str) else None

    def items(self, plural: str, singular: str) -> list[Tree]:
        """The member `plural` as a list of objects called `singular`, whatever its shape."""
        return [Tree(singular, item) for item in _items(self.get(plural), plural, singular)]

    def links(self) -> Iterator[Link]:
        """The resource's links."""
        for link in self.items("Links", "Link"):
            yield Link(link.text("Rel"), link.text("Type"), link.text("Name"), link.text("Href"))

    def link(self, *, rel: str = "", type: str = "") -> Link | None:
        """The first link with that Rel and that Type, in any case."""
        for link in self.links():
            if rel and link.rel.lower() != rel.lower():
                continue
            if type and link.type.lower() != type.lower():
                continue
            if link.path:
                return link
        return None


def _items(value: object, plural: str, singular: str) -> Iterator[dict[str, object]]:
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield from (
                    _items(item, plural, singular) if _is_container(item, plural, singular) else (item,)
                )
    elif isinstance(value, dict):
        inner = inner_of(value, plural, singular)
        if inner is not None:
            yield from _items(inner, plural, singular)
        elif is_item(value):
            yield value


def _is_container(value: dict[str, object], plural: str, singular: str) -> bool:
    return not is_item(value) and inner_of(value, plural, singular) is not None


def inner_of(value: dict[str, object], plural: str, singular: str) -> object:
    """What `value` holds under the name of the list or of its items, or None."""
    tree = Tree("", value)
    inner = tree.get(plural)
    return tree.get(singular) if inner is None else inner


def is_item(value: dict[str, object]) -> bool:
    """Whether an object is a resource itself, not the container of a list of them."""
    tree = Tree("", value)
    return any(tree.get(mark) is not None for mark in _MARKS)
