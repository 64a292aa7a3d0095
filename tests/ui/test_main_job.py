"""The whole job by keyboard on the embedded server, in 80x24: what the user sees, what the server got."""

from __future__ import annotations

import json
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.demo_process import DemoProcess
from tests.support.settle import settle, shows, text_of, until
from tui.app import VbemApp
from tui.restore_states import RestoreState
from tui.screens.confirm import ConfirmScreen
from tui.screens.points import RestorePointsScreen
from tui.screens.restore_form import RestoreFormScreen
from tui.screens.tasks import TasksScreen
from tui.widgets.inputs import LineInput

SIZE = (80, 24)


async def on(pilot: Pilot[Any], screen: type[Any]) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, screen), screen.__name__)
    await pilot.pause()


async def to_form(pilot: Pilot[Any], words: str) -> None:
    """From the login to the form of the newest point of the first VM found by these words."""
    await shows(pilot, "Log on")
    await pilot.press("enter")
    await shows(pilot, "points loaded")
    await settle(pilot)
    await pilot.press(*words)
    await settle(pilot)
    await pilot.press("enter")
    await settle(pilot)
    await pilot.press("enter")
    await on(pilot, RestoreFormScreen)
    await settle(pilot)


async def to_confirm(pilot: Pilot[Any]) -> None:
    await pilot.press("ctrl+r")
    await on(pilot, ConfirmScreen)


def posts(demo: DemoProcess) -> list[dict[str, Any]]:
    return [one for one in demo.requests("submit") if one["method"] == "POST"]


def ended(app: VbemApp) -> bool:
    """Whether every restore is over, and the journal says so, too: it is written a moment later."""
    restores, journal = app.services.restores, app.services.journal
    assert restores is not None
    assert journal is not None
    return all(one.is_over for one in restores.all) and all(row.state.is_over for row in journal.recent())


@pytest.mark.parametrize("platform", ["vmware", "hyperv"])
async def test_machine_from_logon_to_the_end(app: VbemApp, demo: DemoProcess, platform: str) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await to_form(pilot, f"platform:{platform} type:full")
        assert "The original VM is KEPT" in text_of(pilot)
        await to_confirm(pilot)
        await pilot.press("right", "enter")
        await on(pilot, TasksScreen)
        await until(pilot, lambda: ended(app), "the end of the restore")
        await pilot.pause()
        shown = text_of(pilot)
        assert any(word in shown for word in ("succeeded", "warnings", "FAILED"))
        assert app.services.journal is not None
        (row,) = app.services.journal.recent()
    (post,) = posts(demo)
    assert post["status"] == 202
    assert "KeepOriginalVM" in post["body"]
    assert "QuickRollback" in post["body"]
    assert row.state.is_over
    assert row.session_uid


async def test_an_end_is_told_on_the_list(app: VbemApp, demo: DemoProcess) -> None:
    demo.control("set", option="time_scale", value=0)
    async with app.run_test(size=SIZE) as pilot:
        await to_form(pilot, "platform:vmware type:full")
        await to_confirm(pilot)
        await pilot.press("right", "enter")
        await shows(pilot, "launching")
        await pilot.press("escape")
        await on(pilot, RestorePointsScreen)
        demo.control("set", option="time_scale", value=200)
        await shows(pilot, "Ctrl+T shows")
        assert app.services.restores is not None
        (restore,) = app.services.restores.all
        assert f"The restore of {restore.vm_name} " in text_of(pilot)
        await pilot.press("ctrl+t")
        await on(pilot, TasksScreen)
        await pilot.press("escape")
        await on(pilot, RestorePointsScreen)
        assert "Ctrl+T shows" not in text_of(pilot)


async def test_cloud_director_with_a_looked_up_store(app: VbemApp, demo: DemoProcess) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await to_form(pilot, "platform:vcloud kind:vm")
        await pilot.press("tab", *"copy-of-it")
        await pilot.press("tab", "f2")
        await settle_lookup(pilot)
        await pilot.press("enter")
        await on(pilot, RestoreFormScreen)
        chosen = app.screen.query_one("#field-datastore-ref", LineInput).value
        assert chosen.startswith("urn:vCloud:Datastore:")
        await to_confirm(pilot)
        await pilot.press("right", "enter")
        await on(pilot, TasksScreen)
        await until(pilot, lambda: ended(app), "the end of the restore")
    (post,) = posts(demo)
    assert post["status"] == 202
    assert chosen in post["body"]
    assert "copy-of-it" in post["body"]


