"""What the decisions need from the service layer and the journal: no more than these calls.

The real ones are `tui.api.client.EnterpriseManager` and `tui.store.journal.Journal`; a test hands in its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tui.api.models import LogonSession, RestorePoint, RestoreSession, RestoreSpec, Task, WireFormat
    from tui.api.query import Query
    from tui.store.journal_entry import JournalEntry


class Request(Protocol):
    """The exact request of a restore, without the token."""

    @property
    def method(self) -> str:
        """Always POST."""

    @property
    def path(self) -> str:
        """Path and query."""

    @property
    def body(self) -> bytes:
        """The bytes that go out."""

    @property
    def wire(self) -> WireFormat:
        """XML or JSON."""

    def pretty(self) -> str:
        """The request for people to read."""


class Manager(Protocol):
    """The calls of Enterprise Manager that deciding, sending and watching a restore take."""

    @property
    def session(self) -> LogonSession | None:
        """The live logon session; tasks belong to it."""

    @property
    def api_version(self) -> str:
        """Best knowledge, empty if unknown."""

    def write_request(
        self, point: RestorePoint, spec: RestoreSpec, wire: WireFormat | None = None
    ) -> Request:
        """The exact request, pure."""

    async def start_restore(self, point: RestorePoint, spec: RestoreSpec) -> Task:
        """One POST, never retried."""

    async def tasks(self) -> tuple[Task, ...]:
        """All tasks of this logon session."""

    async def cancel_task(self, task: Task) -> None:
        """One DELETE to the task's link."""

    async def restore_sessions(self, query: Query) -> tuple[RestoreSession, ...]:
        """All restore sessions that match."""


class RestoreJournal(Protocol):
    """The rows of restores on disk."""

    def plan(self, **fields: Any) -> JournalEntry:  # noqa: ANN401 - the journal's own keyword face
        """A new row, on disk when this returns."""

    def update(self, id: int, **fields: Any) -> JournalEntry:  # noqa: ANN401 - as above
        """Change a row; a change of state is also an event."""

    def in_flight(self, server: str) -> list[JournalEntry]:
        """Rows that are not over."""

    def claim(self, id: int) -> bool:
        """Take a row whose owner is dead."""

    def release(self, id: int) -> None:
        """Give a row up, so that the next start may claim it."""
