"""The queue of a plan on the screen: paused, changed, cut off and taken up again, and in the report."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.demo_process import DemoProcess
from tests.support.program import app_on
from tests.support.settle import press, settle, shows, text_of, until
from tests.ui.plans import posts, queued
from tests.ui.walk import browsing
from tui.app import VbemApp
from tui.recovery.report import Wanted
from tui.widgets.inputs import LineInput


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
