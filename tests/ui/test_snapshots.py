"""Every screen at 80x24 and 120x40, as a picture; one server at a time, for its port is in the picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.clock import FixedWallClock
from tests.support.demo_process import DemoProcess
from tests.support.program import app_on
from tests.support.scenes import SCENES, SERVER_OPTIONS, SIZES

pytestmark = pytest.mark.xdist_group("pictures")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_screen(name: str, size: str, tmp_path: Path, snap_compare: Callable[..., bool]) -> None:
    with DemoProcess.start(*SERVER_OPTIONS) as demo:
        app = app_on(demo, tmp_path, clock=FixedWallClock(), trusted=False)

        async def reach(pilot: Pilot[Any]) -> None:
            await SCENES[name](pilot, demo)

        assert snap_compare(app, terminal_size=SIZES[size], run_before=reach)
