"""What a form would do as it stands, in words: one short line that is always visible, and the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tui.restores.forms.definition import OriginalOutcome
from tui.restores.forms.fields import Problem
from tui.restores.plan import RestorePlan
from tui.sanitize import safe
from tui.widgets.table_layout import StyledText
from tui.widgets.text_view import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """The short line and the long text."""

    short: str
    tone: str
    """`good`, `warning` or `bad`; the words say the same."""
    lines: list[Line] = field(default_factory=list)


def verdict_of(plan: RestorePlan, notes: Sequence[str]) -> PlanSummary:
    """What a complete form will do."""
    short, tone = _short(plan)
    return PlanSummary(short=short, tone=tone, lines=[*plan_lines(plan), *_notes(notes)])


def plan_lines(plan: RestorePlan) -> list[Line]:
    """Warnings first, then what will happen; nothing twice."""
    warnings: list[Line] = [StyledText(f"! {words}", "warning") for words in plan.warnings]
    return [*warnings, *(words for words in plan.words if words not in plan.warnings)]


def not_ready(problems: Sequence[Problem], notes: Sequence[str]) -> PlanSummary:
    """What keeps a form from being sent."""
    count = "1 thing is" if len(problems) == 1 else f"{len(problems)} things are"
    lines: list[Line] = [StyledText(f"! {problem.sentence}", "bad") for problem in problems]
    return PlanSummary(
        short=f"NOT READY: {count} missing or wrong.", tone="warning", lines=[*lines, *_notes(notes)]
    )


def _short(plan: RestorePlan) -> tuple[str, str]:
    name = safe(plan.vm_name, cells=20)
    if plan.original is OriginalOutcome.OVERWRITTEN:
        return f"OVERWRITES {name}", "bad"
    if plan.original is OriginalOutcome.MAY_BE_OVERWRITTEN:
        return f"MAY OVERWRITE {name} (KeepOriginalVM unknown)", "bad"
    return f"The original {_thing(plan)} is KEPT", "good"


def _thing(plan: RestorePlan) -> str:
    return "vApp" if plan.point.kind.value.startswith("VApp") else "VM"


def _notes(notes: Sequence[str]) -> list[Line]:
    return [StyledText(f"- {note}", "dim") for note in notes]
