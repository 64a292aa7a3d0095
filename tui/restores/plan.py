"""What a restore will do, in words, before anything is sent: what is confirmed, logged and journalled.

A plan is one use: it can be submitted once. Sending again after that takes a new plan.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tui import sanitize, timefmt
from tui.api.models import Platform, RestorePoint, RestoreSession, RestoreSpec
from tui.restores.forms.definition import Meaning, OriginalFate
from tui.restores.forms.fields import Values
from tui.restores.forms.form import RestoreForm
from tui.restores.ports import Request

OLD_AFTER = timedelta(days=7)
"""A point older than this earns a warning."""
LONGEST_TYPED_NAME = 24
"""Cells; a longer name is confirmed by its short code."""
_CODE_ALPHABET = "34679ACDEFGHJKMNPQRTWXY"
"""No characters that are taken for each other: 0/O, 1/I/L, 2/Z, 5/S, 8/B, U/V."""
_CODE_LENGTH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanContext:
    """What is known around the point, for the warnings."""

    same_names: int = 0
    """How many OTHER VMs have the same name."""
    newest: datetime | None = None
    """When the newest known point of the same VM was made."""
    running: tuple[RestoreSession, ...] | None = None
    """Restore sessions of that VM that are not over; None: not asked yet."""
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
    request: Request
    words: tuple[str, ...]
    """What will happen, a sentence each; safe to show."""
    warnings: tuple[str, ...]
    original: OriginalFate
    same_names: int = 0
    found: tuple[str, ...] = ()
    """What was found when its running restores were looked for, and when; empty: not looked yet."""
    known_running: frozenset[str] | None = None
    """UIDs of the running restores of that VM which the warnings tell of; None: not asked yet."""
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def overwrites(self) -> bool:
        """Whether the original is, or may be, overwritten: then it is confirmed by typing."""
        return self.original is not OriginalFate.KEPT

    @property
    def vm_name(self) -> str:
        """Name of the VM or vApp, as sent by the server."""
        return self.point.vm_name

    @property
    def short_code(self) -> str:
        """A few unambiguous characters that stand for this point."""
        return short_code(self.point.uid)

    @property
    def offers_code(self) -> bool:
        """Whether the name is long, repeated or hard to type, so that the code is shown for typing."""
        return self.same_names > 0 or not is_easy_to_type(self.vm_name)

    @property
    def confirm_word(self) -> str:
        """What the confirmation asks for: the VM's name; where `offers_code`, the code is shown beside it."""
        return self.vm_name

    def confirmed_by(self, typed: str) -> bool:
        """Whether this text confirms the plan: the VM's name exactly, or the code in any case."""
        if not self.overwrites:
            return True
        if typed.strip().upper() == self.short_code:
            return True
        name = self.vm_name.strip()
        return bool(name) and typed.strip() == name


def short_code(uid: str) -> str:
    """The code of a point: the same wherever and whenever it is computed."""
    number = int.from_bytes(hashlib.sha256(uid.lower().encode()).digest()[:8])
    letters = []
    for _ in range(_CODE_LENGTH):
        number, index = divmod(number, len(_CODE_ALPHABET))
        letters.append(_CODE_ALPHABET[index])
    return "".join(letters)


def is_easy_to_type(name: str) -> bool:
    """Whether a name is short, plain ASCII and without blanks at its ends or in a row."""
    return (
        0 < len(name) <= LONGEST_TYPED_NAME
        and name.isascii()
        and name.isprintable()
        and name == " ".join(name.split())
    )


def make_plan(
    form: RestoreForm,
    values: Values,
    *,
    request: Request,
    api_version: str,
    now: datetime,
    around: PlanContext | None = None,
) -> RestorePlan:
    """The plan of a filled form.

    Raises:
        IncompleteForm: the form still has problems.
    """
    around = around or PlanContext()
    spec = form.spec(values)
    meaning = form.meaning(spec, api_version)
    return RestorePlan(
        point=form.point,
        platform=form.platform,
        spec=spec,
        request=request,
        words=_words(form, meaning, now),
        warnings=_warnings(form, meaning, now, around),
        original=meaning.original,
        same_names=around.same_names,
        found=_found(form, around, now),
        known_running=None if around.running is None else frozenset(item.uid for item in around.running),
    )


def _words(form: RestoreForm, meaning: Meaning, now: datetime) -> tuple[str, ...]:
    point = form.point
    server = f", backed up by {point.server_name}" if point.server_name else ""
    lines = (
        f"{_thing(form)} {sanitize.safe(point.vm_name, cells=200)} "
        f"({form.platform.label}{sanitize.safe(server)}).",
        f"As it was at {timefmt.both(point.created)}, {timefmt.ago(point.created, now)}.",
        meaning.where,
        meaning.original_words,
        *meaning.further,
        meaning.power_words,
    )
    return tuple(sanitize.safe(line) for line in lines)


def _warnings(form: RestoreForm, meaning: Meaning, now: datetime, around: PlanContext) -> tuple[str, ...]:
    point = form.point
    lines = []
    if meaning.original is not OriginalFate.KEPT:
        lines.append(meaning.original_words)
    if point.platform not in {Platform.UNKNOWN, form.platform}:
        lines.append(
            f"The point says it is of {point.platform.label}; this form is for {form.platform.label}."
        )
    if not point.restore_href:
        lines.append("The server does not offer to restore this point; it may refuse.")
    if around.same_names:
        count = "Another VM has" if around.same_names == 1 else f"{around.same_names} other VMs have"
        lines.append(f"{count} the same name: check backup server and platform.")
    if now - point.created > around.old_after:
        lines.append(f"The point is {timefmt.age(point.created, now)} old.")
    if around.newest is not None and around.newest > point.created:
        lines.append(f"A newer point of this VM is known, of {timefmt.both(around.newest)}.")
    lines += _in_flight(around)
    return tuple(sanitize.safe(line) for line in lines)


def _in_flight(around: PlanContext) -> list[str]:
    known = max(len(around.running or ()), around.own_in_flight - around.own_uncertain)
    if known:
        restores = "A restore of this VM is" if known == 1 else f"{known} restores of this VM are"
        return [f"{restores} already running; another one would run beside it."]
    count = around.own_uncertain
    if not count:
        return []
    restores = "A restore of this VM" if count == 1 else f"{count} restores of this VM"
    return [f"{restores} may be running; another one would run beside it."]


def _found(form: RestoreForm, around: PlanContext, now: datetime) -> tuple[str, ...]:
    if around.running is None:
        return ()
    looked = f"looked at {timefmt.clock_time(now)}"
    if not around.running:
        own = around.own_in_flight
        verb = "may be" if own == around.own_uncertain else "is" if own == 1 else "are"
        besides = f", but {own} of this program {verb} in flight" if own else ""
        return (f"The server lists no running restore of this {_thing(form)}{besides} ({looked}).",)
    return tuple(
        sanitize.safe(f"Running ({looked}): {_session_words(session)}.", cells=300)
        for session in around.running
    )


def _session_words(session: RestoreSession) -> str:
    parts = [session.name or session.uid, session.state.value]
    parts += [f"{session.progress} %"] if session.progress is not None else []
    parts += [f"begun {timefmt.both(session.created)}"] if session.created else []
    return ", ".join(parts)


def _thing(form: RestoreForm) -> str:
    return "vApp" if form.blueprint.kind.value.startswith("VApp") else "VM"
