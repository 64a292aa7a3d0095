"""Bytes from the terminal, taken apart: keys, pastes, and what is neither.

A terminal answers questions that somebody asked before this program was there, at any time and in any
pieces. Textual types such answers into fields, letter by letter, so they are sorted out before it sees them.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

ESC = "\x1b"
ESCAPE_DELAY_S = 0.5
"""How long an Esc may be the beginning of a key whose rest is late; any next key ends the wait at once.

Over SSH a lost packet is sent again after a fifth of a second and more. As long as readline waits.
"""
INTRODUCER_DELAY_S = 2.0
"""How long Esc and `[` or the like may be the beginning of something."""
REPLY_DELAY_S = 5.0
"""How long the rest of an answer may take; what has begun as one is never typed."""
PASTE_DELAY_S = 1.0
"""How long a paste may be silent before it has ended, though its end never came: keys act again."""
LONGEST_PASTE = 1_000_000
"""Characters; a paste that goes on is taken to have ended here."""
LONGEST_KEY = 64
"""Characters; longer than any key, and than any answer that is no string. More are not kept."""
PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"

_EIGHT_BIT = {"\x90": "P", "\x9b": "[", "\x9d": "]"}
"""One character for Esc and another, as some terminals send it."""
_WHOLE = re.compile(r"\x1b(?:\[\[[A-E]|\[M[^\x00-\x1f]{3}|\[(?![\[M])[0-?]*[ -/]*[@-~]|O[0-9;]*[A-Z])")
"""A key or an answer that is complete: `ESC [ ...`, `ESC O ...`.

`ESC [ [ A` is the Linux console's F1, `ESC [ M` and three characters an old terminal's mouse.
"""
_UNFINISHED = re.compile(
    r"\x1b(?:\[\[?|\[M[^\x00-\x1f]{0,2}|\[[0-?]+[ -/]*|\[[ -/]+|O[0-9;]*|\][0-9]*|P[0-9;]*|_|\^)?"
)
_STRING = re.compile(r"\x1b(?:\][0-9]+;|\][lLI]|P[0-9;]*[$!+]|P[>=?]|_[ -~]|\^[ -~])")
"""How an answer begins that ends with ST or BEL: colours, clipboard, title, version, capabilities.

