"""Cancelling: first what it can still stop, then one question, then what really happened.

The DELETE is sent by the app; this screen may be left at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from tui.restore_states import CancelState
from tui.restores.restore import Restore
from tui.sanitize import safe
from tui.screens.base import Dialog, RestoresChanged, bindings_of
from tui.screens.restore_text import out_of_date_lines, state_words
from tui.widgets.inputs import Button
from tui.widgets.table_layout import StyledText
from tui.widgets.text_view import BoxText, Line, TextView

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.services import Services

SHOWN_EVERY_S = 10.0


class CancelScreen(Dialog[None]):
    """Asks about one restore, and stays to show what became of it."""

    NAME = "cancel"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("cancel")

    def __init__(self, services: Services, restore: Restore) -> None:
        super().__init__(services)
        self._restore = restore
        self._asked = False
        self._sent_before = False

    def compose_box(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self.title_line(self._title)
            yield BoxText(id="cancel-words", hang=2)
            with Horizontal(classes="buttons"):
                yield Button("Let it run", id="cancel-back", compact=True)
                yield Button("Cancel the restore", id="cancel-restore", compact=True)

    @property
    def _title(self) -> str:
        name = safe(self._restore.vm_name, cells=50)
        return f"Cancelling the restore of {name}" if self._asked else f"Cancel the restore of {name}?"

    def on_mount(self) -> None:
        self.query_one("#cancel-back", Button).focus()
        # What the server says nothing of grows old without a word.
        self.set_interval(SHOWN_EVERY_S, self._show)
        self._show()

    @on(RestoresChanged)
    def _changed(self) -> None:
        self._show()

    def _show(self) -> None:
        """Show what is known now; the question changes with it."""
        restores = self.services.restores
        if restores is None:
            return
        try:
            self._restore = restores.get(self._restore.key)
        except KeyError:
            return
        now = self._restore
        clock_now = self.services.clock.now()
        doubt = out_of_date_lines(now, clock_now)
        when = "Last known" if now.is_out_of_date(clock_now) else "Now"
        lines: list[Line] = [f"{when}: {state_words(now)}. {now.message}", *doubt]
        outlook = restores.what_cancel_can_do(now)
        possible = outlook.possible and not self._asked
        self._sent_before = outlook.sent_before
        if self._asked or (now.cancel is not CancelState.NONE and not outlook.possible):
            lines.append(StyledText(now.cancel_words or "The cancel request is being sent.", "warning"))
        elif outlook.sent_before:
            lines += [StyledText(outlook.words[0], "bad"), *outlook.words[1:]]
        else:
            lines += outlook.words
        if now.unjournalled:
            lines.append(StyledText(now.unjournalled, "bad"))
        self.query_one("#cancel-words", TextView).show(lines)
        cancel = self.query_one("#cancel-restore", Button)
        if outlook.button:
            cancel.label = outlook.button
        cancel.disabled = not possible
        cancel.display = possible
        self.query_one("#cancel-back", Button).label = "Let it run" if possible else "Close"

    @on(Button.Pressed, "#cancel-restore")
    def ask_server(self) -> None:
        # The app sends it, once; a second press finds the button off.
        if self._asked:
            return
        self._asked = True
        self.query_one(".title", Static).update(f"{self.marks}{self._title}")
        self.query_one("#cancel-back", Button).focus()
        self.services.cancel_restore(self._restore, again=self._sent_before)
        self._show()

    @on(Button.Pressed, "#cancel-back")
    def press_back(self) -> None:
        self.action_back()

    def action_back(self) -> None:
        self.dismiss(None)

    def action_next_choice(self) -> None:
        self.focus_next(Button)
