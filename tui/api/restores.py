"""Starting restores, and watching and cancelling what was started (WIRE 5, 6, 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.api.caller import Caller
from tui.api.codec import write_request
from tui.api.codec.restore_request import RestoreRequest
from tui.api.errors import NotManager
from tui.api.models import Page, RestoreSession, RestoreSpec, Task, WireFormat
from tui.api.paging import follow
from tui.api.query import Query, encoded

if TYPE_CHECKING:
    from tui.api.models import RestorePoint


class RestoreCalls(Caller):
    """The operations on restores."""

    def write_request(
        self, point: RestorePoint, spec: RestoreSpec, wire: WireFormat | None = None
    ) -> RestoreRequest:
        """The exact request for `send`, without the token; nothing is sent.

        Raises:
            Invalid: a name in `spec` cannot be written in that format.
        """
        return write_request(point, spec, self.writes_wire if wire in (None, WireFormat.AUTO) else wire)

    async def send(self, request: RestoreRequest) -> Task:
        """Start a restore: one POST of exactly this request, never sent again.

        Raises:
            ManagerError: with `request_sent` saying whether the server may have it nevertheless.
        """
        from tui.api.codec import resources

        reply = await self._write(request.method, request.path, request)
        return await self._decoded(reply, lambda body: self._model(body, resources.task))

    async def tasks(self) -> tuple[Task, ...]:
        """The tasks of this logon session; those of others are not listed (WIRE T2)."""
        from tui.api.codec import resources

        return await self._read_tree("/api/tasks", resources.tasks)

    async def task(self, task_id: str) -> Task:
        """One task.

        Raises:
            TaskUnknown: this logon session has no such task; it proves nothing about the restore.
        """
        from tui.api.codec import resources

        return await self._read_tree(f"/api/tasks/{encoded(task_id)}", resources.task)

    async def cancel_task(self, task: Task) -> None:
        """DELETE to the task's own link: stops a launch; a finished task only loses its record (WIRE T28).

        Raises:
            NotManager: something else said yes, with a web page; whether the server has it nobody knows.
        """
        from tui.api.status import is_web_page

        reply = await self._write("DELETE", task.delete_href or f"/api/tasks/{encoded(task.task_id)}")
        if is_web_page(reply.body):
            raise NotManager("It answers with a web page.", http_code=reply.status)

    async def restore_sessions(self, query: Query) -> tuple[RestoreSession, ...]:
        """All restore sessions that match, of the last 30 days, whoever started them."""
        from tui.api.codec import resources

        async def fetch(at: Query) -> Page[RestoreSession]:
            listing = await self._read_tree(at.target("RestoreSession"), resources.restore_sessions)
            found = [await self.restore_session(each.uid) for each in listing.references]
            return Page(items=(*listing.items, *found), number=at.page, pages=listing.pages)

        pages = [page.items async for page in follow(query, fetch, max_pages=self._limits.pages)]
        return tuple(session for page in pages for session in page)

    async def restore_session(self, id: str) -> RestoreSession:
        """One restore session, by id or UID.

        Raises:
            NotFound: there is no such session.
        """
        from tui.api.codec import resources

        bare = encoded(id.rpartition(":")[2])
        return await self._read_tree(f"/api/restoreSessions/{bare}?format=Entity", resources.restore_session)
