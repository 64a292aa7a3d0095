"""The service layer: one Enterprise Manager, one account, one method per operation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from types import TracebackType
from typing import Self, TypeVar

from tui.api import logon
from tui.api.codec import codec_of, gunzip, resources, write_request
from tui.api.codec.listing import Listing, Reference
from tui.api.codec.resources import entity_or_reference
from tui.api.codec.restore_request import RestoreRequest, write_path
from tui.api.codec.tree import Tree
from tui.api.errors import (
    BadReply,
    Forbidden,
    ManagerError,
    NotFound,
    ReadOnly,
    Rejected,
    SessionExpired,
    Unreadable,
)
from tui.api.limits import Limits, Timeouts
from tui.api.models import (
    ApiRoot,
    BackupServer,
    HierarchyItem,
    HierarchyRoot,
    Items,
    LogonSession,
    Page,
    Platform,
    PointKind,
    RestorePoint,
    RestoreSession,
    RestoreSpec,
    ServerAddress,
    Task,
    WireFormat,
    id_of,
)
from tui.api.page_worker import PageWorker
from tui.api.query import Identified, PageTracker, Query, encoded, follow_pages
from tui.api.rest_client import RestClient
from tui.api.tls import Trust
from tui.api.transport import Transport, look_at_certificate
from tui.clock import Clock

__all__ = ["EnterpriseManager", "Query", "RestoreRequest", "Trust", "look_at_certificate"]

ItemT = TypeVar("ItemT", bound=Identified)
_RESOURCES = {PointKind.VM: "VmRestorePoint", PointKind.VAPP: "vAppRestorePoint"}
_MANY_PAGES = 3
"""Of a list from which decoding them elsewhere pays."""
_ENTITIES_AT_ONCE = 4
"""Entities fetched side by side where the server sent references."""


class EnterpriseManager:
    """Talks to one server as one account.

    Reads are tried again when the connection breaks; writes are sent once, and their errors say in
    `request_sent` whether the server may have them. Nothing is sent to any host but `address`.

    Args:
        address: the server as dialled.
        trust: who vouches for its certificate; the system's authorities by default.
        wire: the format; AUTO lists in JSON and writes in XML.
        proxy: URL of an HTTP proxy; never taken from the environment.
        read_only: refuse what would start, stop or change something at the server.
        clock: now and sleep.
        limits: bounds on what the server may send.
        timeouts: bounds on how long it may take.
        transport: used instead of connections made from the arguments above.
    """

    def __init__(
        self,
        address: ServerAddress,
        *,
        trust: Trust | None = None,
        wire: WireFormat = WireFormat.AUTO,
        proxy: str = "",
        read_only: bool = False,
        clock: Clock | None = None,
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
        transport: Transport | None = None,
    ) -> None:
        self.address, self.is_read_only = address, read_only
        self._limits = limits or Limits()
        transport = transport or Transport(
            address, trust=trust or Trust(), proxy=proxy, clock=clock, limits=self._limits, timeouts=timeouts
        )
        self._rest = RestClient(transport, wire=wire, limits=self._limits)
        self._pages = PageWorker(self._limits)
        self._has_many_pages = False
        """A list was seen that is long enough to be decoded elsewhere."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections; the logon session at the server stays as it is."""
        await self._pages.aclose()
        await self._rest.aclose()

    @property
    def session(self) -> LogonSession | None:
        """The logon session in use."""
        return self._rest.session

    @property
    def clock_offset(self) -> timedelta | None:
        """How far this machine's clock is ahead of the server's; None where its replies do not say."""
        return self._rest.clock_offset

    @property
    def api_version(self) -> str:
        """Best knowledge of the version the session speaks, empty if unknown."""
        return self._rest.api_version

    @property
    def lists_wire(self) -> WireFormat:
        """The format reads are asked in."""
        return self._rest.lists_wire

    @property
    def writes_wire(self) -> WireFormat:
        """The format writes are sent in."""
        return self._rest.writes_wire

    # -- logon sessions (WIRE 1.3 to 1.7) -----------------------------------------------------

    async def discover(self) -> ApiRoot:
        """Return what the server says before anybody logs on: the versions it speaks.

        Raises:
            NotManager: something else answers there.
        """
        return await logon.discover(self._rest, self.address)

    async def log_on(self, user: str, password: str) -> LogonSession:
        """Log on; the session is used from then on. The password goes only to what lists the API's versions.

        Raises:
            BadLogin: user, password or role is refused.
            UnknownCertificate, CertificateChanged: nothing was sent.
            NotManager: something else answers there.
        """
        session = await logon.log_on(self._rest, self.address, user, password)
        self.resume(session)
        return session

    def resume(self, session: LogonSession) -> None:
        """Use a kept session from now on."""
        self._rest.resume(session)

    async def is_session_alive(self) -> bool:
        """Return whether the server still knows the session; a light read, which also keeps it alive."""
        try:
            await self.keep_alive()
        except SessionExpired:
            return False
        return True

    async def keep_alive(self) -> None:
        """Read a little: 15 minutes without any request end a session.

        Raises:
            SessionExpired: it is over already.
        """
        await self.tasks()

    async def log_off(self) -> None:
        """Delete the session at the server, and forget it; one that is over already counts as deleted.

        Raises:
            NotLoggedOff: it may live on at the server; it is forgotten nevertheless.
        """
        try:
            await logon.log_off(self._rest)
        finally:
            self._rest.session = None

    # -- restore points (WIRE 3, 4, 10) -------------------------------------------------------

    def vm_restore_points(self, query: Query) -> AsyncIterator[Page[RestorePoint]]:
        """Yield pages of VM restore points, to the end, each point once."""
        return self._points(query, PointKind.VM)

    def vapp_restore_points(self, query: Query) -> AsyncIterator[Page[RestorePoint]]:
        """Yield pages of vApp restore points, to the end, each point once."""
        return self._points(query, PointKind.VAPP)

    async def points_page(
        self, query: Query, number: int, *, kind: PointKind = PointKind.VM
    ) -> Page[RestorePoint]:
        """Return one page of points, as sent: for filling several pages side by side."""
        if self._has_many_pages:
            self._pages.start()  # not with the first page: somebody waits for that one
        listing = await self._point_listing(query.at(number).target(_RESOURCES[kind]), kind)
        found = await self._entities(listing.references, kind)
        self._has_many_pages = self._has_many_pages or max(listing.pages, number) > _MANY_PAGES
        items = (*listing.items, *found) if found else listing.items
        return Page(items=items, number=number, pages=listing.pages, unreadable=listing.unreadable)

    async def vm_restore_point(self, id: str) -> RestorePoint:
        """Return one VM restore point.

        Raises:
            NotFound: it is not there any more.
        """
        return await self._point_of(id, PointKind.VM)

    async def vapp_restore_point(self, id: str) -> RestorePoint:
        """Return one vApp restore point.

        Raises:
            NotFound: it is not there any more.
        """
        return await self._point_of(id, PointKind.VAPP)

    async def vms_of_vapp_point(self, point: RestorePoint) -> tuple[RestorePoint, ...]:
        """Return the VM points of the restore point a vApp point belongs to.

        The server does not link the VMs of a vApp; other VMs of the same backup may be among them.
        Some roles may not ask for it (WIRE T15).
        """
        restore_point_id = point.restore_point_id
        if not restore_point_id:
            restore_point_id = (await self.vapp_restore_point(point.id)).restore_point_id
        if not restore_point_id:
            return ()
        target = f"/api/restorePoints/{encoded(restore_point_id)}/vmRestorePoints?format=Entity"
        listing = await self._point_listing(target, PointKind.VM)
        if listing.unreadable:
            raise Unreadable(f"{listing.unreadable} of its VMs cannot be read.")
        return (*listing.items, *await self._entities(listing.references, PointKind.VM))

    async def platform_of(self, point: RestorePoint) -> Platform:
        """Return the platform the point's reference or its backup names, else UNKNOWN (WIRE 4.4)."""
        if point.platform is not Platform.UNKNOWN or not point.restore_point_id:
            return point.platform
        target = f"/api/restorePoints/{encoded(point.restore_point_id)}?format=Entity"
        try:
            backup = await self._rest.read_one(target, resources.backup_link)
            if not backup:
                return Platform.UNKNOWN
            word = await self._rest.read_one(_as_entity(backup), resources.backup_platform)
        except (Forbidden, Rejected, BadReply):
            return Platform.UNKNOWN
        return Platform.from_word(word)

    async def _points(self, query: Query, kind: PointKind) -> AsyncIterator[Page[RestorePoint]]:
        async def fetch(at: Query) -> Page[RestorePoint]:
            return await self.points_page(at, at.page, kind=kind)

        async for page in follow_pages(query, fetch, max_pages=self._limits.pages):
            yield page

    async def _point_listing(self, target: str, kind: PointKind) -> Listing[RestorePoint]:
        async def decode(body: bytes) -> Listing[RestorePoint]:
            return await self._decode_page(body, kind)

        return await self._rest.read(target, decode, keep_gzip=True)

    async def _decode_page(self, body: bytes, kind: PointKind) -> Listing[RestorePoint]:
        """Decode a page of points: a long one in another process where there is one."""
        if (found := await self._pages.points(body, kind)) is not None:
            return found
        body = await asyncio.to_thread(gunzip, body, self._limits)
        return await self._rest.decode(body, lambda text: codec_of(text).points(text, kind, self._limits))

    async def _point_of(self, id: str, kind: PointKind) -> RestorePoint:
        """Return the point of that id: what a cache or a link gives instead would be restored unseen."""
        found = await self._point(_point_path(id, kind), kind)
        if found.id.lower() != id_of(id).lower():
            raise Unreadable("It is of another restore point than the one that was asked for.")
        return found

    async def _point(self, path: str, kind: PointKind) -> RestorePoint:
        found = await self._rest.read_one(path, lambda tree: entity_or_reference(tree, kind))
        if isinstance(found, str):
            found = await self._rest.read_one(found, lambda tree: entity_or_reference(tree, kind))
        if isinstance(found, str):
            raise Unreadable("It sends references only, never the restore point itself.")
        return found

    async def _entities(self, references: tuple[Reference, ...], kind: PointKind) -> tuple[RestorePoint, ...]:
        """Fetch what the server only referred to; what has gone since is left out."""
        at_once = asyncio.Semaphore(_ENTITIES_AT_ONCE)

        async def fetch(reference: Reference) -> RestorePoint | None:
            async with at_once:
                try:
                    return await self._point(reference.path or _point_path(id_of(reference.uid), kind), kind)
                except NotFound:
                    return None

        tasks: list[asyncio.Task[RestorePoint | None]] = []
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(fetch(reference)) for reference in references]
        except* ManagerError as errors:
            raise errors.exceptions[0] from None
        return tuple(point for task in tasks if (point := task.result()) is not None)

    # -- restores (WIRE 5, 6, 7) --------------------------------------------------------------

    def write_request(
        self, point: RestorePoint, spec: RestoreSpec, wire: WireFormat | None = None
    ) -> RestoreRequest:
        """Build the exact request for `send`, without the token; nothing is sent.

        Raises:
            InvalidRestoreSpec: the restore breaks a rule of the API.
            Invalid: a name in `spec` cannot be written in that format.
        """
        chosen = self.writes_wire if wire in (None, WireFormat.AUTO) else wire
        return write_request(point, spec, chosen)

    async def send(self, request: RestoreRequest) -> Task:
        """Start a restore: one POST of exactly this request, never sent again.

        Raises:
            ManagerError: with `request_sent` saying whether the server may have it nevertheless.
        """
        self.check_may_write()
        media_type = request.headers["Content-Type"]
        reply = await self._rest.write(request.method, request.path, media_type=media_type, body=request.body)
        return await self._rest.model_of(reply, resources.task)

    async def tasks(self) -> Items[Task]:
        """Return the tasks of this logon session; those of others are not listed (WIRE T2)."""
        return await self._collection("/api/tasks", resources.tasks)

    async def task(self, task_id: str) -> Task:
        """Return one task.

        Raises:
            TaskUnknown: this logon session has no such task; it proves nothing about the restore.
        """
        return await self._rest.read_one(f"/api/tasks/{encoded(task_id)}", resources.task)

    async def cancel_task(self, task: Task) -> None:
        """DELETE the task: stops a launch; a finished task only loses its record (WIRE T28).

        Raises:
            ForeignLink: its Delete link is not its own; nothing was sent.
            BadReply: it was answered otherwise than WIRE 6.3 says; whether it was done is not known.
        """
        self.check_may_write()
        await self._rest.delete(write_path("tasks", task.task_id, link=task.delete_href))

    async def restore_sessions(self, query: Query) -> Items[RestoreSession]:
        """Return all restore sessions that match, of the last 30 days, whoever started them."""
        return await self._all(
            query,
            "RestoreSession",
            resources.restore_sessions,
            "restoreSessions",
            resources.restore_session,
            max_pages=self._limits.session_pages,
        )

    async def restore_session(self, id: str) -> RestoreSession:
        """Return one restore session, by id or UID.

        Raises:
            NotFound: there is no such session.
        """
        target = f"/api/restoreSessions/{encoded(id_of(id))}?format=Entity"
        return await self._rest.read_one(target, resources.restore_session)

    # -- hosts and backup servers (WIRE 8, 11a); roles that may restore may be refused (WIRE T15) ----

    async def hierarchy_roots(self) -> Items[HierarchyRoot]:
        """Return all virtualisation hosts; one that two backup servers know comes twice.

        Raises:
            Forbidden: the role may not look them up.
        """
        return await self._all(
            Query(), "HierarchyRoot", resources.hierarchy_roots, "hierarchyRoots", resources.hierarchy_root
        )

    async def lookup(self, root_uid: str, object_type: str, name: str = "*") -> Items[HierarchyItem]:
        """Return objects of a type under a hierarchy root; `*` lists all; more may match a name.

        Raises:
            Forbidden: the role may not look them up.
        """
        target = f"/api/lookup?host={encoded(root_uid)}&name={encoded(name)}&type={encoded(object_type)}"
        return await self._collection(target, resources.hierarchy_items)

    async def name_of_reference(self, reference: str) -> str:
        """Return what an object of a hierarchy is called; empty where the server does not list it.

        Raises:
            Forbidden: the role may not look it up.
        """
        found = await self._collection(
            f"/api/lookup?hierarchyRef={encoded(reference)}", resources.hierarchy_items
        )
        own = (item.name for item in found if item.ref.casefold() == reference.casefold())
        return next(own, "")

    async def backup_servers(self) -> Items[BackupServer]:
        """Return all backup servers Enterprise Manager collects from.

        Raises:
            Forbidden: the role may not see them.
        """
        return await self._all(
            Query(), "BackupServer", resources.backup_servers, "backupServers", resources.backup_server
        )

    async def collect(self, server: BackupServer) -> Task:
        """Ask Enterprise Manager to collect from a backup server now; the task says when that has begun."""
        self.check_may_write()
        own_id, link = id_of(server.uid), server.collect_href
        target = write_path("backupServers", own_id, action="collect", link=link)
        return await self._rest.model_of(await self._rest.write("POST", target), resources.task)

    def check_may_write(self) -> None:
        """Raise ReadOnly where nothing but logging on and off may be sent that changes something."""
        if self.is_read_only:
            raise ReadOnly

    async def _all(
        self,
        query: Query,
        resource: str,
        read_page: Callable[[Tree], Listing[ItemT]],
        collection: str,
        read_one: Callable[[Tree], ItemT],
        *,
        max_pages: int = 0,
    ) -> Items[ItemT]:
        """Return all items of a list, fetching one by one what the server only refers to."""

        async def fetch(at: Query) -> Page[ItemT]:
            listing = await self._rest.read_model(at.target(resource), read_page)
            paths = [f"/api/{collection}/{encoded(id_of(each.uid))}" for each in listing.references]
            found = [await self._rest.read_one(f"{path}?format=Entity", read_one) for path in paths]
            items = (*listing.items, *found)
            return Page(items=items, number=at.page, pages=listing.pages, unreadable=listing.unreadable)

        return await _whole(query, fetch, max_pages or self._limits.pages)

    async def _collection(self, target: str, read_page: Callable[[Tree], Listing[ItemT]]) -> Items[ItemT]:
        """Return all items of a list that is no query: on one page, unless the server says otherwise."""

        async def fetch(at: Query) -> Page[ItemT]:
            page = f"{'&' if '?' in target else '?'}page={at.page}" if at.page > 1 else ""
            listing = await self._rest.read_model(target + page, read_page)
            pages = max(listing.pages, at.page)
            return Page(items=listing.items, number=at.page, pages=pages, unreadable=listing.unreadable)

        return await _whole(Query(), fetch, self._limits.session_pages)


async def _whole(
    query: Query, fetch: Callable[[Query], Awaitable[Page[ItemT]]], max_pages: int
) -> Items[ItemT]:
    """Follow a list to its end."""
    tracker = PageTracker(query.page)
    pages = [page async for page in follow_pages(query, fetch, max_pages=max_pages, tracker=tracker)]
    found = Items.of((item for page in pages for item in page.items), sum(page.unreadable for page in pages))
    found.is_whole = tracker.is_end_certain
    return found


def _point_path(id: str, kind: PointKind) -> str:
    return f"/api/{kind.collection}/{encoded(id)}?format=Entity"


def _as_entity(path: str) -> str:
    return path if "format=" in path.lower() else path + ("&" if "?" in path else "?") + "format=Entity"
