"""The app: wiring, navigation, and the workers that write.

A restore belongs to the app and not to a screen: its POST and its monitor run in workers of the app,
so leaving a screen never cancels one (a screen's workers die with it).
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import App
from textual.binding import BindingType
from textual.worker import Worker, WorkerState

from tui.clock import Clock, SystemClock
from tui.crash import report_crash
from tui.screens.keys import bindings_of
from tui.screens.login import LoginScreen
from tui.theme import VBEM_THEME, stylesheets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.app import SystemCommand
    from textual.screen import Screen

    from tui.api.models import RestorePoint, ServerAddress
    from tui.launch import Launch
    from tui.restores.faces import RestoreJournal
    from tui.restores.plan import RestorePlan
    from tui.restores.restore import Restore
    from tui.restores.service import Restores
    from tui.session.connection import Connection
    from tui.store.journal import Journal


class VbemApp(App[int]):
    """Screens of vbem over one Enterprise Manager."""

    TITLE = "vbem"
    CSS_PATH = stylesheets()
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("app")
    ENABLE_COMMAND_PALETTE = True
    NOTIFICATION_TIMEOUT = 8
    ESCAPE_TO_MINIMIZE = False

    def __init__(self, launch: Launch, *, clock: Clock | None = None) -> None:
        super().__init__()
        self.launch = launch
        self.clock: Clock = clock or SystemClock()
        self.folders = launch.folders
        self.settings = launch.settings
        self.connection: Connection | None = None
        self.journal: Journal | None = None
        self.restores: Restores | None = None
        self.farewell = ""
        """What is printed after the screens are gone."""
        self._again: asyncio.Future[bool] | None = None
        self.animation_level = "none"

    # -- what screens ask ---------------------------------------------------------------------

    @property
    def is_demo(self) -> bool:
        """Whether this is the embedded server's profile."""
        return self.folders.demo

    @property
    def who(self) -> str:
        """User and server, for the banner; empty before logon."""
        return f"{self.connection.user} @ {self.connection.address}" if self.connection else ""

    def connection_to(self, address: ServerAddress) -> Connection:
        """A connection that nobody has logged on to yet."""
        return self.launch.connect(address, self.clock)

    # -- start and end ------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Paint the login at once; everything heavy is loaded behind it."""
        self.register_theme(VBEM_THEME)
        self.theme = "vbem"
        self._catch_signals()
        self.push_screen(self._login())

    def _login(self, note: str = "", *, resume: bool = True) -> LoginScreen:
        launch = self.launch
        return LoginScreen(
            server=launch.server,
            user=launch.user,
            password=launch.password_hint,
            note=note or launch.note,
            resume=resume,
        )

    def _catch_signals(self) -> None:
        """A lost line or a polite kill ends the program cleanly; restores go on at the server."""
        try:
            loop = asyncio.get_running_loop()
            for name in (signal.SIGHUP, signal.SIGTERM):
                loop.add_signal_handler(name, self._leave_now, name)
        except (NotImplementedError, RuntimeError, ValueError):
            # Not the main thread (tests), or a platform without these signals.
            return

    def _leave_now(self, name: signal.Signals) -> None:
        self.farewell = self._in_flight_words()
        self.exit(128 + int(name))

    async def admit(self, connection: Connection) -> None:
        """Go on from the login: open the journal, pick up restores in flight, show the points."""
        from tui.restores.service import Restores
        from tui.screens.points import RestorePointsScreen
        from tui.store.missing import MissingJournal, operator_name

        self.connection = connection
        self.launch.remember(connection)
        note = self.open_journal()
        journal: RestoreJournal = self.journal or MissingJournal(note)
        self.restores = Restores(
            connection.manager,
            journal,
            server=str(connection.address),
            clock=self.clock,
            operator=operator_name(),
            on_logon_needed=self._ask_to_log_on_again,
        )
        self.restores.on_change(self._tell_screens)
        self.switch_screen(RestorePointsScreen())
        kept = connection.kept
        if kept is not None and not kept.in_keyring:
            self.notify(
                f"The logon session is kept in memory only: {kept.reason}", severity="warning", markup=False
            )
        if note:
            self.notify(note, severity="error", markup=False, timeout=30)
        self._watch_restores()
        self._keep_alive()

    def open_journal(self) -> str:
        """Open the journal once; the sentence to show where that failed."""
        from tui.screens.base import explain
        from tui.store.errors import StoreError
        from tui.store.journal import Journal

        if self.journal is None:
            try:
                self.folders.make()
                self.journal = Journal.open(self.folders.journal)
            except (StoreError, OSError) as error:
                return explain("open the journal", error)
        return ""

    @work(group="keep-alive", exclusive=True, exit_on_error=False, description="keep the logon session alive")
    async def _keep_alive(self) -> None:
        if self.connection is not None:
            await self.connection.keep_alive_loop(lambda: bool(self.in_flight()))

    # -- restores: owned here -----------------------------------------------------------------

    def in_flight(self) -> list[Restore]:
        """Restores of this run that are not over."""
        return list(self.restores.in_flight) if self.restores else []

    def _in_flight_words(self) -> str:
        count = len(self.in_flight())
        if not count:
            return ""
        noun = "1 restore is" if count == 1 else f"{count} restores are"
        return f"{noun} still in flight. They go on at the server; start vbem again to watch them."

    @work(group="monitor", exclusive=True, exit_on_error=False, description="watch the restores")
    async def _watch_restores(self) -> None:
        from tui.screens.base import explain
        from tui.store.errors import StoreError

        if self.restores is None:
            return
        try:
            found = await self.restores.reattach()
        except StoreError as error:
            self.notify(explain("find earlier restores", error), severity="error", markup=False)
        else:
            if found:
                noun = "1 restore" if len(found) == 1 else f"{len(found)} restores"
                self.notify(f"{noun} of an earlier run in flight: Ctrl+T shows the tasks.", markup=False)
        await self.restores.run()

    def _tell_screens(self, restores: tuple[Restore, ...]) -> None:
        from tui.screens.messages import RestoresChanged

        self.screen.post_message(RestoresChanged(restores))

    def _ask_to_log_on_again(self) -> None:
        self.run_worker(self.log_on_again(), group="session", exit_on_error=False, description="log on again")

    @work(group="write", exclusive=False, exit_on_error=False, description="start a restore")
    async def submit_restore(
        self, plan: RestorePlan, reason: str = "", *, without_journal: bool = False
    ) -> Restore | None:
        """Journal and send one restore; owned by the app, never repeated."""
        if self.restores is None:
            return None
        return await self.restores.submit(plan, reason=reason, override_journal=without_journal)

    @work(group="cancel", exclusive=False, exit_on_error=False, description="cancel a restore")
    async def cancel_restore(self, restore: Restore) -> None:
        """Send the one DELETE of a restore; owned by the app."""
        if self.restores is not None:
            await self.restores.cancel(restore)

    # -- navigation ---------------------------------------------------------------------------

    def open_restore_form(self, point: RestorePoint) -> None:
        """Show the restore form that fits the point."""
        from tui.screens.form import RestoreFormScreen

        self.push_screen(RestoreFormScreen(point))

    def action_tasks(self) -> None:
        """Show the restores of this run."""
        from tui.screens.tasks import TasksScreen

        if self.connection is not None and not isinstance(self.screen, TasksScreen):
            self.push_screen(TasksScreen())

    def action_history(self) -> None:
        """Show what the journal remembers."""
        from tui.screens.history import HistoryScreen

        if self.connection is not None and not isinstance(self.screen, HistoryScreen):
            self.push_screen(HistoryScreen())

    def action_help(self) -> None:
        """Show what each key does here."""
        from tui.screens.help import HelpScreen

        name = getattr(self.screen, "NAME", "")
        if name and name != "help":
            self.push_screen(HelpScreen(name))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette lists the same table as the footer and the help."""
        from textual.app import SystemCommand

        from tui.commands import actions_of

        for action in actions_of(getattr(screen, "NAME", "")):
            target = (
                action.name
                if "." in action.name
                else f"{'app' if action.screen == 'app' else 'screen'}.{action.name}"
            )
            if action.name != "command_palette":
                yield SystemCommand(action.label, action.help, self._runner(target))

    def _runner(self, action: str) -> Callable[[], object]:
        return lambda: self.call_later(self.run_action, action)

    # -- sessions -----------------------------------------------------------------------------

    async def log_on_again(self) -> bool:
        """Ask for the password over the current screen; everybody who needs it waits for one dialog."""
        from tui.screens.ask import LogOnAgainScreen

        if self._again is not None:
            return await asyncio.shield(self._again)
        self._again = asyncio.get_running_loop().create_future()
        try:
            done = bool(await self.push_screen(LogOnAgainScreen(), wait_for_dismiss=True))
            self._again.set_result(done)
        except BaseException:
            self._again.cancel()
            raise
        finally:
            self._again = None
        if done and self.restores is not None:
            self.restores.monitor.wake()
        return done

    @work(group="session", exclusive=True, exit_on_error=False, description="log off")
    async def action_log_off(self) -> None:
        """End the logon session at the server and forget it here."""
        from tui.api.errors import ManagerError
        from tui.screens.ask import AskScreen
        from tui.screens.base import explain
        from tui.store.errors import StoreError

        connection = self.connection
        if connection is None:
            return
        words = self._in_flight_words()
        text = (
            f"{words} Their tasks die with the logon session, so they will be followed less closely."
            if words
            else "The logon session is deleted at the server and from the keyring."
        )
        if not await self.push_screen_wait(AskScreen("Log off?", text, yes="Log off", no="Stay")):
            return
        note = "Logged off."
        self.workers.cancel_group(self, "monitor")
        self.workers.cancel_group(self, "keep-alive")
        try:
            await connection.log_off()
        except (ManagerError, StoreError) as error:
            note = explain("log off cleanly", error) + " The local copy of the session is gone."
        await connection.leave()
        if self.restores is not None:
            await self.restores.close()
        self.connection, self.restores = None, None
        while len(self.screen_stack) > 2:
            await self.pop_screen()
        await self.switch_screen(self._login(note, resume=False))

    @work(group="session", exclusive=True, exit_on_error=False, description="ask to quit")
    async def action_quit(self) -> None:
        """Ask, say what goes on, and leave; the logon session is kept for the next start."""
        from tui.screens.ask import AskScreen

        words = self._in_flight_words()
        text = words or "Nothing is in flight."
        if self.connection is not None and not await self.push_screen_wait(
            AskScreen("Quit vbem?", text, yes="Quit", no="Stay")
        ):
            return
        await self.leave()

    async def leave(self) -> None:
        """Close what is open and end the screens."""
        self.farewell = self._in_flight_words()
        if self.restores is not None:
            await self.restores.close()
        if self.connection is not None:
            await self.connection.leave()
        self.exit(0)

    def action_interrupt(self) -> None:
        """Ctrl+C: stop what is loading, else ask to quit."""
        stop = getattr(self.screen, "stop_loading", None)
        if stop is not None and stop():
            return
        self.run_worker(self.run_action("quit"), exclusive=False)

    def on_key(self) -> None:
        """Keys pressed keep the logon session alive."""
        if self.connection is not None:
            self.connection.key_pressed()

    # -- the outer edge -----------------------------------------------------------------------

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker that failed in an unforeseen way is reported, and the program goes on."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            path = report_crash(self.folders, event.worker.error)
            words = (
                f"Something unforeseen went wrong while trying to {event.worker.description}. Report: {path}"
            )
            self.notify(words, severity="error", markup=False, timeout=30)

    def _handle_exception(self, error: Exception) -> None:
        """Textual's own ending prints local variables, which may hold secrets: write a report instead."""
        path = report_crash(self.folders, error)
        self.farewell = f"vbem stopped because of a defect of its own. Report: {path}"
        self._return_code = 70
        self._exception = error
        self._exception_event.set()
        self._close_messages_no_wait()
