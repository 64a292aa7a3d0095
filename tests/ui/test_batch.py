"""The plan of many on the screen: marks, one plan, one confirmation, one POST for each VM."""

from __future__ import annotations

import re
import shlex
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from textual import events
from textual.pilot import Pilot

from tests.support.demo_process import DemoProcess
from tests.support.program import app_on
from tests.support.settle import press, settle, shows, text_of, until
from tests.ui.walk import browsing
from tui.app import VbemApp
from tui.recovery.report import Wanted
from tui.restores.incident import Incident
from tui.screens.batch import BatchScreen
from tui.screens.batch_dialogs import ChoicesScreen
from tui.screens.points import RestorePointsScreen
from tui.screens.restore_form import RestoreFormScreen
from tui.screens.tasks import TasksScreen
from tui.widgets.inputs import LineInput
from tui.widgets.virtual_table import VirtualTable


async def marked(pilot: Pilot[Any], screen: RestorePointsScreen, names: str) -> None:
    """With an incident after all points, and a pasted list of names."""
    services, index = screen.services, screen.services.points
    assert services.recovery is not None
    assert index is not None
    moment = max(filter(None, map(index.newest, index.vms))) + timedelta(minutes=1)
    incident = Incident(moment=moment, ticket="INC-5001", lost_at_most=timedelta(days=9))
    await services.recovery.set_incident(incident)
    screen.vms.focus()
    await pilot.press("l")
    await shows(pilot, "Mark VMs by their names")
    pilot.app.post_message(events.Paste(names))
    await shows(pilot, "found once")
    await settle(pilot)


async def planned(pilot: Pilot[Any], screen: RestorePointsScreen, names: str, summary: str) -> None:
    """The plan of these VMs is on the screen, with its summary."""
    await marked(pilot, screen, names)
    await pilot.press("enter")
    await shows(pilot, f"{names.count(chr(10))} marked")
    await pilot.press("r")
    await shows(pilot, summary)


def posts(demo: DemoProcess) -> list[dict[str, Any]]:
    return [one for one in demo.requests("submit") if one["method"] == "POST"]


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


async def test_a_name_of_several_vms_is_chosen_and_one_that_is_not_there_is_told(
    app: VbemApp, demo: DemoProcess
) -> None:
    async with browsing(app) as (pilot, screen):
        await marked(pilot, screen, "app01\nsql01\nmial01\n")
        await shows(pilot, "1 several times")
        await shows(pilot, "NOT FOUND")
        recovery = app.services.recovery
        assert recovery is not None
        assert recovery.marked == {}
        lines = text_of(pilot).splitlines()
        places = [next(at for at, line in enumerate(lines) if word in line)
                  for word in ("mial01", "app01", "sql01")]  # fmt: skip
        assert places == sorted(places), "what needs a look stands first"
        assert "Enter Continue" in lines[-1]
        await press(pilot, "space")
        await shows(pilot, "1 found once, 1 of several chosen, 1 NOT FOUND.")
        await press(pilot, "up", "space")
        await shows(pilot, "1 found once, 1 several times: choose with Space, 1 NOT FOUND.")
        await press(pilot, "space", "enter")
        assert "Enter Mark 2" in text_of(pilot)
        await press(pilot, "enter")
        await shows(pilot, "2 marked")


