"""The incident: set once, on every screen, kept until cleared; a point of after it takes its own yes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.demo_process import DemoProcess
from tests.support.program import app_on
from tests.support.settle import press, settle, shows, text_of, until
from tests.support.soak import soak
from tests.ui.walk import browsing, to_form
from tui.app import VbemApp
from tui.moment import SHORT_EXAMPLES
from tui.screens.confirm import ConfirmScreen
from tui.screens.tasks import TasksScreen
from tui.widgets.inputs import LineInput

SIZES = [(60, 20), *soak((80, 24), (120, 40))]


async def test_the_incident_is_set_once_and_stands_on_every_screen_and_after_a_restart(
    demo: DemoProcess, tmp_path: Path
) -> None:
    async with browsing(app_on(demo, tmp_path)) as (pilot, screen):
        screen.vms.focus()
        await pilot.press("i")
        await shows(pilot, "Incident: restore to before")
        await press(pilot, *"3h ago")
        await shows(pilot, "3 h ago")
        await pilot.press("enter")
        await press(pilot, *"INC-5001")
        await pilot.press("enter")
        await shows(pilot, "INCIDENT  before")
        for key, words in (("ctrl+t", "No restores"), ("escape", "points loaded"), ("ctrl+y", "History")):
            await pilot.press(key)
            await shows(pilot, words)
            assert "INC-5001" in text_of(pilot)
    async with browsing(app_on(demo, tmp_path)) as (pilot, screen):
        await shows(pilot, "INC-5001")
        screen.vms.focus()
        await pilot.press("i")
        await shows(pilot, "Incident: restore to before")
        await pilot.press("tab", "tab", "tab", "tab", "tab", "enter")
        await until(pilot, lambda: "INC-5001" not in text_of(pilot), "the incident is cleared")
    async with browsing(app_on(demo, tmp_path)) as (pilot, _):
        await settle(pilot)
        assert "INCIDENT" not in text_of(pilot)


@pytest.mark.parametrize("typed", [*soak("banana", "25:00"), "2099-01-01 10:00"])
async def test_what_is_no_moment_that_has_passed_sets_nothing_and_says_why(app: VbemApp, typed: str) -> None:
    async with browsing(app) as (pilot, screen):
        screen.vms.focus()
        await pilot.press("i")
        await shows(pilot, "Incident: restore to before")
        await press(pilot, *typed)
        await pilot.press("enter")
        await shows(pilot, "write")
        await pilot.press("tab", "enter")
        assert app.services.recovery is not None
        assert app.services.recovery.incident is None
        await pilot.press("escape")
        await until(pilot, lambda: "Incident: restore" not in text_of(pilot), "the dialog is gone")
        assert "INCIDENT" not in text_of(pilot)


@pytest.mark.parametrize("size", SIZES)
async def test_the_line_and_the_dialog_fit(app: VbemApp, size: tuple[int, int]) -> None:
    async with browsing(app, size) as (pilot, screen):
        screen.vms.focus()
        await pilot.press("i")
        await shows(pilot, "Set")
        assert SHORT_EXAMPLES in text_of(pilot), "what may be typed is not cut"
        await press(pilot, *"06:01Z")
        await shows(pilot, "it was 06:01Z")
        app.screen.query_one("#incident-moment", LineInput).value = "3h ago"
        await pilot.press("enter", "enter")
        await shows(pilot, "INCIDENT  before")


async def test_a_point_of_after_the_incident_is_sent_only_after_its_own_yes(
    app: VbemApp, demo: DemoProcess
) -> None:
    async with browsing(app) as (pilot, screen):
        screen.vms.focus()
        await pilot.press("i")
        await shows(pilot, "Incident: restore to before")
        await press(pilot, *"2026-01-01 10:00")
        await pilot.press("enter", *"INC-9", "enter")
        await shows(pilot, "INCIDENT  before")
        screen.entry.focus()
        await to_form(pilot, "crm01")
        await shows(pilot, "AFTER the incident")
        assert app.screen.query_one("#form-reason", LineInput).value == "INC-9"
        await pilot.press("ctrl+r")
        await shows(pilot, "NOT of before the incident")
        await pilot.press("escape")
        await shows(pilot, "Nothing was sent")
        assert demo.requests("submit") == []
        await pilot.press("ctrl+r")
        await shows(pilot, "NOT of before the incident")
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen), "the confirmation")
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TasksScreen), "the tasks")
        assert app.services.journal is not None
        (row,) = app.services.journal.recent()
    assert row.is_after_incident
    assert [one["method"] for one in demo.requests("submit")] == ["POST"]
