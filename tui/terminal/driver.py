"""The driver of the terminal: what Textual's own does badly with bytes in and bytes out is done here.

Textual's input thread ends the program at the first byte that is no UTF-8 and types answers of the terminal
into fields; its `write` blocks the event loop while nobody reads the terminal. Protected names of the driver
are used for that. The bytes are https://github.com/Textualize/textual/issues/6456; of the rest none was found
in Textual 8.2.
"""

from __future__ import annotations

import os
import re
import selectors
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.color import ColorSystem
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key, Paste
from textual.message import Message

from tui.sanitize import can_show
from tui.terminal.capabilities import Colours, colours_of
from tui.terminal.input import ESC, InputReader, pasted

if TYPE_CHECKING:
    from textual.app import App

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


_UNTITLED = ("linux", "vt", "ansi")
"""How names of terminals begin that have no title, and may print one."""
_NOT_IN_A_TITLE = re.compile(r"[^A-Za-z0-9 ,/.]")
_KEEP_TITLE, _GIVE_TITLE_BACK = "\x1b[22;2t", "\x1b[23;2t"


class TerminalDriver(LinuxDriver):
    """Reads keys whatever else comes, and never waits for the terminal to take what is written."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._title = ""
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
        # Frames hold nothing else (rendering): whatever Textual writes beside them must not either.
        super().write(data if can_show(data) else data.encode("ascii", "replace").decode("ascii"))

    def show_title(self, words: str) -> None:
        """Set the terminal's title; the one of before is given back at the end, where the terminal keeps it.

        Args:
            words: our own: what is no letter, digit, blank, comma, stroke or full stop is left out.
        """
        words = _NOT_IN_A_TITLE.sub("", words)
        if words != self._title and not os.environ.get("TERM", "").startswith(_UNTITLED):
            keep = "" if self._title else _KEEP_TITLE
            self._title = words
            self.write(f"{keep}\x1b]2;{words}\a")

    def stop_application_mode(self) -> None:
        if self._title:
            self._title = ""
            # The empty title is for terminals that keep none.
            self.write(f"\x1b]2;\a{_GIVE_TITLE_BACK}")
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
        reader, keys = InputReader(), KeyParser(debug=self._debug)
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
    """

    def __init__(self, *, debug: bool = False) -> None:
        self._debug = debug
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
                yield from list(self._parser.feed(piece))
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
