"""Every call of the client, and what the embedded server replies to each: the mutations start from that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

from tests.support.demo_process import DemoProcess
from tui.api.client import EnterpriseManager, Query, Trust
from tui.api.limits import Limits
from tui.api.models import (
    BackupServer,
    LogonSession,
    PointKind,
    RestorePoint,
    ServerAddress,
    Task,
    TaskState,
    VmRestoreSpec,
    WireFormat,
)
from tui.api.models.resources import NO_TIME
from tui.api.page_worker import PageWorker
from tui.api.transport import Call, Reply, Transport

DIALECTS = ("xml", "json", "json-camel")
PAGE = Query(page_size=3)
GONE = "0a1b2c3d-0000-4000-8000-00000000ffff"


@dataclass
class Known:
    """What the calls ask for; on the tour it is filled with what the server really has."""

    point: RestorePoint = field(
        default_factory=lambda: RestorePoint(
            uid=f"urn:veeam:VmRestorePoint:{GONE}", vm_name="vm", created=NO_TIME, restore_point_id=GONE
        )
    )
    vapp: RestorePoint = field(
        default_factory=lambda: RestorePoint(
            uid=f"urn:veeam:VAppRestorePoint:{GONE}", vm_name="vapp", created=NO_TIME, kind=PointKind.VAPP
        )
    )
    task: Task = field(default_factory=lambda: Task(task_id="task-1", state=TaskState.RUNNING))
    session_id: str = GONE
    root_uid: str = f"urn:veeam:HierarchyRoot:{GONE}"
    server: BackupServer = field(
        default_factory=lambda: BackupServer(uid=f"urn:veeam:BackupServer:{GONE}", name="vbr")
    )


Operation = Callable[[EnterpriseManager, Known], Awaitable[object]]
CALLS: dict[str, Operation] = {
    "discover": lambda manager, known: manager.discover(),
    "log_on": lambda manager, known: manager.log_on("LAB\\restore-op", "demo-Passw0rd"),
    "keep_alive": lambda manager, known: manager.keep_alive(),
    "vm points": lambda manager, known: manager.points_page(PAGE, 1),
    "vapp points": lambda manager, known: manager.points_page(PAGE, 1, kind=PointKind.VAPP),
    "all points": lambda manager, known: _all_points(manager),
    "vm point": lambda manager, known: manager.vm_restore_point(known.point.id),
    "vapp point": lambda manager, known: manager.vapp_restore_point(known.vapp.id),
    "vms of vapp": lambda manager, known: manager.vms_of_vapp_point(known.vapp),
    "platform": lambda manager, known: manager.platform_of(_without_platform(known.point)),
    "start": lambda manager, known: manager.send(manager.write_request(known.point, VmRestoreSpec())),
    "tasks": lambda manager, known: manager.tasks(),
    "task": lambda manager, known: manager.task(known.task.task_id),
    "sessions": lambda manager, known: manager.restore_sessions(PAGE),
    "session": lambda manager, known: manager.restore_session(known.session_id),
    "roots": lambda manager, known: manager.hierarchy_roots(),
    "lookup": lambda manager, known: manager.lookup(known.root_uid, "Datastore"),
    "servers": lambda manager, known: manager.backup_servers(),
    "collect": lambda manager, known: manager.collect(known.server),
    "cancel": lambda manager, known: manager.cancel_task(known.task),
    "log_off": lambda manager, known: manager.log_off(),
}


async def _all_points(manager: EnterpriseManager) -> object:
    return [page async for page in manager.vm_restore_points(PAGE)]


def _without_platform(point: RestorePoint) -> RestorePoint:
    return RestorePoint(uid=point.uid, vm_name="vm", created=NO_TIME, restore_point_id=point.restore_point_id)


@dataclass(frozen=True)
class Seed:
    """One good reply, and the call it answers."""

    call: str
    wire: WireFormat
    reply: Reply


class Canned:
    """Stands where the transport is: hands out replies instead of asking for them."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []

    async def send(self, call: Call) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    async def aclose(self) -> None:
        """Nothing is open."""


class NoWorker(PageWorker):
    """Leaves every page to the caller."""

    def start(self) -> None:
        """Start nothing."""


def canned_manager(wire: WireFormat) -> tuple[EnterpriseManager, Canned]:
    """A client whose server is a list of replies, logged on."""
    canned = Canned()
    manager = EnterpriseManager(
        ServerAddress(host="em"), wire=wire, limits=Limits(pages=3), transport=cast(Transport, canned)
    )
    # Else each spoilt reply would start a process, and nothing else be measured.
    manager._pages = NoWorker(Limits())
    manager.resume(LogonSession(user="u", session_id="s", token="t0ken-t0ken"))
    return manager, canned


async def tour(demo: DemoProcess) -> list[Seed]:
    """Each call in each dialect once, with the replies that came."""
    seeds: list[Seed] = []
    for dialect in DIALECTS:
        demo.reset(casing="camel" if dialect == "json-camel" else "pascal", role="portal-admin")
        wire = WireFormat.XML if dialect == "xml" else WireFormat.JSON
        seeds += await _one_tour(demo, wire)
    return seeds


class Recorder(Transport):
    """Keeps each reply."""

    def __init__(self, demo: DemoProcess) -> None:
        super().__init__(ServerAddress.parse(demo.url), trust=Trust(ca_file=demo.certificate))
        self.replies: list[Reply] = []

    async def send(self, call: Call) -> Reply:
        reply = await super().send(call)
        self.replies.append(reply)
        return reply


async def _one_tour(demo: DemoProcess, wire: WireFormat) -> list[Seed]:
    seeds: list[Seed] = []
    recorder, known = Recorder(demo), Known()
    address = ServerAddress.parse(demo.url)
    async with EnterpriseManager(address, wire=wire, transport=recorder) as manager:
        for name, operation in CALLS.items():
            if name == "all points":
                continue  # hundreds of pages of what is recorded already
            recorder.replies.clear()
            found = await operation(manager, known)
            seeds += [Seed(name, wire, reply) for reply in recorder.replies]
            _learn(known, name, found)
            if name == "start":
                demo.control("advance", seconds=60)
                known.session_id = (await manager.task(known.task.task_id)).session_id
    return seeds


def _learn(known: Known, call: str, found: object) -> None:
    if call == "vm points":
        known.point = found.items[0]  # type: ignore[attr-defined]
    elif call == "vapp points":
        known.vapp = found.items[0]  # type: ignore[attr-defined]
    elif call in {"start", "collect"} and isinstance(found, Task):
        known.task = found
    elif call == "roots":
        known.root_uid = found[0].uid  # type: ignore[index]
    elif call == "servers":
        known.server = found[0]  # type: ignore[index]
