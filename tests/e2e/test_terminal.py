"""What a real terminal sends besides keys, and one that nobody reads: the program goes on, and says so."""

from __future__ import annotations

import os
import re
import signal
import time
from base64 import b64encode
from functools import partial
from operator import ne

import pytest

from tests.e2e.job import Operator, quit_program, send, to_confirm, to_form
from tests.support.demo_process import DemoProcess
from tests.support.soak import soak
from tests.support.terminal import Terminal
from tests.support.waiting import Deadline
from tests.unit.terminal.test_input import ANSWERS

pytestmark = pytest.mark.xdist_group("e2e")

SAID = "is not UTF-8"


def types(terminal: Terminal, word: str) -> str:
    """Type a word where the keys go, and wait until it is shown; what is shown then."""
    terminal.press(word)
    return terminal.until(word)


def test_answers_of_the_terminal_are_typed_nowhere(operator: Operator) -> None:
    """At the login, in the filter, and on the form, whose `r` and Ctrl+R lead to a restore."""
    answers = [answer.encode("latin-1") for answer in ANSWERS.values()]
    with operator.start() as terminal:
        terminal.until("|  Log on")
        terminal.send_bytes(*answers)
        operator.log_on(terminal)
        terminal.send_bytes(*answers)
        to_form(terminal, "crm01")
        before = terminal.text
        for answer in answers[::3]:  # the reader's own tests cut each one anywhere
            terminal.send_bytes(answer[:2], answer[2:], pause_s=0.15)
        terminal.press("tab", "tab", "tab")
        assert "Ticket" in types(terminal, "INC-1")
        assert terminal.text.count("|  Restore") == before.count("|  Restore") == 1
    assert not [one for one in operator.demo.requests() if "estoreSession" in str(one["path"])]


def test_key_in_two_pieces_does_not_leave_the_form_and_esc_does(operator: Operator) -> None:
    with operator.start() as terminal:
        operator.log_on(terminal)
        to_form(terminal, "crm01")
        for key in (b"\x1b[B", b"\x1bOB", b"\x1b[A"):
            terminal.send_bytes(key[:1], key[1:], pause_s=0.25)
            terminal.send_bytes(key[:2], key[2:], pause_s=0.25)
        assert "What will happen" in terminal.text
        terminal.send_bytes(b"\x1b/")
        terminal.until("Made (local time")
        terminal.send_bytes(b"\x1bw")
        terminal.until(lambda text: "\n> w" in text and "Find:" not in text)


OTHER_BYTES = soak(b"\xff", b"\xc0\xaf", b"\xed\xa0\x80")


@pytest.mark.parametrize("byte", [b"\xe9", *OTHER_BYTES])
def test_byte_that_is_not_utf8_is_told_and_no_password_with_it_is_sent(
    operator: Operator, byte: bytes
) -> None:
    with operator.start() as terminal:
        terminal.until("|  Log on")
        terminal.send_bytes(b"gr" + byte + b"n")
        terminal.until(SAID)
        terminal.press("enter")
        terminal.until("cannot be read")
        terminal.ctrl("u")
        operator.log_on(terminal)
        terminal.send_bytes(byte)
        terminal.until(SAID)
        quit_program(terminal)
        assert terminal.wait() == 0
    assert len([one for one in operator.demo.requests() if "sessionMngr" in str(one["path"])]) == 1


@pytest.mark.parametrize("name", [None, *soak(signal.SIGTERM)])
def test_terminal_that_is_not_read_stops_no_watching(operator: Operator, name: signal.Signals | None) -> None:
    with operator.start() as terminal:
        operator.log_on(terminal)
        to_form(terminal, "huge01")
        to_confirm(terminal, "huge01")
        send(terminal)
        terminal.until("huge01: restoring")
        terminal.stall("?", "q")
        for _ in range(3):  # polls, long after nothing more could be written
            polls, deadline = len(operator.demo.requests()), Deadline()
            while len(operator.demo.requests()) == polls:
                assert not deadline.is_over, "nobody reads the terminal, and nobody watches the restore"
                time.sleep(0.1)
        if name is not None:
            terminal.kill(name)
            assert terminal.status == 128 + name
            return
        terminal.press("?")
        terminal.until("Keys on this screen")