async def settle_lookup(pilot: Pilot[Any]) -> None:
    await shows(pilot, "urn:vCloud:Datastore")


async def test_role_that_may_not_look_up_restores_with_a_typed_reference(
    app: VbemApp, demo: DemoProcess
) -> None:
    demo.control("set", option="role", value="restore-operator")
    async with app.run_test(size=SIZE) as pilot:
        await to_form(pilot, "platform:vcloud kind:vm")
        await pilot.press("tab", *"copy-of-it", "tab", "f2")
        await shows(pilot, "This account may restore, but may not look up references.")
        await pilot.press("escape")
        await on(pilot, RestoreFormScreen)
        await to_confirm(pilot)
        await pilot.press("right", "enter")
        await on(pilot, TasksScreen)
    assert [one["status"] for one in posts(demo)] == [202]


async def test_launch_is_cancelled_with_one_delete(app: VbemApp, demo: DemoProcess) -> None:
    demo.control("set", option="time_scale", value=0)
    async with app.run_test(size=SIZE) as pilot:
        await to_form(pilot, "platform:vmware")
        await to_confirm(pilot)
        await pilot.press("right", "enter")
        await on(pilot, TasksScreen)
        await shows(pilot, "launching")
        await pilot.press("c")
        await shows(pilot, "stops the launch")
        await pilot.press("right", "enter")
        await shows(pilot, "Cancel accepted")
        await pilot.press("enter", "c", "right", "enter")
        await settle(pilot)
    deletes = [one for one in demo.requests("cancel") if one["method"] == "DELETE"]
    assert [one["status"] for one in deletes] == [204]
    assert len(posts(demo)) == 1


async def test_overwriting_in_anger(app: VbemApp, demo: DemoProcess) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await to_form(pilot, "platform:vmware")
        await pilot.press("space")
        await to_confirm(pilot)
        shown = text_of(pilot)
        assert "OVERWRITE" in shown
        word = shown.split("Type the code " if "Type the code " in shown else "Type the name ")[1].split()[0]
        await pilot.press("enter", "enter")
        assert posts(demo) == []
        await pilot.press(*word, "enter", "enter")
        await on(pilot, TasksScreen)
    (post,) = posts(demo)
    assert '"KeepOriginalVM":false' in post["body"] or "<KeepOriginalVM>false" in post["body"]


async def test_session_that_expires_while_the_form_is_filled(app: VbemApp, demo: DemoProcess) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await to_form(pilot, "platform:vmware")
        app.screen.query_one("#form-reason", LineInput).focus()
        await pilot.press(*"INC-4711")
        demo.control("expire-sessions")
        await pilot.press("ctrl+r")
        await shows(pilot, "The logon session has ended")
        await pilot.press(*demo.password, "enter")
        await on(pilot, ConfirmScreen)
        await pilot.press("right", "enter")
        await on(pilot, TasksScreen)
        assert app.services.journal is not None
        (row,) = app.services.journal.recent()
    assert row.reason == "INC-4711"
    assert [one["status"] for one in posts(demo)] == [202]


async def test_point_that_vanished_is_said_on_the_form(app: VbemApp, demo: DemoProcess) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await to_form(pilot, "platform:vmware")
        assert isinstance(app.screen, RestoreFormScreen)
        uid = app.screen.point.uid
        demo.control("remove-point", uid=uid)
        await to_confirm(pilot)
        await pilot.press("right", "enter")
        await settle(pilot)
        assert isinstance(app.screen, RestoreFormScreen)
        assert "It did not start" in text_of(pilot)
    assert len(posts(demo)) == 1


async def test_lost_reply_is_unknown_then_found_and_never_sent_twice(app: VbemApp, demo: DemoProcess) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await to_form(pilot, "platform:vmware")
        demo.control("fault", spec="drop-after-accept@submit")
        await to_confirm(pilot)
        await pilot.press("right", "enter")
        await on(pilot, TasksScreen)
        await until(pilot, lambda: ended(app), "the end of the restore")
        assert app.services.restores is not None
        (restore,) = app.services.restores.all
    assert restore.note == "It started: a new restore session of this VM was found."
    assert restore.state in {RestoreState.SUCCEEDED, RestoreState.WARNING, RestoreState.FAILED}
    assert len(posts(demo)) == 1


async def test_exact_request_is_what_the_server_got(app: VbemApp, demo: DemoProcess) -> None:
    async with app.run_test(size=SIZE) as pilot:
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
