"""GET /api/query (contract 3): any type, filtered, sorted, paged, as references or entities.

Pages of VM restore points are kept as gzip once made, so that a list of a hundred thousand costs the
server next to nothing the second time: a benchmark of a client must not measure this server.
"""

from __future__ import annotations

import gzip
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar

from tui.demo import filters, paging, wire_json, wire_xml
from tui.demo.catalog import task_fields
from tui.demo.logon import LogonSession
from tui.demo.messages import Reply, Request
from tui.demo.paging import Page
from tui.demo.refusal import Refused
from tui.demo.replies import content_type
from tui.demo.selection import select
from tui.demo.site import Site
from tui.demo.tables import Table
from tui.demo.wire import QueryResult, Resource

RowT = TypeVar("RowT")
_PACKED_LIMIT = 200 << 20
_SELECTIONS = 8


class Queries:
    """The query service of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._packed: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self._packed_size = 0
        self._selections: OrderedDict[tuple[object, ...], Sequence[int]] = OrderedDict()
        self.misleading = ""
        """Set while a fault makes paging loop or never end."""

    def answer(self, request: Request, session: LogonSession) -> Reply:
        """Answer one query.

        Raises:
            Refused: 400, a parameter cannot be understood.
        """
        parameters = request.parameters()
        kind = parameters.get("type", "").lower()
        if kind == "vmrestorepoint":
            return self._points(request, parameters)
        if kind == "task":
            return self._tasks(request, parameters, session)
        return self._others(request, parameters, kind)

    def _others(self, request: Request, parameters: dict[str, str], kind: str) -> Reply:
        tables, things, life = self._site.tables, self._site.entities, self._site.life
        known: dict[str, Callable[[], Reply]] = {
            "vapprestorepoint": lambda: self._list(
                request, tables.vapp_points, things.vapp_point, "VAppRestorePoints"
            ),
            "restoresession": lambda: self._list(request, tables.sessions, life.session, "RestoreSessions"),
            "hierarchyroot": lambda: self._list(request, tables.roots, things.root, "HierarchyRoots"),
            "managedserver": lambda: self._list(
                request, tables.managed, things.managed_server, "ManagedServers"
            ),
            "backupserver": lambda: self._list(request, tables.servers, things.server, "BackupServers"),
            "backup": lambda: self._list(request, tables.backups, things.backup, "Backups"),
            "restorepoint": lambda: self._list(request, tables.runs, things.run, "RestorePoints"),
        }
        if kind not in known:
            raise Refused(400, f"Query type '{parameters.get('type', '')}' is not supported.")
        return known[kind]()

    def _list(
        self, request: Request, table: Table[RowT], entity: Callable[[RowT], Resource], plural: str
    ) -> Reply:
        parameters = request.parameters()
        rows = self._selected(table, parameters)
        page = self._page(parameters)
        entities = wants_entities(parameters)
        describe = entity if entities else self._site.entities.reference_of(entity)
        info: Resource | None = page.info(request, self._base, page.count(rows))
        if table.name == "HierarchyRoot" and page.count(rows) == 1:
            info = None  # printed without, in the documentation of 13.1 (contract 3.3)
        result = QueryResult(
            wrapper="Entities" if entities else "Refs",
            plural=plural if entities else "Refs",
            rows=tuple(map(describe, page.of(rows))),
            paging=info,
        )
        return self._site.replies.say(request, result)

    def _tasks(self, request: Request, parameters: dict[str, str], session: LogonSession) -> Reply:
        """Tasks come under Resources, with or without format; their paging links drop the filter."""
        site = self._site
        own = site.restores.of_session(session)
        version = min(site.options.version, session.version)
        table = Table(name="Task", rows=lambda: own, fields=task_fields(site.restores, version))
        rows = self._selected(table, parameters)
        page = self._page(parameters)
        bare = Request(method="GET", target="/api/query?type=Task")
        result = QueryResult(
            wrapper="Resources",
            plural="Tasks",
            rows=tuple(map(site.life.task, page.of(rows))),
            paging=page.info(bare, self._base, page.count(rows)),
        )
        return site.replies.say(request, result)

    def _points(self, request: Request, parameters: dict[str, str]) -> Reply:
        site, page, entities = self._site, self._page(parameters), wants_entities(parameters)
        numbers = self._point_numbers(parameters)
        fmt = site.replies.format_of(request)
        info = page.info(request, self._base, page.count(numbers))
        key = (*self._selection_key(parameters), page, entities, fmt, request.query)
        packed = self._packed.get(key)
        if packed is None:
            result = QueryResult(
                wrapper="Entities" if entities else "Refs",
                plural="VmRestorePoints" if entities else "Refs", rows=(), paging=info,
            )  # fmt: skip
            rows = site.rows.rows(page.of(numbers), entities=entities, fmt=fmt)
            packed = self._keep(key, gzip.compress(framed(result, rows, fmt).encode(), 1, mtime=0))
        else:
            self._packed.move_to_end(key)
        wants_packed = "gzip" in request.headers.get("accept-encoding", "").lower()
        body = b"" if wants_packed else gzip.decompress(packed)
        return Reply(body=body, packed=packed, content_type=content_type(fmt))

    def _keep(self, key: tuple[object, ...], packed: bytes) -> bytes:
        self._packed[key] = packed
        self._packed_size += len(packed)
        while self._packed_size > _PACKED_LIMIT:
            self._packed_size -= len(self._packed.popitem(last=False)[1])
        return packed

    def _selection_key(self, parameters: dict[str, str]) -> tuple[object, ...]:
        chosen = tuple(parameters.get(name, "") for name in ("filter", "sortasc", "sortdesc"))
        return (self._site.world.points.version, *chosen)

    def _point_numbers(self, parameters: dict[str, str]) -> Sequence[int]:
        key = self._selection_key(parameters)
        if key not in self._selections:
            self._selections[key] = self._selected(self._site.tables.points, parameters)
            if len(self._selections) > _SELECTIONS:
                self._selections.popitem(last=False)
        return self._selections[key]

    def _selected(self, table: Table[RowT], parameters: dict[str, str]) -> Sequence[RowT]:
        text = parameters.get("filter", "")
        node = filters.parse(text) if text else None
        descending = "sortdesc" in parameters
        sort = parameters.get("sortdesc" if descending else "sortasc", "")
        return select(table, node, sort, descending=descending)

    def _page(self, parameters: dict[str, str]) -> Page:
        page = paging.asked(parameters, self._site.options.page_size)
        return Page(page.number, page.size, self.misleading)

    @property
    def _base(self) -> str:
        return self._site.entities.base


def wants_entities(parameters: dict[str, str]) -> bool:
    """`format=Entities`, or `Entity` for single resources; any case."""
    return parameters.get("format", "").lower() in {"entities", "entity"}


def framed(result: QueryResult, rows: Sequence[str], fmt: str) -> str:
    """Rows that are text already, in the frame of a query result."""
    if fmt == "xml":
        head, tail = wire_xml.query_frame(result)
        return head + "".join(rows) + tail
    head, tail = wire_json.query_frame(result, camel=fmt == "camel")
    return head + ",".join(rows) + tail
