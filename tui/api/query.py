"""Queries: filters that are built and quoted, never concatenated, and lists followed to their end (WIRE 3).

A VM may be called `a";(Name=="b` and the filter still means that name: every value is in double
quotes, quotes inside are doubled, groups are always in parentheses because the precedence of `;`
and `,` is not documented.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar
from urllib.parse import quote

from tui.api.errors import TooLarge, Unreadable
from tui.api.models import Page

FilterValue = str | datetime
"""A string (an enum member is one too), or an aware datetime."""

DEFAULT_PAGE_SIZE = 500
_FIELD = re.compile(r"[A-Za-z]{1,64}")


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition in the grammar of the query service; `str()` is its text. Made by `eq`, `all_of`, ..."""

    text: str

    def __str__(self) -> str:
        return self.text

    def __and__(self, other: Filter) -> Filter:
        return all_of(self, other)

    def __or__(self, other: Filter) -> Filter:
        return any_of(self, other)


def eq(field: str, value: FilterValue) -> Filter:
    """Say that `field` is `value`. There is no "contains": the server compares whole values."""
    return _compare(field, "==", value)


def ne(field: str, value: FilterValue) -> Filter:
    """Say that `field` is not `value`."""
    return _compare(field, "!=", value)


def gt(field: str, value: FilterValue) -> Filter:
    """Say that `field` is greater (enumerations compare by index) or later."""
    return _compare(field, ">", value)


def ge(field: str, value: FilterValue) -> Filter:
    """Say that `field` is greater or equal."""
    return _compare(field, ">=", value)


def lt(field: str, value: FilterValue) -> Filter:
    """Say that `field` is less or earlier."""
    return _compare(field, "<", value)


def le(field: str, value: FilterValue) -> Filter:
    """Say that `field` is less or equal."""
    return _compare(field, "<=", value)


def all_of(*filters: Filter) -> Filter:
    """Say that all conditions hold (`;` on the wire)."""
    return _group(";", filters)


def any_of(*filters: Filter) -> Filter:
    """Say that at least one condition holds (`,` on the wire)."""
    return _group(",", filters)


def quoted(value: FilterValue) -> str:
    """Return a value as it is in a filter: in double quotes, inner quotes doubled, times in UTC."""
    text = _iso(value) if isinstance(value, datetime) else str(value)
    return '"' + text.replace('"', '""') + '"'


def _compare(field: str, operator: str, value: FilterValue) -> Filter:
    if not _FIELD.fullmatch(field):
        raise ValueError(f"{field!r} is not a field name.")
    return Filter(f"{field}{operator}{quoted(value)}")


def _group(joint: str, filters: tuple[Filter, ...]) -> Filter:
    if not filters:
        raise ValueError("A group of conditions needs at least one.")
    if len(filters) == 1:
        return filters[0]
    return Filter("(" + joint.join(map(str, filters)) + ")")


