"""No child runs what lies in the current folder, and none gets more of the environment than it needs."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.chosen_keyring import FileKeyringAt, file_keyring
from tests.unit.api.test_codec_points import ENTITY, written
from tui.api.limits import Limits
from tui.api.models import PointKind
from tui.api.page_worker import PageWorker
from tui.demo.child import embedded_server
from tui.store.keyring_store import SessionStore, StoredSession

__all__ = ["file_keyring"]

SHADOWED = (
    "json",
    "keyring",
    "msgspec",
    "sitecustomize",
    "usercustomize",
    "asyncio",
    "tui",
    "encodings",
    "ssl",
)


async def ask_keyring(tmp_path: Path) -> None:
    session = StoredSession(user="op", session_id="1", token="2" * 20)
    kept = await SessionStore("vbem", timeout_s=30).save("em:1", session)
    assert kept.in_keyring, kept.reason


async def decode_page(tmp_path: Path) -> None:
    worker = PageWorker(Limits())
    assert await worker.points(written("xml", [ENTITY] * 400), PointKind.VM) is not None
    await worker.aclose()


async def run_demo(tmp_path: Path) -> None:
    with embedded_server(identity_folder=tmp_path / "identity") as ready:
        assert ready["url"].startswith("https://")


CHILDREN: dict[str, Callable[[Path], Awaitable[None]]] = {
    "keyring": ask_keyring, "page worker": decode_page, "embedded server": run_demo,
}  # fmt: skip


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_keyring: FileKeyringAt) -> Path:
    """The current folder, full of modules that a child would import, and an environment that leads there."""
    folder = tmp_path / "trap"
    folder.mkdir()
    for name in SHADOWED:
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'a').write(__name__)")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", f":.:{os.environ['PYTHONPATH']}:")
    monkeypatch.syspath_prepend(folder)  # as `python -m tui` does
    for name in ("PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONPLATLIBDIR"):
        monkeypatch.setenv(name, str(folder / "json.py"))
    monkeypatch.setenv("PYTHONWARNINGS", "error::json.JSONDecodeError")
    monkeypatch.setenv("VBEM_PASSWORD", "hunter2hunter2")
    return folder


@pytest.mark.parametrize("child", CHILDREN)
async def test_no_child_runs_a_module_of_the_current_folder(trap: Path, tmp_path: Path, child: str) -> None:
    await CHILDREN[child](tmp_path)
    assert not (tmp_path / "sprung").exists(), (tmp_path / "sprung").read_text()


@pytest.mark.parametrize("child", CHILDREN)
async def test_no_child_gets_more_of_the_environment_than_it_needs(
    trap: Path, tmp_path: Path, child: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess

    seen: list[dict[str, str]] = []
    start = subprocess.Popen

    def note(command: list[str], **options: Any) -> object:  # noqa: ANN401 - handed on
        seen.append(options["env"])
        assert options["cwd"] == "/"
        return start(command, **options)

    for place in ("subprocess.Popen", "tui.api.page_worker.Popen"):
        monkeypatch.setattr(place, note)
    await CHILDREN[child](tmp_path)
    (environment,) = seen
    assert "hunter2hunter2" not in environment.values()
    assert environment.keys() & {"PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONPLATLIBDIR", "SSH_TTY"} == set()
    assert "." not in environment["PYTHONPATH"].split(os.pathsep)
    assert "" not in environment["PYTHONPATH"].split(os.pathsep)
