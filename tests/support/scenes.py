"""Every screen of the program, reached by the keyboard from the login: for pictures and snapshots.

Seed, clock, zone and certificate are fixed, so the same program gives the same picture every time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Protocol

from textual.events import Paste
from textual.pilot import Pilot

from tests.support.demo_process import DemoProcess
from tests.support.settle import loaded, press, settle, shows, text_of, until

DRAWN_PORT = 39398
"""Stands in every picture, whichever port the server took: those have five digits, too."""
OPERATOR, MACHINE = "oncall", "jump1"
"""Stand in every picture, whoever draws it where."""
NOW = "2026-11-23T03:04:05Z"
SERVER_OPTIONS = ("--seed", "1", "--now", NOW, "--time-scale", "0", "--fixed-identity")
SIZES = {"80x24": (80, 24), "120x40": (120, 40)}


class Scene(Protocol):
    """A way to a screen, from the login; some go to another VM's."""

    async def __call__(self, pilot: Pilot[Any], demo: DemoProcess, words: str = ...) -> None: ...


SCENES: dict[str, Scene] = {}
"""By the names of their pictures."""
_passed: ContextVar[Callable[[str], Awaitable[None]] | None] = ContextVar("passed", default=None)


def scene(name: str) -> Callable[[Callable[..., Awaitable[None]]], Scene]:
    """Make a way to a screen one of the scenes."""

    def register(way: Callable[..., Awaitable[None]]) -> Scene:
        async def reach(pilot: Pilot[Any], demo: DemoProcess, words: str = "") -> None:
            await way(pilot, demo, *filter(None, [words]))
            passed = _passed.get()
            if passed is not None and not words:
                await passed(name)

        SCENES[name] = reach
        return reach

    return register


async def walk(
    last: str, pilot: Pilot[Any], demo: DemoProcess, passed: Callable[[str], Awaitable[None]]
) -> None:
    """Go to a scene, and call `passed` with the name of each on the way to it, and with its own."""
    token = _passed.set(passed)
    try:
        await SCENES[last](pilot, demo)
    finally:
        _passed.reset(token)


@scene("login")
async def login(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The first screen."""
    await shows(pilot, "Log on")


@scene("certificate")
async def certificate(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The trust question."""
    await login(pilot, demo)
    await pilot.press("enter")
    await shows(pilot, "fingerprint")


@scene("points")
async def points(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The list of VMs."""
    await certificate(pilot, demo)
    await pilot.press("right", "enter")
    await loaded(pilot)
    await settle(pilot)


@scene("points-of-vm")
async def points_of_vm(pilot: Pilot[Any], demo: DemoProcess, words: str = "") -> None:
    """One VM's points."""
    await points(pilot, demo)
    await pilot.press("slash", *(words or "crm01"))
    await settle(pilot)
    await pilot.press("enter")
    await shows(pilot, "Made")


@scene("form")
async def form(pilot: Pilot[Any], demo: DemoProcess, words: str = "") -> None:
    """The form of a vSphere VM."""
    await points_of_vm(pilot, demo, words)
    await pilot.press("enter")
    await shows(pilot, "What will happen")
    await settle(pilot)
    await until(pilot, lambda: "Restore..." in text_of(pilot), "the form")


@scene("form-hyperv")
async def form_hyperv(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The form of a Hyper-V VM."""
    await form(pilot, demo, "hv-files01")


@scene("form-cloud")
async def form_cloud(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The form of a Cloud Director VM."""
    await form(pilot, demo, "lab-db")


@scene("picker")
async def picker(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The choice of a reference."""
    await form_cloud(pilot, demo)
    await pilot.press("f2")
    await shows(pilot, "Choose")
    await settle(pilot)


@scene("request")
async def request(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The exact request."""
    await form(pilot, demo)
    await pilot.press("ctrl+g")
    await shows(pilot, "RestoreSpec")


@scene("confirm")
async def confirm(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The confirmation of a restore that keeps the original."""
    await form(pilot, demo)
    await pilot.press("ctrl+r")
    await shows(pilot, "Restore crm01?")


@scene("confirm-overwrite")
async def confirm_overwrite(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The confirmation of a restore that overwrites the original."""
    await form(pilot, demo)
    await pilot.press("space", "ctrl+r")
    await shows(pilot, "Type the name crm01")


@scene("confirm-cloud")
async def confirm_cloud(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The confirmation of a Cloud Director restore whose datastore was looked up."""
    await form_cloud(pilot, demo)
    await pilot.press("tab", *"lab-db-back", "tab", "f2")
    await shows(pilot, "bulk-01")
    await pilot.press("enter")
    await settle(pilot)
    await pilot.press("ctrl+r")
    await shows(pilot, "Restore lab-db?")


@scene("tasks")
async def tasks(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """A restore being launched."""
    await confirm(pilot, demo)
    await pilot.press("right", "enter")
    await shows(pilot, "launching")


@scene("tasks-running")
async def tasks_running(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """A restore session that has got somewhere."""
    await tasks(pilot, demo)
    demo.advance(40)
    await shows(pilot, " %")
    await settle(pilot)


@scene("cancel")
async def cancel(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The cancel dialog of a launch."""
    await tasks(pilot, demo)
    await pilot.press("c")
    await shows(pilot, "Cancel the restore")


@scene("history")
async def history(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The journal."""
    await tasks(pilot, demo)
    await pilot.press("h")
    await shows(pilot, "History")
    await settle(pilot)


@scene("help")
async def help_of_points(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The help over the list."""
    await points(pilot, demo)
    await pilot.press("f1")
    await shows(pilot, "Keys on this screen")
    await settle(pilot)


@scene("incident")
async def incident(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The question for the incident, answered but for the last Enter."""
    await points(pilot, demo)
    await pilot.press("i")
    await shows(pilot, "Incident")
    await press(pilot, *"2h ago", "enter", *"INC-5001")
    await settle(pilot)


@scene("points-incident")
async def points_incident(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The list while an incident is set."""
    await incident(pilot, demo)
    await pilot.press("enter")
    await shows(pilot, "Last before")
    await pilot.press("space", "space")
    await settle(pilot)


@scene("names")
async def names(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """A pasted list of names."""
    await points_incident(pilot, demo)
    await pilot.press("l")
    await shows(pilot, "Mark VMs by their names")
    pilot.app.post_message(Paste("sql01\nmail01\nlab-web\napp01@vbr01\nmial02\n"))
    await shows(pilot, "found once")
    await settle(pilot)


@scene("batch")
async def batch(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The plan of many."""
    await names(pilot, demo)
    await pilot.press("space", "enter", "enter")
    await shows(pilot, "6 marked")
    await pilot.press("r")
    await shows(pilot, "will be sent")
    await pilot.press("exclamation_mark", "down", "2")
    await settle(pilot)


@scene("batch-confirm")
async def batch_confirm(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """The one confirmation of the plan."""
    await batch(pilot, demo)
    await pilot.press("ctrl+r")
    await shows(pilot, "one request each")
    await settle(pilot)


@scene("queue")
async def queue(pilot: Pilot[Any], demo: DemoProcess) -> None:
    """A queue being sent."""
    await batch_confirm(pilot, demo)
    await pilot.press("right", "enter")
    await shows(pilot, "4 launching")
    demo.advance(40)
    await shows(pilot, " restoring")
    await settle(pilot)
