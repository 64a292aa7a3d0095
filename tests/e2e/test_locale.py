"""Which characters leave the program: those of the locale it was started with, and no others."""

from __future__ import annotations

import pytest

from tests.e2e.job import Operator, quit_program
from tests.support.soak import soak
from tests.support.terminal import Terminal

pytestmark = pytest.mark.xdist_group("e2e")


def look_around(operator: Operator, terminal: Terminal) -> str:
    """Log on, and open a box of each kind over a list of names of all scripts; all that was shown."""
    shown = [terminal.until("|  Log on")]
    operator.log_on(terminal)
    terminal.press("/", "gr")
    shown.append(terminal.until(lambda text: "e-" in text and "\n> gr" in text and " 1 of 74 VMs" in text))
    terminal.press("enter")
    shown.append(terminal.until("Made (local time"))
    terminal.press("enter")
    shown.append(terminal.until("What will happen"))
    terminal.ctrl("g")
    shown.append(terminal.until("RestorePoint"))
    terminal.press("escape", "?")
    shown.append(terminal.until("Keys on this screen"))
    terminal.press("escape")
    terminal.ctrl("p")
    shown.append(terminal.until("Search for commands"))
    terminal.press("escape")
    shown.append(quit_program(terminal))
    terminal.wait()
    return "\n".join(shown)


@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C"},
        *soak({"LANG": "C"}, {"LANG": "de_DE.ISO-8859-1"}),
    ],
    ids=["LC_ALL=C", "LANG=C", "Latin-1"],
)
def test_a_locale_that_is_not_utf8_gets_ascii(operator: Operator, variables: dict[str, str]) -> None:
    operator.environment |= variables
    with operator.start() as terminal:
        shown = look_around(operator, terminal)
    beyond = sorted({byte for byte in terminal.raw if byte > 127})
    assert not beyond, beyond
    assert "+-----" in shown, "boxes have frames"
    assert r"gr\xf6\xdfe-\u03a9" in shown, "names that differ do not look the same"


@pytest.mark.parametrize("name", ["en_US.UTF-8", *soak("C.UTF-8")])
def test_a_locale_of_utf8_gets_names_as_they_are(operator: Operator, name: str) -> None:
    operator.environment |= {"LC_ALL": name}
    with operator.start() as terminal:
        shown = look_around(operator, terminal)
    assert "größe-Ω" in shown
    assert "╭───" in shown


def test_a_refusal_is_ascii_too(operator: Operator) -> None:
    with Terminal.vbem("--fränk", env={**operator.environment, "LC_ALL": "C"}) as terminal:
        assert terminal.wait() == 2
    assert bytes(terminal.raw).isascii()
