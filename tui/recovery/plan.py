"""The plan of many: a line for each VM, in groups, with everything that will happen to it. Pure.

A line holds what the operator decided; `tui.recovery.planner` makes of it a `RestorePlan` with the exact
request, or says why there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from tui.api.models import CloudLayout, Platform, PointKind, RestorePoint
from tui.restore_points.index import VmKey
from tui.restores.forms.fields import Field, FieldKind, OriginalOutcome, Problem, Value, WrongForm, text_of
from tui.restores.forms.form import RestoreForm, form_for
from tui.restores.plan import RestorePlan

PLACEHOLDERS = ("{name}", "{ticket}", "{date}")
"""What a pattern of new names may have."""
NO_POINT = "no point before the incident"
"""The problem of a VM without a point to restore."""
REFERENCE_NAMES = (
    "hierarchy_root_uid", "datastore_ref", "storage_profile_ref", "template_ref", "vapp_ref", "org_vdc_ref",
)  # fmt: skip
"""Fields of the forms that are references; only Cloud Director has any."""


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
    def references(self) -> dict[str, str]:
        """Return the references that were decided on, by `REFERENCE_NAMES`."""
        return {
            name: value
            for name, value in self.values.items()
            if name in REFERENCE_NAMES and isinstance(value, str)
        }

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
    def concern(self) -> str:
        """Return in few words what deserves a look first; empty for nothing that its words do not say."""
        if not self.is_to_be_sent or self.overwrites or self.plan is None or not self.notes:
            return ""
        if self.is_over_limit:
            return "over the limit"
        context = self.plan.context
        if context.running or context.other_rows or context.own_in_flight:
            return "a restore may run"
        if context.same_names:
            return "name not unique"
        return "see the details"

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

    def with_values(self, values: Mapping[VmKey, Mapping[str, str]]) -> RecoveryPlan:
        """Return the plan with form fields set, by VM and name; an empty one has its default again."""

        def with_own(line: PlanLine) -> PlanLine:
            merged = {**line.values, **values.get(line.key, {})}
            return replace(line, values={name: value for name, value in merged.items() if value != ""})

        return self.changed(with_own)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RootReferences:
    """The references that can be set for VMs, or vApps, which are restored under one hierarchy root."""

    lines: tuple[PlanLine, ...]
    forms: tuple[RestoreForm, ...]
    """Of each line."""

    @property
    def root_id(self) -> str:
        """Return the bare id of the root, in lower case; empty where it is not known."""
        return self.forms[0].root_id(self.lines[0].values).lower()

    @property
    def is_of_vapps(self) -> bool:
        """Return whether it is of vApps."""
        return self.forms[0].point.kind is PointKind.VAPP

    @property
    def fields(self) -> tuple[Field, ...]:
        """Return the fields that are references, as the form has them."""
        return tuple(
            field
            for field in self.forms[0].visible(self.lines[0].values)
            if field.kind in {FieldKind.REFERENCE, FieldKind.UID}
        )

    def shared(self, name: str) -> str | None:
        """Return the value that all lines have in a field; None where they differ."""
        values = {
            text_of(form.complete(line.values), name)
            for line, form in zip(self.lines, self.forms, strict=True)
        }
        return values.pop() if len(values) == 1 else None

    def problems(self, typed: Mapping[str, str]) -> tuple[Problem, ...]:
        """Return what is wrong with these values of its fields, in the order of the form."""
        names = {field.name for field in self.fields}
        found = self.forms[0].check({**self.lines[0].values, **typed})
        return tuple(problem for problem in found if problem.field in names)


def references_of(lines: Iterable[PlanLine], layout: CloudLayout) -> tuple[RootReferences, ...]:
    """Return the references that can be set for some lines: one set for each root they are restored under.

    Args:
        lines: of a plan; those whose platform knows no references are in none.
        layout: of Cloud Director requests.
    """
    found: dict[tuple[str, PointKind], list[tuple[PlanLine, RestoreForm]]] = {}
    for line in lines:
        if line.point is None:
            continue
        try:
            form = form_for(line.point, line.platform, layout=layout)
        except WrongForm:
            continue
        if any(field.kind is FieldKind.REFERENCE for field in form.fields):
            key = form.root_id(line.values).lower(), line.point.kind
            found.setdefault(key, []).append((line, form))
    return tuple(
        RootReferences(lines=tuple(line for line, _ in one), forms=tuple(form for _, form in one))
        for one in found.values()
    )


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
