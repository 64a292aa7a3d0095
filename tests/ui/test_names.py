"""VMs are marked by a list of names: pasted, typed, or of a file."""

from __future__ import annotations

from tests.support.demo_process import DemoProcess
from tests.support.settle import press, shows, text_of
from tests.ui.plans import marked
from tests.ui.walk import browsing
from tui.app import VbemApp
from tui.widgets.inputs import LineInput
from tui.widgets.virtual_table import VirtualTable


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
