"""A decoded reply of either format, read whatever its casing and shape of lists (WIRE 2.3, 2.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from tui.api.errors import MissingField, Unreadable

_ADDRESSED = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*")
_TARGET = re.compile(r"/[!-\[\]-z|~]*")
_OUTWARD = re.compile(r"/(?:\.|%2e){1,2}(?:[/\\]|%2f|%5c|$)|\\|%5c", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_LAST_NULL_YEAR = 1753
NAME_BYTES = 4096
"""Of a name or a message in UTF-8; a longer one is cut, and says so."""
IDENTITY_CHARS = 2048
"""Of a UID, a reference or a link: never cut, for it would lead to something else."""
CUT_MARK = "… (cut)"
_MOST_LINKS = 200
"""Of one resource; the contract's most has about ten."""


def text_of(value: object) -> str:
    """Any scalar as text; null, missing and "" are all empty (WIRE 2.3). A list gives its first text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return text_of(value.get("#text"))
    if isinstance(value, list):
        return next((item for item in value if isinstance(item, str) and item), "")
    return str(value) if isinstance(value, int | float) else ""


def name_of(text: str) -> str:
    """A name for people, cut where it is longer than any that a person gave."""
    if len(text) <= NAME_BYTES // 4:
        return text
    cut = text[:NAME_BYTES].encode("utf-8", "replace")
    is_whole = len(text) <= NAME_BYTES and len(cut) <= NAME_BYTES
    return text if is_whole else cut[:NAME_BYTES].decode(errors="ignore") + CUT_MARK


def flag_of(value: object) -> bool | None:
    """Yes or no, from JSON's booleans or from text in any case; None for anything else."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text_of(value).strip().lower())


def number_of(value: object) -> int | None:
    """A whole number, from JSON's numbers or from text; None for anything else."""
    text = text_of(value).strip()
    if text.endswith(".0"):
        text = text[:-2]
    return int(text) if _NUMBER.fullmatch(text) else None


def time_of(value: object) -> datetime | None:
    """A moment in UTC: 0 to 7 fractional digits, `Z` or nothing behind (WIRE T19).

    None for the null date (1753 and before) and for what is no date. Digits beyond microseconds are dropped.
    """
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else text_of(value))
        if moment.year <= _LAST_NULL_YEAR:
            return None
        if moment.tzinfo is UTC:
            return moment
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def path_of(href: str) -> str:
    """Path and query of a link; its host is the server's idea of its own name and never used (WIRE T16).

    Empty for what is no link of the API: relative, out of /api/, where the token has no business, or with
    characters that have no place in a request line.
    """
    rest = href if href.startswith("/") and not href.startswith("//") else _ADDRESSED.sub("", href, count=1)
    target = rest.partition("#")[0]
    path = target.partition("?")[0]
    is_inside = path[:5].lower() == "/api/" and not _OUTWARD.search(path)
    return target if is_inside and _TARGET.fullmatch(target) else ""


def target_of(href: str) -> str:
    """Path and query of a link to act by; as sent where it has none, so that it is seen to be foreign."""
    return path_of(href) or href


def id_under(collection: str, href: str) -> str:
    """The id in a link to an item of that collection; empty where it leads to something else."""
    place, _, own = path_of(href).partition("?")[0].removesuffix("/").rpartition("/")
    return own if place.lower() == f"/api/{collection}".lower() else ""


def id_in(href: str) -> str:
    """The last segment of a link's path: the id of what it leads to."""
    return path_of(href).partition("?")[0].rstrip("/").rpartition("/")[2]


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
        """The member as text for people, empty if it is missing."""
        return name_of(text_of(self.get(key)))

    def identity(self, key: str) -> str:
        """The member as text that something is found by, empty if it is missing.

        Raises:
            Unreadable: it is too long to be one.
        """
        text = text_of(self.get(key))
        if len(text) > IDENTITY_CHARS:
            raise Unreadable(f"A {key} is longer than any of Enterprise Manager's.")
        return text

    def required(self, key: str) -> str:
        """The member as text that something is found by.

        Raises:
            MissingField: it is missing or empty.
            Unreadable: it is too long.
        """
        text = self.identity(key)
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
        found = _items(self.get(plural), plural, singular)
        return [Tree(singular, item) for item in found if item is not None]

    def count_no_objects(self, plural: str, singular: str) -> int:
        """Count the items of such a list that are no objects: nothing can be made of them."""
        return sum(item is None for item in _items(self.get(plural), plural, singular))

    def links(self) -> Iterator[Link]:
        """The resource's links; one with an endless address leads nowhere."""
        for members in islice(_items(self.get("Links"), "Links", "Link"), _MOST_LINKS):
            link = Tree("Link", members or {})
            href = text_of(link.get("Href"))
            is_endless = len(href) > IDENTITY_CHARS
            yield Link(link.text("Rel"), link.text("Type"), link.text("Name"), "#" if is_endless else href)

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

    def action_link(self, rel: str, action: str = "") -> str:
        """Path and query of the first link with that Rel, or as sent where it has none; empty without one.

        Args:
            rel: in any case.
            action: part of the link, where a resource has several of that Rel.
        """
        hrefs = (link.href for link in self.links() if link.rel.lower() == rel.lower())
        return target_of(next((href for href in hrefs if action in href.lower()), ""))


def _items(value: object, plural: str, singular: str) -> Iterator[dict[str, object] | None]:
    """Yield the objects of a list; None for each item that is none."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict) and _is_container(item, plural, singular):
                yield from _items(item, plural, singular)
            else:
                yield item if isinstance(item, dict) else None
    elif isinstance(value, str) and value.strip():
        yield None
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
