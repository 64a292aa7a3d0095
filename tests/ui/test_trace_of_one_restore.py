"""How far one restore reaches, from Ctrl+R to the news of its session: counted, to stay short."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import tui
from tests.support.settle import shows, until
from tests.ui.walk import browse, to_form
from tui.api.client import EnterpriseManager
from tui.api.codec.restore_request import RestoreRequest
from tui.api.models import RestorePoint, RestoreSpec
from tui.app import VbemApp
from tui.screens.login import FOLLOWING_MODULES

ROOM = Path(tui.__file__).parent
MOST_FILES = 45
BESIDE = (
    "restore_points/",
    "screens/points",
    "api/models/enums.py",
    "session.py",
    "restores/journal_watcher.py",
)
"""What may come meanwhile and is no part of a restore: the last news of the list below the form, which
paints its rows again, the look for restores whose vbem has ended, and on a busy machine the tick that
keeps the logon session alive."""


def is_at_rest(app: VbemApp) -> bool:
    """Return whether what follows a logon is done: it is no part of a restore."""
    connection, points = app.services.connection, app.services.points
    is_kept = connection is not None and connection.kept is not None
    return is_kept and points is not None and points.is_whole


async def test_one_restore_runs_through_few_files_and_builds_one_request(
    app: VbemApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[RestoreRequest] = []
    sent: list[RestoreRequest] = []
    files: set[str] = set()
    build, send = EnterpriseManager.write_request, EnterpriseManager.send

    def building(manager: EnterpriseManager, point: RestorePoint, spec: RestoreSpec) -> RestoreRequest:
        built.append(build(manager, point, spec))
        return built[-1]

    async def sending(manager: EnterpriseManager, request: RestoreRequest) -> Any:  # noqa: ANN401 - a task
        sent.append(request)
        return await send(manager, request)

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            files.add(frame.f_code.co_filename)

    monkeypatch.setattr(EnterpriseManager, "write_request", building)
    monkeypatch.setattr(EnterpriseManager, "send", sending)
    for module in FOLLOWING_MODULES:  # what a thread imports meanwhile is no part of a restore
        import_module(module)
    async with app.run_test(size=(80, 24)) as pilot:
        await browse(pilot)
        await until(pilot, lambda: is_at_rest(app), "the list is loaded, the logon session kept")
        await to_form(pilot)
        drafted = built[-1]
        built.clear()
        # What other tests left behind is not taken away meanwhile: its finalizers run in files of their own.
        gc.collect()
        gc.disable()
        sys.setprofile(note)
        try:
            await pilot.press("ctrl+r")
            await shows(pilot, "Restore crm01?")
            await pilot.press("right", "enter")
            await shows(pilot, "restoring")
        finally:
            sys.setprofile(None)
            gc.enable()
    assert not built, "the request of the form as it is shown is the one that is sent"
    assert sent == [drafted]
    assert sent[0] is drafted
    found = {name for name in files if Path(name).is_relative_to(ROOM) and "demo" not in Path(name).parts}
    inside = {str(Path(name).relative_to(ROOM)) for name in found}
    found = {name for name in inside if not name.startswith(BESIDE)}
    assert 20 < len(found) <= MOST_FILES, "\n".join(sorted(found))
