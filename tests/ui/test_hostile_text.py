"""Names made to harm a terminal, on each screen that shows them: painted as harmless, aligned, plain text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from tests.support.demo_process import DemoProcess
from tests.support.painting import UNSAFE, painted
from tests.support.settle import opened, press, shows, until
from tests.support.soak import soak
from tests.ui.forms import STORE, app_for, asked, fill
from tests.ui.stage import StageManager
from tests.unit.restores.points import point
from tui.api.models import HierarchyItem, Platform
from tui.app import VbemApp
from tui.demo.fault_replies import HOSTILE_NAMES
from tui.screens.confirm import ConfirmScreen
from tui.widgets.inputs import LineInput

LITERAL = (
    "[red]x[/red]",
    "[link=file:///etc/passwd]click[/link]",
    "$(reboot)",
    "%s%n{0}",
    "&amp;<b>",
    "--help",
)
"""Names of the fault that are harmless as they stand, unless somebody interprets them."""
OF_TERMINALS = {
    "\x1b]0;pwned\x07", "[link=file:///etc/passwd]click[/link]", "\u202egpj.exe", "a\nb", "日本語" * 40,
    "A" * 100_000,
}  # fmt: skip
"""One of each kind: a control, markup, order, a line break, wide letters, length."""
ROWS = 30
DATASTORES = 3
"""The server's, which are looked up."""


async def to_points(pilot: Pilot[Any], demo: DemoProcess, fault: str) -> str:
    demo.fault(fault)
    await shows(pilot, "Log on")
    await pilot.press("enter")
    return await painted(pilot, "points loaded", "the list of VMs")


def column_ends(shown: str) -> set[int]:
    """Where the column behind the name begins, in cells: the server's name, in each row of the list."""
    rows = [line for line in shown.splitlines() if re.search(r" vbr\d", line) and "points loaded" not in line]
    return {cell_len(row[: row.rindex(" vbr")]) for row in rows}


HUGE_TOO = ["hostile-names", *soak("huge-name")]
"""Names that are long are cut in one place: the long hunts look at them on each screen."""


@pytest.mark.parametrize("fault", HUGE_TOO)
async def test_lists_and_forms(app: VbemApp, demo: DemoProcess, fault: str) -> None:
    seen = set()
    async with app.run_test(size=(100, ROWS)) as pilot:
        shown = await to_points(pilot, demo, fault)
        assert len(column_ends(shown)) == 1, shown
        for number in range(5):
            seen |= {name for name in LITERAL if name in shown}
            await pilot.press("enter")
            await painted(pilot, "Made", f"the points of VM {number}")
            await pilot.press("enter")
            await painted(pilot, "What will happen", f"the form of VM {number}")
            await pilot.press("ctrl+g")
            await painted(pilot, "RestoreSpec", f"the request of VM {number}")
            await pilot.press("escape", "escape")
            await painted(pilot, "Made", f"the points of VM {number} again")
            await pilot.press("escape", *["down"] * (number + 1))
            shown = await painted(pilot, "points loaded", "the list again")
    assert demo.fired()
    if fault == "hostile-names":
        assert "[red]x[/red]" in seen or "[link=file:///etc/passwd]click[/link]" in seen, seen


async def test_a_restore_from_confirmation_to_history(app: VbemApp, demo: DemoProcess) -> None:
    async with app.run_test(size=(100, ROWS)) as pilot:
        await to_points(pilot, demo, "hostile-names")
        await pilot.press("enter")
        await painted(pilot, "Made", "the points of a VM")
        await pilot.press("enter")
        await painted(pilot, "Restore...", "the form")
        await pilot.press("ctrl+r")
        await painted(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen), "the confirmation")
        await pilot.press("right", "enter")
        await shows(pilot, "Asked for")
        await painted(pilot, "Asked for", "the tasks")
        await pilot.press("c")
        await painted(pilot, "Cancel the restore", "the question before cancelling")
        await pilot.press("escape", "h")
        await painted(pilot, "History", "the history")


@pytest.mark.parametrize("fault", HUGE_TOO)
async def test_names_that_are_looked_up(app: VbemApp, demo: DemoProcess, fault: str) -> None:
    """The things a reference is chosen from: in the list, beside the field, and in the plan."""
    async with app.run_test(size=(100, ROWS)) as pilot:
        await to_points(pilot, demo, f"{fault}@lookup")
        await pilot.press("slash", *"lab-db", "enter")
        await painted(pilot, "Made", "the points")
        await pilot.press("enter")
        await painted(pilot, "What will happen", "the form")
        await pilot.press("tab", *"lab-db-back", "tab", "f2")
        for number in range(DATASTORES):
            shown = await painted(pilot, "urn:vCloud:Datastore", f"the list of datastores, {number}")
            assert "bulk-01 " not in shown, "the fault did not reach the names"
            await pilot.press("down")
        await pilot.press("enter")
        await painted(pilot, "What will happen", "the form with a looked-up name")
        await pilot.press("ctrl+r")
        await painted(pilot, "Restore lab-db?", "the confirmation with a looked-up name")
    assert demo.fired()


@pytest.mark.parametrize(
    "names",
    [OF_TERMINALS, *soak({*HOSTILE_NAMES, "\x1b[2J\x1b[H"} - OF_TERMINALS)],
    ids=["terminal", "others"],
)
async def test_each_name_looked_up_from_the_picker_to_the_confirmation(
    tmp_path: Path, manager: StageManager, names: set[str]
) -> None:
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR), manager)) as pilot:
        await fill(pilot, "#field-new-name", "copy-of-it")
        field = pilot.app.screen.query_one("#field-datastore-ref", LineInput)
        for number, name in enumerate(sorted(names)):
            ref = f"{STORE[:-2]}{number:02}"
            manager.items = (HierarchyItem(ref=ref, object_type="Datastore", name=name),)
            field.value = ""
            field.focus()
            await pilot.press("f2")
            await painted(pilot, f"...{ref[-12:]}", f"the picker with {name[:20]!r}")
            await pilot.press("enter")
            shown = await painted(pilot, "What will happen", f"the form with {name[:20]!r}")
            await asked(pilot)
            shown += await painted(pilot, "copy-of-it", f"the confirmation with {name[:20]!r}")
            assert name not in LITERAL or shown.count(name) >= 2
            await press(pilot, "escape")


async def test_what_is_exported_is_one_line_of_ascii_a_restore(
    app: VbemApp, demo: DemoProcess, tmp_path: Path
) -> None:
    """A reader's terminal is a terminal too: `cat` of the export does no harm."""
    async with app.run_test(size=(100, ROWS)) as pilot:
        await to_points(pilot, demo, "hostile-names")
        await pilot.press("enter")
        await shows(pilot, "Made")
        await pilot.press("enter")
        await shows(pilot, "Restore...")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen), "the confirmation")
        await pilot.press("right", "enter")
        await shows(pilot, "Asked for")
        assert app.services.journal is not None
        with (tmp_path / "export").open("w", encoding="utf-8") as file:
            assert app.services.journal.export(file) == 1
    exported = (tmp_path / "export").read_text(encoding="utf-8")
    assert not UNSAFE.search(exported.replace("\n", ""))
    assert len(exported.splitlines()) == 1
