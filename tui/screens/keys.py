"""From the table of actions to Textual's bindings."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from tui.commands import EVERYWHERE, Action, actions_of, spell_key


def binding_of(action: Action) -> Binding:
    """One action as a binding; app-wide actions are addressed to the app."""
    target = f"app.{action.name}" if action.screen == "app" else action.name
    return Binding(
        action.keys,
        target,
        action.label,
        show=action.footer,
        priority=action.priority,
        key_display=spell_key(action.keys.partition(",")[0]),
        tooltip=action.help,
        id=f"{action.screen}.{action.name}",
    )


def bindings_of(screen: str) -> list[BindingType]:
    """The bindings of one screen (or of the app itself, named `app`)."""
    return [binding_of(action) for action in actions_of(screen) if action.screen == screen]


def bindings_in_dialogs() -> list[BindingType]:
    """The app's bindings that a dialog has to repeat: it hides those of everything below it."""
    return [binding_of(action) for action in actions_of(EVERYWHERE) if action.in_dialogs]
