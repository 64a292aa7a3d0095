"""Following a list to its end: no repeats, no endless circles (WIRE 3.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeVar

from tui.api.errors import TooLarge, Unreadable
from tui.api.models import Page
from tui.api.query import Query


class Identified(Protocol):
    """Whatever has a UID."""

    @property
    def uid(self) -> str:
        """What tells it from others."""


ItemT = TypeVar("ItemT", bound=Identified)


async def follow(
    query: Query, fetch: Callable[[Query], Awaitable[Page[ItemT]]], *, max_pages: int
) -> AsyncIterator[Page[ItemT]]:
    """All pages from the query's own on, each without what was seen before.

    Pages are counted up rather than followed by their links, which may have lost the filter. Rows shift
    between pages while backups run, so an item may come twice; it is handed on once.

    Raises:
        Unreadable: the server sends the same page again and again.
        TooLarge: there are more than `max_pages`.
    """
    seen: set[str] = set()
    before: list[str] = []
    for number in range(query.page, query.page + max_pages):
        page = await fetch(query.at(number))
        uids = [item.uid for item in page.items]
        if not uids and number > query.page:
            return
        if uids and uids == before:
            raise Unreadable("It sends the same page again and again.")
        fresh = tuple(item for item in page.items if item.uid not in seen and not seen.add(item.uid))  # type: ignore[func-returns-value]
        yield Page(items=fresh, number=number, pages=page.pages)
        if not uids or number >= page.pages:
            return
        before = uids
    raise TooLarge(f"The list has more than {max_pages} pages.")
