"""The sets of colours: readable, also where a terminal has 256 of them, and bright and dark mean the same."""

from __future__ import annotations

import re

import pytest
from rich.color import Color, ColorSystem
from textual.theme import Theme

from tui.config import THEMES as NAMES
from tui.terminal.rendering import LEAST_CONTRAST, contrast
from tui.theme import THEMES, styles_folder

LETTERS = ("foreground", "secondary", "accent", "warning", "error", "success")
GROUNDS = ("background", "surface", "panel")
BLACK = (0, 0, 0)
BRIGHTNESS_APART = 1.4
"""As a contrast: seen without colours, too."""


def as_256(colour: str) -> tuple[int, int, int]:
    red, green, blue = Color.parse(colour).downgrade(ColorSystem.EIGHT_BIT).get_truecolor()
    return red, green, blue


def test_the_settings_name_the_themes_there_are() -> None:
    assert tuple(theme.name for theme in THEMES) == NAMES


def test_the_stylesheets_use_no_other_colours() -> None:
    text = "".join(path.read_text("utf-8") for path in styles_folder().glob("*.tcss"))
    names = set(re.findall(r"(?:[{;\s])(?:color|background): ([^ ;]+)", text))
    assert names <= {f"${name}" for name in (*LETTERS, *GROUNDS)}
    assert len(names) > 6


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("letters", LETTERS)
@pytest.mark.parametrize("theme", THEMES, ids=NAMES)
def test_every_colour_is_readable_on_every_ground(theme: Theme, letters: str, ground: str) -> None:
    before, behind = getattr(theme, letters), getattr(theme, ground)
    assert contrast(as_256(before), as_256(behind)) >= LEAST_CONTRAST
    assert contrast(Color.parse(before).triplet or (), Color.parse(behind).triplet or ()) >= LEAST_CONTRAST


@pytest.mark.parametrize("theme", THEMES, ids=NAMES)
def test_what_failed_is_darker_than_what_was_restored_and_what_is_warned_of(theme: Theme) -> None:
    failed = as_256(theme.error or "")
    for other in (theme.success, theme.warning):
        assert contrast(as_256(other or ""), BLACK) > contrast(failed, BLACK)
        assert contrast(as_256(other or ""), failed) >= BRIGHTNESS_APART


def test_high_contrast_is_higher() -> None:
    (theme,) = (theme for theme in THEMES if theme.name == "high-contrast")
    for letters in LETTERS:
        assert contrast(as_256(getattr(theme, letters)), as_256(theme.panel or "")) >= 7
