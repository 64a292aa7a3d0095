"""What the tests of the architecture read of the program: its files, names, imports and classes, as data."""

from __future__ import annotations

import ast
import gc
import importlib
import inspect
import linecache
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
DEMO = "demo"
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_IMPORT = (ast.Import, ast.ImportFrom)
_DOCUMENTED = {"os._exit", "sys._getframe"}
"""Names of Python's own manual, for all their underscore."""
_OF_TUPLES = {"_replace", "_asdict", "_fields", "_make"}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PROGRAMS = {"__main__", "keyring_worker"}


@dataclass(frozen=True, slots=True)
class Module:
    """One source file."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def is_demo(self) -> bool:
        """Whether it belongs to the embedded server."""
        return self.name.split(".")[1:2] == [DEMO]

    @property
    def is_terminal(self) -> bool:
        """Whether it is of the one room that may use protected names."""
        return self.name.split(".")[1:2] == ["terminal"]

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return len(self.text.splitlines())

    def at(self, node: ast.AST) -> str:
        """Where a node stands, as `path:line`."""
        return f"{self.path.relative_to(TOP)}:{getattr(node, 'lineno', 1)}"


@cache
def modules() -> tuple[Module, ...]:
    """Every source file of the program, the embedded server's included."""
    return tuple(_module(path) for path in sorted((TOP / "tui").rglob("*.py")))


def forget() -> None:
    """Free the memory of the sources, some 130 MB as trees: nobody asks again."""
    for kept in (modules, classes, _classes_in, _protected_in):
        kept.cache_clear()
    linecache.clearcache()
    gc.collect()


def _module(path: Path) -> Module:
    name = ".".join(path.relative_to(TOP).with_suffix("").parts).removesuffix(".__init__")
    text = path.read_text(encoding="utf-8")
    return Module(name, path, text, ast.parse(text))


def words_of(name: str) -> set[str]:
    """The words of an identifier or a selector, in lower case: `_VbemApp-is_on` has vbem, app, is and on."""
    return {word.lower() for word in _WORD.findall(name)}


def is_a_program(module: Module) -> bool:
    """Whether a module runs as a process of its own, so that importing it may start something."""
    return module.name.rpartition(".")[2] in _PROGRAMS


# -- names ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Name:
    """A name that the program gives to something."""

    kind: str
    """`module`, `class`, `function`, `attribute` or `selector`."""
    name: str
    where: str


def names() -> Iterator[Name]:
    """Every module, class, function, attribute and selector the program names."""
    for module in modules():
        yield Name("module", module.name.rpartition(".")[2], str(module.path.relative_to(TOP)))
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                yield Name("class", node.name, module.at(node))
            elif isinstance(node, _FUNCTION):
                yield Name("function", node.name, module.at(node))
            else:
                yield from (Name("attribute", name, module.at(node)) for name in _assigned(node))
    for path in sorted((TOP / "styles").glob("*.tcss")):
        text = re.sub(
            r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), path.read_text("utf-8"), flags=re.S
        )
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip().endswith(";"):
                for name in re.findall(r"[\w-]*[A-Za-z][\w-]*", line):
                    yield Name("selector", name, f"{path.relative_to(TOP)}:{number}")


def _assigned(node: ast.AST) -> Iterator[str]:
    """Attributes of objects and names of modules and classes that a statement assigns."""
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AnnAssign)
        else []
    )
    for target in targets:
        for part in target.elts if isinstance(target, ast.Tuple) else [target]:
            if isinstance(part, ast.Attribute):
                yield part.attr
            elif isinstance(part, ast.Name):
                yield part.id


# -- imports ----------------------------------------------------------------------------------------


def circles() -> list[list[str]]:
    """Circles of imports; those under TYPE_CHECKING and inside functions count, too."""
    known = {module.name for module in modules()}
    graph = {module.name: _imported(module, known) - {module.name} for module in modules()}
    reach = {name: _reachable(name, graph) for name in graph}
    found = {frozenset(other for other in reach[name] if name in reach[other]) for name in graph}
    return sorted(sorted(circle) for circle in found if circle)


