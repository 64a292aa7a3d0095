"""Leaving is quick and in words, whatever does not answer."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.job import CHECKOUT, Operator, quit_program
from tests.support.demo_process import DemoProcess
from tests.support.soak import soak
from tests.support.terminal import Terminal

pytestmark = pytest.mark.xdist_group("e2e")
SLEEPS_S = 600
_DEAF_RESOLVER = f"""
import socket, time
def getaddrinfo(*_, **__):
    time.sleep({SLEEPS_S})
socket.getaddrinfo = getaddrinfo
"""


def test_a_resolver_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(_DEAF_RESOLVER)
    environment = {"HOME": str(tmp_path), "PYTHONPATH": f"{tmp_path}:{CHECKOUT}"}
    with Terminal.vbem("--server", "em.nowhere.example", "--user", "op", env=environment) as terminal:
        terminal.until("|  Log on")
        terminal.press("password", "enter")
        terminal.until("Connecting to em.nowhere.example")
        before = time.monotonic()
        terminal.ctrl("q")
        assert terminal.wait() == 0
        assert time.monotonic() - before < SLEEPS_S / 4


@pytest.mark.parametrize("name", [None, *soak(signal.SIGTERM)])
def test_a_session_that_cannot_be_ended_is_named_when_the_program_ends(
    operator: Operator, demo: DemoProcess, name: signal.Signals | None
) -> None:
    with operator.start() as terminal:
        operator.log_on(terminal)
        terminal.until("The logon session is in memory only")
        demo.fault("hold@logoff")
        if name is None:
            assert "quitting logs off" in " ".join(quit_program(terminal).replace("│", " ").split())
            assert terminal.wait() == 0
        else:
            terminal.kill(name)
            assert terminal.status == 128 + name
        assert "15 minutes" in " ".join(terminal.raw.decode(errors="replace").split())
    demo.clear_faults()


@pytest.mark.parametrize("name", [None, *soak(signal.SIGTERM)])
def test_a_logon_that_leaving_cuts_off_is_named(
    operator: Operator, demo: DemoProcess, name: signal.Signals | None
) -> None:
    demo.fault("hold@logon")
    with operator.start() as terminal:
        terminal.until("|  Log on")
        terminal.press("password", "enter")
        terminal.until("Logging on to")
        terminal.ctrl("q") if name is None else terminal.kill(name)
        assert (terminal.wait() if name is None else terminal.status) == (128 + name if name else 0)
        assert "It is not known whether the server has logged you on" in terminal.raw.decode(errors="replace")
    demo.clear_faults()


def test_a_module_in_the_current_folder_is_run_by_nobody(tmp_path: Path) -> None:
    """As installed: `python -m tui` itself looks into the current folder first, which nothing can prevent."""
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("json", "ssl", "tui", "textual", "sitecustomize", "usercustomize"):
        (trap / f"{name}.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'a').write(__name__)")
    code = (
        f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); import tui.cli.main as it; sys.exit(it.main())"
    )
    command = ["env", "-C", str(trap), sys.executable, "-P", "-c", code, "--demo", "--incident"]
    with Terminal(command, env={"HOME": str(tmp_path)}) as terminal:
        terminal.until("This is the embedded demo server")
        terminal.until("An incident to play: since ")
        terminal.press("enter")
        terminal.until("Unknown certificate")
        terminal.press("right", "enter")
        terminal.until("points loaded")
        quit_program(terminal)
        assert terminal.wait() == 0
    assert not (tmp_path / "sprung").exists()
