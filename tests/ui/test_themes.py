"""Each theme as it is drawn: nothing on a screen is hard to read, whoever chose its colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.color import Color, ColorSystem
from textual.pilot import Pilot

from tests.support.clock import NOON
from tests.support.demo_process import DemoProcess
from tests.support.program import app_on
from tests.support.scenes import SCENES
from tests.support.settle import settle, strips_of, text_of, until
from tests.support.soak import soak
from tui.app import VbemApp
from tui.config import THEMES
from tui.screens.base import VbemScreen
from tui.terminal.rendering import LEAST_CONTRAST, contrast


def as_256(colour: Color | None) -> tuple[int, int, int]:
    assert colour is not None
    red, green, blue = colour.downgrade(ColorSystem.EIGHT_BIT).get_truecolor()
    return red, green, blue


def hard_to_read(pilot: Pilot[Any]) -> list[str]:
    """What is drawn in too little contrast on the uppermost screen; what shines through a dialog is not."""
    screen, found = pilot.app.screen, []
    whole = screen.region
    region = whole if isinstance(screen, VbemScreen) else screen.children[0].region
    for strip in strips_of(pilot)[region.y : region.bottom]:
        for segment in strip.crop(region.x, region.right):
            if not segment.text.strip() or segment.style is None or segment.style.bgcolor is None:
                continue
            ratio = contrast(as_256(segment.style.color), as_256(segment.style.bgcolor))
            if ratio < LEAST_CONTRAST:
                found.append(f"{segment.text.strip()!r}: {segment.style}, {ratio:.1f}")
    return found


@pytest.fixture
def app(server: DemoProcess, tmp_path: Path) -> VbemApp:
    server.renew(now=NOON.isoformat())
    return app_on(server, tmp_path, trusted=False)


@pytest.mark.parametrize("scene", ["form", "batch-confirm", *soak("login", "history", "points-incident")])
async def test_every_theme_is_readable_as_it_is_drawn(app: VbemApp, server: DemoProcess, scene: str) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await SCENES[scene](pilot, server)
        for theme in THEMES:
            app.theme = theme
            await settle(pilot)
            assert not hard_to_read(pilot), theme


async def test_the_palette_is_readable_in_every_theme(app: VbemApp, server: DemoProcess) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await SCENES["login"](pilot, server)
        for theme in THEMES:
            app.theme = theme
            await pilot.press("ctrl+p")
            await until(pilot, lambda: "Log on" in text_of(pilot), "the commands")
            assert not hard_to_read(pilot), theme
            await pilot.press("escape")
