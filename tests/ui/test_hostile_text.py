"""Names made to harm a terminal, on each screen that shows them: painted as harmless, aligned, plain text."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from tests.support.demo_process import DemoProcess
from tests.support.scenes import shows
from tests.support.settle import settle, text_of, until
from tui.app import VbemApp
from tui.screens.base import Dialog
from tui.screens.confirm import ConfirmScreen

UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
LITERAL = (
    "[red]x[/red]",
    "[link=file:///etc/passwd]click[/link]",
    "$(reboot)",
    "%s%n{0}",
    "&amp;<b>",
    "--help",
)
"""Names of the fault that are harmless as they stand, unless somebody interprets them."""
ROWS = 30


def check_painted(pilot: Pilot[Any], where: str) -> None:
    """Every cell of the screen: no control, nothing clickable, each line exactly as wide as the terminal."""
    screen = pilot.app.screen
    for row, strip in enumerate(screen._compositor.render_strips(screen.size)):
        for segment in strip:
            found = UNSAFE.search(segment.text)
            assert not found, f"{where}, row {row}: {segment.text!r}"
            link = segment.style.link if segment.style else None
            assert not link, f"{where}, row {row}: {segment.text!r} is a link to {link}"
        assert cell_len(strip.text) == screen.size.width, f"{where}, row {row}: {strip.text!r}"


async def painted(pilot: Pilot[Any], text: str | Callable[[], object], where: str) -> str:
    """Wait for a screen and check it; what it shows."""
    if isinstance(text, str):
        await shows(pilot, text)
    else:
        await until(pilot, text, f"{where}; the screen is:\n{text_of(pilot)}")
    if not isinstance(pilot.app.screen, Dialog):  # whose worker waits for the answer
        await settle(pilot)
    await pilot.pause()
    check_painted(pilot, where)
    return text_of(pilot)


async def to_points(pilot: Pilot[Any], demo: DemoProcess, fault: str) -> str:
    demo.control("fault", spec=fault)
    await shows(pilot, "Log on")
    await pilot.press("enter")
    return await painted(pilot, "points loaded", "the list of VMs")


def column_ends(shown: str) -> set[int]:
    """Where the column behind the name begins, in cells: the server's name, in each row of the list."""
    rows = [line for line in shown.splitlines() if re.search(r" vbr\d", line)]
    return {cell_len(row[: row.rindex(" vbr")]) for row in rows}


@pytest.mark.parametrize("fault", ["hostile-names", "huge-name"])
async def test_lists_and_forms(app: VbemApp, demo: DemoProcess, fault: str) -> None:
    seen = set()
    async with app.run_test(size=(100, ROWS)) as pilot:
        shown = await to_points(pilot, demo, fault)
        assert len(column_ends(shown)) == 1, shown
        for number in range(8):
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
    assert demo.control("faults-fired")["total"]
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
        await shows(pilot, "launching")
        await painted(pilot, "launching", "the tasks")
        await pilot.press("c")
        await painted(pilot, "Cancel the restore", "the question before cancelling")
        await pilot.press("escape", "h")
        await painted(pilot, "History", "the history")


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
        await shows(pilot, "launching")
        assert app.journal is not None
        with (tmp_path / "export").open("w", encoding="utf-8") as file:
            assert app.journal.export(file) == 1
    exported = (tmp_path / "export").read_text(encoding="utf-8")
    assert not UNSAFE.search(exported.replace("\n", ""))
    assert len(exported.splitlines()) == 1
