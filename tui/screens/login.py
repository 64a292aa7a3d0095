"""Login: which server, which user; trust is settled before the password leaves this machine."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input, Label, Static

from tui.api.errors import MAY_BE_LOGGED_ON, BadLogin, CertificateChanged, Untrusted
from tui.errors import VbemError, describe
from tui.sanitize import STAND_IN, safe
from tui.screens.base import Admitted, VbemScreen, bindings_of
from tui.screens.certificate import CertificateScreen
from tui.terminal.key_queue import is_typing
from tui.widgets.inputs import Button, LineInput

if TYPE_CHECKING:
    from textual.events import Key, Paste
    from textual.timer import Timer

    from tui.services import Services
    from tui.session import Connection


def unreadable(what: str, typed: str) -> str:
    """Return why something typed cannot be sent, with a full stop; empty where it can."""
    if STAND_IN not in typed:
        return ""
    return f"The {what} has a character that cannot be read, as the terminal sent no UTF-8. Nothing was sent."


_FOLLOWING_MODULES = (
    "tui.api.client",
    "tui.store.journal",
    "tui.screens.points",
    "tui.screens.restore_form",
    "tui.screens.tasks",
)
"""What follows a logon, in this order; imported while the password is typed."""
SAID_AFTER_S = 0.15
"""A quick server answers before anyone could read what is waited for: it is not painted then."""


class LoginScreen(VbemScreen):
    """The first screen; it is painted before anything heavy is loaded."""

    NAME = "login"
    HEADING = "Log on"
    BINDINGS = bindings_of("login")

    def __init__(
        self, services: Services, *, server: str, user: str, password: str = "", note: str = ""
    ) -> None:
        super().__init__(services)
        self._server, self._user, self._password = server, user, password
        self._note = note
        self._has_begun = False
        self._is_sending = False
        """What was typed is on its way to the server."""
        self._awaited = ""
        """What is waited for."""
        self._slow: Timer | None = None
        """Will say what is waited for."""

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(id="login-form", can_focus=False):
            yield Static("Veeam Backup Enterprise Manager", classes="title", markup=False)
            names = ", ".join(self.services.settings.servers)
            known = f", or a name of the settings: {names}" if names else "; the default port is 9398"
            yield Label(safe(f"Server (host or host:port{known})", cells=200), markup=False)
            yield LineInput(self._server, id="server", placeholder="em.example.org")
            yield Label("User (DOMAIN\\user, user@DOMAIN or user)", markup=False)
            yield LineInput(self._user, id="user", placeholder="DOMAIN\\user")
            yield Label("Password (never stored)", markup=False)
            yield LineInput(self._password, id="password", password=True)
            with Horizontal(classes="buttons"):
                yield Button("Log on", id="log-on", compact=True)
            yield Static(self._note, id="login-note", markup=False)

    def on_mount(self) -> None:
        empty = (
            name for name in ("server", "user", "password") if not self.query_one(f"#{name}", LineInput).value
        )
        self.query_one(f"#{next(empty, 'password')}", LineInput).focus()
        self.call_after_refresh(self._import_what_follows)
        if self._server:
            self.call_after_refresh(self._resume_unless_begun)

    @work(thread=True, group="imports", exit_on_error=False, description="import")
    def _import_what_follows(self) -> None:
        for module in _FOLLOWING_MODULES:
            import_module(module)

    def _resume_unless_begun(self) -> None:
        """Resume the saved session, unless the operator has already started to log on."""
        if not self._has_begun:
            self.resume_kept_session()

    def ask_again(self, *, server: str, user: str, password: str = "", note: str) -> None:
        """Offer the same server and user after a log-off, and say how it went."""
        for name, value in (("server", server), ("user", user), ("password", password)):
            self.query_one(f"#{name}", LineInput).value = value
        self.query_one("#login-note", Static).update(note)
        self.query_one("#password", LineInput).focus()
        self.set_status("")

    def takes_key(self, event: Key | Paste) -> bool:
        """Return what is typed ahead for the list must not be sent as the end of the password."""
        if not super().takes_key(event):
            return False
        return not (self._is_sending and self.query_one("#password").has_focus and is_typing(event))

    @on(Input.Submitted)
    def go_on(self, event: Input.Submitted) -> None:
        # Enter goes to the next empty field; from the last one it logs on.
        typed = self.query_one("#server", LineInput).value.strip()
        if typed in self.services.settings.servers and not self.query_one("#user", LineInput).value:
            self._use_named(typed, "")
        for name in ("server", "user", "password"):
            entry = self.query_one(f"#{name}", LineInput)
            if not entry.value and entry is not event.input:
                entry.focus()
                return
        self.action_log_on()

    @on(Button.Pressed, "#log-on")
    def press_log_on(self) -> None:
        self.action_log_on()

    @property
    def left_behind(self) -> str:
        """Return what leaving now leaves at the server, as a sentence; empty for nothing."""
        return MAY_BE_LOGGED_ON if self._is_sending else ""

    def stop_loading(self) -> bool:
        """Stop logging on; return whether anybody was."""
        if not self._is_sending:
            return False
        self.workers.cancel_group(self, "login")
        self.set_status(f"Stopped. {MAY_BE_LOGGED_ON}", "bad")
        return True

    def action_log_on(self) -> None:
        if self._is_sending:
            # A second logon beside the first would send a wrong password twice: directories count.
            self.set_status("Logging on already. Ctrl+C stops it.")
            return
        server, user, password = (
            self.query_one(f"#{n}", LineInput).value for n in ("server", "user", "password")
        )
        if server.strip() in self.services.settings.servers:
            server, user = self._use_named(server.strip(), user)
        try:
            address = self.services.address_of(server)
        except ValueError as error:
            self.query_one("#server", LineInput).focus()
            self.set_status(f"The server's address cannot be used. {error}", "bad")
            return
        missing = "user" if not user.strip() else "password" if not password else ""
        if missing:
            self.query_one(f"#{missing}", LineInput).focus()
            self.set_status(f"Type the {missing} first.", "bad")
            return
        for name, typed in (("user", user), ("password", password)):
            if problem := unreadable(name, typed):
                self.query_one(f"#{name}", LineInput).focus_for_retyping()
                self.set_status(problem, "bad")
                return
        if wait := self.services.refusals.why_wait(f"{user.strip()} {address}"):
            self.set_status(f"Nothing was sent. {wait}", "bad")
            return
        self._has_begun = True
        self._log_on(self.services.connect(address), user.strip(), password)

    def _use_named(self, name: str, user: str) -> tuple[str, str]:
        """Take what the settings have for a named server; return its host, and the user to log on as."""
        services = self.services
        try:
            services.options.use_server(name)
        except ValueError as error:
            self.set_status(f"[server.{name}] of the settings cannot be used. {error}", "bad")
            return "", user
        services.settings = services.options.settings
        if not user.strip():
            user = self.query_one("#user", LineInput).value = services.options.user
        return services.options.server, user

    @work(group="login", exclusive=True, exit_on_error=False, description="log on")
    async def _log_on(self, connection: Connection, user: str, password: str) -> None:
        self._say_if_slow(f"Connecting to {connection.address} ...")
        doing = f"log on to {connection.address}"
        admitted = False
        self._is_sending = True
        try:
            if not await self._settle_trust(connection):
                self.set_status("The certificate was not trusted. Nothing was sent to the server.", "bad")
                return
            self._say_if_slow(f"Logging on to {connection.address} ...")
            await connection.log_on(user, password)
            await self._open_journal()
            admitted = True
        except CertificateChanged as error:
            self.show_error(doing, error)
        except BadLogin as error:
            times = self.services.refusals.count(f"{user} {connection.address}")
            self.set_status(f"{times}{describe(doing, error)}", "bad")
            self.query_one("#password", LineInput).focus_for_retyping()
        except VbemError as error:
            self.set_status(describe(doing, error), "bad")
            self.query_one("#password", LineInput).focus()
        finally:
            self._is_sending = False
            self._stop_waiting()
            if not admitted:
                await connection.leave()
        if admitted:
            self.services.refusals.forget(f"{user} {connection.address}")
            self.query_one("#password", LineInput).value = ""
            self.app.post_message(Admitted(connection))

    async def _open_journal(self) -> None:
        self._say_if_slow("Logged on. Opening the journal: another vbem may hold it, for up to 10 s ...")
        await self.services.make_ready()

    def _say_if_slow(self, words: str) -> None:
        """Say what is waited for, unless the answer is there before anybody could read it."""
        self._stop_waiting()
        self._awaited = words
        self._slow = self.set_timer(SAID_AFTER_S, self._say_awaited)

    def _say_awaited(self) -> None:
        """Say what is waited for; a stopped timer's call may still be in the queue."""
        if self._awaited:
            self.set_status(self._awaited)

    def _stop_waiting(self) -> None:
        self._awaited = ""
        if self._slow is not None:
            self._slow.stop()

    async def _settle_trust(self, connection: Connection) -> bool:
        """Ask about the certificate if no known authority signed it; return whether it is trusted then."""
        pinned = ""
        try:
            certificate = await connection.look()
        except CertificateChanged as error:
            certificate, pinned = error.certificate, error.pinned_sha256
        if certificate is None:
            return True
        self._stop_waiting()  # now it is the operator who is waited for
        self.set_status("")
        trusted = await self.ask(
            CertificateScreen(self.services, certificate, server=connection.server, pinned_sha256=pinned)
        )
        if trusted:
            connection.trust(certificate)
        return bool(trusted)

    @work(group="login", exclusive=True, exit_on_error=False, description="resume the saved logon session")
    async def resume_kept_session(self) -> None:
        """Use the logon session the keyring holds, if the server still knows it."""
        try:
            connection = self.services.connect(self.services.address_of(self._server))
        except ValueError:
            return
        resumed = False
        try:
            if await connection.has_kept_session():
                self.set_status(f"Checking the saved logon session on {connection.address} ...")
                resumed = await connection.resume()
                if resumed:
                    await self._open_journal()
                else:
                    self.set_status("The saved logon session has ended. Log on.")
            elif connection.unread:
                self.set_status(f"The saved logon session could not be read: {connection.unread} Log on.")
        except Untrusted:
            self.set_status("")
        except VbemError as error:
            self.show_error("resume the saved logon session", error)
        finally:
            self._stop_waiting()
            if not resumed:
                await connection.leave()
        if resumed:
            self.app.post_message(Admitted(connection))
