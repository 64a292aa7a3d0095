"""A restore form as widgets: its fields, each drawn by its kind, and the rows they stand in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.restores.forms.fields import Field, FieldKind, Problem, Value, Values
from tui.restores.forms.form import RestoreForm
from tui.sanitize import safe
from tui.widgets.inputs import LineInput


class FieldRow(Vertical):
    """A field with its control and, below it, what is wrong with it or keeps it off."""

    class Changed(Message):
        """The operator changed the value."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    class Entered(Message):
        """The field has the focus now."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    class Left(Message):
        """The focus has left the field."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    class Refused(Message):
        """The operator tried to change it while another field forbids that."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, field: Field) -> None:
        super().__init__(classes="field-row")
        self.field = field
        self.note = ""
        """Why it has to stay off, empty where it need not."""
        self.remark = Static("", markup=False, classes="remark")
        self.remark.display = False
        self._said = ("", False)

    @property
    def value(self) -> Value:
        """Return what is typed or chosen now."""
        raise NotImplementedError

    @property
    def control(self) -> Widget:
        """Return the widget that takes the focus."""
        raise NotImplementedError

    def change(self) -> None:
        """Go to the next value, where the field has a few; nothing for typed ones."""

    def set_value(self, value: Value) -> None:
        """Put a value in, as if typed."""
        raise NotImplementedError

    def set_problem(self, sentence: str) -> None:
        """Show what is wrong with it; empty for nothing."""
        self._say(f"! {sentence}" if sentence else self._blocked_words, bad=bool(sentence))

    def set_blocked(self, note: str) -> None:
        """Say why it has to stay off; empty where it need not."""
        self.note = note

    @property
    def _blocked_words(self) -> str:
        return f"  stays off: {self.note}" if self.note else ""

    def _say(self, words: str, *, bad: bool) -> None:
        if (words, bad) == self._said:
            return
        self._said = (words, bad)
        self.remark.set_class(bad, "-bad")
        if self.remark.display != bool(words):
            self.remark.display = bool(words)
        self.remark.update(safe(words, cells=300))

    def on_descendant_focus(self) -> None:
        self.post_message(self.Entered(self))

    def on_descendant_blur(self) -> None:
        self.post_message(self.Left(self))


class Toggle(Static, can_focus=True):
    """One line that takes the focus and says so with a mark, not only with colour."""

    def __init__(self) -> None:
        super().__init__("", markup=False, classes="toggle")
        self._words = ""

    def show(self, words: str) -> None:
        """Show these words, with the mark while it has the focus."""
        if words == self._words:
            return
        self._words = words
        self._draw(marked=self.has_focus)

    def _draw(self, *, marked: bool) -> None:
        self.update(("> " if marked else "  ") + self._words)

    def on_focus(self) -> None:
        # `has_focus` is set only after this.
        self._draw(marked=True)

    def on_blur(self) -> None:
        # `has_focus` is cleared only after this.
        self._draw(marked=False)


class ToggleRow(FieldRow):
    """A field of which Space gives the next value."""

    def __init__(self, field: Field, value: Value) -> None:
        super().__init__(field)
        self._value = value
        self._toggle = Toggle()

    def compose(self) -> ComposeResult:
        yield self._toggle
        yield self.remark

    def on_mount(self) -> None:
        self._toggle.show(self.words)

    @property
    def value(self) -> Value:
        """Return the chosen value."""
        return self._value

    @property
    def control(self) -> Widget:
        """Return the line."""
        return self._toggle

    @property
    def words(self) -> str:
        """Return value and label on one line."""
        raise NotImplementedError

    @property
    def next_value(self) -> Value:
        """Return what comes after the value."""
        raise NotImplementedError

    def change(self) -> None:
        """Go to the next value, unless another field forbids it."""
        if self.note:
            self.post_message(self.Refused(self))
            return
        self.set_value(self.next_value)
        self.post_message(self.Changed(self))

    def set_value(self, value: Value) -> None:
        """Choose it."""
        self._value = value
        self._toggle.show(self.words)


class SwitchRow(ToggleRow):
    """A yes-or-no field."""

    def __init__(self, field: Field, value: Value) -> None:
        super().__init__(field, value is True)

    @property
    def words(self) -> str:
        """Return the mark says it without colour."""
        mark = "[x] yes" if self._value else "[ ] no "
        return f"{mark}  {label_of(self.field)}"

    @property
    def next_value(self) -> Value:
        """Return the other one."""
        return not self._value

    def set_value(self, value: Value) -> None:
        """Set the switch."""
        super().set_value(value is True)


class ChoiceRow(ToggleRow):
    """One of a few values."""

    @property
    def words(self) -> str:
        """Return the label of the choice between brackets."""
        labels = {choice.value: choice.label for choice in self.field.choices}
        value = str(self._value)
        return f"{label_of(self.field)}: < {labels.get(value, value)} >"

    @property
    def next_value(self) -> Value:
        """Return the next choice, after the last one the first."""
        values = [choice.value for choice in self.field.choices]
        place = values.index(str(self._value)) if self._value in values else -1
        return values[(place + 1) % len(values)]


def label_of(field: Field) -> str:
    """Return the plain label and, beside it, the element's name as documented."""
    wire = f" ({field.wire_name})" if field.wire_name else ""
    return f"{field.label}{wire}"


