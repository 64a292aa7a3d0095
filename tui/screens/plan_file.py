"""Opening the file of a recovery plan."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from tui.recovery.plan_file import PlanFileError, PlanTable, read_plan_file
from tui.sanitize import safe
from tui.screens.base import Dialog, bindings_of
from tui.widgets.inputs import LineInput

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.services import Services


class PlanFileScreen(Dialog[PlanTable]):
    """Asks for the path of a plan until it can be read; dismissed with what is in it.

    Args:
        services: of the screen below.
    """

    NAME = "plan_file"
    IS_ANSWERED_UNREAD = True
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("plan_file")

    def __init__(self, services: Services) -> None:
        super().__init__(services)

    def compose_box(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self.title_line("Open a recovery plan")
            yield LineInput(f"{Path.home()}/", id="plan-path")
            yield Static("", markup=False, id="plan-note")
            with Horizontal(classes="buttons"):
                yield Button("Back", id="plan-back", compact=True)
                yield Button("Open", id="plan-open", compact=True)

    def on_mount(self) -> None:
        self.query_one("#plan-path").focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#plan-open")
    def _typed(self) -> None:
        typed = self.query_one("#plan-path", LineInput).value.strip()
        self._read(Path(os.path.expanduser(typed)))

    @work(group="read", exclusive=True, exit_on_error=False, description="read a recovery plan")
    async def _read(self, path: Path) -> None:
        try:
            table = await asyncio.to_thread(read_plan_file, path)
        except PlanFileError as error:
            self.query_one("#plan-note", Static).update(safe(error.detail, cells=300))
        except ValueError:
            self.query_one("#plan-note", Static).update("That is no path of a file.")
        else:
            self.dismiss(table)

    @on(Button.Pressed, "#plan-back")
    def action_back(self) -> None:
        self.dismiss(None)
