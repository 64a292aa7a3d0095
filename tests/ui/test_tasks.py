"""Tasks on a stage: rows follow the monitor, cancelling asks once, sending again is a new restore."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.settle import opened, press, settle, shows, text_of
from tests.ui.forms import app_for, asked, details, send, sent, tick
from tests.ui.stage import StageApp, StageManager, stage
from tests.unit.restores.fakes import finished, session, stopped, task
from tests.unit.restores.points import point
from tui.api.errors import ConnectionLost, NotFound
from tui.api.models import Platform, SessionResult, VmRestoreSpec
from tui.screens import tasks
from tui.screens.restore_form import RestoreFormScreen
from tui.screens.tasks import TasksScreen
from tui.widgets.text_view import TextView
from tui.widgets.virtual_table import VirtualTable


async def test_row_follows_task_and_session_to_the_end(tmp_path: Path, manager: StageManager) -> None:
    async with sent(tmp_path, manager) as pilot:
        assert "launching" in text_of(pilot)
        manager.task_list = (finished(1),)
        await tick(pilot)
        manager.session_list = (session(1, progress=64),)
        await tick(pilot)
        assert "restoring" in text_of(pilot)
        assert "64 %" in text_of(pilot)
        made = replace(stopped(SessionResult.SUCCESS), restored_ref="urn:VMware:Vm:r.vm-9001")
        manager.session_list = (made,)
        await tick(pilot)
        assert "√ restored" in text_of(pilot)
        assert "The VM is restored." in details(pilot)
        (row,) = (line for line in text_of(pilot).splitlines() if "√ restored " in line)
        assert "Original kept" in row
        manager.restored_name = "app07-restored"
        restores = stage(pilot).services.restores
        assert restores is not None
        await restores.learn_names()
        await settle(pilot)
        assert "Restored as app07-restored; original kept." in details(pilot)
        await press(pilot, "h")
        told = pilot.app.screen.query_one("#history-details", TextView).text
        assert "Outcome       Restored as app07-restored; original kept." in told
    assert len(manager.posts) == 1


async def test_from_200_columns_the_details_stand_beside_the_restores(
    tmp_path: Path, manager: StageManager
) -> None:
    async with sent(tmp_path, manager, size=(200, 40)) as pilot:
        table = pilot.app.screen.query_one(VirtualTable)
        told = pilot.app.screen.query_one("#tasks-details", TextView)
        assert (told.region.y, told.region.height) == (table.region.y, table.region.height)
        assert told.region.x >= table.region.right
        assert "app07: launching" in told.text


async def test_details_tell_everything_that_is_known(tmp_path: Path, manager: StageManager) -> None:
    async with sent(tmp_path, manager, size=(120, 40)) as pilot:
        manager.task_list = (finished(1),)
        manager.session_list = (session(1, progress=12),)
        await tick(pilot)
        await tick(pilot)
        await settle(pilot)
        told = details(pilot)
    for part in (
        "The original VM is kept",
        "vbr.lab.example",
        point().uid,
        "task-1",
        session(1).uid,
        "UTC",
        "Server last heard",
        "Journal row   1",
        "Restoring.",
    ):
        assert part in told


async def test_long_plan_is_not_indented_beyond_its_column(tmp_path: Path) -> None:
    app = app_for(tmp_path, point(Platform.CLOUD_DIRECTOR))
    async with opened(app, size=(60, 40)) as pilot:
        await pilot.press("tab", *"app07-back")
        await send(pilot)
        lines = text_of(pilot).split("Plan  ")[1].split("Platform  ")[0].splitlines()[1:-1]
    assert max(len(line) - len(line.lstrip()) for line in lines) <= 18


async def test_tick_repaints_only_what_changed(tmp_path: Path, manager: StageManager) -> None:
    async with sent(tmp_path, manager) as pilot:
        manager.task_list = (finished(1),)
        manager.session_list = (session(1, progress=12),)
        await tick(pilot)
        await tick(pilot)
        lines = pilot.app.screen.query_one("#tasks-details", TextView)
        painted: list[int] = []
        draw = lines.render_line

        def spy(y: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - wraps the widget's own method
            painted.append(y)
            return draw(y)

        lines.render_line = spy  # type: ignore[method-assign] # watches the painting
        manager.session_list = (session(1, progress=13),)
        await tick(pilot)
    assert set(painted) == {0}, "only the line with the progress"


async def test_lost_data_is_marked_old_and_kept(tmp_path: Path, manager: StageManager) -> None:
    async with sent(tmp_path, manager) as pilot:
        manager.task_list = ConnectionLost("Reset.")
        await tick(pilot)
        assert "launching" in text_of(pilot)
        assert "This may be out of date" in details(pilot)


async def test_unknown_restore_is_sent_again_as_a_new_one_with_what_was_typed(tmp_path: Path) -> None:
    manager = StageManager(post=ConnectionLost("Reset."))
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        await pilot.press("down", "down", "space")
        await send(pilot)
        assert "UNKNOWN" in text_of(pilot)
        assert len(manager.posts) == 1
        await press(pilot, "s")
        assert isinstance(pilot.app.screen, RestoreFormScreen)
        assert "[x] yes  Power on after restore" in text_of(pilot)
        plan = pilot.app.screen.query_one("#form-plan", TextView).text
        assert "The earlier restore is UNKNOWN: it MAY HAVE STARTED." in plan
        manager.post = task(number=2)
        await send(pilot)
        rows = stage(pilot).rows.recent()
    assert manager.specs == [VmRestoreSpec(power_on=True), VmRestoreSpec(power_on=True)]
    assert len(rows) == 2


async def test_the_question_itself_says_that_an_unknown_restore_may_have_succeeded(tmp_path: Path) -> None:
    manager = StageManager(post=ConnectionLost("Reset."))
    async with sent(tmp_path, manager) as pilot:
        manager.session_list = (stopped(SessionResult.SUCCESS),)
        await tick(pilot)
        await press(pilot, "s")
        await asked(pilot)
        shown = " ".join(text_of(pilot).replace("\u2502", " ").split())
        assert "may have SUCCEEDED: a restore session that may be its own came to Success." in shown
        await press(pilot, "enter")
    assert len(manager.posts) == 1


async def test_send_again_after_another_run_reads_the_point_anew(tmp_path: Path) -> None:
    manager = StageManager(post=ConnectionLost("Reset."))
    async with sent(tmp_path, manager) as pilot:
        stage(pilot).services.form_drafts.clear()
        manager.point_error = NotFound("No such point.")
        await press(pilot, "s")
        assert isinstance(pilot.app.screen, TasksScreen)
        assert "Could not read the restore point." in text_of(pilot)
        manager.point_error = None
        await press(pilot, "s")
        assert isinstance(pilot.app.screen, RestoreFormScreen)


async def test_leaving_the_screen_stops_nothing(tmp_path: Path, manager: StageManager) -> None:
    async with sent(tmp_path, manager) as pilot:
        await press(pilot, "enter", "escape")
        assert isinstance(pilot.app.screen, TasksScreen), "one step back: from the details to the list"
        await press(pilot, "escape")
        assert "the list of points" in text_of(pilot)
        manager.task_list = (finished(1),)
        await tick(pilot)
        await press(pilot, "ctrl+t")
        assert "restoring" in text_of(pilot)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_without_restores_it_says_so(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(StageApp(tmp_path, StageManager(), TasksScreen), size=size) as pilot:
        assert "No restores in this run yet." in text_of(pilot)
        await press(pilot, "c", "s", "d")
        assert isinstance(pilot.app.screen, TasksScreen)


@pytest.mark.parametrize("is_other_run", [False, True])
async def test_a_restore_that_is_opened_again_is_warned_of_a_newer_point(
    tmp_path: Path, is_other_run: bool
) -> None:
    manager = StageManager(post=ConnectionLost("Reset."))
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        await send(pilot)
        services = stage(pilot).services
        if is_other_run:
            services.form_drafts.clear()
        assert services.points is not None
        newer = point(number=2, created=point().created + timedelta(hours=4))
        services.points.add([newer])
        await press(pilot, "s")
        assert isinstance(pilot.app.screen, RestoreFormScreen)
        plan = pilot.app.screen.query_one("#form-plan", TextView).text
        assert "This VM has a newer point, of 2026-11-23 02:00 UTC." in plan


async def test_silence_of_the_server_is_seen_without_a_word_of_it(
    tmp_path: Path, manager: StageManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "ELAPSED_EVERY_S", 0.02)
    async with sent(tmp_path, manager) as pilot:
        assert "out of date" not in text_of(pilot)
        stage(pilot).services.clock.seconds = 60.0  # type: ignore[attr-defined] # of FakeClock
        await shows(pilot, "out of date")
