"""What the terminal can show, by the names in the environment."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
from rich.cells import cell_len

from tui import sanitize
from tui.restore_states import Mark
from tui.terminal.capabilities import (
    Colours,
    colours_of,
    environment_at_start,
    has_few_signs,
    is_utf8,
    show_what_the_terminal_has,
    why_no_screens,
)


@pytest.mark.parametrize(
    ("variables", "utf8"),
    [
        ({}, False),
        ({"LC_ALL": "C"}, False),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, False),
        ({"LANG": "en_US.UTF-8"}, True),
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": "C.utf8"}, True),
        ({"LC_CTYPE": "de_DE.ISO-8859-15@euro", "LANG": "de_DE.UTF-8"}, False),
        ({"LC_CTYPE": "de_DE.utf8@euro", "LANG": "C"}, True),
        ({"LC_CTYPE": "UTF-8"}, True),
        ({"LC_ALL": "ja_JP.eucJP"}, False),
        ({"LC_ALL": "xx_YY.UTF-8"}, True),
        ({"LC_CTYPE": "C", "LANG": "en_US.UTF-8"}, False),
        ({"PYTHONUTF8": "1", "LANG": "C"}, False),
    ],
)
def test_the_codeset_of_the_locale_decides(variables: dict[str, str], utf8: bool) -> None:
    assert is_utf8(variables) is utf8


def test_a_locale_without_a_codeset_is_asked_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("locale.setlocale", lambda _: "vi_VN")
    for codeset, utf8 in (("UTF-8", True), ("ISO-8859-1", False)):
        monkeypatch.setattr("locale.nl_langinfo", lambda _, said=codeset: said)
        assert is_utf8({"LANG": "vi_VN"}) is utf8


@pytest.mark.parametrize("name", ["de_DE", "de_DE@euro", "en_US", "ja_JP", "xx_YY"])
@pytest.mark.parametrize("in_effect", ["C", "C.UTF-8"])
def test_a_locale_that_is_not_installed_is_not_taken_for_the_one_in_its_place(
    monkeypatch: pytest.MonkeyPatch, name: str, in_effect: str
) -> None:
    """Python puts C.UTF-8 into the place of a locale that is not there."""
    monkeypatch.setattr("locale.setlocale", lambda _: in_effect)
    monkeypatch.setattr("locale.nl_langinfo", lambda _: "UTF-8")
    assert not is_utf8({"LANG": name})


def test_the_environment_of_the_start_is_not_the_one_that_python_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VBEM_SET_LATER", "1")
    assert "VBEM_SET_LATER" not in environment_at_start()
    assert environment_at_start()["PATH"]


@pytest.mark.parametrize("term", [None, "", "dumb", "unknown", "network"])
def test_where_the_cursor_cannot_be_put_the_commands_are_named(term: str | None) -> None:
    why = why_no_screens({} if term is None else {"TERM": term})
    assert "see vbem --help" in why
    assert not term or f"TERM={term}" in why


@pytest.mark.parametrize(
    "term",
    ["xterm", "xterm-256color", "screen", "tmux-256color", "linux", "xterm-ghostty", "vt100"],
)
def test_terminals_that_are_drawn_on_are_refused_for_nothing(term: str) -> None:
    assert not why_no_screens({"TERM": term})


@pytest.mark.parametrize(
    ("term", "is_refused"), [("vt52", True), ("wsvt25", False), ("no-such-terminal", False)]
)
def test_an_unusual_terminal_is_asked_of_terminfo(term: str, is_refused: bool) -> None:
    code = "import sys; from tui.terminal.capabilities import *; print(why_no_screens({'TERM': sys.argv[1]}))"
    done = subprocess.run([sys.executable, "-c", code, term], capture_output=True, text=True, check=True)
    if term == "vt52" and not done.stdout.strip():
        pytest.skip("terminfo does not describe it here")
    assert bool(done.stdout.strip()) is is_refused


@pytest.mark.parametrize(
    ("variables", "colours"),
    [
        ({"TERM": "xterm"}, Colours.SIXTEEN),
        ({"TERM": "linux"}, Colours.SIXTEEN),
        ({"TERM": "screen"}, Colours.SIXTEEN),
        ({"TERM": "screen-256color"}, Colours.MANY),
        ({"TERM": "screen.xterm-256color"}, Colours.MANY),
        ({"TERM": "xterm-kitty"}, Colours.MANY),
        ({"TERM": "xterm-direct"}, Colours.MANY),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, Colours.ALL),
        ({"TERM": "xterm-256color", "COLORTERM": "24bit", "NO_COLOR": "1"}, Colours.NONE),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, Colours.MANY),
        ({"TERM": "vt220"}, Colours.NONE),
    ],
)
def test_how_many_colours_there_are(variables: dict[str, str], colours: Colours) -> None:
    assert colours_of(variables) is colours


@pytest.mark.parametrize(
    ("variables", "is_ascii"),
    [
        ({"LANG": "C.UTF-8", "TERM": "xterm-256color"}, False),
        ({"LANG": "C.UTF-8", "TERM": "linux"}, True),
        ({"LC_ALL": "C", "TERM": "xterm-256color"}, True),
        ({"LANG": "de_DE.ISO-8859-1", "TERM": "screen"}, True),
    ],
)
def test_the_marks_of_states_are_of_the_locale_and_of_the_font(
    variables: dict[str, str], is_ascii: bool, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(lambda: sanitize.ascii_only(False))
    request.addfinalizer(lambda: sanitize.ascii_signs(False))
    monkeypatch.setattr("tui.terminal.capabilities.environment_at_start", lambda: variables)
    monkeypatch.setattr("tui.terminal.capabilities.sys.stderr", SimpleNamespace(encoding="utf-8"))
    monkeypatch.setattr("tui.terminal.capabilities.environment", variables)
    show_what_the_terminal_has()
    marks = [str(mark) for mark in Mark]
    assert "".join(marks).isascii() is is_ascii
    assert [cell_len(mark) for mark in marks] == [1] * len(Mark)
    assert len(set(marks)) == len(Mark), "no two states look alike"
    assert has_few_signs(variables) is (variables["TERM"] == "linux")
