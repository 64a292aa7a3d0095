"""Killing the program at a chosen moment of a restore, and telling afterwards in which phase it fell.

The server holds the moment: a reply that is not given, or a connection that is not accepted, until the
program is dead. What the phase really was is judged by the journal and by what the server got.
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

from tests.e2e.job import Operator, posts, send, to_confirm, to_form
from tests.support.demo_process import DemoProcess
from tests.support.terminal import Terminal

BEFORE_ROW = "before the row"
ROW_TO_REQUEST = "row to request"
REQUEST_TO_REPLY = "request to reply"
POLLING = "polling"
CANCELLING = "cancelling"
PHASES = (BEFORE_ROW, ROW_TO_REQUEST, REQUEST_TO_REPLY, POLLING, CANCELLING)
VMS = (
    "db01", "mail01", "erp01", "sql02", "monitor01", "wiki01", "git01", "build01",
    "jump01", "hv-sql01", "hv-files01", "terminal01", "nas-gw01",
)  # fmt: skip
"""Machines whose names no other contains, which are restored in the usual time."""
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)
TIME_SCALE = 20
LAUNCHED_S = 10
"""Seconds of the server after which a restore of those machines is no longer being launched."""
_LONGEST_S = {POLLING: 1.0}
_HELD_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One moment: which restore, in which phase, how far into it, by which signal."""

    vm: str
    phase: str
    after_s: float
    signal: signal.Signals
    is_done: bool
    """Whether the server has done what it was asked before it keeps its reply."""
    is_launched: bool
    """Whether the restore that is cancelled runs already."""

    @property
    def hold(self) -> str:
        """The fault that keeps the server quiet."""
        return "hold-reply" if self.is_done else "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the journal says of one restore."""

    state: str
    message: str
    task_id: str
    point: str
    cancel: str


def draw(seed: int, count: int) -> list[Kill]:
    """As many kills, each phase as often as the others."""
    chance = random.Random(seed)  # noqa: S311 - moments to be repeated, not secrets
    vms = chance.sample(VMS, count)
    phases = [PHASES[number % len(PHASES)] for number in range(count)]
    chance.shuffle(phases)
    return [
        Kill(
            vm=vm,
            phase=phase,
            after_s=chance.uniform(0, _LONGEST_S.get(phase, _HELD_S)),
            signal=chance.choice(SIGNALS),
            is_done=chance.random() < 0.5,
            is_launched=chance.random() < 0.5,
        )
        for vm, phase in zip(vms, phases, strict=True)
    ]


def rows(operator: Operator) -> dict[str, Row]:
    """The journal by VM. One row a VM, or the test fails."""
    path = operator.state / "journal.sqlite3"
    if not path.exists():
        return {}
    # Not `mode=ro`: what a killed program left of its log may have to be put in order before it is read.
    with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=60)) as journal:
        journal.execute("PRAGMA query_only = 1")
        found = journal.execute(
            "SELECT vm_name, state, message, task_id, point_uid, cancel FROM restores"
        ).fetchall()
    assert not [name for name, times in Counter(row[0] for row in found).items() if times > 1], found
    return {
        vm: Row(
            state=state,
            message=message,
            task_id=task_id or "",
            point=point.rpartition(":")[2].lower(),
            cancel=cancel or "",
        )
        for vm, state, message, task_id, point, cancel in found
    }


def point_of(post: dict[str, object]) -> str:
    """The id of the restore point in the path of a POST."""
    return str(post["path"]).rstrip("/").rpartition("/")[2].lower()


