"""The app on a running embedded server, for pilots and pictures."""

from __future__ import annotations

from pathlib import Path

from tests.support.clock import FixedWallClock
from tests.support.demo_process import DemoProcess
from tui.app import VbemApp
from tui.clock import Clock
from tui.config import Folders, Settings, StartOptions


def options_for(
    demo: DemoProcess, folder: Path, *, password: bool = True, trusted: bool = True
) -> StartOptions:
    """What the command line would decide for a logon to `demo`, with its state in `folder`."""
    from tui.store.known_servers import KnownServers

    folders = Folders(state=folder / "state", config=folder / "config", demo=True)
    folders.make()
    server = f"{demo.host}:{demo.port}"
    if trusted:
        KnownServers(folders.pins).pin(server, demo.fingerprint.replace(":", "").lower(), "embedded server")
    return StartOptions(
        folders=folders,
        settings=Settings(),
        server=server,
        user=demo.user,
        password_hint=demo.password if password else "",
    )


def app_on(
    demo: DemoProcess,
    folder: Path,
    *,
    clock: Clock | None = None,
    password: bool = True,
    trusted: bool = True,
) -> VbemApp:
    """The app, ready to run with a pilot."""
    options = options_for(demo, folder, password=password, trusted=trusted)
    return VbemApp(options, clock=clock or FixedWallClock(speed=10))
