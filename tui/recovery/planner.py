"""Makes a plan of many ready: a point, the platform's form and the exact request for each VM, or why not.

It asks the server only in `check` and `learn_platforms`, and only reads.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import msgspec

from tui.api.errors import ManagerError, SessionExpired
from tui.api.models import CloudLayout, Platform, PointKind, RestorePoint
from tui.clock import Clock
from tui.errors import VbemError
from tui.recovery.plan import NO_POINT, Choices, PlanLine, RecoveryPlan, named
from tui.recovery.queue import QueuedLine, QueueLine
from tui.restore_points.descriptions import why_not
from tui.restore_points.index import PointIndex, Vm, VmKey
from tui.restores.forms.cloud_director import is_same_name
from tui.restores.forms.fields import IncompleteForm, PlatformNotKnown, Value
from tui.restores.forms.form import form_for
from tui.restores.plan import RestorePlan
from tui.restores.service import RestoreService
from tui.sanitize import skeleton

NEEDS_NEW_NAME = "keeping the original takes a new name on Cloud Director"
_NONE_YET = "no point of it is loaded yet"
_NOT_WHOLE = "The list of points is not loaded to its end: there may be a better point."
MOST_PLATFORMS_ASKED = 50
"""VMs whose platform is asked of the server for one plan: each takes a request."""
AT_ONCE = 4
"""Requests of one plan that wait for an answer at the same time."""
ResultT = TypeVar("ResultT")


class _Record(msgspec.Struct, frozen=True):
    """A line as a queue keeps it."""

    server_uid: str
    ref: str
    kind: str
    point: str
    group: int
    critical: bool
    keep_original: bool | None = None
    power_on: bool | None = None
    new_name: str | None = None
    values: dict[str, bool | str] = {}


_RECORD = msgspec.json.Decoder(_Record)


class PlatformApi(Protocol):
    """What tells the platform of a point that does not name it."""

    async def platform_of(self, point: RestorePoint) -> Platform:
        """Return the platform of the backup the point is in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """What plans are made of."""

    restores: RestoreService
    index: PointIndex
    clock: Clock
    layout: CloudLayout = CloudLayout.SEED
    """Of Cloud Director requests, as the settings prefer."""
    ticket: str = ""
    """For `{ticket}` in new names; empty for that of the incident."""

    def plan_of(
        self, keys: Iterable[VmKey], *, name: str = "", choices: Choices | None = None
    ) -> RecoveryPlan:
        """Return a plan of VMs: of each the newest point of before the incident; without one, the newest."""
        found = (self.index.vm_with(key) for key in keys)
        lines = tuple(self.line_of(vm) for vm in found if vm is not None)
        return self.prepare(RecoveryPlan(name=name, lines=lines, choices=choices or Choices()))

    def line_of(self, vm: Vm) -> PlanLine:
        """Return the line of a VM with the point that is best for it."""
        incident, newest = self.restores.incident, self.index.newest(vm)
        if incident is not None:
            row = self.index.newest_before(vm, incident.moment)
        else:
            row = vm.rows[0] if newest is not None else None
        return PlanLine(
            key=vm.key,
            vm_name=vm.name,
            server_name=vm.server_name,
            platform=vm.platform,
            point=None if row is None else self.index.point(row),
            newest=newest,
        )

    def line_of_record(self, record: str) -> PlanLine | None:
        """Return the line that `record_of` kept; None where it cannot be read. Its point may be gone."""
        try:
            kept = _RECORD.decode(record)
            key = VmKey(kept.server_uid, kept.ref, PointKind(kept.kind))
        except (msgspec.MsgspecError, ValueError):
            return None
        vm = self.index.vm_with(key)
        rows = vm.rows if vm is not None else ()
        row = next((row for row in rows if self.index.uid(row) == kept.point), None)
        return PlanLine(
            key=key,
            vm_name=vm.name if vm is not None else "",
            server_name=vm.server_name if vm is not None else "",
            platform=vm.platform if vm is not None else Platform.UNKNOWN,
            point=None if row is None else self.index.point(row),
            point_uid=kept.point,
            newest=self.index.newest(vm) if vm is not None else None,
            group=kept.group,
            critical=kept.critical,
            choices=Choices(keep_original=kept.keep_original, power_on=kept.power_on, new_name=kept.new_name),
            values=kept.values,
        )

    def plan_of_queue(self, queued: Iterable[QueuedLine]) -> tuple[RecoveryPlan, dict[VmKey, int]]:
        """Return the plan of lines a queue has not sent, and their numbers, without what cannot be read."""
        lines, numbers = [], {}
        for one in queued:
            line = self.line_of_record(one.record)
            if line is not None:
                lines.append(replace(line, vm_name=line.vm_name or one.vm_name))
                numbers[line.key] = one.id
        return self.prepare(RecoveryPlan(lines=tuple(lines))), numbers

    def choose_points(self, plan: RecoveryPlan) -> RecoveryPlan:
        """Return the plan with the best point for each line whose point nobody decided on."""

        def with_best(line: PlanLine) -> PlanLine:
            vm = self.index.vm_with(line.key)
            if line.point_uid or vm is None:
                return line
            best = self.line_of(vm)
            return replace(line, point=best.point, newest=best.newest)

        return self.prepare(plan.changed(with_best))

    def prepare(self, plan: RecoveryPlan) -> RecoveryPlan:
        """Return the plan with each line made ready as its choices say; what was found is forgotten."""
        ready = plan.changed(lambda line: self._ready(line, plan.choices))
        doubled = _doubled(ready)
        if doubled:
            ready = ready.changed(lambda line: _with_doubled(line, doubled))
        return replace(ready, found_at=None)

    def left_out_of(self, plan: RecoveryPlan) -> list[tuple[str, str]]:
        """Return the VMs of a plan that are not sent, each with what forbids it; empty where nothing does."""
        out = [replace(line, is_left_out=False) for line in plan.lines if line.is_left_out]
        return [(line.vm_name, self._ready(line, plan.choices).problem) for line in out]

    def _ready(self, line: PlanLine, choices: Choices) -> PlanLine:
        vm = self.index.vm_with(line.key)
        if vm is not None and line.platform is Platform.UNKNOWN:
            line = replace(line, platform=vm.platform)
        blank = replace(line, plan=None, problem="", notes=())
        if line.is_left_out:
            return blank
        try:
            values, notes = self._values(line, line.choices.over(choices))
            made = self._made(line, values, vm)
        except (VbemError, ValueError) as error:
            return replace(blank, problem=_problem_of(error))
        if made.is_after_incident and not line.may_be_after:
            return replace(blank, plan=made, problem="the point is not of before the incident")
        if line.may_be_after:
            made = self.restores.allow_after_incident(made)
        unread = () if self.index.is_whole or line.point_uid else (_NOT_WHOLE,)
        return replace(blank, plan=made, notes=(*notes, *unread, *made.warnings))

    def _values(self, line: PlanLine, choices: Choices) -> tuple[dict[str, Value], tuple[str, ...]]:
        """Return the form's values of a line, and what of its choices is not possible there."""
        keeps = True if choices.keep_original is None else choices.keep_original
        values: dict[str, Value] = {"power_on": bool(choices.power_on)}
        if line.platform is not Platform.CLOUD_DIRECTOR:
            asked = (("A new name is", line.choices.new_name), ("References are", line.references))
            notes = tuple(f"{what} not possible here." for what, is_asked in asked if is_asked)
            return {**values, "keep_original": keeps, **line.values}, notes
        incident = self.restores.incident
        new_name = named(
            choices.new_name or "",
            name=line.vm_name,
            ticket=self.ticket or (incident.ticket if incident else ""),
            day=f"{self.clock.now():%Y-%m-%d}",
        )
        if keeps and is_same_name(new_name, line.vm_name):
            raise ValueError(NEEDS_NEW_NAME)
        return {**values, "new_name": new_name, **line.values}, ()

    def _made(self, line: PlanLine, values: Mapping[str, Value], vm: Vm | None) -> RestorePlan:
        point = line.point
        if point is None:
            raise ValueError(self._without_point(line, vm))
        if reason := why_not(point):
            raise ValueError(reason)
        form = form_for(point, line.platform, layout=self.layout)
        alike = self.index.named_like(point.vm_name)
        return self.restores.prepare(
            form,
            values,
            newest=line.newest,
            same_names=sum(other is not vm for other in alike),
            is_known_name=lambda name: bool(self.index.named_like(name)),
        )

    def _without_point(self, line: PlanLine, vm: Vm | None) -> str:
        if line.point_uid:
            return "its point is gone from the list" if self.index.is_whole else "its point is not loaded yet"
        if not self.index.is_whole:
            return "no point before the incident is loaded yet" if self.restores.incident else _NONE_YET
        if self.restores.incident is None:
            return "it has no points"
        if vm is not None and self.index.lacks_time(vm):
            return "no point of a known time before the incident"
        return NO_POINT

    async def check(self, plan: RecoveryPlan) -> RecoveryPlan:
        """Return the plan with what runs at the server now: one list for all of its lines.

        Raises:
            ManagerError: the restore sessions cannot be listed.
        """
        sent = plan.to_be_sent
        checked = await self.restores.check_running_of([line.plan for line in sent if line.plan is not None])
        of_key = {line.key: made for line, made in zip(sent, checked, strict=True)}

        def with_found(line: PlanLine) -> PlanLine:
            made = of_key.get(line.key)
            if made is None or line.plan is None:
                return line
            own = tuple(note for note in line.notes if note not in line.plan.warnings)
            return replace(line, plan=made, notes=(*own, *made.warnings))

        return replace(plan.changed(with_found), found_at=self.clock.now())

    async def learn_platforms(self, plan: RecoveryPlan, manager: PlatformApi) -> RecoveryPlan:
        """Ask the server for the platforms that points do not name, of at most `MOST_PLATFORMS_ASKED` VMs.

        What cannot be read of one VM is the problem of its line alone.

        Raises:
            SessionExpired: the logon session is over.
        """
        unknown = [
            (line.key, vm, line.point)
            for line in plan.lines
            if line.platform is Platform.UNKNOWN and line.point is not None and not line.is_left_out
            if (vm := self.index.vm_with(line.key)) is not None
        ]
        if not unknown:
            return plan
        asked = unknown[:MOST_PLATFORMS_ASKED]
        answers = await bounded_gather([manager.platform_of(point) for _, _, point in asked])
        problems = {
            key: f"its platform is not known: more than {MOST_PLATFORMS_ASKED} would have to be asked"
            for key, _, _ in unknown[MOST_PLATFORMS_ASKED:]
        }
        for (key, vm, _), answer in zip(asked, answers, strict=True):
            if isinstance(answer, Platform):
                self.index.learn_platform(vm, answer)
            else:
                problems[key] = f"its platform could not be asked: {answer.detail}"
        return self.prepare(plan).changed(
            lambda line: replace(line, problem=problems[line.key]) if line.key in problems else line
        )


