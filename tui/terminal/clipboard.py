"""The clipboard of the terminal, which may be on another machine: by OSC 52, through tmux and GNU screen.

Only text that is shown is copied, with a stand-in for each control character: pasted into a shell, a name
ends no line. Whether a terminal takes it, no terminal says.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Protocol

from textual.message import Message

from tui.sanitize import harmless, safe

MOST_BYTES = 74_000
"""Of UTF-8, which are fewer than 100,000 as base64: more is refused by many terminals."""
_SCREEN_BYTES = 200
"""GNU screen hands on no more at once."""
_SHOWN_CELLS = 44


class Copied(Message):
    """Something was sent to the clipboard, or was not; for the screen, which says so."""

    def __init__(self, words: str, *, is_sent: bool = False) -> None:
        super().__init__()
        self.words = words
        """A sentence."""
        self.is_sent = is_sent


class HasClipboard(Protocol):
    """An app of Textual."""

    def copy_to_clipboard(self, text: str) -> None:
        """Send text to the terminal."""


def copy(app: HasClipboard, text: str) -> Copied:
    """Send what a screen shows to the clipboard of the terminal.

    Args:
        app: whose terminal it is.
        text: of one line or of many, as it is shown.
    """
    lines = [harmless(line) for line in text.splitlines()]
    content = "\n".join(lines)
    if not content.strip():
        return Copied("There is nothing to copy here.")
    size = len(content.encode())
    if size > MOST_BYTES:
        return Copied(f"Not copied: {size // 1000:,} kB are too much, {MOST_BYTES // 1000} kB are the most.")
    app.copy_to_clipboard(content)
    what = safe(content, cells=_SHOWN_CELLS) if len(lines) == 1 else f"{len(lines)} lines"
    return Copied(f"Sent to your terminal's clipboard: {what}. Not every terminal takes it.", is_sent=True)


def sequence(text: str, environ: Mapping[str, str]) -> str:
    """Return what makes the terminal take text into its clipboard, wrapped for what lies between.

    Args:
        text: what to copy.
        environ: says whether tmux or GNU screen is between here and the terminal.
    """
    said = f"\x1b]52;c;{b64encode(text.encode()).decode('ascii')}\a"
    if environ.get("TMUX"):
        # As it stands for a tmux that serves the clipboard itself, and wrapped for one that lets it through.
        wrapped = said.replace("\x1b", "\x1b\x1b")
        return f"{said}\x1bPtmux;{wrapped}\x1b\\"
    if environ.get("STY"):
        parts = (said[at : at + _SCREEN_BYTES] for at in range(0, len(said), _SCREEN_BYTES))
        return "".join(f"\x1bP{part}\x1b\\" for part in parts)
    return said
