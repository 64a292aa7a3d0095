"""The app: wiring, navigation, and the workers that write.

A restore belongs to the app and not to a screen: its POST and its monitor run in workers of the app,
so leaving a screen never cancels one (a screen's workers die with it).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import BindingType

from tui.actions import NEEDS_LOGON
from tui.clock import Clock, SystemClock
from tui.porter import Porter
from tui.screens.base import VbemScreen, bindings_of
from tui.screens.login import LoginScreen
from tui.theme import stylesheets
from tui.widgets.inputs import typed_secrets

if TYPE_CHECKING:
    from textual.screen import Screen

    from tui.api.models import RestorePoint, ServerAddress
    from tui.launch import Launch
    from tui.restores.service import RestoreService
    from tui.screens.restore_form_data import FormDraft
    from tui.session import Connection
    from tui.store.journal import Journal

GOODBYE_S = 3.0
"""How long leaving may wait for the journal."""


class VbemApp(Porter):
    """Screens of vbem over one Enterprise Manager."""

    TITLE = "vbem"
    CSS_PATH = stylesheets()
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("app")
    ENABLE_COMMAND_PALETTE = True
    ESCAPE_TO_MINIMIZE = False

    def __init__(self, launch: Launch, *, clock: Clock | None = None) -> None:
        super().__init__(launch)
        self.clock: Clock = clock or SystemClock()
        self.folders = launch.folders
        self.pace = launch.pace
        self.settings = launch.settings
        self.journal: Journal | None = None
        self.restores: RestoreService | None = None
        self.filled_forms: dict[str, FormDraft] = {}
        """What was filled in for the restores of this run, by restore."""

    # -- what screens ask ---------------------------------------------------------------------

    @property
    def is_demo(self) -> bool:
        """Whether this is the embedded server's profile."""
        return self.folders.demo

    def secrets(self) -> tuple[str, ...]:
        """The token of the logon session, what is being typed as a password, and the proxy's password."""
        typed = tuple(secret for screen in self.screen_stack for secret in typed_secrets(screen))
        known = (*typed, *self.launch.secrets)
        if self.connection is None or self.connection.manager.session is None:
            return known
        return (self.connection.manager.session.token, *known)

    def connection_to(self, address: ServerAddress) -> Connection:
        """A connection that nobody has logged on to yet."""
        return self.launch.connect(address, self.clock)

    # -- start and end ------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Everything heavy is loaded behind the painted login."""
        self.catch_signals()

    def get_default_screen(self) -> Screen[None]:
        """The login lies under all others: an empty screen below it would be laid out and painted first."""
        launch = self.launch
        return LoginScreen(
            server=launch.server, user=launch.user, password=launch.password_hint, note=launch.note
        )

    # -- navigation ---------------------------------------------------------------------------

    def show_restore(self, key: str) -> None:
        """Go from the form to the tasks, with one restore selected."""
        from tui.screens.tasks import TasksScreen

        for screen in self.screen_stack:
            if isinstance(screen, TasksScreen):
                screen.pop_until_active()
                screen.select(key)
                return
        if isinstance(self.screen, VbemScreen) and self.screen.NAME == "form":
            self.switch_screen(TasksScreen(selected=key))
        else:
            self.push_screen(TasksScreen(selected=key))

    def open_restore_form(
        self, point: RestorePoint | FormDraft, *, newest: datetime | None = None, same_names: int = 0
    ) -> None:
        """Show the restore form that fits the point.

        Args:
            point: what to restore, or a form filled before.
            newest: when the newest known point of the same VM was made.
            same_names: how many other VMs have the same name.
        """
        from tui.screens.restore_form import RestoreFormScreen

        self.keep_session_now()
        self.push_screen(RestoreFormScreen(point, newest=newest, same_names=same_names))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Before logon: no tasks, no history, nothing to log off from; and nobody goes where he is."""
        del parameters
        if action == getattr(self.screen, "NAME", ""):
            return False
        return self.is_logged_on or action not in NEEDS_LOGON

    def action_tasks(self) -> None:
        """Show the restores of this run."""
        from tui.screens.tasks import TasksScreen

        if not isinstance(self.screen, TasksScreen):
            self.push_screen(TasksScreen())

    def action_history(self) -> None:
        """Show what the journal remembers."""
        from tui.screens.history import HistoryScreen

        if not isinstance(self.screen, HistoryScreen):
            self.push_screen(HistoryScreen())

    @work(group="session", exclusive=True, exit_on_error=False, description="ask to quit")
    async def action_ask_to_quit(self) -> None:
        """Ask, say what goes on, and leave; the logon session is kept for the next start."""
        from tui.screens.dialogs import AskScreen

        words = self.in_flight_words()
        text = words or "Nothing is in flight."
        if self.connection is not None and not await self.push_screen_wait(
            AskScreen("Quit vbem?", text, yes="Quit", no="Stay")
        ):
            return
        self.leave()

    def leave(self) -> None:
        """End the screens; what is open is closed on the way out."""
        self.farewell = self.in_flight_words()
        self.exit(0)

    async def on_unmount(self) -> None:
        """Whatever ended the screens: give the restores' rows up and close what is open."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self.close_restores()
        await self.close_connection()

    def on_key(self) -> None:
        """Keys pressed keep the logon session alive."""
        if self.connection is not None:
            self.connection.key_pressed()


if TYPE_CHECKING:
    from tui.screens.host import Host

    def _fits(app: VbemApp) -> Host:
        """The app is what the screens expect of it; the type checker says so or not."""
        return app
