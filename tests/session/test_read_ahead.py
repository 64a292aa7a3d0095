"""What a logon and the first page need is imported while the password is typed, and not after it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.support.demo_process import DemoProcess

# A process of its own: here everything is imported already.
LOG_ON = """
import asyncio, json, sys
from pathlib import Path
from tui.clock import SystemClock
from tui.launch import Launch
from tui.config import Folders
from tui.screens import login
from tui.config import Settings

state, certificate, server, user, password = sys.argv[1:]
import tui.app  # as the program has it by then
asyncio.run(asyncio.to_thread(login._import_all))
before = set(sys.modules)

async def first_rows():
    folders = Folders.locate(demo=False, state_dir=Path(state))
    launch = Launch(folders=folders, settings=Settings(), ca_file=Path(certificate))
    connection = launch.connect(ServerAddress.parse(server), SystemClock())
    assert await connection.look() is None
    await connection.log_on(user, password)
    loader = Loader(connection.manager, PointIndex(), clock=SystemClock(), on_page=lambda changed: None)
    loader.ask_ahead()
    await loader.first_taken()
    await connection.manager.aclose()
    return len(loader._index)

from tui.api.models import ServerAddress
from tui.points.index import PointIndex
from tui.points.loader import Loader
points = asyncio.run(first_rows())
print(json.dumps([points, sorted(set(sys.modules) - before)]))
"""


def test_nothing_is_imported_between_enter_and_the_first_rows(demo: DemoProcess, tmp_path: Path) -> None:
    server = f"{demo.host}:{demo.port}"
    arguments = [str(tmp_path), str(demo.certificate), server, demo.user, demo.password]
    done = subprocess.run(
        [sys.executable, "-c", LOG_ON, *arguments], capture_output=True, text=True, check=True
    )
    points, imported = json.loads(done.stdout)
    assert points == 20
    assert imported == []
