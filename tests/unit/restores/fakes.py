"""A server, a journal and a clock in memory, so that a test says exactly what happened when."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from tests.unit.restores.points import NOW, SERVER, point
from tui.api.codec.restore_request import RestoreRequest
from tui.api.errors import ManagerError
from tui.api.models import (
    Items,
    LogonSession,
    Platform,
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
from tui.restore_states import RestoreState
from tui.restores.restore import Restore, Timestamp
from tui.store.errors import JournalError, NotOwner, VmInFlight
from tui.store.journal_entry import JournalEntry

Answer = Task | ManagerError | BaseException


def task(
    state: TaskState = TaskState.RUNNING,
    *,
    number: int = 1,
    success: bool | None = None,
    message: str = "",
    session: int = 0,
    needs_input: bool = False,
) -> Task:
    return Task(
        task_id=f"task-{number}",
        state=state,
        success=success,
        message=message,
        needs_input=needs_input,
        delete_href=f"/api/tasks/task-{number}",
        session_href=f"/api/restoreSessions/{session_id(session)}?format=Entity" if session else "",
    )


def session_id(number: int) -> str:
    return f"5d2c7f10-0001-4a00-8000-0000ee{number:06x}"


def restore_request(body: bytes = b"<RestoreSpec/>") -> RestoreRequest:
    path = "/api/vmRestorePoints/x?action=restore"
    return RestoreRequest(method="POST", path=path, headers={}, body=body, wire=WireFormat.XML)


class FakeClock:
    """A clock that moves only when told, or by what sleeps on it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return 1000.0 + self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)

    def timestamp(self) -> Timestamp:
        return Timestamp(wall=self.now(), monotonic_s=self.monotonic())


def at(seconds: float) -> Timestamp:
    """So many seconds after the tests' beginning."""
    clock = FakeClock()
    clock.seconds = seconds
    return clock.timestamp()


def logon(number: int = 1) -> LogonSession:
    return LogonSession(user=r"LAB\op", session_id=f"session-{number}", token=f"token-{number}")


@dataclass
class FakeManager:
    """Answers as told and counts what was sent."""

    session: LogonSession | None = field(default_factory=logon)
    api_version: str = "v1_7"
    post: Answer = field(default_factory=task)
    task_list: Sequence[Task] | ManagerError = ()
    session_list: Sequence[RestoreSession] | ManagerError = ()
    is_list_whole: bool = True
    unreadable: int = 0
    """What each list holds beside these."""
    delete: ManagerError | None = None
    posts: list[RestoreRequest] = field(default_factory=list)
    restored_name: str | ManagerError = ""
    names_asked: list[str] = field(default_factory=list)
    """References whose name was asked for."""
    deletes: list[Task] = field(default_factory=list)
    queries: list[Query] = field(default_factory=list)
    task_lists: int = 0
    requests_built: int = 0
    on_post: Callable[[], None] = lambda: None
    on_delete: Callable[[], None] = lambda: None
    hold: asyncio.Event | None = None

    def write_request(
        self, point: RestorePoint, spec: RestoreSpec, wire: WireFormat | None = None
    ) -> RestoreRequest:
        self.requests_built += 1
        return restore_request()

    def check_may_write(self) -> None:
        pass

    async def send(self, request: RestoreRequest) -> Task:
        self.posts.append(request)
        self.on_post()
        if self.hold is not None:
            await self.hold.wait()
        if isinstance(self.post, BaseException):
            raise self.post
        return self.post

    async def tasks(self) -> Items[Task]:
        self.task_lists += 1
        if isinstance(self.task_list, ManagerError):
            raise self.task_list
        return Items.of(self.task_list, self.unreadable)

    async def cancel_task(self, task: Task) -> None:
        self.deletes.append(task)
        self.on_delete()
        if self.hold is not None:
            await self.hold.wait()
        if self.delete is not None:
            raise self.delete

    async def name_of_reference(self, reference: str) -> str:
        self.names_asked.append(reference)
        if isinstance(self.restored_name, ManagerError):
            raise self.restored_name
        return self.restored_name

    async def restore_sessions(self, query: Query) -> Items[RestoreSession]:
        self.queries.append(query)
        if isinstance(self.session_list, ManagerError):
            raise self.session_list
        found = Items.of(self.session_list, self.unreadable)
        found.is_whole = self.is_list_whole
        return found


