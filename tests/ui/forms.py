"""What the tests of the restore form share: typing, reading, and the way to the confirmation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Static

from tests.support.settle import settle, until
from tests.ui.stage import StageApp, StageManager, stage
from tui.api.models import RestorePoint
from tui.restores.forms.fields import FormDraft
from tui.screens.confirm import ConfirmScreen
from tui.screens.restore_form import RestoreFormScreen
from tui.screens.tasks import TasksScreen
from tui.widgets.inputs import LineInput
from tui.widgets.text_view import TextView

ROOT = "7a10c3d4-0000-4000-8000-0000000000f1"
STORE = f"urn:vCloud:Datastore:{ROOT}.urn:vcloud:datastore:5d2c7f10-0001-4a00-8000-0000000000d1"


def app_for(
    folder: Path, one: RestorePoint, manager: StageManager | None = None, same_names: int = 0
) -> StageApp:
    manager = manager or StageManager()
    manager.points.setdefault(one.id, one)
    return StageApp(
        folder,
        manager,
        lambda services: RestoreFormScreen(services, FormDraft(point=one), same_names=same_names),
    )


async def to_confirm(pilot: Pilot[Any]) -> None:
    """From the opened form to its confirmation."""
    await settle(pilot)
    await asked(pilot)


async def send(pilot: Pilot[Any]) -> None:
    """From the opened form to the restore among the tasks."""
    await to_confirm(pilot)
    await pilot.press("right", "enter")
    await settle(pilot)
    assert isinstance(pilot.app.screen, TasksScreen)


def plan_of(pilot: Pilot[Any]) -> str:
    return pilot.app.screen.query_one("#form-plan", TextView).text


def verdict_of(pilot: Pilot[Any]) -> str:
    return str(pilot.app.screen.query_one("#form-verdict", Static).content)


async def fill(pilot: Pilot[Any], selector: str, text: str) -> None:
    pilot.app.screen.query_one(selector, LineInput).focus()
    await pilot.press(*text)
    await pilot.pause()


async def asked(pilot: Pilot[Any]) -> None:
    """Press Restore and wait for the one confirmation."""
    await pilot.press("ctrl+r")
    await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen), "the confirmation")
    await pilot.pause()


async def confirm(pilot: Pilot[Any], *keys: str) -> None:
    await asked(pilot)
    await pilot.press(*keys)
    await settle(pilot)


async def tick(pilot: Pilot[Any]) -> None:
    restores = stage(pilot).services.restores
    assert restores is not None
    await restores.monitor.tick()
    await pilot.pause()


def details(pilot: Pilot[Any]) -> str:
    return pilot.app.screen.query_one("#tasks-details", TextView).text
