"""Small dialogs: a yes-or-no question with the safe answer first, and logging on again."""

from __future__ import annotations

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Input, Label, Static

from tui.screens.base import Dialog, explain
from tui.screens.keys import bindings_of
from tui.screens.refusals import Refusals
from tui.text import safe
from tui.widgets.entry import Entry


class AskScreen(Dialog[bool]):
    """A question; the safe answer has the focus and is what Escape means."""

    NAME = "ask"
    BINDINGS = bindings_of("ask")

    def __init__(self, title: str, text: str, *, yes: str, no: str) -> None:
        super().__init__()
        self._title, self._text, self._yes, self._no = title, text, yes, no

    def compose(self) -> ComposeResult:
        """Title, text, two buttons."""
        with VerticalScroll(classes="box", can_focus=False):
            yield self.title_line(self._title)
            yield Static(self._text, markup=False)
            with Horizontal(classes="buttons"):
                yield Button(self._no, id="no", compact=True)
                yield Button(self._yes, id="yes", compact=True)

    def on_mount(self) -> None:
        """The safe answer has the focus."""
        self.query_one("#no", Button).focus()

    @on(Button.Pressed, "#yes")
    def accept(self) -> None:
        """Go on."""
        self.dismiss(True)

    @on(Button.Pressed, "#no")
    def action_back(self) -> None:
        """Change nothing."""
        self.dismiss(False)

    def action_next_choice(self) -> None:
        """Arrow keys move between the buttons."""
        self.focus_next()


class LogOnAgainScreen(Dialog[bool]):
    """Asks for the password when the logon session is over; the screen below stays as it was."""

    NAME = "again"
    BINDINGS = bindings_of("again")

    def __init__(self) -> None:
        super().__init__()
        self._refusals = Refusals()

    def compose(self) -> ComposeResult:
        """Who, where, and the password."""
        with VerticalScroll(classes="box", can_focus=False):
            yield self.title_line("The logon session has ended")
            yield Static(
                "Log on again and everything goes on where it was. Nothing typed is lost.",
                markup=False,
            )
            yield Label(safe(f"Password of {self.vbem.who}", cells=70), markup=False)
            yield Entry(password=True, id="password-again")
            yield Static("", id="again-status", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Log on", id="log-on-again", compact=True)
                yield Button("Not now", id="not-now", compact=True)

    def on_mount(self) -> None:
        """The password is what is missing."""
        self.query_one("#password-again", Entry).focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#log-on-again")
    def start(self) -> None:
        """Log on in a worker."""
        password = self.query_one("#password-again", Entry).value
        if password:
            self._log_on(password)

    @work(group="login", exclusive=True, exit_on_error=False, description="log on again")
    async def _log_on(self, password: str) -> None:
        from tui.api.errors import BadLogin, ManagerError
        from tui.store.errors import StoreError

        connection = self.vbem.connection
        if connection is None:
            self.dismiss(False)
            return
        status = self.query_one("#again-status", Static)
        status.update("Logging on ...")
        try:
            await connection.log_on_again(password)
        except BadLogin as error:
            times = self._refusals.count(connection.user)
            status.update(safe(f"{times}{explain('log on again', error)}", cells=400))
            self.query_one("#password-again", Entry).offer_anew()
        except (ManagerError, StoreError) as error:
            status.update(safe(explain("log on again", error), cells=400))
        else:
            self.dismiss(True)

    @on(Button.Pressed, "#not-now")
    def action_back(self) -> None:
        """Leave it for now."""
        self.dismiss(False)
