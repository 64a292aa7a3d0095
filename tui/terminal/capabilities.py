"""What the terminal can show: screens at all, which characters, how many colours.

Asked before the screens are loaded, so nothing here imports Textual.
"""

from __future__ import annotations

import locale
import sys
from collections.abc import Mapping
from contextlib import suppress
from enum import IntEnum
from os import environ as environment
from pathlib import Path

from tui import sanitize

_UTF8 = {"utf8", "utf-8"}
_NO_CODESET = {"", "c", "posix"}
"""Names of the locale of the C standard, which knows ASCII alone."""
_LINE_BY_LINE = {"", "dumb", "unknown", "network", "dialup"}
"""Values of TERM that promise no cursor that can be put anywhere."""
_FAMILIES = (
    "xterm",
    "screen",
    "tmux",
    "linux",
    "rxvt",
    "alacritty",
    "foot",
    "wezterm",
    "vt100",
    "vt102",
    "vt220",
)
"""How names of terminals begin that are drawn on as screens are: terminfo need not be asked."""
_OF_FEW_SIGNS = ("linux", "cons", "vt", "wsvt")
"""How names of consoles begin whose font has 256 or 512 signs: letters and frames, but no full circle."""
_OF_MANY_COLOURS = ("256color", "-direct", "kitty", "ghostty", "alacritty", "foot", "wezterm")
_TRUECOLOUR = {"truecolor", "24bit"}
_MANY = 256


class Colours(IntEnum):
    """How many colours there are; each has what the one before has."""

    NONE = 0
    SIXTEEN = 16
    MANY = 256
    ALL = 1 << 24


def why_no_screens(environ: Mapping[str, str]) -> str:
    """Return why the screens cannot be drawn on this terminal, and what to do; empty where they can."""
    term = environ.get("TERM", "")
    if term not in _LINE_BY_LINE and (term.startswith(_FAMILIES) or _puts_the_cursor(term)):
        return ""
    what = f"The terminal (TERM={term}) has no cursor addressing" if term else "TERM names no terminal"
    return f"{what}: the screens cannot be drawn. Use the commands, see vbem --help."


def colours_of(environ: Mapping[str, str]) -> Colours:
    """Return how many colours may be used: none with NO_COLOR, whatever the terminal has."""
    term = environ.get("TERM", "")
    if environ.get("NO_COLOR"):
        return Colours.NONE
    if environ.get("COLORTERM", "").lower() in _TRUECOLOUR:
        return Colours.ALL
    if any(part in term for part in _OF_MANY_COLOURS):
        return Colours.MANY
    if term.startswith("vt") or term.endswith(("-mono", "-m")):
        return Colours.NONE
    if term.startswith(_FAMILIES):
        return Colours.SIXTEEN
    terminfo = _Terminfo(term)
    return (
        Colours.MANY if terminfo.colours >= _MANY else Colours.SIXTEEN if terminfo.colours else Colours.NONE
    )


def _puts_the_cursor(term: str) -> bool:
    """Return whether terminfo knows an ANSI sequence for that; so it is where terminfo knows nothing."""
    return _Terminfo(term).cursor_address.startswith(b"\x1b[")


class _Terminfo:
    """What the system's description of a terminal says; of an unknown one what nearly all are like.

    Args:
        term: its name.
    """

    cursor_address = b"\x1b["
    colours = 16

    def __init__(self, term: str) -> None:
        try:
            # Imported here: only unusual names need it, and some builds of Python have no curses.
            import curses
        except ImportError:
            return
        with suppress(curses.error, OSError, ValueError):
            curses.setupterm(term, 2)
            self.cursor_address = curses.tigetstr("cup") or b""
            self.colours = max(0, curses.tigetnum("colors"))


def environment_at_start() -> Mapping[str, str]:
    """Return the variables the process was started with.

    Python sets LC_CTYPE to C.UTF-8 where the locale is C. Where the system does not keep what was there
    before (macOS), the variables of now are returned.
    """
    try:
        content = Path("/proc/self/environ").read_bytes()
    except OSError:
        return environment
    pairs = (line.decode(errors="replace").partition("=") for line in content.split(b"\0") if line)
    return {name: value for name, _, value in pairs}


def is_utf8(environ: Mapping[str, str]) -> bool:
    """Return whether the locale's characters are those of UTF-8.

    The name decides, whether or not the locale is installed: SSH hands on the name that fits the terminal
    at the other end. Python's UTF-8 mode says nothing about the terminal.
    """
    names = (environ.get(variable, "") for variable in ("LC_ALL", "LC_CTYPE", "LANG"))
    name = next(filter(None, names), "").lower()
    locale_name, _, codeset = name.partition("@")[0].partition(".")
    if codeset or locale_name in _NO_CODESET | _UTF8:  # macOS calls a locale UTF-8, and nothing more
        return (codeset or locale_name) in _UTF8
    if locale.setlocale(locale.LC_CTYPE).lower().partition(".")[0] in _NO_CODESET:
        # It is not installed, so that the system answers for another one: Python's table knows older names.
        return locale.normalize(name).partition(".")[2].lower() in _UTF8
    return locale.nl_langinfo(locale.CODESET).lower() in _UTF8


def has_few_signs(environ: Mapping[str, str]) -> bool:
    """Return whether the terminal's font has hardly more than letters and frames."""
    return environ.get("TERM", "").startswith(_OF_FEW_SIGNS)


def show_what_the_terminal_has() -> None:
    """Show nothing but ASCII from now on, unless the locale and Python's output are UTF-8.

    On a console whose font has few signs, those of our own are ASCII in any locale.
    """
    encoding = (sys.stderr.encoding or "").lower()
    sanitize.ascii_only(not (is_utf8(environment_at_start()) and encoding in _UTF8))
    sanitize.ascii_signs(has_few_signs(environment))
