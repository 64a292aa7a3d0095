"""The oldest versions of Python and of each dependency that pyproject.toml admits, tried by the whole job."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.job import quit_program, send, to_confirm, to_form
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("oldest")]
TOP = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = [found[1] for one in PROJECT["classifiers"] if (found := re.search(r":: (3\.\d+)$", one))]


def oldest(requirement: str) -> str:
    """`name==version` of a requirement's lower bound."""
    name, bound = re.fullmatch(r"([\w-]+)>=([\d.]+).*", requirement).groups()  # type: ignore[union-attr]
    return f"{name}=={bound}"


def python(version: str) -> str:
    """The path of that Python, where this machine has it."""
    if version == ".".join(map(str, sys.version_info[:2])):
        return sys.executable
    found = shutil.which(f"python{version}")
    if not found or subprocess.run([found, "-V"], capture_output=True, check=False).returncode:
        pytest.skip(f"there is no Python {version} here")
    return found


@pytest.fixture(scope="module", params=PYTHONS)
def commands(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of commands of an environment with the oldest versions and vbem installed, no checkout."""
    folder = tmp_path_factory.mktemp("oldest")
    subprocess.run([python(request.param), "-m", "venv", str(folder)], check=True)
    bounds = folder / "oldest.txt"
    bounds.write_text("\n".join(oldest(one) for one in PROJECT["dependencies"]))
    subprocess.run([folder / "bin" / "pip", "install", "-q", "-c", bounds, str(TOP)], cwd=folder, check=True)
    yield folder / "bin"
    shutil.rmtree(folder)


def test_it_names_its_version(commands: Path) -> None:
    done = subprocess.run([commands / "vbem", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"vbem {PROJECT['version']}\n"


def test_the_embedded_server_starts_alone(commands: Path) -> None:
    with subprocess.Popen([commands / "vbem", "demo-server"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        ready = json.loads(server.stdout.readline())
        server.terminate()
    assert ready["url"].startswith("https://127.0.0.1:")


def test_the_demo_restores(commands: Path, tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    with Terminal([str(commands / "vbem"), "--demo"], env=environment) as terminal:
        terminal.until("|  Log on")
        terminal.until("Its password")
        terminal.press("enter")
        terminal.until("Trust and remember")
        terminal.press("right", "enter")
        terminal.until("points loaded")
        to_form(terminal, "hv-files01")
        to_confirm(terminal, "hv-files01")
        send(terminal)
        terminal.until("hv-files01: restoring")
        quit_program(terminal)
        assert terminal.wait() == 0
