"""References go by their names wherever the server has told one, with the reference itself beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.support.settle import opened, press, settle, text_of, until
from tests.ui.forms import ROOT, STORE, app_for, asked, confirm, fill, plan_of
from tests.ui.stage import StageManager, stage
from tests.unit.restores.points import SERVER, point
from tui.api.errors import ConnectionLost, Forbidden
from tui.api.models import CloudVmRestoreSpec, HierarchyItem, HierarchyRoot, Platform, ReferenceNames
from tui.screens.plan_text import spell_out
from tui.screens.restore_form import RestoreFormScreen
from tui.widgets.table_layout import StyledText
from tui.widgets.text_view import TextView

ROOT_UID = f"urn:veeam:HierarchyRoot:{ROOT}"
FAST = HierarchyItem(ref=STORE, object_type="Datastore", name="ssd & fast")


def cloud_manager(**also: object) -> StageManager:
    root = HierarchyRoot(uid=ROOT_UID, name="vcd-lab", host_type="VcdSystem", server_uid=SERVER)
    return StageManager(roots=(root,), items=(FAST,), **also)  # type: ignore[arg-type] # any field of it


def line_with(pilot: Pilot[Any], words: str) -> str:
    """The one line of the screen that shows these words."""
    (line,) = [line for line in text_of(pilot).splitlines() if words in line]
    return line


async def test_chosen_name_stands_in_form_plan_confirmation_and_tasks(tmp_path: Path) -> None:
    manager = cloud_manager()
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR), manager)) as pilot:
        assert f"vcd-lab> {ROOT_UID}" in text_of(pilot), "the root that was filled in"
        await pilot.press("tab", *"back", "tab", "f2")
        await until(pilot, lambda: "ssd & fast" in text_of(pilot), "the list")
        await press(pilot, "enter")
        assert STORE[-24:] in line_with(pilot, "ssd & fast> ")
        assert "Datastore: ssd & fast." in plan_of(pilot)
        await asked(pilot)
        told = pilot.app.screen.query_one("#confirm-plan", TextView).text.splitlines()
        at = told.index("Datastore: ssd & fast.")
        assert told[at + 1].strip() == STORE, "the truth on a line of its own"
        assert "Under the Cloud Director system vcd-lab." in told
        await press(pilot, "right", "enter")
        assert "Datastore: ssd & fast." in pilot.app.screen.query_one("#tasks-details", TextView).text
    (spec,) = manager.specs
    assert isinstance(spec, CloudVmRestoreSpec)
    assert (spec.datastore_ref, spec.hierarchy_root_uid) == (STORE, ROOT_UID)


async def test_form_that_is_opened_again_still_knows_the_name(tmp_path: Path) -> None:
    manager = cloud_manager(post=ConnectionLost("Reset."))
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR), manager)) as pilot:
        await pilot.press("tab", *"back", "tab", "f2")
        await until(pilot, lambda: "ssd & fast" in text_of(pilot), "the list")
        await press(pilot, "enter")
        await confirm(pilot, "right", "enter")
        await press(pilot, "s")
        assert isinstance(pilot.app.screen, RestoreFormScreen)
        assert STORE[-24:] in line_with(pilot, "ssd & fast  ")


async def test_name_goes_as_soon_as_the_reference_is_another(tmp_path: Path) -> None:
    async with app_for(tmp_path, point(Platform.CLOUD_DIRECTOR), cloud_manager()).run_test(
        size=(80, 24)
    ) as pilot:
        await settle(pilot)
        assert "vcd-lab> urn:" in text_of(pilot)
        await fill(pilot, "#field-hierarchy-root-uid", "x")
        assert "vcd-lab> urn:" not in text_of(pilot)


async def test_account_that_may_not_look_up_sees_the_uid_and_no_complaint(tmp_path: Path) -> None:
    manager = StageManager(lookup_error=Forbidden("Access denied."))
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR), manager)) as pilot:
        shown = text_of(pilot)
    assert ROOT_UID in shown
    assert "Access denied" not in shown


def test_names_take_the_place_of_references_and_keep_tone_and_full_stop() -> None:
    names = ReferenceNames()
    names.learn([FAST])
    lines = spell_out(names, [StyledText(f"Into {STORE.upper().replace('URN', 'urn')}.", "warning"), "plain"])
    assert lines[0] == StyledText("Into ssd & fast.", "warning")
    assert isinstance(lines[1], StyledText)
    assert lines[1].tone == "dim"
    assert lines[2] == "plain"


def test_two_references_of_one_sentence_say_which_is_which() -> None:
    names = ReferenceNames()
    names.learn([FAST, HierarchyItem(ref=ROOT_UID, object_type="VcdSystem", name="vcd-lab")])
    sentence, *refs = spell_out(names, [f"Into {STORE} under {ROOT_UID}."])
    assert sentence == "Into ssd & fast under vcd-lab."
    assert [ref.text.strip() for ref in refs if isinstance(ref, StyledText)] == [
        f"ssd & fast: {STORE}",
        f"vcd-lab: {ROOT_UID}",
    ]


def test_unknown_references_stay_as_they_are() -> None:
    assert spell_out(ReferenceNames(), [f"Into {STORE}."]) == [f"Into {STORE}."]


async def test_root_has_its_name_after_a_restart_too(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR), cloud_manager())) as pilot:
        await fill(pilot, "#field-new-name", "copy")
        stage(pilot).services.reference_names = ReferenceNames()
        await confirm(pilot, "right", "enter")
        await settle(pilot)
        assert "vcd-lab" in pilot.app.screen.query_one("#tasks-details", TextView).text
