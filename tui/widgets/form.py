"""The fields of a restore form, in sections; it knows values, not what they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Static

from tui.restores.forms.fields import Field, FieldKind, Problem, Value, Values
from tui.restores.forms.form import RestoreForm
from tui.sanitize import safe
from tui.widgets.form_fields import ChoiceRow, FieldRow, SwitchRow, TextRow

_ROWS: dict[FieldKind, Callable[[Field, Value], FieldRow]] = {
    FieldKind.BOOL: SwitchRow,
    FieldKind.CHOICE: ChoiceRow,
}


class FormFields(VerticalScroll, can_focus=False, inherit_bindings=False):
    """Renders one form. Arrow keys are left to the screen, where they move between fields."""

    class Ready(Message):
        """The fields are there and can take the focus."""

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
