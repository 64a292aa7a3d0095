"""What each key does on the screen below, out of the one table of actions."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.commands import DIALOGS, actions_of, spell_keys
from tui.screens.base import Dialog
from tui.screens.keys import bindings_of
from tui.widgets.lines import Lines

_INDENT = 16


class HelpScreen(Dialog[None]):
    """Keys and sentences; Escape closes it. Where they are more than fit, the last line says so."""

    NAME = "help"
    IS_ANSWERED_UNREAD = True
    BINDINGS = bindings_of("help")

    def __init__(self, screen: str) -> None:
        super().__init__()
        self._screen = screen

    def compose(self) -> ComposeResult:
        """One line an action."""
        lines = [f"{spell_keys(action):<{_INDENT - 1}} {action.help}" for action in actions_of(self._screen)]
        lines += ["", "Tab and Shift+Tab move between fields. Esc closes this."]
        with Vertical(classes="box"):
            yield self.title_line(f"Keys {'in this dialog' if self._screen in DIALOGS else 'on this screen'}")
            yield Lines(lines, hang=_INDENT, id="help-keys")

    def on_mount(self) -> None:
        """Arrow keys read on."""
        self.query_one(Lines).focus()

    def action_back(self) -> None:
        """Close the help."""
        self.dismiss(None)
