"""Every screen at 80x24 and 120x40, as a picture."""

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
from tests.support.scenes import DRAWN_PORT, SCENES, SERVER_OPTIONS, SIZES

DRAWN_SESSION = "4e7fa0aa-cb3b-4b42-9aa1-ab7542fca3f8"
"""Stands in every picture: a server that is reset makes others each time."""


@pytest.fixture(scope="module")
def server() -> Iterator[DemoProcess]:
    with DemoProcess.start(*SERVER_OPTIONS) as process:
        yield process


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_screen(
    server: DemoProcess,
    name: str,
    size: str,
    tmp_path: Path,
    snap_compare: Callable[..., bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.reset()
    app = app_on(server, tmp_path, clock=FixedWallClock(speed=20), trusted=False)
    draw = app.export_screenshot

    def draw_same(**options: Any) -> str:
        svg = draw(**options).replace(f":{server.port}", f":{DRAWN_PORT}")
        return re.sub(r"(RestoreSession:)[-0-9a-f]{36}", rf"\g<1>{DRAWN_SESSION}", svg)

    async def reach(pilot: Pilot[Any]) -> None:
        await SCENES[name](pilot, server)

    monkeypatch.setattr(app, "export_screenshot", draw_same)
    assert snap_compare(app, terminal_size=SIZES[size], run_before=reach)
