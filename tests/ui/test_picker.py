"""Choosing a reference: found by typing, refused by the role, or typed by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from msgspec import structs
from textual.widgets import Static

from tests.support.settle import opened, press, settle, text_of
from tests.ui.forms import app_for
from tests.ui.stage import StageManager
from tests.unit.restores.points import ROOT, SERVER, point
from tui.api.client import EnterpriseManager
from tui.api.errors import Forbidden, Unreachable
from tui.api.models import HierarchyItem, HierarchyRoot, Platform, id_of, uid_of
from tui.restore_points.index import PointIndex
from tui.screens.reference_picker import PickerScreen, matching, roots_for
from tui.screens.restore_form import RestoreFormScreen
from tui.widgets.inputs import LineInput


def store(number: int, name: str = "ssd & fast") -> HierarchyItem:
    ref = f"urn:vCloud:Datastore:{ROOT}.urn:vcloud:datastore:5d2c7f10-0001-4a00-8000-{number:012x}"
    return HierarchyItem(ref=ref, object_type="Datastore", name=name)


ROOT_UID = f"urn:veeam:HierarchyRoot:{ROOT}"
OTHER = "7a10c3d4-0000-4000-8000-0000000000ff"
OTHER_UID = f"urn:veeam:HierarchyRoot:{OTHER}"
STORES = "#field-datastore-ref"


async def test_typing_narrows_and_enter_puts_the_reference_into_the_field(tmp_path: Path) -> None:
    manager = StageManager(items=(store(1, "slow"), store(2, "fast one"), store(3, "fast two")))
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR), manager)) as pilot:
        pilot.app.screen.query_one(STORES).focus()
        await press(pilot, "f2", *"fast two")
        assert "slow" not in text_of(pilot)
        await press(pilot, "enter")
        assert pilot.app.screen.query_one(STORES, LineInput).value == store(3).ref
        assert pilot.app.focused is pilot.app.screen.query_one(STORES)
    assert manager.looked_up == [(f"urn:veeam:HierarchyRoot:{ROOT}", "Datastore")]


async def test_things_of_one_name_are_told_apart_by_their_whole_reference(tmp_path: Path) -> None:
    manager = StageManager(items=(store(1), store(2)))
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR), manager)) as pilot:
        pilot.app.screen.query_one(STORES).focus()
        await press(pilot, "ctrl+n", "down", "down")
        shown = pilot.app.screen.query_one("#picker-ref", Static).content
        assert str(shown).splitlines() == [store(2).name, store(2).ref]
        await press(pilot, "enter")
        assert pilot.app.screen.query_one(STORES, LineInput).value == store(2).ref


async def test_role_that_may_not_look_up_is_told_to_type(tmp_path: Path) -> None:
    manager = StageManager(lookup_error=Forbidden("Access denied."))
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR), manager)) as pilot:
        pilot.app.screen.query_one(STORES).focus()
        await press(pilot, "f2")
        assert "This account may restore, but may not look up references." in text_of(pilot)
        assert "type or paste the reference" in text_of(pilot)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, RestoreFormScreen)
        assert pilot.app.screen.query_one(STORES, LineInput).value == ""


async def test_error_and_empty_answer_are_said(tmp_path: Path) -> None:
    manager = StageManager(lookup_error=Unreachable("No route."))
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR), manager)) as pilot:
        pilot.app.screen.query_one(STORES).focus()
        await press(pilot, "f2")
        assert "The server cannot be reached" in text_of(pilot)
        manager.lookup_error = None
        await press(pilot, "escape", "f2")
        assert "The server lists none." in text_of(pilot)
        manager.unreadable = 2
        await press(pilot, "escape", "f2")
        assert "The server lists 2 more that cannot be read." in text_of(pilot)


async def test_roots_of_the_points_own_backup_server_come_first(tmp_path: Path) -> None:
    here = HierarchyRoot(uid=ROOT_UID, name="vcd", host_type="VcdSystem", server_uid=SERVER)
    there = HierarchyRoot(uid=OTHER_UID, name="vcd", host_type="VcdSystem", server_uid="x")
    long = "vbr-of-the-second-data-centre.lab.example"
    other = HierarchyRoot(uid=OTHER_UID, name="a-vcenter", host_type="VC", server_uid=SERVER)
    there = replace(there, server_name=long)
    manager = StageManager(roots=(other, there, here))
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR), manager)) as pilot:
        await press(pilot, "f2", "down", "down")
        shown = text_of(pilot)
        assert "DEMO  Choose: Restore under" in shown
        assert "a-vcenter" not in shown, "no root of another platform"
        assert f"vcd (on {long})" in shown, "the whole name"
        await press(pilot, "up", "enter")
        assert pilot.app.screen.query_one("#field-hierarchy-root-uid", LineInput).value == here.uid


@pytest.mark.parametrize("own", [ROOT, ROOT.upper(), ROOT_UID, ROOT_UID.upper().replace("URN", "urn")])
async def test_the_own_root_is_known_in_any_spelling_and_offered_first(own: str) -> None:
    roots = tuple(HierarchyRoot(uid=uid, name="vcd", host_type="VcdSystem") for uid in (OTHER_UID, own))
    found = await roots_for(
        cast(EnterpriseManager, StageManager(roots=roots)), point(Platform.CLOUD_DIRECTOR)
    )
    assert [item.name for item in found] == ["vcd", "NOT this point's root: vcd"]
    assert id_of(found[0].ref).lower() == ROOT
    assert uid_of("HierarchyRoot", found[0].ref) == found[0].ref


async def test_a_root_that_no_point_is_under_says_so_and_is_not_the_first(tmp_path: Path) -> None:
    listed = HierarchyRoot(uid=OTHER_UID, name="vcd", host_type="VcdSystem", server_uid=SERVER)
    manager = StageManager(roots=(listed,))
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR), manager)) as pilot:
        await press(pilot, "f2")
        assert "The root this restore point is under" in text_of(pilot)
        await press(pilot, "down")
        assert "point's root: vcd" in text_of(pilot)
        await press(pilot, "up", "enter")
        assert pilot.app.screen.query_one("#field-hierarchy-root-uid", LineInput).value == ROOT_UID


async def test_roots_of_other_loaded_points_are_no_strangers() -> None:
    index = PointIndex()
    index.add(
        [
            structs.replace(
                point(Platform.CLOUD_DIRECTOR), object_ref=f"urn:vCloud:Vm:{OTHER.upper()}.urn:vcloud:vm:1"
            )
        ]
    )
    roots = (HierarchyRoot(uid=OTHER_UID, name="vcd", host_type="VcdSystem"),)
    manager = cast(EnterpriseManager, StageManager(roots=roots))
    found = await roots_for(manager, point(Platform.CLOUD_DIRECTOR), index.root_ids)
    assert [item.name for item in found] == ["The root this restore point is under", "vcd"]
    unknown = structs.replace(point(Platform.CLOUD_DIRECTOR), object_ref="")
    assert [item.name for item in await roots_for(manager, unknown)] == ["vcd"]


async def test_nothing_to_look_up_is_said(tmp_path: Path) -> None:
    async with app_for(tmp_path, point(Platform.CLOUD_DIRECTOR), StageManager()).run_test(
        size=(80, 24)
    ) as pilot:
        await settle(pilot)
        await press(pilot, "tab", "f2")
        assert "This field has no lookup" in text_of(pilot)
        assert not isinstance(pilot.app.screen, PickerScreen)


def test_filter_takes_words_in_any_order_and_case() -> None:
    items = [store(1, "SSD fast"), store(2, "slow")]
    assert matching(items, "FAST ssd") == [items[0]]
    assert matching(items, "0002") == [items[1]]
    assert matching(items, "") == items
