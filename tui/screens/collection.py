"""A collection: Enterprise Manager reads the newest points of a backup server before its next turn."""

from __future__ import annotations

from tui.api.errors import Forbidden, ManagerError
from tui.sanitize import safe
from tui.screens.base import VbemScreen
from tui.screens.dialogs import AskScreen
from tui.timefmt import clock_time


async def ask_and_collect(screen: VbemScreen, uid: str, name: str) -> None:
    """Ask, then have Enterprise Manager collect from a backup server; the status line says what came of it.

    Args:
        screen: asks, and shows it.
        uid: of the backup server.
        name: what the points call it.
    """
    text = (
        f"Enterprise Manager will collect the newest points from {safe(name, cells=60)}. "
        "This takes a few minutes."
    )
    if not await screen.ask(AskScreen(screen.services, "Collect now?", text, yes="Collect", no="Back")):
        return
    connection = screen.services.connection
    if connection is None:
        return
    try:
        servers = await connection.manager.backup_servers()
        found = next((server for server in servers if server.uid == uid), None)
        if found is None:
            unread = f"; {servers.unreadable} in its list cannot be read" if servers.unreadable else ""
            screen.set_status(f"Enterprise Manager does not list the backup server {name}{unread}.", "bad")
            return
        await connection.manager.collect(found)
    except Forbidden:
        screen.set_status(
            f"This account may not start a collection from {name}; the server collects every 15 minutes."
        )
    except ManagerError as error:
        screen.show_error(f"collect from {name}", error)
    else:
        at = clock_time(screen.services.clock.now())
        screen.set_status(f"Collection from {name} started at {at}; wait a few minutes, then press F5.")
