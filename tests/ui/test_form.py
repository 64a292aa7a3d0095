"""The restore form on a stage: what it shows while somebody types, and what a key does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.support.settle import opened, press, text_of, until
from tests.ui.forms import app_for, fill, namesakes, plan_of, verdict_of
from tests.ui.stage import StageManager
from tests.unit.restores.points import point
from tui.api.errors import NotFound, Unreachable
from tui.api.models import Platform
from tui.screens.dialogs import ChoiceScreen
from tui.screens.restore_form import RestoreFormScreen
from tui.widgets.form import FormFields
from tui.widgets.inputs import LineInput


@pytest.mark.parametrize("platform", [Platform.VSPHERE, Platform.HYPERV])
async def test_machine_form_starts_with_the_safe_values(tmp_path: Path, platform: Platform) -> None:
    async with opened(app_for(tmp_path, point(platform))) as pilot:
        shown = text_of(pilot)
    assert "[x] yes  Keep the original VM (KeepOriginalVM)" in shown
    assert "[ ] no   Quick rollback (QuickRollback)" in shown
    assert "[ ] no   Power on after restore (PowerOnAfterRestore)" in shown
    assert "stays off: KeepOriginalVM is on, so QuickRollback must be off." in shown
    assert "The original VM is KEPT" in shown
    assert "DEMO" in shown


async def test_excluded_switch_refuses_and_says_why(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point())) as pilot:
        await press(pilot, "down", "space")
        shown = text_of(pilot)
        assert "> [ ] no   Quick rollback" in shown
        assert "Switch the other one off first." in " ".join(shown.split())


async def test_switching_keep_off_says_overwrites_at_once(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point())) as pilot:
        await press(pilot, "space")
        assert verdict_of(pilot) == "OVERWRITES app07"
        assert "OVERWRITTEN" in plan_of(pilot)
        await press(pilot, "down", "space")
        assert "stays off: QuickRollback is on, so KeepOriginalVM must be off." in text_of(pilot)


async def test_server_that_may_not_know_keep_original_is_said(tmp_path: Path) -> None:
    app = app_for(tmp_path, point(), StageManager(api_version="v1_5"))
    async with opened(app) as pilot:
        assert verdict_of(pilot).startswith("MAY OVERWRITE app07")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_short_verdict_and_button_are_visible_at_every_size(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR)), size=size) as pilot:
        shown = text_of(pilot)
    assert "OVERWRITES app07" in shown
    assert "Restore..." in shown
    assert "Restore under (HierarchyRootUid)" in shown


async def test_problems_stand_beside_their_fields_after_leaving_them(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR)), size=(120, 40)) as pilot:
        await fill(pilot, "#field-datastore-ref", "nonsense")
        assert "! A reference looks like" not in "\n".join(_remarks(pilot))
        await press(pilot, "tab")
        assert "! A reference looks like" in "\n".join(_remarks(pilot))
        assert verdict_of(pilot).startswith("NOT READY: 1 thing")


def _remarks(pilot: Pilot[Any]) -> list[str]:
    return [str(one.content) for one in pilot.app.screen.query(".remark").results(Static)]


async def test_incomplete_form_is_not_sent_and_the_focus_goes_to_the_first_problem(
    tmp_path: Path, manager: StageManager
) -> None:
    one = point(Platform.CLOUD_DIRECTOR)
    async with opened(app_for(tmp_path, one, manager)) as pilot:
        root = pilot.app.screen.query_one("#field-hierarchy-root-uid", LineInput)
        root.value = ""
        await fill(pilot, "#form-reason", "INC-1")
        await press(pilot, "ctrl+r")
        assert pilot.app.focused is root
        assert "Not sent: 1 thing to correct first. Restore under is needed." in text_of(pilot)
        assert pilot.app.screen.query_one("#form-reason", LineInput).value == "INC-1"
        await press(pilot, "u")
        assert "Not sent" not in text_of(pilot), "it is being put right"
    assert manager.posts == []
    assert manager.queries == []


async def test_layout_is_a_choice_that_opens_its_own_field(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR)), size=(120, 40)) as pilot:
        assert "vAppRef" not in text_of(pilot)
        for _ in range(6):
            await pilot.press("down")
        await press(pilot, "space")
        assert "Target vApp (vAppRef), optional" in text_of(pilot)
        assert "vCloudVmRestoreSpec with vAppRef" in plan_of(pilot)


async def test_exact_request_as_xml_and_json(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point())) as pilot:
        await press(pilot, "ctrl+g")
        xml = text_of(pilot)
        assert "XML (this is what is sent)" in xml
        assert "<KeepOriginalVM>true</KeepOriginalVM>" in xml
        assert "token" not in xml
        await press(pilot, "space")
        assert "JSON (for reading only, not what is sent)" in text_of(pilot)
        assert '"KeepOriginalVM"' in text_of(pilot)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, RestoreFormScreen)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NotFound("No such point."), "Reload the list: it may have been removed."),
        (Unreachable("No route."), "The server cannot be reached"),
    ],
)
async def test_point_that_cannot_be_read_is_said_on_the_form(
    tmp_path: Path, error: Exception, words: str
) -> None:
    manager = StageManager(point_error=error)  # type: ignore[arg-type] # the parameters are of several classes
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        assert words in " ".join(text_of(pilot).split())
        assert isinstance(pilot.app.screen, RestoreFormScreen)


async def test_unknown_platform_is_asked_and_never_guessed(tmp_path: Path) -> None:
    one = point(Platform.UNKNOWN)
    async with app_for(tmp_path, one).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen), "the question")
        await pilot.pause()
        shown = text_of(pilot)
        assert "Which platform does this restore point belong to?" in shown
        await press(pilot, "down", "enter")
        assert "Quick rollback (QuickRollback)" in text_of(pilot)
        assert "Hyper-V" in plan_of(pilot)


async def test_escape_leaves_an_untouched_form_and_asks_before_dropping_what_was_typed(
    tmp_path: Path,
) -> None:
    async with opened(app_for(tmp_path, point())) as pilot:
        await fill(pilot, "#form-reason", "INC-1")
        await press(pilot, "escape")
        assert "Leave the form?" in text_of(pilot)
        await press(pilot, "escape")
        assert pilot.app.screen.query_one("#form-reason", LineInput).value == "INC-1"
        await press(pilot, "escape")
        await press(pilot, "right", "enter")
        assert "the list of points" in text_of(pilot)


async def test_looking_at_the_tasks_keeps_what_was_typed(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point())) as pilot:
        await fill(pilot, "#form-reason", "INC-1")
        await press(pilot, "ctrl+t")
        assert "Tasks" in text_of(pilot).splitlines()[0]
        await press(pilot, "escape")
        assert pilot.app.screen.query_one("#form-reason", LineInput).value == "INC-1"


async def test_what_is_said_of_a_field_goes_with_its_focus(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point())) as pilot:
        words = pilot.app.screen.query_one("#form-help", Static)
        assert str(words.content)
        pilot.app.screen.query_one("#form-reason", LineInput).focus()
        await pilot.pause()
        assert not str(words.content)


async def test_the_field_with_the_focus_stays_in_view_when_the_terminal_shrinks(tmp_path: Path) -> None:
    one = point(Platform.CLOUD_DIRECTOR)
    async with opened(app_for(tmp_path, one), size=(120, 40)) as pilot:
        body = pilot.app.screen.query_one(FormFields)
        row = body.row("power_on")
        assert row is not None
        row.control.focus()
        await pilot.pause()
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        await pilot.pause()
        assert "Power on after restore" in text_of(pilot)


async def test_ages_go_on_while_the_form_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.restore_form.AGES_EVERY_S", 0.05)
    app = app_for(tmp_path, point())
    clock: Any = app.services.clock
    async with opened(app) as pilot:
        later = clock.now() + timedelta(days=9)
        clock.now = lambda: later
        await until(pilot, lambda: ", 9 d ago" in text_of(pilot), "the age of the point in the first line")
        assert "The point is 9 d old" in plan_of(pilot)


async def test_form_warns_of_a_newer_point_and_of_names_that_look_the_same(tmp_path: Path) -> None:
    one = point()
    newer = point(number=2, created=one.created + timedelta(hours=1))
    async with opened(app_for(tmp_path, one, known=[newer, *namesakes(one, "App\u200b07")])) as pilot:
        assert "This VM has a newer point, of 2026-11-22 23:00 UTC." in plan_of(pilot)
        assert "Another VM has the same name, or one that looks it" in plan_of(pilot)


async def test_new_name_of_cloud_director_is_in_view_at_60x20(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR)), size=(60, 20)) as pilot:
        shown = text_of(pilot)
    for part in ("New name", "What will happen", "counts as OVERWRITTEN", "Ticket or reason", "Restore..."):
        assert part in shown
