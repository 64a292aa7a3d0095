"""Neither password nor token is in any file, nor in any byte that went to the terminal."""

from __future__ import annotations

import base64
import json
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.e2e.job import Operator, posts, quit_program, send, to_confirm, to_form
from tests.support.demo_process import DemoProcess

pytestmark = pytest.mark.xdist_group("e2e")

WRONG = "Wr0ng-pass/word?"


def spellings(secret: str) -> Iterator[bytes]:
    """How a secret may stand in a file: plain, in a URL, in a header."""
    yield secret.encode()
    yield quote(secret, safe="").encode()
    yield base64.b64encode(secret.encode())


def found(secrets: dict[str, str], places: dict[str, bytes]) -> list[str]:
    """Which secret is where."""
    return [
        f"{what} in {where}"
        for where, data in places.items()
        for what, secret in secrets.items()
        if any(spelling in data for spelling in spellings(secret))
    ]


def files_under(folder: Path) -> dict[str, bytes]:
    """Every file, by its path in the folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def tokens_in(keyring: Path) -> list[str]:
    """What the keyring holds as a logon session's token."""
    sessions = [
        json.loads(kept) for names in json.loads(keyring.read_text()).values() for kept in names.values()
    ]
    return [session["token"] for session in sessions if isinstance(session, dict) and "token" in session]


def test_search_finds_what_is_hidden(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_bytes(b"x" + base64.b64encode(b"a\\b:S3cret") + b"y")
    assert found({"pair": "a\\b:S3cret"}, files_under(tmp_path)) == ["pair in deep/log"]
    assert found({"password": "S3cret!"}, {"terminal": b"\x1b[1mS3cret%21"}) == ["password in terminal"]


def test_nothing_written_or_shown_holds_a_secret(demo: DemoProcess, tmp_path: Path) -> None:
    """A wrong password, the whole job, a kill, another run on the kept session, a defect, an export."""
    operator = Operator(demo, tmp_path, keyring="FileKeyring")
    shown = bytearray()
    with operator.start() as terminal:
        terminal.until(lambda text: demo.user in text and "Password" in text)
        terminal.press(WRONG, "enter")
        terminal.until("Could not log on")
        terminal.press(*["backspace"] * len(WRONG), demo.password, "enter")
        terminal.until("points loaded")
        to_form(terminal, "hv-files01")
        to_confirm(terminal, "hv-files01")
        send(terminal)
        terminal.until("hv-files01: restoring")
        terminal.kill(signal.SIGKILL)
        shown += terminal.raw
    (token,) = tokens_in(operator.keyring_file)
    with operator.start() as terminal:
        operator.log_on(terminal)
        demo.control("advance", seconds=300)
        terminal.ctrl("t")
        terminal.until("hv-files01: succeeded")
        terminal.ctrl("y")
        terminal.until("|  History")
        terminal.until("succeeded")
        terminal.press("e")
        terminal.until("Export")
        terminal.press("escape")
        quit_program(terminal)
        assert terminal.wait() == 0
        shown += terminal.raw
    secrets = {
        "password": demo.password,
        "wrong password": WRONG,
        "token": token,
        "login": f"{demo.user}:{demo.password}",
    }
    files = files_under(tmp_path)
    keyring = files.pop("keyring.json")
    assert "state/journal.sqlite3" in files
    assert found(secrets, {**files, "terminal": bytes(shown)}) == []
    assert found(secrets, {"keyring": keyring}) == ["token in keyring"]
    assert len(posts(demo)) == 1
    with sqlite3.connect(operator.state / "journal.sqlite3") as journal:
        assert journal.execute("SELECT state FROM restores").fetchall() == [("succeeded",)]
    journal.close()
