"""Sending the one DELETE of a restore: journalled before it leaves, sent even where the journal fails.

Stopping an overwrite matters more than the note about it: a journal that cannot be written, or does not
answer, holds nothing up, and the restore says loudly that the journal does not know.
"""

from __future__ import annotations

import asyncio

from tui.api.errors import ManagerError
from tui.api.models import Task, TaskState
from tui.restores import cancelling
from tui.restores.book import Book, not_in_journal, with_unjournalled
from tui.restores.faces import Manager
from tui.restores.restore import Restore

JOURNAL_PATIENCE_S = 2.0
"""How long a DELETE waits for the journal, which may be locked or on a folder that hangs."""
_TOO_SLOW = not_in_journal(f"it did not answer in {JOURNAL_PATIENCE_S:.0f} seconds.")


class Canceller:
    """Cancels restores of a book; `operator` is who asks, `user@host`."""

    def __init__(self, manager: Manager, book: Book, operator: str) -> None:
        self._manager = manager
        self._book = book
        self._operator = operator
        self._noting: set[asyncio.Task[None]] = set()

    def start(self, key: str) -> None:
        """From now on the DELETE is under way: a second press finds it so."""
        self._book.change(key, cancelling.asked, self._operator, self._book.moment())
        self._book.tell()

    async def delete(self, key: str, *, patience_s: float = JOURNAL_PATIENCE_S) -> Restore:
        """Journal that it was asked, send exactly one DELETE, journal the outcome."""
        await self._note(key, patience_s)
        current = self._book.get(key)
        task = Task(task_id=current.task_id, state=TaskState.RUNNING, delete_href=current.task_href)
        error: ManagerError | None = None
        try:
            await self._manager.cancel_task(task)
        except ManagerError as refused:
            error = refused
        self._book.change(key, cancelling.answered, error, self._book.moment())
        await self._book.flush()
        return self._book.get(key)

    async def _note(self, key: str, patience_s: float) -> None:
        noting = asyncio.create_task(self._book.flush())
        self._noting.add(noting)
        noting.add_done_callback(self._noting.discard)
        await asyncio.wait({noting}, timeout=patience_s)
        if not noting.done():
            self._book.change(key, with_unjournalled, _TOO_SLOW)
            self._book.tell()
