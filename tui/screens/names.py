"""A list of names becomes marks: found once, several times or not; nothing is marked before that is seen."""

from __future__ import annotations

import os
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import Paste
from textual.widgets import Input, Static

from tui.files import read_by_hand
from tui.restore_points.index import PointIndex, Vm, VmKey
from tui.restore_points.names import MOST_NAMES, NameFinder, NameFound, leaves_out
from tui.sanitize import safe
from tui.screens.base import Dialog, bindings_of
from tui.widgets.inputs import Button, LineInput
from tui.widgets.table_layout import Cell, Column, ListRows, StyledText
from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.services import Services

_COLUMNS = (
    Column(key="mark", label="", width=1),
    Column(key="typed", label="Name", width=20, flex=1, keeps_end=True),
    Column(key="found", label="Found", width=34, flex=2),
)
_MOST_BYTES = 1_000_000
_HOW = (
    "Paste names, one a line (NAME or NAME@BACKUP-SERVER); or type one, or @ and a file's path, then Enter."
)


class NamesInput(LineInput):
    """A line that hands on all lines of a paste, not the first alone."""

    class Pasted(Input.Submitted):
        """Several lines were pasted."""

    def on_paste(self, event: Paste) -> None:
        if "\n" in event.text.strip("\r\n") or "\r" in event.text.strip("\r\n"):
            event.prevent_default()
            event.stop()
            self.post_message(self.Pasted(self, event.text))


