"""Stand-ins for what could not be opened, and who sits at the keyboard."""

from __future__ import annotations

import getpass
import platform
from typing import Any

from tui.store.errors import JournalError


class MissingJournal:
    """A journal that could not be opened: nothing is planned in it, so nothing is sent silently without it.

    Args:
        why: the sentence that explains it.
    """

    def __init__(self, why: str) -> None:
        self._why = why

    def plan(self, **_fields: Any) -> Any:  # noqa: ANN401 - the journal's own face
        """Refuse.

        Raises:
            JournalError: always.
        """
        raise JournalError(self._why)

    def update(self, id: int, **_fields: Any) -> Any:  # noqa: ANN401 - the journal's own face
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


def operator_name() -> str:
    """Who sits at the keyboard of which machine: `user@host`."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"
    return f"{user}@{platform.node()}"
