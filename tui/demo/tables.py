"""What can be asked of the query service: types, their fields, and how each field compares (contract 3.5).

Names here are the query's own, which differ from the names in the bodies (T9). Texts compare without
regard to case, as a database with the usual collation does; enumerations by index.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from tui.demo.refusal import Refused

RowT = TypeVar("RowT")
Key = str | int
_DIGITS = re.compile(r"(\.\d{1,6})\d*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Generic[RowT]):
    """One field: how to get it from a row, and how to read a value for it."""

    get: Callable[[RowT], Key]
    read: Callable[[str], Key]
    group: Callable[[RowT], int] | None = None
    """For fields that many rows share: the number of the thing that has the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[RowT]):
    """One type of resource and its fields."""

    name: str
    fields: dict[str, Field[RowT]]
    rows: Callable[[], Sequence[RowT]]

    def field(self, name: str) -> Field[RowT]:
        """A field by its name, in any case.

        Raises:
            Refused: 400, the type has no such field.
        """
        found = self.fields.get(name.lower())
        if found is None:
            raise Refused(400, f"Property {name} is not supported for type {self.name}.")
        return found


def text(get: Callable[[RowT], str], *, group: Callable[[RowT], int] | None = None) -> Field[RowT]:
    """A text."""
    return Field(get=lambda row: get(row).lower(), read=str.lower, group=group)


def number(get: Callable[[RowT], int]) -> Field[RowT]:
    """A whole number."""
    return Field(get=get, read=_read_number)


def time(get: Callable[[RowT], int]) -> Field[RowT]:
    """A time in microseconds; -1 is none."""
    return Field(get=get, read=_read_time)


def enumeration(get: Callable[[RowT], str], words: Sequence[str]) -> Field[RowT]:
    """An enumeration, compared by index: `Result>Success` means Warning or Failed."""
    order = {word.lower(): index for index, word in enumerate(words)}
    return Field(
        get=lambda row: order.get(get(row).lower(), -1), read=lambda word: order.get(word.lower(), -2)
    )


def uid(kind: str, get: Callable[[RowT], str], *, group: Callable[[RowT], int] | None = None) -> Field[RowT]:
    """A UID; the full URN or the bare GUID."""
    prefix = f"urn:veeam:{kind.lower()}:"
    return Field(get=get, read=lambda word: word.lower().removeprefix(prefix), group=group)


def _read_number(word: str) -> int:
    try:
        return int(word)
    except ValueError as error:
        raise Refused(400, f"Value {word!r} is not a number.") from error


def _read_time(word: str) -> int:
    shortened = _DIGITS.sub(r"\1", word.strip())
    try:
        moment = datetime.fromisoformat(shortened)
    except ValueError as error:
        raise Refused(400, f"Value {word!r} is not a valid date.") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond
