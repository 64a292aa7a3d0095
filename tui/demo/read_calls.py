"""The plain collections and single resources that are only read (WIRE 3.6, 4.1, 7, 8, 11a)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from tui.demo import hierarchy, wire_json, wire_xml
from tui.demo.activity import Session, restored_ref
from tui.demo.filters import Table
from tui.demo.logon import LogonSession
from tui.demo.messages import Refused, Reply, Request, not_found
from tui.demo.query import wants_entities
from tui.demo.replies import content_type
from tui.demo.site import Site
from tui.demo.wire import Collection, Link, Resource
from tui.demo.world import RUNS_OF_A_JOB, Job, Root, Vm

RowT = TypeVar("RowT")
_BLOCK = 500


class ReadCalls:
    """Answers reads of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def points(self, request: Request, _session: LogonSession, rest: list[str]) -> Reply:
        """GET /vmRestorePoints: all of them, unpaged; and one of them."""
        if not rest:
            return self._stream(request, self._site.world.points.all())
        number = self._site.world.points.find(rest[0])
        if number is None:
            raise not_found(f"restore point with id [{rest[0]}]")
        if rest[1:] == ["mounts"]:
            return self._say_list(request, "VmRestorePointMounts", ())
        rows = self._site.rows
        found = rows.entity(number) if wants_entities(request.parameters()) else rows.reference(number)
        return self._site.replies.say(request, found)

    def vapp_points(self, request: Request, _session: LogonSession, rest: list[str]) -> Reply:
        """GET /vAppRestorePoints and one of them."""
        entities, points = self._site.entities, self._site.world.points
        numbers = points.vapp_numbers()
        if not rest:
            return self._all(request, numbers, entities.vapp_point, "VAppRestorePoints")
        number = points.vapp_ids.number(rest[0])
        if number not in numbers:
            raise not_found(f"vApp restore point with id [{rest[0]}]")
        return self._one(request, entities.vapp_point(number))

    def runs(self, request: Request, _session: LogonSession, rest: list[str]) -> Reply:
        """GET /restorePoints, one of them, and what belongs to it."""
        entities, points = self._site.entities, self._site.world.points
        if not rest:
            return self._all(request, self._site.tables.runs.rows(), entities.run, "RestorePoints")
        number = points.run_ids.number(rest[0])
        job, run = self._job_run(number, rest[0])
        if rest[1:] == ["vmrestorepoints"]:
            return self._stream(request, points.of_run(job, run))
        if rest[1:] == ["vapprestorepoints"]:
            found = [
                n for n in points.vapp_numbers() if entities.vapp_of(n)[0].job is job and n % 1000 == run
            ]
            return self._all(request, found, entities.vapp_point, "VAppRestorePoints")
        return self._one(request, entities.run(number))

    def _job_run(self, number: int, guid: str) -> tuple[Job, int]:
        world = self._site.world
        if 0 <= number < len(world.jobs) * RUNS_OF_A_JOB:
            job, run = self._site.entities.job_and_run(number)
            if run < world.points.runs(job):
                return job, run
        raise not_found(f"restore point with id [{guid}]")

    def files(self, request: Request, _session: LogonSession, rest: list[str]) -> Reply:
        """GET /backupFiles/{ID}/vmRestorePoints."""
        points = self._site.world.points
        return self._stream(request, points.of_run(*self._job_run(points.file_ids.number(rest[0]), rest[0])))

    def backups(self, request: Request, _session: LogonSession, rest: list[str]) -> Reply:
        """GET /backups, one of them, its restore points."""
        entities, table = self._site.entities, self._site.tables.backups
        if len(rest) == 2 and rest[1] == "restorepoints":
            job = self._named(table, rest[0])
            runs = [job.number * RUNS_OF_A_JOB + run for run in range(self._site.world.points.runs(job))]
            return self._all(request, runs, entities.run, "RestorePoints")
        return self._table(request, rest, table, entities.backup, "Backups")

    def sessions(self, request: Request, _session: LogonSession, rest: list[str]) -> Reply:
        """GET /restoreSessions: those of the last 30 days (WIRE T27)."""
        describe: Callable[[Session], Resource] = self._site.activity.session
        return self._table(request, rest, self._site.tables.sessions, describe, "RestoreSessions")

    def roots(self, request: Request, _session: LogonSession, rest: list[str]) -> Reply:
        """GET /hierarchyRoots."""
        describe = self._site.entities.roots(request.flaws)
        return self._table(request, rest, self._site.tables.roots, describe, "HierarchyRoots")

    def managed(self, request: Request, _session: LogonSession, rest: list[str]) -> Reply:
        """GET /managedServers."""
        describe = self._site.entities.managed_server
        return self._table(request, rest, self._site.tables.managed, describe, "ManagedServers")

    def servers(self, request: Request, _session: LogonSession, rest: list[str]) -> Reply:
        """GET /backupServers."""
        describe = self._site.entities.server
        return self._table(request, rest, self._site.tables.servers, describe, "BackupServers")

    def jobs(self, request: Request, _session: LogonSession, rest: list[str]) -> Reply:
        """GET /jobs: the names of the backup jobs, for clients that begin there."""
        jobs = [job for job in self._site.world.jobs if not rest or job.guid == rest[0]]
        hrefs = self._site.hrefs
        resources = {
            job.number: hrefs.entity("Job", "jobs", job.name, job.guid, (hrefs.server(job.server),))
            for job in jobs
        }
        if not rest:
            return self._all(request, jobs, lambda job: resources[job.number], "Jobs")
        if not jobs:
            raise not_found(f"job with id [{rest[0]}]")
        return self._one(request, resources[jobs[0].number])

    def query_service(self, request: Request, _session: LogonSession, _rest: list[str]) -> Reply:
        """GET /querySvc: links to ready queries (WIRE 3.6)."""
        tail = "&format=Entities&sortAsc=name&pageSize=15&page=1"
        kinds = (
            "VmRestorePoint",
            "vAppRestorePoint",
            "RestorePoint",
            "Backup",
            "RestoreSession",
            "HierarchyRoot",
        )
        base = self._site.entities.base
        links = tuple(Link("Down", f"{base}query?type={kind}{tail}", "QueryResult") for kind in kinds)
        links = (Link("Up", f"{base}logonSessions", "LogonSessionList"), *links)
        service = Resource(tag="QuerySvc", attributes={"Type": "QueryService"}, links=links)
        return self._site.replies.say(request, service)

    def lookup_service(self, request: Request, _session: LogonSession, _rest: list[str]) -> Reply:
        """GET /lookupSvc: a link per hierarchy root and type (WIRE 8.2)."""
        base = self._site.entities.base
        links = [Link("Up", f"{base}logonSessions", "LogonSessionList")]
        for root in self._site.world.roots:
            address = f"{base}lookup?host=urn:veeam:HierarchyRoot:{root.guid}&name=*&type="
            links += [Link("Down", address + kind, "HierarchyItemList") for kind in hierarchy.kinds_of(root)]
        service = Resource(tag="LookupSvc", attributes={"Type": "LookupService"}, links=tuple(links))
        return self._site.replies.say(request, service)

    def lookup(self, request: Request, _session: LogonSession, _rest: list[str]) -> Reply:
        """GET /lookup?host=..&name=..&type=.. or ?hierarchyRef=.. (WIRE 8.2); nothing found is 200."""
        parameters = request.parameters()
        reference = parameters.get("hierarchyref", "").lower()
        found = []
        if reference:
            roots = self._site.world.roots
            found = [
                thing for root in roots if root.guid in reference
                for thing in hierarchy.things(self._site.world, root) if thing.ref.lower() == reference
            ]  # fmt: skip
            found = found or [thing for thing in self._restored() if thing.ref.lower() == reference]
        else:
            root = self._lookup_root(parameters.get("host", ""))
            things = hierarchy.things(self._site.world, root)
            found = hierarchy.matching(things, parameters.get("name", "*"), parameters.get("type", ""))
        return self._say_list(request, "HierarchyItems", [thing.resource() for thing in found])

    def _restored(self) -> Iterator[hierarchy.Thing]:
        """The VMs that restores have made beside their originals."""
        now = self._site.clock.seconds()
        for one in self._site.restores.seen():
            if isinstance(one.thing, Vm) and one.result(now) in {"Success", "Warning"}:
                name = one.requested.asked_name or one.thing.name
                yield hierarchy.Thing(restored_ref(one.thing, one), "Vm", name)

    def _lookup_root(self, host: str) -> Root:
        if not host:
            raise Refused(400, "Parameter host is required.")
        root = self._site.world.root_by_guid(host.lower().removeprefix("urn:veeam:hierarchyroot:"))
        if root is None:
            raise not_found(f"hierarchy root [{host}]")
        return root

    def _named(self, table: Table[RowT], guid: str) -> RowT:
        uid = table.field("uid")
        for row in table.rows():
            if uid.get(row) == guid:
                return row
        raise not_found(f"{table.name} with id [{guid}]")

    def _table(
        self, request: Request, rest: list[str], table: Table[RowT],
        describe: Callable[[RowT], Resource], plural: str,
    ) -> Reply:  # fmt: skip
        if not rest:
            return self._all(request, table.rows(), describe, plural)
        row = self._named(table, rest[0])
        return self._one(request, describe(row))

    def _all(
        self, request: Request, rows: Sequence[RowT], describe: Callable[[RowT], Resource], plural: str
    ) -> Reply:
        if wants_entities(request.parameters()):
            return self._say_list(request, plural, [describe(row) for row in rows])
        reference = self._site.entities.reference_of(describe)
        references = Collection(tag="EntityReferences", key="Refs", rows=tuple(map(reference, rows)))
        return self._site.replies.say(request, references)

    def _one(self, request: Request, entity: Resource) -> Reply:
        if wants_entities(request.parameters()):
            return self._site.replies.say(request, entity)
        reference = self._site.entities.reference_of(lambda found: found, "EntityRef")
        return self._site.replies.say(request, reference(entity))

    def _say_list(self, request: Request, plural: str, rows: Sequence[Resource]) -> Reply:
        return self._site.replies.say(request, Collection(tag=plural, key=plural, rows=tuple(rows)))

    def _stream(self, request: Request, numbers: Sequence[int]) -> Reply:
        """VM points without paging, in blocks: all of them may be more than fits in memory."""
        fmt = self._site.replies.format_of(request)
        entities = wants_entities(request.parameters())
        tag, key = ("VmRestorePoints",) * 2 if entities else ("EntityReferences", "Refs")
        if fmt == "xml":
            head, tail = f"{wire_xml.DECLARATION}<{tag}{wire_xml.NAMESPACES}>", f"</{tag}>"
        else:
            head, tail = f'{{"{wire_json.camel_key(key) if fmt == "camel" else key}":[', "]}"

        def pieces() -> Iterator[bytes]:
            joint = "" if fmt == "xml" else ","
            yield head.encode()
            for at in range(0, len(numbers), _BLOCK):
                rows = self._site.rows.rows(numbers[at : at + _BLOCK], entities=entities, fmt=fmt)
                yield ((joint if at else "") + joint.join(rows)).encode()
            yield tail.encode()

        body = pieces() if len(numbers) > _BLOCK else b"".join(pieces())
        return Reply(body=body, content_type=content_type(fmt))
