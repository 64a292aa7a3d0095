"""The plan of many: a line for each VM, in groups, with everything that will happen to it. Pure.

A line holds what the operator decided; `tui.recovery.planner` makes of it a `RestorePlan` with the exact
request, or says why there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from tui.api.models import Platform, RestorePoint
from tui.restore_points.index import VmKey
from tui.restores.forms.fields import OriginalOutcome, Value
from tui.restores.plan import RestorePlan

PLACEHOLDERS = ("{name}", "{ticket}", "{date}")
"""What a pattern of new names may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What is to be done with a VM; None leaves it to the plan, and there to the safe value."""

    keep_original: bool | None = None
    """On vSphere and Hyper-V the switch; on Cloud Director it demands a new name."""
    power_on: bool | None = None
    new_name: str | None = None
    """A pattern; only Cloud Director has new names."""

    def over(self, others: Choices) -> Choices:
        """Return these choices, with `others` where they leave it open."""
        return Choices(
            keep_original=others.keep_original if self.keep_original is None else self.keep_original,
            power_on=others.power_on if self.power_on is None else self.power_on,
            new_name=others.new_name if self.new_name is None else self.new_name,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """One VM of the plan."""

    key: VmKey
    vm_name: str
    """As sent by the server."""
    server_name: str = ""
    platform: Platform = Platform.UNKNOWN
    point: RestorePoint | None = None
    """None: there is none to restore."""
    point_uid: str = ""
    """The point that was decided on, which may not be in the list; empty: the best one is taken."""
    newest: datetime | None = None
    """When the VM's newest point was made."""
    group: int = 1
    critical: bool = False
    """Whether the groups after it are held where it is not restored."""
    choices: Choices = Choices()
    values: Mapping[str, Value] = field(default_factory=dict)
    """Other fields of the platform's form: references, hierarchy root."""
    is_left_out: bool = False
    may_be_after: bool = False
    """The operator said yes to a point that is not of before the incident."""
    plan: RestorePlan | None = None
    """What will be sent; None where the line cannot be."""
    problem: str = ""
    """Why it cannot be sent, in a sentence; empty where it can."""
    notes: tuple[str, ...] = ()
    """What is worth a look, though it can be sent."""

    @property
    def is_to_be_sent(self) -> bool:
        """Return whether the line will be sent."""
        return self.plan is not None and not self.problem and not self.is_left_out

    @property
    def overwrites(self) -> bool:
        """Return whether it is sent and its original, or a VM of the new name, is or may be overwritten."""
        return self.is_to_be_sent and self.plan is not None and self.plan.overwrites

    @property
    def new_name(self) -> str:
        """Return the name the request gives the restored VM; empty where it gives none."""
        return self.plan.new_name if self.plan is not None else ""

    @property
    def lost(self) -> timedelta | None:
        """Return what is lost by the point; None where that is not known, or no incident is set."""
        incident = self.plan.context.incident if self.plan is not None else None
        return incident.lost(self.point.known_created) if incident is not None and self.point else None

    @property
    def is_over_limit(self) -> bool:
        """Return whether more is lost by its point than the incident's limit."""
        incident = self.plan.context.incident if self.plan is not None else None
        return (
            incident is not None and self.point is not None and incident.is_too_much(self.point.known_created)
        )

    @property
    def words(self) -> str:
        """Return what happens to the VM, its verdict first."""
        if self.is_left_out:
            return "left out"
        if self.plan is None or self.problem:
            return f"CANNOT: {self.problem}"
        return f"{_original_words(self.plan)}{', powers on' if self.powers_on else ''}"

    @property
    def powers_on(self) -> bool:
        """Return whether it is sent, and the restored VM is powered on."""
        return self.is_to_be_sent and self.plan is not None and self.plan.spec.power_on


