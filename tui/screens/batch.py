"""The plan of many: a line for each VM with everything that will happen to it, and one confirmation."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Static

from tui.api.models import CloudLayout, Platform
from tui.config import AT_A_TIME
from tui.recovery.plan import Choices, PlanLine, RecoveryPlan, RootReferences, references_of
from tui.recovery.plan_file import plan_of_file, text_of_plan, write_plan_file
from tui.recovery.planner import Planner, queue_lines
from tui.recovery.readiness import READY, ReadinessRow, check_readiness
from tui.restore_points.names import open_words
from tui.sanitize import safe
from tui.screens.base import IncidentChanged, OpenTasks, VbemScreen, bindings_of, leads_elsewhere
from tui.screens.batch_dialogs import BatchConfirmScreen, ChoicesScreen, PointScreen
from tui.screens.confirm import IN_THE_POINT, NOT_OF_BEFORE
from tui.screens.dialogs import AskScreen
from tui.screens.history import ExportScreen
from tui.screens.plan_text import choices_words, line_details, plan_cells, spell_out
from tui.screens.request_preview import RequestsScreen
from tui.widgets.table_layout import Column, ListRows, StyledText
from tui.widgets.text_view import TextView
from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textual.binding import BindingType
    from textual.events import Key, Paste

    from tui.recovery.plan_file import PlanTable
    from tui.recovery.service import RecoveryService
    from tui.restore_points.index import VmKey
    from tui.restore_points.names import NameFound
    from tui.restores.incident import Incident
    from tui.services import Services

_COLUMNS = (
    Column(key="group", label="#", width=3),
    Column(key="vm", label="VM", width=16, least=8, flex=1, keeps_end=True),
    Column(key="platform", label="Platform", width=10, drop=2),
    Column(key="point", label="Point", width=12),
    Column(key="lost", label="Lost", width=8, drop=1),
    Column(key="what", label="What happens", width=26, flex=3),
)
CHECKING = "The server is asked what runs."
LOOK_EVERY_S = 1.0
"""How often it is looked whether the list of points is loaded to its end, while it is not."""


class BatchScreen(VbemScreen):
    """Shows a plan of many, lets it be edited, and sends it after one confirmation.

    Args:
        services: what it asks and sends through.
        keys: the VMs.
        is_interrupted: show the lines of the queue that are to be confirmed again, instead of these.
        table: the file of a plan to show, instead of these.
    """

    NAME = "batch"
    HEADING = "Plan"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("batch")

    def __init__(
        self,
        services: Services,
        keys: Iterable[VmKey],
        *,
        is_interrupted: bool = False,
        table: PlanTable | None = None,
    ) -> None:
        super().__init__(services)
        self._keys = tuple(keys)
        self._is_interrupted, self._table = is_interrupted, table
        self._open_names: tuple[NameFound, ...] = ()
        """Names of the plan's file that mean no VM, or several."""
        self._queue_lines: dict[VmKey, int] = {}
        """The lines of an interrupted queue, by their VMs."""
        self._plan = RecoveryPlan()
        self._verdicts: dict[VmKey, ReadinessRow] = {}
        """Of the plan as it was verified; empty from its next edit on."""
        self._at_a_time = AT_A_TIME
        self._is_edited, self._said_of_plan = False, ""
        self._planned_for: Incident | None = None
        """The incident by which the points were chosen."""

    def compose_body(self) -> ComposeResult:
        yield Static("", markup=False, id="batch-title")
        yield VirtualTable(_COLUMNS, empty="No VM is in this plan.", id="batch-table")
        yield TextView(hang=2, id="batch-details")
        yield Static("", markup=False, id="batch-all")
        yield Static("", markup=False, id="batch-summary")

    def on_mount(self) -> None:
        self._begin()
        self.query_one(VirtualTable).focus()
        self._looking = self.set_interval(LOOK_EVERY_S, self._look_again, pause=self._is_list_whole)
        if any(line.platform is Platform.UNKNOWN for line in self._plan.lines):
            self._learn_platforms()

    def _begin(self) -> None:
        """Make the plan of what was asked for."""
        planner, recovery = self._planner, self.services.recovery
        if planner is None or recovery is None:
            return
        self._planned_for, said = recovery.incident, ""
        if self._is_interrupted:
            self._plan, self._queue_lines, unread = interrupted(planner, recovery)
            self._at_a_time = recovery.queue.queue.at_a_time if recovery.queue else AT_A_TIME
            said = f"{unread} of the queue's lines cannot be read, and stay NOT SENT." if unread else ""
        elif self._table is not None:
            self._plan, self._open_names = plan_of_file(self._table, planner)
            said = _not_in_plan(self._open_names) if self._open_names else ""
        else:
            ticket = recovery.incident.ticket if recovery.incident else ""
            pattern = "{name}-{ticket}" if ticket else "{name}-restored"
            self._plan = planner.plan_of(self._keys, choices=Choices(new_name=pattern))
        self._show()
        if said:
            self.call_after_refresh(self.set_status, said, "bad")

    @property
    def _is_list_whole(self) -> bool:
        return self.services.points is not None and self.services.points.is_whole

    def _look_again(self) -> None:
        """Choose the points again once the list is loaded to its end; what was edited stays."""
        if self._is_list_whole and not self.busy_with:
            self._looking.pause()
            if self._is_edited:
                self._choose_points()
            else:
                self._begin()

    def _choose_points(self) -> None:
        planner = self._planner
        if planner is not None:
            self._plan, self._verdicts = planner.choose_points(self._plan), {}
            self._show()

    @on(IncidentChanged)
    def _take_incident(self) -> None:
        recovery = self.services.recovery
        if recovery is None or recovery.incident == self._planned_for or self.busy_with:
            return
        # A yes to a point of after another incident is none to one of after this.
        self._planned_for = recovery.incident
        self._plan = self._plan.changed(lambda line: replace(line, may_be_after=False))
        self._choose_points()
        self.set_status("The incident was changed, so the points were chosen again.", "bad")

    def takes_key(self, event: Key | Paste) -> bool:
        # What is edited while the server is asked would not be in what is confirmed.
        return super().takes_key(event) and (not self.busy_with or leads_elsewhere(event))

    @property
    def _planner(self) -> Planner | None:
        services = self.services
        if services.restores is None or services.points is None:
            return None
        layout = CloudLayout(services.settings.cloud_layout)
        return Planner(restores=services.restores, index=services.points, clock=services.clock, layout=layout)

    # Showing -----------------------------------------------------------------------------------

    def _use(self, plan: RecoveryPlan) -> None:
        """Show a plan that was edited, made ready again."""
        planner = self._planner
        self._plan = planner.prepare(plan) if planner is not None else plan
        self._verdicts, self._is_edited = {}, True
        self.remove_status(self._said_of_plan)
        self._show()

    def _show(self) -> None:
        plan, recovery = self._plan, self.services.recovery
        incident = recovery.incident if recovery else None
        what = f"back to before {incident.words}" if incident else "NO INCIDENT is set (i): newest points"
        what = "of an interrupted queue, points as they were decided" if self._is_interrupted else what
        count = len(plan.lines)
        title = f"Plan: {count} VM{'' if count == 1 else 's'}, {what}"
        self.query_one("#batch-title", Static).update(safe(title, cells=200))
        rows = ListRows(plan.lines, partial(plan_cells, self._verdicts), lambda line: line.key)
        self.query_one(VirtualTable).set_rows(rows)
        chosen = choices_words(plan, self._at_a_time, is_decided=self._is_interrupted)
        self.query_one("#batch-all", Static).update(safe(chosen, cells=200))
        self.query_one("#batch-summary", Static).update(safe(plan.summary, cells=300))
        self._show_line()

    def _say_of_plan(self, text: str, kind: str) -> None:
        """Say what is true of the plan until it is edited."""
        self._said_of_plan = text
        self.set_status(text, kind)

    @property
    def _chosen(self) -> PlanLine | None:
        key = self.query_one(VirtualTable).cursor_key
        return next((line for line in self._plan.lines if line.key == key), None)

    @on(VirtualTable.Highlighted)
    def _show_line(self) -> None:
        line = self._chosen
        lines = list(line_details(line)) if line is not None else []
        verdict = self._verdicts.get(line.key) if line is not None else None
        if verdict is not None:
            lines.insert(0, StyledText(verdict.words, "good" if verdict.is_ready else "bad"))
        details = self.query_one(TextView)
        details.show(spell_out(self.services.reference_names, lines))

    # Editing -----------------------------------------------------------------------------------

    def action_leave_out(self) -> None:
        line = self._chosen
        if line is not None:
            self._use(self._plan.with_line(replace(line, is_left_out=not line.is_left_out)))
            self.query_one(VirtualTable).move(1)

    def action_group(self, number: int) -> None:
        line = self._chosen
        if line is not None:
            self._use(self._plan.with_group([line.key], number))
            self.query_one(VirtualTable).select(line.key)

    def action_critical(self) -> None:
        line = self._chosen
        if line is not None:
            self._use(self._plan.with_line(replace(line, critical=not line.critical)))

    def action_edit(self) -> None:
        line = self._chosen
        if line is not None:
            self._edit(line)

    @work(group="edit", exclusive=True, exit_on_error=False, description="edit one VM of the plan")
    async def _edit(self, line: PlanLine) -> None:
        choices = line.choices.over(self._plan.choices)
        title = f"Restore {safe(line.vm_name, cells=40)}"
        has_new_name = line.platform in {Platform.CLOUD_DIRECTOR, Platform.UNKNOWN}
        dialog = ChoicesScreen(
            self.services, title, choices, has_new_name=has_new_name, references=self._references([line])
        )
        answer = await self.ask(dialog)
        if answer is not None:
            chosen = answer.choices
            if chosen.new_name == (choices.new_name or "") or not has_new_name:
                # The plan's own pattern is no choice for this VM, whose platform may not be known yet.
                chosen = replace(chosen, new_name=line.choices.new_name)
            self._use(self._plan.with_line(replace(line, choices=chosen)).with_values(answer.values))

    def action_edit_all(self) -> None:
        self._edit_all()

    @work(group="edit", exclusive=True, exit_on_error=False, description="edit all VMs of the plan")
    async def _edit_all(self) -> None:
        plan = self._plan
        answer = await self.ask(
            ChoicesScreen(
                self.services,
                "All VMs of the plan",
                plan.choices,
                at_a_time=self._at_a_time,
                references=self._references(plan.lines),
            )
        )
        if answer is not None:
            self._at_a_time = answer.at_a_time or AT_A_TIME
            blank = plan.changed(lambda line: replace(line, choices=Choices()))
            self._use(replace(blank, choices=answer.choices).with_values(answer.values))

    def _references(self, lines: Iterable[PlanLine]) -> tuple[RootReferences, ...]:
        planner = self._planner
        return references_of(lines, planner.layout) if planner is not None else ()

    @on(VirtualTable.Chosen)
    def action_other_point(self) -> None:
        line = self._chosen
        if line is not None:
            self._choose_point(line)

    @work(group="edit", exclusive=True, exit_on_error=False, description="choose another point")
    async def _choose_point(self, line: PlanLine) -> None:
        index, recovery = self.services.points, self.services.recovery
        vm = index.vm_with(line.key) if index is not None else None
        if index is None or vm is None or recovery is None:
            return
        row = await self.ask(PointScreen(self.services, index, vm))
        if row is None:
            return
        point, incident = index.point(row), recovery.incident
        is_after = incident is not None and incident.is_after(point.known_created)
        if incident is not None and is_after:
            text = f"{incident.warning(point.known_created)}\n\n{IN_THE_POINT}"
            question = AskScreen(self.services, NOT_OF_BEFORE, text, yes="Use this point", no="Back")
            if not await self.ask(question):
                return
        self._use(
            self._plan.with_line(replace(line, point=point, point_uid=point.uid, may_be_after=is_after))
        )

    @work(group="platforms", exclusive=True, exit_on_error=False, description="find out platforms")
    async def _learn_platforms(self) -> None:
        planner, connection = self._planner, self.services.connection
        if planner is None or connection is None:
            return
        before = self._plan
        asking = partial(planner.learn_platforms, before, connection.manager)
        plan = await self.reading("find out the platforms", asking, saying="Asking for the platforms")
        if plan is None:
            return
        # What was edited meanwhile stays: the platforms are known from here on.
        self._plan = plan if self._plan is before else planner.prepare(self._plan)
        self._show()

    def action_verify(self) -> None:
        if not self.busy_with:
            self._verify()

    @work(group="platforms", exclusive=True, exit_on_error=False, description="verify the plan")
    async def _verify(self) -> None:
        planner, connection, plan = self._planner, self.services.connection, self._plan
        if planner is None or connection is None:
            return
        limit = self._table.limit if self._table is not None else None
        asking = partial(
            check_readiness, plan, self._open_names, planner, connection.manager, lost_at_most=limit
        )
        found = await self.reading("verify the plan", asking, saying="Verifying; nothing is sent")
        if found is None:
            return
        if self._plan is not plan:
            self.set_status("The plan was changed meanwhile: verify it again.", "bad")
            return
        self._verdicts = {row.key: row for row in found.rows if row.key is not None}
        self._show()
        self._say_of_plan(found.words, "good" if found.exit_code == READY else "bad")

    def action_save(self) -> None:
        self._save()

    @work(group="save", exclusive=True, exit_on_error=False, description="save the plan")
    async def _save(self) -> None:
        index, recovery = self.services.points, self.services.recovery
        if index is None or recovery is None or not self._plan.lines:
            return
        incident = recovery.incident
        text = text_of_plan(self._plan, index, incident.lost_at_most if incident else None)
        path = await self.ask(
            ExportScreen(
                self.services,
                Path.home() / "recovery-plan.toml",
                title="Save the plan",
                what="A TOML file: VMs, groups and choices. The points are chosen when it is opened.",
            )
        )
        if path is None:
            self.set_status("Nothing was written.")
            return
        with self.reporting("save the plan"):
            await asyncio.to_thread(write_plan_file, path, text)
            self.set_status(f"Saved as {path}; P in the list opens it.", "good")

    # Sending -----------------------------------------------------------------------------------

    def action_request(self) -> None:
        plans = [line.plan for line in self._plan.to_be_sent if line.plan is not None]
        if plans:
            self.app.push_screen(RequestsScreen(self.services, plans))
        else:
            self.set_status("No request yet: no VM of this plan can be sent.")

    def action_restore(self) -> None:
        cannot = self._plan.cannot
        if self.busy_with or self.refuses_write():
            return
        if cannot:
            self.query_one(VirtualTable).select(cannot[0].key)
            count = "1 VM cannot" if len(cannot) == 1 else f"{len(cannot)} VMs cannot"
            self._say_of_plan(f"{count} be restored: correct, or leave out with x. Nothing was sent.", "bad")
        elif not self._plan.to_be_sent:
            self._say_of_plan("Nothing in this plan is to be sent.", "bad")
        else:
            self.busy_with = CHECKING
            self._restore()

    @work(group="submit", exclusive=False, exit_on_error=False, description="start the queue")
    async def _restore(self) -> None:
        planner, recovery = self._planner, self.services.recovery
        try:
            if planner is None or recovery is None:
                return
            checked = await self.reading(
                "look for running restores of these VMs",
                partial(planner.check, self._plan),
                saying="Looking for running restores",
                stop_keys="Esc or Ctrl+C",
            )
            if checked is None:
                return
            self._plan = checked
            self._show()
            if not await self.ask(BatchConfirmScreen(self.services, checked, self._at_a_time)):
                self.set_status("Nothing was sent.")
                return
            if self._is_interrupted:
                go_on(recovery, checked, self._queue_lines, self._at_a_time)
                self.dismiss(None)
                return
            ticket = recovery.incident.ticket if recovery.incident else ""
            with self.reporting("start the queue"):
                await recovery.start_queue(
                    queue_lines(checked),
                    name=checked.name,
                    ticket=ticket,
                    at_a_time=self._at_a_time,
                    left_out=planner.left_out_of(checked),
                )
                recovery.mark([line.key for line in checked.to_be_sent], on=False)
                self.dismiss(None)
                self.app.post_message(OpenTasks())
        finally:
            self.busy_with = ""

    # Leaving -----------------------------------------------------------------------------------

    def action_back(self) -> None:
        if self.busy_with:
            self.stop_loading()
        elif not self.query_one(VirtualTable).has_focus:
            self.query_one(VirtualTable).focus()
        elif self._is_edited:
            self._ask_to_leave()
        else:
            self.dismiss(None)

    @work(group="leave", exclusive=True, exit_on_error=False, description="leave the plan")
    async def _ask_to_leave(self) -> None:
        text = "What you changed in this plan is discarded; the marks stay. Nothing was sent."
        if await self.ask(AskScreen(self.services, "Leave the plan?", text, yes="Leave", no="Stay")):
            self.dismiss(None)


def _not_in_plan(names: Sequence[NameFound]) -> str:
    return f"NOT in this plan: {'; '.join(f'{one.typed} ({open_words(one)})' for one in names)}."


def interrupted(planner: Planner, recovery: RecoveryService) -> tuple[RecoveryPlan, dict[VmKey, int], int]:
    """Return the plan of a taken-up queue's waiting lines.

    Returns:
        The plan, the numbers of its lines by their VMs, and how many lines cannot be read.
    """
    queued_lines = recovery.queue.queue.to_confirm if recovery.queue else ()
    plan, numbers = planner.plan_of_queue(queued_lines)
    lines = plan.lines
    return plan, numbers, len(queued_lines) - len(lines)


def go_on(
    recovery: RecoveryService, checked: RecoveryPlan, numbers: Mapping[VmKey, int], at_a_time: int
) -> None:
    """Send what was confirmed of a taken-up queue; what was left out is taken out of it."""
    queue = recovery.queue
    if queue is None:
        return
    for line in checked.lines:
        if line.is_left_out:
            queue.take_out(numbers[line.key])
    queue.confirm({numbers[line.key]: line.plan for line in checked.to_be_sent if line.plan is not None})
    queue.set_limits(at_a_time=at_a_time)
    queue.resume()
