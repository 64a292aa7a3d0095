"""What leaves the program for terminals of few colours, or that nothing can be drawn on, byte by byte."""

from __future__ import annotations

import re

import pytest

from tests.e2e.job import Operator, quit_program, to_form
from tests.support.soak import soak
from tests.support.terminal import Terminal

pytestmark = pytest.mark.xdist_group("e2e")

SGR = re.compile(rb"\x1b\[([0-9;]*)m")


def codes(raw: bytes) -> set[int]:
    """Every code of colours and looks; a colour of 24 bits or of 256 counts as 38 or 48 alone."""
    found: set[int] = set()
    for said in SGR.findall(raw):
        parts = [int(part or 0) for part in said.split(b";")]
        while parts:
            found.add(parts[0])
            parts = parts[{2: 5, 5: 3}.get(parts[1], 1) if parts[0] in {38, 48} and len(parts) > 1 else 1 :]
    return found


def look_around(operator: Operator) -> bytes:
    """The bytes of a list, a form, a dialog and the help."""
    with operator.start() as terminal:
        operator.log_on(terminal)
        to_form(terminal, "crm01")
        terminal.press("?")
        terminal.until("Keys on this screen")
        terminal.press("escape")
        terminal.ctrl("g")
        terminal.until("RestorePoint")
        terminal.press("escape")
        quit_program(terminal)
        terminal.wait()
    return bytes(terminal.raw)


@pytest.mark.parametrize("term", ["linux", *soak("xterm", "screen")])
def test_sixteen_colours_and_no_others(operator: Operator, term: str) -> None:
    operator.environment |= {"TERM": term}
    found = codes(look_around(operator))
    assert found & set(range(30, 38)), "letters have colours"
    assert not found & {38, 48}
    assert not found & set(range(100, 108)), "a console has no bright colours behind its letters"


def test_no_color_means_none(operator: Operator) -> None:
    operator.environment |= {"NO_COLOR": "1", "COLORTERM": "truecolor"}
    found = codes(look_around(operator))
    assert not {code for code in found if 30 <= code < 50 or code >= 90}
    assert {1, 7} <= found, "what is bold or reversed stays"


@pytest.mark.parametrize("term", ["", "dumb"])
def test_a_terminal_that_nothing_can_be_drawn_on_is_refused(operator: Operator, term: str) -> None:
    with Terminal.vbem("--demo", env={**operator.environment, "TERM": term}) as terminal:
        assert terminal.wait() == 2
    assert b"vbem --help" in terminal.raw
    assert b"\x1b" not in terminal.raw
