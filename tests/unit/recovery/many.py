"""A server with many VMs, a real journal, and a queue over both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from tests.support.waiting import wait_for
from tests.unit.restores.fakes import FakeClock, FakeManager, restore_request, session, task
from tests.unit.restores.points import point
from tests.unit.store.rows import SERVER
from tui.api.codec.restore_request import RestoreRequest
from tui.api.errors import ManagerError
from tui.api.models import (
    Items,
    RestorePoint,
    RestoreSession,
    RestoreSpec,
    SessionResult,
    SessionState,
    Task,
    TaskState,
    WireFormat,
)
from tui.api.query import Query
from tui.recovery.queue import Queue, QueueLine
from tui.recovery.queue_runner import RestoreQueue
from tui.recovery.service import RecoveryService
from tui.restores.forms.form import form_for
from tui.restores.plan import RestorePlan
from tui.restores.service import RestoreService
from tui.store.journal import Journal

LEFT_OUT = (("hv-new01", "no point before the incident"),)
"""A VM of the plan that no queue of it has."""


class ManyVms(FakeManager):
    """Each VM has its own answers; a request's body is the VM's name."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, BaseException] = {}
        self.guards: dict[str, ManagerError] = {}
        self.results: dict[str, SessionResult] = {}
        """What ended, and as what."""
        self.hold_guards: asyncio.Event | None = None
        self.guarded = 0

    def write_request(
        self, point: RestorePoint, spec: RestoreSpec, wire: WireFormat | None = None
    ) -> RestoreRequest:
        return restore_request(point.vm_name.encode())

    @property
    def sent(self) -> list[str]:
        """The VMs of the POSTs, in their order."""
        return [request.body.decode() for request in self.posts]

    async def send(self, request: RestoreRequest) -> Task:
        name = request.body.decode()
        self.posts.append(request)
        self.on_post()
        if self.hold is not None:
            await self.hold.wait()
        if name in self.answers:
            raise self.answers[name]
        return task(number=number_of(name))

    async def tasks(self) -> Items[Task]:
        ended = {number_of(name) for name in self.results}
        numbers = {number_of(name) for name in (*self.sent, *self.results)}
        return Items.of(
            [
                task(TaskState.FINISHED, success=True, session=one, number=one)
                if one in ended
                else task(number=one)
                for one in numbers
            ],
            0,
        )

    async def restore_sessions(self, query: Query) -> Items[RestoreSession]:
        words = str(query.filter)
        for name, error in self.guards.items():
            if f'"{name}"' in words:
                raise error
        if "VmDisplayName" in words and self.hold_guards is not None:
            self.guarded += 1
            await self.hold_guards.wait()
        over = [
            session(number_of(name), SessionState.STOPPED, result, vm=name)
            for name, result in self.results.items()
        ]
        return Items.of(over, 0)


def number_of(name: str) -> int:
    return int(name.removeprefix("vm"))


class Site:
    """One server, one journal, and the recovery over them."""

    def __init__(self, path: Path, manager: ManyVms | None = None) -> None:
        self.manager = manager or ManyVms()
        self.clock = FakeClock()
        self.journal = Journal.open(path, clock=self.clock)
        self.restores = RestoreService(
            self.manager, self.journal, server=SERVER, clock=self.clock, operator="op@jump"
        )
        self.failures: list[str] = []
        self.expected_failures: set[str] = set()
        self.recovery = RecoveryService(self.restores, self.journal, self.clock, start=self._start)
        self._tasks: list[asyncio.Task[Any]] = []

    def _start(self, work: Coroutine[Any, Any, Any], doing: str) -> asyncio.Task[Any]:
        running = asyncio.create_task(work, name=doing)
        self._tasks.append(running)
        running.add_done_callback(
            lambda done: None if done.cancelled() or not done.exception() else self.failures.append(doing)
        )
        return running

    def plan(self, name: str) -> RestorePlan:
        chosen = point(name=name, number=number_of(name))
        return self.restores.prepare(form_for(chosen, chosen.platform), {})

    def line(self, name: str, group: int = 1, *, critical: bool = False) -> QueueLine:
        return QueueLine(plan=self.plan(name), group=group, critical=critical, record=f'"{name}"')

    async def start(self, *lines: QueueLine, at_a_time: int = 4, per_server: int = 4) -> RestoreQueue:
        queue = await self.recovery.start_queue(
            lines, name="Shop", ticket="INC-7", at_a_time=at_a_time, left_out=LEFT_OUT
        )
        queue.set_limits(per_server=per_server)
        return queue

    @property
    def queue(self) -> Queue:
        assert self.recovery.queue is not None
        return self.recovery.queue.queue

    async def until(self, true: Callable[[], object], what: str) -> None:
        await wait_for(true, what, seen=lambda: f"{self.manager.sent} {self.states()}")

    async def until_sent(self, *names: str) -> None:
        """Wait until these were sent, each once, all are answered, and nothing more is about to be."""
        await self.until(
            lambda: sorted(self.manager.sent) == sorted(names) and self.is_quiet(), f"POSTs of {names}"
        )

    def is_quiet(self) -> bool:
        busy = {"being sent", "sent"}
        return self.queue.next_line() is None and not busy & set(self.states().values())

    def states(self) -> dict[str, str]:
        """The state of each line as one word."""
        return {
            line.vm_name: str(line.restore.state if line.restore else line.state) for line in self.queue.lines
        }

    async def end(self, *names: str, result: SessionResult = SessionResult.SUCCESS) -> None:
        """The restores of these VMs end at the server, and are polled until that is known."""
        self.manager.results |= dict.fromkeys(names, result)
        for _ in range(3):
            self.clock.seconds += 1
            await self.restores.monitor.tick()

    def id_of(self, name: str) -> int:
        return next(line.id for line in self.queue.lines if line.vm_name == name)

    async def close(self) -> None:
        await self.recovery.close()
        await self.restores.close(patience_s=0)
        self.journal.close()
