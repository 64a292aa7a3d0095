"""Restores that were started: their tasks and their restore sessions, as the clock moves.

Nothing runs here: each state follows from the time that has passed since the request (WIRE 6, 7).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tui.demo.clock import DemoClock
from tui.demo.ids import Ids
from tui.demo.logon import LogonSession
from tui.demo.options import Options
from tui.demo.restore_request import RestoreRequest
from tui.demo.vms import Behaviour
from tui.demo.world import VApp, Vm

STOPPING_S = 3.0
STARTING_S = 2.0
REMEMBERED = timedelta(days=30)
"""How long a restore session is kept after it began (WIRE T27)."""
DISK_IS_FULL = "Failed to restore VM: the disk is full"


@dataclass(slots=True, kw_only=True)
class Restore:
    """One restore of a VM or vApp, from the request on. Times are seconds of the server's clock."""

    number: int
    guid: str
    """Of the restore session."""
    thing: Vm | VApp
    point_name: str
    point_guid: str
    point_kind: str
    requested: RestoreRequest
    behaviour: Behaviour
    created: float
    restore_s: float
    user: str
    """Who asked for it."""
    links_point: bool
    """Whether its session names the restore point."""
    launch_stopped: bool = False
    stopped_at: float | None = None

    @property
    def launched_at(self) -> float:
        """When the backup server has started the restore."""
        return self.created if self.behaviour.finished_at_once else self.created + self.behaviour.launch_s

    @property
    def seen_at(self) -> float:
        """When Enterprise Manager's own data has the restore session."""
        late = 0.0 if self.behaviour.finished_at_once else self.behaviour.collect_s
        return self.launched_at + late

    @property
    def ends_at(self) -> float:
        """When it stops, by itself or because it was stopped."""
        natural = self.launched_at + self.restore_s
        return natural if self.stopped_at is None else min(natural, self.stopped_at + STOPPING_S)

    @property
    def has_session(self) -> bool:
        """Whether there is, or will be, a restore session."""
        return not self.launch_stopped and not self.behaviour.launch_failure

    def is_seen(self, now: float) -> bool:
        """Whether the restore session is in Enterprise Manager's data."""
        early = self.behaviour.early_result and now >= self.created
        return self.has_session and (early or now >= self.seen_at)

    def state(self, now: float) -> str:
        """State of the restore session."""
        if now >= self.ends_at:
            return "Stopped"
        if self.stopped_at is not None and now >= self.stopped_at:
            return "Stopping"
        if now >= self.ends_at - self.behaviour.stopping_s:
            return "Stopping"
        return "Starting" if now < self.launched_at + STARTING_S else "Working"

    def result(self, now: float) -> str:
        """Result of the restore session; None while it runs (WIRE T17)."""
        if self.state(now) != "Stopped":
            return "None"
        return "Failed" if self.was_stopped else self.behaviour.result

    @property
    def was_stopped(self) -> bool:
        """Whether it was stopped before its natural end."""
        return self.stopped_at is not None and self.stopped_at < self.launched_at + self.restore_s

    def progress(self, now: float) -> int:
        """1 to 100 (WIRE 7)."""
        if self.behaviour.progress == "zero":
            return 0
        done = (min(now, self.ends_at) - self.launched_at) / self.restore_s
        return max(1, min(100, int(done * 100)))


@dataclass(slots=True, kw_only=True)
class Task:
    """One task of one logon session: a restore's launch, or the collection of a server's data."""

    task_id: str
    session: LogonSession
    operation: str
    created: float
    restore: Restore | None = None
    server_guid: str = ""

    def state(self, now: float, version: int) -> str:
        """Running, OperationFinished (from v1_5 on), Finished."""
        if self.restore is None:
            return "Running" if now < self.created + 2.0 else "Finished"
        if self.restore.behaviour.launch_failure:
            return "Running" if now < self.restore.launched_at else "Finished"
        if now >= self.restore.seen_at:
            return "Finished"
        return "OperationFinished" if now >= self.restore.launched_at and version >= 5 else "Running"


@dataclass(slots=True)
class PastSession:
    """A restore session from before the start; WIRE 7: they are listed for 30 days."""

    guid: str
    job_type: str
    name: str
    vm_name: str
    begun: datetime
    ended: datetime
    result: str
    server: int
    message: str = ""


@dataclass(slots=True)
class Restores:
    """All tasks and restores since the start."""

    clock: DemoClock
    options: Options
    salt: str
    tasks: list[Task] = field(default_factory=list)
    restores: list[Restore] = field(default_factory=list)
    past: list[PastSession] = field(default_factory=list)
    by_colleague: int = 0
    """How many restores somebody else has begun by the clock."""
    guids: Ids = field(init=False)

    def __post_init__(self) -> None:
        self.guids = Ids(self.salt, "RestoreSession")

    def add(self, restore: Restore) -> None:
        """Begin a restore whose task nobody here will ask for."""
        self.restores.append(restore)

    def start(self, session: LogonSession, restore: Restore, operation: str) -> Task:
        """Begin a restore: it gets the next task number of the logon session."""
        self.add(restore)
        return self._new_task(session, operation, restore=restore)

    def collect(self, session: LogonSession, server_guid: str) -> Task:
        """Begin collecting a backup server's data."""
        return self._new_task(session, "CollectingBackupServer", server_guid=server_guid)

    def _new_task(
        self, session: LogonSession, operation: str, *, restore: Restore | None = None, server_guid: str = ""
    ) -> Task:
        session.last_task += 1
        task = Task(
            task_id=f"task-{session.last_task}", session=session, operation=operation,
            created=self.clock.seconds(), restore=restore, server_guid=server_guid,
        )  # fmt: skip
        self.tasks.append(task)
        return task

    def of_session(self, session: LogonSession) -> list[Task]:
        """The tasks of one logon session; nobody else sees them (WIRE T2)."""
        return [task for task in self.tasks if task.session is session]

    def find(self, session: LogonSession, task_id: str) -> Task | None:
        """A task by its id, within a logon session."""
        wanted = task_id.lower()
        return next((task for task in self.of_session(session) if task.task_id == wanted), None)

    def delete(self, task: Task, *, in_vain: bool = False) -> None:
        """DELETE: the record goes; what else stops depends on `--cancel` (WIRE T28).

        Args:
            task: what to delete.
            in_vain: nothing stops, and the restore fails later for a reason of its own.
        """
        self.tasks.remove(task)
        restore, now = task.restore, self.clock.seconds()
        if restore is None:
            return
        if in_vain:
            restore.behaviour = replace(
                restore.behaviour, result="Failed", message=DISK_IS_FULL, stopping_s=STOPPING_S
            )
            return
        if self.options.cancel == "none":
            return
        if now < restore.launched_at:
            restore.launch_stopped = True
        elif self.options.cancel == "stops" and restore.stopped_at is None:
            restore.stopped_at = now

    def seen(self) -> list[Restore]:
        """The restores whose sessions Enterprise Manager has, newest first; older ones it forgot."""
        now = self.clock.seconds()
        oldest = now - REMEMBERED.total_seconds()
        return [
            restore for restore in reversed(self.restores)
            if restore.is_seen(now) and restore.launched_at >= oldest
        ]  # fmt: skip

    def recent_past(self) -> list[PastSession]:
        """Sessions from before the start that are not forgotten."""
        oldest = self.clock.now() - REMEMBERED
        return [session for session in self.past if session.begun >= oldest]
