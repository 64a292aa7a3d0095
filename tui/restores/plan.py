"""What a restore will do, in words, before anything is sent: what is confirmed, logged and journalled.

A plan is one use: it can be submitted once. Sending again after that takes a new plan.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypedDict

from tui import sanitize, timefmt
from tui.api.codec.restore_request import RestoreRequest
from tui.api.models import (
    CloudVmRestoreSpec,
    Platform,
    PointKind,
    RestorePoint,
    RestoreSession,
    RestoreSpec,
    SessionResult,
    VAppRestoreSpec,
)
from tui.restore_states import RestoreState
from tui.restores.forms.fields import OriginalOutcome, RestoreEffect
from tui.restores.forms.form import RestoreForm
from tui.restores.incident import Incident
from tui.restores.ports import JournalEntry
from tui.restores.restore import Restore

OLD_AFTER = timedelta(days=7)
"""A point older than this earns a warning."""
LONGEST_TYPED_NAME = 24
"""Cells; a longer name is confirmed by its short code."""
_CODE_ALPHABET = "34679ACDEFGHJKMNPQRTWXY"
"""No characters that are taken for each other: 0/O, 1/I/L, 2/Z, 5/S, 8/B, U/V."""
_CODE_LENGTH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanContext:
    """What the warnings need to know around the point."""

    same_names: int = 0
    """How many OTHER VMs have the same name, or one that looks like it."""
    taken_names: tuple[str, ...] = ()
    """New names that are, or look like, names of known VMs or vApps."""
    newest: datetime | None = None
    """When the newest known point of the same VM was made."""
    running: tuple[RestoreSession, ...] | None = None
    """Restore sessions of that VM that are not over; None: not asked yet."""
    is_list_whole: bool = True
    """Whether the server said where the list of the VM's restore sessions ends."""
    unreadable_sessions: int = 0
    """Restore sessions in the same list that cannot be read: one of them may run."""
    other_rows: tuple[str, ...] = ()
    """Rows of that VM that another vbem has in flight, each in words."""
    known_rows: frozenset[int] | None = None
    """All rows of that VM in flight when the plan was checked; None: not asked yet."""
    earlier: tuple[str, ...] = ()
    """What may have become of earlier restores of that VM whose outcome is unknown, each in words."""
    incident: Incident | None = None
    """What the restore is for; None where no incident is set."""
    may_be_after: bool = False
    """The operator said yes to a point that is not of before the incident, to that alone."""
    queue_row: int | None = None
    """The line of the queue it is sent for."""
    own_in_flight: int = 0
    """Restores of that VM this program has in flight."""
    own_uncertain: int = 0
    """Those of them that are not known to run."""
    old_after: timedelta = OLD_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class RestorePlan:
    """One restore as it will be asked for."""

    point: RestorePoint
    platform: Platform
    spec: RestoreSpec
    request: RestoreRequest
    """The bytes that are shown, and sent when the plan is confirmed."""
    effect: RestoreEffect
    context: PlanContext
    words: tuple[str, ...]
    """What will happen, a sentence each; safe to show."""
    warnings: tuple[str, ...]
    found: tuple[str, ...] = ()
    """What was found when its running restores were looked for, and when; empty: not looked yet."""
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Its name as something that is confirmed and submitted once."""

    @property
    def original(self) -> OriginalOutcome:
        """Return what happens to the original VM."""
        return self.effect.original

    @property
    def known_running(self) -> frozenset[str] | None:
        """Return the UIDs of the VM's running restores in the warnings; None if not asked yet."""
        running = self.context.running
        return None if running is None else frozenset(item.uid for item in running)

    @property
    def overwrites(self) -> bool:
        """Return whether the original, or a VM that has the new name, is or may be overwritten.

        Then it is confirmed by typing.
        """
        return self.original is not OriginalOutcome.KEPT or bool(self.context.taken_names)

    @property
    def is_after_incident(self) -> bool:
        """Return whether the point is not known to be of before the incident: that needs a yes of its own."""
        incident = self.context.incident
        return incident is not None and incident.is_after(self.point.known_created)

    @property
    def new_name(self) -> str:
        """Return the name the request gives the restored VM; empty where it gives none."""
        return self.spec.new_name if isinstance(self.spec, CloudVmRestoreSpec | VAppRestoreSpec) else ""

    @property
    def vm_name(self) -> str:
        """Return name of the VM or vApp, as sent by the server."""
        return self.point.vm_name

    @property
    def short_code(self) -> str:
        """Return a few unambiguous characters that stand for this point."""
        return short_code(self.point.uid)

    @property
    def offers_code(self) -> bool:
        """Return whether the name is long, repeated or hard to type, so that the code is shown for typing."""
        return self.context.same_names > 0 or not is_easy_to_type(self.confirm_word)

    @property
    def confirm_word(self) -> str:
        """Return what the confirmation asks for beside the code: the name of what may be overwritten."""
        is_kept = self.original is OriginalOutcome.KEPT
        return self.context.taken_names[0] if is_kept and self.context.taken_names else self.vm_name

    def confirmed_by(self, typed: str) -> bool:
        """Return whether this text confirms the plan: the name exactly, or the code in any case."""
        if not self.overwrites:
            return True
        if typed.strip().upper() == self.short_code:
            return True
        name = self.confirm_word.strip()
        return bool(name) and typed.strip() == name


