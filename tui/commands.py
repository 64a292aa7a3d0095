"""The one table of actions: keys, footer, palette and help all derive from it.

Data only. Each screen asks for its own actions with `actions_of`; a test asserts that every action
has help text and that no key stands twice on one screen.
"""

from __future__ import annotations

from dataclasses import dataclass

EVERYWHERE = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing the operator can do on one screen."""

    screen: str
    """The screen it belongs to (`points`, `form`, `tasks`, ...), or `app` for every screen."""
    name: str
    """The action's name: the screen's method is `action_<name>`."""
    keys: str
    """Keys separated by commas, in Textual's spelling; the first is the one shown."""
    label: str
    """One or two words for the footer."""
    help: str
    """One sentence for the help screen and the palette."""
    footer: bool = True
    """Whether the footer shows it."""
    priority: bool = False
    """Whether it also works while an input has the focus."""
    shown_as: str = ""
    """How the footer writes the key, where Textual's own spelling is long."""


_LOGIN = (
    Action(screen="login", name="log_on", keys="ctrl+l", label="Log on",
           help="Log on with what is typed; Enter in the last field does the same."),
)  # fmt: skip
_DIALOGS = (
    Action(screen="certificate", name="refuse", keys="escape", label="Refuse",
           help="Send nothing to this server."),
    Action(screen="certificate", name="next_choice", keys="left,right", label="Choose", footer=False,
           help="Move between the buttons."),
    Action(screen="ask", name="back", keys="escape", label="Back", help="Change nothing."),
    Action(screen="ask", name="next_choice", keys="left,right", label="Choose", footer=False,
           help="Move between the buttons."),
    Action(screen="again", name="back", keys="escape", label="Not now", help="Leave it for now."),
    Action(screen="help", name="back", keys="escape,f1,q", label="Close", help="Close the help."),
)  # fmt: skip
_APP = (
    Action(screen="app", name="help", keys="f1,question_mark", label="Help", shown_as="F1",
           help="Show what each key does on this screen."),
    Action(screen="app", name="tasks", keys="ctrl+t", label="Tasks",
           help="Show the restores of this run and what they are doing."),
    Action(screen="app", name="history", keys="ctrl+y", label="History", footer=False,
           help="Show every restore the journal remembers."),
    Action(screen="app", name="log_off", keys="ctrl+o", label="Log off", footer=False,
           help="End the logon session at the server and forget it here."),
    Action(screen="app", name="quit", keys="ctrl+q", label="Quit",
           help="Leave the program; restores in flight go on at the server.", priority=True),
    Action(screen="app", name="interrupt", keys="ctrl+c", label="Stop or quit", footer=False, priority=True,
           help="Stop what is loading; if nothing is, ask to quit."),
    Action(screen="app", name="command_palette", keys="ctrl+p", label="Commands", footer=False, priority=True,
           help="Find an action by typing part of its name."),
)  # fmt: skip

ACTIONS: tuple[Action, ...] = (*_LOGIN, *_DIALOGS, *_APP)


def actions_of(screen: str) -> tuple[Action, ...]:
    """The actions of one screen, those for every screen last."""
    own = tuple(action for action in ACTIONS if action.screen == screen)
    return own + tuple(action for action in ACTIONS if action.screen == EVERYWHERE and screen != EVERYWHERE)