def _iso(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("A time in a filter must know its zone.")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def encoded(text: str) -> str:
    """Percent-encode a whole parameter value as UTF-8; what cannot be encoded becomes `?`, never an error."""
    return quote(text, safe="", errors="replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What to list: conditions, order and pages. Field names are those of WIRE 3.5."""

    filter: Filter | None = None
    sort: str = ""
    """Field to sort by; without one the client asks for the order of UIDs, so that pages do not shift."""
    descending: bool = False
    page_size: int = DEFAULT_PAGE_SIZE
    page: int = 1
    """Page to start with, from 1."""

    def __post_init__(self) -> None:
        if self.sort and not _FIELD.fullmatch(self.sort):
            raise ValueError(f"{self.sort!r} is not a field name.")
        if self.page_size < 1 or self.page < 1:
            raise ValueError("Page and page size start at 1.")

    def at(self, page: int) -> Query:
        """Return the same query at another page."""
        return replace(self, page=page)

    def target(self, resource: str) -> str:
        """Return path and query string that ask for `resource` as entities."""
        return "/api/query?" + "&".join(self._parameters(resource))

    def _parameters(self, resource: str) -> Iterator[str]:
        yield f"type={encoded(resource)}"
        yield "format=Entities"
        if self.filter is not None:
            yield f"filter={encoded(str(self.filter))}"
        yield f"{'sortDesc' if self.descending else 'sortAsc'}={self.sort or 'UID'}"
        yield f"pageSize={self.page_size}"
        yield f"page={self.page}"


class Identified(Protocol):
    """Whatever has a UID."""

    @property
    def uid(self) -> str:
        """What tells it from others."""


ItemT = TypeVar("ItemT", bound=Identified)


class PageTracker:
    """The pages of one list: which are done, which is next, where it ends, and whether that is certain.

    Where the server does not say how many pages there are, the next one is asked for until a page is empty,
    shorter than the one before it, or brings nothing new (WIRE 3.3).

    Args:
        first: number of the page to begin with.
    """

    def __init__(self, first: int = 1) -> None:
        self.done: set[int] = set()
        self.is_end_certain = True
        """Whether the server gave no reason to think that there are more items than it sent."""
        self._first = first
        self._looked = first - 1
        self._said = 0
        self._unsaid = first
        self._end: int | None = None
        self._lengths: dict[int, int] = {}
        self._places: dict[tuple[str, str], int] = {}
        self._seen: set[int] = set()

    def take(self, page: Page[ItemT], number: int) -> None:
        """Note what a page says of the list; an empty one is its end, whatever it says.

        Args:
            page: as the server sent it.
            number: what was asked for; what it says of its own number is not believed.

        Raises:
            Unreadable: it is another page over again, although the server says that there are more.
        """
        uids, pages = [item.uid for item in page.items], page.pages
        length = len(uids) + page.unreadable
        is_repeated = self._is_repeated(uids, pages, number)
        if is_repeated and (pages or self._said) >= number:
            raise Unreadable("It sends the same page again and again.")
        self.done.add(number)
        self._lengths[number] = 0 if is_repeated else length
        self._said = max(self._said, pages)
        if not length:
            self._end_at(number, is_certain=pages <= number)
        elif is_repeated:
            self._end_at(number, is_certain=pages > 0)
        elif not pages and self._said <= number:
            if length < self._lengths.get(number - 1, 0):
                self._end_at(number, is_certain=True)
            self._unsaid = max(self._unsaid, number + 1)

    def next_page(self) -> int | None:
        """Return the next page that no task has taken."""
        while self._looked < self.pages:
            self._looked += 1
            if self._looked not in self.done:
                return self._looked
        return None

    def start_over(self) -> None:
        """Look from the first page again; pages that are done are passed over."""
        self._looked = self._first - 1

    @property
    def pages(self) -> int:
        """Return how many pages there are, as far as is known."""
        found = max(self._first, self._said, self._unsaid)
        return found if self._end is None else min(found, self._end)

    @property
    def is_counted(self) -> bool:
        """Return whether the number of pages is more than a guess."""
        return bool(self.done) and (self._end is not None or self._unsaid <= self._said)

    @property
    def expected(self) -> int:
        """Return about how many items there are."""
        longest = max(self._lengths.values(), default=0)
        return (self.pages - 1) * longest + self._lengths.get(self.pages, longest)

    def _end_at(self, number: int, *, is_certain: bool) -> None:
        self._end = number if self._end is None else min(self._end, number)
        self.is_end_certain = self.is_end_certain and is_certain

    def _is_repeated(self, uids: Sequence[str], pages: int, number: int) -> bool:
        """Return whether a page is another one over again; without a count, whether it brings nothing new."""
        if not uids:
            return False
        if self._places.setdefault((uids[0], uids[-1]), number) != number:
            return True
        if pages:
            return False
        before = len(self._seen)
        self._seen.update(map(hash, uids))
        return before == len(self._seen) and number not in self.done


async def follow_pages(
    query: Query,
    fetch: Callable[[Query], Awaitable[Page[ItemT]]],
    *,
    max_pages: int,
    tracker: PageTracker | None = None,
) -> AsyncIterator[Page[ItemT]]:
    """Yield all pages from the query's own on, each without what was seen before (WIRE 3.3).

    Pages are counted up rather than followed by their links, which may have lost the filter. Rows shift
    between pages while backups run, so an item may come twice; it is handed on once, and a page without
    anything new is not handed on. A `tracker` says afterwards whether the end is certain.

    Raises:
        Unreadable: the server sends the same page again and again.
        TooLarge: there are more than `max_pages`.
    """
    seen: set[str] = set()
    tracker = tracker or PageTracker(query.page)
    for _ in range(max_pages):
        if (number := tracker.next_page()) is None:
            return
        page = await fetch(query.at(number))
        tracker.take(page, number)
        fresh = tuple(item for item in page.items if item.uid not in seen and not seen.add(item.uid))  # type: ignore[func-returns-value]
        if fresh or page.unreadable or number == query.page:
            yield replace(page, items=fresh, number=number)
    if tracker.next_page() is not None:
        raise TooLarge(f"The list has more than {max_pages} pages.")
