"""Readiness: whether each VM of a plan could be restored now. It asks, and sends nothing that writes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tui.api.errors import Forbidden, ManagerError, SessionExpired
from tui.api.models import Platform, RestorePoint
from tui.recovery.plan import PlanLine, RecoveryPlan
from tui.recovery.planner import AT_ONCE, Planner
from tui.restore_points.index import VmKey
from tui.restore_points.names import NameFound, open_words
from tui.restores.forms.fields import OriginalOutcome
from tui.timefmt import span, upward

READY, NOT_READY = 0, 6
"""Exit codes: all VMs are ready; at least one is not."""


class ReadinessApi(Protocol):
    """The reads that readiness takes beside the list of restore sessions."""

    async def platform_of(self, point: RestorePoint) -> Platform:
        """Return the platform of the backup the point is in."""

    async def name_of_reference(self, reference: str) -> str:
        """Return what an object of a hierarchy is called; empty where the server does not list it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessRow:
    """One VM, or one name that means none."""

    vm: str
    key: VmKey | None = None
    """None: the name means no VM, or several."""
    why_not: tuple[str, ...] = ()
    """Why it is not ready, a phrase each; empty where it is."""
    notes: tuple[str, ...] = ()
    """What was not checked, and other things worth a look."""

    @property
    def is_ready(self) -> bool:
        """Return whether nothing speaks against it."""
        return not self.why_not

    @property
    def words(self) -> str:
        """Return the verdict in a line."""
        parts = ["ready" if self.is_ready else f"NOT READY: {'; '.join(self.why_not)}", *self.notes]
        return f"{self.vm}: {'. '.join(parts)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """All rows, in the order of the plan; names that mean no VM, or several, stand last."""

    rows: tuple[ReadinessRow, ...]

    @property
    def ready(self) -> int:
        """Return how many are ready."""
        return sum(row.is_ready for row in self.rows)

    @property
    def words(self) -> str:
        """Return the total in a sentence."""
        return f"{self.ready} of {len(self.rows)} VMs are ready."

    @property
    def exit_code(self) -> int:
        """Return `READY` or `NOT_READY`; a plan without VMs is not ready."""
        return READY if self.rows and self.ready == len(self.rows) else NOT_READY


async def check_readiness(
    plan: RecoveryPlan,
    open_names: Sequence[NameFound],
    planner: Planner,
    manager: ReadinessApi,
    *,
    lost_at_most: timedelta | None = None,
) -> Readiness:
    """Ask the server about each line of a plan that is not left out; what fails for one ends that one alone.

    Args:
        plan: made ready by the planner.
        open_names: names of the plan's file that mean no VM, or several.
        planner: what the plan was made by.
        manager: the server.
        lost_at_most: the limit of the plan's file beside the incident's; without an incident the age counts.

    Raises:
        SessionExpired: the logon session is over; a verdict without answers would be none.
    """
    plan = await planner.learn_platforms(plan, manager)
    try:
        plan, unchecked = await planner.check(plan), ""
    except SessionExpired:
        raise
    except ManagerError as error:
        unchecked = f"which restores run could not be asked ({error.title})"
    lines = [line for line in plan.lines if not line.is_left_out]
    limit = asyncio.Semaphore(AT_ONCE)
    incident = planner.restores.incident
    moment = incident.moment if incident is not None else planner.clock.now()

    async def row_of(line: PlanLine) -> ReadinessRow:
        async with limit:
            refs_missing, notes = await _references(line, manager)
        why = (
            *_why_not(line),
            *_too_old(line, moment, lost_at_most),
            *refs_missing,
            *(() if planner.index.is_whole else ("the list of points is not loaded to its end",)),
            *((unchecked,) if unchecked else ()),
        )
        return ReadinessRow(vm=line.vm_name, key=line.key, why_not=why, notes=notes)

    rows = await asyncio.gather(*map(row_of, lines))
    return Readiness(rows=(*rows, *map(_open_row, open_names)))


def _open_row(found: NameFound) -> ReadinessRow:
    return ReadinessRow(vm=found.typed, why_not=(open_words(found),))


def _why_not(line: PlanLine) -> tuple[str, ...]:
    made = line.plan
    if made is None or line.problem:
        return (line.problem,)
    why = []
    if line.is_over_limit:
        lost = span(upward(line.lost)) if line.lost else ""
        why.append(f"{lost} are lost, more than the limit" if lost else "no data of before")
    if made.original is OriginalOutcome.MAY_BE_OVERWRITTEN:
        why.append("this server may not keep the original")
    if made.original is OriginalOutcome.KEPT and made.context.taken_names:
        why.append(f"its new name is taken: {', '.join(made.context.taken_names)}")
    running = len(made.context.running or ()) + len(made.context.other_rows)
    if running or made.context.own_in_flight:
        why.append("a restore of it is running, or may be")
    if made.context.unreadable_sessions or not made.context.is_list_whole:
        why.append("the list of running restores cannot be read to its end")
    return tuple(why)


def _too_old(line: PlanLine, moment: datetime, limit: timedelta | None) -> tuple[str, ...]:
    """Return whether more than the file's limit is lost by the line's point."""
    if limit is None or line.point is None or line.is_over_limit:
        return ()
    created = line.point.known_created
    if created is None:
        return ("the server does not say when its point was made",)
    lost = moment - created
    words = f"{span(upward(lost))} are lost, more than the plan's limit of {span(limit)}"
    return (words,) if lost > limit else ()


async def _references(line: PlanLine, manager: ReadinessApi) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which references of a line the server does not list, and which the account may not look up."""
    missing, notes = [], []
    for name, value in line.values.items():
        if not isinstance(value, str) or not value.lower().startswith("urn:") or "HierarchyRoot" in value:
            continue
        try:
            if not await manager.name_of_reference(value):
                missing.append(f"{name}: the server does not list {value}")
        except Forbidden:
            notes.append(f"{name} not checked: this account may not look it up")
        except SessionExpired:
            raise
        except ManagerError as error:
            missing.append(f"{name} could not be looked up: {error.title}")
    return tuple(missing), tuple(notes)
