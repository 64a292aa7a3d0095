"""The gate's own checks: style, types, the rooms, and what start-up loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)


def passes(*command: str) -> None:
    done = run(*command)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


def test_ruff_finds_nothing() -> None:
    passes(str(BIN / "ruff"), "check", "--no-cache", ".")


def test_ruff_format_changes_nothing() -> None:
    passes(str(BIN / "ruff"), "format", "--no-cache", "--check", ".")


def test_mypy_strict_finds_nothing() -> None:
    passes(sys.executable, "-m", "mypy")


def test_imports_keep_to_the_rooms() -> None:
    passes(str(BIN / "lint-imports"), "--no-cache")


@pytest.mark.parametrize(
    "heavy", ["httpx", "keyring", "xmltodict", "msgspec", "cryptography", "h11", "tui.demo"]
)
def test_the_first_screen_loads_nothing_heavy(heavy: str) -> None:
    code = f"import sys, tui.app, tui.cli; print({heavy!r} in sys.modules)"
    done = run(sys.executable, "-c", code)
    assert done.stdout.strip() == "False", done.stdout + done.stderr


@pytest.mark.parametrize("room", ["api", "store", "session", "points", "restores", "demo"])
def test_rooms_below_the_screens_load_no_textual(room: str) -> None:
    code = f"""
import importlib, pkgutil, sys, tui.{room} as room
for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
    if not module.name.endswith("__main__") and not module.name.endswith("keyring_worker"):
        importlib.import_module(module.name)
print("textual" in sys.modules)
"""
    done = run(sys.executable, "-c", code)
    assert done.stdout.strip() == "False", done.stdout + done.stderr


def test_files_stay_under_300_lines() -> None:
    long = {
        str(path.relative_to(TOP)): lines
        for path in sorted((TOP / "tui").rglob("*.py"))
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) >= 300
    }
    assert not long
