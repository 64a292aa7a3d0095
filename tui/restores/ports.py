"""What the decisions need from the service layer and the journal: no more than these calls.

The real ones are `tui.api.client.EnterpriseManager` and `tui.store.journal.Journal`; a test hands in its own.
`UnavailableJournal` stands for a journal that could not be opened. Screens take `JournalEntry` and
`JournalError` from here, for they do not know `tui.store`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Protocol

from tui.store.errors import JournalError
from tui.store.journal_entry import JournalEntry

if TYPE_CHECKING:
    from tui.api.codec.restore_request import RestoreRequest
    from tui.api.models import (
        Items,
        LogonSession,
        RestorePoint,
        RestoreSession,
        RestoreSpec,
        Task,
        WireFormat,
    )
    from tui.api.query import Query

__all__ = ["JournalEntry", "JournalError", "RestoreApi", "RestoreJournal", "UnavailableJournal"]


class RestoreApi(Protocol):
    """The calls of Enterprise Manager that deciding, sending and watching a restore take."""

    @property
    def session(self) -> LogonSession | None:
        """Return the live logon session; tasks belong to it."""

    @property
    def api_version(self) -> str:
        """Return the API version as far as known, empty if unknown."""

    def write_request(
        self, point: RestorePoint, spec: RestoreSpec, wire: WireFormat | None = None
    ) -> RestoreRequest:
        """Build the exact request; nothing is sent."""

    def check_may_write(self) -> None:
        """Raise where vbem is read-only."""

    async def send(self, request: RestoreRequest) -> Task:
        """Send one POST of exactly these bytes; it is never retried."""

    async def tasks(self) -> Items[Task]:
        """List all tasks of this logon session."""

    async def cancel_task(self, task: Task) -> None:
        """Send one DELETE to the task's link; it is never retried."""

    async def restore_sessions(self, query: Query) -> Items[RestoreSession]:
        """List all restore sessions that match."""

    async def name_of_reference(self, reference: str) -> str:
        """Return what the server calls an object; empty where it does not list it."""


class RestoreJournal(Protocol):
    """The rows of restores on disk."""

    def plan(
        self,
        *,
        known_rows: Collection[int] | None = None,
        **fields: Any,  # noqa: ANN401 - the journal's fields by name
    ) -> JournalEntry:
        """Write a new row unless the VM has another one in flight; it is on disk when this returns."""

    def update(self, id: int, **fields: Any) -> JournalEntry:  # noqa: ANN401 - as above
        """Change a row; a change of state is also an event."""

    def get(self, id: int) -> JournalEntry:
        """Read one row."""

    def open_rows(self) -> list[JournalEntry]:
        """Read the rows without an end, of every server."""

    def all_in_flight(self) -> list[JournalEntry]:
        """Read the rows of every VM that are in flight."""

    def in_flight_of_vm(self, vm_name: str, backup_server_uid: str) -> list[JournalEntry]:
        """Read the rows of a VM that are in flight, whoever follows them."""

    def sessions_taken(self) -> dict[str, int]:
        """Return whose the restore sessions are: UIDs in lower case, each with the number of its row."""

    def claim_session(self, id: int, session_uid: str, found_by: str) -> bool:
        """Give a session to a row, for ever; False if another row has it."""

    def claim(self, id: int, *, from_elsewhere: bool = False, from_owner: str = "") -> bool:
        """Take a row whose owner is dead, or another one's where the operator says so."""

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

    def get(self, id: int) -> Any:  # noqa: ANN401 - the journal's own signature
        """Refuse.

        Raises:
            JournalError: always.
        """
        raise JournalError(self._why)

    def open_rows(self) -> list[Any]:
        """Return no rows."""
        return []

    def all_in_flight(self) -> list[Any]:
        """Return no rows."""
        return []

    def in_flight_of_vm(self, vm_name: str, backup_server_uid: str) -> list[Any]:
        """Return no rows."""
        return []

    def sessions_taken(self) -> dict[str, int]:
        """Return nothing."""
        return {}

    def claim_session(self, id: int, session_uid: str, found_by: str) -> bool:
        """Refuse.

        Raises:
            JournalError: always.
        """
        raise JournalError(self._why)

    def claim(self, id: int, *, from_elsewhere: bool = False, from_owner: str = "") -> bool:
        """Claim nothing."""
        return False

    def release(self, id: int) -> None:
        """Release nothing."""
