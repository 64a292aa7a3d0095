"""Bytes from the terminal: keys, pastes, and what is neither; the driver that reads them, and writes.

A terminal answers questions that somebody asked before this program was there, at any time and in any
pieces. Textual types such answers into fields, letter by letter, so they are sorted out before it sees them.

Textual's own input thread ends the program at the first byte that is no UTF-8, and its `write` blocks the
event loop while nobody reads the terminal. Protected names of the driver are used for that. The bytes are
https://github.com/Textualize/textual/issues/6456; of the rest none was found in Textual 8.2.
"""

from __future__ import annotations

import codecs
import os
import re
import selectors
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.color import ColorSystem
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key, MouseEvent, Paste
from textual.message import Message

from tui.sanitize import can_show
from tui.terminal.capabilities import Colours, colours_of

if TYPE_CHECKING:
    from textual.app import App

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


TICK_S = 0.1
"""How often the thread looks whether it is to end; Textual's pace."""
WAITING_TICK_S = 0.02
"""How often while a key may be incomplete."""


class ThreadFailed(Message):
    """A thread ended by an error: nobody reads the keys, or writes the screens, any more."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class UnreadableInput(Message):
    """The terminal has sent a byte that is no UTF-8."""


_WITHOUT_STRINGS = ("linux", "vt", "ansi")
"""How names of terminals begin that have no title, clipboard or other screen, and may print strings."""
_OSC, _EMPTY_SCREEN = "\x1b]", "\x1b[2J\x1b[H"
_NOT_IN_A_TITLE = re.compile(r"[^A-Za-z0-9 ,/.]")
_KEEP_TITLE, _GIVE_TITLE_BACK = "\x1b[22;2t", "\x1b[23;2t"


class TerminalDriver(LinuxDriver):
    """Reads keys whatever else comes, and never waits for the terminal to take what is written."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._title = ""
        self._takes_strings = not os.environ.get("TERM", "").startswith(_WITHOUT_STRINGS)
        self.colours = colours_of(os.environ)
        """How many colours leave the program: frames are drawn with no others (rendering)."""
        # Without a colour system Rich would leave out what is bold or reversed, too.
        systems = {Colours.ALL: ColorSystem.TRUECOLOR, Colours.MANY: ColorSystem.EIGHT_BIT}
        app.console._color_system = systems.get(self.colours, ColorSystem.STANDARD)

    @property
    def backlog(self) -> int:
        """Return how many pieces of output the terminal has not taken yet."""
        return self._writer_thread._queue.qsize() if self._writer_thread is not None else 0

    def write(self, data: str) -> None:
        if data.startswith(_OSC) and not self._takes_strings:
            return  # Textual names a shape for the mouse's pointer
        # Frames hold nothing else (rendering): whatever Textual writes beside them must not either.
        super().write(data if can_show(data) else data.encode("ascii", "replace").decode("ascii"))

    def show_title(self, words: str) -> None:
        """Set the terminal's title; the one of before is given back at the end, where the terminal keeps it.

        Args:
            words: our own: what is no letter, digit, blank, comma, stroke or full stop is left out.
        """
        words = _NOT_IN_A_TITLE.sub("", words)
        if words != self._title and self._takes_strings:
            keep = "" if self._title else _KEEP_TITLE
            self._title = words
            self.write(f"{keep}\x1b]2;{words}\a")

    def stop_application_mode(self) -> None:
        if self._title:
            self._title = ""
            # The empty title is for terminals that keep none.
            self.write(f"\x1b]2;\a{_GIVE_TITLE_BACK}")
        if not self._takes_strings:
            self.write(_EMPTY_SCREEN)  # it has no other screen to go back to
        super().stop_application_mode()

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call] # Textual leaves it so
        if self._writer_thread is not None:
            # Textual waits for room in the queue, on the event loop. Instead frames are left out (rendering).
            self._writer_thread._queue.maxsize = 0

    def _run_input_thread(self) -> None:
        # Textual would end with a traceback on the screen and status 0.
        try:
            self.run_input_thread()
        except Exception as error:  # noqa: BLE001 - the outer edge of this thread
            self._app.post_message(ThreadFailed(error))

    def run_input_thread(self) -> None:
        reader, keys = InputReader(), KeyParser(debug=self._debug, mouse=self._mouse)
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(WAITING_TICK_S if reader.is_waiting else TICK_S):
                    data = os.read(self.fileno, 4096)
                    if not data:  # the terminal is gone, which `hangup` notices
                        self.exit_event.wait(TICK_S)
                    pieces = reader.read(data, time.monotonic())
                else:
                    pieces = reader.expired(time.monotonic())
                for piece in pieces:
                    for message in keys.messages(piece):
                        self.process_message(message)


class KeyParser:
    """Makes Textual's messages of whole keys.

    Args:
        debug: as Textual's parser takes it.
        mouse: whether reports of the mouse were asked for; others are left over from a program before.
    """

    def __init__(self, *, debug: bool = False, mouse: bool = False) -> None:
        self._debug, self._mouse = debug, mouse
        self._parser = XTermParser(debug)

    def messages(self, piece: str) -> Iterator[Message]:
        """Yield what a piece of input means; nothing where it is not known."""
        text = pasted(piece)
        if text is not None:
            yield Paste(text)
        elif piece == ESC:
            yield Key("escape", ESC)
        else:
            try:
                found = list(self._parser.feed(piece))
                yield from (one for one in found if self._mouse or not isinstance(one, MouseEvent))
            except (ValueError, OverflowError):
                self._reset_parser()  # numbers that are none, as in a report of a released key
            if self._parser._timeout_time is not None:
                self._reset_parser()  # it waits for more, but the piece is whole: no key it knows
        if "\N{REPLACEMENT CHARACTER}" in piece:
            yield UnreadableInput()

    def _reset_parser(self) -> None:
        old, self._parser = self._parser, XTermParser(self._debug)
        self._parser.mouse_pixels = old.mouse_pixels
        self._parser.terminal_size = old.terminal_size
        self._parser.terminal_pixel_size = old.terminal_pixel_size
