"""The restore form's keys: looking up, showing the request, sending, leaving.

Every error is shown on the form, where it happened; what was typed stays.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.widgets import Button, Input

from tui.restores.fields import FieldKind, IncompleteForm, Problem
from tui.screens import lookups
from tui.screens.filled import Filled
from tui.screens.formview import FormView
from tui.screens.keys import bindings_of
from tui.screens.typeahead import is_typing
from tui.widgets.lines import Lines
from tui.widgets.typedrow import TypedRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType
    from textual.events import Key, Paste

    from tui.restores.plan import RestorePlan


class RestoreFormScreen(FormView):
    """The form of one restore point, from the first key to the restore."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("form")

    # -- keys ---------------------------------------------------------------------------------

    def takes_key(self, event: Key | Paste) -> bool:
        """What is typed while the restore is prepared or sent would come too late for it."""
        return not (self._busy and is_typing(event))

    def action_change(self) -> None:
        """Switch the field under the focus."""
        row = self._body.focused_row() if self._form else None
        if row is not None:
            row.change()

    def action_next_field(self) -> None:
        """Go on; the plan is read with Tab, so that arrows never get caught in it."""
        if isinstance(self.focus_next(), Lines):
            self.focus_next()

    def action_previous_field(self) -> None:
        """Go back one field."""
        if isinstance(self.focus_previous(), Lines):
            self.focus_previous()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Enter goes on, and from the last field to the button: it never sends by itself."""
        if event.input.id == "form-reason":
            self.query_one("#form-restore", Button).focus()
        else:
            self.focus_next()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Looking up is offered only where the form has something to look up."""
        del parameters
        if action == "look_up" and self._form is not None:
            return any(field.lookup_type for field in self._form.fields)
        return True

    def action_look_up(self) -> None:
        """Open the picker for the field under the focus."""
        row = self._body.focused_row() if self._form else None
        if isinstance(row, TypedRow) and row.field.lookup_type:
            self._pick(row)
        else:
            self.say("There is nothing to look up here: go to a field that says so.")

    @work(group="pick", exclusive=True, exit_on_error=False, description="choose a reference")
    async def _pick(self, row: TypedRow) -> None:
        from tui.screens.picker import PickerScreen

        manager, form = self._manager, self._form
        if manager is None or form is None:
            return
        root = form.root_id(self._body.values)
        if row.field.kind is FieldKind.REFERENCE and not root:
            self.say("Choose where to restore first: things are looked up under it.", "bad")
            return
        fetch = partial(lookups.items_for, manager, row.field, root, form.point)
        chosen = await self.app.push_screen_wait(PickerScreen(row.field.label, fetch))
        if chosen is not None:
            row.set_value(chosen)
            row.control.focus()

    def action_request(self) -> None:
        """Show the exact request, if the form is complete."""
        from tui.screens.request import RequestScreen

        plan, manager = self._draft_or_complain(), self._manager
        if plan is not None and manager is not None:
            write = partial(manager.write_request, plan.point, plan.spec)
            self.app.push_screen(RequestScreen(write, wire=plan.request.wire))

    def _draft_or_complain(self) -> RestorePlan | None:
        form, drafter = self._form, self._drafter
        if form is None or drafter is None:
            return None
        try:
            return drafter.draft(form, self._body.values)
        except IncompleteForm as error:
            self._show_problems(error.problems)
            return None

    def _show_problems(self, problems: Sequence[Problem]) -> None:
        self._body.touch_all()
        self._show_state()
        first = self._body.row(problems[0].field) if problems else None
        if first is not None:
            first.control.focus()
        count = "1 thing" if len(problems) == 1 else f"{len(problems)} things"
        sentence = problems[0].sentence if problems else ""
        self._complaint = f"Not sent: {count} to put right first. {sentence}"
        self.say(self._complaint, "bad")

    # -- sending ------------------------------------------------------------------------------

    @on(Button.Pressed, "#form-restore")
    def _pressed_restore(self) -> None:
        self.action_restore()

    def action_restore(self) -> None:
        """Guards, confirmation, then the app sends it."""
        if not self._busy and self._draft_or_complain() is not None:
            self._busy = True
            self._restore()

    @work(group="submit", exclusive=False, exit_on_error=False, description="start a restore")
    async def _restore(self) -> None:
        from tui.screens.sending import confirm_and_send

        form, drafter = self._form, self._drafter
        if form is None or drafter is None:
            return
        try:
            values, reason = self._body.values, self._reason
            self.say("Looking for running restores of this VM ...")
            doing = "look for running restores of this VM"
            plan = await self.reading(doing, lambda: drafter.prepare(form, values))
            if plan is None:
                return
            # What was found stands in the confirmation.
            self.say("")
            restore = await confirm_and_send(self, plan, reason)
        finally:
            self._busy = False
        if restore is not None:
            self.vbem.remember_form(
                restore.key, Filled(point=form.point, platform=form.platform, values=values, reason=reason)
            )
            self._sent = True
            if self.is_current:
                self.vbem.show_restore(restore.key)

    def on_screen_resume(self) -> None:
        """Somebody went elsewhere while it was being sent: a form that was sent is done with."""
        if self._sent:
            self.dismiss(None)
            self.vbem.tell("The restore was sent: Ctrl+T shows it.")
        else:
            self.show_ages()

    # -- leaving ------------------------------------------------------------------------------

    def action_back(self) -> None:
        """Back to the list; what was typed is not dropped without asking."""
        if self._is_changed():
            self._ask_to_leave()
        else:
            self.dismiss(None)

    def _is_changed(self) -> bool:
        if self._form is None or not self.query("#form-reason"):
            return False
        expected = {**self._form.defaults, **self._filled.values}
        return self._body.values != expected or self._reason != self._filled.reason.strip()

    @work(group="leave", exclusive=True, exit_on_error=False, description="leave the form")
    async def _ask_to_leave(self) -> None:
        from tui.screens.ask import AskScreen

        text = "What is filled in here is dropped. Nothing was sent."
        if await self.app.push_screen_wait(AskScreen("Leave the form?", text, yes="Leave", no="Stay")):
            self.dismiss(None)
