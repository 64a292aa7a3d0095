"""The filter grammar of the query service (contract 3.2): text in, a tree out.

Comma is OR, semicolon is AND and binds tighter. Values in double quotes may hold anything, a quote is
doubled; in unquoted values spaces are dropped without a word (T8). The documentation's own way to
name `"Backup"`, `Name==""Backup""`, is understood as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui.demo.refusal import Refused

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
