"""Asking for the platform where the server does not say it: nothing is guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui.api.models import Platform, PointKind
from tui.restores.fields import Choice
from tui.restores.forms import platform_choices
from tui.screens.base import Dialog
from tui.screens.keys import bindings_of
from tui.widgets.columns import Column
from tui.widgets.rows import ListRows
from tui.widgets.table import BigTable

if TYPE_CHECKING:
    from textual.binding import BindingType


class ChoiceScreen(Dialog[Platform | None]):
    """Dismissed with the chosen platform, or None."""

    NAME = "choice"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("choice")

    def __init__(self, kind: PointKind) -> None:
        super().__init__()
        self._choices = platform_choices(kind)

    def compose(self) -> ComposeResult:
        """The question and the platforms."""
        with Vertical(classes="box"):
            yield self.title_line("Which platform is this restore point of?")
            yield Static("The server does not say it. Ask the backup team if you do not know.", markup=False)
            yield BigTable((Column(key="platform", label="Platform", width=30),), id="choice-table")

    def on_mount(self) -> None:
        """The list has the focus."""
        table = self.query_one(BigTable)
        table.set_rows(ListRows[Choice](self._choices, lambda one: (one.label,), lambda one: one.value))
        table.focus()

    @on(BigTable.Chosen)
    def take(self, event: BigTable.Chosen) -> None:
        """Use this platform's form."""
        self.dismiss(Platform(str(event.key)))

    def action_back(self) -> None:
        """Choose nothing."""
        self.dismiss(None)
