"""From the filled form to the restore on a stage: one confirmation, one POST, every refusal in words."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.settle import opened, press, shows, text_of, until
from tests.support.soak import soak
from tests.ui.forms import ROOT, STORE, app_for, asked, confirm, fill, namesakes, verdict_of
from tests.ui.stage import StageManager, stage
from tests.unit.restores.fakes import FakeClock, session
from tests.unit.restores.points import point, vapp
from tui.api.errors import Invalid, Unreachable
from tui.api.models import CloudVmRestoreSpec, Platform, VAppRestoreSpec, VmRestoreSpec
from tui.restores.forms.fields import Problem, Values
from tui.restores.forms.form import RestoreForm
from tui.screens.confirm import ConfirmScreen
from tui.screens.restore_form import RestoreFormScreen
from tui.screens.tasks import TasksScreen
from tui.widgets.form import FormFields
from tui.widgets.inputs import LineInput


async def test_machine_is_restored_with_one_post_and_shown_among_the_tasks(
    tmp_path: Path, manager: StageManager
) -> None:
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        await fill(pilot, "#form-reason", "INC-4711")
        await confirm(pilot, "right", "enter")
        assert isinstance(pilot.app.screen, TasksScreen)
        assert "launching" in text_of(pilot)
        (row,) = stage(pilot).rows.recent()
    assert manager.specs == [VmRestoreSpec()]
    assert (row.reason, row.state.value) == ("INC-4711", "launching")


async def test_form_is_checked_and_the_request_built_once_from_opening_to_sending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manager: StageManager
) -> None:
    checks: list[Values] = []
    check = RestoreForm.check

    def counted(form: RestoreForm, values: Values) -> tuple[Problem, ...]:
        checks.append(values)
        return check(form, values)

    monkeypatch.setattr(RestoreForm, "check", counted)
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        await confirm(pilot, "right", "enter")
        (row,) = stage(pilot).rows.recent()
    assert (len(checks), manager.requests_built) == (1, 1)
    ((request, _),) = manager.written
    assert manager.posts == [request]
    assert row.request_body == request.body.decode()


async def test_each_change_of_a_field_is_checked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: list[Values] = []
    check = RestoreForm.check

    def counted(form: RestoreForm, values: Values) -> tuple[Problem, ...]:
        checks.append(dict(values))
        return check(form, values)

    monkeypatch.setattr(RestoreForm, "check", counted)
    async with opened(app_for(tmp_path, point())) as pilot:
        await press(pilot, "space", "down", "down", "space", "up")
        values = pilot.app.screen.query_one(FormFields).values
    assert len(checks) == 3
    assert checks[-1] == values != checks[0]


async def test_confirming_without_a_move_sends_nothing(tmp_path: Path, manager: StageManager) -> None:
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        await confirm(pilot, "enter")
        assert "Nothing was sent." in text_of(pilot)
    assert manager.posts == []


async def test_confirmation_says_what_was_found_and_nothing_is_still_looked_for(
    tmp_path: Path, manager: StageManager
) -> None:
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        await asked(pilot)
        shown = text_of(pilot)
        assert "The server lists no running restore of this VM (checked at " in shown
        assert "Looking for running restores" not in shown
        await pilot.press("escape")
        manager.session_list = (session(1, progress=40, name="app07@nightly"),)
        await asked(pilot)
        assert "): restore session app07@nightly" in text_of(pilot)


@pytest.mark.parametrize(
    "size",
    [(60, 15), (80, 24), *soak((60, 20), (70, 22))],
)
async def test_confirmation_shows_what_was_looked_for_and_all_that_answers_it_at_any_size(
    tmp_path: Path, manager: StageManager, size: tuple[int, int]
) -> None:
    manager.session_list = (session(1, progress=40, name="app07@nightly"),)
    known = namesakes(point(), "app07", "App07 ")
    async with opened(app_for(tmp_path, point(), manager, known), size=size) as pilot:
        await pilot.press("space")
        await asked(pilot)
        await press(pilot, *"xyzzy")
        shown = text_of(pilot)
        await press(pilot, *["down"] * 20)
        end = text_of(pilot)
    for part in ("OVERWRITE app07?", "Type the code", "xyzzy", "Back", "Overwrite"):
        assert part in shown
        assert part in end
    assert "of this VM is already running" in shown
    assert ("Running (checked at" in shown) is (size[1] > 15)
    assert "Ticket or reason" in end


async def test_second_press_of_restore_does_not_ask_twice(tmp_path: Path, manager: StageManager) -> None:
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        await pilot.press("ctrl+r", "ctrl+r", "ctrl+r")
        await asked(pilot)
        assert sum(isinstance(screen, ConfirmScreen) for screen in pilot.app.screen_stack) == 1
        screen = pilot.app.screen_stack[-2]
        assert isinstance(screen, RestoreFormScreen)
        screen.action_restore()
        await pilot.pause()
        await press(pilot, "escape")
    assert len(manager.queries) == 1


async def test_overwriting_wants_the_name_typed(tmp_path: Path, manager: StageManager) -> None:
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        await pilot.press("space")
        await asked(pilot)
        assert "OVERWRITE app07?" in text_of(pilot)
        assert "Type the name app07 to confirm; case matters:" in text_of(pilot)
        await press(pilot, *"APP07", "enter")
        assert manager.posts == []
        await press(pilot, *["backspace"] * 5, *"app08", "enter")
        assert "That does not match. Nothing was sent." in text_of(pilot)
        assert manager.posts == []
        await press(pilot, "backspace", "7")
        assert "That does not match" not in text_of(pilot)
        await press(pilot, "enter")
    assert manager.specs == [VmRestoreSpec(keep_original=False)]


async def test_repeated_name_can_be_confirmed_by_the_code_shown(
    tmp_path: Path, manager: StageManager
) -> None:
    one = point()
    async with opened(app_for(tmp_path, one, manager, namesakes(one, "app07", "\u0430pp\u200b07"))) as pilot:
        await pilot.press("space")
        await asked(pilot)
        shown = text_of(pilot)
        code = shown.split("Type the code ")[1].split()[0]
        assert "2 other VMs have the same name, or one that looks it" in shown
        assert f"Type the code {code} (other VMs have this name) or the name, case as shown:" in shown
        await press(pilot, *code.lower(), "enter")
    assert len(manager.posts) == 1


@pytest.mark.parametrize("ticket", ["INC-4711, call back 0170", ""])
async def test_confirmation_shows_the_ticket_or_that_there_is_none(tmp_path: Path, ticket: str) -> None:
    async with opened(app_for(tmp_path, point())) as pilot:
        await fill(pilot, "#form-reason", ticket)
        await asked(pilot)
        assert f"Ticket or reason: {ticket or 'none given'}." in text_of(pilot)


@pytest.mark.parametrize("typed", [*soak("mail01"), "MAIL01 ", "m\u0430il01"])
async def test_new_name_of_another_known_vm_counts_as_overwriting_that_one(
    tmp_path: Path, manager: StageManager, typed: str
) -> None:
    one = point(Platform.CLOUD_DIRECTOR)
    async with opened(app_for(tmp_path, one, manager, namesakes(one, "mail01"))) as pilot:
        await fill(pilot, "#field-new-name", typed)
        assert verdict_of(pilot) == f"MAY OVERWRITE {typed.strip()}, another known VM"
        await asked(pilot)
        shown = " ".join(text_of(pilot).split())
        assert f"OVERWRITE {typed.strip()}?" in shown
        assert f"! The new name {typed.strip()} is, or looks like, that of a known VM" in shown
        await press(pilot, "enter")
        assert manager.posts == []
        await press(pilot, *typed.strip(), "enter")
    assert len(manager.posts) == 1


async def test_cloud_director_is_restored_with_what_was_typed(tmp_path: Path, manager: StageManager) -> None:
    one = point(Platform.CLOUD_DIRECTOR)
    async with opened(app_for(tmp_path, one, manager)) as pilot:
        await fill(pilot, "#field-new-name", "app07-back")
        await fill(pilot, "#field-datastore-ref", STORE)
        assert verdict_of(pilot) == "The original VM is KEPT"
        await confirm(pilot, "right", "enter")
        assert isinstance(pilot.app.screen, TasksScreen)
    (spec,) = manager.specs
    assert isinstance(spec, CloudVmRestoreSpec)
    assert (spec.new_name, spec.datastore_ref) == ("app07-back", STORE)
    assert spec.hierarchy_root_uid == f"urn:veeam:HierarchyRoot:{ROOT}"


async def test_vapp_is_restored_with_a_new_name_for_one_of_its_vms(tmp_path: Path) -> None:
    web = point(Platform.CLOUD_DIRECTOR, name="web", number=21)
    manager = StageManager(vms=(web,))
    vdc = f"urn:vCloud:OrgVdc:{ROOT}.urn:vcloud:vdc:5d2c7f10-0001-4a00-8000-0000000000f5"
    async with opened(app_for(tmp_path, vapp(), manager)) as pilot:
        pilot.app.screen.query_one("#field-org-vdc-ref", LineInput).value = vdc
        pilot.app.screen.query_one("#field-new-name", LineInput).value = "shop-copy"
        pilot.app.screen.query_one("#field-vm0-new-name", LineInput).value = "web-copy"
        await pilot.pause()
        assert verdict_of(pilot) == "The original vApp is KEPT"
        await confirm(pilot, "right", "enter")
    (spec,) = manager.specs
    assert isinstance(spec, VAppRestoreSpec)
    assert (spec.new_name, spec.vms[0].new_name) == ("shop-copy", "web-copy")


async def test_refusal_is_said_on_the_form_and_nothing_typed_is_lost(tmp_path: Path) -> None:
    manager = StageManager(post=Invalid("Restore point is locked.", http_code=400, from_manager=True))
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        await fill(pilot, "#form-reason", "INC-1")
        await confirm(pilot, "right", "enter")
        assert isinstance(pilot.app.screen, RestoreFormScreen)
        shown = " ".join(text_of(pilot).split())
        assert "It did not start: the server refused it." in shown
        assert "Restore point is locked." in shown
        assert pilot.app.screen.query_one("#form-reason", LineInput).value == "INC-1"
    assert len(manager.posts) == 1


@pytest.mark.parametrize("stops", ["escape", *soak("ctrl+c")])
async def test_guard_says_how_long_it_waits_and_a_key_stops_it_and_moves_nothing(
    tmp_path: Path, manager: StageManager, monkeypatch: pytest.MonkeyPatch, stops: str
) -> None:
    monkeypatch.setattr("tui.screens.base.WAIT_TOLD_EVERY_S", 0.01)
    manager.hold_guard = asyncio.Event()
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        form, clock = pilot.app.screen, stage(pilot).services.clock
        assert isinstance(clock, FakeClock)
        focused = form.focused
        await pilot.press("ctrl+r")
        await shows(pilot, "Looking for running restores. Esc or Ctrl+C stops it.")
        for seconds in (12, 17):
            clock.seconds = seconds
            await shows(pilot, f"running restores: no answer for {seconds} s. Esc or Ctrl+C stops it.")
        await pilot.press("down", "right", "tab", "space", "enter", "ctrl+u", "end", "ctrl+r")
        assert pilot.app.screen.focused is focused
        await press(pilot, stops)
        assert pilot.app.screen is form
        assert "You stopped it; nothing was sent." in " ".join(text_of(pilot).split())
        assert "no answer for" not in text_of(pilot)
        manager.hold_guard.set()
        await asked(pilot)
        await press(pilot, "right", "enter")
    assert len(manager.posts) == 1


async def test_wait_for_the_point_itself_is_told_and_stopped_too(
    tmp_path: Path, manager: StageManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.base.WAIT_TOLD_EVERY_S", 0.01)

    async def never(id: str) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(manager, "vm_restore_point", never)
    async with app_for(tmp_path, point(), manager).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Trying to read the restore point. Ctrl+C stops it.")
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "You stopped it; nothing was sent." in text_of(pilot), "that it stopped")
        assert isinstance(pilot.app.screen, RestoreFormScreen)


async def test_guard_that_fails_sends_nothing_and_keeps_the_form(tmp_path: Path) -> None:
    manager = StageManager(session_list=Unreachable("No route."))
    async with opened(app_for(tmp_path, point(), manager)) as pilot:
        await press(pilot, "ctrl+r")
        assert isinstance(pilot.app.screen, RestoreFormScreen)
        assert "Could not look for running restores of this VM." in text_of(pilot)
    assert manager.posts == []
