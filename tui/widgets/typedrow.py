"""The row of a form for a line to type in; a reference shows the name it is known by in front of it."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.restores.fields import Field, Value
from tui.text import safe
from tui.widgets.entry import Entry
from tui.widgets.fieldrows import FieldRow, label_of

NAME_CELLS = 46
"""A longer name would leave no room for the reference behind it; the plan and the picker show it whole."""


class TypedRow(FieldRow):
    """A line to type in: text, a UID or a reference."""

    def __init__(self, field: Field, value: Value) -> None:
        super().__init__(field)
        self.entry = Entry(str(value), id=entry_id(field.name), placeholder="(empty)")
        hint = "; F2 looks it up" if field.lookup_type else ""
        need = "required" if field.required else "optional"
        self._words = f"{label_of(field)}, {need}{hint}"
        self._label = Static(f"  {self._words}", markup=False, classes="field-label")
        self._called = Static("", markup=False, classes="ref-name")
        self._called.display = False

    def compose(self) -> ComposeResult:
        """Label; name, where it has one, and line; remark."""
        yield self._label
        with Horizontal(classes="typed"):
            yield self._called
            yield self.entry
        yield self.remark

    @property
    def value(self) -> Value:
        """What is typed."""
        return self.entry.value

    @property
    def control(self) -> Widget:
        """The line."""
        return self.entry

    def set_value(self, value: Value) -> None:
        """Put text in; the cursor stands behind it, as it does behind what was there from the beginning."""
        self.entry.value = str(value)
        self.entry.action_end()

    def set_name(self, name: str) -> None:
        """Say what the reference typed here is called; empty where that is not known."""
        words = safe(name, cells=NAME_CELLS)
        if str(self._called.content) != words:
            self._called.update(words)
            self._called.display = bool(words)
            # The name is for people; the reference behind it is still what is sent.
            self.entry.set_class(bool(words), "-named")
            self.call_after_refresh(self._show_cursor)

    def _show_cursor(self) -> None:
        """The line has become shorter or longer: scroll to where the cursor is."""
        at = self.entry.cursor_position
        self.entry.cursor_position = 0
        self.entry.cursor_position = at

    def on_descendant_focus(self) -> None:
        """Put the mark that says where the focus is without colour."""
        self._label.update(f"> {self._words}")

    def on_descendant_blur(self) -> None:
        """Take the mark away."""
        self._label.update(f"  {self._words}")

    @on(Input.Changed)
    def tell_change(self, event: Input.Changed) -> None:
        """Pass it on as a change of the field."""
        event.stop()
        self.post_message(self.Changed(self))


def entry_id(name: str) -> str:
    """The id of a field's input: names may hold dots, ids may not."""
    return "field-" + name.replace(".", "-").replace("_", "-")
