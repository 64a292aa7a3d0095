"""What a user installs: the stylesheets are inside the wheel and are found from anywhere."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.soak
TOP = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    code = "import os, sys\nfrom hatchling.build import build_wheel\nprint(build_wheel(sys.argv[1]))\n"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


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


def test_the_unpacked_wheel_finds_its_own_stylesheets(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        "from tui.theme import stylesheets; print(all(p.is_file() for p in stylesheets()), stylesheets()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd="/", env={"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["True", str(tmp_path / "tui" / "styles" / "app.tcss")], done.stderr