class FakeJournal:
    """Rows in memory, with everything that was ever written."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self.writes: list[tuple[int, dict[str, Any]]] = []
        self.released: list[int] = []
        self.fail = False
        self.taken_over: set[int] = set()
        self.not_ours: set[int] = set()
        self._answers = threading.Event()
        self._answers.set()

    def hold_updates(self) -> threading.Event:
        """From now on a change of a row takes until the event is set, as on a folder that hangs."""
        self._answers.clear()
        return self._answers

    def plan(self, *, known_rows: Collection[int] | None = None, **fields: object) -> JournalEntry:
        self._check()
        others = self.in_flight_of_vm(str(fields.get("vm_name", "")), "")
        if known_rows is not None and any(row.id not in known_rows for row in others):
            raise VmInFlight("Row of another.")
        number = len(self.rows) + 1
        unseen = {
            "newest_before": None, "found_by": "", "session_started": None, "session_ended": None,
            "session_result": "", "why_unknown": "", "owner": "",
        }  # fmt: skip
        blank = {"task_id": "", "task_href": "", "session_uid": "", "progress": None, "message": ""}
        uncancelled = {
            "cancel": "", "cancel_words": "", "cancel_by": "", "cancel_asked": None, "cancel_answered": None,
        }  # fmt: skip
        self.rows[number] = {
            "id": number, "created": NOW, "updated": NOW, "started": None, "ended": None,
            **blank, **unseen, **uncancelled, "state": RestoreState.PLANNED, **fields,
        }  # fmt: skip
        return self._entry(number)

    def get(self, id: int) -> JournalEntry:
        return self._entry(id)

    def update(self, id: int, **fields: object) -> JournalEntry:
        self._answers.wait(10)
        self._check()
        if id in self.taken_over:
            raise NotOwner("Another program has it.")
        self.rows[id].update(fields)
        self.writes.append((id, fields))
        return self._entry(id)

    def in_flight(self, server: str) -> list[JournalEntry]:
        over = {RestoreState.SUCCEEDED, RestoreState.WARNING, RestoreState.FAILED, RestoreState.CANCELLED}
        return [self._entry(number) for number, row in self.rows.items() if row["state"] not in over]

    def open_rows(self) -> list[JournalEntry]:
        return self.in_flight("")

    def all_in_flight(self) -> list[JournalEntry]:
        return self.in_flight("")

    def in_flight_of_vm(self, vm_name: str, backup_server_uid: str) -> list[JournalEntry]:
        return [row for row in self.in_flight("") if row.vm_name == vm_name]

    def sessions_taken(self) -> dict[str, int]:
        return {row["session_uid"].lower(): id for id, row in self.rows.items() if row["session_uid"]}

    def claim_session(self, id: int, session_uid: str, found_by: str) -> bool:
        self._check()
        if self.sessions_taken().get(session_uid.lower(), id) != id:
            return False
        self.rows[id] |= {"session_uid": session_uid, "found_by": found_by}
        return True

    def claim(self, id: int, *, from_elsewhere: bool = False, from_owner: str = "") -> bool:
        return id not in self.not_ours

    def release(self, id: int) -> None:
        self.released.append(id)

    def states(self, id: int = 1) -> list[RestoreState]:
        """The states a row went through, repeats left out."""
        states = [RestoreState.PLANNED, RestoreState.SENT]
        for number, fields in self.writes:
            if number == id and fields.get("state", states[-1]) is not states[-1]:
                states.append(fields["state"])
        return states

    def _check(self) -> None:
        if self.fail:
            raise JournalError("The disk is full.")

    def _entry(self, number: int) -> JournalEntry:
        return cast(JournalEntry, SimpleNamespace(unreadable="", **self.rows[number]))


def finished(session: int = 1, *, number: int = 1) -> Task:
    return task(TaskState.FINISHED, success=True, message="Ok", session=session, number=number)


def session(
    number: int = 1,
    state: SessionState = SessionState.WORKING,
    result: SessionResult = SessionResult.NONE,
    *,
    vm: str = "app07",
    progress: int | None = None,
    says: str = "",
    point_uid: str = "",
    server: str = SERVER,
    job_type: str = "RestoreVm",
    name: str = "",
) -> RestoreSession:
    return RestoreSession(
        uid=f"urn:veeam:RestoreSession:{session_id(number)}",
        state=state,
        result=result,
        vm_name=vm,
        name=name,
        job_type=job_type,
        progress=progress,
        failure_message=says,
        point_uid=point_uid,
        server_uid=server,
        created=NOW + timedelta(seconds=number),
    )


def stopped(result: SessionResult, number: int = 1, says: str = "", *, point_uid: str = "") -> RestoreSession:
    return session(number, SessionState.STOPPED, result, says=says, point_uid=point_uid)


def restore(state: RestoreState = RestoreState.LAUNCHING, **changes: object) -> Restore:
    chosen = point(Platform.VSPHERE)
    fields: dict[str, Any] = {
        "key": "r1",
        "vm_name": chosen.vm_name,
        "platform": chosen.platform,
        "point_uid": chosen.uid,
        "server_uid": chosen.server_uid,
        "server_name": chosen.server_name,
        "submitted": NOW,
        "state": state,
        "task_id": "task-1",
        "task_href": "/api/tasks/task-1",
        "task_session": "session-1",
    }
    return Restore(**{**fields, **changes})
