"""What must hold in every cell: the server's books, the journal, the screen, the program."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.matrix.lab import Lab
from tests.matrix.operator import REASON, Operator
from tests.support.painting import check_painted
from tui.restore_states import RestoreState
from tui.screens.base import Dialog
from tui.screens.dialogs import HelpScreen
from tui.store.journal import Journal
from tui.store.journal_entry import JournalEntry

MOST_GROWTH_MB = 300
_NEVER_SHOWN = re.compile(r"Traceback|File \"|<html|<!DOCTYPE|[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Code, web pages, control characters, escape sequences, bidirectional controls."""
_SAYS_DONE = re.compile(r"\bsucceeded\b|[\u221a+:] restored\b|The (?:VM|vApp) is restored")
_SAYS_NOTHING_BEGAN = re.compile(r"It did not start|Nothing was started")
_BEGUN = {RestoreState.LAUNCHING, RestoreState.RESTORING, RestoreState.SUCCEEDED, RestoreState.WARNING}
_GOOD_END = {RestoreState.SUCCEEDED, RestoreState.WARNING}
_SAID_NOT_TO_RUN = {RestoreState.PLANNED, RestoreState.FAILED, RestoreState.CANCELLED}


def has_begun(lab: Lab) -> bool:
    """Whether a restore runs or ran at the server; a launch that was stopped does not count."""
    return any(not one["launch_stopped"] for one in lab.restores())


def has_succeeded(lab: Lab) -> bool:
    """Whether the server has restored the machine."""
    return any(one["result"] == "Success" for one in lab.restores())


def has_failed(lab: Lab) -> bool:
    """Whether the restore itself failed at the server."""
    return any(one["result"] == "Failed" and not one["launch_stopped"] for one in lab.restores())


def check_screen(operator: Operator) -> None:
    """The words on the screen are true, plain, and hold no secret."""
    shown, lab = operator.whole, operator.lab
    check_painted(operator.pilot, type(operator.app.screen).__name__)
    strange = _NEVER_SHOWN.search(shown)
    assert strange is None, f"{strange!r} is shown: {shown}"
    assert lab.demo.password not in shown
    for secret in operator.app.secrets():
        assert secret not in shown
    if not has_succeeded(lab):
        assert not _SAYS_DONE.search(shown), f"success is said before the server said it: {shown}"
    if has_begun(lab) and operator.confirmed == 1:
        assert not _SAYS_NOTHING_BEGAN.search(shown), f"it began, but it is said not to have: {shown}"


def check_server(operator: Operator) -> None:
    """One confirmation is one request at most, one wish to cancel one DELETE, and nothing runs twice."""
    lab = operator.lab
    assert lab.count("POST", "submit") <= operator.confirmed, "a restore was sent without being confirmed"
    assert len(lab.restores()) <= 1, "the machine is restored twice"
    assert lab.count("DELETE", "cancel") <= 1


def check_journal(operator: Operator) -> None:
    """One row for each request that reached the server, and no row, now or ever, that contradicts it."""
    lab = operator.lab
    posts = lab.count("POST", "submit")
    path = lab.state / "journal.sqlite3"
    if not path.exists():
        assert posts == 0, "a restore was sent without a journal"
        return
    journal = Journal.open(path, clock=lab.clock)
    try:
        rows = [row for row in journal.recent() if not row.unreadable]
        claims = [event.state for row in rows for event in journal.events(row.id)]
    finally:
        journal.close()
    assert len(rows) == posts, f"{len(rows)} rows for {posts} requests"
    _check_rows(lab, rows)
    told = sum(row.state in _GOOD_END for row in rows)
    true = sum(one["result"] == "Success" for one in lab.restores())
    assert told <= true, "the restore of somebody else is told as ours"
    if not has_succeeded(lab):
        assert not _GOOD_END & set(claims), f"the journal tells of a success there is not: {claims}"
    if not lab.restores():
        assert not _BEGUN & set(claims), f"the journal tells of a restore there is not: {claims}"


def _check_rows(lab: Lab, rows: list[JournalEntry]) -> None:
    told = [row.state for row in rows]
    if has_begun(lab) and not has_failed(lab):
        assert not all(state in _SAID_NOT_TO_RUN for state in told), f"it began, but the journal says {told}"
    assert len([state for state in told if state in _BEGUN]) <= 1
    for row in rows:
        assert row.request_body
        assert row.started
        assert row.reason == REASON, "what was typed is lost"


async def check_alive(operator: Operator) -> None:
    """The program runs, reacts to a key, and has written no crash report."""
    app, pilot = operator.app, operator.pilot
    assert app.is_running
    before = app.screen
    if isinstance(before, Dialog):
        await _check_dialog_alive(operator, before)
    else:
        await pilot.press("f1")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen), operator.shown
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is before
    assert not list(operator.lab.state.glob("crash-*")), _reports(operator.lab.state)


async def _check_dialog_alive(operator: Operator, dialog: Dialog[Any]) -> None:
    """A dialog has no help above it: its focus moves, or, where there is but one thing, it closes."""
    app, pilot = operator.app, operator.pilot
    if len(dialog.focus_chain) > 1:
        focused = app.focused
        await pilot.press("tab")
        assert app.focused is not focused
        if focused is not None:
            await pilot.press("shift+tab")
            assert app.focused is focused
    else:
        await operator.press("escape")
        assert app.screen is not dialog


def _reports(state: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in state.glob("crash-*"))


async def check_all(operator: Operator) -> None:
    """Everything that must hold at any moment."""
    check_screen(operator)
    check_server(operator)
    check_journal(operator)
    await check_alive(operator)


class Memory:
    """How far this process grew since it was made, at its highest, in MB."""

    def __init__(self) -> None:
        # 5 sets the high-water mark back to what is resident now.
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self._before = self._mb("VmRSS")

    @property
    def growth_mb(self) -> float:
        """The highest it was, over what it was at first."""
        return self._mb("VmHWM") - self._before

    @staticmethod
    def _mb(name: str) -> float:
        status: dict[str, Any] = {}
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            key, _, value = line.partition(":")
            status[key] = value
        return int(status[name].split()[0]) / 1024
