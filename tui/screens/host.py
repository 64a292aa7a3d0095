"""What screens may ask of the app: the whole of what they know about it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from textual.worker import Worker

    from tui.api.models import RestorePoint, ServerAddress
    from tui.clock import Clock
    from tui.config import Pace, Settings
    from tui.restores.plan import RestorePlan
    from tui.restores.restore import Restore
    from tui.restores.service import RestoreService
    from tui.screens.reference_names import ReferenceNames
    from tui.screens.restore_form_data import FormDraft
    from tui.session import Connection
    from tui.store.journal import Journal


class Host(Protocol):
    """The app, as screens see it."""

    clock: Clock
    pace: Pace
    """How often the line allows a repaint."""
    settings: Settings
    connection: Connection | None
    """The server somebody is logged on to."""
    restores: RestoreService | None
    journal: Journal | None
    ref_names: ReferenceNames
    """What references are called, as far as lookups of this run have told."""
    filled_forms: dict[str, FormDraft]
    """What was filled in for the restores of this run, by restore."""

    @property
    def is_demo(self) -> bool:
        """Whether this is the embedded server's profile."""

    @property
    def who(self) -> str:
        """User and server; empty before logon."""

    @property
    def tasks_note(self) -> str:
        """How many restores are in flight, for the key that leads to them; empty for none."""

    def connection_to(self, address: ServerAddress) -> Connection:
        """A connection that nobody has logged on to yet."""

    def prepare_points(self) -> None:
        """Make the browser, which is wanted right after the login."""

    def expect(self, address: ServerAddress, user: str) -> None:
        """Somebody is being logged on."""

    async def admit(self, connection: Connection) -> None:
        """Go on from the login with this connection."""

    async def log_on_again(self) -> bool:
        """Ask for the password; True if there is a logon session again."""

    def open_restore_form(
        self, point: RestorePoint | FormDraft, *, newest: datetime | None = None, same_names: int = 0
    ) -> None:
        """Show the restore form that fits the point."""

    def submit_restore(
        self, plan: RestorePlan, reason: str = "", *, without_journal: bool = False
    ) -> Worker[Restore | Exception | None]:
        """Send one restore in a worker of the app; its result is the restore, or why nothing was sent."""

    def cancel_restore(self, restore: Restore, *, again: bool = False) -> Worker[None]:
        """Cancel one restore in a worker of the app."""

    def remember_form(self, key: str, filled: FormDraft) -> None:
        """Keep what a restore was asked for."""

    def show_restore(self, key: str) -> None:
        """Show one restore among the tasks."""

    def tasks_seen(self) -> None:
        """The tasks are being shown: nothing more need be told of their ends."""

    def tell(self, words: str, kind: str = "note", *, instead_of: str = "") -> None:
        """Say something on the status line of the uppermost full screen, beside what is said there."""

    def report_worker(self, event: Worker.StateChanged) -> None:
        """Report a worker that failed in an unforeseen way."""