def restore_and_kill(operator: Operator, terminal: Terminal, kill: Kill) -> str:
    """Send a restore, kill the program at its moment; the phase in which that really was."""
    demo = operator.demo
    cancels = len(demo.requests("cancel"))
    to_form(terminal, kill.vm)
    to_confirm(terminal, kill.vm)
    _MOMENTS[kill.phase](operator, terminal, kill)
    moment = time.monotonic() + kill.after_s
    terminal.until(lambda _: time.monotonic() >= moment)
    terminal.kill(kill.signal)
    assert terminal.status in {-kill.signal, 128 + kill.signal}, terminal.text
    phase = _judged(operator, kill, cancels)
    demo.clear_faults()
    demo.control("release-connections")
    demo.control("set", option="time_scale", value=TIME_SCALE)
    return phase


def _judged(operator: Operator, kill: Kill, cancels: int) -> str:
    row = rows(operator).get(kill.vm)
    if row is None:
        return BEFORE_ROW
    if row.point not in map(point_of, posts(operator.demo)):
        return ROW_TO_REQUEST
    if not row.task_id:
        return REQUEST_TO_REPLY
    deletes = operator.demo.requests("cancel")[cancels:]
    assert len(deletes) <= 1, deletes
    unanswered = [one for one in deletes if one["status"] == 0]
    return CANCELLING if unanswered else POLLING


# -- the moments: each ends as soon as the program is in the phase ------------------------------------


def _before_row(operator: Operator, terminal: Terminal, kill: Kill) -> None:
    _send_into_held_guard(operator.demo, terminal, kill, kill.hold)


def _row_to_request(operator: Operator, terminal: Terminal, kill: Kill) -> None:
    """The guard's reply ends the connection, and the one for the request is not accepted."""
    demo = operator.demo
    _send_into_held_guard(demo, terminal, kill, "hold")
    demo.control("hold-connections")
    demo.clear_faults()
    terminal.until(lambda _: kill.vm in rows(operator))


def _request_to_reply(operator: Operator, terminal: Terminal, kill: Kill) -> None:
    _hold(operator.demo, f"{kill.hold}@submit")
    send(terminal)
    terminal.until(lambda _: _held(operator.demo))


def _polling(operator: Operator, terminal: Terminal, kill: Kill) -> None:
    send(terminal)
    terminal.until(lambda text: re.search(rf" {re.escape(kill.vm)}: \w", text) is not None)


def _cancelling(operator: Operator, terminal: Terminal, kill: Kill) -> None:
    """The server's clock stands still: else the restore might end before the DELETE."""
    demo, vm = operator.demo, re.escape(kill.vm)
    demo.control("set", option="time_scale", value=0)
    send(terminal)
    terminal.until(lambda text: re.search(rf" {vm}: launching", text) is not None)
    if kill.is_launched:
        demo.advance(LAUNCHED_S)
        terminal.until(lambda text: re.search(rf" {vm}: restoring", text) is not None)
    _hold(demo, f"{kill.hold}@cancel")
    terminal.press("c")
    effect = "cancelling deletes only its task" if kill.is_launched else "asks the server to stop it"
    terminal.until(lambda text: f"Cancel the restore of {kill.vm}?" in text and effect in text)
    terminal.press("right", "enter")
    terminal.until(lambda _: _held(demo))


_MOMENTS = {
    BEFORE_ROW: _before_row,
    ROW_TO_REQUEST: _row_to_request,
    REQUEST_TO_REPLY: _request_to_reply,
    POLLING: _polling,
    CANCELLING: _cancelling,
}


def _send_into_held_guard(demo: DemoProcess, terminal: Terminal, kill: Kill, hold: str) -> None:
    """The guard asks for this VM's sessions; the monitor's requests are held as well."""
    asked = _guards(demo, kill.vm)
    _hold(demo, f"{hold}@session")
    send(terminal)
    terminal.until(lambda _: _guards(demo, kill.vm) > asked)


def _guards(demo: DemoProcess, vm: str) -> int:
    return sum(vm in str(one["query"]) for one in demo.requests("session"))


def _hold(demo: DemoProcess, fault: str) -> None:
    demo.fault(fault)


def _held(demo: DemoProcess) -> bool:
    return bool(demo.fired())
