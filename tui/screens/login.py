"""Login: which server, which user; trust is settled before the password leaves this machine.

In the trust question refusing is the default. A certificate that changed is a hard stop: trusting it means
typing part of its fingerprint.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Input, Label, Static

from tui import timefmt
from tui.api.errors import MAY_BE_LOGGED_ON, BadLogin, CertificateChanged, Untrusted
from tui.errors import VbemError, describe
from tui.sanitize import STAND_IN, safe
from tui.screens.base import Admitted, Dialog, VbemScreen, bindings_of
from tui.terminal.key_queue import is_typing
from tui.widgets.inputs import Button, LineInput
from tui.widgets.text_view import BoxText

if TYPE_CHECKING:
    from textual.events import Key, Paste
    from textual.timer import Timer

    from tui.api.models import Certificate
    from tui.services import Services
    from tui.session import Connection


def unreadable(what: str, typed: str) -> str:
    """Return why something typed cannot be sent, with a full stop; empty where it can."""
    if STAND_IN not in typed:
        return ""
    return f"The {what} has a character that cannot be read, as the terminal sent no UTF-8. Nothing was sent."


FOLLOWING_MODULES = (
    "tui.api.client",
    "tui.store.journal",
    "tui.screens.points",
    "tui.screens.restore_form",
    "tui.screens.tasks",
)
"""What follows a logon, in this order; imported while the password is typed."""
SAID_AFTER_S = 0.15
"""A quick server answers before anyone could read what is waited for: it is not painted then."""


class LeaveLogin(Message):
    """Show the server again that one came from."""


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

    def after_first_paint(self) -> None:
        self._import_what_follows()
        # Unless the operator has already started to log on.
        if self._server and not self._has_begun:
            self.resume_kept_session()

    @work(thread=True, group="imports", exit_on_error=False, description="import")
    def _import_what_follows(self) -> None:
        for module in FOLLOWING_MODULES:
            import_module(module)

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

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        return action != "back" or bool(self.services.others())

    def action_back(self) -> None:
        if self._is_sending:
            self.set_status("Logging on. Ctrl+C stops it.")
        else:
            self.workers.cancel_group(self, "login")
            self.app.post_message(LeaveLogin())

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
        if any(one.connection and one.connection.server == str(address) for one in self.services.others()):
            self.set_status("You are logged on to that server already. Esc leads back.", "bad")
            return
        if wait := self.services.refusals.why_wait(f"{user.strip()} {address}"):
            self.set_status(f"Nothing was sent. {wait}", "bad")
            return
        self._has_begun = True
        self.query_one("#password", LineInput).sent = password
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
            field = self.query_one("#password", LineInput)
            field.value = field.sent = ""
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
                if await connection.resume():
                    await self._open_journal()
                    resumed = True
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


# -- the trust question ---------------------------------------------------------------------

TYPED_DIGITS = 8
"""How many hex digits of a changed certificate's fingerprint have to be typed."""
NOT_THESE = "the new fingerprint does not begin with that"

_DIGITS = frozenset("0123456789abcdefABCDEF")


def in_pairs(sha256: str) -> str:
    """Return a fingerprint for people: upper case, in pairs with colons."""
    return ":".join(sha256[i : i + 2] for i in range(0, len(sha256), 2)).upper()


def in_two_lines(fingerprint: str) -> tuple[str, str]:
    """Return a fingerprint in halves: 95 characters do not fit in 80 columns, and these can be compared."""
    return f"  {fingerprint[:48]}", f"  {fingerprint[48:]}"


class CertificateScreen(Dialog[bool]):
    """Shows a certificate and asks; dismissed with True to trust it."""

    NAME = "certificate"
    BINDINGS = bindings_of("certificate")

    def __init__(
        self, services: Services, certificate: Certificate, *, server: str, pinned_sha256: str = ""
    ) -> None:
        super().__init__(services)
        self._certificate = certificate
        self._server = server
        self._pinned = pinned_sha256

    def compose_box(self) -> ComposeResult:
        with Vertical(classes="box"):
            changed = bool(self._pinned)
            title = "THE CERTIFICATE HAS CHANGED" if changed else "Unknown certificate"
            yield self.title_line(f"{title}: {safe(self._server, cells=40)}")
            yield BoxText(self._facts(), hang=2, needs_tab=False, id="certificate-facts")
            if changed:
                yield Static(
                    f"To trust it anyway, type the first {TYPED_DIGITS} digits of the new fingerprint:",
                    markup=False,
                )
                yield LineInput(id="typed")
            with Horizontal(classes="buttons"):
                yield Button("Refuse", id="refuse", compact=True)
                yield Button("Trust and remember", id="trust", compact=True, disabled=changed)

    def _facts(self) -> list[str]:
        one = self._certificate
        names = ", ".join(one.names) or "(none)"
        lines = [
            one.problem or "No authority this machine trusts has signed it.",
            f"Subject  {one.subject}",
            f"Issuer   {one.issuer}",
            f"Names    {names}",
            f"Valid    {timefmt.both(one.not_before)}",
            f"   to    {timefmt.both(one.not_after)}",
            "SHA-256 fingerprint" + (" NOW:" if self._pinned else ":"),
            *in_two_lines(one.fingerprint),
        ]
        if self._pinned:
            lines += ["Trusted before:", *in_two_lines(in_pairs(self._pinned))]
            lines += ["Ask the server's administrator whether it was replaced; if nobody knows, refuse."]
        else:
            lines += ["Compare the fingerprint with the server's own before you trust it."]
        return [*lines, *(f"  {warning}" for warning in one.warnings)]

    def on_mount(self) -> None:
        # The arrow keys scroll it from everywhere: Tab has a shorter way to the answers.
        self.query_one("#certificate-facts").can_focus = False
        self.query_one("#refuse", Button).focus()

    def on_key(self, event: Key) -> None:
        # Typed digits go to their field, also while the safe answer has the focus.
        if self._pinned and not isinstance(self.focused, LineInput) and (event.character or " ") in _DIGITS:
            entry = self.query_one("#typed", LineInput)
            entry.focus()
            entry.insert_text_at_cursor(event.character or "")
            event.stop()

    @on(Input.Changed, "#typed")
    def compare_typed(self, event: Input.Changed) -> None:
        self.query_one(".box").border_subtitle = ""
        typed = "".join(char for char in event.value.lower() if char.isalnum())
        right = len(typed) >= TYPED_DIGITS and self._certificate.sha256.startswith(typed)
        self.query_one("#trust", Button).disabled = not right

    @on(Input.Submitted, "#typed")
    def submit_typed(self) -> None:
        # Enter after the right digits goes to the button and never presses it.
        button, typed = self.query_one("#trust", Button), self.query_one("#typed", LineInput)
        if not button.disabled:
            button.focus()
        elif typed.value.strip():
            self.query_one(".box").border_subtitle = NOT_THESE
        else:
            self.query_one("#refuse", Button).focus()

    @on(Button.Pressed, "#trust")
    def action_trust(self) -> None:
        if not self.query_one("#trust", Button).disabled:
            self.dismiss(True)

    @on(Button.Pressed, "#refuse")
    def action_refuse(self) -> None:
        self.dismiss(False)

    def action_next_choice(self) -> None:
        self.focus_next()

    def action_scroll(self, lines: int) -> None:
        self.query_one("#certificate-facts", BoxText).turn(lines)
