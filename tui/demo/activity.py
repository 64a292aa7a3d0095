"""Logon sessions, tasks and restore sessions as resources."""

from __future__ import annotations

from datetime import datetime, timedelta

from tui.demo.links import Hrefs
from tui.demo.logon import LogonSession
from tui.demo.options import Options
from tui.demo.point_rows import server_time
from tui.demo.restores import PastSession, Restore, Restores, Task
from tui.demo.wire import Items, Link, Resource, Value
from tui.demo.world import CLOUD, HYPERV, Vm, World, wire_time

SENTINEL = "1753-01-01T00:00:00Z"
Session = Restore | PastSession
_FLAGS = {"CredentialsNeeded": "credentials", "ConfirmationNeeded": "confirmation"}
_QUESTIONS = {
    "credentials": "Guest credentials are required",
    "confirmation": "The VM is running. Confirm that it may be powered off",
    "both": "Guest credentials and a confirmation are required",
}


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970."""
    return int(moment.timestamp() * 1_000_000)


class Activity:
    """Describes what is going on."""

    def __init__(self, world: World, options: Options, hrefs: Hrefs, restores: Restores) -> None:
        self._world = world
        self._options = options
        self._hrefs = hrefs
        self._restores = restores

    @property
    def oldest_version(self) -> int:
        """The oldest API version offered: 9.5 Update 4 still has them all (WIRE 1.2)."""
        newest = self._options.version
        return 0 if newest == 4 else max(newest - 2, 3)

    def root(self) -> Resource:
        """GET /api/ (WIRE 1.3): no Href, no Type."""
        create = "sessionMngr/?v="
        numbers = range(self.oldest_version, self._options.version + 1)
        names = [f"v1_{minor}" if minor else "v1" for minor in numbers]
        versions = tuple(
            Resource(
                tag="SupportedVersion", attributes={"Name": name},
                links=(Link("Create", self._hrefs.of(create + name), "LogonSession"),),
            )
            for name in names
        )  # fmt: skip
        return Resource(
            tag="EnterpriseManager",
            links=(
                self._hrefs.down("logonSessions", "LogonSessionList"),
                Link("Create", self._hrefs.of(f"{create}latest"), "LogonSession"),
            ),
            fields=[("SupportedVersions", Items("SupportedVersions", versions))],
        )

    def logon(self, session: LogonSession) -> Resource:
        """A logon session with the links its account may use."""
        href = self._hrefs.of(f"logonSessions/{session.guid}")
        places = {
            "vmRestorePoints": "VmRestorePointReferenceList",
            "vAppRestorePoints": "VAppRestorePointReferenceList",
            "restoreSessions": "RestoreSessionReferenceList", "tasks": "TaskList", "querySvc": "QueryService",
            "backups": "BackupReferenceList", "restorePoints": "RestorePointReferenceList",
            "jobs": "JobReferenceList",
        }  # fmt: skip
        if self._options.role != "restore-operator":
            places |= {
                "lookupSvc": "LookupService", "hierarchyRoots": "HierarchyRootReferenceList",
                "backupServers": "BackupServerReferenceList",
            }  # fmt: skip
        return Resource(
            tag="LogonSession",
            attributes={"Type": "LogonSession", "Href": href},
            links=(
                Link("Up", self._hrefs.base, "EnterpriseManager"),
                *(self._hrefs.down(path, kind) for path, kind in places.items()),
                Link("Delete", href),
            ),
            fields=[("UserName", session.user), ("SessionId", session.guid)],
        )

    def task(self, task: Task) -> Resource:
        """A task (WIRE 6.1). Its state alone says how far it is, never the Result."""
        now = self._restores.clock.seconds()
        state = task.state(now, min(self._options.version, task.session.version))
        href = self._hrefs.of(f"tasks/{task.task_id}")
        links = [Link("Delete", href, "Task")]
        fields: list[tuple[str, Value]] = [
            ("TaskId", task.task_id), ("State", state), ("Operation", task.operation)
        ]  # fmt: skip
        restore = task.restore
        early = restore is not None and restore.behaviour.early_result
        if state != "Running" or early:
            fields.append(("Result", self._result(task, state)))
            if restore and restore.has_session and restore.behaviour.session_link:
                related = self._hrefs.of(f"restoreSessions/{restore.guid}?format=Entity")
                links.append(Link("Related", related, "RestoreSession"))
            elif restore is None:
                related = self._hrefs.of(f"backupServers/{task.server_guid}")
                links.append(Link("Related", related, "BackupServerReference"))
        return Resource(
            tag="Task", attributes={"Type": "Task", "Href": href}, links=tuple(links), fields=fields
        )

    def _result(self, task: Task, state: str) -> Resource:
        restore = task.restore
        failure = restore.behaviour.launch_failure if restore else ""
        attributes: dict[str, str | int | bool] = {"Success": not failure}
        if restore and restore.behaviour.asks_back:
            wanted = self._options.asks_for
            attributes |= {flag: True for flag, word in _FLAGS.items() if wanted in {word, "both"}}
            failure = _QUESTIONS[wanted]
        message = failure or ("Ok" if state == "Finished" else "OperationFinished")
        if restore is None:
            message = "Collection of the backup server's data has been started"
        return Resource(tag="Result", attributes=attributes, fields=[("Message", message)])

    def begun(self, session: Session) -> datetime:
        """When a restore session was created, by the server's clock."""
        if isinstance(session, PastSession):
            return session.begun
        start = session.created if session.behaviour.early_result else session.launched_at
        return self._restores.clock.start + timedelta(seconds=start)

    def ended(self, session: Session) -> datetime | None:
        """When it ended; None while it runs."""
        if isinstance(session, PastSession):
            return session.ended
        if session.state(self._restores.clock.seconds()) != "Stopped":
            return None
        return self._restores.clock.start + timedelta(seconds=session.ends_at)

    def session_name(self, session: Session) -> str:
        """`app07@2025-02-03 09:10:11` (WIRE 7)."""
        if isinstance(session, PastSession):
            return session.name
        return f"{session.thing.name}@{server_time(microseconds(self.begun(session)), 0)}"

    def vm_name(self, session: Session) -> str:
        """VmDisplayName of a restore session."""
        return session.vm_name if isinstance(session, PastSession) else session.thing.name

    def server_number(self, session: Session) -> int:
        """Which backup server does it."""
        return session.server if isinstance(session, PastSession) else session.thing.root.server.number

    def job_type(self, session: Session) -> str:
        """RestoreVm for entire VMs."""
        if isinstance(session, PastSession):
            return session.job_type
        return "RestoreVm" if isinstance(session.thing, Vm) else "RestoreVApp"

    def state(self, session: Session) -> tuple[str, str]:
        """State and Result."""
        if isinstance(session, PastSession):
            return "Stopped", session.result
        now = self._restores.clock.seconds()
        return session.state(now), session.result(now)

    def session(self, session: Session) -> Resource:
        """A restore session (WIRE 7)."""
        server = self._world.servers[self.server_number(session)]
        found = self._hrefs.entity(
            "RestoreSession", "restoreSessions", self.session_name(session), session.guid,
            (self._hrefs.server(server),), related=self._point_link(session),
        )  # fmt: skip
        found.attributes["VmDisplayName"] = self.vm_name(session)
        state, result = self.state(session)
        found.fields = [
            ("JobType", self.job_type(session)),
            ("CreationTimeUTC", f"{wire_time(microseconds(self.begun(session)), 3)}Z"),
        ]
        end = self.ended(session)
        if end is not None:
            found.fields.append(("EndTimeUTC", f"{wire_time(microseconds(end), 7)}Z"))
        elif isinstance(session, Restore) and session.behaviour.end_sentinel:
            found.fields.append(("EndTimeUTC", SENTINEL))
        found.fields += [("State", state), ("Result", result), *self._details(session, result)]
        return found

    def _point_link(self, session: Session) -> tuple[Link, ...]:
        if isinstance(session, PastSession) or not session.links_point:
            return ()
        path = "vm" if session.point_kind == "VmRestorePoint" else "vApp"
        href = self._hrefs.of(f"{path}RestorePoints/{session.point_guid}")
        return (Link("Related", href, f"{session.point_kind}Reference", session.point_name),)

    def _details(self, session: Session, result: str) -> list[tuple[str, Value]]:
        if isinstance(session, PastSession):
            return [("Progress", 100), *([("FailureMessage", session.message)] if session.message else [])]
        found: list[tuple[str, Value]] = []
        if session.behaviour.progress != "missing":
            found.append(("Progress", session.progress(self._restores.clock.seconds())))
        if session.was_stopped and result == "Failed":
            found.append(("FailureMessage", "Restore job was stopped by user"))
        elif session.behaviour.message and result in {"Failed", "Warning"}:
            found.append(("FailureMessage", session.behaviour.message))
        if isinstance(session.thing, Vm) and result in {"Success", "Warning"}:
            found.append(("RestoredObjRef", restored_ref(session.thing, session)))
        return found


def restored_ref(vm: Vm, restore: Restore) -> str:
    """The restored VM: the original where it was overwritten, else a new one (WIRE 7)."""
    if restore.requested.overwrites:
        return vm.ref
    new_id = f"vm-{9000 + restore.number}"
    if vm.root.platform == HYPERV:
        new_id = restore.guid
    elif vm.root.platform == CLOUD:
        new_id = f"urn:vcloud:vm:{restore.guid}"
    return f"urn:{vm.root.platform}:Vm:{vm.root.guid}.{new_id}"
