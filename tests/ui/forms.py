"""What the tests of the restore form share: typing, reading, and the way to the confirmation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Static

from tests.support.settle import press, settle, until
from tests.ui.stage import StageApp, StageManager, stage
from tests.unit.restores.points import point
from tui.api.models import RestorePoint
from tui.restore_points.index import PointIndex
from tui.restores.forms.fields import FormDraft
from tui.screens.confirm import ConfirmScreen
from tui.screens.restore_form import RestoreFormScreen
from tui.screens.tasks import TasksScreen
from tui.widgets.inputs import LineInput
from tui.widgets.text_view import TextView

ROOT = "7a10c3d4-0000-4000-8000-0000000000f1"
STORE = f"urn:vCloud:Datastore:{ROOT}.urn:vcloud:datastore:5d2c7f10-0001-4a00-8000-0000000000d1"


def app_for(
    folder: Path, one: RestorePoint, manager: StageManager | None = None, known: Sequence[RestorePoint] = ()
) -> StageApp:
    """The form of a point on a stage.

    Args:
        folder: for state and settings.
        one: the point.
        manager: the server.
        known: points that are loaded beside it.
    """
    manager = manager or StageManager()
    manager.points.setdefault(one.id, one)
    app = StageApp(folder, manager, lambda services: RestoreFormScreen(services, FormDraft(point=one)))
    app.services.points = PointIndex()
    app.services.points.add([one, *known])
    return app


def namesakes(one: RestorePoint, *names: str) -> list[RestorePoint]:
    """Points of other VMs, of these names."""
    return [
        msgspec.structs.replace(one, uid=f"{one.uid}/{n}", vm_name=name, object_ref=f"{one.object_ref}{n}")
        for n, name in enumerate(names)
    ]


async def to_confirm(pilot: Pilot[Any]) -> None:
    """From the opened form to its confirmation."""
    await settle(pilot)
    await asked(pilot)


async def send(pilot: Pilot[Any]) -> None:
    """From the opened form to the restore among the tasks."""
    await to_confirm(pilot)
    await press(pilot, "right", "enter")
    assert isinstance(pilot.app.screen, TasksScreen)


@asynccontextmanager
async def sent(
    folder: Path, manager: StageManager, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Pilot[Any]]:
    """A restore of the stage's machine is on its way, and the tasks are shown."""
    async with app_for(folder, point(), manager).run_test(size=size) as pilot:
        await send(pilot)
        yield pilot


def plan_of(pilot: Pilot[Any]) -> str:
    return pilot.app.screen.query_one("#form-plan", TextView).text


def verdict_of(pilot: Pilot[Any]) -> str:
    return str(pilot.app.screen.query_one("#form-verdict", Static).content)


async def fill(pilot: Pilot[Any], selector: str, text: str) -> None:
    """Paste a text into a field."""
    pilot.app.screen.query_one(selector, LineInput).focus()
    await pilot.pause()
    pilot.app.post_message(Paste(text))
    await pilot.pause()


async def asked(pilot: Pilot[Any]) -> None:
    """Press Restore and wait for the one confirmation."""
    await pilot.press("ctrl+r")
    await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen), "the confirmation")
    await pilot.pause()


async def confirm(pilot: Pilot[Any], *keys: str) -> None:
    await asked(pilot)
    await press(pilot, *keys)


async def tick(pilot: Pilot[Any]) -> None:
    restores = stage(pilot).services.restores
    assert restores is not None
    await restores.monitor.tick()
    await pilot.pause()


def details(pilot: Pilot[Any]) -> str:
    return pilot.app.screen.query_one("#tasks-details", TextView).text
