"""The same search after the longer ways: a reason typed, a cancel, and a password typed into a dialog."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.job import Operator, posts, quit_program, send, to_confirm, to_form
from tests.e2e.leaks import WATCHING, WRONG, files_under, found, tokens_in
from tests.support.demo_process import DemoProcess
from tests.support.terminal import Terminal

pytestmark = pytest.mark.xdist_group("e2e")

F5 = "\x1b[15~"
REASON = "INC-4711 3 a.m."


def restore_with_a_reason(terminal: Terminal) -> None:
    """`archive01`, which launches for 45 s of the server, whose clock stands still."""
    to_form(terminal, "archive01")
    terminal.press("tab", "tab", "tab", REASON)  # past the two switches
    terminal.until(REASON)
    to_confirm(terminal, "archive01")
    send(terminal)
    terminal.until("archive01: launching")


def cancel_to_the_end(terminal: Terminal) -> None:
    """The dialog, from its question to what the server said."""
    terminal.press("c")
    terminal.until("Cancel the restore of archive01?")
    terminal.press("right", "enter")
    terminal.until(
        lambda text: (
            "Cancel accepted; whether it stops" in text or "The task is gone after the cancel" in text
        )
    )
    terminal.press("enter")
    terminal.until(lambda text: "Cancel the restore of" not in text)


def log_on_in_the_dialog(terminal: Terminal, password: str) -> None:
    """Over the list, whose reading found that the logon session had expired; the first password is wrong."""
    terminal.until("Log on again to continue where you were.")
    terminal.press("enter", *WRONG, "enter")
    terminal.until("Could not log on again")
    terminal.press(*["backspace"] * len(WRONG), password, "enter")
    terminal.until(lambda text: "points loaded" in text and "Log on again" not in text)


def export_history(terminal: Terminal) -> None:
    """The journal, as JSON lines in the file that is offered."""
    terminal.ctrl("y")
    terminal.until(lambda text: "|  History" in text and "archive01" in text)
    terminal.press("X")
    terminal.until("Export the journal")
    terminal.press("enter")
    terminal.until(lambda text: "|  History" in text and "Export the journal" not in text)
    terminal.press("escape")


@pytest.mark.soak
def test_reason_cancel_and_a_second_logon_leave_no_secret(demo: DemoProcess, tmp_path: Path) -> None:
    """The tokens of both logon sessions count, and the reason shows that the search finds what was typed."""
    demo.control("set", option="time_scale", value=0)
    operator = Operator(demo, tmp_path, keyring="FileKeyring")
    operator.environment |= {
        **WATCHING,
        "TEXTUAL_LOG": str(tmp_path / "textual.log"),
        "TMPDIR": str(tmp_path),
    }
    with operator.start() as terminal:
        operator.log_on(terminal)
        terminal.until(lambda _: operator.has_kept_session())
        (first,) = tokens_in(operator.keyring_file)
        restore_with_a_reason(terminal)
        cancel_to_the_end(terminal)
        terminal.press("escape")
        terminal.until("points loaded")
        demo.control("expire-sessions")
        terminal.press(F5)
        log_on_in_the_dialog(terminal, demo.password)
        export_history(terminal)
        quit_program(terminal)
        assert terminal.wait() == 0
        shown = bytes(terminal.raw)
    (second,) = tokens_in(operator.keyring_file)
    assert first != second
    secrets = {
        "password": demo.password,
        "wrong password": WRONG,
        "first token": first,
        "second token": second,
        "login": f"{demo.user}:{demo.password}",
        "wrong login": f"{demo.user}:{WRONG}",
    }
    files = files_under(tmp_path)
    keyring = files.pop("keyring.json")
    (export,) = (path for path in files if path.endswith(".jsonl"))
    places = {**files, "terminal": shown}
    assert found(secrets, places) == []
    assert found(secrets, {"keyring": keyring}) == ["second token in keyring"]
    assert {f"reason in {where}" for where in ("state/journal.sqlite3", export, "terminal")} <= set(
        found({"reason": REASON}, places)
    )
    assert len(posts(demo)) == 1
    assert [one["status"] for one in demo.requests("cancel")] == [204]
    assert sorted(one["status"] for one in demo.requests("logon")) == [201, 201, 401]