def new_names(spec: RestoreSpec, original: str) -> tuple[str, ...]:
    """Return the new names in a request but the original's; the restored object's own is the first."""
    vms = spec.vms if isinstance(spec, VAppRestoreSpec) else ()
    own = spec.new_name if isinstance(spec, CloudVmRestoreSpec | VAppRestoreSpec) else ""
    names = (own, *(vm.new_name for vm in vms))
    return tuple(name for name in names if name and sanitize.skeleton(name) != sanitize.skeleton(original))


def short_code(uid: str) -> str:
    """Return the code of a point: the same wherever and whenever it is computed."""
    number = int.from_bytes(hashlib.sha256(uid.lower().encode()).digest()[:8])
    letters = []
    for _ in range(_CODE_LENGTH):
        number, index = divmod(number, len(_CODE_ALPHABET))
        letters.append(_CODE_ALPHABET[index])
    return "".join(letters)


def is_easy_to_type(name: str) -> bool:
    """Return whether a name is short, plain ASCII and without blanks at its ends or in a row."""
    return (
        0 < len(name) <= LONGEST_TYPED_NAME
        and name.isascii()
        and name.isprintable()
        and name == " ".join(name.split())
    )


def make_plan(
    form: RestoreForm,
    spec: RestoreSpec,
    *,
    request: RestoreRequest,
    api_version: str,
    now: datetime,
    context: PlanContext | None = None,
) -> RestorePlan:
    """Return the plan of a filled form.

    Args:
        form: the form.
        spec: what `form.spec` made of the values.
        request: the exact request for that spec.
        api_version: of the server, empty if unknown.
        now: this machine's clock, for ages.
        context: what is known around the point.
    """
    context = context or PlanContext()
    point, platform, effect = form.point, form.platform, form.effect(spec, api_version)
    return RestorePlan(
        point=point,
        platform=platform,
        spec=spec,
        request=request,
        effect=effect,
        context=context,
        words=_words(point, platform, effect, context, now),
        warnings=_warnings(point, platform, effect, context, now),
        found=_found(point, context, now),
    )


def with_context(plan: RestorePlan, context: PlanContext, now: datetime) -> RestorePlan:
    """Describe the same request with what is known now; the result is a plan to confirm of its own."""
    point, platform, effect = plan.point, plan.platform, plan.effect
    return replace(
        plan,
        context=context,
        words=_words(point, platform, effect, context, now),
        warnings=_warnings(point, platform, effect, context, now),
        found=_found(point, context, now),
        key=uuid.uuid4().hex,
    )


_NO_TIME_WORDS = "The server does not say when this point was made; check that it is the one you mean."


def _words(
    point: RestorePoint, platform: Platform, effect: RestoreEffect, context: PlanContext, now: datetime
) -> tuple[str, ...]:
    server = f", backed up by {point.server_name}" if point.server_name else ""
    lines = (
        f"{_thing(point)} {sanitize.name(point.vm_name, cells=200)} "
        f"({platform.label}{sanitize.safe(server)}).",
        f"As it was at {timefmt.both(point.created)}{_age_words(point.created, now)}."
        if point.known_created
        else _NO_TIME_WORDS,
        effect.where,
        effect.original_words,
        *effect.further,
        effect.power_words,
        *([context.incident.plan_words(point.known_created)] if context.incident else []),
    )
    return tuple(sanitize.safe(line) for line in lines)