async def test_names_below_those_that_are_shown_are_counted(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        await marked(pilot, screen, "".join(f"gone{number:02}\n" for number in range(20)))
        table = app.screen.query_one("#names-table", VirtualTable)
        below = 20 - (table.size.height - 1)
        assert below > 1
        await shows(pilot, f"{below} more below")
        await press(pilot, "tab", "end")
        await shows(pilot, f"{below} above")
        assert "more below" not in text_of(pilot)


async def test_names_are_looked_up_by_enter_where_some_are_typed(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        screen.vms.focus()
        await press(pilot, "l")
        await shows(pilot, "Mark VMs by their names")
        assert "Enter" not in text_of(pilot).splitlines()[-1]
        await press(pilot, *"sql02")
        await shows(pilot, "Enter Continue")
        await press(pilot, "enter")
        await shows(pilot, "1 found once.")


async def test_what_overwrites_is_confirmed_by_their_number(app: VbemApp, demo: DemoProcess) -> None:
    async with browsing(app) as (pilot, screen):
        await planned(pilot, screen, "sql01\nsql02\n", "2 will be sent.")
        await pilot.press("a")
        await shows(pilot, "[x] Keep the original VM")
        await pilot.press("space")
        await shows(pilot, "it is OVERWRITTEN")
        await pilot.press("tab", "tab", "enter")
        await shows(pilot, "2 OVERWRITE their originals")
        await pilot.press("ctrl+r")
        await shows(pilot, "Type 2 to OVERWRITE")
        await press(pilot, *"1")
        await pilot.press("enter")
        await shows(pilot, "That does not match")
        assert posts(demo) == []
        await pilot.press("backspace", "2", "enter")
        await until(pilot, lambda: len(posts(demo)) == 2, "two requests")


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


async def test_a_path_that_is_none_is_told_and_so_are_names_that_are_not_read(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        screen.vms.focus()
        await pilot.press("l")
        await shows(pilot, "Mark VMs by their names")
        typed = app.screen.query_one("#names-typed", LineInput)
        typed.value = "@a\0b"
        await pilot.press("enter")
        await shows(pilot, "no path of a file")
        typed.value = "sql01, wiki01"
        typed.focus()
        await pilot.press("enter")
        await shows(pilot, "1 found once. What follows a comma, semicolon or tab was LEFT OUT")


async def queued(pilot: Pilot[Any], screen: RestorePointsScreen, names: str, *, at_a_time: str = "1") -> None:
    """A queue of these VMs is running, on the screen of tasks."""
    await planned(pilot, screen, names, "will be sent.")
    await pilot.press("a")
    await shows(pilot, "Restores at a time")
    await pilot.press("tab", "tab", "tab", "backspace", at_a_time, "enter")
    await shows(pilot, f"{at_a_time} at a time")
    await pilot.press("ctrl+r")
    await shows(pilot, "one request each")
    await pilot.press("right", "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, TasksScreen), "the tasks")


async def test_the_queue_is_seen_paused_changed_and_goes_on(app: VbemApp, demo: DemoProcess) -> None:
    demo.control("set", option="time_scale", value=0.0)  # no restore ends meanwhile
    async with browsing(app) as (pilot, screen):
        await queued(pilot, screen, "sql01\nsql02\nwiki01\n")
        await until(pilot, lambda: len(posts(demo)) == 1, "the first request")
        await shows(pilot, "2 waiting")
        await shows(pilot, "p Pause")
        await pilot.press("p")
        await shows(pilot, "PAUSED")
        await shows(pilot, "p Resume")
        assert "p Pause" not in text_of(pilot)
        await pilot.press("end")
        await shows(pilot, "p resumes the queue")
        await pilot.press("x")
        await shows(pilot, "1 taken out")
        line = next(line for line in text_of(pilot).splitlines() if "■ taken out" in line)
        assert not line.rstrip().endswith(" ."), line
        await pilot.press("p", "plus")
        await shows(pilot, "2 at a time")
        await until(pilot, lambda: len(posts(demo)) == 2, "the second request")
        await shows(pilot, "2 launching")
        await settle(pilot)
        assert "p Pause" not in text_of(pilot)
        await pilot.press("p")
        await shows(pilot, "There is nothing to pause: no VM of a queue waits.")
    assert len(posts(demo)) == 2


async def test_a_queue_that_was_cut_off_is_offered_vm_by_vm_and_never_goes_on_by_itself(
    app: VbemApp, demo: DemoProcess, tmp_path: Path
) -> None:
    demo.control("set", option="time_scale", value=0.0)
    async with browsing(app) as (pilot, screen):
        await queued(pilot, screen, "sql01\nsql02\nwiki01\n")
        await until(pilot, lambda: len(posts(demo)) == 1, "the first request")
        await shows(pilot, "2 waiting")
        await pilot.press("p")
        await shows(pilot, "PAUSED")
        await press(pilot, "plus")
    demo.control("set", option="time_scale", value=20.0)
    again = app_on(demo, tmp_path)
    async with browsing(again) as (pilot, screen):
        await shows(pilot, "NOT SENT")
        await pilot.press("ctrl+t")
        await shows(pilot, "An interrupted queue: 2 NOT SENT")
        await shows(pilot, "2 at a time, 2 on one backup server.")
        await shows(pilot, "It was paused by the operator.")
        assert len(posts(demo)) == 1
        await pilot.press("right", "enter")
        await shows(pilot, "2 will be sent.")
        await shows(pilot, "All: as was decided for each; 2 at a time")
        await pilot.press("ctrl+r")
        await shows(pilot, "Restore 2 VMs?")
        assert len(posts(demo)) == 1
        await pilot.press("right", "enter")
        await until(pilot, lambda: len(posts(demo)) == 3, "the others")
        assert again.services.recovery is not None
        assert again.services.recovery.queue is not None
        assert again.services.recovery.queue.queue.at_a_time == 2
        assert again.services.journal is not None
        report = await again.services.recovery.report(again.services.journal.recent(-1), Wanted())
        assert [gap.queue for gap in report.gaps] == [1], "when it was taken up is in the journal"
    assert len({one["path"] for one in posts(demo)}) == 3


async def test_what_ended_before_a_queue_was_cut_off_reads_like_what_ended_after(
    app: VbemApp, demo: DemoProcess, tmp_path: Path
) -> None:
    async with browsing(app) as (pilot, screen):
        await queued(pilot, screen, "sql01\nsql02\n")
        await pilot.press("p")
        await shows(pilot, "1 restored, 1 waiting")
    again = app_on(demo, tmp_path)
    async with browsing(again) as (pilot, screen):
        await pilot.press("ctrl+t")
        await shows(pilot, "An interrupted queue: 1 NOT SENT")
        await pilot.press("right", "enter")
        await shows(pilot, "1 will be sent.")
        await pilot.press("ctrl+r")
        await shows(pilot, "Restore 1 VM?")
        await pilot.press("right", "enter")
        await pilot.press("ctrl+t")
        await shows(pilot, "2 restored of 2")
        assert [line[2:12] for line in text_of(pilot).splitlines() if "  sql0" in line] == ["√ restored"] * 2
        await press(pilot, "home")
        assert "sql01: restored" in text_of(pilot)


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


async def test_the_report_of_the_incident_is_written(app: VbemApp, demo: DemoProcess, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    async with browsing(app) as (pilot, screen):
        await queued(pilot, screen, "sql01\nlab-web\n", at_a_time="4")
        await until(pilot, lambda: len(posts(demo)) == 2, "two requests")
        await shows(pilot, "2 restored")
        await pilot.press("h")
        await shows(pilot, "History")
        await pilot.press("E")
        await shows(pilot, "Report of INC-5001")
        assert re.search(r"Back +Write", text_of(pilot)), "the way back is first, as in every dialog"
        app.screen.query_one("#export-path", LineInput).value = str(path)
        await pilot.press("enter")
        await shows(pilot, "Restored 2 of 2 VMs.")
    text = path.read_text(encoding="utf-8")
    assert "lab-web-INC-5001" in text
    assert "## Timeline" in text


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


async def test_an_edited_vm_without_new_names_is_not_asked_for_one(app: VbemApp, demo: DemoProcess) -> None:
    async with browsing(app) as (pilot, screen):
        await planned(pilot, screen, "sql01\nlab-web\n", "2 will be sent.")
        await pilot.press("e")
        await shows(pilot, "Restore sql01")
        assert "New name" not in text_of(pilot)
        assert "│  > [x] Keep the original VM " in text_of(pilot)
        assert "\n│    [ ] Power on after restore" in text_of(pilot)
        await press(pilot, "tab", "space")
        await shows(pilot, "[x] Power on after restore")
        await press(pilot, "tab", "tab", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, BatchScreen), "the plan")
        assert "not possible here" not in text_of(pilot)
        await pilot.press("a")
        await shows(pilot, "All VMs of the plan")
        app.screen.query_one("#choices-name", LineInput).value = "{name}-2"
        await press(pilot, "tab", "tab", "enter")
        await shows(pilot, "lab-web-2")
        assert "not possible here" not in text_of(pilot)
        await pilot.press("ctrl+r")
        await shows(pilot, "Restore 2 VMs?")
        assert "not possible here" not in text_of(pilot)


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


async def test_references_are_chosen_for_all_vms_of_their_root_and_sent_as_shown(
    app: VbemApp, demo: DemoProcess
) -> None:
    async with browsing(app) as (pilot, screen):
        await planned(pilot, screen, "sql01\nlab-web\nlab-db\n", "3 will be sent.")
        await pilot.press("a")
        await shows(pilot, "2 VMs under vcd02.demo.internal")
        assert "All VMs of the plan" in text_of(pilot)
        stores = app.screen.query_one("#field-datastore-ref", LineInput)
        stores.focus()
        assert "F2 Look up" in text_of(pilot)
        await press(pilot, *"urn:vCloud:Datastore:x", "enter")
        await until(pilot, lambda: "datastore" in text_of(pilot).lower(), "what is wrong")
        assert isinstance(app.screen, ChoicesScreen)
        await press(pilot, "f2")
        await shows(pilot, "Choose: Datastore")
        await shows(pilot, "bulk-01")
        await press(pilot, *"bulk-01", "enter")
        await until(pilot, lambda: isinstance(app.screen, ChoicesScreen), "the choices")
        chosen = stores.value
        assert chosen.startswith("urn:vCloud:Datastore:")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, BatchScreen), "the plan")
        await press(pilot, "down", "down", "e")
        await shows(pilot, "1 VM under vcd02.demo.internal")
        assert app.screen.query_one("#field-datastore-ref", LineInput).value == chosen
        await press(pilot, "escape")
        assert "Datastore: bulk-01." in text_of(pilot)
        await pilot.press("ctrl+r")
        await shows(pilot, "Restore 3 VMs?")
        await pilot.press("right", "enter")
        await until(pilot, lambda: len(posts(demo)) == 3, "three requests")
    bodies = [one["body"] for one in posts(demo)]
    assert sorted(f"<DatastoreRef>{chosen}</DatastoreRef>" in body for body in bodies) == [False, True, True]
    assert all("lab-" in body for body in bodies if chosen in body)


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
