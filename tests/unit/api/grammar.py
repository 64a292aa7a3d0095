"""A second reading of the filter grammar (WIRE 3.2), written apart from the code that builds filters."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_TOKEN = re.compile(r'([A-Za-z]+)(==|!=|>=|<=|>|<)(?:"((?:[^"]|"")*)"|([A-Za-z0-9_]+))', re.DOTALL)


@dataclass(frozen=True)
class Comparison:
    field: str
    operator: str
    value: str


@dataclass(frozen=True)
class Group:
    joint: str
    """`;` for and, `,` for or."""
    parts: tuple[Comparison | Group, ...]


Part = Callable[[str], "tuple[Comparison | Group, str]"]


def parse(text: str) -> Comparison | Group:
    node, rest = _or(text)
    assert rest == "", f"left over: {rest!r}"
    return node


def _or(text: str) -> tuple[Comparison | Group, str]:
    return _joined(text, ",", lambda rest: _joined(rest, ";", _term))


def _joined(text: str, joint: str, part: Part) -> tuple[Comparison | Group, str]:
    node, rest = part(text)
    parts = [node]
    while rest.startswith(joint):
        node, rest = part(rest[1:])
        parts.append(node)
    return (parts[0] if len(parts) == 1 else Group(joint, tuple(parts))), rest


def _term(text: str) -> tuple[Comparison | Group, str]:
    if text.startswith("("):
        node, rest = _or(text[1:])
        assert rest.startswith(")"), f"unclosed group at {rest!r}"
        return node, rest[1:]
    match = _TOKEN.match(text)
    assert match, f"no comparison at {text!r}"
    field, operator, quoted, bare = match.groups()
    value = quoted.replace('""', '"') if quoted is not None else bare
    return Comparison(field, operator, value), text[match.end() :]
