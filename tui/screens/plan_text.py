"""Plans and queues as lines of text, and the plan that is drafted while a form is filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from tui import sanitize, timefmt
from tui.api.errors import ManagerError
from tui.api.models import Platform
from tui.recovery.plan import NO_POINT, Choices, PlanLine, RecoveryPlan
from tui.recovery.queue import LineState, Queue, QueuedLine
from tui.recovery.queue_summary import HELD, NOT_SENT, line_words, summarize
from tui.restore_points.index import PointIndex
from tui.restore_states import Mark
from tui.restores.forms.fields import IncompleteForm, OriginalOutcome, Problem, Values
from tui.restores.plan import RestorePlan
from tui.sanitize import safe
from tui.screens.restore_text import SHORT_CELLS, restore_cells, restore_lines
from tui.widgets.table_layout import Cell, OneOf, StyledText, bar
from tui.widgets.text_view import Line

if TYPE_CHECKING:
    from tui.api.models import ReferenceNames
    from tui.recovery.readiness import ReadinessRow
    from tui.restore_points.index import VmKey
    from tui.restores.forms.form import RestoreForm
    from tui.restores.service import RestoreService


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """The short line and the long text."""

    short: str
    tone: str
    """`good`, `warning` or `bad`; the words say the same."""
    lines: list[Line] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class PlanDrafter:
    """What is known around a point, and the plan of its form as it stands: made once for each change."""

    restores: RestoreService
    points: PointIndex | None = None
    """What is known of this VM and of others."""
    _drafted: tuple[RestoreForm, Values, RestorePlan | IncompleteForm] | None = None

    def draft(self, form: RestoreForm, values: Values) -> RestorePlan:
        """Return the plan of a filled form; the same values give the same plan, with the same request.

        Raises:
            IncompleteForm: it still has problems; also where a name cannot be written in the request.
        """
        if self._drafted is None or self._drafted[:2] != (form, values):
            self._drafted = (form, dict(values), self._prepared(form, values))
        result = self._drafted[2]
        if isinstance(result, IncompleteForm):
            raise result
        return self.restores.renew(result)

    def _prepared(self, form: RestoreForm, values: Values) -> RestorePlan | IncompleteForm:
        points = self.points or PointIndex()
        vm, alike = points.vm_of(form.point), points.named_like(form.point.vm_name)
        try:
            return self.restores.prepare(
                form,
                values,
                newest=points.newest(vm) if vm else None,
                same_names=sum(other is not vm for other in alike),
                is_known_name=lambda name: bool(points.named_like(name)),
            )
        except IncompleteForm as error:
            return error
        except ManagerError as error:
            return IncompleteForm((Problem(field="", sentence=f"{str(error).rstrip('.')}. {error.hint}"),))

    def problems(self, form: RestoreForm, values: Values) -> tuple[Problem, ...]:
        """Return what keeps the form from being sent; empty for nothing."""
        try:
            self.draft(form, values)
        except IncompleteForm as error:
            return error.problems
        return ()

    def verdict(self, form: RestoreForm, values: Values, remark: str) -> PlanSummary:
        """Return what the form would do, in words, or what is missing."""
        blocked = set(form.blocked(values).values())
        notes = [note for note in (remark, *form.notes(values)) if note and note not in blocked]
        try:
            return verdict_of(self.draft(form, values), notes)
        except IncompleteForm as error:
            return not_ready(error.problems, notes)


def verdict_of(plan: RestorePlan, notes: Sequence[str]) -> PlanSummary:
    """Return what a complete form will do."""
    short, tone = _short(plan)
    return PlanSummary(short=short, tone=tone, lines=[*plan_lines(plan), *_notes(notes)])


def plan_lines(plan: RestorePlan) -> list[Line]:
    """Return the warnings, then what will happen; nothing twice."""
    warnings: list[Line] = [StyledText(f"! {words}", "warning") for words in plan.warnings]
    return [*warnings, *(words for words in plan.words if words not in plan.warnings)]


def not_ready(problems: Sequence[Problem], notes: Sequence[str]) -> PlanSummary:
    """Return what keeps a form from being sent."""
    count = "1 thing is" if len(problems) == 1 else f"{len(problems)} things are"
    lines: list[Line] = [StyledText(f"! {problem.sentence}", "bad") for problem in problems]
    return PlanSummary(
        short=f"NOT READY: {count} missing or wrong.", tone="warning", lines=[*lines, *_notes(notes)]
    )


def spell_out(names: ReferenceNames, words: Iterable[Line]) -> list[Line]:
    """Return the lines with names in place of references; the whole reference follows on its own line."""
    lines: list[Line] = []
    for line in words:
        named, *references = names.spell_out(line.text if isinstance(line, StyledText) else line)
        lines.append(line._replace(text=named) if isinstance(line, StyledText) else named)
        lines += [StyledText(reference, "dim") for reference in references]
    return lines


def _short(plan: RestorePlan) -> tuple[str, str]:
    name = sanitize.name(plan.confirm_word, cells=20)
    if plan.original is OriginalOutcome.OVERWRITTEN:
        return f"OVERWRITES {name}", "bad"
    if plan.original is OriginalOutcome.MAY_BE_OVERWRITTEN:
        return f"MAY OVERWRITE {name} (KeepOriginalVM unknown)", "bad"
    if plan.overwrites:
        return f"MAY OVERWRITE {name}, another known VM", "bad"
    return f"The original {_thing(plan)} is KEPT", "good"


def _thing(plan: RestorePlan) -> str:
    return "vApp" if plan.point.kind.value.startswith("VApp") else "VM"


def _notes(notes: Sequence[str]) -> list[Line]:
    return [StyledText(f"- {note}", "dim") for note in notes]


_MARKS = MappingProxyType({HELD: Mark.NOTICE, NOT_SENT: Mark.FAILED})
_STATE_STYLES = MappingProxyType({LineState.NOT_SENT: "bad", LineState.TAKEN_OUT: "dim"})


def queue_cells(queue: Queue, line: QueuedLine, now: datetime) -> tuple[Cell, ...]:
    """Return the row of a line that nobody watches, with the cells of `restore_text.restore_cells`."""
    if line.restore is not None:
        return restore_cells(line.restore, now)
    words = line_words(queue)[line.id]
    tone = "warning" if words.label == HELD else _STATE_STYLES.get(line.state, "dim")
    short = safe(words.detail, cells=SHORT_CELLS)
    mark = _MARKS.get(words.label, Mark.STOPPED if line.state is LineState.TAKEN_OUT else Mark.WAITING)
    plan = line.plan
    made = plan.point.known_created if plan else None
    point, new_name = timefmt.day_and_time(made) if made else "", plan.new_name if plan else ""
    state = StyledText(f"{mark} {words.label}", tone)
    return state, line.vm_name, point, new_name, queue.ticket, "", OneOf(words.detail, short)


def queue_line_details(queue: Queue, line: QueuedLine, now: datetime) -> list[Line]:
    """Return what is known of a line that nobody watches, and what can be done with it."""
    if line.restore is not None:
        return restore_lines(line.restore, now, "")
    words = line_words(queue)[line.id]
    lines: list[Line] = [f"State: {words.label}. {words.detail}".strip()]
    if line.state is LineState.WAITING:
        turns = "resumes" if queue.is_paused else "pauses"
        lines.append(f"x takes it out; J and K move it in its group; p {turns} the queue.")
    if words.label == HELD:
        lines.append("u lets its group begin, though that VM was not restored.")
    if line.state in {LineState.TAKEN_OUT, LineState.NOT_SENT}:
        lines.append("x lets it wait again.")
    if line.plan is not None:
        lines += ["", *line.plan.words]
    return lines


def queue_title(queue: Queue, now: datetime, cells: int) -> tuple[str, str]:
    """Return two lines about the whole queue: counts and bar, then times and what holds it.

    Args:
        queue: as it is.
        now: by this machine's clock.
        cells: the room of a line.
    """
    summary = summarize(queue, now)
    name = f"{queue.name}: " if queue.name else ""
    counts = safe(f"{name}{summary.words}", cells=max(20, cells - 8))
    first = f"{counts}  {bar(summary.done, max(0, cells - len(counts) - 3))}"
    parts = [f"elapsed {timefmt.elapsed(summary.elapsed)}"] if summary.elapsed is not None else []
    if queue.is_paused:
        parts.insert(0, f"PAUSED: {queue.why_paused}" if queue.why_paused else "PAUSED: p resumes")
    elif not queue.is_finished:
        parts.append(f"{queue.at_a_time} at a time")
    parts += [summary.left_words] if summary.left_words else []
    return first, safe(", ".join(parts), cells=cells)


def plan_cells(verdicts: Mapping[VmKey, ReadinessRow], line: PlanLine) -> tuple[Cell, ...]:
    """Return the row of a VM in a plan of many: what its mark means stands last in the row, in words."""
    mark = "-" if line.is_left_out else "x" if line.problem else "!" if line.notes else " "
    created = line.point.known_created if line.point is not None else None
    lost = "" if line.lost is None else timefmt.short_span(timefmt.upward(line.lost))
    tone = "bad" if line.problem else "warning" if line.overwrites else "dim" if line.is_left_out else ""
    words, verdict = _what_happens(line), verdicts.get(line.key)
    is_cloud = line.platform is Platform.CLOUD_DIRECTOR
    if verdict is not None and line.is_to_be_sent:
        words = OneOf(*(f"{'READY' if verdict.is_ready else 'NOT READY'}, {one}" for one in words.texts))
        tone = tone if verdict.is_ready else "bad"
    return (
        f"{mark}{line.group}{'*' if line.critical else ''}",
        line.vm_name,
        OneOf(line.platform.short_label, "Cloud Dir.") if is_cloud else line.platform.short_label,
        "none" if created is None else timefmt.day_and_time(created),
        lost,
        StyledText(words, tone) if tone else words,
    )


def _what_happens(line: PlanLine) -> OneOf:
    """Return what happens to a VM and what deserves a look, in full and for a narrow column."""
    if line.problem and not line.is_left_out:
        brief = [NO_POINT.removesuffix(" the incident")] if line.problem == NO_POINT else []
        return OneOf(line.words, *(f"CANNOT: {words}" for words in (*brief, "see the details")))
    if not line.concern:
        return OneOf(line.words)
    verdict = "new name" if line.new_name else "KEEPS"
    power = ", powers on" if line.powers_on else ""
    return OneOf(f"{line.words}; {line.concern}", f"{verdict}{power}; {line.concern}")


def line_details(line: PlanLine) -> list[Line]:
    """Return everything that will happen to a VM of a plan of many, and what speaks against it."""
    if line.plan is None:
        return [StyledText(f"! {line.words}", "bad")]
    lines: list[Line] = [StyledText(f"! {line.words}", "bad")] if line.problem else []
    if line.critical:
        lines.append(StyledText("* critical: the groups after it wait until it is restored", "warning"))
    extra = [StyledText(f"! {note}", "warning") for note in line.notes if note not in line.plan.warnings]
    return [*lines, *extra, *plan_lines(line.plan)]


def choices_words(plan: RecoveryPlan, at_a_time: int, *, is_decided: bool = False) -> str:
    """Return what is chosen for every VM of a plan, in a line; `is_decided`: its lines say it themselves."""
    choices = plan.choices
    if is_decided and choices == Choices():
        return f"All: as was decided for each; {at_a_time} at a time"
    keeps = "OVERWRITE" if choices.keep_original is False else "keep"
    power = "power on" if choices.power_on else "leave off"
    return f"All: {keeps}, {power}; Cloud Dir. name {choices.new_name or '(own)'}; {at_a_time} at a time"
