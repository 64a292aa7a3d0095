"""Each conformance test can fail: the mistakes of `mutations` are planted one by one and must be seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo.mutations import MUTATIONS
from tests.support.demo_process import TREE

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = MUTATIONS[::6]
"""The gate plants a sample; `pytest -m soak tests/demo` plants them all."""


def plant(folder: Path, mutation: tuple[str, str, str, str]) -> None:
    """Copy the server and make one mistake in the copy."""
    file, good, bad, _ = mutation
    demo = folder / "tui" / "demo"
    shutil.copytree(ROOT / "tui" / "demo", demo, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tui" / "__init__.py").touch()
    text = (demo / file).read_text(encoding="utf-8")
    assert good in text, f"{file} has no {good!r} any more: bring the list up to date"
    (demo / file).write_text(text.replace(good, bad), encoding="utf-8")


def goes_red(folder: Path, test: str) -> bool:
    """Run one conformance test against the copy; whether it went red."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-o",
        "addopts=",
        "-q",
        "-x",
        f"tests/demo/{test.replace('::', '.py::')}",
    ]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, TREE: str(folder)}, capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert "rror at setup" not in done.stdout, done.stdout
    return done.returncode == 1


@pytest.mark.parametrize("mutation", SAMPLE, ids=lambda row: row[3])
def test_a_planted_mistake_is_seen(mutation: tuple[str, str, str, str], tmp_path: Path) -> None:
    plant(tmp_path, mutation)
    assert goes_red(tmp_path, mutation[3])


@pytest.mark.soak
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda row: row[3])
def test_every_planted_mistake_is_seen(mutation: tuple[str, str, str, str], tmp_path: Path) -> None:
    plant(tmp_path, mutation)
    assert goes_red(tmp_path, mutation[3])


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda row: f"{row[0]}: {row[1]}"[:60])
def test_the_list_is_up_to_date(mutation: tuple[str, str, str, str]) -> None:
    file, good, bad, test = mutation
    assert good != bad
    assert good in (ROOT / "tui" / "demo" / file).read_text(encoding="utf-8")
    module, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / "tests" / "demo" / f"{module}.py").read_text(encoding="utf-8")
