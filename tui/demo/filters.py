"""Filters of the query service (WIRE 3.2): text in, a tree out, and the rows of a table that it selects.

Comma is OR, semicolon is AND and binds tighter. Values in double quotes may hold anything, a quote is
doubled; in unquoted values spaces are dropped without a word (WIRE T8). The documentation's own way to
name `"Backup"`, `Name==""Backup""`, is understood as well.

Names of fields are the query's own, which differ from the names in the bodies (WIRE T9). Texts compare
without regard to case, as a database with the usual collation does; enumerations by index.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from tui.demo.messages import Refused

_FIELD = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(==|!=|>=|<=|>|<)")
_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field compared with one value."""

    field: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Junction:
    """Several terms, all (AND) or one (OR) of which must hold."""

    every: bool
    terms: tuple[Filter, ...]


Filter = Comparison | Junction


def parse(text: str) -> Filter:
    """Read a filter.

    Raises:
        Refused: 400, it does not follow the grammar.
    """
    parser = _Parser(text)
    found = parser.alternatives(0)
    if parser.rest().strip():
        raise parser.wrong()
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def rest(self) -> str:
        return self._text[self._at :]

    def wrong(self) -> Refused:
        return Refused(400, f"Filter is not valid near position {self._at}.")

    def alternatives(self, depth: int) -> Filter:
        return self._joined(",", depth)

    def _joined(self, separator: str, depth: int) -> Filter:
        if depth > _DEPTH:
            raise self.wrong()
        terms = []
        while True:
            terms.append(self._joined(";", depth) if separator == "," else self._term(depth))
            self._skip_spaces()
            if self._peek() != separator:
                break
            self._at += 1
        return terms[0] if len(terms) == 1 else Junction(separator == ";", tuple(terms))

    def _term(self, depth: int) -> Filter:
        self._skip_spaces()
        if self._peek() == "(":
            self._at += 1
            inner = self.alternatives(depth + 1)
            self._skip_spaces()
            if self._peek() != ")":
                raise self.wrong()
            self._at += 1
            return inner
        match = _FIELD.match(self._text, self._at)
        if match is None:
            raise self.wrong()
        self._at = match.end()
        return Comparison(match[1].lower(), match[2], self._value())

    def _value(self) -> str:
        while self._peek() == " ":
            self._at += 1
        if self._peek() == '"':
            return self._doubled() or self._quoted()
        start = self._at
        while self._peek() not in {"", ";", ",", "(", ")", '"'}:
            self._at += 1
        return self._text[start : self._at].replace(" ", "")

    def _doubled(self) -> str:
        """`""Backup""`: two quotes, then anything but a quote or the end of the value."""
        match = re.compile(r'""([^";,)][^"]*)""(?!")').match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return f'"{match[1]}"'

    def _quoted(self) -> str:
        match = re.compile(r'"((?:[^"]|"")*)"').match(self._text, self._at)
        if match is None:
            raise self.wrong()
        self._at = match.end()
        return match[1].replace('""', '"')

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip_spaces(self) -> None:
        while self._peek().isspace():
            self._at += 1


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


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, ">": operator.gt,
    "<": operator.lt, ">=": operator.ge, "<=": operator.le,
}  # fmt: skip


def compiled(table: Table[RowT], node: Filter) -> Callable[[RowT], bool]:
    """A filter as a function of a row.

    Raises:
        Refused: 400, a field does not exist or a value does not fit it.
    """
    if isinstance(node, Comparison):
        return _comparison(table.field(node.field), node)
    parts = [compiled(table, term) for term in node.terms]
    if node.every:
        return lambda row: all(part(row) for part in parts)
    return lambda row: any(part(row) for part in parts)


def _comparison(field: Field[RowT], node: Comparison) -> Callable[[RowT], bool]:
    compare, wanted, get, group = _OPERATORS[node.operator], field.read(node.value), field.get, field.group
    if group is None:
        return lambda row: compare(get(row), wanted)
    known: dict[int, bool] = {}

    def by_group(row: RowT) -> bool:
        """Rows of one group share the value: look once per group."""
        number = group(row)
        if number not in known:
            known[number] = compare(get(row), wanted)
        return known[number]

    return by_group


def select(table: Table[RowT], node: Filter | None, sort: str, *, descending: bool) -> Sequence[RowT]:
    """The rows that a filter lets through, sorted by one field.

    Raises:
        Refused: 400, a field does not exist or a value does not fit it.
    """
    rows = table.rows()
    if node is not None:
        rows = list(filter(compiled(table, node), rows))
    if not sort:
        return rows
    return sorted(rows, key=table.field(sort).get, reverse=descending)
