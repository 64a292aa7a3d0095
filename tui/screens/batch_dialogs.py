"""The dialogs of the plan of many: its file, what to do with a VM or with all, and the one confirmation."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, Static

from tui.config import MOST_AT_A_TIME
from tui.recovery.plan import PLACEHOLDERS, Choices, RecoveryPlan, RootReferences
from tui.recovery.plan_file import PlanFileError, PlanTable, read_plan_file
from tui.recovery.queue import Queue
from tui.recovery.queue_summary import line_words
from tui.restores.forms.fields import Field, FieldKind
from tui.sanitize import safe
from tui.screens.base import Dialog, bindings_of
from tui.screens.points_tables import POINT_COLUMNS, PointRows
from tui.screens.reference_picker import PickerScreen, items_for, learn_roots
from tui.timefmt import both, clock_time
from tui.widgets.form import FieldRow, TextRow
from tui.widgets.inputs import Button, LineInput, Switch
from tui.widgets.table_layout import StyledText
from tui.widgets.text_view import BoxText, Line
from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.binding import BindingType

    from tui.restore_points.index import PointIndex, Vm, VmKey
    from tui.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicesAnswer:
    """What was chosen."""

    choices: Choices
    at_a_time: int | None = None
    values: Mapping[VmKey, Mapping[str, str]] = field(default_factory=dict)
    """References that were changed, by VM and the field's name."""


