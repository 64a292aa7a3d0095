"""The app: it wires screens to services, and is the only one that names the class of another screen."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.worker import WorkerCancelled

from tui.actions import NEEDS_LOGON, actions_of, spell_keys
from tui.screens.base import (
    Admitted,
    Notice,
    OpenBatch,
    OpenNames,
    OpenPlanFile,
    OpenRestoreForm,
    OpenTasks,
    OthersChanged,
    TasksSeen,
    VbemScreen,
    bindings_of,
    screen_name,
)
from tui.screens.login import LeaveLogin, LoginScreen
from tui.screens.notices import ServerNotices
from tui.servers import FIRST, Servers, who_of
from tui.services import Services
from tui.terminal.terminal_app import TerminalApp
from tui.theme import THEMES, frames, stylesheets
from tui.widgets.inputs import typed_secrets

if TYPE_CHECKING:
    from textual.screen import Screen

    from tui.clock import Clock
    from tui.config import StartOptions
    from tui.restore_points.index import VmKey
    from tui.screens.dialogs import AskScreen


class VbemApp(TerminalApp):
    """Screens of vbem; those of each Enterprise Manager are a mode of their own, kept as they are in another.

    Args:
        options: what the command line decided.
        clock: time; None for the system's.
    """

    TITLE = "vbem"
    CSS_PATH = stylesheets()
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("app")
    ENABLE_COMMAND_PALETTE = True
    ESCAPE_TO_MINIMIZE = False
    DEFAULT_MODE = FIRST

    def __init__(self, options: StartOptions, *, clock: Clock | None = None) -> None:
        self.servers = Servers(Services(options, clock=clock))
        self._notices: dict[Services, ServerNotices] = {}
        """What hears each server."""
        super().__init__(options.folders.state)
        self.add_mode(FIRST, self.get_default_screen)
        self._connect(self.services)
        self._leaving = ""
        """The question or the work that leads out of the screens; empty for none."""
        self._question: AskScreen | None = None
        """The question that is open before that."""
        self._is_logon_expected = False
        """The operator has asked to log on again."""
        # Before any stylesheet is read: a theme set later has all of them read again.
        for theme in THEMES:
            self.register_theme(theme)
        self.set_reactive(App.theme, options.theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return frames()

    def on_mount(self) -> None:
        self.catch_signals()

    @property
    def services(self) -> Services:
        """Return those of the server that is on the screens."""
        return self.servers.current

    def _connect(self, services: Services) -> None:
        """Have what is new at a server, and its questions, come here."""
        self._notices[services] = ServerNotices(services, self)
        services.ask_for_password = partial(self._ask_for_password, services)

    def get_default_screen(self) -> Screen[None]:
        # The login lies under all others: an empty screen below it would be laid out and painted first.
        options = self.services.options
        return LoginScreen(
            self.services,
            server=options.server,
            user=options.user,
            password=options.password_hint,
            note=self.servers.login_note,
        )

    def secrets(self) -> tuple[str, ...]:
        typed = (secret for screen in self.every_screen for secret in typed_secrets(screen))
        return (*typed, *(secret for services in self.servers.all for secret in services.secrets))

    def last_words(self) -> str:
        from tui.screens.dialogs import LogOnAgainScreen

        asking = (each for each in self.every_screen if isinstance(each, LoginScreen | LogOnAgainScreen))
        logons = (screen.left_behind for screen in asking)
        return " ".join(filter(None, (self.servers.what_goes_on, *logons)))

    # -- the screens there are ------------------------------------------------------------------

    @property
    def full_screens(self) -> list[VbemScreen]:
        """Return the screens on the stack that are no dialogs, the uppermost last."""
        return [screen for screen in self.screen_stack if isinstance(screen, VbemScreen)]

    @property
    def every_screen(self) -> list[Screen[object]]:
        """Return the screens of every server, hidden or not."""
        return [screen for services in self.servers.all for screen in self.screens_of(services)]

    def screens_of(self, services: Services) -> list[Screen[object]]:
        """Return the screens of a server, also while those of another one are shown."""
        try:
            return self.get_screen_stack(self.servers.key_of(services))
        except KeyError:
            return []  # not shown yet, or no more

    def show_notice(self, text: str, kind: str = "note") -> None:
        """Show a sentence beside what the status line of the uppermost full screen says.

        One that only leads to the tasks is taken back when they are shown, or when it is true no more.
        """
        if kind == "note" and "Ctrl+T" in text:
            self._notices[self.services].leads_to_tasks(text)
        # A screen that was just pushed has no status line yet.
        self.show_notice_instead(text, kind, "")

    def show_notice_instead(self, text: str, kind: str, before: str) -> None:
        """Show a sentence there instead of another one, which is taken back wherever it stands."""
        self.call_after_refresh(self._show_notice, text, kind, before)

    def _show_notice(self, text: str, kind: str, instead_of: str) -> None:
        for screen in self.full_screens:
            screen.remove_status(instead_of)
        for screen in self.full_screens[-1:]:
            screen.add_status(text, kind)

    @on(Notice)
    def _notice(self, notice: Notice) -> None:
        self.show_notice(notice.text, notice.kind)

    @on(TasksSeen)
    def _forget_ended(self) -> None:
        self._notices[self.services].tasks_seen()

    # -- navigation -----------------------------------------------------------------------------

    @on(Admitted)
    async def _admit(self, message: Admitted) -> None:
        from tui.screens.points import RestorePointsScreen

        self._notices[self.services].admitted()
        self.servers.admit(message.connection)
        with self.key_queue.paused():
            await self.push_screen(RestorePointsScreen(self.services))
        self.services.start_watching()
        if self.services.notices:
            self._show_notices()

    @work(group="dialog", exit_on_error=False, description="show what must be read")
    async def _show_notices(self) -> None:
        from tui.screens.dialogs import AskScreen

        text = "\n\n".join(self.services.notices)
        question = AskScreen(
            self.services, "Read this first", text, yes="I have read it", no="Show it again later"
        )
        if await self.push_screen_wait(question):
            await self.services.notices_read()

    @on(OpenTasks)
    def _open_tasks(self, message: OpenTasks) -> None:
        from tui.screens.tasks import TasksScreen

        is_form = screen_name(self.screen) == "form"
        # A form that was sent has done its work. Any other stays below, with all that was typed.
        keeps_form = is_form and not message.restore_key
        for screen in [] if keeps_form else self.screen_stack:
            if isinstance(screen, TasksScreen):
                screen.pop_until_active()
                screen.select(message.restore_key)
                return
        tasks = TasksScreen(self.services, selected=message.restore_key)
        if is_form and not keeps_form:
            self.switch_screen(tasks)
        else:
            self.push_screen(tasks)

    @on(OpenRestoreForm)
    def _open_restore_form(self, message: OpenRestoreForm) -> None:
        from tui.screens.restore_form import RestoreFormScreen

        self.services.keep_session_now()
        self.push_screen(RestoreFormScreen(self.services, message.draft))

    @on(OpenBatch)
    def _open_batch(self, message: OpenBatch) -> None:
        from tui.screens.batch import BatchScreen

        recovery = self.services.recovery
        if recovery is None:
            return
        if not (recovery.marked or message.is_interrupted) and message.key is not None:
            recovery.mark([message.key])
        keys = () if message.is_interrupted else tuple(recovery.marked)
        if keys or message.is_interrupted:
            self.services.keep_session_now()
            self.push_screen(BatchScreen(self.services, keys, is_interrupted=message.is_interrupted))

    @on(OpenPlanFile)
    @work(group="names", exclusive=True, exit_on_error=False, description="open a recovery plan")
    async def _open_plan_file(self) -> None:
        from tui.screens.batch import BatchScreen
        from tui.screens.batch_dialogs import PlanFileScreen

        table = await self.push_screen_wait(PlanFileScreen(self.services))
        if table is not None:
            self.services.keep_session_now()
            self.push_screen(BatchScreen(self.services, (), table=table))

    @on(OpenNames)
    @work(group="names", exclusive=True, exit_on_error=False, description="mark VMs by their names")
    async def _ask_for_names(self) -> None:
        from tui.screens.names import NamesScreen

        recovery, index = self.services.recovery, self.services.points
        if recovery is not None and index is not None:
            chosen: tuple[VmKey, ...] = await self.push_screen_wait(NamesScreen(self.services, index)) or ()
            recovery.mark(chosen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # Before logon: no tasks, no history, nothing to log off from; and no screen leads to itself.
        del parameters
        if self.screen_stack and action == screen_name(self.screen):
            return False
        if action == "log_on_again":
            return self.services.is_logon_put_off
        return self.services.connection is not None or action not in NEEDS_LOGON

    def action_servers(self) -> None:
        if self._busy_with:
            self.show_notice(f"{self._busy_with} Go there when the server has answered.", "bad")
        else:
            self._choose_server()

    @work(group="servers", exclusive=True, exit_on_error=False, description="go to another server")
    async def _choose_server(self) -> None:
        from tui.screens.dialogs import ServersScreen

        row = await self.push_screen_wait(ServersScreen(self.services, self.servers))
        if row is None or row.is_current or self.screen.is_modal:
            return
        services = row.services
        if services is None:
            try:
                services = self.servers.begin(row.name)
            except ValueError as error:
                self.show_notice(f"[server.{row.name}] of the settings cannot be used. {error}", "bad")
                return
            self._connect(services)
            self.add_mode(self.servers.key_of(services), self.get_default_screen)
        await self._show_server(services)

    async def _show_server(self, services: Services) -> None:
        self.servers.show(services)
        with self.key_queue.paused():
            await self.switch_mode(self.servers.key_of(services))
        for screen in self.screen_stack:
            screen.post_message(OthersChanged())
        if services.restores is not None:
            self._notices[services].show_title(services.restores.all)
        if services.is_logon_put_off:
            self.action_log_on_again()

    @on(LeaveLogin)
    @work(group="servers", exclusive=True, exit_on_error=False, description="go back to a server")
    async def _leave_login(self) -> None:
        left = self.services
        if left.connection is not None or not self.servers.others or self.screen.is_modal:
            return
        key = self.servers.key_of(left)
        await self._show_server(self.servers.others[-1])
        await self.remove_mode(key)
        self.servers.drop(left)
        del self._notices[left]
        await left.close()

    def action_tasks(self) -> None:
        self.post_message(OpenTasks())

    def action_history(self) -> None:
        from tui.screens.history import HistoryScreen

        if not isinstance(self.screen, HistoryScreen):
            self.push_screen(HistoryScreen(self.services))

    def action_incident(self) -> None:
        if self.services.recovery is not None:
            self._ask_for_incident()

    @work(group="incident", exclusive=True, exit_on_error=False, description="set the incident")
    async def _ask_for_incident(self) -> None:
        from tui.screens.incident import IncidentScreen, note_incident

        recovery = self.services.recovery
        if recovery is None:
            return
        answer = await self.push_screen_wait(IncidentScreen(self.services, recovery.incident))
        if answer is not None:
            self._notice(await note_incident(recovery, answer))

    def action_help(self) -> None:
        from tui.screens.dialogs import HelpScreen

        name = screen_name(self.screen)
        if name and name != "help":
            more = self.screen.TYPED if isinstance(self.screen, VbemScreen) else ()
            self.push_screen(HelpScreen(self.services, name, more))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        offered: set[str] = set()
        for action in actions_of(screen_name(screen)):
            namespace = "app" if action.screen == "app" else "screen"
            target = action.name if "." in action.name else f"{namespace}.{action.name}"
            if action.name != "command_palette" and not action.is_a_move and target not in offered:
                offered.add(target)
                words = f"{spell_keys(action)}: {action.help}"
                yield SystemCommand(action.label, words, self._runner(target))

    def _runner(self, action: str) -> Callable[[], object]:
        return lambda: self.call_later(self.run_action, action)

    def action_interrupt(self) -> None:
        # Also under a dialog: the status line that says so is seen beside it.
        if not any(screen.stop_loading() for screen in self.full_screens[-1:]):
            self.action_ask_to_quit()

    # -- the logon session ----------------------------------------------------------------------

    def on_key(self) -> None:
        self.servers.keep_attended()

    async def _ask_for_password(self, services: Services) -> bool:
        from tui.screens.dialogs import LogOnAgainScreen

        if services is not self.services:
            return (
                False  # asked for when somebody goes there: no password is typed over another server's screen
            )
        # In a worker: Textual lets nobody else wait for what a screen is dismissed with.
        asking = self.run_worker(
            self.push_screen_wait(LogOnAgainScreen(services, is_expected=self._is_logon_expected)),
            group="dialog",
            description="ask for the password",
            exit_on_error=False,
        )
        try:
            return bool(await asking.wait())
        except WorkerCancelled as error:
            raise CancelledError from error

    def action_log_on_again(self) -> None:
        self._is_logon_expected = True
        self._log_on_again()

    @work(group="again", exclusive=True, exit_on_error=False, description="log on again")
    async def _log_on_again(self) -> None:
        try:
            if await self.services.log_on_again():
                self.show_notice("Logged on again.", "good")
        finally:
            self._is_logon_expected = False

    def _begins_to_leave(self, how: str) -> bool:
        """Note what leads out of the screens; where another thing does already, say that it comes first."""
        if self._leaving:
            is_below = self._question is not None and self.screen is not self._question
            words = (
                f"answer this first; {self._leaving} is below"
                if is_below
                else f"{self._leaving}: this comes first"
            )
            for box in self.screen.query(".box"):
                box.border_subtitle = words
            return False
        self._leaving = how
        return True

    async def _ask_to_leave(self, question: AskScreen) -> bool:

        self._question = question
        try:
            return await self.push_screen_wait(question)
        finally:
            self._question = None

    @property
    def _must_end_first(self) -> str:
        """Return what a log-off would cut off in the middle, as a sentence; empty for nothing."""
        if "cancel a restore" in self.services.under_way:
            return "A cancel request is being sent."
        if self.services.recovery is not None and self.services.recovery.is_sending:
            return "A restore of the queue is being sent."
        return self._busy_with

    @property
    def _busy_with(self) -> str:
        return next((screen.busy_with for screen in self.full_screens if screen.busy_with), "")

    def action_log_off(self) -> None:
        if self._must_end_first:
            self.show_notice(f"{self._must_end_first} Log off when the server has answered.", "bad")
        elif self.services.connection is not None and self._begins_to_leave("Log off"):
            self._log_off()

    @work(group="session", exit_on_error=False, description="log off")
    async def _log_off(self) -> None:
        from tui.screens.dialogs import AskScreen

        try:
            question = AskScreen(
                self.services, "Log off?", lambda: self.servers.log_off_words, yes="Log off", no="Stay"
            )
            if await self._ask_to_leave(question):
                await self._log_off_and_ask_again()
        finally:
            self._leaving = ""

    async def _log_off_and_ask_again(self) -> None:
        """Log off under a dialog that takes no key; then only the login is left."""
        from tui.screens.dialogs import WaitScreen

        services = self.services
        await self.push_screen(WaitScreen(services, f"Logging off from {who_of(services)} ..."))
        note = await services.log_off()
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        if isinstance(self.screen, LoginScreen):
            options = services.options
            self.screen.ask_again(
                server=options.server,
                user=options.user,
                password=options.password_hint,
                note=f"{note}\n{self.servers.login_note}".strip(),
            )

    # -- the end --------------------------------------------------------------------------------

    async def action_quit(self) -> None:
        if self.servers.is_any_in_flight or self._must_end_first:
            self.action_ask_to_quit()
        elif self._begins_to_leave("Quit"):
            self.farewell = self.last_words()
            self.exit(0)

    def action_ask_to_quit(self) -> None:
        if self._begins_to_leave("Quit"):
            self._ask_to_quit()

    @work(group="session", exit_on_error=False, description="ask to quit")
    async def _ask_to_quit(self) -> None:
        from tui.screens.dialogs import AskScreen

        try:
            if self.servers.quit_words:
                question = AskScreen(
                    self.services, "Quit vbem?", lambda: self.servers.quit_words, yes="Quit", no="Stay"
                )
                if not await self._ask_to_leave(question):
                    return
            self.farewell = self.last_words()
            self.exit(0)
        finally:
            self._leaving = ""

    async def on_unmount(self) -> None:
        # Whatever ended the screens: the rows are given up, what is open is closed.
        note = await self.servers.close()
        self.farewell = f"{self.farewell} {note}".strip()