def _age_words(created: datetime, now: datetime) -> str:
    """Return an age that stays true on a screen and in the journal: by when it is so old."""
    age = timefmt.age(created, now)
    return f", {age}" if age.startswith("in ") else f", {age} old at {timefmt.clock_time(now)[:5]}"


def _warnings(
    point: RestorePoint, platform: Platform, effect: RestoreEffect, context: PlanContext, now: datetime
) -> tuple[str, ...]:
    lines = []
    if effect.original is not OriginalOutcome.KEPT:
        lines.append(effect.original_words)
    if point.platform not in {Platform.UNKNOWN, platform}:
        lines.append(f"The point belongs to {point.platform.label}, but this form is for {platform.label}.")
    if not point.restore_href:
        lines.append("The server does not offer to restore this point; it may refuse.")
    if context.same_names:
        count = "Another VM has" if context.same_names == 1 else f"{context.same_names} other VMs have"
        lines.append(f"{count} the same name, or one that looks it: check backup server and platform.")
    lines += [
        f"The new name {sanitize.name(name, cells=60)} is, or looks like, that of a known VM: "
        "that one counts as OVERWRITTEN."
        for name in context.taken_names
    ]
    if not point.known_created:
        lines.append(_NO_TIME_WORDS)
    elif now - point.created > context.old_after:
        lines.append(f"The point is {timefmt.age(point.created, now)} old at {timefmt.clock_time(now)[:5]}.")
    if context.incident is not None:
        lines += filter(None, [context.incident.warning(point.known_created)])
    elif point.known_created and context.newest is not None and context.newest > point.created:
        lines.append(f"This VM has a newer point, of {timefmt.both(context.newest)}.")
    lines += _in_flight(context, _beside(effect, context))
    lines += context.earlier
    return tuple(sanitize.safe(line) for line in lines)


def _beside(effect: RestoreEffect, context: PlanContext) -> str:
    """Return what this restore does beside another one of the VM, which nothing holds up."""
    if effect.original is OriginalOutcome.KEPT and not context.taken_names:
        return "another one would run beside it"
    verb = "OVERWRITES" if effect.original is OriginalOutcome.OVERWRITTEN else "may OVERWRITE"
    return f"this one {verb} the VM while another restore may be writing to it"


def _in_flight(context: PlanContext, beside: str) -> list[str]:
    others = [f"{words}; {beside}." for words in context.other_rows]
    if not context.is_list_whole:
        others.append(
            "The server did not say where its list of restore sessions ends: another restore of this VM may "
            "be running unseen. Look in the backup console."
        )
    if count := context.unreadable_sessions:
        others.append(f"{count} of this VM's restore sessions cannot be read, and may be running.")
    known = max(len(context.running or ()), context.own_in_flight - context.own_uncertain)
    if known:
        restores = "A restore of this VM is" if known == 1 else f"{known} restores of this VM are"
        return [f"{restores} already running; {beside}.", *others]
    count = context.own_uncertain
    if not count:
        return others
    restores = "A restore of this VM" if count == 1 else f"{count} restores of this VM"
    return [f"{restores} may be running; {beside}.", *others]


def _found(point: RestorePoint, context: PlanContext, now: datetime) -> tuple[str, ...]:
    if context.running is None:
        return ()
    looked = f"checked at {timefmt.clock_time(now)}"
    if not context.running:
        own = context.own_in_flight
        verb = "may be" if own == context.own_uncertain else "is" if own == 1 else "are"
        besides = f", but {own} of this program {verb} in flight" if own else ""
        others = len(context.other_rows)
        besides += f", but the journal has {others} without an end" if others else ""
        besides += "" if context.is_list_whole else "; the list may not be whole"
        count = context.unreadable_sessions
        besides += f"; {count} in the list cannot be read" if count else ""
        return (f"The server lists no running restore of this {_thing(point)}{besides} ({looked}).",)
    return tuple(
        sanitize.safe(f"Running ({looked}): {_session_words(session, point)}.", cells=400)
        for session in context.running
    )