async def bounded_gather(requests: Iterable[Coroutine[Any, Any, ResultT]]) -> list[ResultT | ManagerError]:
    """Return the answer to each request or its error, in their order; few are asked at once.

    Raises:
        SessionExpired: the logon session is over; nothing of the answers is of use before the next logon.
    """
    free = asyncio.Semaphore(AT_ONCE)

    async def answer(request: Coroutine[Any, Any, ResultT]) -> ResultT | ManagerError:
        async with free:
            try:
                return await request
            except ManagerError as error:
                return error

    answers = await asyncio.gather(*map(answer, requests))
    for one in answers:
        if isinstance(one, SessionExpired):
            raise one
    return answers


def _problem_of(error: Exception) -> str:
    """Return why a line cannot be sent, as it completes 'cannot: ...', without a full stop."""
    if isinstance(error, PlatformNotKnown):
        return "its platform is not known: the server does not say it"
    if isinstance(error, IncompleteForm):
        return error.problems[0].sentence.removesuffix(".")
    return (error.detail if isinstance(error, VbemError) else str(error)).removesuffix(".")


def _doubled(plan: RecoveryPlan) -> frozenset[str]:
    """Return the new names that more than one line gives, by their look."""
    looks = Counter(skeleton(line.new_name) for line in plan.lines if line.new_name and not line.is_left_out)
    return frozenset(look for look, count in looks.items() if count > 1)


def _with_doubled(line: PlanLine, doubled: frozenset[str]) -> PlanLine:
    if line.new_name and not line.is_left_out and skeleton(line.new_name) in doubled:
        return replace(line, problem=f"another line gives the same new name {line.new_name}")
    return line


def queue_lines(plan: RecoveryPlan) -> list[QueueLine]:
    """Return the lines to send, in their order."""
    return [
        QueueLine(
            plan=line.plan, group=line.group, critical=line.critical, record=record_of(line, plan.choices)
        )
        for line in plan.to_be_sent
        if line.plan is not None
    ]


def record_of(line: PlanLine, choices: Choices) -> str:
    """Return what rebuilds a line after a crash, as JSON: the VM, its point and what was decided."""
    chosen = line.choices.over(choices)
    record = _Record(
        server_uid=line.key.server_uid,
        ref=line.key.ref,
        kind=line.key.kind,
        point=line.point.uid if line.point is not None else "",
        group=line.group,
        critical=line.critical,
        keep_original=chosen.keep_original,
        power_on=chosen.power_on,
        new_name=line.new_name or None,
        values=dict(line.values),
    )
    return msgspec.json.encode(record).decode()
