"""What a user installs and reads first: the wheel, the sdist, the dependencies and README."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from tui.actions import ACTIONS, spell_key
from tui.cli.commands import COMMANDS, PLAN_ACTIONS, build_parser
from tui.cli.exit_codes import TABLE
from tui.cli.options import OPTIONS
from tui.config import NamedServer, Settings

TOP = Path(__file__).resolve().parent.parent
PROJECT_FILE = (TOP / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(PROJECT_FILE)["project"]
README = (TOP / "README.md").read_text(encoding="utf-8")


def build(kind: str, folder: Path) -> Path:
    """Build a `wheel` or an `sdist` of the checkout; the file."""
    code = f"import sys\nfrom hatchling.build import build_{kind}\nprint(build_{kind}(sys.argv[1]))\n"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    with tarfile.open(build("sdist", tmp_path_factory.mktemp("sdist"))) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


# -- wheel and sdist --------------------------------------------------------------------------------


@pytest.mark.soak
def test_the_wheel_holds_every_stylesheet_unchanged(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {
            name.removeprefix("tui/styles/"): archive.read(name)
            for name in archive.namelist()
            if name.startswith("tui/styles/")
        }
    own = {
        str(path.relative_to(TOP / "styles")): path.read_bytes() for path in (TOP / "styles").rglob("*.tcss")
    }
    assert own
    assert packed == own


@pytest.mark.soak
def test_the_wheel_holds_program_licence_and_the_facts_of_the_wire_only(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = [archive.read(name).decode() for name in names if name.endswith("/METADATA")]
    assert {"tui/api/WIRE.md", "tui/py.typed", "tui/__main__.py"} <= names
    assert [name for name in names if name.endswith("/licenses/LICENSE")]
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"tui", "vbem_tui"}
    assert "License-Expression: MIT" in metadata
    assert "Requires-Dist: h11" in metadata


@pytest.mark.soak
def test_the_unpacked_wheel_finds_its_own_stylesheets(wheel: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(wheel, tmp_path, "zip")
    code = (
        "from tui.theme import stylesheets; print(all(p.is_file() for p in stylesheets()), stylesheets()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd="/", env={"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["True", str(tmp_path / "tui" / "styles" / "app.tcss")], done.stderr


@pytest.mark.soak
def test_the_sdist_holds_what_readers_and_testers_need(sdist_names: set[str]) -> None:
    assert {"LICENSE", "CHANGELOG.md", "README.md", "pyproject.toml", "styles/app.tcss"} <= sdist_names
    for folder in ("screenshots", "tests", "tui"):
        own = {
            str(path.relative_to(TOP))
            for path in (TOP / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert own
        assert own <= sdist_names


# -- pyproject and CHANGELOG ------------------------------------------------------------------------


def test_every_dependency_says_why_it_is_there() -> None:
    lines = [line.strip() for line in PROJECT_FILE.splitlines()]
    needs = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    assert [need for need in needs if not lines[lines.index(f'"{need}",') - 1].startswith("# ")] == []


def test_the_changelog_tells_of_this_version() -> None:
    changes = (TOP / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[([^]]+)\]", changes, re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1] == PROJECT["version"]
    for heading in headings:
        assert f"\n[{heading}]: {PROJECT['urls']['Source']}" in changes


# -- README -----------------------------------------------------------------------------------------


def rows_of_options() -> dict[str, list[str]]:
    """README's table of options: the option, then its cells."""
    rows = re.findall(r"^\| `(--[a-z-]+)(.*)\|$", README, re.MULTILINE)
    return {name: re.split(r"(?<!\\)\|", rest) for name, rest in rows}


def options_of(command: str) -> set[str]:
    """The options that `--help` lists, of `vbem` (empty) or of one of its commands."""
    return set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", help_of(*command.split()), re.MULTILINE))


def help_of(*command: str) -> str:
    """What `--help` says, of `vbem` or of one of its commands."""
    with pytest.raises(SystemExit), redirect_stdout(io.StringIO()) as said:
        build_parser().parse_args([*command, "--help"])
    return said.getvalue()