def _imported(module: Module, known: set[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else node.module for name in full.values()}
    return found & known


def _reachable(start: str, graph: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += graph[name]
    return seen


def imports_of_others() -> set[str]:
    """The packages that are neither ours nor Python's own, by the name they are imported by."""
    found: set[str] = set()
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"tui"}


def imports_inside_functions() -> list[str]:
    """Where a function imports something."""
    found = {
        module.at(inner)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, _FUNCTION)
        for inner in ast.walk(node)
        if isinstance(inner, _IMPORT)
    }
    return sorted(found)


def long_functions(most: int) -> list[str]:
    """Functions of more than `most` lines, decorators not counted."""
    return [
        f"{module.at(node)} {node.name}: {length} lines"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, _FUNCTION) and (length := (node.end_lineno or 0) - node.lineno + 1) > most
    ]


# -- protected names ----------------------------------------------------------------------------------


def is_protected(name: str) -> bool:
    """Whether a name has one leading underscore; names as `_value_` are the public ones of enums."""
    return name.startswith("_") and not name.startswith("__") and not name.endswith("_")


def protected_of_others() -> list[str]:
    """Protected names of other objects and libraries, outside the room for them."""
    found = [
        f"{module.at(node)} {ast.unparse(node)}"
        for module in modules()
        if not module.is_terminal
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and is_protected(node.attr)
        and node.attr not in _OF_TUPLES
        and ast.unparse(node) not in _DOCUMENTED
        and not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"})
    ]
    found += [
        f"{module.at(node)} from {node.module} import {alias.name}"
        for module in modules()
        if not module.is_terminal
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if is_protected(alias.name)
    ]
    return found


def protected_of_bases() -> list[str]:
    """Protected names of a library that a class of ours, which inherits from it, uses or covers."""
    found = []
    for kind in classes():
        if kind.__module__.startswith("tui.terminal"):
            continue
        theirs = {
            name
            for base in kind.__mro__
            if not _is_ours(base)
            for name in (*filter(is_protected, vars(base)), *_protected_in(base))
        }
        found += [
            f"{kind.__module__}.{kind.__qualname__}: {name}" for name in sorted(_protected_in(kind) & theirs)
        ]
    return found


@cache
def _classes_in(module: str) -> dict[str, ast.ClassDef]:
    """The classes that the source of a module defines; `inspect` would read it anew for each of them."""
    try:
        source = inspect.getsource(sys.modules[module])
    except (OSError, TypeError):
        return {}
    found: dict[str, ast.ClassDef] = {}

    def visit(node: ast.AST, outer: str) -> None:
        for child in ast.iter_child_nodes(node):
            name = f"{outer}{child.name}" if isinstance(child, (ast.ClassDef, *_FUNCTION)) else ""
            if isinstance(child, ast.ClassDef):
                found[name] = child
            inner = f"{name}." if isinstance(child, ast.ClassDef) else f"{name}.<locals>." if name else outer
            visit(child, inner)

    visit(ast.parse(source), "")
    return found


@cache
def _protected_in(kind: type) -> frozenset[str]:
    """Protected names that the source of a class defines, sets or asks of itself."""
    tree = _classes_in(kind.__module__).get(kind.__qualname__)
    if tree is None:
        return frozenset()  # not written in Python, or made by a decorator
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTION):
            found.add(node.name)
        elif isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}:
                found.add(node.attr)
        else:
            found.update(_assigned(node))
    return frozenset(filter(is_protected, found))


# -- classes ------------------------------------------------------------------------------------------


@cache
def classes() -> tuple[type, ...]:
    """Every class the program defines, without the embedded server's."""
    found: dict[str, type] = {}
    for module in modules():
        if module.is_demo or is_a_program(module):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and value.__module__ == module.name:
                found[f"{value.__module__}.{value.__qualname__}"] = value
    return tuple(found[name] for name in sorted(found))


def depth(kind: type) -> int:
    """How many classes of ours stand above each other, this one included; only the longest way counts."""
    return (
        1 + max((depth(base) for base in kind.__bases__ if _is_ours(base)), default=0)
        if _is_ours(kind)
        else 0
    )


def _is_ours(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "tui"
