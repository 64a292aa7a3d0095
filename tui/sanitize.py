"""The one door for foreign text: what a server, a file or a person named is made safe to show.

Names are kept as sent everywhere else, because filters and matching need them. Here, and only
here, control characters, escape sequences, bidirectional controls and invisible characters become
visible stand-ins, so that two names that differ do not look the same, and the width is counted in
terminal cells. The work is bounded by the width asked for, not by the length of the text.

Where the locale is not UTF-8 nothing but ASCII is shown: a letter beyond it is spelled as Python spells it
(`\\xe9`), so that names that differ still look different.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from rich.cells import cell_len, get_character_cell_size, set_cell_size
from rich.text import Text

MAX_CELLS = 4096
"""No single string on the screen is longer than this."""
MARKS_PER_BASE = 2
"""Thai and vowelled Hebrew need two marks above or below a letter; taller stacks climb over other rows.
As many beside it (Indic vowels) are let through as well.
"""

STAND_IN = "\N{REPLACEMENT CHARACTER}"
_ASCII_STAND_IN = "?"
_ELLIPSIS, _ASCII_ELLIPSIS = "…", "~"
_SHORTEST_HALVED = 6
"""Cells; in fewer, a beginning tells more than two halves."""
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_EMPTY_LOOKING = frozenset(
    map(
        chr,
        [
            0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0x16FE4, 0x1D159,  # blanks
            *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0),  # variation selectors
        ],
    )
)  # fmt: skip
_OVERSIZED = frozenset(map(chr, [0x2E3A, 0x2E3B, 0xFDFA, 0xFDFB, 0xFDFD]))
"""Drawn over their neighbours: long dashes, and whole sentences in one character."""
_JOINING = frozenset(map(chr, [*range(0x1F1E6, 0x1F200), *range(0x1F3FB, 0x1F400)]))
"""Flag letters and skin tones: terminals draw them together with a neighbour, and disagree on the width."""
_EMOJI_STYLE = ("\ufe0e", "\ufe0f")


class _Policy:
    """What the terminal at hand can show."""

    ascii_only = False
    ascii_signs = False


def ascii_only(on: bool = True) -> None:
    """Show nothing but ASCII from now on: for a locale that is not UTF-8."""
    _Policy.ascii_only = on


def ascii_signs(on: bool = True) -> None:
    """Show our own signs in ASCII from now on, whatever foreign text is shown in."""
    _Policy.ascii_signs = on


def sign(fancy: str, plain: str) -> str:
    """Return a sign that stands for a word: `fancy` where the terminal's font surely has it, else `plain`."""
    return plain if _Policy.ascii_signs else either(fancy, plain)


def can_show(text: str) -> bool:
    """Return whether the terminal has every character of a text."""
    return not _Policy.ascii_only or text.isascii()


def either(fancy: str, plain: str) -> str:
    """Return a sign of our own: `fancy` where the terminal shows Unicode, else `plain`."""
    return plain if _Policy.ascii_only else fancy


def safe(value: object, *, cells: int = MAX_CELLS) -> str:
    """Make `value` fit to show: one line, no control, no bidi, at most `cells` wide.

    The result still has to be shown as plain text, not as markup: `plain` gives it as such.
    """
    text = str(value)
    room = max(cells, 0)
    # A cell needs a letter and its marks at most; anything longer is cut before work is done on it.
    longest = (2 * MARKS_PER_BASE + 2) * room + 16
    is_cut = len(text) > longest
    if is_cut:
        text = text[:longest]
    if not (text.isascii() and text.isprintable()):
        text = _cleaned(text)
    return _ended(text, room) if is_cut else cut(text, room)


def harmless(text: str) -> str:
    """Return text of any origin, laid out already, with a stand-in for each character that is none to see."""
    return text if text.isprintable() else "".join(map(_stand_in, text))


def editable(text: str) -> str:
    """Return a text that is being edited, with a stand-in for each character that `safe` would not draw."""
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for char in map(_stand_in, text):
        marks = marks + 1 if _is_mark(char) else 0
        shown.append(STAND_IN if marks and (len(shown) < marks or marks > MARKS_PER_BASE) else char)
    return "".join(shown)


def in_ascii(text: str) -> str:
    """Return text that is laid out already in ASCII, each character in as many cells as before."""
    return "".join(map(_drawn_in_ascii, text))


def cut(text: str, cells: int) -> str:
    """Shorten safe text to `cells` columns, with an ellipsis where something is missing."""
    if _width(text) <= cells:
        return text
    return _ended(text, cells)


