"""Where the journal is exported to: a file asked for, never overwritten, for its owner's eyes alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from tui.screens.base import Dialog
from tui.screens.keys import bindings_of
from tui.store.errors import StoreError
from tui.text import safe
from tui.widgets.entry import Entry

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.store.journal import Journal


def write_export(journal: Journal, path: Path) -> int:
    """Write the journal as JSON lines into a new file, 0600; returns how many restores.

    Raises:
        StoreError: the file exists, or cannot be written; or the journal cannot be read.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            return journal.export(file)
    except FileExistsError as error:
        raise StoreError(
            f"{path} exists.", hint="Choose another name.", title="Nothing was written"
        ) from error
    except OSError as error:
        words = error.strerror or str(error)
        raise StoreError(
            f"{path}: {words}.", hint="Choose another place.", title="The file cannot be written"
        ) from error


class ExportScreen(Dialog[Path | None]):
    """Asks for the path of a new file."""

    NAME = "export"
    IS_ANSWERED_UNREAD = True
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("export")

    def __init__(self, suggestion: Path) -> None:
        super().__init__()
        self._suggestion = suggestion

    def compose(self) -> ComposeResult:
        """The path and two buttons."""
        with Vertical(classes="box"):
            yield self.title_line("Export the journal")
            yield Static(
                "JSON lines, one restore each, with its events; no passwords, no tokens.", markup=False
            )
            yield Entry(str(self._suggestion), id="export-path")
            yield Static("", markup=False, id="export-note")
            with Horizontal(classes="buttons"):
                yield Button("Write", id="export-write", compact=True)
                yield Button("Back", id="export-back", compact=True)

    def on_mount(self) -> None:
        """The path can be changed at once."""
        self.query_one("#export-path").focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#export-write")
    def take(self) -> None:
        """Check the path before the dialog goes."""
        typed = self.query_one("#export-path", Entry).value.strip()
        path = Path(typed).expanduser()
        problem = _problem_of(typed, path)
        if problem:
            self.query_one("#export-note", Static).update(safe(problem, cells=200))
        else:
            self.dismiss(path.absolute())

    @on(Button.Pressed, "#export-back")
    def action_back(self) -> None:
        """Write nothing."""
        self.dismiss(None)


def _problem_of(typed: str, path: Path) -> str:
    if not typed or "\0" in typed:
        return "Type the path of a new file."
    try:
        if path.exists() or path.is_symlink():
            return f"{path} exists and is not overwritten. Choose another name."
        if not path.parent.is_dir():
            return f"There is no folder {path.parent}."
    except OSError as error:
        return f"That path cannot be used: {error.strerror or error}."
    return ""
