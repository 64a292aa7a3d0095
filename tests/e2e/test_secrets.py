"""Neither password nor token is in any file, nor in any byte that went to the terminal."""

from __future__ import annotations

import base64
import signal
import sys
from pathlib import Path

import pytest

from tests.e2e.job import Operator, posts, quit_program, send, to_confirm, to_form
from tests.e2e.leaks import WATCHING, WRONG, Onlooker, files_under, found, tokens_in
from tests.support.demo_process import DemoProcess
from tests.support.soak import soak
from tests.support.terminal import Terminal
from tui.terminal.crash_edge import EXIT_CRASH

pytestmark = pytest.mark.xdist_group("e2e")


def test_search_finds_what_is_hidden(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_bytes(b"x" + base64.b64encode(b"a\\b:S3cret") + b"y")
    assert found({"pair": "a\\b:S3cret"}, files_under(tmp_path)) == ["pair in deep/log"]
    for terminal in (b"\x1b[1mS3cret%21", b"S3\x1b[12;4Hcr\x1b[0met!", b"S3\x1b]0;x\x07cret!"):
        assert found({"password": "S3cret!"}, {"terminal": terminal}) == ["password in terminal"]
    keys = b"".join(b"Key(key='x', character=%r)\n" % key for key in "S3cret!").replace(b"b'", b"'")
    assert found({"password": "S3cret!"}, {"log": keys}) == ["password in log"]
    assert found({"password": 'a&"b'}, {"xml": b"a&amp;&quot;b".replace(b"&quot;", b'"')}) == [
        "password in xml"
    ]


@pytest.mark.parametrize(
    "kind",
    [
        "worker",
        *soak("thread", "handler", "task", "input"),
    ],
)
def test_a_defect_in_the_middle_of_a_logon_reports_no_secret(
    demo: DemoProcess, tmp_path: Path, kind: str
) -> None:
    """The error's own words and every frame hold the password; the report, the screen and the log do not."""
    operator = Operator(demo, tmp_path, keyring="FileKeyring")
    log = tmp_path / "textual.log"
    command = [sys.executable, "-m", "tests.support.defect", kind, "--server", f"{demo.host}:{demo.port}"]
    with Terminal(
        [*command, "--ca-file", str(demo.certificate)],
        env={**operator.environment, **WATCHING, "TEXTUAL_LOG": str(log)},
    ) as terminal:
        terminal.until(lambda text: demo.user in text and "Password" in text)
        terminal.press(*WRONG, "enter", "x")
        if kind in {"worker", "task"}:
            terminal.until("Report:")
            terminal.kill(signal.SIGTERM)
        else:
            assert terminal.wait() == EXIT_CRASH
        shown = bytes(terminal.raw)
    files = files_under(tmp_path)
    (report,) = (path for path in files if "crash-" in path)
    assert b"RuntimeError" in files[report]
    assert b"[redacted]" in files[report]
    assert not log.exists()
    secrets = {"password": WRONG, "login": f"{demo.user}:{WRONG}"}
    assert found(secrets, {**files, "terminal": shown}) == []


def test_nothing_written_or_shown_holds_a_secret(demo: DemoProcess, tmp_path: Path) -> None:
    """A wrong password, the whole job, a kill, another run on the kept session, a defect, an export."""
    operator = Operator(demo, tmp_path, keyring="FileKeyring")
    shown = bytearray()
    operator.environment |= {
        **WATCHING,
        "TEXTUAL_LOG": str(tmp_path / "textual.log"),
        "TMPDIR": str(tmp_path),
    }
    with operator.start() as terminal:
        onlooker = Onlooker(terminal.pid)
        onlooker.start()
        terminal.until(lambda text: demo.user in text and "Password" in text)
        terminal.press(*WRONG, "enter")
        terminal.until("Could not log on")
        terminal.press(*["backspace"] * len(WRONG), demo.password, "enter")
        terminal.until("points loaded")
        to_form(terminal, "hv-files01")
        to_confirm(terminal, "hv-files01")
        send(terminal)
        terminal.until("hv-files01: restoring")
        assert (
            Path(f"/proc/{terminal.pid}/limits")
            .read_text(encoding="ascii")
            .count("Max core file size        0")
            == 1
        )
        terminal.kill(signal.SIGKILL)
        outside = onlooker.stop()
        shown += terminal.raw
    (token,) = tokens_in(operator.keyring_file)
    with operator.start() as terminal:
        operator.log_on(terminal)
        demo.advance(300)
        terminal.ctrl("t")
        terminal.until("hv-files01: restored")
        terminal.ctrl("y")
        terminal.until("|  History")
        terminal.until("√ restored")
        terminal.press("X")
        terminal.until("Export the journal")
        terminal.press("enter")
        terminal.until(lambda text: "|  History" in text and "Export the journal" not in text)
        demo.control("expire-sessions")
        terminal.press("escape")
        quit_program(terminal)
        assert terminal.wait() == 0
        shown += terminal.raw
    secrets = {
        "password": demo.password,
        "wrong password": WRONG,
        "wrong login": f"{demo.user}:{WRONG}",
        "token": token,
        "login": f"{demo.user}:{demo.password}",
    }
    files = files_under(tmp_path)
    keyring = files.pop("keyring.json")
    assert "state/journal.sqlite3" in files
    assert any(path.endswith(".jsonl") for path in files), list(files)
    assert onlooker.children, "the keyring's process was never seen"
    assert "textual.log" not in files
    assert found(secrets, {**files, **outside, "terminal": bytes(shown)}) == []
    assert found(secrets, {"keyring": keyring}) == ["token in keyring"]
    assert len(posts(demo)) == 1