No more than the grammar allows: Esc and a word that begins with P, typed in one burst, is no answer.
"""
_ANSWER = re.compile(r"\x1b\[(?:[?>=].*|[0-9;]*[cnt]|[0-9]+;[0-9]+R)")
"""Attributes, status, modes, size and position: all that is complete and no key."""
_WANTED = re.compile(r"\x1b\[\?(?:2026|2048);\d\$y|\x1b\[48;[\d:;]*t")
"""Answers that Textual asks for: synchronized output, resizing in band."""


def _replaced(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for a byte that is no UTF-8: itself where it is a control of eight bits."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    byte = chr(error.object[error.start])
    if byte in {*_EIGHT_BIT, "\x9c"}:
        return byte, error.start + 1
    return "\N{REPLACEMENT CHARACTER}", error.end


codecs.register_error("terminal-input", _replaced)


class InputReader:
    """Gives what keys and pastes there are in the bytes of a terminal.

    A piece is one character, one whole escape sequence, `ESC` alone for the key of that name, or a paste with
    its brackets. Answers of the terminal are left out.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("terminal-input")
        self._pending = ""
        """The beginning of something, from its Esc on."""
        self._is_string = self._is_paste = False
        self._heard_s = self._escaped_s = float("-inf")
        """When the last byte came, and when an Esc was given because nothing followed it."""
        self._is_escape_given = False
        """The Esc that begins what is pending was given as a key already."""

    @property
    def is_waiting(self) -> bool:
        """Return whether something has begun that `expired` will end."""
        return bool(self._pending or self._is_paste or self._decoder.getstate()[0])

    def read(self, data: bytes, now_s: float) -> Iterator[str]:
        """Take bytes in; yield what is complete with them.

        Args:
            data: as read, cut anywhere; bytes that are no UTF-8 become replacement characters.
            now_s: on a clock that only grows.
        """
        text = self._decoder.decode(data)
        is_late = now_s - self._escaped_s < INTRODUCER_DELAY_S and not self._pending
        self._heard_s = now_s
        if text:
            self._escaped_s = float("-inf")
        # `ESC O P` that came as `ESC` and much later `OP` is F1; a word that begins so is longer, or typed.
        if is_late and (text[:1] in {"[", "]", "P"} or re.fullmatch("O[A-DFHP-S]", text)):
            self._pending, self._is_escape_given = ESC, True
        yield from self._take(text)

    def expired(self, now_s: float) -> Iterator[str]:
        """Yield what is waited for no longer."""
        silence_s = now_s - self._heard_s
        if self._is_paste:
            if silence_s >= PASTE_DELAY_S:
                yield from self._end_paste(self._pending)
        elif not self._pending:
            if silence_s >= ESCAPE_DELAY_S:
                yield from self._decoder.decode(b"", final=True)
        elif self._is_string or len(self._pending) > len(ESC) + 1:
            if silence_s >= REPLY_DELAY_S:
                self._reset()
        elif silence_s >= (ESCAPE_DELAY_S if self._pending == ESC else INTRODUCER_DELAY_S):
            self._escaped_s = now_s if self._pending == ESC else float("-inf")
            yield from self._keys()

    def _take(self, text: str) -> Iterator[str]:
        for at, char in enumerate(text):
            if self._is_paste:
                yield from self._paste(text[at:])
                return
            yield from self._string(char) if self._is_string else self._step(char)

    def _reset(self, pending: str = "") -> None:
        self._pending, self._is_string, self._is_escape_given = pending, False, False

    def _step(self, char: str) -> Iterator[str]:
        """Go on outside of strings and pastes."""
        if char == ESC or char in _EIGHT_BIT:
            # What has begun as an answer is dropped; an Esc or two are what they are.
            if self._pending and len(self._pending) <= len(ESC) + 1:
                yield from self._keys()
            self._reset(ESC)
            if char == ESC:
                return
            char = _EIGHT_BIT[char]
        if not self._pending:
            yield char
            return
        before = self._pending
        if len(before) >= LONGEST_KEY and "0" <= char <= "?":
            return
        if len(before) >= LONGEST_KEY and before[1] == "[":
            self._reset()  # with its end: nothing so long is a key
            return
        self._pending += char
        if self._pending == PASTE_BEGINS:
            self._reset()
            self._is_paste = True
        elif _STRING.fullmatch(self._pending):
            self._is_string = True
        elif _WHOLE.fullmatch(self._pending):
            self._reset()
            yield from _wanted(before + char)
        elif not _UNFINISHED.fullmatch(self._pending):
            # Nobody types `ESC [ 1`; a word that begins with O or P may follow an Esc in one burst.
            begun = len(before) > len(ESC) + 1 and before[1] in "[]"
            self._pending = char if begun else self._pending
            yield from self._keys() if not begun else char
            self._reset()

    def _keys(self) -> Iterator[str]:
        """Yield what is pending as the keys it is: Esc, then the characters behind it."""
        keys = self._pending[len(ESC) :] if self._is_escape_given else self._pending
        self._reset()
        yield from keys

    def _string(self, char: str) -> Iterator[str]:
        """Go on in an answer up to its end: BEL, ST, or a control character that no answer holds."""
        if self._pending == ESC:
            # ESC \\ ends it. With any other character it was broken off, and another thing begins.
            self._reset(ESC if char != "\\" else "")
            if char != "\\":
                yield from self._step(char)
        elif char == ESC:
            self._pending = ESC
        elif char < " " or char in {"\x7f", "\x9c"}:
            self._reset()

    def _paste(self, text: str) -> Iterator[str]:
        searched = max(0, len(self._pending) - len(PASTE_ENDS))
        self._pending += text
        end = self._pending.find(PASTE_ENDS, searched)
        if end >= 0:
            rest = self._pending[end + len(PASTE_ENDS) :]
            yield from self._end_paste(self._pending[:end])
            yield from self._take(rest)
        elif len(self._pending) > LONGEST_PASTE:
            yield from self._end_paste(self._pending)

    def _end_paste(self, text: str) -> Iterator[str]:
        self._is_paste = False
        self._reset()
        yield f"{PASTE_BEGINS}{text}{PASTE_ENDS}"


def _wanted(whole: str) -> Iterator[str]:
    """Yield a whole sequence, unless it is an answer that nobody asked for."""
    if whole != PASTE_ENDS and (_WANTED.fullmatch(whole) or not _ANSWER.fullmatch(whole)):
        yield whole


def pasted(piece: str) -> str | None:
    """Return the text of a piece that is a paste; None for any other."""
    if not piece.startswith(PASTE_BEGINS):
        return None
    return piece.removeprefix(PASTE_BEGINS).removesuffix(PASTE_ENDS).replace("\0", "")
