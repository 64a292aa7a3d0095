"""What a terminal gets of a screen, cell by cell: for names and words made to harm it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rich.cells import cell_len
from textual.pilot import Pilot

from tests.support.settle import settle, shows, strips_of, text_of, until
from tui.screens.base import Dialog

UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)

HARMLESS_WORDS = ("[red]Access[/red]", "[link=file:///etc/passwd]denied[/link]", "%s{0}&amp;<b>", "txt.exe")
"""What of the words of the fault `hostile-error` is harmless as it stands, unless somebody interprets it."""


def check_painted(pilot: Pilot[Any], where: str) -> None:
    """Every cell of the screen: no control, nothing clickable, each line exactly as wide as the terminal."""
    for row, strip in enumerate(strips_of(pilot)):
        for segment in strip:
            found = UNSAFE.search(segment.text)
            assert not found, f"{where}, row {row}: {segment.text!r}"
            link = segment.style.link if segment.style else None
            assert not link, f"{where}, row {row}: {segment.text!r} is a link to {link}"
        assert cell_len(strip.text) == pilot.app.screen.size.width, f"{where}, row {row}: {strip.text!r}"


async def painted(pilot: Pilot[Any], text: str | Callable[[], object], where: str) -> str:
    """Wait for a screen and check it; what it shows."""
    if isinstance(text, str):
        await shows(pilot, text)
    else:
        await until(pilot, text, where)
    if not isinstance(pilot.app.screen, Dialog):  # whose worker waits for the answer
        await settle(pilot)
    await pilot.pause()
    check_painted(pilot, where)
    return text_of(pilot)


def words_of(shown: str) -> str:
    """What a screen shows, as one line without its frames: sentences are wrapped anywhere."""
    return " ".join(shown.replace("│", " ").split())
