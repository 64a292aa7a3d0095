"""Everything but VM points and running things as resources: servers, hosts, backups, runs, vApp points."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from tui.demo.links import Hrefs, as_reference
from tui.demo.options import Options
from tui.demo.point_rows import PointRows, server_time
from tui.demo.wire import Link, Resource, Value
from tui.demo.world import (
    ALGORITHMS,
    POINT_TYPES,
    RUNS_OF_A_JOB,
    VAPP_RUNS,
    Job,
    Root,
    Server,
    VApp,
    World,
    kinds_of,
    wire_time,
)

RowT = TypeVar("RowT")
_PRODUCT = {4: "9.5.4.2866", 5: "10.0.1.4854", 6: "11.0.1.1261", 7: "12.3.1.1139"}


class Entities:
    """Describes the things of a world."""

    def __init__(self, world: World, options: Options, hrefs: Hrefs, rows: PointRows) -> None:
        self.world = world
        self._version = options.version
        self._gives_unique_ids = options.root_uid == "unique-id"
        self._hrefs = hrefs
        self._rows = rows

    @property
    def base(self) -> str:
        """What every address begins with."""
        return self._hrefs.base

    @staticmethod
    def reference_of(describe: Callable[[RowT], Resource], tag: str = "Ref") -> Callable[[RowT], Resource]:
        """The bare reference of something, made from its entity."""
        return lambda row: as_reference(describe(row), tag)

    def server(self, server: Server) -> Resource:
        """A backup server, with the action that collects its data (WIRE 11a)."""
        path = f"backupServers/{server.guid}"
        found = self._hrefs.entity(
            "BackupServer", "backupServers", server.name, server.guid,
            (
                Link("Start", self._hrefs.of(f"{path}?action=collect")),
                self._hrefs.down(f"{path}/jobs", "JobReferenceList"),
            ),
        )  # fmt: skip
        found.fields = [
            ("Description", server.description), ("Port", 9392), ("Version", _PRODUCT[self._version]),
        ]  # fmt: skip
        return found

    def root(self, root: Root) -> Resource:
        """A hierarchy root (WIRE 8.1)."""
        managed = self._hrefs.of(f"managedServers/{root.guid}")
        found = self._hrefs.entity(
            "HierarchyRoot", "hierarchyRoots", root.name, root.guid, (self._hrefs.server(root.server),),
            related=(
                Link("Related", managed, "ManagedServerReference", root.name),
            ),
        )  # fmt: skip
        found.fields = [
            ("HierarchyRootId", root.guid), ("UniqueId", root.unique_id), ("HostType", root.host_type),
        ]  # fmt: skip
        return found

    def roots(self, flaws: Collection[str]) -> Callable[[Root], Resource]:
        """What describes hierarchy roots: rightly, or with the UniqueId in the place of the id (WIRE 8.1)."""
        return self._wrong_root if self._gives_unique_ids or "wrong-roots" in flaws else self.root

    def _wrong_root(self, root: Root) -> Resource:
        found = self.root(root)
        found.attributes["UID"] = f"urn:veeam:HierarchyRoot:{root.unique_id}"
        return found

    def managed_server(self, root: Root) -> Resource:
        """The same host as a managed server."""
        found = self._hrefs.entity(
            "ManagedServer", "managedServers", root.name, root.guid, (self._hrefs.server(root.server),)
        )
        found.fields = [("Description", ""), ("ManagedServerType", root.host_type)]
        return found

    def backup_guid(self, job: Job) -> str:
        """The id of a job's backup."""
        return self.world.points.backup_ids.guid(job.number)

    def backup(self, job: Job) -> Resource:
        """A backup: what names the platform where a point does not (WIRE 4.4)."""
        guid = self.backup_guid(job)
        found = self._hrefs.entity(
            "Backup", "backups", job.name, guid,
            (
                self._hrefs.server(job.server),
                self._hrefs.down(f"backups/{guid}/restorePoints", "RestorePointReferenceList"),
            ),
        )  # fmt: skip
        found.fields = [("Platform", job.platform), ("BackupType", "Standard")]
        return found

    def run_guid(self, number: int) -> str:
        """The id of a RestorePoint."""
        return self.world.points.run_ids.guid(number)

    def run(self, number: int) -> Resource:
        """A RestorePoint, one run of a job; its files link has a wrong Type (WIRE T36)."""
        job, run = self.job_and_run(number)
        guid, path = self.run_guid(number), f"restorePoints/{self.run_guid(number)}"
        up, down = self._hrefs.up, self._hrefs.down
        found = self._hrefs.entity(
            "RestorePoint", "restorePoints", self._rows.run_name(job, run), guid,
            (
                up(f"backups/{self.backup_guid(job)}", "BackupReference", job.name),
                self._hrefs.server(job.server),
            ),
            related=(
                Link("Related", self._hrefs.of(f"{path}/backupFiles"), "RestorePointReferenceList"),
                down(f"{path}/vmRestorePoints", "VmRestorePointReferenceList"),
                down(f"{path}/vAppRestorePoints", "VAppRestorePointReferenceList"),
            ),
        )  # fmt: skip
        found.fields = [("BackupDateUTC", f"{wire_time(self.world.points.run_us(job, run), 3)}Z")]
        return found

    def job_and_run(self, number: int) -> tuple[Job, int]:
        """Which run of which job a RestorePoint is."""
        return self.world.jobs[number // RUNS_OF_A_JOB], number % RUNS_OF_A_JOB

    def run_name(self, number: int) -> str:
        """A RestorePoint's name."""
        return self._rows.run_name(*self.job_and_run(number))

    def vapp_of(self, number: int) -> tuple[VApp, int]:
        """The vApp of a vApp point, and which run made it."""
        return self.world.vapps[number // VAPP_RUNS], number % VAPP_RUNS

    def vapp_us(self, number: int) -> int:
        """When a vApp point was made."""
        vapp, run = self.vapp_of(number)
        return self.world.points.run_us(vapp.job, run) + 2_107_000

    def vapp_point_name(self, number: int) -> str:
        """A vApp point's name."""
        vapp, _ = self.vapp_of(number)
        return f"{vapp.name}@{server_time(self.vapp_us(number), 3 if self._version >= 7 else 0)}"

    def vapp_ref(self, vapp: VApp) -> str:
        """HierarchyObjRef of a vApp: a second URN after the dot (WIRE T30)."""
        return f"urn:{vapp.root.platform}:Vapp:{vapp.root.guid}.{vapp.object_id}"

    def vapp_kinds(self, number: int) -> tuple[str, str]:
        """Algorithm and point type of a vApp point."""
        vapp, run = self.vapp_of(number)
        algorithm, kind = kinds_of(vapp.job.mode, run, self.world.points.runs(vapp.job))
        return ALGORITHMS[algorithm], POINT_TYPES[kind]

    def _vapp_ups(self, number: int) -> tuple[Link, ...]:
        vapp, run = self.vapp_of(number)
        run_number = vapp.job.number * RUNS_OF_A_JOB + run
        up = self._hrefs.up(
            f"restorePoints/{self.run_guid(run_number)}", "RestorePointReference", self.run_name(run_number)
        )
        return self._hrefs.server(vapp.root.server), up

    def vapp_point(self, number: int) -> Resource:
        """A vApp restore point (WIRE 10): no mounts, no backup file, its VMs are not linked."""
        vapp, _ = self.vapp_of(number)
        guid = self.world.points.vapp_ids.guid(number)
        restore = Link("Restore", self._hrefs.of(f"vAppRestorePoints/{guid}?action=restore"))
        found = self._hrefs.entity(
            "VAppRestorePoint", "vAppRestorePoints", self.vapp_point_name(number), guid,
            (restore, *self._vapp_ups(number)),
        )  # fmt: skip
        found.attributes["VAppDisplayName"] = vapp.name
        algorithm, kind = self.vapp_kinds(number)
        fields: list[tuple[str, Value]] = [("CreationTimeUTC", f"{wire_time(self.vapp_us(number), 3)}Z")]
        fields += [("Algorithm", algorithm), ("PointType", kind), ("HierarchyObjRef", self.vapp_ref(vapp))]
        found.fields = fields
        return found
