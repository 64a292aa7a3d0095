"""What comes from a terminal: keys are told from its answers however the bytes are cut, and however late."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from textual.events import Key, Paste

from tui.terminal.input import (
    ESCAPE_DELAY_S,
    INTRODUCER_DELAY_S,
    LONGEST_PASTE,
    PASTE_DELAY_S,
    REPLY_DELAY_S,
    InputReader,
    KeyParser,
    UnreadableInput,
)

ANSWERS = {
    "foreground": "\x1b]10;rgb:dcdc/dcdc/dcdc\x1b\\",
    "background": "\x1b]11;rgb:1e1e/1e1e/1e1e\x07",
    "palette": "\x1b]4;1;rgb:cd00/0000/0000\x1b\\",
    "clipboard": "\x1b]52;c;cmVzdG9yZQ==\x1b\\",
    "title": "\x1b]lroot@host: restore\x1b\\",
    "da1": "\x1b[?62;1;2;4;6;9;15;22;29c",
    "da2": "\x1b[>41;354;0c",
    "da3": "\x1bP!|7E565445\x1b\\",
    "xtversion": "\x1bP>|tmux 3.4 rc\x1b\\",
    "decrqss": "\x1bP1$r0m\x1b\\",
    "termcap": "\x1bP1+r544e=787465726d\x1b\\",
    "kitty graphics": "\x1b_Gi=31;OK\x1b\\",
    "kitty keyboard": "\x1b[?31u",
    "kitty release": "\x1b[114;1:3u",
    "status": "\x1b[0n",
    "theme": "\x1b[?997;1n",
    "position": "\x1b[12;40R",
    "position with page": "\x1b[?12;40;1R",
    "mode": "\x1b[?2027;0$y",
    "size": "\x1b[8;24;80t",
    "terminal parameters": "\x1b[2;1;1;112;112;1;0x",
    "focus lost": "\x1b[O",
    "8 bits": "\x9d11;rgb:1e1e/1e1e/1e1e\x9c",
    "8 bits, attributes": "\x9b?62;4c",
    "endless": "\x1b[" + "1;" * 500 + "c",
    "endless position": "\x1b[" + "1;" * 50_000 + "R",
    "endless key": "\x1b[" + "1;" * 500 + "~",
    "endless string": "\x1bP" + ";" * 50_000 + "$r\x1b\\",
}
LONG = 10_000
"""Bytes of an answer that is cut at some places only: each piece of it is looked at anew."""


class Line:
    """A terminal's line: what it sends, and what keys and pastes that means."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.typed: list[str] = []
        self._reader, self._keys = InputReader(), KeyParser()

    def _take(self, pieces: Iterable[str]) -> None:
        for piece in pieces:
            for message in self._keys.messages(piece):
                if isinstance(message, Key):
                    self.typed.append(message.key)
                elif isinstance(message, Paste):
                    self.typed.append(f"paste {message.text}")
                elif isinstance(message, UnreadableInput):
                    self.typed.append("told")

    def send(self, *chunks: str | bytes, pause_s: float = 0.0) -> list[str]:
        """Send some chunks, with a pause after each; what has been typed."""
        for chunk in chunks:
            data = chunk if isinstance(chunk, bytes) else chunk.encode()
            self._take(self._reader.read(data, self.now_s))
            self.wait(pause_s)
        return self.typed

    def wait(self, seconds: float) -> list[str]:
        """Let time pass, as the input thread does; what has been typed."""
        self.now_s += seconds
        self._take(self._reader.expired(self.now_s))
        return self.typed


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_answer_of_the_terminal_is_never_typed(answer: str, encoding: str) -> None:
    data = answer.encode(encoding)
    assert Line().send(data, "r") == ["r"]
    for cut in range(1, min(len(data), 40), 13 if len(data) > LONG else 1):
        assert Line().send(data[:cut], data[cut:], "r", pause_s=0.3) == ["r"], cut
    size = 1 if len(data) <= LONG else 1000
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    assert Line().send(*pieces, "r", pause_s=0.3) == ["r"]


@pytest.mark.parametrize("answer", ["\x1b]11;rgb:1e1e/1e1e/1e1e\x07", "\x1b[?62;4c", "\x1bP>|tmux 3.4\x1b\\"])
def test_answer_whose_rest_is_late_is_not_typed_and_costs_its_esc_at_most(line: Line, answer: str) -> None:
    line.send("\x1b", pause_s=ESCAPE_DELAY_S)
    line.send(answer[1:2], pause_s=0.9)
    assert line.send(answer[2:], "r") == ["escape", "r"]


