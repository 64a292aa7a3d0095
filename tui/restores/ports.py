"""What the decisions need from the service layer and the journal: no more than these calls.

The real ones are `tui.api.client.EnterpriseManager` and `tui.store.journal.Journal`; a test hands in its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tui.store.errors import JournalError

if TYPE_CHECKING:
    from tui.api.models import LogonSession, RestorePoint, RestoreSession, RestoreSpec, Task, WireFormat
    from tui.api.query import Query
    from tui.api.requests import RestoreRequest
    from tui.store.journal_entry import JournalEntry


class RestoreApi(Protocol):
    """The calls of Enterprise Manager that deciding, sending and watching a restore take."""

    @property
    def session(self) -> LogonSession | None:
        """The live logon session; tasks belong to it."""

    @property
    def api_version(self) -> str:
        """Best knowledge, empty if unknown."""

    def write_request(
        self, point: RestorePoint, spec: RestoreSpec, wire: WireFormat | None = None
    ) -> RestoreRequest:
        """The exact request, pure."""

    async def send(self, request: RestoreRequest) -> Task:
        """One POST of exactly these bytes, never retried."""

    async def tasks(self) -> tuple[Task, ...]:
        """All tasks of this logon session."""

    async def cancel_task(self, task: Task) -> None:
        """One DELETE to the task's link."""

    async def restore_sessions(self, query: Query) -> tuple[RestoreSession, ...]:
        """All restore sessions that match."""


class RestoreJournal(Protocol):
    """The rows of restores on disk."""

    def plan(self, **fields: Any) -> JournalEntry:  # noqa: ANN401 - the journal's fields by name
        """A new row, on disk when this returns."""

    def update(self, id: int, **fields: Any) -> JournalEntry:  # noqa: ANN401 - as above
        """Change a row; a change of state is also an event."""

    def in_flight(self, server: str) -> list[JournalEntry]:
        """Rows that are not over."""

    def claim(self, id: int) -> bool:
        """Take a row whose owner is dead."""

    def release(self, id: int) -> None:
        """Give a row up, so that the next start may claim it."""


class UnavailableJournal:
    """A journal that could not be opened: nothing is planned in it, so nothing is sent silently without it.

    Args:
        why: the sentence that explains it.
    """

    def __init__(self, why: str) -> None:
        self._why = why

    def plan(self, **_fields: Any) -> Any:  # noqa: ANN401 - the journal's own signature
        """Refuse.

        Raises:
            JournalError: always.
        """
        raise JournalError(self._why)

    def update(self, id: int, **_fields: Any) -> Any:  # noqa: ANN401 - the journal's own signature
        """Refuse.

        Raises:
            JournalError: always.
        """
        raise JournalError(self._why)

    def in_flight(self, server: str) -> list[Any]:
        """Nothing is known."""
        return []

    def claim(self, id: int) -> bool:
        """There is nothing to claim."""
        return False

    def release(self, id: int) -> None:
        """There is nothing to give up."""
