"""The tables of the query service for one world: the fields of WIRE 3.5, type by type."""

from __future__ import annotations

from tui.demo import filters
from tui.demo.activity import Activity, Session, microseconds
from tui.demo.entities import Entities
from tui.demo.filters import Field, Table
from tui.demo.options import Options
from tui.demo.point_rows import PointRows
from tui.demo.restores import Restores, Task
from tui.demo.world import ALGORITHMS, POINT_TYPES, RUNS_OF_A_JOB, Job, Root, Server, Vm, World

RESULTS = ("None", "Success", "Warning", "Failed")
SESSION_STATES = ("Starting", "Working", "Stopping", "Stopped")
_TASK_STATES = ("Running", "OperationFinished", "Finished")
_PLATFORMS = ("VMware", "HyperV", "vCloud", "AgentForLinux", "AgentForWindows", "CustomPlatform")
_BACKUP_TYPES = ("Standard", "ParentBackup", "ChildBackup")


def point_table(world: World, rows: PointRows, options: Options) -> Table[int]:
    """VM restore points. HierarchyObjRef is not documented but used by shipped clients, as is VmName."""
    points, vms = world.points, world.vms

    def vm(number: int) -> Vm:
        return vms[points.vm_of[number]]

    of_vm = points.vm_of.__getitem__

    def run(number: int) -> int:
        return vm(number).job.number * RUNS_OF_A_JOB + points.run_of[number]

    fields: dict[str, Field[int]] = {
        "uid": filters.uid("VmRestorePoint", points.ids.guid),
        "name": filters.text(rows.name),
        "creationtime": filters.time(points.created_us.__getitem__),
        "type": filters.enumeration(lambda n: POINT_TYPES[points.kinds(n)[1]], POINT_TYPES),
        "algorithm": filters.enumeration(lambda n: ALGORITHMS[points.kinds(n)[0]], ALGORITHMS),
        "restorepointid": filters.uid("RestorePoint", lambda n: points.run_ids.guid(run(n))),
        "restorepointname": filters.text(lambda n: rows.run_name(vm(n).job, points.run_of[n])),
        "vmdisplayname": filters.text(lambda n: vm(n).name, group=of_vm),
        "hierarchyobjref": filters.text(lambda n: vm(n).ref, group=of_vm),
        "backupserveruid": filters.uid("BackupServer", lambda n: vm(n).root.server.guid, group=of_vm),
        "backupservername": filters.text(lambda n: vm(n).root.server.name, group=of_vm),
    }  # fmt: skip
    if options.version >= 7:
        fields["vmname"] = fields["vmdisplayname"]
    return Table(name="VmRestorePoint", rows=points.all, fields=fields)


def vapp_table(world: World, entities: Entities) -> Table[int]:
    """vApp restore points; their RestorePointId is a text."""

    def server(number: int) -> Server:
        return entities.vapp_of(number)[0].root.server

    def run_guid(number: int) -> str:
        vapp, run = entities.vapp_of(number)
        return entities.run_guid(vapp.job.number * RUNS_OF_A_JOB + run)

    return Table(name="vAppRestorePoint", rows=world.points.vapp_numbers, fields={
        "uid": filters.uid("VAppRestorePoint", world.points.vapp_ids.guid),
        "name": filters.text(entities.vapp_point_name),
        "creationtime": filters.time(entities.vapp_us),
        "type": filters.enumeration(lambda n: entities.vapp_kinds(n)[1], POINT_TYPES),
        "algorithm": filters.enumeration(lambda n: entities.vapp_kinds(n)[0], ALGORITHMS),
        "restorepointid": filters.uid("RestorePoint", run_guid),
        "vappdisplayname": filters.text(lambda n: entities.vapp_of(n)[0].name),
        "hierarchyobjref": filters.text(lambda n: entities.vapp_ref(entities.vapp_of(n)[0])),
        "backupserveruid": filters.uid("BackupServer", lambda n: server(n).guid),
        "backupservername": filters.text(lambda n: server(n).name),
    })  # fmt: skip


