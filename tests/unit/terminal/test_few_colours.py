"""Frames for terminals of few colours: readable, and of no colour where there is none."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.terminal.capabilities import Colours
from tui.terminal.rendering import contrast, fitting_strip

XTERM = """#000000 #cd0000 #00cd00 #cdcd00 #0000ee #cd00cd #00cdcd #e5e5e5
    #7f7f7f #ff0000 #00ff00 #ffff00 #5c5cff #ff00ff #00ffff #ffffff"""
CONSOLE = """#000000 #aa0000 #00aa00 #aa5500 #0000aa #aa00aa #00aaaa #aaaaaa
    #555555 #ff5555 #55ff55 #ffff55 #5555ff #ff55ff #55ffff #ffffff"""
PALETTES = [[bytes.fromhex(colour[1:]) for colour in colours.split()] for colours in (XTERM, CONSOLE)]
COLOUR = st.tuples(*[st.integers(0, 255)] * 3).map(lambda parts: "#{:02x}{:02x}{:02x}".format(*parts))


def drawn(style: str, colours: Colours) -> Style:
    """The style a terminal of so many colours gets."""
    (segment,) = fitting_strip(colours, Strip([Segment("text", Style.parse(style))]))
    assert segment.style is not None
    return segment.style


def is_readable(style: Style) -> bool:
    assert style.color is not None
    assert style.bgcolor is not None
    before, behind = style.color.number, style.bgcolor.number
    assert before is not None
    assert behind is not None
    assert behind < 8, "a console has no bright colours behind its letters"
    is_dark_on_light_and_bold = bool(style.bold) and before < 7 and behind != 0
    return not is_dark_on_light_and_bold and all(
        contrast(palette[before], palette[behind]) >= 4.5 for palette in PALETTES
    )


@given(front=COLOUR, back=COLOUR, look=st.sampled_from(["", "bold", "reverse", "dim", "bold reverse"]))
def test_sixteen_colours_are_readable_whatever_is_drawn(front: str, back: str, look: str) -> None:
    style = drawn(f"{look} {front} on {back}", Colours.SIXTEEN)
    assert is_readable(style)
    assert not style.reverse


@given(front=COLOUR, back=COLOUR, look=st.sampled_from(["bold", "reverse", "underline"]))
def test_no_colour_leaves_where_there_is_none_and_what_is_marked_is(front: str, back: str, look: str) -> None:
    style = drawn(f"{look} {front} on {back}", Colours.NONE)
    assert style.color is None
    assert style.bgcolor is None
    assert getattr(style, look)


def test_states_and_grounds_keep_their_hues() -> None:
    dark = {
        number: drawn(f"{colour} on #181d24", Colours.SIXTEEN).color
        for number, colour in {9: "#e06c60", 11: "#e0b040", 2: "#7fb069", 15: "#d8dee6"}.items()
    }
    assert [colour and colour.number for colour in dark.values()] == list(dark)
    light = drawn("#1a1d21 on #ffffff", Colours.SIXTEEN)
    assert light.color is not None
    assert light.bgcolor is not None
    assert (light.color.number, light.bgcolor.number) == (0, 7)


def test_a_blank_that_has_no_letters_has_a_ground_of_the_few_too() -> None:
    ground = drawn("on #222a33", Colours.SIXTEEN).bgcolor
    assert ground is not None
    assert ground.number == 0


def test_many_colours_are_left_alone() -> None:
    for colours, style in product((Colours.MANY, Colours.ALL), ("bold #e06c60 on #181d24", "reverse")):
        assert drawn(style, colours) == Style.parse(style)


def test_contrast_is_counted_as_on_the_web() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
