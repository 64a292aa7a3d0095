"""Every screen at 80x24, and at 120x40, as a picture."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.clock import FixedWallClock
from tests.support.demo_process import DemoProcess
from tests.support.program import app_on
from tests.support.scenes import DRAWN_PORT, MACHINE, OPERATOR, SCENES, SERVER_OPTIONS, SIZES
from tests.support.settle import settle, text_of
from tui.app import VbemApp

DRAWN_SESSION = "4e7fa0aa-cb3b-4b42-9aa1-ab7542fca3f8"
"""Stands in every picture: a server that is reset makes others each time."""


@pytest.fixture(scope="module")
def gallery() -> Iterator[DemoProcess]:
    with DemoProcess.start(*SERVER_OPTIONS) as process:
        yield process


@pytest.fixture
def app(gallery: DemoProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VbemApp:
    """The app on a fresh world; its picture holds nothing that differs from run to run."""
    gallery.reset()
    monkeypatch.setenv("LOGNAME", OPERATOR)
    monkeypatch.setattr("platform.node", lambda: MACHINE)
    app = app_on(gallery, tmp_path, clock=FixedWallClock(speed=20), trusted=False)
    draw = app.export_screenshot

    def draw_same(*, title: str | None = None, simplify: bool = False) -> str:
        svg = draw(title=title, simplify=simplify).replace(f":{gallery.port}", f":{DRAWN_PORT}")
        return re.sub(r"(RestoreSession:)[-0-9a-f]{36}", rf"\g<1>{DRAWN_SESSION}", svg)

    monkeypatch.setattr(app, "export_screenshot", draw_same)
    return app


LARGE = {"points-of-vm", "form"}
"""Screens that are laid out another way where there is room; the long hunts draw the others large, too."""
ALIKE = {"confirm", "confirm-cloud", "form-hyperv", "help", "picker", "points-incident", "request", "tasks"}
"""Screens whose kinds of things are all drawn on another screen of the gate: the long hunts draw these."""
WIDEST = {"200x50": (200, 50)}
"""The browser has a third pane there."""
MOVING = {"queue"}
"""What is sent next depends on which restore ends first: drawn for README, but not compared."""


def _is_of_gate(name: str, size: str) -> bool:
    return name not in ALIKE and (size == "80x24" or name in LARGE)


PICTURES = [
    pytest.param(name, size, id=f"{name}-{size}", marks=() if _is_of_gate(name, size) else pytest.mark.soak)
    for name in SCENES
    if name not in MOVING
    for size in SIZES
] + [pytest.param("points-of-vm", "200x50", id="points-of-vm-200x50", marks=pytest.mark.soak)]


@pytest.mark.parametrize(("name", "size"), PICTURES)
def test_screen(
    app: VbemApp, gallery: DemoProcess, name: str, size: str, snap_compare: Callable[..., bool]
) -> None:
    async def reach(pilot: Pilot[Any]) -> None:
        await SCENES[name](pilot, gallery)
        await settle(pilot)
        shown = text_of(pilot)
        assert "more lines:" not in shown or not re.search(r"\n *\n", shown), shown

    assert snap_compare(app, terminal_size=(SIZES | WIDEST)[size], run_before=reach)
