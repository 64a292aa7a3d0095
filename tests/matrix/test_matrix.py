"""Faults x steps of the way of one restore: whatever the server does, nothing is lost, doubled or untrue."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.matrix.cells import (
    COSTLY,
    EXCLUDED,
    FEW_PAGES,
    FORMATS,
    WORST,
    Cell,
    Step,
    all_faults,
    cells,
    strikes,
)
from tests.matrix.lab import Lab
from tests.matrix.way import Walk
from tests.support.demo_process import DemoProcess
from tests.support.summary import FIRED
from tui.api import client
from tui.api.limits import Limits


async def try_cell(
    cell: Cell, demo: DemoProcess, folder: Path, record: Callable[[str, object], None]
) -> None:
    walk = Walk(cell, Lab(demo, folder, cell.wire))
    try:
        await walk.walk()
    finally:
        record(FIRED, walk.fired)
    assert walk.fired, "the server never fired the fault"


@pytest.mark.parametrize("cell", cells(gate=True), ids=str)
async def test_cell(
    cell: Cell, server: DemoProcess, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    await try_cell(cell, server, tmp_path, record_property)


@pytest.mark.soak
@pytest.mark.parametrize("cell", cells(gate=False), ids=str)
async def test_cell_of_the_long_hunt(
    cell: Cell,
    server: DemoProcess,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if cell.name in COSTLY:
        monkeypatch.setattr(client, "Limits", partial(Limits, session_pages=FEW_PAGES))
    await try_cell(cell, server, tmp_path, record_property)


def test_no_cell_is_left_out() -> None:
    planned = [*cells(gate=True), *cells(gate=False)]
    tried = {(cell.fault, cell.step) for cell in planned}
    wanted = {(fault, step) for fault in all_faults() for step in Step if strikes(fault, step)}
    left_out = {(fault, step) for fault, step in wanted - tried if (fault, step) not in EXCLUDED}
    assert left_out == set()
    assert len(planned) == len({str(cell) for cell in planned})


def test_the_gate_takes_every_step_both_formats_and_the_worst() -> None:
    gate = cells(gate=True)
    assert len({cell.fault for cell in gate}) == len(gate) >= len(all_faults()) // 4
    assert set(WORST.items()) <= {(cell.fault, cell.step) for cell in gate}
    assert {cell.step for cell in gate} == set(Step)
    assert {cell.wire for cell in gate} == set(FORMATS)
