"""Pages of a query: which rows, and the PagingInfo with its links (contract 3.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote_plus

from tui.demo.messages import Request
from tui.demo.refusal import Refused
from tui.demo.wire import Link, Resource

RowT = TypeVar("RowT")
_UPPER_HEX = re.compile(r"%[0-9A-F]{2}")
_OWN = {"pagesize", "page"}
_LARGEST = 50_000
"""A page larger than this would be made of more memory than a demo may take."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which page was asked for."""

    number: int
    size: int
    misleading: str = ""
    """`loop` or `endless`: the faults that make paging never end."""

    def of(self, rows: Sequence[RowT]) -> Sequence[RowT]:
        """The rows on this page; beyond the end there are none."""
        number = self.number
        if self.misleading:
            number = 1 if self.misleading == "loop" else (number - 1) % max(1, self.count(rows)) + 1
        return rows[(number - 1) * self.size : number * self.size]

    def count(self, rows: Sequence[RowT]) -> int:
        """How many pages there are; an empty result has one (contract Q9)."""
        return max(1, -(-len(rows) // self.size))

    def info(self, request: Request, base: str, count: int) -> Resource:
        """PagingInfo: First, Previous and Next where there are such, Last."""
        if self.misleading == "endless":
            count = 2_000_000_000
        number = self.number
        targets = {"First": 1, "Previous": number - 1, "Next": number + 1, "Last": count}
        if self.misleading == "loop":
            targets["Next"], count = 1, max(count, number + 1)
        if number <= 1:
            del targets["Previous"]
        if number >= count:
            del targets["Next"]
        return Resource(
            tag="PagingInfo",
            attributes={"PageNum": number, "PageSize": self.size, "PagesCount": count},
            links=tuple(
                Link(rel, _address(request, base, self.size, target)) for rel, target in targets.items()
            ),
            links_last=True,
        )


def asked(parameters: dict[str, str], default_size: int) -> Page:
    """The page that a request asks for.

    Raises:
        Refused: 400, page or pageSize is not a positive number.
    """
    numbers = {"page": 1, "pagesize": default_size}
    for name in numbers:
        if name in parameters:
            text = parameters[name]
            if not (text.isascii() and text.isdigit() and 0 < int(text[:12]) < 1 << 31):
                raise Refused(400, f"Parameter {name} must be a positive number.")
            numbers[name] = int(text)
    return Page(numbers["page"], min(numbers["pagesize"], _LARGEST))


def _address(request: Request, base: str, size: int, page: int) -> str:
    """The query echoed as servers do it: lower-case hex, `+` for a space (T26)."""
    parts = []
    for name, value in _pairs(request):
        if name.lower() not in _OWN:
            text = quote_plus(value, safe="*()")
            parts.append(f"{name}={_UPPER_HEX.sub(lambda found: found[0].lower(), text)}")
    return f"{base}query?{'&'.join([*parts, f'pageSize={size}', f'page={page}'])}"


def _pairs(request: Request) -> list[tuple[str, str]]:
    values = request.parameters()
    names = [part.partition("=")[0] for part in request.query.split("&") if part]
    return [(name, values[name.lower()]) for name in dict.fromkeys(names) if name.lower() in values]