NAME_CELLS = 46
"""A longer name would leave no room for the reference behind it; the plan and the picker show it whole."""


class TextRow(FieldRow):
    """A line to type in: text, a UID or a reference."""

    def __init__(self, field: Field, value: Value) -> None:
        super().__init__(field)
        self.entry = LineInput(str(value), id=entry_id(field.name), placeholder="(empty)")
        hint = "; F2 looks it up" if field.lookup_type else ""
        need = "required" if field.required else "optional"
        self._label = Static(f"  {label_of(field)}, {need}{hint}", markup=False, classes="field-label")
        self._called = Static("", markup=False, classes="ref-name")
        self._called.display = False

    def compose(self) -> ComposeResult:
        yield self._label
        with Horizontal(classes="typed"):
            yield self._called
            yield self.entry
        yield self.remark

    @property
    def value(self) -> Value:
        """Return what is typed."""
        return self.entry.value

    @property
    def control(self) -> Widget:
        """Return the line."""
        return self.entry

    def set_value(self, value: Value) -> None:
        """Put text in; the cursor is behind it, as it does behind what was there from the beginning."""
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
        """Scroll to the cursor after a change of width."""
        at = self.entry.cursor_position
        self.entry.cursor_position = 0
        self.entry.cursor_position = at

    @on(Input.Changed)
    def post_change(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self))


def entry_id(name: str) -> str:
    """Return the id of a field's input: names may hold dots, ids may not."""
    return "field-" + name.replace(".", "-").replace("_", "-")


_ROWS: dict[FieldKind, Callable[[Field, Value], FieldRow]] = {
    FieldKind.BOOL: SwitchRow,
    FieldKind.CHOICE: ChoiceRow,
}


class FormFields(VerticalScroll, can_focus=False, inherit_bindings=False):
    """Renders one form. Arrow keys are left to the screen, where they move between fields."""

    class Ready(Message):
        """The fields are there and can take the focus."""

    class Resized(Message):
        """They have more lines now, or fewer, or wider ones."""

    def __init__(self, form: RestoreForm, values: Values) -> None:
        super().__init__(id="form-body")
        self._form = form
        self._rows = {
            field.name: _ROWS.get(field.kind, TextRow)(field, values.get(field.name, field.default))
            for field in form.fields
        }
        self._touched: set[str] = set()

    def compose(self) -> ComposeResult:
        for section in self._form.sections:
            words = f"{section.title}  {section.help}" if section.help else section.title
            yield Static(safe(words, cells=120), markup=False, classes="section")
            for field in section.fields:
                yield self._rows[field.name]

    def on_mount(self) -> None:
        self.post_message(self.Ready())

    @property
    def values(self) -> dict[str, Value]:
        """Return what is typed and chosen now."""
        return {name: row.value for name, row in self._rows.items()}

    def row(self, name: str) -> FieldRow | None:
        """Return the row of a field, None if there is no such field."""
        return self._rows.get(name)

    def focused_row(self) -> FieldRow | None:
        """Return the row that has the focus."""
        return next((row for row in self._rows.values() if row.control.has_focus), None)

    def focus_first(self) -> None:
        """Go to the first field that is shown."""
        for row in self._rows.values():
            if row.display:
                row.control.focus()
                return

    def on_descendant_focus(self) -> None:
        # The focus alone brings only the control into view, not its label.
        self.call_after_refresh(self._show_row)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_row)
        self.post_message(self.Resized())

    def _show_row(self) -> None:
        row = self.focused_row()
        shown = [one for one in self._rows.values() if one.display]
        if row is not None and row is shown[0]:
            self.scroll_home(animate=False)
        elif row is not None:
            row.scroll_visible(animate=False)

    def touch_all(self) -> None:
        """Show problems beside every field from now on, as after a try to send."""
        self._touched = set(self._rows)

    @on(FieldRow.Left)
    def touch(self, event: FieldRow.Left) -> None:
        self._touched.add(event.row.field.name)

    def fill_untouched(self, defaults: Mapping[str, Value]) -> None:
        """Put defaults that came later into fields that are still empty and were never left."""
        for name, value in defaults.items():
            row = self._rows.get(name)
            if row is not None and name not in self._touched and row.value == "" and value != "":
                row.set_value(value)

    def show_state(self, form: RestoreForm, problems: Iterable[Problem]) -> None:
        """Show which fields there are with these values, what keeps them off and what is wrong with them."""
        values = self.values
        blocked, visible = form.blocked(values), {field.name for field in form.visible(values)}
        sentences: dict[str, str] = {}
        for problem in problems:
            sentences.setdefault(problem.field, problem.sentence)
        for name, row in self._rows.items():
            if row.display != (name in visible):
                row.display = name in visible
            row.set_blocked(blocked.get(name, "") if row.value is not True else "")
            row.set_problem(sentences.get(name, "") if name in self._touched or row.value is True else "")

    def show_names(self, name_of: Callable[[str], str]) -> None:
        """Say what the references are called.

        Args:
            name_of: gives the name of a reference; empty where it is not known.
        """
        for row in self._rows.values():
            if isinstance(row, TextRow) and row.field.kind in {FieldKind.REFERENCE, FieldKind.UID}:
                row.set_name(name_of(str(row.value)))