def test_what_was_there_at_the_start_is_drawn_harmlessly(operator: Operator) -> None:
    """Options and settings: what the fields hold, and the words of a refusal, do nothing to the terminal."""
    poison = "\x1b]52;c;cHduZWQ=\x07\x1b]0;pwned\x07"
    settings = operator.home / ".config" / "vbem"
    settings.mkdir(parents=True)
    (settings / "settings.toml").write_text('user = "op\\u001b]0;pwned\\u0007"\n')
    environment = {**operator.environment, "VBEM_USER": ""}
    for words in (), ("--user", f"op{poison}"), ("--server", f"em{poison}"):
        with Terminal.vbem(*words, env=environment) as terminal:
            terminal.until("letters, digits and hyphens" if "--server" in words else "]0;pwned")
        written = bytes(terminal.raw)
        assert b"\x1b]52" not in written, words
        assert b"\x1b]0" not in written, words


@pytest.mark.parametrize(
    ("variables", "begins"),
    [
        pytest.param({}, b"\x1b]52;c;", marks=pytest.mark.soak),
        ({"TMUX": "t,1,0"}, b"\x1bPtmux;\x1b\x1b]52;c;"),
    ],
)
def test_what_is_copied_reaches_the_terminal(
    operator: Operator, variables: dict[str, str], begins: bytes
) -> None:
    operator.environment |= variables
    with operator.start() as terminal:
        operator.log_on(terminal)
        terminal.press("/", "crm01")
        terminal.until("1 of 74 VMs")
        terminal.press("down", "y")
        terminal.until("clipboard: crm01")
        assert begins + b64encode(b"crm01") in bytes(terminal.raw)


@pytest.mark.parametrize("bell", ["", *soak('bell = "off"\n')])
def test_an_end_rings_once_and_the_title_says_how_far_the_restores_are(
    operator: Operator, demo: DemoProcess, bell: str
) -> None:
    demo.control("set", option="time_scale", value=0)
    settings = operator.home / ".config" / "vbem" / "settings.toml"
    settings.parent.mkdir(parents=True, mode=0o700)
    settings.write_text(bell)
    with operator.start() as terminal:
        operator.log_on(terminal)
        to_form(terminal, "wiki01")
        to_confirm(terminal, "wiki01")
        send(terminal)
        terminal.until("wiki01: launching")
        assert terminal.title == "0/1 restored"
        demo.advance(40)
        terminal.until("wiki01: restoring")
        assert rings(terminal) == 0, "progress is no news for an ear"
        demo.advance(400)
        terminal.until("wiki01: restored")
        assert terminal.title == "1/1 restored"
        assert rings(terminal) == (0 if bell else 1)
        quit_program(terminal)
        terminal.wait()
        assert terminal.title == ""
    assert bytes(terminal.raw).count(b"\x1b[22;2t") == bytes(terminal.raw).count(b"\x1b[23;2t") == 1


def rings(terminal: Terminal) -> int:
    """How often the bell has rung: a BEL that ends no string."""
    return len(re.findall(rb"\x07", re.sub(rb"\x1b\][^\x07\x1b]*\x07", b"", bytes(terminal.raw))))


def test_a_suspended_program_leaves_the_terminal_as_it_was_and_draws_itself_again(operator: Operator) -> None:
    with operator.start() as terminal:
        operator.log_on(terminal)
        before = len(terminal.raw)
        terminal.ctrl("z")
        terminal.until_stopped()
        left = bytes(terminal.raw)[before:]
        for restored in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?2004l"):
            assert restored in left, restored
        before = len(terminal.raw)
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.until(lambda _: b"\x1b[?1049h" in bytes(terminal.raw)[before:])
        terminal.until(lambda _: b"points loaded" in bytes(terminal.raw)[before:])
        terminal.press("/", "crm01")
        terminal.until("1 of 74 VMs")


def test_the_cursor_of_the_terminal_stands_on_the_row(operator: Operator) -> None:
    """Screen readers read where it is, though it is not drawn."""
    with operator.start() as terminal:
        operator.log_on(terminal)
        for key in ("down", "down", "up"):
            before = terminal.text
            terminal.press(key)
            terminal.until(partial(ne, before))
            row = max(at for at, line in enumerate(terminal.text.splitlines()) if line.startswith("> "))
            places = re.findall(rb"\x1b\[(\d+);(\d+)H", bytes(terminal.raw))
            assert (int(places[-1][0]), int(places[-1][1])) == (row + 1, 1)