def session_table(world: World, restores: Restores, activity: Activity) -> Table[Session]:
    """Restore sessions of the last 30 days (WIRE T27)."""

    def server(session: Session) -> Server:
        return world.servers[activity.server_number(session)]

    def ended(session: Session) -> int:
        end = activity.ended(session)
        return -1 if end is None else microseconds(end)

    def rows() -> list[Session]:
        return [*restores.seen(), *restores.recent_past()]

    return Table(name="RestoreSession", rows=rows, fields={
        "uid": filters.uid("RestoreSession", lambda s: s.guid),
        "name": filters.text(activity.session_name),
        "type": filters.text(activity.job_type),
        "creationtime": filters.time(lambda s: microseconds(activity.begun(s))),
        "endtime": filters.time(ended),
        "state": filters.enumeration(lambda s: activity.state(s)[0], SESSION_STATES),
        "result": filters.enumeration(lambda s: activity.state(s)[1], RESULTS),
        "vmdisplayname": filters.text(activity.vm_name),
        "backupserveruid": filters.uid("BackupServer", lambda s: server(s).guid),
        "backupservername": filters.text(lambda s: server(s).name),
    })  # fmt: skip


def task_fields(restores: Restores, version: int) -> dict[str, Field[Task]]:
    """Tasks of the asking logon session; the rows are the caller's."""

    def state(task: Task) -> str:
        return task.state(restores.clock.seconds(), version)

    return {
        "taskid": filters.number(lambda task: int(task.task_id.rpartition("-")[2])),
        "state": filters.enumeration(state, _TASK_STATES),
        "operation": filters.text(lambda task: task.operation),
    }


def root_table(world: World) -> Table[Root]:
    """Hierarchy roots."""
    return Table(name="HierarchyRoot", rows=lambda: world.roots, fields=_root_fields("HierarchyRoot"))


def managed_table(world: World) -> Table[Root]:
    """Managed servers: here the same as the hierarchy roots."""
    return Table(name="ManagedServer", rows=lambda: world.roots, fields=_root_fields("ManagedServer"))


def _root_fields(kind: str) -> dict[str, Field[Root]]:
    return {
        "uid": filters.uid(kind, lambda root: root.guid),
        "name": filters.text(lambda root: root.name),
        "uniqueid": filters.text(lambda root: root.unique_id),
        "hosttype": filters.text(lambda root: root.host_type),
        "managedservertype": filters.text(lambda root: root.host_type),
        "backupserveruid": filters.uid("BackupServer", lambda root: root.server.guid),
        "backupservername": filters.text(lambda root: root.server.name),
    }


def server_table(world: World) -> Table[Server]:
    """Backup servers."""
    return Table(name="BackupServer", rows=lambda: world.servers, fields={
        "uid": filters.uid("BackupServer", lambda server: server.guid),
        "name": filters.text(lambda server: server.name),
        "description": filters.text(lambda server: server.description),
        "ipordnsname": filters.text(lambda server: server.name),
        "port": filters.number(lambda _server: 9392),
        "version": filters.text(lambda _server: ""),
    })  # fmt: skip


def backup_table(world: World, entities: Entities) -> Table[Job]:
    """Backups, one per job."""
    return Table(name="Backup", rows=lambda: world.jobs, fields={
        "uid": filters.uid("Backup", entities.backup_guid),
        "name": filters.text(lambda job: job.name),
        "jobuid": filters.uid("Job", lambda job: job.guid),
        "jobname": filters.text(lambda job: job.name),
        "repositoryname": filters.text(lambda _job: "Default Backup Repository"),
        "platform": filters.enumeration(lambda job: job.platform, _PLATFORMS),
        "backuptype": filters.enumeration(lambda _job: "Standard", _BACKUP_TYPES),
        "backupserveruid": filters.uid("BackupServer", lambda job: job.server.guid),
        "backupservername": filters.text(lambda job: job.server.name),
    })  # fmt: skip


def run_table(world: World, entities: Entities) -> Table[int]:
    """RestorePoints: the runs of jobs."""

    def job(number: int) -> Job:
        return entities.job_and_run(number)[0]

    def rows() -> list[int]:
        return [j.number * RUNS_OF_A_JOB + run for j in world.jobs for run in range(world.points.runs(j))]

    return Table(name="RestorePoint", rows=rows, fields={
        "uid": filters.uid("RestorePoint", entities.run_guid),
        "name": filters.text(entities.run_name),
        "creationtime": filters.time(lambda n: world.points.run_us(*entities.job_and_run(n))),
        "backupuid": filters.uid("Backup", lambda n: entities.backup_guid(job(n))),
        "backupname": filters.text(lambda n: job(n).name),
        "backupserveruid": filters.uid("BackupServer", lambda n: job(n).server.guid),
        "backupservername": filters.text(lambda n: job(n).server.name),
    })  # fmt: skip