def test_answer_that_never_ends_takes_no_more_than_what_follows_at_once(line: Line) -> None:
    line.send("\x1b]11;rgb:1e1e")
    assert line.wait(REPLY_DELAY_S) == []
    assert line.send("r") == ["r"]
    assert line.send("\x1bP>|tmux", "\r", "a") == ["r", "a"], "Enter ends it as well"
    assert line.send("\x1b]11;rgb", "\x1b[A", "\x1b]11;rgb", "\x1bx")[2:] == ["up", "escape", "x"]


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("\x1bx", ["escape", "x"]),
        ("\x1bPROD", ["escape", "P", "R", "O", "D"]),
        ("\x1bOra1", ["escape", "O", "r", "a", "1"]),
        ("\x1b\x1b", ["escape", "escape"]),
        ("\x1b\x1b[A", ["escape", "up"]),
        ("\x1b\x7f", ["escape", "backspace"]),
        ("\x1b\r", ["escape", "enter"]),
        ("\x1b1", ["escape", "1"]),
        ("\x1bOP\x1b[15~\x1b[[A", ["f1", "f5", "f1"]),
        ("\x1b[1;5C\x1b[Z", ["ctrl+right", "shift+tab"]),
        ("\x1b[27u\x1b[97;;97u\x1b[114;5u", ["escape", "a", "ctrl+r"]),
        ("\x1b[200~a\x1b[A\r\x1b[201~b", ["paste a\x1b[A\r", "b"]),
        ("\x1b[1\r", ["enter"]),
        ("é€😀", ["é", "euro_sign", "grinning_face"]),
        ("\x00\x12", ["ctrl+@", "ctrl+r"]),
    ],
)
def test_keys_in_one_packet_are_the_keys_they_are(sent: str, keys: list[str]) -> None:
    line = Line()
    line.send(sent)
    assert line.wait(REPLY_DELAY_S) == keys


@pytest.mark.parametrize("key", ["\x1b[A", "\x1bOQ", "\x1b[15~", "\x1b[1;5C", "\x1b[Z"])
def test_key_in_two_packets_is_one_key(key: str) -> None:
    whole = Line().send(key)
    for cut in range(1, len(key)):
        assert Line().send(key[:cut], key[cut:], pause_s=ESCAPE_DELAY_S - 0.05) == whole
    late = Line()
    late.send(key[:1], pause_s=ESCAPE_DELAY_S)
    assert late.send(key[1:]) == ["escape", *whole], "nothing of it is typed, however late it is"


def test_esc_alone_is_given_after_its_delay_and_at_once_where_a_key_follows(line: Line) -> None:
    assert line.send("\x1b", pause_s=ESCAPE_DELAY_S - 0.05) == []
    assert line.wait(0.05) == ["escape"]
    assert line.send("a", "\x1b", "b") == ["escape", "a", "escape", "b"]
    assert line.send("\x1b[", pause_s=INTRODUCER_DELAY_S)[-2:] == ["escape", "left_square_bracket"]


def test_words_typed_some_time_after_an_esc_are_words(line: Line) -> None:
    line.send("\x1b", pause_s=ESCAPE_DELAY_S)
    assert line.send("O", "n", "l", "P", "web") == ["escape", "O", "n", "l", "P", "w", "e", "b"]


@pytest.mark.parametrize("report", ["\x1b[<0;5;8M\x1b[<0;5;8m", "\x1b[<64;5;8M", "\x1b[<35;9;9M"])
def test_a_mouse_that_nobody_asked_for_presses_nothing(report: str) -> None:
    for mouse in (True, False):
        keys = KeyParser(mouse=mouse)
        found = [
            message for piece in InputReader().read(report.encode(), 0.0) for message in keys.messages(piece)
        ]
        assert bool(found) is mouse


def test_byte_that_is_not_utf8_is_replaced_and_told(line: Line) -> None:
    replaced = ["replacement_character", "told"]
    assert line.send("gr\xfc\xdfe".encode("latin-1"), "\r") == ["g", "r", *replaced, *replaced, "e", "enter"]
    line.typed.clear()
    assert line.send(b"\xe9", pause_s=ESCAPE_DELAY_S) == replaced, "it waits for no key"


def test_paste_whose_end_is_lost_is_pasted(line: Line) -> None:
    line.send("\x1b[200~web", "01", pause_s=0.2)
    assert line.wait(PASTE_DELAY_S) == ["paste web01"], "and keys act again"
    assert line.send("x", "\x1b[201~", "y")[1:] == ["x", "y"]


def test_paste_that_never_ends_is_pasted_at_a_size(line: Line) -> None:
    pasted = line.send("\x1b[200~", "x" * LONGEST_PASTE, "x")
    assert pasted == ["paste " + "x" * (LONGEST_PASTE + 1)]
    assert line.send("y")[1:] == ["y"]
