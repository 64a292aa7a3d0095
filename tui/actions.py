"""The one table of actions: keys, footer, palette and help all derive from it.

Data only. Each screen asks for its own actions with `actions_of`; a test asserts that every action
has help text and that no key is used twice on one screen.
"""

from __future__ import annotations

from dataclasses import dataclass

EVERYWHERE = "app"
BEFORE_LOGON = frozenset({"login", "certificate"})
"""Screens on which nobody is logged on yet."""
DIALOGS = frozenset({
    "certificate", "ask", "again", "wait", "help", "confirm", "picker", "cancel", "export", "choice",
    "incident", "names", "report", "choices", "point", "batch_confirm", "offered", "plan_file", "sessions",
    "servers",
})  # fmt: skip
"""Boxes over a screen: of the keys for every screen only the help and those of priority work there."""
LIST = "list"
WITH_LISTS = frozenset({
    "points", "tasks", "history", "request", "picker", "choice", "help",
    "batch", "requests", "names", "point", "sessions", "servers",
})  # fmt: skip
"""Screens with a list, or a text that scrolls like one: it has the keys of `list` while it has the focus."""
_KEY_NAMES = {
    "escape": "Esc", "slash": "/", "question_mark": "?", "colon": ":", "pageup": "PgUp", "pagedown": "PgDn",
    "exclamation_mark": "!", "plus": "+", "minus": "-",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing the operator can do on one screen."""

    screen: str
    """The screen it belongs to (`points`, `form`, ...); `list` for every list, `app` for every screen."""
    name: str
    """The action's name: the screen's method is `action_<name>`."""
    keys: str
    """Keys separated by commas, in Textual's spelling; the first is the one shown."""
    label: str
    """One or two words for the footer."""
    help: str
    """One sentence for the help screen and the palette."""
    footer: bool = True
    """Whether the footer shows it, where there is room: the most needed come first in this table."""
    priority: bool = False
    """Whether it also works while an input has the focus."""
    in_dialogs: bool = False
    """Whether, being there for every screen, it works in dialogs too; those of priority always do."""
    needs_logon: bool = False
    """Whether it can only be used while somebody is logged on."""

    @property
    def is_a_move(self) -> bool:
        """Return whether it only goes somewhere with an arrow or page key: no use in a palette."""
        arrows = {"up", "down", "left", "right", "pageup", "pagedown"}
        return self.screen == LIST or self.keys.partition(",")[0] in arrows


_LOGIN = (
    Action(screen="login", name="log_on", keys="ctrl+l", label="Log on",
           help="Log on with what is typed; Enter in the last field does the same."),
    Action(screen="login", name="back", keys="escape", label="Back",
           help="After S: go back to the server you came from, where you are still logged on."),
)  # fmt: skip
_DIALOGS = (
    Action(screen="certificate", name="refuse", keys="escape", label="Refuse",
           help="Send nothing to this server."),
    Action(screen="certificate", name="next_choice", keys="right,left", label="Next",
           help="Move between the buttons."),
    Action(screen="certificate", name="scroll(-1)", keys="up", label="Scroll up", footer=False,
           help="Scroll the text up."),
    Action(screen="certificate", name="scroll(1)", keys="down", label="Scroll down", footer=False,
           help="Scroll the text down."),
    Action(screen="ask", name="back", keys="escape", label="Back", help="Change nothing."),
    Action(screen="ask", name="next_choice", keys="right,left", label="Next",
           help="Move between the buttons."),
    Action(screen="ask", name="scroll(-1)", keys="up", label="Scroll up", footer=False,
           help="Scroll the text up."),
    Action(screen="ask", name="scroll(1)", keys="down", label="Scroll down", footer=False,
           help="Scroll the text down."),
    Action(screen="again", name="type_password", keys="enter", label="Password",
           help="Go to the password; Tab does the same. No other key is taken for it before."),
    Action(screen="again", name="back", keys="escape", label="Not now", help="Leave it for now."),
    Action(screen="again", name="scroll(-1)", keys="up", label="Scroll up", footer=False,
           help="Scroll the text up."),
    Action(screen="again", name="scroll(1)", keys="down", label="Scroll down", footer=False,
           help="Scroll the text down."),
    Action(screen="servers", name="back", keys="escape", label="Back", help="Stay on this server."),
    Action(screen="help", name="back", keys="escape,f1,q", label="Close", help="Close the help."),
)  # fmt: skip
_LISTS = (
    Action(screen="list", name="move(-1)", keys="up,k", label="Up", footer=False,
           help="Go up in the list."),
    Action(screen="list", name="move(1)", keys="down,j", label="Down", footer=False,
           help="Go down in the list."),
    Action(screen="list", name="page(-1)", keys="pageup", label="Page up", footer=False,
           help="Go up one page."),
    Action(screen="list", name="page(1)", keys="pagedown", label="Page down", footer=False,
           help="Go down one page."),
    Action(screen="list", name="half_page(-1)", keys="ctrl+u", label="Half up", footer=False,
           help="Go up half a page."),
    Action(screen="list", name="half_page(1)", keys="ctrl+d", label="Half down", footer=False,
           help="Go down half a page."),
    Action(screen="list", name="first", keys="home,g", label="First", footer=False,
           help="Go to the first line."),
    Action(screen="list", name="last", keys="end,G", label="Last", footer=False,
           help="Go to the last line."),
    Action(screen="list", name="copy", keys="y", label="Copy", footer=False,
           help="Copy the name or id of the row, or the whole text, to the clipboard of your terminal."),
)  # fmt: skip
_POINTS = (
    Action(screen="points", name="choose", keys="enter", label="Open", priority=True,
           help="Show the points of the VM; on a point, open its form; in the filter, go into the list."),
    Action(screen="points", name="back", keys="escape", label="Back", footer=False,
           help="Go one step back: from the points to the VMs, then empty the filter, then leave it."),
    Action(screen="points", name="back_or_quit", keys="q", label="Back", footer=False,
           help="Go one step back; on the list of all VMs, quit. It asks only if a restore is in flight."),
    Action(screen="points", name="filter", keys="slash", label="Find",
           help="Go to the filter; what it understands is below."),
    Action(screen="points", name="mark", keys="space", label="Mark",
           help="Mark the VM under the cursor, or take its mark away, and go to the next one."),
    Action(screen="points", name="mark_shown", keys="m", label="Mark all", footer=False,
           help="Mark all VMs that are shown; where all are, take their marks away."),
    Action(screen="points", name="restore", keys="r", label="Restore",
           help="Plan the restores of the marked VMs; without marks, of what is under the cursor."),
    Action(screen="points", name="plan", keys="P", label="Plan file", footer=False,
           help="Open a recovery plan that was saved as a file."),
    Action(screen="points", name="names", keys="l", label="Names", footer=False,
           help="Mark VMs by a list of names, pasted or read from a file."),
    Action(screen="points", name="sort", keys="f6", label="Order", footer=False,
           help="Sort the VMs by the next column."),
    Action(screen="points", name="reverse", keys="v", label="Reverse", footer=False,
           help="Reverse the order of the VMs."),
    Action(screen="points", name="reload", keys="f5", label="Reload", footer=False,
           help="Reload the restore points, or resume loading where it stopped."),
    Action(screen="points", name="stop", keys="b", label="Stop", footer=False,
           help="Stop loading and keep what is loaded; Ctrl+C does the same from anywhere."),
    Action(screen="points", name="collect", keys="n", label="Collect", footer=False,
           help="Make Enterprise Manager collect from the VM's backup server now, to get newer points."),
    Action(screen="points", name="freshness", keys="f", label="Fresh?", footer=False,
           help="Show how fresh the data of each backup server is."),
    Action(screen="points", name="enter_list", keys="down,pagedown", label="List", footer=False,
           help="From the filter, go to the first line of the list."),
)  # fmt: skip
_FORM = (
    Action(screen="form", name="restore", keys="ctrl+r", label="Restore",
           help="Check the server for running restores of this VM, then ask for confirmation."),
    Action(screen="form", name="look_up", keys="f2,ctrl+n", label="Look up",
           help="Choose this field's reference from a list."),
    Action(screen="form", name="change", keys="space", label="Switch",
           help="Switch the field between yes and no, or to its next choice."),
    Action(screen="form", name="back", keys="escape", label="Back",
           help="Go back to the list; asks first if you typed something."),
    Action(screen="form", name="request", keys="ctrl+g", label="Request",
           help="Show the exact request, as XML or JSON."),
    Action(screen="form", name="next_field", keys="down,enter", label="Next field", footer=False,
           help="Go to the next field."),
    Action(screen="form", name="previous_field", keys="up", label="Previous field", footer=False,
           help="Go to the previous field."),
)  # fmt: skip
_CONFIRM = (
    Action(screen="confirm", name="back", keys="escape", label="Back", help="Send nothing."),
    Action(screen="confirm", name="next_choice", keys="right,left", label="Next",
           help="Move between the buttons."),
    Action(screen="confirm", name="scroll(-1)", keys="up", label="Scroll up", footer=False,
           help="Scroll the plan up."),
    Action(screen="confirm", name="scroll(1)", keys="down", label="Scroll down", footer=False,
           help="Scroll the plan down."),
    Action(screen="picker", name="back", keys="escape", label="Back", help="Leave the field as it was."),
    Action(screen="picker", name="filter", keys="slash", label="Find", help="Go to the filter."),
    Action(screen="picker", name="enter_list", keys="down,pagedown", label="List", footer=False,
           help="From the filter, go to the first line of the list."),
    Action(screen="request", name="other_format", keys="space", label="XML/JSON",
           help="Show the request in the other format."),
    Action(screen="request", name="save", keys="w", label="Save",
           help="Save the request as it is sent in a new file, without the token."),
    Action(screen="request", name="back", keys="escape,q", label="Back",
           help="Go back to the form."),
)  # fmt: skip
_BATCH = (
    Action(screen="batch", name="restore", keys="ctrl+r", label="Restore",
           help="Check the server for running restores of these VMs, then ask for one confirmation."),
    Action(screen="batch", name="leave_out", keys="x", label="Leave out",
           help="Leave the VM out of the plan, or take it in again."),
    Action(screen="batch", name="other_point", keys="enter", label="Point", priority=True,
           help="Choose another restore point of the VM."),
    Action(screen="batch", name="edit", keys="e", label="Edit",
           help="Change what happens to the VM under the cursor."),
    Action(screen="batch", name="edit_all", keys="a", label="Edit all",
           help="Change what happens to all VMs, and how many run at a time."),
    Action(screen="batch", name="back", keys="escape,q", label="Back",
           help="Go back to the list; the marks stay."),
    *(Action(screen="batch", name=f"group({number})", keys=str(number), label=f"Group {number}", footer=False,
             help=f"Put the VM into group {number}; a group starts when the one before has ended.")
      for number in range(1, 10)),
    Action(screen="batch", name="critical", keys="exclamation_mark", label="Critical", footer=False,
           help="Hold the groups after this VM until it is restored, or no longer."),
    Action(screen="batch", name="verify", keys="V", label="Verify",
           help="Ask the server whether each VM could be restored now; nothing is sent."),
    Action(screen="batch", name="save", keys="w", label="Save",
           help="Save the plan as a file, to be opened again or checked every night."),
    Action(screen="batch", name="request", keys="ctrl+g", label="Requests",
           help="Show the exact requests of all VMs."),
    Action(screen="offered", name="back", keys="escape", label="Later", help="Ask again later."),
    Action(screen="offered", name="next_choice", keys="right,left", label="Next",
           help="Move between the buttons."),
    Action(screen="offered", name="scroll(-1)", keys="up", label="Scroll up", footer=False,
           help="Scroll the list up."),
    Action(screen="offered", name="scroll(1)", keys="down", label="Scroll down", footer=False,
           help="Scroll the list down."),
    Action(screen="requests", name="save", keys="w", label="Save",
           help="Save all requests as they are sent in a new file, without the token."),
    Action(screen="requests", name="back", keys="escape,q", label="Back", help="Go back to the plan."),
    Action(screen="names", name="go_on", keys="enter", label="Continue", priority=True,
           help="Look the typed names up; in the list, go to the buttons; on a button, press it."),
    Action(screen="names", name="mark", keys="space", label="Choose",
           help="Choose the VM under the cursor, or take it back."),
    Action(screen="names", name="back", keys="escape", label="Back", help="Mark nothing."),
    Action(screen="names", name="next_choice", keys="left,right", label="Choose", footer=False,
           help="Move between the buttons."),
    Action(screen="choices", name="switch", keys="space", label="Switch", footer=False,
           help="Switch what has the focus; Enter does the same."),
    Action(screen="choices", name="look_up", keys="f2,ctrl+n", label="Look up",
           help="Choose this field's reference from a list."),
    Action(screen="plan_file", name="back", keys="escape", label="Back", help="Open nothing."),
    Action(screen="choices", name="back", keys="escape", label="Back", help="Change nothing."),
    Action(screen="point", name="back", keys="escape", label="Back", help="Keep the point of before."),
    Action(screen="batch_confirm", name="back", keys="escape", label="Back", help="Send nothing."),
    Action(screen="batch_confirm", name="next_choice", keys="right,left", label="Next",
           help="Move between the buttons."),
    Action(screen="batch_confirm", name="scroll(-1)", keys="up", label="Scroll up", footer=False,
           help="Scroll the plan up."),
    Action(screen="batch_confirm", name="scroll(1)", keys="down", label="Scroll down", footer=False,
           help="Scroll the plan down."),
)  # fmt: skip
_TASKS = (
    Action(screen="tasks", name="cancel", keys="c", label="Cancel",
           help="Show what can still be stopped, then ask."),
    Action(screen="tasks", name="again", keys="s", label="Again",
           help="Open the form again for a restore that failed or is unknown; it is a new restore."),
    Action(screen="tasks", name="everybody", keys="o", label="All",
           help="Show everybody's restores at this server beside those of this run, or no longer."),
    Action(screen="tasks", name="take_over", keys="T", label="Take over",
           help="Watch a restore here that is NOT WATCHED here, or say why that cannot be."),
    Action(screen="tasks", name="say_session", keys="W", label="Whose?",
           help="Say which restore session is that of a restore that is UNKNOWN."),
    Action(screen="tasks", name="details", keys="enter,d", label="Details", priority=True,
           help="Go to the details and back, to scroll them with the arrow keys."),
    Action(screen="tasks", name="pause", keys="p", label="Pause",
           help="Pause the queue, or resume it; what runs already runs on."),
    Action(screen="tasks", name="leave_out", keys="x", label="Take out", footer=False,
           help="Take a waiting VM out of the queue, or let it wait again."),
    Action(screen="tasks", name="at_a_time(1)", keys="plus", label="More at a time", footer=False,
           help="Let one more restore of the queue run at a time."),
    Action(screen="tasks", name="at_a_time(-1)", keys="minus", label="Fewer at a time", footer=False,
           help="Let one restore less of the queue run at a time; what runs already runs on."),
    Action(screen="tasks", name="reorder(-1)", keys="K", label="Earlier", footer=False,
           help="Send a waiting VM earlier in its group."),
    Action(screen="tasks", name="reorder(1)", keys="J", label="Later", footer=False,
           help="Send a waiting VM later in its group."),
    Action(screen="tasks", name="let_go_on", keys="u", label="Release", footer=False,
           help="Let a group begin that a critical VM holds, though that one was not restored."),
    Action(screen="tasks", name="back", keys="escape,q", label="Back",
           help="Go back; restores continue and stay watched."),
    Action(screen="cancel", name="back", keys="escape", label="Close", help="Close this; it sends nothing."),
    Action(screen="cancel", name="next_choice", keys="right,left", label="Next",
           help="Move between the buttons."),
    Action(screen="history", name="details", keys="enter,d", label="Details", priority=True,
           help="Go to the details and back, to scroll them with the arrow keys."),
    Action(screen="history", name="export", keys="X", label="Export",
           help="Write the journal to a file as JSON lines."),
    Action(screen="history", name="report", keys="E", label="Report",
           help="Write a report of the incident's restores, or of others: Markdown, CSV or JSON."),
    Action(screen="history", name="reload", keys="f5", label="Reload",
           help="Read the journal again."),
    Action(screen="history", name="back", keys="escape,q", label="Back",
           help="Go back."),
    Action(screen="incident", name="back", keys="escape", label="Back", help="Change nothing."),
    Action(screen="incident", name="next_choice", keys="right,left", label="Next",
           help="Move between the buttons."),
    Action(screen="sessions", name="back", keys="escape", label="Back", help="Say nothing."),
    Action(screen="report", name="back", keys="escape", label="Back", help="Write nothing."),
    Action(screen="export", name="back", keys="escape", label="Back", help="Write nothing."),
    Action(screen="choice", name="back", keys="escape", label="Back", help="Choose nothing."),
)  # fmt: skip
_APP = (
    Action(screen="app", name="help", keys="question_mark,f1", label="Help",
           help="Show what each key does on this screen.", in_dialogs=True),
    Action(screen="app", name="tasks", keys="t,ctrl+t", label="Tasks", needs_logon=True,
           help="Show this run's restores; in brackets, those in flight."),
    Action(screen="app", name="incident", keys="i", label="Incident", needs_logon=True,
           help="Set the moment to restore to before, and the ticket; they stay until you clear them."),
    Action(screen="app", name="history", keys="h,ctrl+y", label="History", needs_logon=True,
           help="Show every restore in the journal."),
    Action(screen="app", name="servers", keys="S", label="Servers", needs_logon=True, footer=False,
           help="Go to another server of the settings; the restores on this one stay watched."),
    Action(screen="app", name="log_on_again", keys="ctrl+l", label="Log on again", needs_logon=True,
           help="Log on again after the logon session has ended; everything stays as it is."),
    Action(screen="app", name="log_off", keys="ctrl+o", label="Log off", needs_logon=True, footer=False,
           help="End the logon session at the server and forget it here."),
    Action(screen="app", name="ask_to_quit", keys="ctrl+q", label="Quit",
           help="Quit; the question before says what becomes of restores in flight.", priority=True),
    Action(screen="app", name="interrupt", keys="ctrl+c", label="Stop or quit", footer=False, priority=True,
           help="Stop loading or logging on; where nothing is to stop, quit."),
    Action(screen="app", name="suspend_process", keys="ctrl+z", label="Suspend", footer=False, priority=True,
           help="Suspend vbem; fg in the shell continues it. Until then it watches and sends nothing."),
    Action(screen="app", name="command_palette", keys="colon,ctrl+p", label="Commands", footer=False,
           help="Find an action by typing part of its name.", in_dialogs=True),
)  # fmt: skip

ACTIONS: tuple[Action, ...] = (
    *_LOGIN, *_DIALOGS, *_LISTS, *_POINTS, *_FORM, *_CONFIRM, *_BATCH, *_TASKS, *_APP,
)  # fmt: skip
NEEDS_LOGON = frozenset(action.name for action in ACTIONS if action.needs_logon)
"""Names of the actions that are there only while somebody is logged on."""


def actions_of(screen: str) -> tuple[Action, ...]:
    """Return the actions of a screen, app-wide ones last; before logon only those that need none."""
    lists = LIST if screen in WITH_LISTS else ""
    everywhere = EVERYWHERE if screen != EVERYWHERE else ""
    return tuple(
        action
        for home in (screen, lists, everywhere)
        for action in ACTIONS
        if action.screen == home and not _is_out_of_reach(action, screen)
    )


def _is_out_of_reach(action: Action, screen: str) -> bool:
    if action.screen != EVERYWHERE:
        return False
    if screen in DIALOGS and not (action.in_dialogs or action.priority):
        return True
    return action.needs_logon and screen in BEFORE_LOGON


def keys_of(screen: str) -> frozenset[str]:
    """Return the keys of a screen's own actions, in Textual's spelling."""
    return frozenset(key for action in ACTIONS if action.screen == screen for key in action.keys.split(","))


def spell_key(key: str) -> str:
    """Return one key as it is written everywhere: `Ctrl+R`, `F5`, `Esc`, `PgDn`, `/`, `c`."""
    key = key.strip()
    if key in _KEY_NAMES:
        return _KEY_NAMES[key]
    return key if len(key) == 1 else "+".join(part.capitalize() for part in key.split("+"))


def spell_keys(action: Action) -> str:
    """Return all keys of an action, the one to learn first."""
    return " or ".join(map(spell_key, action.keys.split(",")))
