"""A plan of many is edited: one VM or all, with the references of Cloud Director."""

from __future__ import annotations

from tests.support.demo_process import DemoProcess
from tests.support.settle import press, shows, text_of, until
from tests.ui.plans import planned, posts
from tests.ui.walk import browsing
from tui.app import VbemApp
from tui.screens.batch import BatchScreen
from tui.screens.batch_dialogs import ChoicesScreen
from tui.widgets.inputs import LineInput


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
