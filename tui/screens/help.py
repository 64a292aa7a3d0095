"""What each key does on the screen below, out of the one table of actions."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.commands import Action, actions_of
from tui.screens.base import Dialog
from tui.screens.keys import bindings_of

_SPELLED = {"question_mark": "?", "escape": "Esc", "slash": "/", "enter": "Enter", "space": "Space"}


def spell(action: Action) -> str:
    """The keys of an action, as people say them."""
    if action.shown_as:
        return action.shown_as
    keys = (key.strip() for key in action.keys.split(","))
    return " or ".join(_SPELLED.get(key, key.replace("ctrl+", "Ctrl+")) for key in keys)


class HelpScreen(Dialog[None]):
    """Keys and sentences; Escape closes it."""

    NAME = "help"
    BINDINGS = bindings_of("help")

    def __init__(self, screen: str) -> None:
        super().__init__()
        self._screen = screen

    def compose(self) -> ComposeResult:
        """One line an action."""
        with VerticalScroll(classes="box"):
            demo = "DEMO  " if self.vbem.is_demo else ""
            yield Static(f"{demo}Keys on this screen", classes="title", markup=False)
            for action in actions_of(self._screen):
                yield Static(f"{spell(action):<14} {action.help}", markup=False)
            yield Static("\nTab and Shift+Tab move between fields. Esc closes this.", markup=False)

    def action_back(self) -> None:
        """Close the help."""
        self.dismiss(None)