def cut_middle(text: str, cells: int) -> str:
    """Shorten safe text to `cells` columns, keeping its beginning and, a little more of it, its end."""
    if _width(text) <= cells or cells <= _SHORTEST_HALVED:
        return cut(text, cells)
    head = set_cell_size(text, (cells - 1) * 2 // 5).rstrip()
    room, tail = cells - 1 - _width(head), ""
    for char in reversed(text):
        room -= get_character_cell_size(char)
        if room < 0:
            break
        tail = char + tail
    return head + either(_ELLIPSIS, _ASCII_ELLIPSIS) + tail.lstrip()


def cell(value: object, cells: int) -> str:
    """Make `value` safe and exactly `cells` columns wide, for one cell of a table."""
    text = str(value)
    if len(text) <= cells and text.isascii() and text.isprintable():
        return text.ljust(cells)  # nearly all of them, and a frame has a hundred
    text = safe(text, cells=cells)
    return text + " " * (cells - _width(text))


def plain(value: object, *, cells: int = MAX_CELLS) -> Text:
    """Make `value` safe as a renderable in which nothing is read as markup."""
    return Text(safe(value, cells=cells))


def quoted(text: str) -> str:
    """Return a name in quotes where blanks at its ends or in a row would not be seen."""
    return text if text == " ".join(text.split()) else f"'{text}'"


def name(value: object, *, cells: int = MAX_CELLS) -> str:
    """Make a name safe, in quotes where blanks would not be seen."""
    return safe(quoted(str(value)), cells=cells)


_LOOK_ALIKES = str.maketrans(
    "АВЕКМНОРСТУХІЈЅавекмнорстухіјѕһԁԛԝӏѵΑΒΕΖΗΙΚΜΝΟΡΤΥΧαβεγηικνορτυχωıℓ01|‐‑‒–—−",  # noqa: RUF001 - the point of it
    "ABEKMHOPCTYXIJSabekmhopctyxijshdqwlvABEZHIKMNOPTYXabeynikvoptuxwiloll------",
)
"""Cyrillic, Greek, digits and dashes that are drawn like the Latin letter or sign below them."""


def skeleton(text: str) -> str:
    """Return the same for all names that look the same: to compare names by, never to be shown.

    Case, accents, blanks at the ends or in a row, characters that are not seen and look-alike letters
    make no difference.
    """
    text = unicodedata.normalize("NFKD", text).translate(_LOOK_ALIKES).casefold()
    kept = (" " if char.isspace() else char for char in text if char.isspace() or not _is_unseen(char))
    return " ".join("".join(kept).translate(_LOOK_ALIKES).split())


def _is_unseen(char: str) -> bool:
    category = unicodedata.category(char)
    return category in {"Cc", "Cf", "Mn"} or char in _EMPTY_LOOKING


def sentence(parts: Iterable[str]) -> str:
    """Join words that make one sentence, leaving out the empty ones."""
    return " ".join(part for part in parts if part)


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _ended(text: str, cells: int) -> str:
    """Return as much of `text` as fits before an ellipsis."""
    ellipsis = either(_ELLIPSIS, _ASCII_ELLIPSIS)
    if cells <= 1:
        return ellipsis[: max(cells, 0)]
    shortened = set_cell_size(text, cells - 1) if _width(text) > cells - 1 else text
    return shortened.rstrip().removesuffix(ellipsis) + ellipsis


def _cleaned(text: str) -> str:
    text = text.replace("\r\n", "\n")
    if any(sign in text for sign in _EMOJI_STYLE):
        text = "".join(_without_styles(text))
    # Composed first: a letter with its accent is one character, and marks come in one order.
    text = "".join(_limited(map(_stand_in, unicodedata.normalize("NFC", text))))
    return "".join(map(_as_ascii, text)) if _Policy.ascii_only else text


def _without_styles(text: str) -> Iterator[str]:
    """Yield the text without selectors that only colour the emoji before them and change its width."""
    before = ""
    for char in text:
        if char in _EMOJI_STYLE and before and unicodedata.category(before) == "So":
            continue
        before = char
        yield char


def _stand_in(char: str) -> str:
    if char.isascii():
        return char if char.isprintable() else STAND_IN
    category = unicodedata.category(char)
    if category in _INVISIBLE or char in _EMPTY_LOOKING or char in _OVERSIZED or char in _JOINING:
        return STAND_IN
    return " " if category == "Zs" else char


def _limited(chars: Iterable[str]) -> Iterator[str]:
    """Yield the characters without marks that have no letter and without stacks of marks."""
    before = ""
    beside = stacked = 0
    for char in chars:
        if not _is_mark(char):
            beside = stacked = 0
            before = char
            yield char
            continue
        if unicodedata.category(char) == "Mc":
            beside += 1
        else:
            stacked += 1
        if before in {"", STAND_IN} or max(beside, stacked) > MARKS_PER_BASE:
            if before != STAND_IN:
                yield STAND_IN
            before = STAND_IN
        else:
            yield char


def _is_mark(char: str) -> bool:
    """Return whether a character is drawn onto the one before it."""
    return not char.isascii() and get_character_cell_size(char) == 0


def _as_ascii(char: str) -> str:
    """Return the spelling of a character that is shown by itself."""
    if char.isascii():
        return char
    spelled = {STAND_IN: _ASCII_STAND_IN, _ELLIPSIS: "..."}
    return spelled.get(char) or char.encode("ascii", "backslashreplace").decode("ascii")


def _drawn_in_ascii(char: str) -> str:
    """Return what fills the cells of a character."""
    if char.isascii():
        return char
    if "\u2500" <= char <= "\u257f":  # lines of frames
        return {"\u2500": "-", "\u2502": "|"}.get(char, "+")
    if "\u2580" <= char <= "\u259f":  # shades and parts of a block
        return "#" if char == "\u2588" else " "
    return (_ASCII_ELLIPSIS if char == _ELLIPSIS else _ASCII_STAND_IN) * get_character_cell_size(char)
