"""Starts of the program, and what they leave behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.demo_process import DemoProcess
from tui.session import Connection
from tui.store.last_logon import remember_logon

Connect = Callable[[], Connection]


def logons(demo: DemoProcess) -> int:
    return len(demo.requests("logon"))


async def admitted(connect: Connect, demo: DemoProcess) -> Connection:
    connection = connect()
    await connection.log_on(demo.user, demo.password)
    await connection.keep()
    return connection


def remembered(connection: Connection, state: Path) -> Connection:
    """What the program does after a logon: the next start knows who it was."""
    remember_logon(state, connection.server, connection.user)
    return connection


def files_with(secret: str, folder: Path) -> list[Path]:
    files = (one for one in folder.rglob("*") if one.is_file())
    return [file for file in files if secret.encode() in file.read_bytes()]
