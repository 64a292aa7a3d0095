"""The whole job by keyboard on the embedded server, in 80x24: what the user sees, what the server got."""

from __future__ import annotations

import json
from typing import Any

from textual.pilot import Pilot

from tests.support.demo_process import DemoProcess
from tests.support.settle import shows, text_of, until
from tests.ui.walk import browsing, to_form
from tui.app import VbemApp
from tui.screens.confirm import ConfirmScreen
from tui.screens.restore_form import RestoreFormScreen
from tui.screens.tasks import TasksScreen
from tui.widgets.inputs import LineInput


async def on(pilot: Pilot[Any], screen: type[Any]) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, screen), screen.__name__)
    await pilot.pause()


async def to_confirm(pilot: Pilot[Any]) -> None:
    await pilot.press("ctrl+r")
    await on(pilot, ConfirmScreen)


def posts(demo: DemoProcess) -> list[dict[str, Any]]:
    return [one for one in demo.requests("submit") if one["method"] == "POST"]


async def test_session_that_expires_while_the_form_is_filled(app: VbemApp, demo: DemoProcess) -> None:
    async with browsing(app) as (pilot, _):
        await to_form(pilot, "platform:vmware")
        app.screen.query_one("#form-reason", LineInput).focus()
        await pilot.press(*"INC-4711")
        demo.control("expire-sessions")
        await pilot.press("ctrl+r")
        await shows(pilot, "The logon session has ended")
        await pilot.press("tab", *demo.password, "enter")
        await on(pilot, ConfirmScreen)
        await pilot.press("right", "enter")
        await on(pilot, TasksScreen)
        assert app.services.journal is not None
        (row,) = app.services.journal.recent()
    assert row.reason == "INC-4711"
    assert [one["status"] for one in posts(demo)] == [202]


async def test_exact_request_is_what_the_server_got(app: VbemApp, demo: DemoProcess) -> None:
    async with browsing(app) as (pilot, _):
        await to_form(pilot, "platform:vmware")
        restores = app.services.restores
        assert restores is not None
        await pilot.press("ctrl+g")
        await shows(pilot, "this is what is sent")
        shown = text_of(pilot)
        await pilot.press("escape")
        await on(pilot, RestoreFormScreen)
        await to_confirm(pilot)
        await pilot.press("right", "enter")
        await on(pilot, TasksScreen)
    (post,) = posts(demo)
    assert f"POST {post['path']}" in shown
    squeezed = "".join(shown.split())
    for element in ("PowerOnAfterRestore", "QuickRollback", "KeepOriginalVM"):
        assert element in post["body"]
        assert element in squeezed
    assert json.dumps(post).find("X-RestSvcSessionId: ") < 0
