"""What the terminal can show: which characters. Asked before the screens are loaded, so without Textual."""

from __future__ import annotations

import locale
import sys
from collections.abc import Mapping
from os import environ as environment
from pathlib import Path

from tui import sanitize

_UTF8 = {"utf8", "utf-8"}
_NO_CODESET = {"", "c", "posix"}
"""Names of the locale of the C standard, which knows ASCII alone."""


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
    return locale.nl_langinfo(locale.CODESET).lower() in _UTF8


def show_what_the_locale_has() -> None:
    """Show nothing but ASCII from now on, unless the locale and Python's output are UTF-8."""
    encoding = (sys.stderr.encoding or "").lower()
    sanitize.ascii_only(not (is_utf8(environment_at_start()) and encoding in _UTF8))
