"""What the tests of plans share: from marks to a plan of many, and to its queue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from textual import events
from textual.pilot import Pilot

from tests.support.demo_process import DemoProcess
from tests.support.settle import settle, shows, until
from tui.restores.incident import Incident
from tui.screens.points import RestorePointsScreen
from tui.screens.tasks import TasksScreen


async def marked(pilot: Pilot[Any], screen: RestorePointsScreen, names: str) -> None:
    """With an incident after all points, and a pasted list of names."""
    services, index = screen.services, screen.services.points
    assert services.recovery is not None
    assert index is not None
    moment = max(filter(None, map(index.newest, index.vms))) + timedelta(minutes=1)
    incident = Incident(moment=moment, ticket="INC-5001", lost_at_most=timedelta(days=9))
    await services.recovery.set_incident(incident)
    screen.vms.focus()
    await pilot.press("l")
    await shows(pilot, "Mark VMs by their names")
    pilot.app.post_message(events.Paste(names))
    await shows(pilot, "found once")
    await settle(pilot)


async def planned(pilot: Pilot[Any], screen: RestorePointsScreen, names: str, summary: str) -> None:
    """The plan of these VMs is on the screen, with its summary."""
    await marked(pilot, screen, names)
    await pilot.press("enter")
    await shows(pilot, f"{names.count(chr(10))} marked")
    await pilot.press("r")
    await shows(pilot, summary)


async def queued(pilot: Pilot[Any], screen: RestorePointsScreen, names: str, *, at_a_time: str = "1") -> None:
    """A queue of these VMs is running, on the screen of tasks."""
    await planned(pilot, screen, names, "will be sent.")
    await pilot.press("a")
    await shows(pilot, "Restores at a time")
    await pilot.press("tab", "tab", "tab", "backspace", at_a_time, "enter")
    await shows(pilot, f"{at_a_time} at a time")
    await pilot.press("ctrl+r")
    await shows(pilot, "one request each")
    await pilot.press("right", "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, TasksScreen), "the tasks")


def posts(demo: DemoProcess) -> list[dict[str, Any]]:
    return [one for one in demo.requests("submit") if one["method"] == "POST"]
