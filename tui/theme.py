"""The look: where the stylesheets are, and the sets of colours they may use.

Colours are here and not in a stylesheet, because Textual's variables do not cross files. Nothing
on a screen is shown by colour alone.
"""

from __future__ import annotations

from pathlib import Path, PurePath

from textual.theme import Theme

from tui.sanitize import either

THEMES = (
    Theme(
        name="dark",
        dark=True,
        primary="#5fafd7",
        secondary="#8fa5bd",
        accent="#d7af5f",
        warning="#ffaf00",
        error="#ff6b60",
        success="#afd787",
        foreground="#d8dee6",
        background="#11151a",
        surface="#181d24",
        panel="#222a33",
    ),
    Theme(
        name="light",
        dark=False,
        primary="#005f87",
        secondary="#4e5257",
        accent="#5f0087",
        warning="#5f5000",
        error="#6e0000",
        success="#1f662f",
        foreground="#16191d",
        background="#ffffff",
        surface="#f4f6f8",
        panel="#e4e7ea",
    ),
    Theme(
        name="high-contrast",
        dark=True,
        primary="#5fd7ff",
        secondary="#d0d0d0",
        accent="#ffd75f",
        warning="#ffd787",
        error="#ff8787",
        success="#afffaf",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#121212",
    ),
)
"""By name, as `tui.config` lists them. Each colour is readable on each ground, after the mapping to 256
colours too, and what failed is darker than what was restored: tests hold them to it."""


def frames() -> dict[str, str]:
    """Return the stylesheets' names for the kinds of lines that the terminal can draw."""
    return {"frame": either("round", "ascii"), "rule": either("solid", "ascii")}


def styles_folder() -> Path:
    """Return the folder of stylesheets: inside the package when installed, beside it in a checkout."""
    packaged = Path(__file__).resolve().parent / "styles"
    return packaged if packaged.is_dir() else packaged.parents[1] / "styles"


def stylesheets() -> list[str | PurePath]:
    """Return every stylesheet, the app's own first, as absolute paths."""
    folder = styles_folder()
    return [folder / f"{name}.tcss" for name in ("app", "tables", "forms", "dialogs")]
