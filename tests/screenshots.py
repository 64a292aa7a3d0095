"""Draw the pictures in `screenshots/` again: `python -m tests.screenshots [FOLDER]`."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import tempfile
import time
from pathlib import Path

from tests.support.clock import FixedWallClock
from tests.support.demo_process import DemoProcess
from tests.support.program import app_on
from tests.support.scenes import DRAWN_PORT, MACHINE, OPERATOR, SCENES, SERVER_OPTIONS, SIZES, Scene


async def picture(demo: DemoProcess, scene: Scene, size: tuple[int, int]) -> str:
    """The SVG of one scene."""
    with tempfile.TemporaryDirectory() as state:
        app = app_on(demo, Path(state), clock=FixedWallClock(), trusted=False)
        async with app.run_test(size=size) as pilot:
            await scene(pilot, demo)
            return app.export_screenshot(title="vbem")


def draw(folder: Path, names: tuple[str, ...] = tuple(SCENES), sizes: tuple[str, ...] = tuple(SIZES)) -> None:
    """Draw the pictures of these scenes and sizes into `folder`."""
    os.environ["TZ"] = "UTC"
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    os.environ["LOGNAME"] = OPERATOR
    platform.node = lambda: MACHINE
    time.tzset()
    folder.mkdir(parents=True, exist_ok=True)
    for size in sizes:
        for name in names:
            with DemoProcess.start(*SERVER_OPTIONS, "--port", str(DRAWN_PORT)) as demo:
                svg = asyncio.run(picture(demo, SCENES[name], SIZES[size]))
            (folder / f"{name}-{size}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    folder = Path(__file__).resolve().parent.parent / "screenshots"
    parser.add_argument("folder", nargs="?", type=Path, default=folder)
    draw(parser.parse_args().folder)
