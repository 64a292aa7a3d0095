"""The one door for foreign text: what a server, a file or a person named is made safe to show.

Names are kept as sent everywhere else, because filters and matching need them. Here, and only
here, control characters, escape sequences, bidirectional overrides and invisible characters become
visible stand-ins, line breaks become one mark, and the width is counted in terminal cells.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size

MAX_CELLS = 4096
"""No single string on the screen is longer than this."""

_SAFE_ASCII = frozenset(chr(code) for code in range(0x20, 0x7F))
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _stand_in(char: str) -> str:
    if char in _SAFE_ASCII:
        return char
    category = unicodedata.category(char)
    if category in _INVISIBLE:
        return "\N{REPLACEMENT CHARACTER}"
    if category == "Zs":
        return " "
    if category in {"Mn", "Me", "Mc"}:
        # Stacks of combining marks climb over the rows above; one mark alone cannot be told from none.
        return ""
    return char


def safe(value: object, *, cells: int = MAX_CELLS) -> str:
    """Make `value` fit to show: one line, no control, no bidi, at most `cells` wide.

    The result still has to be shown as plain text, not as markup.
    """
    text = str(value)
    if len(text) > cells:
        text = text[: cells + 1]
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_stand_in, text))
    return cut(text, cells)


def cut(text: str, cells: int) -> str:
    """Shorten safe text to `cells` columns, with an ellipsis where something is missing."""
    if (len(text) if text.isascii() else cell_len(text)) <= cells:
        return text
    if cells <= 1:
        return "…"[:cells]
    return set_cell_size(text, cells - 1).rstrip() + "…"


def cell(value: object, cells: int) -> str:
    """Make `value` safe and exactly `cells` columns wide, for one cell of a table."""
    text = safe(value, cells=cells)
    width = len(text) if text.isascii() else cell_len(text)
    return text + " " * (cells - width)


def sentence(parts: Iterable[str]) -> str:
    """Join words that make one sentence, leaving out the empty ones."""
    return " ".join(part for part in parts if part)
