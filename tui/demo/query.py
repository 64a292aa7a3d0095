"""GET /api/query (WIRE 3): any type, filtered, sorted, paged, as references or entities.

Pages of VM restore points are kept as gzip once made, so that a list of a hundred thousand costs the
server next to nothing the second time: a benchmark of a client must not measure this server.
"""

from __future__ import annotations

import gzip
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote_plus

from tui.demo import filters, wire_json, wire_xml
from tui.demo.filters import Table, select
from tui.demo.logon import LogonSession
from tui.demo.messages import Refused, Reply, Request
from tui.demo.query_tables import task_fields
from tui.demo.replies import content_type
from tui.demo.site import Site, older_sessions
from tui.demo.wire import Link, QueryResult, Resource

RowT = TypeVar("RowT")
_UPPER_HEX = re.compile(r"%[0-9A-F]{2}")
_NAMED_VM = re.compile(r'(?i)vmdisplayname\s*==\s*"([^"]+)"')
_OWN = {"pagesize", "page"}
_LARGEST = 50_000
"""A page larger than this would be made of more memory than a demo may take."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which page was asked for."""

    number: int
    size: int
    flaws: frozenset[str] = frozenset()
    """The names of the faults that mislead in paging."""

    def of(self, rows: Sequence[RowT]) -> Sequence[RowT]:
        """The rows on this page; beyond the end there are none."""
        number = self.number
        if "loop-paging" in self.flaws:
            number = 1
        elif "endless-paging" in self.flaws:
            number = (number - 1) % self.count(rows) + 1
        return rows[(number - 1) * self.size : number * self.size]

    def count(self, rows: Sequence[RowT]) -> int:
        """How many pages there are; an empty result has one (WIRE Q9)."""
        return max(1, -(-len(rows) // self.size))

    def info(self, request: Request, base: str, count: int) -> Resource | None:
        """PagingInfo: First, Previous and Next where there are such, Last."""
        if "no-paging-info" in self.flaws:
            return None
        if "endless-paging" in self.flaws:
            count = 2_000_000_000
        number = self.number
        targets = {"First": 1, "Previous": number - 1, "Next": number + 1, "Last": count}
        if "loop-paging" in self.flaws:
            targets["Next"], count = 1, max(count, number + 1)
        if number <= 1:
            del targets["Previous"]
        if number >= count:
            del targets["Next"]
        return Resource(
            tag="PagingInfo",
            attributes={"PageNum": number, "PageSize": self.size, "PagesCount": count},
            links=tuple(
                Link(rel, _address(request, base, self.size, target)) for rel, target in targets.items()
            ),
            links_last=True,
        )


def asked(parameters: dict[str, str], default_size: int) -> Page:
    """The page that a request asks for.

    Raises:
        Refused: 400, page or pageSize is not a positive number.
    """
    numbers = {"page": 1, "pagesize": default_size}
    for name in numbers:
        if name in parameters:
            text = parameters[name]
            if not (text.isascii() and text.isdigit() and 0 < int(text[:12]) < 1 << 31):
                raise Refused(400, f"Parameter {name} must be a positive number.")
            numbers[name] = int(text)
    return Page(numbers["page"], min(numbers["pagesize"], _LARGEST))


def _address(request: Request, base: str, size: int, page: int) -> str:
    """The query echoed as servers do it: lower-case hex, `+` for a space (WIRE T26)."""
    parts = []
    for name, value in _pairs(request):
        if name.lower() not in _OWN:
            text = quote_plus(value, safe="*()")
            parts.append(f"{name}={_UPPER_HEX.sub(lambda found: found[0].lower(), text)}")
    return f"{base}query?{'&'.join([*parts, f'pageSize={size}', f'page={page}'])}"


def _pairs(request: Request) -> list[tuple[str, str]]:
    values = request.parameters()
    names = [part.partition("=")[0] for part in request.query.split("&") if part]
    return [(name, values[name.lower()]) for name in dict.fromkeys(names) if name.lower() in values]


_PACKED_LIMIT = 200 << 20
_SELECTIONS = 8


class Queries:
    """The query service of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._packed: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self._packed_size = 0
        self._selections: OrderedDict[tuple[object, ...], Sequence[int]] = OrderedDict()

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
        tables, things = self._site.tables, self._site.entities
        known: dict[str, Callable[[], Reply]] = {
            "vapprestorepoint": lambda: self._list(
                request, tables.vapp_points, things.vapp_point, "VAppRestorePoints"
            ),
            "restoresession": lambda: self._sessions(request),
            "hierarchyroot": lambda: self._list(
                request, tables.roots, things.roots(request.flaws), "HierarchyRoots"
            ),
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

    def _sessions(self, request: Request) -> Reply:
        activity, table = self._site.activity, self._site.tables.sessions
        if "endless-sessions" not in request.flaws:
            return self._list(request, table, activity.session, "RestoreSessions")
        page = self._page(request)
        named = _NAMED_VM.search(request.parameters().get("filter", ""))
        older = older_sessions(self._site.world, named[1] if named else "app01", page.number, page.size)
        rows = [*page.of(self._selected(table, request.parameters())), *older][: page.size]
        return self._paged(
            request,
            rows,
            activity.session,
            "RestoreSessions",
            page.info(request, self._base, page.number + 1),
        )

    def _list(
        self, request: Request, table: Table[RowT], entity: Callable[[RowT], Resource], plural: str
    ) -> Reply:
        rows = self._selected(table, request.parameters())
        page = self._page(request)
        info = page.info(request, self._base, page.count(rows))
        if table.name == "HierarchyRoot" and page.count(rows) == 1:
            info = None  # printed without, in the documentation of 13.1 (WIRE 3.3)
        return self._paged(request, page.of(rows), entity, plural, info)

    def _paged(
        self,
        request: Request,
        rows: Sequence[RowT],
        entity: Callable[[RowT], Resource],
        plural: str,
        info: Resource | None,
    ) -> Reply:
        entities = wants_entities(request.parameters())
        describe = entity if entities else self._site.entities.reference_of(entity)
        result = QueryResult(
            wrapper="Entities" if entities else "Refs",
            plural=plural if entities else "Refs",
            rows=tuple(map(describe, rows)),
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
        page = self._page(request)
        bare = Request(method="GET", target="/api/query?type=Task")
        result = QueryResult(
            wrapper="Resources",
            plural="Tasks",
            rows=tuple(map(site.activity.task, page.of(rows))),
            paging=page.info(bare, self._base, page.count(rows)),
        )
        return site.replies.say(request, result)

    def _points(self, request: Request, parameters: dict[str, str]) -> Reply:
        site, page, entities = self._site, self._page(request), wants_entities(parameters)
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

    def _page(self, request: Request) -> Page:
        page = asked(request.parameters(), self._site.options.page_size)
        return Page(page.number, page.size, frozenset(request.flaws))

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
