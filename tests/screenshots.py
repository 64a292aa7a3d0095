"""Draw the pictures in `screenshots/` anew: `python -m tests.screenshots [FOLDER]`.

Each is the real app on the embedded server with fixed seed, clock, zone, port and certificate, so that
the same program gives the same bytes every time.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from textual.pilot import Pilot

from tests.support.clock import FixedWallClock
from tests.support.demo_process import DemoProcess
from tests.support.program import app_on
from tests.support.settle import settle, text_of, until
from tui.app import VbemApp

SIZES = {"": (80, 24), "-wide": (120, 40)}
PORT = 39398
SERVER_OPTIONS = (
    "--seed", "1", "--now", "2026-11-23T03:04:05Z", "--time-scale", "0", "--fixed-identity", "--port", str(PORT),
)  # fmt: skip


class Album:
    """Where the pictures of one run go."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self._folder = folder
        self._suffix = suffix

    async def take(self, pilot: Pilot[int], name: str) -> None:
        """Save what the screen shows."""
        await pilot.pause()
        svg = pilot.app.export_screenshot(title="vbem")
        (self._folder / f"{name}{self._suffix}.svg").write_text(svg, encoding="utf-8")


async def walk(demo: DemoProcess, folder: Path, suffix: str, size: tuple[int, int]) -> None:
    """Do the main job once and take a picture of every screen."""
    album = Album(folder, suffix)
    with tempfile.TemporaryDirectory() as state:
        app = app_on(demo, Path(state), clock=FixedWallClock(), trusted=False)
        async with app.run_test(size=size) as pilot:
            await _log_on(demo, pilot, album)
            await _restore(demo, pilot, app, album)


async def _log_on(demo: DemoProcess, pilot: Pilot[int], album: Album) -> None:
    await settle_on(pilot, "Log on")
    await album.take(pilot, "login")
    await pilot.press("enter")
    await settle_on(pilot, "fingerprint")
    await album.take(pilot, "certificate")
    await pilot.press("right", "enter")
    await settle_on(pilot, "Restore points")
    await settle(pilot)


async def _restore(demo: DemoProcess, pilot: Pilot[int], app: VbemApp, album: Album) -> None:
    await pilot.press(*"crm01")
    await settle(pilot)
    await album.take(pilot, "points")
    await pilot.press("enter")
    await settle(pilot)
    await album.take(pilot, "points-of-vm")


async def settle_on(pilot: Pilot[int], text: str) -> None:
    """Wait until the screen shows a text."""
    await until(pilot, lambda: text in text_of(pilot), f"{text!r} on the screen")


def draw(folder: Path) -> None:
    """Draw every picture into `folder`."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, size in SIZES.items():
        with DemoProcess.start(*SERVER_OPTIONS) as demo:
            asyncio.run(walk(demo, folder, suffix, size))


if __name__ == "__main__":
    target = (
        Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "screenshots"
    )
    draw(target)
