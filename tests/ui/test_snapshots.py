"""Every screen at 80x24, and at 120x40, as a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped] # ships none
from syrupy.assertion import SnapshotAssertion
from syrupy.location import PyTestLocation
from syrupy.types import SnapshotIndex

from tests.support.clock import FixedWallClock
from tests.support.demo_process import DemoProcess
from tests.support.program import app_on
from tests.support.scenes import DRAWN_PORT, MACHINE, OPERATOR, SCENES, SERVER_OPTIONS, SIZES, walk
from tests.support.settle import settle, text_of
from tests.support.soak import soak
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


MOVING = {"queue"}
"""What is sent next depends on which restore ends first: drawn for README, but not compared."""
GATE = {
    "confirm-overwrite-80x24": [
        "login",
        "certificate",
        "points",
        "points-of-vm",
        "form",
        "confirm-overwrite",
    ],
    "form-cloud-80x24": ["form-cloud"],
    "tasks-running-80x24": ["confirm", "tasks", "tasks-running"],
    "cancel-80x24": ["cancel"],
    "history-80x24": ["history"],
    "batch-confirm-80x24": ["incident", "points-incident", "names", "batch", "batch-confirm"],
    "form-120x40": ["points-of-vm", "form"],
}  # fmt: skip
"""Walks, by their last scene and the size, with the scenes on them that are compared. Large, the gate takes
what is laid out another way where there is room."""
LONG = {
    "form-hyperv-80x24": ["form-hyperv"],
    "picker-80x24": ["picker"],
    "request-80x24": ["request"],
    "confirm-cloud-80x24": ["confirm-cloud"],
    "help-80x24": ["help"],
    "confirm-overwrite-120x40": ["login", "certificate", "points", "confirm-overwrite"],
    "form-hyperv-120x40": ["form-hyperv"],
    "picker-120x40": ["form-cloud", "picker"],
    "request-120x40": ["request"],
    "confirm-cloud-120x40": ["confirm-cloud"],
    "tasks-running-120x40": ["confirm", "tasks", "tasks-running"],
    "cancel-120x40": ["cancel"],
    "history-120x40": ["history"],
    "help-120x40": ["help"],
    "batch-confirm-120x40": ["incident", "points-incident", "names", "batch", "batch-confirm"],
    "points-of-vm-200x50": ["points-of-vm"],
}
"""Those of the long hunts: of other kinds of what the gate compares, or large. The browser has a third pane
at the widest."""
WIDEST = {"200x50": (200, 50)}


class Picture(SVGImageExtension):  # type: ignore[misc] # untyped
    """A file by the name of the scene and the size, whichever walk passes there."""

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: SnapshotIndex = 0) -> str:
        return f"test_screen[{index}]"


@pytest.mark.parametrize("way", [*GATE, *soak(*LONG)])
async def test_screens_of_a_walk(
    app: VbemApp, gallery: DemoProcess, way: str, snapshot: SnapshotAssertion
) -> None:
    last, _, size = way.rpartition("-")
    left = [*(GATE | LONG)[way]]

    async def compare(name: str) -> None:
        if name not in left:
            return
        left.remove(name)
        await settle(pilot)
        shown = text_of(pilot)
        assert "more lines:" not in shown or not re.search(r"\n *\n", shown), shown
        assert app.export_screenshot(simplify=True) == snapshot(
            name=f"{name}-{size}", extension_class=Picture
        ), name

    async with app.run_test(size=(SIZES | WIDEST)[size]) as pilot:
        await walk(last, pilot, gallery, compare)
    assert left == []


def test_every_screen_is_compared_in_every_size() -> None:
    compared = [(name, way.rpartition("-")[2]) for way, names in (GATE | LONG).items() for name in names]
    wanted = {(name, size) for name in SCENES if name not in MOVING for size in SIZES}
    assert sorted(compared) == sorted({*wanted, ("points-of-vm", "200x50")})
