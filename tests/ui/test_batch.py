"""The plan of many on the screen: marks, one plan, one confirmation, one POST for each VM."""

from __future__ import annotations

import re
import shlex
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from textual import events

from tests.support.demo_process import DemoProcess
from tests.support.settle import press, settle, shows, text_of, until
from tests.ui.plans import planned, posts
from tests.ui.walk import browsing
from tui.app import VbemApp
from tui.restores.incident import Incident
from tui.screens.batch import BatchScreen
from tui.screens.points import RestorePointsScreen
from tui.screens.restore_form import RestoreFormScreen
from tui.screens.tasks import TasksScreen
from tui.widgets.inputs import LineInput


async def test_pasted_names_to_one_post_each(app: VbemApp, demo: DemoProcess) -> None:
    async with browsing(app) as (pilot, screen):
        await planned(pilot, screen, "sql01\nhv-sql01\nlab-web\n", "3 will be sent.")
        assert "lab-web-INC-5001" in text_of(pilot)
        assert text_of(pilot).count("KEEPS the original") >= 2
        await pilot.press("V")
        await shows(pilot, "3 of 3 VMs are ready.")
        assert text_of(pilot).count("READY, ") == 3
        await pilot.press("ctrl+r")
        await shows(pilot, "Restore 3 VMs?")
        assert posts(demo) == []
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TasksScreen), "the tasks")
        await until(pilot, lambda: len(posts(demo)) == 3, "three requests")
        recovery = app.services.recovery
        assert recovery is not None
        assert recovery.queue is not None
        assert recovery.marked == {}
        assert app.services.journal is not None
        rows = app.services.journal.recent()
    assert sorted((row.vm_name, row.new_name, row.reason) for row in rows) == [
        ("hv-sql01", "", "INC-5001"),
        ("lab-web", "lab-web-INC-5001", "INC-5001"),
        ("sql01", "", "INC-5001"),
    ]
    assert len({one["path"] for one in posts(demo)}) == 3


async def test_a_vm_that_cannot_be_restored_is_left_out_only_by_x(app: VbemApp, demo: DemoProcess) -> None:
    async with browsing(app) as (pilot, screen):
        await planned(pilot, screen, "sql01\nsnapshot-only\n", "1 will be sent, 1 cannot.")
        await pilot.press("ctrl+r")
        await shows(pilot, "leave out with x")
        assert isinstance(app.screen, BatchScreen)
        await pilot.press("x")
        await shows(pilot, "1 will be sent, 1 left out.")
        assert "cannot be restored" not in text_of(pilot), "what is said of the plan is of the plan as it is"
        await pilot.press("ctrl+r")
        await shows(pilot, "Restore 1 VM?")
        await pilot.press("escape")
        await shows(pilot, "Nothing was sent.")
    assert posts(demo) == []


async def test_nothing_is_edited_while_the_server_is_asked_and_the_incident_moves_the_points(
    app: VbemApp, demo: DemoProcess
) -> None:
    async with browsing(app) as (pilot, screen):
        await planned(pilot, screen, "sql01\nsql02\n", "2 will be sent.")
        recovery, index = app.services.recovery, app.services.points
        assert recovery is not None
        assert recovery.incident is not None
        assert index is not None
        vm = next(vm for vm in index.vms if vm.name == "sql01")
        older = index.created(vm.rows[3])
        await recovery.set_incident(Incident(moment=older + timedelta(seconds=1)))
        await shows(pilot, f"{older:%m-%d %H:%M}Z")
        await shows(pilot, "the points were chosen again")
        demo.fault("hold@session*1")
        await pilot.press("ctrl+r")
        await shows(pilot, "Ctrl+C stops it")
        await pilot.press("x", "a")
        await pilot.pause()
        assert "2 will be sent." in text_of(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "stops it" not in text_of(pilot), "it was stopped")
        assert isinstance(app.screen, BatchScreen)
    assert posts(demo) == []


async def test_in_the_points_of_a_vm_r_means_the_point_under_the_cursor(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        screen.vms.focus()
        await pilot.press("enter")
        await until(pilot, lambda: screen.pane.table.has_focus, "the points")
        await pilot.press("down")
        chosen = screen.pane.selected()
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, RestoreFormScreen), "the form")
        assert isinstance(app.screen, RestoreFormScreen)
        assert app.screen.point == chosen


