"""The program is killed at any moment of a restore: none is forgotten, none is sent twice.

Each hunt is a chain: the program starts, finds what the last kill left behind, sends the next restore,
and is killed in the middle of that. The moments are drawn from a seed, which is in the test's name.
"""

from __future__ import annotations

import random
import re
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.job import Operator, posts, send, to_confirm, to_form
from tests.support.demo_process import DemoProcess
from tests.support.terminal import Terminal

pytestmark = pytest.mark.xdist_group("e2e")

VMS = (
    "db01", "mail01", "erp01", "sql02", "monitor01", "wiki01", "git01", "build01",
    "jump01", "hv-sql01", "hv-files01", "terminal01", "nas-gw01",
)  # fmt: skip
"""Machines whose names no other contains, which are restored in the usual time."""
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)
PHASES = ("before the row", "row to request", "request to reply", "polling")
HELD_S = 1.0
"""How long the server holds a reply back in which the program is killed."""
ENDS = {"Success": "succeeded", "Warning": "warning", "Failed": "failed"}
WORDS = {"failed": "FAILED", "warning": "warnings", "unknown": "UNKNOWN"}
Row = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One moment: which restore, in which phase, how far into it, by which signal."""

    vm: str
    phase: str
    after_s: float
    signal: signal.Signals


def draw(seed: int, count: int) -> list[Kill]:
    """As many kills, each phase as often as the others."""
    chance = random.Random(seed)  # noqa: S311 - moments to be repeated, not secrets
    vms = chance.sample(VMS, count)
    phases = [PHASES[number % len(PHASES)] for number in range(count)]
    chance.shuffle(phases)
    longest = {"before the row": HELD_S, "row to request": 0.03, "request to reply": HELD_S, "polling": 1.5}
    return [
        Kill(vm=vm, phase=phase, after_s=chance.uniform(0, longest[phase]), signal=chance.choice(SIGNALS))
        for vm, phase in zip(vms, phases, strict=True)
    ]


def rows(operator: Operator) -> dict[str, Row]:
    """What stands in the journal, by VM: state, message, task, session. One row a VM, or the test fails."""
    path = operator.state / "journal.sqlite3"
    if not path.exists():
        return {}
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as journal:
        found = journal.execute(
            "SELECT vm_name, state, message, task_id, session_uid FROM restores"
        ).fetchall()
    assert not [name for name, times in Counter(row[0] for row in found).items() if times > 1]
    return {row[0]: row[1:] for row in found}


def restore_and_kill(operator: Operator, terminal: Terminal, kill: Kill) -> None:
    """Send a restore and kill the program at its moment."""
    demo = operator.demo
    to_form(terminal, kill.vm)
    to_confirm(terminal, kill.vm)
    asked, sent = len(demo.requests("session")), len(posts(demo))
    if kill.phase == "before the row":
        demo.control("fault", spec=f"slow:{HELD_S}@session*1")
    if kill.phase == "request to reply":
        demo.control("fault", spec=f"slow:{HELD_S}@submit*1")
    send(terminal)
    if kill.phase == "before the row":
        terminal.until(lambda _: len(demo.requests("session")) > asked)
    elif kill.phase == "row to request":
        terminal.until(lambda _: kill.vm in rows(operator))
    elif kill.phase == "request to reply":
        terminal.until(lambda _: len(posts(demo)) > sent)
    else:
        terminal.until(f"{kill.vm}: ")
    moment = time.monotonic() + kill.after_s
    terminal.until(lambda _: time.monotonic() >= moment)
    terminal.kill(kill.signal)
    assert terminal.status in {-kill.signal, 128 + kill.signal}, terminal.text
    demo.control("clear-faults")


def started(demo: DemoProcess) -> Counter[str]:
    """How often the server really began to restore each VM."""
    return Counter(str(one["vm"]) for one in demo.restores())


def is_truthful(state: str, message: str, result: str | None) -> bool:
    """Whether a row's last word agrees with the server; `result` is None where nothing was started."""
    if result is not None:
        return state == ENDS.get(result)
    return state == "unknown" or (state == "failed" and "did not start" in message)


def all_said(operator: Operator) -> bool:
    """Whether the journal has an end for every restore that the server has ended."""
    kept = rows(operator)
    return all(
        kept.get(str(one["vm"]), ("",))[0] in ENDS.values()
        for one in operator.demo.restores()
        if one["result"]
    )


def in_history(terminal: Terminal, vm: str, state: str) -> bool:
    """Whether the History screen has the row, with its state in words."""
    return re.search(rf"{WORDS.get(state, state)} .*{re.escape(vm)} ", terminal.text) is not None


def check(operator: Operator, terminal: Terminal, kills: list[Kill]) -> None:
    """Everything has come to its end at the server: now the program must have said so."""
    demo = operator.demo
    demo.control("advance", seconds=300)
    terminal.until(lambda _: all_said(operator), 60)
    results = {str(one["vm"]): str(one["result"]) for one in demo.restores()}
    kept = rows(operator)
    for kill in kills:
        asked = sum(kill.vm in str(one["body"]) + str(one["path"]) for one in posts(demo))
        assert asked <= 1
        if kill.vm in results:
            assert kill.vm in kept, f"forgotten: {kill}"
        if kill.vm in kept:
            state, message, *_ = kept[kill.vm]
            assert is_truthful(state, message, results.get(kill.vm)), (kill, kept[kill.vm], results)
    terminal.ctrl("y")
    terminal.until("|  History")
    terminal.until(lambda _: all(in_history(terminal, vm, state) for vm, (state, *_) in kept.items()))


def hunt(operator: Operator, kills: list[Kill]) -> None:
    """Kill, start again, look; until the list is at its end."""
    demo = operator.demo
    for kill in kills:
        with operator.start() as terminal:
            operator.log_on(terminal)
            restore_and_kill(operator, terminal, kill)
        assert max(started(demo).values(), default=0) <= 1, f"doubled: {kill}"
        assert len(posts(demo)) <= len(rows(operator)), f"sent without a row: {kill}"
    with operator.start(rows=48) as terminal:
        operator.log_on(terminal)
        check(operator, terminal, kills)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_restore_is_forgotten_or_doubled(demo: DemoProcess, tmp_path: Path, seed: int) -> None:
    """Four kills without a keyring, where tasks are lost with their logon session; four with one."""
    hunt(Operator(demo, tmp_path, keyring="FileKeyring" if seed % 2 else ""), draw(seed, 4))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120))
def test_two_hundred_kills(demo: DemoProcess, tmp_path: Path, seed: int) -> None:
    hunt(Operator(demo, tmp_path, keyring="FileKeyring" if seed % 2 else ""), draw(seed, 10))
