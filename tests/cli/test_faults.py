"""Faults x steps for `vbem restore --wait`: one POST at most, and an exit code that the server bears out."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from functools import partial

import pytest

from tests.cli.conftest import Shell
from tests.matrix.cells import COSTLY, FORMATS, XML_ONLY, Cell, Step, all_faults, strikes
from tui.api.limits import Timeouts
from tui.cli.exit_codes import ExitCode
from tui.services import Services

STEPS = (Step.LOGON, Step.LIST, Step.GUARD, Step.SUBMIT, Step.TASK, Step.SESSION)
SPEED = 100.0
HASTY = Timeouts(connect=2, read=1, write=1, read_total=2, write_total=2)
SENDS_NOTHING = {
    ExitCode.USAGE, ExitCode.NOT_ALLOWED, ExitCode.UNREACHABLE, ExitCode.NOT_READY, ExitCode.CANCELLED,
}  # fmt: skip


class FastClock:
    """Five minutes pass in three seconds."""

    def __init__(self) -> None:
        self._began = time.time(), time.monotonic()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._began[0] + self.monotonic() - self._began[1], UTC)

    def monotonic(self) -> float:
        return self._began[1] + (time.monotonic() - self._began[1]) * SPEED

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)


def command_cells(*, gate: bool) -> list[Cell]:
    """The cells of the gate, which takes some faults where the restore is sent, or all others."""
    found = []
    for row, fault in enumerate(all_faults()):
        name = fault.partition(":")[0]
        if "+" in fault or name == "poison-row" or name in COSTLY:
            continue
        for column, step in enumerate(STEPS):
            wire = "xml" if name in XML_ONLY else FORMATS[(row + column) % len(FORMATS)]
            is_of_gate = step is Step.SUBMIT and row % 10 == 0
            if strikes(fault, step) and is_of_gate is gate:
                found.append(Cell(fault=fault, step=step, wire=wire))
    return found


def try_cell(cell: Cell, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = partial(Services, clock=FastClock(), timeouts=HASTY)
    monkeypatch.setattr("tui.cli.logon.Services", hasty)
    shell.demo.renew(seed=7, time_scale=60)
    for spec in cell.specs:
        shell.demo.fault(spec)
    done = shell.run("restore", "--vm", "wiki01", "--yes", "--wait", "--json", "--wire", cell.wire)
    posts = shell.posts()
    assert len(posts) <= 1, done.err
    assert done.code in set(ExitCode) - {ExitCode.CRASH}, done.err
    found = done.json
    assert found["version"] == 1
    shell.demo.clear_faults()
    ran = [one for one in shell.demo.restores() if one["vm"] == "wiki01"]
    if done.code == ExitCode.DONE:
        assert found["restores"][0]["state"] in {"succeeded", "warning"}
        assert ran
    elif done.code in SENDS_NOTHING:
        # The server's own refusal of the request is in the row of the restore, not an error of the command.
        assert "error" in found or [row["state"] for row in found["restores"]] == ["failed"]
        assert not ran, done.err
    elif done.code == ExitCode.FAILED and not posts:
        assert not ran
    assert "\x1b" not in done.err


@pytest.mark.parametrize("cell", command_cells(gate=True), ids=str)
def test_cell(cell: Cell, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    try_cell(cell, shell, monkeypatch)


@pytest.mark.soak
@pytest.mark.parametrize("cell", command_cells(gate=False), ids=str)
def test_cell_of_the_long_hunt(cell: Cell, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    try_cell(cell, shell, monkeypatch)
