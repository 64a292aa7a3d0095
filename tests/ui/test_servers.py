"""Two servers in one run: one key goes from one to the other, and nothing in flight is left unwatched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.clock import FixedWallClock
from tests.support.demo_process import DemoProcess
from tests.support.program import options_for
from tests.support.settle import loaded, press, settle, shows, text_of, until
from tests.ui.test_main_job import posts, to_confirm
from tests.ui.walk import browse, to_form
from tui.app import VbemApp
from tui.config import NamedServer, Settings
from tui.screens.dialogs import AskScreen, LogOnAgainScreen, ServersScreen
from tui.screens.login import LoginScreen
from tui.screens.points import RestorePointsScreen
from tui.screens.tasks import TasksScreen
from tui.widgets.inputs import LineInput


@pytest.fixture(scope="module")
def other_server() -> Iterator[DemoProcess]:
    with DemoProcess.start() as process:
        yield process


@pytest.fixture
def lab(other_server: DemoProcess) -> DemoProcess:
    """A second server; its clock stands still."""
    other_server.renew()
    return other_server


@pytest.fixture
def prod(server: DemoProcess) -> DemoProcess:
    """The first server; its clock stands still."""
    server.renew()
    return server


def named(demo: DemoProcess, *, read_only: bool | None = None) -> NamedServer:
    return NamedServer(
        host=f"{demo.host}:{demo.port}", user=demo.user, fingerprint=demo.fingerprint, read_only=read_only
    )


@pytest.fixture
def app(prod: DemoProcess, lab: DemoProcess, tmp_path: Path) -> VbemApp:
    """The app at the login of prod."""
    options = options_for(prod, tmp_path)
    options.settings = Settings(servers={"prod": named(prod), "lab": named(lab, read_only=True)})
    options.server_name = "prod"
    return VbemApp(options, clock=FixedWallClock(speed=10))


async def restore(pilot: Pilot[Any]) -> None:
    """Send one restore from the list, and see it in flight."""
    await to_form(pilot, "platform:vmware")
    await to_confirm(pilot)
    await pilot.press("right", "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, TasksScreen), "the tasks")
    await until(pilot, lambda: app_of(pilot).services.in_flight, "a restore in flight")
    await settle(pilot)


def app_of(pilot: Pilot[Any]) -> VbemApp:
    assert isinstance(pilot.app, VbemApp)
    return pilot.app


async def go(pilot: Pilot[Any], key: str) -> None:
    """Open the list of servers, and go to the one above or below."""
    await press(pilot, "S")
    assert isinstance(pilot.app.screen, ServersScreen)
    await press(pilot, key, "enter")


async def to_lab(pilot: Pilot[Any], lab: DemoProcess) -> None:
    """From prod to the list of lab."""
    await go(pilot, "down")
    await shows(pilot, "prod stays logged on. Esc goes back there.")
    await pilot.press(*lab.password, "enter")
    await loaded(pilot)
    await settle(pilot)
    assert isinstance(pilot.app.screen, RestorePointsScreen)


@pytest.mark.soak
async def test_a_restore_on_the_server_one_has_left_is_counted_and_its_end_is_said(
    app: VbemApp, prod: DemoProcess, lab: DemoProcess
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await browse(pilot)
        await restore(pilot)
        await to_lab(pilot, lab)
        shown = text_of(pilot)
        assert "OTHER SERVERS  1 in flight on prod" in shown
        assert f"{lab.user} @ lab" in shown.splitlines()[0], "as the settings name it"
        assert "NOT WATCHED" not in shown
        await press(pilot, "S")
        assert any("lab" in line and "this one" in line for line in text_of(pilot).splitlines())
        prod.advance(600)
        await press(pilot, "escape")
        await shows(pilot, "On prod: the restore of")
        await until(pilot, lambda: "OTHER SERVERS" not in text_of(pilot), "nothing in flight elsewhere")
        await go(pilot, "up")
        assert isinstance(app.screen, TasksScreen), "as it was left"
        await shows(pilot, "√ restored")
    assert [one["status"] for one in posts(prod)] == [202]
    assert posts(lab) == []


async def test_quitting_names_what_is_in_flight_on_each_server(
    app: VbemApp, prod: DemoProcess, lab: DemoProcess
) -> None:
    app.services.settings = app.services.options.settings = Settings(
        servers={"prod": named(prod), "lab": named(lab)}
    )
    async with app.run_test(size=(100, 40)) as pilot:
        await browse(pilot)
        await restore(pilot)
        await to_lab(pilot, lab)
        await restore(pilot)
        await press(pilot, "ctrl+q")
        assert isinstance(app.screen, AskScreen)
        shown = " ".join(text_of(pilot).split())
        for name in ("prod", "lab"):
            assert f"{name}: 1 restore is still in flight" in shown
        await press(pilot, "right", "enter")
    assert "prod: 1 restore" in app.farewell
    assert "lab: 1 restore" in app.farewell
    assert [len(posts(one)) for one in (prod, lab)] == [1, 1]


async def test_escape_leads_back_from_the_login_and_read_only_is_of_each_server(
    app: VbemApp, lab: DemoProcess
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await browse(pilot)
        prod_services = app.services
        assert "READ-ONLY" not in text_of(pilot)
        await go(pilot, "down")
        assert isinstance(app.screen, LoginScreen)
        await shows(pilot, "DEMO READ-ONLY")
        await press(pilot, "escape")
        assert isinstance(app.screen, RestorePointsScreen)
        assert app.services is prod_services
        assert app.servers.others == ()
        await to_lab(pilot, lab)
        await shows(pilot, "DEMO READ-ONLY")
        await go(pilot, "up")
        assert app.services is prod_services
        assert "READ-ONLY" not in text_of(pilot)
        await go(pilot, "down")
        assert isinstance(app.screen, RestorePointsScreen), "still logged on"


@pytest.mark.soak
async def test_each_server_is_logged_off_from_at_the_end(
    app: VbemApp, prod: DemoProcess, lab: DemoProcess
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await browse(pilot)
        await to_lab(pilot, lab)
        await press(pilot, "ctrl+o")
        assert "You stay logged on to prod." in " ".join(text_of(pilot).replace("│", "").split())
        await press(pilot, "right", "enter")
        await shows(pilot, "Logged off.")
        await press(pilot, "escape")
        assert app.servers.others == ()
        await press(pilot, "q")
    assert [len(one.requests("logoff")) for one in (lab, prod)] == [1, 1]
    assert app.return_code == 0


async def test_without_names_the_list_says_how_to_name_a_server(app: VbemApp, prod: DemoProcess) -> None:
    app.services.settings = app.services.options.settings = Settings()
    async with app.run_test(size=(80, 24)) as pilot:
        await browse(pilot)
        await press(pilot, "S")
        shown = " ".join(text_of(pilot).split())
        assert "No server has a name." in shown
        assert "[server.NAME]" in shown
        assert f"{prod.host}:{prod.port}" in shown


async def test_a_logon_session_that_ends_on_another_server_is_said_and_asked_for_there(
    app: VbemApp, prod: DemoProcess, lab: DemoProcess
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await browse(pilot)
        await restore(pilot)
        await to_lab(pilot, lab)
        prod.control("expire-sessions")
        await shows(pilot, "prod: The logon session has ended")
        await shows(pilot, "in flight on prod (NOT UPDATED)")
        assert isinstance(app.screen, RestorePointsScreen), "no password is asked for over lab's list"
        await go(pilot, "up")
        await until(pilot, lambda: isinstance(app.screen, LogOnAgainScreen), "the question for the password")
        await settle(pilot)
        await press(pilot, *prod.password, "enter")
        await shows(pilot, "Logged on again.")
    assert len(posts(prod)) == 1


async def test_a_server_that_one_is_logged_on_to_is_not_logged_on_to_twice(
    app: VbemApp, prod: DemoProcess, lab: DemoProcess
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await browse(pilot)
        await go(pilot, "down")
        entry = app.screen.query_one("#server", LineInput)
        entry.value = f"{prod.host}:{prod.port}"
        await pilot.press(*prod.password, "enter")
        await shows(pilot, "You are logged on to that server already. Esc leads back.")
    assert len(prod.requests("logon")) == 1
    assert lab.requests("logon") == []