class NamesScreen(Dialog[tuple[VmKey, ...]]):
    """Asks for names and shows which VMs they mean; dismissed with the VMs to mark.

    Args:
        services: of the screen below.
        index: the VMs there are.
    """

    NAME = "names"
    IS_ANSWERED_UNREAD = True
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("names")

    def __init__(self, services: Services, index: PointIndex) -> None:
        super().__init__(services)
        self._finder = NameFinder(index)
        self._marked = frozenset(services.recovery.marked) if services.recovery else frozenset()
        self._names: dict[str, NameFound] = {}
        self._chosen: dict[VmKey, None] = {}

    def compose_box(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self.title_line("Mark VMs by their names")
            yield Static(_HOW, markup=False, id="names-how")
            yield NamesInput(id="names-typed", placeholder="names, or @file")
            yield VirtualTable(_COLUMNS, empty="No name yet.", id="names-table")
            yield Static("", markup=False, id="names-note")
            with Horizontal(classes="buttons"):
                yield Button("Back", id="names-back", compact=True)
                yield Button("Mark them", id="names-mark", compact=True, disabled=True)

    def on_mount(self) -> None:
        self.query_one("#names-typed").focus()

    # What is typed ------------------------------------------------------------------------------

    @on(Input.Submitted, "#names-typed")
    def _typed(self, event: Input.Submitted) -> None:
        if not event.value.strip():
            if self._chosen:
                self._mark()
            return
        try:
            text = _read(event.value.strip()[1:]) if event.value.lstrip().startswith("@") else event.value
        except OSError as error:
            self._note(f"The file cannot be read: {error.strerror or error}.")
            return
        except ValueError:
            self._note("That is no path of a file.")
            return
        self.query_one("#names-typed", LineInput).value = ""
        self._add(text)

    def _add(self, text: str) -> None:
        if len(text.splitlines()) > MOST_NAMES:
            self._note(f"More than {MOST_NAMES:,} lines: nothing of them was taken.")
            return
        for one in self._finder.find(text):
            self._names[one.typed] = one
            if len(one.vms) == 1:
                self._chosen.setdefault(one.vms[0].key)
        self._show()
        left_out = " What follows a comma, semicolon or tab was LEFT OUT: one name a line."
        self._note(f"{self._summary}{left_out if leaves_out(text) else ''}")
        open_ones = [key for key in self._rows if isinstance(key, tuple)]
        if open_ones:
            table = self.query_one("#names-table", VirtualTable)
            table.select(open_ones[0])
            table.focus()
        elif self._chosen:
            self.query_one("#names-mark", Button).focus()

    @property
    def _summary(self) -> str:
        found = list(self._names.values())
        once, missing = sum(len(one.vms) == 1 for one in found), sum(not one.vms for one in found)
        several = [one for one in found if len(one.vms) > 1]
        is_open = sum(self._chosen.keys().isdisjoint(vm.key for vm in one.vms) for one in several)
        parts = [f"{once} found once"]
        parts += [f"{is_open} several times: choose with Space"] if is_open else []
        parts += [f"{len(several) - is_open} of several chosen"] if len(several) > is_open else []
        parts += [f"{missing} NOT FOUND"] if missing else []
        return ", ".join(parts) + "."

    # What is shown ------------------------------------------------------------------------------

    @property
    def _rows(self) -> dict[Hashable, tuple[NameFound, Vm | None]]:
        """Return the rows by their keys: of a name found several times each VM, with a key that is a pair.

        What needs a look stands first: names not found, then those found several times.
        """
        rows: dict[Hashable, tuple[NameFound, Vm | None]] = {}
        for one in sorted(self._names.values(), key=lambda one: (bool(one.vms), len(one.vms) == 1)):
            if len(one.vms) <= 1:
                rows[one.typed] = (one, one.vms[0] if one.vms else None)
            else:
                rows.update({(one.typed, vm.number): (one, vm) for vm in one.vms})
        return rows

    def _show(self) -> None:
        rows = self._rows
        table = self.query_one("#names-table", VirtualTable)
        table.set_rows(ListRows(list(rows), lambda key: self._cells(*rows[key]), lambda key: key))
        button = self.query_one("#names-mark", Button)
        button.disabled = not self._chosen
        button.label = f"Mark {len(self._chosen)}" if self._chosen else "Mark them"
        self.refresh_bindings()

    def _cells(self, one: NameFound, vm: Vm | None) -> tuple[Cell, ...]:
        if vm is None:
            near = f"; near: {', '.join(one.nearest)}" if one.nearest else ""
            return "", one.typed, StyledText(f"NOT FOUND{near}", "bad")
        mark = "*" if vm.key in self._chosen else ""
        what = f"{vm.platform.short_label}, {vm.server_name}"
        if vm.key in self._marked:
            return mark, one.typed, StyledText(f"marked already: {what}", "dim")
        if len(one.vms) > 1:
            return mark, one.typed, StyledText(f"{len(one.vms)} of this name: {what}", "warning")
        return mark, one.typed, f"{vm.name}: {what}" if vm.name != one.typed else what

    def _note(self, words: str) -> None:
        """Say what was found of what is typed."""
        self.query_one("#names-note", Static).update(safe(words, cells=200))

    # What is chosen -----------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        if action != "go_on" or self._chosen:
            return True
        focused = self.focused
        return bool(focused.value.strip()) if isinstance(focused, LineInput) else isinstance(focused, Button)

    @on(Input.Changed, "#names-typed")
    def _follow_typed(self) -> None:
        self.refresh_bindings()

    async def action_go_on(self) -> None:
        focused = self.focused
        if isinstance(focused, LineInput):
            await focused.action_submit()
        elif isinstance(focused, Button):
            focused.press()
        elif self._chosen:
            self.query_one("#names-mark", Button).focus()

    def action_mark(self) -> None:
        _, vm = self._rows.get(self.query_one("#names-table", VirtualTable).cursor_key, (None, None))
        if vm is None:
            return
        if vm.key in self._chosen:
            del self._chosen[vm.key]
        else:
            self._chosen[vm.key] = None
        self._show()
        self._note(self._summary)
        self.query_one("#names-table", VirtualTable).move(1)

    @on(VirtualTable.Chosen)
    def _to_button(self) -> None:
        if self._chosen:
            self.query_one("#names-mark", Button).focus()

    @on(Button.Pressed, "#names-mark")
    def _mark(self) -> None:
        self.dismiss(tuple(self._chosen))

    @on(Button.Pressed, "#names-back")
    def action_back(self) -> None:
        self.dismiss(None)

    def action_next_choice(self) -> None:
        self.focus_next(Button)


def _read(path: str) -> str:
    return read_by_hand(Path(os.path.expanduser(path.strip())), _MOST_BYTES).decode("utf-8-sig", "replace")