def _session_words(session: RestoreSession, point: RestorePoint) -> str:
    parts = [f"restore session {session.name or session.uid}", session.state.value]
    parts += [f"{session.progress} %"] if session.progress is not None else []
    parts += [f"started {timefmt.both(session.created)}"] if session.created else []
    if session.point_uid:
        is_same = session.point_uid.lower() == point.uid.lower()
        parts.append("from this point" if is_same else "from another point")
    return f"{', '.join(parts)}; the server does not say who started it"


def _thing(point: RestorePoint) -> str:
    return "vApp" if point.kind is PointKind.VAPP else "VM"


# -- other restores of the VM, and what is said of them before one more is sent ------------------------


class Beside(TypedDict):
    """What this program knows of other restores of a VM, as `PlanContext` names it."""

    own_in_flight: int
    own_uncertain: int
    earlier: tuple[str, ...]


def beside(others: Iterable[Restore | JournalEntry], point: RestorePoint) -> Beside:
    """Return what is to be said of other restores of the VM of a point.

    Args:
        others: restores of this run, and rows of the journal that nobody follows.
        point: of the VM.
    """
    others = list(others)
    same = [one for one in others if is_same_vm(one, point)]
    own = [one for one in same if isinstance(one, Restore) and one.is_in_flight]
    return {
        "own_in_flight": len(own),
        "own_uncertain": sum(not one.is_known_to_run for one in own),
        "earlier": (
            *(earlier_words(one) for one in same if one.state is RestoreState.UNKNOWN),
            *_overlapping(others, point),
        ),
    }


def _overlapping(others: Sequence[Restore | JournalEntry], point: RestorePoint) -> Iterator[str]:
    """Yield what is in flight of a vApp that may hold the VM of a point, or of VMs that its vApp may hold.

    The server says nowhere which VMs a vApp has.
    """
    if point.platform not in {Platform.CLOUD_DIRECTOR, Platform.UNKNOWN}:
        return
    for one in others:
        server_uid = one.server_uid if isinstance(one, Restore) else one.backup_server_uid
        is_around = one.platform == Platform.CLOUD_DIRECTOR and server_uid == point.server_uid
        if not is_around or one.kind == point.kind or (isinstance(one, Restore) and not one.is_in_flight):
            continue
        name = sanitize.name(one.vm_name, cells=60)
        if point.kind is PointKind.VM:
            yield f"A restore of the vApp {name} has no end yet: this VM may be part of it."
        else:
            yield f"A restore of the VM {name} has no end yet: it may be part of this vApp."


def is_same_vm(one: Restore | JournalEntry, point: RestorePoint) -> bool:
    """Return whether a restore is of the VM of a point, by name and backup server, or of that very point."""
    server_uid = one.server_uid if isinstance(one, Restore) else one.backup_server_uid
    return (one.vm_name == point.vm_name and server_uid == point.server_uid) or one.point_uid == point.uid


def row_words(row: JournalEntry) -> str:
    """Return that a row of the VM has no end, before another restore of it; without a full stop."""
    who = f", by {row.operator}" if row.operator else ""
    where = f"in the journal (row {row.id}{who})"
    if row.state is RestoreState.UNKNOWN:
        return f"A restore of this VM may be running: its outcome is unknown {where}"
    return f"A restore of this VM {row.state.predicate} {where}"


_MAY_HAVE = {
    SessionResult.SUCCESS: "may have SUCCEEDED",
    SessionResult.WARNING: "may have SUCCEEDED, with warnings",
    SessionResult.FAILED: "may have FAILED",
}


def earlier_words(one: Restore | JournalEntry) -> str:
    """Return what may have become of an unknown restore of the VM, before another one is sent."""
    number = one.id if isinstance(one, JournalEntry) else one.entry_id
    row = "" if number is None else f" (journal row {number})"
    verdict = _MAY_HAVE.get(SessionResult(one.session_result)) if one.session_result else ""
    server = one.backup_server_name if isinstance(one, JournalEntry) else one.server_name
    look = f"Check it first, in the backup console{f' on {server}' if server else ''}."
    words = f"An earlier restore of this VM{row} {verdict or 'may have started, and SUCCEEDED'}"
    if verdict:
        when = f" at {timefmt.both(one.session_ended)}" if one.session_ended else ""
        came_to = f"came to {one.session_result}{when}"
        return f"{words}: a restore session that may be its own {came_to}. {look}"
    could_be = "" if isinstance(one, JournalEntry) else one.could_be
    return f"{words}: its outcome is UNKNOWN. {could_be or look}"
