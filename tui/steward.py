"""The steward of restores: they belong to the app, so that leaving a screen never cancels one."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from textual import work
from textual.app import ScreenStackError

from tui.clock import Clock
from tui.config import Pace
from tui.sanitize import safe
from tui.screens.reference_names import ReferenceNames
from tui.shell import Shell

if TYPE_CHECKING:
    from tui.restores.plan import RestorePlan
    from tui.restores.ports import RestoreJournal
    from tui.restores.restore import Restore
    from tui.restores.service import RestoreService
    from tui.screens.restore_form_data import FormDraft
    from tui.screens.restore_text import EndedRestores
    from tui.session import Connection
    from tui.store.journal import Journal


class Steward(Shell):
    """Holds the journal and the restores of one connection, and runs the workers that write."""

    clock: Clock
    pace: Pace

    def __init__(self) -> None:
        super().__init__()
        self.journal: Journal | None = None
        self.restores: RestoreService | None = None
        self.ref_names = ReferenceNames()
        self.filled_forms: dict[str, FormDraft] = {}
        """What was filled in for the restores of this run, by restore."""
        self._endings: EndedRestores | None = None

    async def log_on_again(self) -> bool:
        """Ask for the password; True if there is a logon session again."""
        return False

    def take_charge(self, connection: Connection) -> str:
        """Make the restores of this connection; the sentence to show if there is no journal."""
        from tui.restores.journal_mapping import operator_name
        from tui.restores.ports import UnavailableJournal
        from tui.restores.service import RestoreService
        from tui.screens.restore_text import EndedRestores

        note = self.open_journal()
        journal: RestoreJournal = self.journal or UnavailableJournal(note)
        self.restores = RestoreService(
            connection.manager,
            journal,
            server=str(connection.address),
            clock=self.clock,
            operator=operator_name(),
            on_logon_needed=self._ask_to_log_on_again,
            poll_every_s=self.pace.poll_every_s,
        )
        self.restores.on_change(self._tell_screens)
        self._endings = EndedRestores()
        return note

    def open_journal(self) -> str:
        """Open the journal once; the sentence to show where that failed."""
        from tui.errors import describe
        from tui.store.errors import StoreError
        from tui.store.journal import Journal

        if self.journal is None:
            try:
                self.folders.make()
                self.journal = Journal.open(self.folders.journal, clock=self.clock)
            except (StoreError, OSError) as error:
                return describe("open the journal", error)
            return self.journal.note
        return ""

    # -- restores: owned here -----------------------------------------------------------------

    def in_flight(self) -> list[Restore]:
        """Restores of this run that are not over."""
        return list(self.restores.in_flight) if self.restores else []

    @property
    def tasks_note(self) -> str:
        """How many restores are in flight, with ? where the server was not heard; empty for none."""
        restores = self.in_flight()
        doubt = "?" if any(restore.problem for restore in restores) else ""
        return f"({len(restores)}{doubt})" if restores else ""

    def in_flight_count(self) -> str:
        """How many restores are not over, without a full stop; empty for none."""
        count = len(self.in_flight())
        noun = "1 restore is" if count == 1 else f"{count} restores are"
        return f"{noun} still in flight" if count else ""

    def in_flight_words(self) -> str:
        """What goes on at the server when this program ends; empty for nothing."""
        words = self.in_flight_count()
        if not words:
            return ""
        if self.folders.demo:
            return f"{words}; the embedded server ends with this program."
        goes, them = ("It goes", "it") if len(self.in_flight()) == 1 else ("They go", "them")
        words = f"{words}. {goes} on at the server; start vbem again to watch {them}."
        forgotten = [restore.vm_name for restore in self.in_flight() if restore.entry_id is None]
        return f"{words} {_forgotten_words(forgotten)}".strip()

    @work(group="monitor", exclusive=True, exit_on_error=False, description="watch the restores")
    async def watch_restores(self) -> None:
        """Find restores of earlier runs, then watch all until cancelled."""
        from tui.errors import describe
        from tui.store.errors import StoreError

        if self.restores is None:
            return
        try:
            found = await self.restores.reattach()
        except StoreError as error:
            self.tell(describe("find earlier restores", error), "bad")
        else:
            if found:
                noun = "1 restore" if len(found) == 1 else f"{len(found)} restores"
                self.tell(f"{noun} of an earlier run in flight: Ctrl+T shows the tasks.")
        await self.restores.run()

    def _tell_screens(self, restores: tuple[Restore, ...]) -> None:
        from tui.screens.base import RestoresChanged

        # While the program ends the screens are gone before the last word of a restore comes.
        with suppress(ScreenStackError):
            for screen in self.screen_stack:  # also those that a dialog is over
                screen.post_message(RestoresChanged(restores))
            self._tell_endings(restores)

    def _tell_endings(self, restores: tuple[Restore, ...]) -> None:
        endings = self._endings
        if endings is not None and endings.notice(restores) and not self.is_showing_tasks:
            before, endings.told = endings.told, endings.words
            self.tell(endings.told, endings.kind, instead_of=before)

    @property
    def is_showing_tasks(self) -> bool:
        """Whether the uppermost full screen shows the restores themselves."""
        full = self.full_screen
        return full is not None and full.NAME == "tasks"

    def tasks_seen(self) -> None:
        """The tasks are being shown: what was told of their ends is taken back."""
        if self._endings is not None:
            for screen in self.full_screens:
                screen.take_back(self._endings.told)
            self._endings.forget()

    def _ask_to_log_on_again(self) -> None:
        self.run_worker(self.log_on_again(), group="session", exit_on_error=False, description="log on again")

    @work(group="write", exclusive=False, exit_on_error=False, description="start a restore")
    async def submit_restore(
        self, plan: RestorePlan, reason: str = "", *, without_journal: bool = False
    ) -> Restore | Exception | None:
        """Journal and send one restore; owned by the app, never repeated.

        Returns:
            The restore as it stands after the reply, or the expected error for which nothing was sent.
        """
        from tui.api.errors import ManagerError
        from tui.restores.errors import NotSent
        from tui.store.errors import StoreError

        if self.restores is None:
            return None
        try:
            return await self.restores.submit(plan, reason=reason, override_journal=without_journal)
        except (ManagerError, NotSent, StoreError) as error:
            return error

    @work(group="cancel", exclusive=False, exit_on_error=False, description="cancel a restore")
    async def cancel_restore(self, restore: Restore, *, again: bool = False) -> None:
        """Send the one DELETE of a restore; owned by the app.

        Args:
            restore: what to cancel.
            again: the operator was warned that one was sent already, and sends another.
        """
        if self.restores is not None:
            await self.restores.cancel(restore, again=again)

    def remember_form(self, key: str, filled: FormDraft) -> None:
        """Keep what a restore was asked for, so that it can be opened again as a new one."""
        self.filled_forms[key] = filled

    async def close_restores(self) -> None:
        """Give up what is owned, so that the next start takes it over; restores go on at the server."""
        restores, journal = self.restores, self.journal
        self.restores, self.journal = None, None
        if restores is not None:
            await restores.close()
        if journal is not None:
            journal.close()


def _forgotten_words(vm_names: list[str]) -> str:
    """Restores without a row: no later run will find them."""
    if not vm_names:
        return ""
    names = ", ".join(safe(name, cells=50) for name in vm_names)
    return f"NOT in the journal, so not watched again: {names}."
