"""Starts of the program, and what they leave behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.demo_process import DemoProcess
from tui.session import Connection

Connect = Callable[[], Connection]


def logons(demo: DemoProcess) -> int:
    return len(demo.requests("logon"))


async def admitted(connect: Connect, demo: DemoProcess) -> Connection:
    connection = connect()
    await connection.log_on(demo.user, demo.password)
    await connection.keep()
    return connection


async def remembered(connection: Connection) -> Connection:
    """What the program does after a logon: the next start knows who it was."""
    from tui.store.last_logon import remember_logon

    folder = connection._session_store.state_folder
    assert folder is not None
    remember_logon(folder, str(connection.address), connection.user)
    return connection


def files_with(secret: str, folder: Path) -> list[Path]:
    files = (one for one in folder.rglob("*") if one.is_file())
    return [file for file in files if secret.encode() in file.read_bytes()]