async def test_a_plan_is_saved_and_opened_again(app: VbemApp, demo: DemoProcess, tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    async with browsing(app) as (pilot, screen):
        await planned(pilot, screen, "sql01\nlab-web\n", "2 will be sent.")
        await pilot.press("2", "exclamation_mark", "w")
        await shows(pilot, "Save the plan")
        app.screen.query_one("#export-path", LineInput).value = str(path)
        await pilot.press("enter")
        await shows(pilot, "Saved as")
        await pilot.press("escape")
        await shows(pilot, "Leave the plan?")
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(app.screen, RestorePointsScreen), "the list")
        with path.open("a", encoding="utf-8") as file:
            file.write('[[group]]\nvms = ["nowhere"]\n')
        await pilot.press("P")
        await shows(pilot, "Open a recovery plan")
        app.screen.query_one("#plan-path", LineInput).value = str(path)
        await pilot.press("enter")
        await shows(pilot, "nowhere (NOT FOUND)")
        await shows(pilot, "Group 2 waits for group 1.")
    assert posts(demo) == []


async def test_the_exact_requests_are_copied_and_saved_in_a_new_file(
    app: VbemApp, demo: DemoProcess, tmp_path: Path
) -> None:
    path = tmp_path / "requests.txt"
    path.write_text("mine")
    async with browsing(app) as (pilot, screen):
        await planned(pilot, screen, "sql01\nlab-web\n", "2 will be sent.")
        await pilot.press("ctrl+g")
        await shows(pilot, "-- 1 of 2: sql01 (VMware vSphere), point of 20")
        await press(pilot, "y")
        copied = app.clipboard
        await press(pilot, "w")
        await shows(pilot, "Save what is sent")
        app.screen.query_one("#export-path", LineInput).value = str(path)
        await press(pilot, "enter")
        await shows(pilot, "already exists")
        assert path.read_text() == "mine"
        path.unlink()
        await press(pilot, "enter")
        await shows(pilot, "2 requests are written to")
        saved = path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert app.services.connection is not None
        session = app.services.connection.manager.session
        assert session is not None
        assert session.token not in saved
        assert saved.strip() == copied.strip()
        headings = re.findall(r"(?m)^-- (.* UTC, as it is sent)$", saved)
        assert [one.split(",")[0] for one in headings] == [
            "1 of 2: sql01 (VMware vSphere)", "2 of 2: lab-web (Cloud Director)",
        ]  # fmt: skip
        script = path.with_suffix(".sh")
        await press(pilot, "w")
        await shows(pilot, "Save what is sent")
        app.screen.query_one("#export-path", LineInput).value = str(script)
        await press(pilot, "enter")
        await shows(pilot, "2 requests are written to")
        commands = shlex.split(script.read_text(), comments=True)
        assert commands.count("curl") == 2
        assert [line[2:] for line in script.read_text().splitlines() if line.endswith("sent")] == headings
        assert session.token not in commands
        await press(pilot, "escape")
        await pilot.press("ctrl+r")
        await shows(pilot, "Restore 2 VMs?")
        await pilot.press("right", "enter")
        await until(pilot, lambda: len(posts(demo)) == 2, "two requests")
        assert app.services.journal is not None
        bodies = [row.request_body for row in app.services.journal.recent()]
    for sent in posts(demo):
        assert f"POST {sent['path']}" in saved
        assert f"https://{demo.host}:{demo.port}{sent['path']}?action=restore" in commands
    assert all(body in saved and body in commands for body in bodies)


async def test_what_is_confirmed_without_an_incident_says_so(app: VbemApp, demo: DemoProcess) -> None:
    async with browsing(app) as (pilot, screen):
        screen.vms.focus()
        await press(pilot, "l")
        await shows(pilot, "Mark VMs by their names")
        pilot.app.post_message(events.Paste("sql01\nsql02\n"))
        await shows(pilot, "2 found once")
        await press(pilot, "enter")
        recovery = app.services.recovery
        await until(pilot, lambda: recovery is not None and len(recovery.marked) == 2, "two marks")
        await pilot.press("r")
        await shows(pilot, "2 will be sent.")
        await pilot.press("ctrl+r")
        await shows(pilot, "Restore 2 VMs?")
        assert "NO INCIDENT is set: the newest points are used." in text_of(pilot)
        await press(pilot, "escape")
        await shows(pilot, "Nothing was sent.")
        await pilot.press("enter")
        await shows(pilot, "Points of sql01")
        await press(pilot, "down", "enter")
        await settle(pilot)
        await pilot.press("ctrl+r")
        await shows(pilot, "Restore 2 VMs?")
        words = " ".join(text_of(pilot).replace("│", " ").split())
        assert "newest points are used, but for 1 that was decided on." in words


async def test_a_row_says_what_its_mark_is_about(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        await planned(pilot, screen, "sql01\nlab-web\n", "2 will be sent.")
        recovery = app.services.recovery
        assert recovery is not None
        assert recovery.incident is not None
        await recovery.set_incident(replace(recovery.incident, lost_at_most=timedelta(seconds=1)))
        await shows(pilot, "KEEPS; over the limit")
        await shows(pilot, "new name; over the limit")
        assert text_of(pilot).count("!1") == 2
