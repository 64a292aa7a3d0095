"""The look: where the stylesheets are, and the one set of colours they use.

Colours are here and not in a stylesheet, because Textual's variables do not cross files. Nothing
on a screen is shown by colour alone.
"""

from __future__ import annotations

from pathlib import Path, PurePath

from textual.theme import Theme

from tui.sanitize import either

VBEM_THEME = Theme(
    name="vbem",
    dark=True,
    primary="#4f9fd8",
    secondary="#7a8fa6",
    accent="#d8a657",
    warning="#e0b040",
    error="#e06c60",
    success="#7fb069",
    foreground="#d8dee6",
    background="#11151a",
    surface="#181d24",
    panel="#222a33",
)


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
