"""Lists of resources in all the shapes they come in, and their paging (WIRE 2.3, 3.3, 3.4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tui.api.codec.tree import Tree, inner_of, is_item, path_of
from tui.api.errors import BadReply, ErrorAsAnswer, MissingField, NotManager, Unreadable

ItemT = TypeVar("ItemT")
RawT = TypeVar("RawT")
ROOT_ITEMS = "#items"
"""Member under which the JSON codec hands on a reply that is an array at its root."""
_CONTAINERS = ("Entities", "Resources")
_ENVELOPE = (*_CONTAINERS, "Refs", "Ref", "PagingInfo")


@dataclass(frozen=True, slots=True)
class Reference:
    """What stands for an entity where the server sent only a reference (WIRE T10)."""

    uid: str
    path: str


@dataclass(frozen=True, slots=True)
class Listing(Generic[ItemT]):
    """One page as the server sent it."""

    items: tuple[ItemT, ...]
    references: tuple[Reference, ...] = ()
    number: int = 1
    pages: int = 0
    """How many there are in all, as the server says; 0 where it does not."""
    unreadable: int = 0
    """Items that were left out, because nothing could be made of them."""


def read_listing(
    tree: Tree,
    plural: str,
    singular: str,
    reader: Callable[[Tree], ItemT],
    *,
    leaves_out: bool = False,
) -> Listing[ItemT]:
    """Read a list of `singular`s from a query, a plain collection or a lone resource.

    Args:
        tree: the reply.
        plural: name of the list.
        singular: name of its items.
        reader: makes a model of an item.
        leaves_out: do without single items that cannot be read, and count them.

    Raises:
        MissingField: there is no such list, or an item lacks what it needs.
        Unreadable, NotManager: it is the answer to something else.
    """
    holder, known = _holder_of(tree, plural, singular)
    found, no_objects = holder.items(plural, singular), holder.count_no_objects(plural, singular)
    if no_objects and not leaves_out:
        raise Unreadable(f"{no_objects} of the {plural} are no objects.")
    references = [item for item in found if is_reference(item)]
    references += tree.items("Refs", "Ref") or _bare_references(tree)
    if not found and not references and not known and not no_objects:
        raise _not_a_list(tree, plural)
    number, pages = paging_of(tree, len(found) + no_objects + len(tree.items("Refs", "Ref")))
    entities = [item for item in found if not is_reference(item)]
    items = read_each(entities, reader) if leaves_out else [reader(item) for item in entities]
    return Listing(
        items=tuple(items),
        references=tuple(reference_of(item) for item in references),
        number=number,
        pages=pages,
        unreadable=len(entities) - len(items) + no_objects,
    )


def read_each(raw: Sequence[RawT], reader: Callable[[RawT], ItemT]) -> list[ItemT]:
    """Read what can be read.

    Raises:
        BadReply: nothing can.
    """
    items, first = [], None
    for each in raw:
        try:
            items.append(reader(each))
        except BadReply as error:
            first = first or error
    if first is not None and not items:
        raise first
    return items


def _holder_of(tree: Tree, plural: str, singular: str) -> tuple[Tree, bool]:
    """An object that has the items under `plural`, and whether the reply is of a shape that may be empty."""
    if tree.has(ROOT_ITEMS):
        return Tree("", {plural: tree.get(ROOT_ITEMS)}), True
    if _is_lone(tree, plural, singular):
        return Tree("", {plural: [tree.members]}), True
    for container in _CONTAINERS:
        value = tree.get(container)
        if isinstance(value, list) or (isinstance(value, dict) and is_item(value)):
            return Tree("", {plural: value}), True
        if isinstance(value, dict) and (inner := inner_of(value, plural, singular)) is not None:
            return Tree("", {plural: inner}), True
    inner = inner_of(tree.members, plural, singular)
    return Tree("", {plural: inner}), inner is not None or _may_be_empty(tree, plural)


def _is_lone(tree: Tree, plural: str, singular: str) -> bool:
    """Some lists answer with the item itself where there is only one (WIRE 4.1)."""
    if tree.name.lower() == plural.lower() or tree.text("Type").lower().endswith("list"):
        return False
    if inner_of(tree.members, plural, singular) is not None or any(map(tree.has, _ENVELOPE)):
        return False
    return is_item(tree.members)


def _may_be_empty(tree: Tree, plural: str) -> bool:
    if tree.name:
        return tree.name.lower() in {"queryresult", "entityreferences", plural.lower()}
    is_list = tree.text("Type").lower().endswith("list")
    return not tree.members or is_list or any(map(tree.has, (*_ENVELOPE, plural)))


def _bare_references(tree: Tree) -> list[Tree]:
    return Tree("", {"Refs": tree.get("Ref")}).items("Refs", "Ref")


def is_reference(tree: Tree) -> bool:
    """Whether this is a bare reference, which lacks everything an entity is asked for."""
    return tree.name in {"Ref", "EntityRef"} or tree.text("Type").lower().endswith("reference")


def reference_of(tree: Tree) -> Reference:
    """Read a reference; its path leads to the entity."""
    path = path_of(tree.identity("Href"))
    for link in tree.links():
        if link.rel.lower() == "alternate" and link.path and not link.type.lower().endswith("reference"):
            path = link.path
    if path and "format=" not in path.lower():
        path += ("&" if "?" in path else "?") + "format=Entity"
    return Reference(uid=tree.required("UID"), path=path)


def paging_of(tree: Tree, length: int) -> tuple[int, int]:
    """Number of this page and of all pages; 0 of all where the server does not say, or says what cannot be.

    Args:
        tree: the reply.
        length: how many items and references it holds.
    """
    info = tree.child("PagingInfo")
    if info is None:
        return 1, 0
    number = max(1, info.number("PageNum") or 1)
    return number, pages_said(info.number("PagesCount") or 0, info.number("PageSize") or 0, length)


def pages_said(pages: int, page_size: int, length: int) -> int:
    """Return a count of pages where it can be believed, else 0.

    A lone page as full as it can be is the end only by its own word: the next one is asked for.
    """
    is_full = pages == 1 and 0 < page_size <= length
    return pages if pages > 0 and not is_full else 0


def require_root(tree: Tree, *names: str) -> Tree:
    """The tree, if its root may be one of `names`.

    Raises:
        NotManager, Unreadable: it is the answer to something else.
    """
    if tree.name and tree.name.lower() not in {name.lower() for name in names}:
        raise wrong_root(tree, names[0])
    if tree.has(ROOT_ITEMS):
        raise Unreadable(f"A list came where one {names[0]} was expected.")
    return tree


# Possessive, for a comment could else end at any later `-->`, and there are endless ways to choose.
_WEB_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:(?><!--.*?-->|<\?xml[^>]*+>)\s*+)*+<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)


def is_web_page(body: bytes) -> bool:
    """Return whether a body is HTML, behind comments, too."""
    return _WEB_PAGE.match(body[:4096]) is not None


def wrong_root(tree: Tree, wanted: str) -> BadReply:
    """The error for an answer to something else; of an Error it has the server's words."""
    if tree.name.lower() == "html":
        return NotManager("It is a web page.")
    if tree.name.lower() == "error" and (message := error_message(tree)):
        return ErrorAsAnswer(message)
    return Unreadable(f"It holds {tree.name[:40]}, not {wanted}.")


def error_message(tree: Tree) -> str:
    """What an Error says; the Message is an attribute in XML (WIRE T33)."""
    return tree.text("Message") or tree.text("FirstChanceExceptionMessage")


def check_no_error(tree: Tree) -> None:
    """Check the body of an answer to a DELETE.

    Raises:
        ErrorAsAnswer: it is an Error, whatever its status, or another program's message.
    """
    message = error_message(tree)
    if tree.name.lower() == "error" or (message and not is_item(tree.members)):
        raise ErrorAsAnswer(message or "It is an Error without words.")


def _not_a_list(tree: Tree, plural: str) -> BadReply:
    return wrong_root(tree, plural) if tree.name else MissingField(plural)
