"""Every text an operator can read, collected from the source: `python -m tests.texts [KIND ...]` prints them.

A text is a string or an f-string that is neither a docstring nor a technical word. What stands in braces is
filled in when the program runs.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests import house

_FIELDS = {
    "label",
    "help",
    "title",
    "hint",
    "note",
    "heading",
    "placeholder",
    "description",
    "text",
    "epilog",
}
"""Arguments and attributes that are shown as they are."""
_STATUS = {"set_status", "add_status", "show_notice", "on_notice", "Notice"}
"""Calls whose first argument must fit one line."""
_NO_TEXT = {"compile", "TypeVar", "cast", "getLogger", "execute", "hasattr", "getattr", "sub", "strftime"}
"""Calls whose strings are for machines."""
_SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|PRAGMA|CREATE|BEGIN|state NOT IN|\{name\} = \?)")
_HEADER = re.compile(r"(CONNECT|Host:|\{self\.method\}|X-RestSvc|Proxy-Authorization:|Basic ) ?")
_WORDS = re.compile(r"[A-Za-z]{2,}\W* \W*\S*[A-Za-z{]|\} [a-z]{2,}")


@dataclass(frozen=True, slots=True, order=True)
class Text:
    """One text, where it stands and what it is for."""

    where: str
    kind: str
    """`title`, `hint`, `help`, `label`, another name of `_FIELDS`, `status`, `detail` or `sentence`."""
    words: str


@cache
def texts() -> tuple[Text, ...]:
    """Return every text of the program but the embedded server's, in the order of the files."""
    return tuple(text for module in house.modules() if not module.is_demo for text in _Reader(module).found())


class _Reader(ast.NodeVisitor):
    """Walk one module and remember for each string what it stands in."""

    def __init__(self, module: house.Module) -> None:
        self._module = module
        self._kinds = ["sentence"]
        self._found: list[tuple[int, Text]] = []
        self._takes_single_words = module.name == "tui.actions"

    def found(self) -> Iterator[Text]:
        self.visit(self._module.tree)
        for _, text in sorted(self._found):
            yield text

    def _inside(self, kind: str, node: ast.AST) -> None:
        self._kinds.append(kind)
        self.visit(node)
        self._kinds.pop()

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        target = node.targets[0]
        name = target.id.lower() if isinstance(target, ast.Name) else ""
        if not name.startswith("__") and name not in {"_schema", "default_css"}:
            self._inside(name if name in _FIELDS else self._kinds[-1], node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._inside(self._kinds[-1], node.value)

    def visit_arg(self, node: ast.arg) -> None:
        """An annotation in quotes is no text."""

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Neither is a key."""
        self.visit(node.value)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Nor what is compared."""

    def visit_Call(self, node: ast.Call) -> None:
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        self.visit(node.func)
        if name in _NO_TEXT or (name == "replace" and isinstance(node.func, ast.Attribute)):
            return
        kind = "status" if name in _STATUS else self._kinds[-1]
        kind = "detail" if name in _errors() else kind
        for argument in node.args:
            self._inside("label" if name == "_one" and argument is node.args[-2] else kind, argument)
        for keyword in node.keywords:
            if keyword.arg not in {"name", "classes", "id", "group", "description"}:
                self._inside(keyword.arg if keyword.arg in _FIELDS else kind, keyword.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        parts = (
            part.value if isinstance(part, ast.Constant) else f"{{{_expression(part)}}}"
            for part in node.values
        )
        self._add(node, "".join(str(part) for part in parts))
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self._inside("sentence", part.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self._add(node, node.value)

    def _add(self, node: ast.expr, words: str) -> None:
        kind = self._kinds[-1]
        is_shown = kind in _FIELDS and words[:1].isupper()
        if self._takes_single_words:
            is_shown = words[:1].isupper() and words.strip() == words and len(words) > 2
        if _SQL.match(words) or _HEADER.match(words) or not (is_shown or _WORDS.search(words)):
            return
        if self._takes_single_words:
            kind = "help" if words.endswith(".") else "label"
        self._found.append((node.lineno, Text(self._module.at(node), kind, words)))


@cache
def _errors() -> frozenset[str]:
    """Return the names of our error classes, and of those whose message is shown all the same."""
    ours = {
        node.name
        for module in house.modules()
        if module.name.rpartition(".")[2] in {"errors", "fields", "config", "filter_parser", "moment"}
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and any("Error" in ast.unparse(base) for base in node.bases)
    }
    return frozenset(ours | {"ValueError", "WrongForm", "NotManager", "Unreadable", "TooLarge"})


def _expression(part: ast.expr) -> str:
    return ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else "?"


def main(kinds: list[str]) -> None:
    """Print the texts, all or those of some kinds, a line each."""
    for text in texts():
        if not kinds or text.kind in kinds:
            print(f"{text.where}  [{text.kind}]  {text.words}".replace("\n", "\\n"))  # noqa: T201 - its purpose


if __name__ == "__main__":
    main(sys.argv[1:])
