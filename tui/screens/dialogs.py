"""Small dialogs: a yes-or-no question with the safe answer first, logging on again, the list of servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import DescendantFocus
from textual.widgets import Input, Static

from tui.actions import DIALOGS, actions_of, spell_keys
from tui.api.errors import MAY_BE_LOGGED_ON, BadLogin
from tui.errors import VbemError, describe
from tui.sanitize import safe
from tui.screens.base import Dialog, OthersChanged, RestoresChanged, bindings_of
from tui.screens.login import unreadable
from tui.servers import who_of
from tui.widgets.inputs import Button, LineInput
from tui.widgets.table_layout import Column, ListRows
from tui.widgets.text_view import BoxText, TextView
from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.binding import BindingType
    from textual.events import Key, Paste

    from tui.restores.forms.fields import Choice
    from tui.servers import ServerRow, Servers
    from tui.services import Services


class AskScreen(Dialog[bool]):
    """A question; the safe answer has the focus and is what Escape means.

    Args:
        services: what it is about.
        title: the question.
        text: what to know for an answer; where it is a function, it is asked again at each change.
        yes: the button that does it.
        no: the safe one.
    """

    NAME = "ask"
    BINDINGS = bindings_of("ask")

    def __init__(
        self, services: Services, title: str, text: str | Callable[[], str], *, yes: str, no: str
    ) -> None:
        super().__init__(services)
        self._title, self._text, self._yes, self._no = title, text, yes, no

    def compose_box(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self.title_line(self._title)
            yield BoxText(self._words, needs_tab=False, id="ask-text")
            with Horizontal(classes="buttons"):
                yield Button(self._no, id="no", compact=True)
                yield Button(self._yes, id="yes", compact=True)

    def on_mount(self) -> None:
        self.query_one("#no", Button).focus()

    @property
    def _words(self) -> list[str]:
        return (self._text() if callable(self._text) else self._text).split("\n")

    @on(RestoresChanged)
    @on(OthersChanged)
    def _changed(self) -> None:
        self.query_one("#ask-text", BoxText).show(self._words)

    @on(Button.Pressed, "#yes")
    def accept(self) -> None:
        self.dismiss(True)

    @on(Button.Pressed, "#no")
    def action_back(self) -> None:
        self.dismiss(False)

    def action_next_choice(self) -> None:
        self.focus_next(Button)

    def action_scroll(self, lines: int) -> None:
        self.query_one("#ask-text", BoxText).turn(lines)


class TypeNameScreen(Dialog[bool]):
    """A question that is answered by typing a name; the safe answer is all else.

    Args:
        services: what it is about.
        title: the question.
        text: what to know for an answer.
        prompt: what is to be typed.
        is_name: whether that was typed.
        yes: the button that does it.
    """

    NAME = "ask"
    BINDINGS = bindings_of("ask")

    def __init__(
        self,
        services: Services,
        title: str,
        text: str,
        *,
        prompt: str,
        is_name: Callable[[str], bool],
        yes: str,
    ) -> None:
        super().__init__(services)
        self._title, self._text, self._prompt = title, text, prompt
        self._is_name, self._yes = is_name, yes

    def compose_box(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self.title_line(self._title)
            yield BoxText(self._text.split("\n"), needs_tab=False, id="ask-text")
            yield Static(safe(self._prompt, cells=200), markup=False)
            yield LineInput(id="ask-typed")
            yield Static("", markup=False, id="ask-note")
            with Horizontal(classes="buttons"):
                yield Button("Back", id="no", compact=True)
                yield Button(self._yes, id="yes", compact=True, disabled=True)

    def on_mount(self) -> None:
        self.query_one(LineInput).focus()

    @on(Input.Changed)
    def compare(self, event: Input.Changed) -> None:
        self.query_one("#yes", Button).disabled = not self._is_name(event.value)
        self.query_one("#ask-note", Static).update("")

    @on(Input.Submitted)
    def accept_typed(self, event: Input.Submitted) -> None:
        if self._is_name(event.value):
            self.dismiss(True)
        else:
            self.query_one("#ask-note", Static).update("That does not match. Nothing was changed.")

    @on(Button.Pressed, "#yes")
    def accept(self) -> None:
        self.dismiss(self._is_name(self.query_one(LineInput).value))

    @on(Button.Pressed, "#no")
    def action_back(self) -> None:
        self.dismiss(False)

    def action_next_choice(self) -> None:
        self.focus_next(Button)

    def action_scroll(self, lines: int) -> None:
        self.query_one("#ask-text", BoxText).turn(lines)


class WaitScreen(Dialog[None]):
    """Says what is being done, while no key may come between.

    Args:
        services: of the screen below.
        words: what is being done, and for how long at most.
    """

    NAME = "wait"

    def __init__(self, services: Services, words: str) -> None:
        super().__init__(services)
        self._words = words

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self.title_line(self._words)

    def takes_key(self, event: Key | Paste) -> bool:
        del event
        self.query_one(".box").border_subtitle = "no key is taken until this is done"
        return False


HOW_TO_TYPE = "Enter or Tab goes to the password; no other key is taken for it before."


class LogOnAgainScreen(Dialog[bool]):
    """Asks for the password when the logon session is over; the screen below stays as it was.

    Args:
        services: of the screen below.
        is_expected: the operator has asked for it. Else keys that were meant for the screen below are no
            password: nothing has the focus until Enter or Tab goes to the field.
    """

    NAME = "again"
    BINDINGS = bindings_of("again")
    AUTO_FOCUS = ""

    def __init__(self, services: Services, *, is_expected: bool = False) -> None:
        super().__init__(services)
        self._is_expected = is_expected
        self._is_sending = False

    def compose_box(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self.title_line("The logon session has ended")
            yield Static("Log on again to continue where you were. Nothing typed is lost.", markup=False)
            yield Static(safe(f"Password of {who_of(self.services)}", cells=160), markup=False)
            yield LineInput(password=True, id="password-again")
            status = () if self._is_expected else (HOW_TO_TYPE,)
            yield BoxText(status, needs_tab=False, id="again-status")
            with Horizontal(classes="buttons"):
                # Tab leads from the password to it, as in the login.
                yield Button("Log on", id="log-on-again", compact=True)
                yield Button("Not now", id="not-now", compact=True)

    def on_mount(self) -> None:
        # The arrow keys scroll it from everywhere: Tab goes from the password to the button.
        self.query_one("#again-status").can_focus = False
        if self._is_expected:
            self.action_type_password()

    def on_key(self, event: Key) -> None:
        if self.focused is None and event.key not in {"up", "down"}:
            self.query_one(".box").border_subtitle = "that key was not taken for the password"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        return action != "type_password" or self.focused is None

    def action_type_password(self) -> None:
        self.query_one("#password-again", LineInput).focus()

    @on(DescendantFocus, "#password-again")
    def _at_password(self) -> None:
        self.query_one(".box").border_subtitle = ""
        if self.query_one("#again-status", BoxText).text == HOW_TO_TYPE:
            self._say("")
        self.refresh_bindings()

    def _say(self, words: str) -> None:
        self.query_one("#again-status", BoxText).show([words] if words else [], from_top=True)

    def action_scroll(self, lines: int) -> None:
        self.query_one("#again-status", BoxText).turn(lines)

    @property
    def _account(self) -> str:
        connection = self.services.connection
        return f"{connection.user} {connection.address}" if connection else ""

    @on(Input.Submitted)
    @on(Button.Pressed, "#log-on-again")
    def start(self) -> None:
        password = self.query_one("#password-again", LineInput).value
        if problem := unreadable("password", password):
            self._say(problem)
            self.query_one("#password-again", LineInput).focus_for_retyping()
        elif wait := self.services.refusals.why_wait(self._account):
            self._say(f"Nothing was sent. {wait}")
        elif not password:
            self._say("Type the password first.")
            self.action_type_password()
        elif not self._is_sending:
            # A second Enter must not send a wrong password twice: directories count.
            self._is_sending = True
            self.query_one("#password-again", LineInput).sent = password
            self._log_on(password)

    @work(group="login", exclusive=True, exit_on_error=False, description="log on again")
    async def _log_on(self, password: str) -> None:
        connection = self.services.connection
        if connection is None:
            self.dismiss(False)
            return
        self._say("Logging on ...")
        try:
            await connection.log_on_again(password)
        except BadLogin as error:
            times = self.services.refusals.count(self._account)
            self._say(f"{times}{describe('log on again', error)}")
            self.query_one("#password-again", LineInput).focus_for_retyping()
        except VbemError as error:
            self._say(describe("log on again", error))
        else:
            self.services.refusals.forget(self._account)
            self.dismiss(True)
        finally:
            self._is_sending = False

    @property
    def left_behind(self) -> str:
        """Return what leaving now leaves at the server, as a sentence; empty for nothing."""
        return MAY_BE_LOGGED_ON if self._is_sending else ""

    @on(Button.Pressed, "#not-now")
    def action_back(self) -> None:
        if self.left_behind:
            self.services.on_notice(self.left_behind, "bad")
        self.dismiss(False)


class ChoiceScreen(Dialog[str | None]):
    """Ask for the platform; dismissed with the value of the choice, or None."""

    NAME = "choice"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("choice")

    def __init__(self, services: Services, choices: tuple[Choice, ...]) -> None:
        super().__init__(services)
        self._choices = choices

    def compose_box(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self.title_line("Which platform does this restore point belong to?")
            yield Static("The server does not say. Ask the backup team if you do not know.", markup=False)
            yield VirtualTable((Column(key="platform", label="Platform", width=30),), id="choice-table")

    def on_mount(self) -> None:
        table = self.query_one(VirtualTable)
        table.set_rows(ListRows(self._choices, lambda one: (one.label,), lambda one: one.value))
        table.focus()

    @on(VirtualTable.Chosen)
    def take(self, event: VirtualTable.Chosen) -> None:
        self.dismiss(str(event.key))

    def action_back(self) -> None:
        self.dismiss(None)


_SERVER_COLUMNS = (
    Column(key="name", label="Server", width=16, flex=1, keeps_end=True),
    Column(key="host", label="Host", width=20, flex=1),
    Column(key="in-flight", label="In flight", width=9, align="right"),
    Column(key="logon", label="Logon", width=16, flex=1),
)


class ServersScreen(Dialog["ServerRow | None"]):
    """The servers of the settings and of this run; dismissed with the one to go to.

    Args:
        services: of the screen below.
        servers: what is to be chosen from.
    """

    NAME = "servers"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("servers")

    def __init__(self, services: Services, servers: Servers) -> None:
        super().__init__(services)
        self._servers = servers

    def compose_box(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self.title_line("Servers")
            yield VirtualTable(_SERVER_COLUMNS, id="servers-table")
            yield Static(self._how, markup=False, id="servers-note")

    @property
    def _how(self) -> str:
        if self.services.settings.servers:
            return "Enter goes to a server. The restores on the one you leave stay watched."
        path = safe(str(self.services.folders.settings), cells=200)
        return f"No server has a name. In {path} a table [server.NAME] with a host names one."

    def on_mount(self) -> None:
        self._show()
        table = self.query_one(VirtualTable)
        table.select(next((row.name for row in self._servers.rows() if row.is_current), None))
        table.focus()

    @on(RestoresChanged)
    @on(OthersChanged)
    def _show(self) -> None:
        rows = ListRows(self._servers.rows(), _server_cells, lambda row: row.name)
        self.query_one(VirtualTable).set_rows(rows)

    @on(VirtualTable.Chosen)
    def take(self, event: VirtualTable.Chosen) -> None:
        row = next((row for row in self._servers.rows() if row.name == event.key), None)
        if row is not None and row.known_as:
            words = f"You are logged on there as {row.known_as}: go to that one, or log off there first."
            self.query_one("#servers-note", Static).update(safe(words, cells=200))
        else:
            self.dismiss(row)

    def action_back(self) -> None:
        self.dismiss(None)


def _server_cells(row: ServerRow) -> tuple[str, ...]:
    in_flight = row.services.in_flight_note.strip("()") if row.services else ""
    logon = "logged on" if row.services else f"as {row.known_as}" if row.known_as else ""
    if row.services and row.services.trouble:
        logon = "NOT UPDATED"
    return row.name, row.host, in_flight, "this one" if row.is_current else logon


_INDENT = 16
ENTER = "Enter moves to the next field, and presses the button that has the focus."


class HelpScreen(Dialog[None]):
    """Keys and sentences; Escape closes it. Where they are more than fit, the last line says so.

    Args:
        services: of the screen below.
        screen: its name in the table of actions.
        more: what else there is to be typed on it, and what it means.
    """

    NAME = "help"
    IS_ANSWERED_UNREAD = True
    BINDINGS = bindings_of("help")

    def __init__(self, services: Services, screen: str, more: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(services)
        self._screen, self._more = screen, more

    def compose_box(self) -> ComposeResult:
        lines = [f"{spell_keys(action):<{_INDENT - 1}} {action.help}" for action in actions_of(self._screen)]
        lines += (
            ["", *(f"{word:<{_INDENT - 1}} {meaning}" for word, meaning in self._more)] if self._more else []
        )
        lines += ["", "Tab and Shift+Tab move between fields and buttons.", ENTER, "Esc closes this."]
        with Vertical(classes="box"):
            yield self.title_line(f"Keys {'in this dialog' if self._screen in DIALOGS else 'on this screen'}")
            yield TextView(lines, hang=_INDENT, id="help-keys")

    def on_mount(self) -> None:
        self.query_one(TextView).focus()

    def action_back(self) -> None:
        self.dismiss(None)