def test_the_options_of_readme_are_those_of_the_program() -> None:
    written = {name: cells[0].strip(" `").replace("\\|", "|") for name, cells in rows_of_options().items()}
    assert {option.flag: option.metavar for option in OPTIONS} == {
        name: value
        for name, value in written.items()
        if name not in {"--demo", "--incident", "--mouse", "--plain"}
    }


def test_the_variables_and_settings_of_readme_are_those_of_the_program() -> None:
    cells = rows_of_options()
    for option in OPTIONS:
        assert cells[option.flag][1].strip(" `") == option.variable
        assert cells[option.flag][2].strip(" `") == (option.name if option.is_setting else "")
    keys = {option.name for option in OPTIONS if option.is_setting}
    assert keys | {"cloud_layout", "default_server", "servers"} == set(Settings.__dataclass_fields__)
    per_server = {option.name for option in OPTIONS if option.is_per_server}
    assert per_server | {"cloud_layout", "host"} == set(NamedServer.__dataclass_fields__)


def test_the_exit_codes_of_readme_are_those_of_the_program() -> None:
    assert re.findall(r"^\| (\d+) \| (.+) \|$", README, re.MULTILINE) == [
        (str(int(code)), words) for code, words in TABLE
    ]


def test_the_commands_of_readme_are_those_of_the_program() -> None:
    for command in COMMANDS:
        assert f"`vbem {command.name}" in README, command.name


def test_the_options_used_in_readme_s_text_exist() -> None:
    commands = ("", *(one.name for one in COMMANDS), *(f"plan {one.name}" for one in PLAN_ACTIONS))
    # The last one is of `vbem demo-server`.
    known = {option for name in commands for option in options_of(name)} | {"--host"}
    used = set(re.findall(r"`vbem (--[a-z-]+)", README)) | set(re.findall(r"`(--[a-z-]+)`", README))
    assert "--demo" in used
    assert used - known == set()


def test_the_keys_of_readme_are_those_of_the_program() -> None:
    real = {spell_key(key) for action in ACTIONS for key in action.keys.split(",")}
    section = README.partition("## Keys")[2].partition("## ")[0]
    rows = re.findall(r"^\| (`[^|]*`) \|", section, re.MULTILINE)
    named = {key for row in rows for key in re.findall(r"`([^`]+)`", row)}
    assert len(named) > 15
    assert named - real == set()
    said = {*re.findall(r"`([^`]+)`", section), *"2345678"}  # which stand between `1` and `9`
    moves = {"Up", "Down", "Left", "Right", "Home", "End", "PgUp", "PgDn"}
    assert real - said - moves == set()


def test_the_files_that_readme_names_exist() -> None:
    named = set(re.findall(r"`((?:tui|styles|tests|screenshots)/[\w./-]*)`", README))
    named |= set(re.findall(r"\]\(([\w./-]+)\)", README)) | set(re.findall(r"tests/[\w/]+\.py", README))
    named |= {f"styles/{name}" for name in re.findall(r"`(\w+\.tcss)`", README)}
    assert len(named) > 15
    assert [name for name in sorted(named) if not (TOP / name).exists()] == []
    assert {f"styles/{name}" for name in os.listdir(TOP / "styles")} <= named


def test_every_room_stands_in_readme() -> None:
    rooms = {path.parent.name for path in (TOP / "tui").glob("*/__init__.py")}
    assert [room for room in sorted(rooms) if f"`tui/{room}/`" not in README] == []


def test_the_commands_of_readme_are_those_of_the_checkout() -> None:
    assert "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && .venv/bin/pytest\n" in README
    extras = set(re.findall(r"\.\[(\w+)\]", README))
    assert extras == set(PROJECT["optional-dependencies"])
    for module in re.findall(r"python -m (tests\.\w+)", README):
        place = TOP.joinpath(*module.split("."))
        assert place.with_suffix(".py").exists() or (place / "__main__.py").exists(), module
