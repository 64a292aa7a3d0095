"""The program is killed at any moment of a restore: none is forgotten, none is sent twice.

Each hunt is a chain: the program starts, finds what the last kill left behind, sends the next restore,
and is killed in the middle of that. The moments are drawn from a seed, which is in the test's name.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.job import Operator, posts
from tests.e2e.kills import (
    BEFORE_ROW,
    CANCELLING,
    PHASES,
    ROW_TO_REQUEST,
    Kill,
    Row,
    draw,
    point_of,
    restore_and_kill,
    rows,
)
from tests.support.demo_process import DemoProcess
from tests.support.summary import KILLS_BY_PHASE
from tests.support.terminal import Terminal

KILLS = 10
"""Of one hunt of the long hunts: each phase twice."""
GATE_KILLS = 5
"""Of a hunt of the gate: each phase once."""
RELOAD_S = 1.0
ENDS = {"Success": "succeeded", "Warning": "warning", "Failed": "failed"}
WORDS = {"succeeded": "restored", "failed": "FAILED", "warning": "warnings", "unknown": "UNKNOWN"}
Effect = dict[str, object]


def is_truthful(row: Row, effect: Effect | None) -> bool:
    """Whether a row agrees with the server; `effect` is None where nothing was started."""
    if effect is None:
        return row.state == "unknown" or (row.state == "failed" and "did not start" in row.message)
    if effect["launch_stopped"]:
        return row.state == "unknown" and bool(row.cancel)
    if row.state == "unknown":
        # The reply was lost, and nothing names the session: its end is told as what may be the restore's.
        return "may be this restore's" in row.message
    return row.state == ENDS[str(effect["result"])]


def effects(demo: DemoProcess) -> dict[str, Effect]:
    """What the server did, by VM. One restore a VM, or the test fails."""
    restores = demo.restores()
    found = {str(one["vm"]): one for one in restores}
    assert len(found) == len(restores), f"doubled: {restores}"
    return found


def in_history(terminal: Terminal, vm: str, state: str) -> bool:
    """Whether the History screen has the row, with its state in words."""
    return re.search(rf"{WORDS.get(state, state)} .*{re.escape(vm)} ", terminal.text) is not None


def check(operator: Operator, terminal: Terminal) -> None:
    """Everything has come to its end at the server: now the program must say so, journal and screen."""
    demo = operator.demo
    demo.advance(300)
    done = effects(demo)
    assert all(effect["state"] == "Stopped" for effect in done.values()), done
    terminal.until(lambda _: all_told(operator, done))
    terminal.ctrl("y")
    terminal.until("|  History")
    reloaded = time.monotonic()

    def is_shown(_: str) -> bool:
        nonlocal reloaded
        if all(in_history(terminal, vm, row.state) for vm, row in rows(operator).items()):
            return True
        if time.monotonic() - reloaded > RELOAD_S:
            reloaded = time.monotonic()
            terminal.press("f5")
        return False

    terminal.until(is_shown)


def all_told(operator: Operator, done: dict[str, Effect]) -> bool:
    """Whether each row is true, and no restore is without one."""
    kept = rows(operator)
    assert done.keys() <= kept.keys(), f"forgotten: {done.keys() - kept.keys()}"
    return all(is_truthful(row, done.get(vm)) for vm, row in kept.items())


def hunt(operator: Operator, kills: list[Kill]) -> Counter[str]:
    """Kill, start again, look; until the list is at its end. How often each phase was really hit."""
    demo = operator.demo
    tally: Counter[str] = Counter()
    for kill in kills:
        with operator.start() as terminal:
            operator.log_on(terminal)
            tally[restore_and_kill(operator, terminal, kill)] += 1
        effects(demo)
    with operator.start(rows=48) as terminal:
        operator.log_on(terminal)
        check(operator, terminal)
    sent = Counter(map(point_of, posts(demo)))
    assert set(sent.values()) <= {1}, f"sent twice: {sent}"
    assert sent.keys() <= {row.point for row in rows(operator).values()}, "sent without a row"
    assert len(sent) == len(kills) - tally[BEFORE_ROW] - tally[ROW_TO_REQUEST], tally
    cancels = sum(kill.phase == CANCELLING for kill in kills)
    assert tally[CANCELLING] <= len(demo.requests("cancel")) <= cancels, "a DELETE was repeated"
    return tally


Recorder = Callable[[str, object], None]


def hunt_and_tell(demo: DemoProcess, home: Path, seed: int, kills: int, record: Recorder) -> None:
    """Without a keyring, where tasks are lost with their logon session, or with one; each phase is hit."""
    tally = hunt(Operator(demo, home, keyring="FileKeyring" if seed % 2 else ""), draw(seed, kills))
    record(KILLS_BY_PHASE, dict(tally))
    assert all(tally[phase] for phase in PHASES), f"missed a phase: {tally}"


def test_no_restore_is_forgotten_or_doubled(
    demo: DemoProcess, tmp_path: Path, record_property: Recorder
) -> None:
    hunt_and_tell(demo, tmp_path, 1, GATE_KILLS, record_property)


@pytest.mark.soak
@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=pytest.mark.xdist_group(f"kills-{seed}")) for seed in range(100, 120)]
)
def test_two_hundred_kills(demo: DemoProcess, tmp_path: Path, seed: int, record_property: Recorder) -> None:
    """Each hunt hits each phase, so each is hit twenty times at least."""
    hunt_and_tell(demo, tmp_path, seed, KILLS, record_property)
