"""What is copied, and the bytes that carry it through tmux and GNU screen."""

from __future__ import annotations

import re
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.terminal.clipboard import MOST_BYTES, copy, sequence

OSC52 = re.compile("\x1b]52;c;([A-Za-z0-9+/=]*)\a")


class Clipboard:
    """An app that only notes what it was given."""

    text = ""

    def copy_to_clipboard(self, text: str) -> None:
        self.text = text


def decoded(said: str) -> str:
    """What a terminal takes of a sequence that is whole."""
    found = OSC52.fullmatch(said)
    assert found, said
    return b64decode(found[1]).decode()


def through_tmux(said: str) -> str:
    return said.removeprefix("\x1bPtmux;").removesuffix("\x1b\\").replace("\x1b\x1b", "\x1b")


@given(st.text(max_size=2000))
def test_text_comes_through_as_it_is(text: str) -> None:
    text = text.encode(errors="replace").decode()
    assert decoded(sequence(text, {})) == text
    plain, _, wrapped = sequence(text, {"TMUX": "default,1,0"}).partition("\x1bPtmux;")
    assert decoded(plain) == decoded(through_tmux(f"\x1bPtmux;{wrapped}")) == text
    parts = sequence(text, {"STY": "1.pts-0"}).split("\x1b\\")
    assert parts[-1] == ""
    assert all(part.startswith("\x1bP") and len(part) <= 250 for part in parts[:-1])
    assert decoded("".join(part.removeprefix("\x1bP") for part in parts)) == text


@given(st.text(max_size=300))
def test_nothing_that_is_pasted_acts_by_itself(text: str) -> None:
    clipboard = Clipboard()
    copy(clipboard, text)
    assert all(line.isprintable() for line in clipboard.text.split("\n"))


def test_what_was_copied_is_said() -> None:
    clipboard = Clipboard()
    said = copy(clipboard, "sql\x1b01")
    assert clipboard.text == "sql\N{REPLACEMENT CHARACTER}01"
    assert "sql\N{REPLACEMENT CHARACTER}01" in said.words
    assert "2 lines" in copy(clipboard, "<a>\n</a>").words
    assert clipboard.text == "<a>\n</a>"


@pytest.mark.parametrize("text", ["", " ", "x" * (MOST_BYTES + 1)])
def test_nothing_and_too_much_are_not_copied(text: str) -> None:
    clipboard = Clipboard()
    said = copy(clipboard, text)
    assert not said.is_sent
    assert not clipboard.text
