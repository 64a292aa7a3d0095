"""The house: style and types, the rooms, names that may not come back, sizes, and what start-up loads."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import house
from tests.house import TOP, Name

pytestmark = pytest.mark.xdist_group("house")
"""One process reads the whole house, once."""

BIN = Path(sys.executable).parent
UI_ROOMS = {"__main__", "app", "cli", "screens", "terminal", "theme", "widgets"}
"""Who may know Textual; everything else serves scripts, too."""

RETIRED_WORDS = {
    "porter", "steward", "shell", "lane", "lanes", "book", "faces", "ahead", "filled", "endings", "living",
    "mischief", "frugal", "tell", "tells", "dress", "dressed", "hush", "hushed", "owed", "anew", "rehearse",
    "rehearsed", "rehearsal", "rehearsals", "tones", "blueprint",
}  # fmt: skip
"""Metaphors and odd verbs: no module, class, function, attribute or selector has one of them in its name."""
RETIRED_NAMES = {
    "module": {"host", "launch", "textline", "keyline", "lines"},
    "class": {"Host", "Launch", "Lines", "TextLine", "KeyLine", "KeysInOrder"},
    "function": {"expect"},
    "attribute": set[str](),
    "selector": {"TextLine", "KeyLine"},
}
"""Words that are good ones elsewhere: a server has a host, a restore is launched."""

BROUGHT_BY_TEXTUAL = {"rich"}
"""Textual's lines consist of its segments, so Textual alone says which versions fit."""

MOST_FILES = 150
MOST_LINES = 500
FEW_LINES, MOST_SHORT_FILES = 40, 8
MOST_LINES_OF_A_FUNCTION = 60
MOST_IMPORTS_INSIDE_FUNCTIONS = 60
DEEPEST_CLASS = 3


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)


def passes(*command: str) -> None:
    done = run(*command)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


def listed(found: Sequence[str]) -> str:
    return f"{len(found)}:\n" + "\n".join(found)


# -- style, types, rooms ----------------------------------------------------------------------------


def test_ruff_finds_nothing() -> None:
    passes(str(BIN / "ruff"), "check", "--no-cache", ".")


def test_ruff_format_changes_nothing() -> None:
    passes(str(BIN / "ruff"), "format", "--no-cache", "--check", ".")


def test_mypy_strict_finds_nothing() -> None:
    passes(sys.executable, "-m", "mypy")


def test_imports_keep_to_the_rooms() -> None:
    passes(str(BIN / "lint-imports"), "--no-cache")


def test_every_room_below_the_screens_is_held_to_load_no_textual() -> None:
    """Rooms and files of the top level, as the contract lists them: none is forgotten, none is gone."""
    rooms = {module.name.split(".")[1] for module in house.modules() if "." in module.name}
    config = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = [
        one
        for one in config["tool"]["importlinter"]["contracts"]
        if one["type"] == "forbidden" and one["forbidden_modules"] == ["textual"]
    ]
    assert set(contract["source_modules"]) == {f"tui.{room}" for room in rooms - UI_ROOMS}


def test_what_is_imported_is_what_an_install_brings() -> None:
    config = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    needs = config["project"]["dependencies"]
    declared = {re.split("[<>=~ ]", need)[0].replace("-", "_") for need in needs}
    assert house.imports_of_others() == declared | BROUGHT_BY_TEXTUAL


def test_no_import_goes_in_a_circle() -> None:
    circles = [" <-> ".join(circle) for circle in house.circles()]
    assert not circles, listed(circles)


def test_few_functions_import() -> None:
    found = house.imports_inside_functions()
    assert len(found) <= MOST_IMPORTS_INSIDE_FUNCTIONS, listed(found)


def test_the_first_screen_loads_nothing_heavy() -> None:
    heavy = {"httpx", "keyring", "xmltodict", "msgspec", "cryptography", "sqlite3", "h11", "tui.demo"}
    code = f"import sys, tui.app, tui.cli.main; print({heavy!r} & set(sys.modules))"
    done = run(sys.executable, "-c", code)
    assert done.stdout.strip() == "set()", done.stdout + done.stderr


def test_rooms_below_the_screens_load_no_textual() -> None:
    below = [
        module.name
        for module in house.modules()
        if module.name.count(".")
        and module.name.split(".")[1] not in UI_ROOMS
        and not house.is_a_program(module)
    ]
    code = f"""
import importlib, sys
for name in {below!r}:
    importlib.import_module(name)
    if "textual" in sys.modules:
        sys.exit(name)
"""
    done = run(sys.executable, "-c", code)
    assert done.returncode == 0, done.stdout + done.stderr


# -- names --------------------------------------------------------------------------------------------


def is_retired(name: Name) -> bool:
    return bool(house.words_of(name.name) & RETIRED_WORDS) or name.name in RETIRED_NAMES[name.kind]


def test_no_retired_name_comes_back() -> None:
    found = sorted({f"{name.where} {name.kind} {name.name}" for name in house.names() if is_retired(name)})
    assert not found, listed(found)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("module", "porter"),
        ("class", "ShellApp"),
        ("class", "Launch"),
        ("function", "_tell_now"),
        ("function", "expect"),
        ("attribute", "dressed_for"),
        ("selector", "TextLine"),
    ],
)
def test_a_retired_name_would_be_seen(kind: str, name: str) -> None:
    assert is_retired(Name(kind, name, ""))


@pytest.mark.parametrize(
    ("kind", "name"),
    [("attribute", "host"), ("function", "address"), ("class", "LaunchResult"), ("attribute", "expected")],
)
def test_a_good_name_is_no_retired_one(kind: str, name: str) -> None:
    assert not is_retired(Name(kind, name, ""))


def test_protected_names_of_others_stand_in_the_terminal_s_room_only() -> None:
    found = house.protected_of_others() + house.protected_of_bases()
    assert not found, listed(found)


# -- sizes --------------------------------------------------------------------------------------------


def test_the_program_has_few_files() -> None:
    assert sum(not module.is_demo for module in house.modules()) <= MOST_FILES


def test_no_file_is_long() -> None:
    found = [f"{one.name}: {one.lines} lines" for one in house.modules() if one.lines > MOST_LINES]
    assert not found, listed(found)


def test_hardly_a_file_is_short() -> None:
    short = [
        f"{one.name}: {one.lines} lines"
        for one in house.modules()
        if one.lines < FEW_LINES and not one.is_demo
    ]
    assert len(short) <= MOST_SHORT_FILES, listed(short)


def test_no_function_is_long() -> None:
    found = house.long_functions(MOST_LINES_OF_A_FUNCTION)
    assert not found, listed(found)


def test_no_tower_of_classes_is_built() -> None:
    found = [
        f"{kind.__module__}.{kind.__qualname__}: {height} deep"
        for kind in house.classes()
        # The tree of errors is deeper: it says what to do with one, and holds no behaviour.
        if not issubclass(kind, BaseException) and (height := house.depth(kind)) > DEEPEST_CLASS
    ]
    assert not found, listed(found)