def _original_words(plan: RestorePlan) -> str:
    """Return what happens to the original."""
    if plan.overwrites and plan.original is OriginalOutcome.KEPT:
        return f"OVERWRITES {', '.join(plan.context.taken_names)}"
    if plan.original is OriginalOutcome.OVERWRITTEN:
        return f"OVERWRITES {plan.vm_name}"
    if plan.original is OriginalOutcome.MAY_BE_OVERWRITTEN:
        return f"MAY OVERWRITE {plan.vm_name}"
    return f"new name {plan.new_name}" if plan.new_name else "KEEPS the original"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPlan:
    """The lines in the order of their groups; every edit returns another plan."""

    name: str = ""
    lines: tuple[PlanLine, ...] = ()
    choices: Choices = Choices()
    """For every line that leaves it open."""
    found_at: datetime | None = None
    """When the server was last asked which restores run; None: not yet."""

    def line(self, key: VmKey) -> PlanLine:
        """Return the line of a VM.

        Raises:
            KeyError: the plan has none.
        """
        for line in self.lines:
            if line.key == key:
                return line
        raise KeyError(key)

    def with_line(self, line: PlanLine) -> RecoveryPlan:
        """Return the plan with another line of the same VM."""
        return self.changed(lambda one: line if one.key == line.key else one)

    def changed(self, change: Callable[[PlanLine], PlanLine]) -> RecoveryPlan:
        """Return the plan with each line changed, sorted by group; the order inside a group stays."""
        lines = sorted(map(change, self.lines), key=lambda line: line.group)
        return replace(self, lines=tuple(lines))

    def with_group(self, keys: Iterable[VmKey], group: int) -> RecoveryPlan:
        """Return the plan with these VMs in a group, 1 to 9."""
        chosen = frozenset(keys)
        number = min(9, max(1, group))
        return self.changed(lambda line: replace(line, group=number) if line.key in chosen else line)

    def with_reference(self, root_id: str, field: str, reference: str) -> RecoveryPlan:
        """Return the plan with a field of the form set for all Cloud Director VMs under a hierarchy root.

        Args:
            root_id: the bare id, in any case.
            field: its name in the form, as `datastore_ref`.
            reference: the value; empty leaves it to the server.
        """

        def is_meant(line: PlanLine) -> bool:
            is_under = line.point is not None and line.point.root_id.casefold() == root_id.casefold()
            return is_under and line.platform is Platform.CLOUD_DIRECTOR

        return self.changed(
            lambda line: replace(line, values={**line.values, field: reference}) if is_meant(line) else line
        )

    @property
    def to_be_sent(self) -> tuple[PlanLine, ...]:
        """Return the lines that will be sent, in their order."""
        return tuple(line for line in self.lines if line.is_to_be_sent)

    @property
    def cannot(self) -> tuple[PlanLine, ...]:
        """Return the lines that cannot be sent and are not left out: nothing is sent while there are any."""
        return tuple(line for line in self.lines if line.problem and not line.is_left_out)

    @property
    def overwriting(self) -> tuple[PlanLine, ...]:
        """Return the lines that overwrite, or may."""
        return tuple(line for line in self.lines if line.overwrites)

    @property
    def summary(self) -> str:
        """Return what confirming the plan does, in sentences."""
        sent, cannot, over = len(self.to_be_sent), len(self.cannot), len(self.overwriting)
        out = sum(line.is_left_out for line in self.lines)
        parts = [f"{sent} will be sent"]
        parts += [f"{cannot} cannot"] if cannot else []
        parts += [f"{out} left out"] if out else []
        words = f"{', '.join(parts)}."
        if over:
            words += " 1 OVERWRITES its original." if over == 1 else f" {over} OVERWRITE their originals."
        on = sum(line.powers_on for line in self.lines)
        words += f" {on} will be powered on." if on else ""
        late = sum(line.is_over_limit for line in self.to_be_sent)
        words += f" {late} lose{'s' if late == 1 else ''} more than the limit." if late else ""
        groups = sorted({line.group for line in self.to_be_sent})
        later = (f"Group {after} waits for group {before}." for before, after in pairwise(groups))
        return " ".join((words, *later))


def named(pattern: str, *, name: str, ticket: str, day: str) -> str:
    """Return the new name a pattern gives a VM.

    Args:
        pattern: text with `PLACEHOLDERS`.
        name: the VM's own.
        ticket: of the recovery.
        day: of today, as `2026-11-26`.

    Raises:
        ValueError: a placeholder is none of ours, or stands for nothing; the sentence says which.
    """
    rest = pattern
    for word in PLACEHOLDERS:
        rest = rest.replace(word, "")
    if "{" in rest or "}" in rest:
        raise ValueError(f"The new name {pattern!r} may have {', '.join(PLACEHOLDERS)} and no other braces.")
    if "{ticket}" in pattern and not ticket:
        raise ValueError("The new name has {ticket}, but there is no ticket.")
    return pattern.replace("{name}", name).replace("{ticket}", ticket).replace("{date}", day)
