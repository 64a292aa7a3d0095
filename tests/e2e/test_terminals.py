"""From the login to the form and out again, on terminals, locales and sizes of every kind, byte by byte."""

from __future__ import annotations

import re
from itertools import product

import pytest

from tests.e2e.job import Operator, quit_program
from tests.e2e.test_colours import codes
from tests.support.terminal import Terminal

pytestmark = pytest.mark.xdist_group("e2e")

MANY = {"xterm-256color", "screen-256color", "tmux-256color", "rxvt-unicode-256color"}
NONE = {"vt100", "vt220"}
WITHOUT_STRINGS = {"linux", "ansi", *NONE}
TERMS = (*sorted(MANY), "xterm", "screen", "linux", "ansi", *sorted(NONE))
UTF8 = {"C.UTF-8", "en_US.UTF-8"}
LOCALES = (*sorted(UTF8), "C", "de_DE.ISO-8859-1", "ja_JP.eucJP", "de_DE@euro")
SIZES = ((60, 20), (80, 24), (120, 40), (200, 50), (40, 12), (39, 11))
IN_THE_GATE = {("vt100", "C")}
"""One that has nothing: colours and locales each have tests of their own in the gate."""
TOO_SMALL = "Too small: 39x11, needs 40x12"


def _cells() -> list[object]:
    """Every terminal with every locale; each of both with every size, and with and without NO_COLOR."""
    cells: list[object] = []
    for (t, term), (n, name) in product(enumerate(TERMS), enumerate(LOCALES)):
        size, without_colour = SIZES[(t + n) % len(SIZES)], (n + t // 2) % 2 == 1
        marks = () if (term, name) in IN_THE_GATE else (pytest.mark.soak,)
        words = f"{term}-{name}-{size[0]}x{size[1]}{'-NO_COLOR' if without_colour else ''}"
        cells.append(pytest.param(term, name, size, without_colour, marks=marks, id=words))
    return cells


@pytest.mark.parametrize(("term", "name", "size", "without_colour"), _cells())
def test_every_terminal_gets_what_it_has_and_is_left_as_it_was(
    operator: Operator, term: str, name: str, size: tuple[int, int], without_colour: bool
) -> None:
    operator.environment |= {"TERM": term, "LANG": name} | ({"NO_COLOR": "1"} if without_colour else {})
    with operator.start(columns=size[0], rows=size[1]) as terminal:
        shown = to_form_and_back(operator, terminal)
        quit_program(terminal)
        assert terminal.wait() == 0
        assert not terminal.beyond, terminal.beyond
    for text in shown:
        keys = text.splitlines()[-1]
        assert TOO_SMALL in keys or "Enter" in keys or "Ctrl" in keys, text
        assert (TOO_SMALL in keys) == (size == (39, 11)), text
    raw = bytes(terminal.raw)
    assert name in UTF8 or raw.isascii(), sorted({byte for byte in raw if byte > 127})
    assert term not in WITHOUT_STRINGS or b"\x1b]" not in raw
    has_only_its_colours(raw, term, without_colour=without_colour)
    is_left_as_it_was(raw)
    assert (raw.rfind(b"\x1b[2J\x1b[H") > 0) == (term in WITHOUT_STRINGS)


def to_form_and_back(operator: Operator, terminal: Terminal) -> list[str]:
    """What each screen showed; a small one shows less than other tests wait for."""

    def whole(pattern: str) -> str:
        """The screen with that on it, and with its key line, which is drawn last."""
        return terminal.until(
            lambda text: re.search(pattern, text, re.MULTILINE) and "Help" in text.splitlines()[-1]
        )

    shown = [whole(r"\|  Log on")]
    terminal.press(operator.demo.password, "enter")
    shown.append(whole("points loaded"))
    terminal.press("/", "crm01")
    terminal.until(lambda text: "\n> crm01" in text and "nas-gw01" not in text)
    terminal.press("enter")
    shown.append(whole(r"> Made \("))
    terminal.press("enter")
    shown.append(whole(r"\|  Restore  \|(.*\n)*.*> \S(.*\n)*.*Restore\.\.\. "))
    terminal.press("escape")
    whole(r"> Made \(")
    terminal.press("escape")
    whole(r"^> VM ")
    return shown


def has_only_its_colours(raw: bytes, term: str, *, without_colour: bool) -> None:
    """Nothing of 24 bits, of 256 or of 16 colours leaves for a terminal that has fewer."""
    found = codes(raw)
    assert not re.search(rb"\x1b\[[0-9;]*[34]8;2;", raw)
    if without_colour or term in NONE:
        assert not {code for code in found if 30 <= code < 50 or code >= 90}
        assert {1, 7} <= found, "what is bold or reversed stays"
    elif term in MANY:
        assert {38, 48} <= found
    else:
        assert found & set(range(30, 38)), "letters have colours"
        assert not found & {38, 48, *range(100, 108)}


def is_left_as_it_was(raw: bytes) -> None:
    """What was turned on is off again: the other screen, the hidden cursor, pasting, no wrapping."""
    for number in set(re.findall(rb"\x1b\[\?(\d+)[hl]", raw)):
        wanted = b"h" if number in {b"25", b"7"} else b"l"
        assert re.findall(rb"\x1b\[\?%s([hl])" % number, raw)[-1] == wanted, number