class ChoicesScreen(Dialog[ChoicesAnswer]):
    """Asks what to do with one VM of the plan, or with all of them.

    Args:
        services: of the screen below.
        title: whose choices these are.
        choices: as they are now.
        has_new_name: whether a new name is possible; where it is not, it is not asked for and stays.
        at_a_time: how many restores run at once; None where that is not asked.
        references: what can be set for the VMs under each hierarchy root.
    """

    NAME = "choices"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("choices")

    def __init__(
        self,
        services: Services,
        title: str,
        choices: Choices,
        *,
        has_new_name: bool = True,
        at_a_time: int | None = None,
        references: Sequence[RootReferences] = (),
    ) -> None:
        super().__init__(services)
        self._title, self._at_a_time, self._has_new_name = title, at_a_time, has_new_name
        self._references = references
        self._rows = [[_reference_row(one, asked) for asked in one.fields] for one in references]
        self._switches = {
            "keep": choices.keep_original is not False,
            "power": bool(choices.power_on),
        }
        self._new_name = choices.new_name

    def compose_box(self) -> ComposeResult:
        with VerticalScroll(classes="box", can_focus=False):
            yield self.title_line(self._title)
            yield Switch(self._label("keep"), id="choices-keep", compact=True)
            yield Switch(self._label("power"), id="choices-power", compact=True)
            if self._has_new_name:
                yield Label(f"New name (Cloud Director alone; {', '.join(PLACEHOLDERS)})", markup=False)
                empty = "(empty: its own, OVERWRITES)"
                yield LineInput(self._new_name or "", id="choices-name", placeholder=empty)
            if self._at_a_time is not None:
                yield Label("Restores at a time", markup=False)
                yield LineInput(str(self._at_a_time), id="choices-count")
            for rows in self._rows:
                yield Static("", markup=False, classes="section")
                yield from rows
            yield Static("", markup=False, id="choices-note")
            with Horizontal(classes="buttons"):
                yield Button("Back", id="choices-back", compact=True)
                yield Button("Use", id="choices-use", compact=True)

    def on_mount(self) -> None:
        self.query_one("#choices-keep").focus(scroll_visible=False)
        self._show_names()
        self._name_roots()

    @work(group="roots", exclusive=True, exit_on_error=False, description="name the hierarchy roots")
    async def _name_roots(self) -> None:
        connection, names = self.services.connection, self.services.reference_names
        if connection is None or all(names.name_of(_root_uid(one)) for one in self._references):
            return
        await learn_roots(connection.manager, names)
        self._show_names()

    @on(FieldRow.Entered)
    def _show_row(self, event: FieldRow.Entered) -> None:
        # The focus alone brings only what is typed into view, not its label.
        self.call_after_refresh(event.row.scroll_visible, animate=False)

    @on(FieldRow.Changed)
    def _show_names(self) -> None:
        """Say what the roots and the references are called, where that is known."""
        name_of = self.services.reference_names.name_of
        for said, one in zip(self.query(".section").results(Static), self._references, strict=True):
            said.update(safe(_root_words(one, name_of(_root_uid(one))), cells=120))
        for row in self.query(TextRow):
            row.set_name(name_of(str(row.value)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        return action != "look_up" or bool(self._references)

    def action_look_up(self) -> None:
        for one, rows in zip(self._references, self._rows, strict=True):
            for row in rows:
                if row.control.has_focus:
                    self._pick(one, row)
                    return
        self._complain("This field has no lookup; fields that have one name F2.")

    @work(group="pick", exclusive=True, exit_on_error=False, description="choose a reference")
    async def _pick(self, of: RootReferences, row: TextRow) -> None:
        connection, index = self.services.connection, self.services.points
        if connection is None:
            return
        root = of.forms[0].root_id({**of.lines[0].values, **self._typed(of)})
        if row.field.kind is FieldKind.REFERENCE and not root:
            self._complain("Choose where to restore first: the lookup depends on it.")
            return
        point, roots = of.forms[0].point, index.root_ids if index is not None else frozenset()
        fetch = partial(items_for, connection.manager, row.field, root, point, roots)
        chosen = await self.app.push_screen_wait(PickerScreen(self.services, row.field.label, fetch))
        if chosen is not None:
            row.set_value(chosen)
            row.control.focus()

    def _typed(self, of: RootReferences) -> dict[str, str]:
        """Return the references of one root that were changed, by their fields' names."""
        rows = next(rows for one, rows in zip(self._references, self._rows, strict=True) if one is of)
        typed = {row.field.name: str(row.value).strip() for row in rows}
        return {name: value for name, value in typed.items() if value != (of.shared(name) or "")}

    def _complain(self, words: str) -> None:
        self.query_one("#choices-note", Static).update(safe(words, cells=300))

    def _label(self, name: str) -> Content:
        is_on = self._switches[name]
        mark = "[x]" if is_on else "[ ]"
        if name == "power":
            return Content(f"{mark} Power on after restore")
        return Content(f"{mark} Keep the original VM{'' if is_on else ': it is OVERWRITTEN'}")

    @on(Button.Pressed, "#choices-keep, #choices-power")
    def _switch(self, event: Button.Pressed) -> None:
        name = (event.button.id or "").removeprefix("choices-")
        self._switches[name] = not self._switches[name]
        event.button.label = self._label(name)

    def action_switch(self) -> None:
        if isinstance(self.focused, Button):
            self.focused.press()

    @on(Input.Submitted)
    @on(Button.Pressed, "#choices-use")
    def _take(self) -> None:
        count = self._at_a_time
        if count is not None:
            typed = self.query_one("#choices-count", LineInput).value.strip()
            if not (typed.isascii() and typed.isdigit() and 1 <= int(typed) <= MOST_AT_A_TIME):
                self._complain(f"At a time: a number from 1 to {MOST_AT_A_TIME}.")
                return
            count = int(typed)
        name = self._new_name
        if self._has_new_name:
            name = self.query_one("#choices-name", LineInput).value.strip()
        choices = Choices(
            keep_original=self._switches["keep"], power_on=self._switches["power"], new_name=name
        )
        if not self._has_wrong_reference():
            values = {line.key: self._typed(one) for one in self._references for line in one.lines}
            self.dismiss(ChoicesAnswer(choices=choices, at_a_time=count, values=values))

    def _has_wrong_reference(self) -> bool:
        """Go to the first reference that was changed to what the form does not take, and say why."""
        for one, rows in zip(self._references, self._rows, strict=True):
            typed = self._typed(one)
            for problem in one.problems(typed) if typed else ():
                self._complain(problem.sentence)
                next(row for row in rows if row.field.name == problem.field).control.focus()
                return True
        return False

    @on(Button.Pressed, "#choices-back")
    def action_back(self) -> None:
        self.dismiss(None)


def _reference_row(of: RootReferences, asked: Field) -> TextRow:
    value = of.shared(asked.name)
    row = TextRow(asked, value or "")
    if value is None:
        row.entry.placeholder = "(differs; stays as it is)"
    return row


def _root_uid(of: RootReferences) -> str:
    return f"urn:veeam:HierarchyRoot:{of.root_id}"


def _root_words(of: RootReferences, name: str) -> str:
    """Return whose references follow."""
    count, what = len(of.lines), "vApp" if of.is_of_vapps else "VM"
    under = f"under {name or of.root_id}" if of.root_id else "of a hierarchy root that is not known"
    return f"{count} {what}{'' if count == 1 else 's'} {under}"


class PointScreen(Dialog[int]):
    """The points of a VM; dismissed with the row of the chosen one in the index.

    Args:
        services: for which incident.
        index: where the points are.
        vm: whose points.
    """

    NAME = "point"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("point")

    def __init__(self, services: Services, index: PointIndex, vm: Vm) -> None:
        super().__init__(services)
        self._index, self._vm = index, vm

    def compose_box(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self.title_line(f"Points of {safe(self._vm.name, cells=50)}")
            yield VirtualTable(POINT_COLUMNS, id="point-table")

    def on_mount(self) -> None:
        recovery, table = self.services.recovery, self.query_one(VirtualTable)
        incident = recovery.incident if recovery is not None else None
        table.set_rows(PointRows(self._index, self._vm, self._vm.rows, self.services.clock, incident))
        if incident is not None:
            table.select(self._index.newest_before(self._vm, incident.moment))
        table.focus()

    @on(VirtualTable.Chosen)
    def _choose(self, event: VirtualTable.Chosen) -> None:
        if isinstance(event.key, int):
            self.dismiss(event.key)

    def action_back(self) -> None:
        self.dismiss(None)


TAKE_UP, CLOSE = "take up", "close"
"""Answers to an interrupted queue."""


class OfferedQueueScreen(Dialog[str]):
    """Shows VM by VM what an interrupted queue has sent, and asks what becomes of the rest.

    Args:
        services: of the screen below.
        queue: as the journal has it.
    """

    NAME = "offered"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("offered")

    def __init__(self, services: Services, queue: Queue) -> None:
        super().__init__(services)
        self._queue = queue

    def compose_box(self) -> ComposeResult:
        count = len(self._queue.to_be_sent)
        with Vertical(classes="box"):
            yield self.title_line(f"An interrupted queue: {count} NOT SENT")
            yield BoxText(self._lines(), hang=2, needs_tab=False, id="offered-text")
            with Horizontal(classes="buttons"):
                yield Button("Later", id="offered-later", compact=True)
                yield Button("Check and confirm the rest", id="offered-take", compact=True)
                yield Button("Never send it", id="offered-close", compact=True)

    def _lines(self) -> list[Line]:
        queue, words = self._queue, line_words(self._queue)
        started = f"Started at {both(queue.created)}"
        lines: list[Line] = [f"{started} by {queue.operator}. {queue.ticket}".strip()]
        lines.append(f"{queue.at_a_time} at a time, {queue.per_server} on one backup server.")
        if queue.is_paused:
            why = f": {safe(queue.why_paused, cells=200)}" if queue.why_paused else " by the operator."
            lines.append(f"It was paused{why}")
        released = [safe(line.vm_name, cells=40) for line in queue.lines if line.id in queue.let_go]
        if released:
            lines.append(f"Later groups were released after {', '.join(released)}.")
        for line in queue.lines:
            state = "NOT SENT" if line.is_to_be_sent else words[line.id].label
            lines.append(f"{state}: {safe(line.vm_name, cells=40)}")
        return lines

    def on_mount(self) -> None:
        self.query_one("#offered-later").focus()

    @on(Button.Pressed, "#offered-take")
    def _take(self) -> None:
        self.dismiss(TAKE_UP)

    @on(Button.Pressed, "#offered-close")
    def _close(self) -> None:
        self.dismiss(CLOSE)

    @on(Button.Pressed, "#offered-later")
    def action_back(self) -> None:
        self.dismiss(None)

    def action_next_choice(self) -> None:
        self.focus_next(Button)

    def action_scroll(self, lines: int) -> None:
        self.query_one("#offered-text", BoxText).turn(lines)


class BatchConfirmScreen(Dialog[bool]):
    """Asks once for all; where originals are overwritten, their number is typed.

    Args:
        services: of the screen below.
        plan: checked.
        at_a_time: how many restores run at once.
    """

    NAME = "batch_confirm"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("batch_confirm")

    def __init__(self, services: Services, plan: RecoveryPlan, at_a_time: int) -> None:
        super().__init__(services)
        self._plan, self._at_a_time = plan, at_a_time

    @property
    def _count(self) -> int:
        return len(self._plan.overwriting)

    def compose_box(self) -> ComposeResult:
        sent = len(self._plan.to_be_sent)
        with Vertical(classes="box"):
            yield self.title_line(f"Restore {sent} VM{'' if sent == 1 else 's'}?")
            yield BoxText(self._lines(), hang=2, needs_tab=False, id="confirm-plan")
            if self._count:
                what = "the original VM" if self._count == 1 else "the original VMs"
                yield Static(f"Type {self._count} to OVERWRITE {what}:", markup=False, id="confirm-prompt")
                yield LineInput(id="confirm-typed")
            yield Static("", markup=False, id="confirm-note")
            with Horizontal(classes="buttons"):
                yield Button("Back", id="confirm-back", compact=True)
                yield Button(
                    "Overwrite" if self._count else "Restore",
                    id="confirm-restore",
                    compact=True,
                    disabled=bool(self._count),
                )

    def _lines(self) -> list[Line]:
        plan, recovery = self._plan, self.services.recovery
        incident = recovery.incident if recovery else None
        lines: list[Line] = [
            StyledText(f"! OVERWRITES {safe(line.vm_name, cells=60)}: {safe(line.words, cells=60)}", "bad")
            for line in plan.overwriting
        ]
        lines += [
            StyledText(f"! {safe(line.vm_name, cells=40)}: {note}", "warning")
            for line in plan.to_be_sent
            if not line.overwrites
            for note in line.notes
        ]
        checked = f" (checked at {clock_time(plan.found_at)})" if plan.found_at else ""
        lines.append(f"{plan.summary} {self._at_a_time} at a time, one request each{checked}.")
        if incident is not None:
            lines.append(f"Points of before {incident.words}.")
        else:
            lines.append(StyledText(f"NO INCIDENT is set: {_points_without(plan)}.", "warning"))
        lines.append(
            f"Ticket or reason: {incident.ticket if incident and incident.ticket else 'none given'}."
        )
        return lines

    def on_mount(self) -> None:
        self.query_one("#confirm-typed" if self._count else "#confirm-back").focus()

    @on(Input.Changed, "#confirm-typed")
    def _compare(self, event: Input.Changed) -> None:
        self.query_one("#confirm-restore", Button).disabled = event.value.strip() != str(self._count)
        self.query_one("#confirm-note", Static).update("")

    @on(Input.Submitted, "#confirm-typed")
    def _submit(self, event: Input.Submitted) -> None:
        if event.value.strip() == str(self._count):
            self.dismiss(True)
        else:
            self.query_one("#confirm-note", Static).update("That does not match. Nothing was sent.")

    @on(Button.Pressed, "#confirm-restore")
    def _press(self) -> None:
        self.dismiss(True)

    @on(Button.Pressed, "#confirm-back")
    def action_back(self) -> None:
        self.dismiss(False)

    def action_next_choice(self) -> None:
        self.focus_next(Button)

    def action_scroll(self, lines: int) -> None:
        self.query_one("#confirm-plan", BoxText).turn(lines)


def _points_without(plan: RecoveryPlan) -> str:
    """Return which points a plan without an incident uses."""
    decided = sum(bool(line.point_uid) for line in plan.to_be_sent)
    if decided == len(plan.to_be_sent):
        return "the points are used that were decided on"
    kept = f", but for {decided} that {'was' if decided == 1 else 'were'} decided on" if decided else ""
    return f"the newest points are used{kept}"


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
