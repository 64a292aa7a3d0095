"""A server's error whose words were made to harm a terminal, wherever one is told; and such a certificate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.demo_process import DemoProcess
from tests.support.painting import HARMLESS_WORDS, UNSAFE, painted, words_of
from tests.support.program import app_on
from tests.support.settle import shows, text_of
from tests.ui.walk import browsing, to_form
from tui.app import VbemApp

SIZE = (100, 30)


async def told(pilot: Pilot[Any], title: str, where: str) -> None:
    """The error stands there in the server's own words, made harmless."""
    shown = words_of(await painted(pilot, lambda: title in words_of(text_of(pilot)), where))
    assert all(word in shown.replace(" ", "") for word in HARMLESS_WORDS), shown


async def test_at_the_guard_and_at_the_request(app: VbemApp, demo: DemoProcess) -> None:
    """On the form, in the tasks, and in the history, which tells it from the journal."""
    async with browsing(app, SIZE) as (pilot, _):
        await to_form(pilot, "archive01")
        demo.fault("hostile-error@session")
        await pilot.press("ctrl+r")
        await told(pilot, "Could not look for running restores", "the form, before the request")
        demo.clear_faults()
        demo.fault("hostile-error@submit")
        await pilot.press("ctrl+r")
        await shows(pilot, "Restore archive01?")
        await pilot.press("right", "enter")
        await told(pilot, "The answer to the request was unclear", "the tasks, after the request")
        await pilot.press("ctrl+y")
        await told(pilot, "UNKNOWN", "the history")
    assert len(demo.requests("submit")) == 1
    assert demo.restores() == []


async def test_at_the_logon_dialog(app: VbemApp, demo: DemoProcess) -> None:
    async with browsing(app, SIZE) as (pilot, _):
        demo.control("expire-sessions")
        demo.fault("hostile-error@logon")
        await pilot.press("f5")
        await painted(pilot, "The logon session has ended", "the logon dialog")
        await pilot.press("tab", *demo.password, "enter")
        await told(pilot, "Could not log on again", "the logon dialog with its error")


@pytest.fixture
def disguised(demo: DemoProcess) -> Iterator[DemoProcess]:
    """A server that gets its good certificate back afterwards."""
    yield demo
    demo.control("new-certificate", certificate="good")


async def test_unknown_certificate(disguised: DemoProcess, tmp_path: Path) -> None:
    """Its names hold escape sequences, markup and line breaks; the file of pins is a text of lines too."""
    disguised.control("new-certificate", certificate="hostile-name")
    app = app_on(disguised, tmp_path, trusted=False)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "Log on")
        await pilot.press("enter")
        shown = await painted(pilot, "Unknown certificate", "the trust question")
        assert "[red]x[/red]" in next(line for line in shown.splitlines() if "Subject" in line)
        assert "[red]x[/red]" in next(line for line in shown.splitlines() if "Names" in line)
        await pilot.press("right", "enter")
        await painted(pilot, "points loaded", "the list")
    kept = app.services.folders.pins.read_text(encoding="utf-8")
    assert "[red]x[/red]" in kept
    assert not UNSAFE.search(kept.replace("\n", ""))
    assert len([line for line in kept.splitlines() if not line.startswith("#")]) == 1


async def test_changed_certificate(disguised: DemoProcess, tmp_path: Path) -> None:
    app = app_on(disguised, tmp_path)
    disguised.control("new-certificate", certificate="hostile-name")
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "Log on")
        await pilot.press("enter")
        assert "[red]x[/red]" in await painted(pilot, "HAS CHANGED", "the hard stop")
    assert disguised.requests("logon") == []
