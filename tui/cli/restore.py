"""`vbem restore`: one VM, with the guards of the screens; what is open is asked at a terminal, or refused."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tui import timefmt
from tui.api.errors import ManagerError, ReadOnly
from tui.api.models import CloudLayout, Items, Platform, ReferenceNames, RestorePoint, WireFormat
from tui.cli.exit_codes import CommandError, ExitCode, code_of_error, code_of_state
from tui.cli.logon import Command, LoggedOn, logged_on
from tui.cli.points import choose_point, load_points, take_moment, with_ticket
from tui.clock import Clock
from tui.errors import describe
from tui.recovery.plan import Choices, PlanLine, RecoveryPlan
from tui.recovery.planner import NEEDS_NEW_NAME, Planner
from tui.restore_points.index import PointIndex, Vm
from tui.restore_states import RestoreState
from tui.restores.forms.fields import Field, FieldKind, text_of
from tui.restores.forms.form import form_for, platform_choices
from tui.restores.journal_mapping import journal_fields
from tui.restores.outcome import outcome_words
from tui.restores.plan import RestorePlan
from tui.restores.restore import Restore, elapsed_words

GIVE_UP_AFTER = timedelta(minutes=15)
"""How long a command waits for a restore of which no answer of the server says anything."""
LOOK_EVERY_S = 5.0
_SWITCHES = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def planner_of(logon: LoggedOn, index: PointIndex, ticket: str = "") -> Planner:
    """Return what plans are made with on a logon, for a ticket."""
    layout = CloudLayout(logon.services.settings.cloud_layout)
    return Planner(
        restores=logon.restores, index=index, clock=logon.services.clock, layout=layout, ticket=ticket
    )


async def restore(command: Command) -> ExitCode:
    """Restore one VM: find it and its point, make the plan, ask, send one POST, and watch."""
    options = command.options
    if not options.vm and not options.point and not command.terminal.can_ask:
        raise CommandError(
            "",
            code=ExitCode.USAGE,
            title="Neither a VM nor a point is named",
            hint="Name the VM with --vm, or the point with --point.",
        )
    if command.start.read_only and not options.dry_run:
        raise ReadOnly
    async with logged_on(command) as logon:
        moment = take_moment(command, logon)
        ticket = with_ticket(command, logon)
        index = await load_points(command, logon)
        planner = planner_of(logon, index)
        vm, point = choose_point(command, index, moment)
        if command.terminal.can_ask and not options.vm and not options.point and not ticket:
            ticket = command.terminal.ask("Ticket or reason, for the journal (Enter: none): ")
        line = _line(command, planner, vm, point)
        plan = await _prepared(command, logon, planner, line)
        made = _checked(plan.lines[0])
        show_plan(command, made, logon.services.reference_names)
        if options.dry_run:
            command.out.lines(["", "This request would be sent:", *made.request.pretty().splitlines()])
            command.out.document("restores", [_planned(made)], dry_run=True)
            return ExitCode.DONE
        confirm(command, made)
        before = {one.key for one in logon.restores.all}
        following = asyncio.create_task(logon.services.watcher(logon.restores).run())
        try:
            sent = await logon.restores.submit(made, ticket)
            ended = await follow(
                command, logon, [sent.key], is_enough=_is_begun if not options.wait else None
            )
        except asyncio.CancelledError:
            mine = [one for one in logon.restores.all if one.key not in before and one.point_uid == point.uid]
            command.sent = [await record_of(logon, one) for one in mine]
            raise
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        await logon.restores.learn_names()
        rows = [logon.restores.get(one.key) for one in ended]
        await _show_end(command, logon, rows)
    return code_of_end(rows[0]) if options.wait else _code_of_begin(rows[0])


def code_of_end(one: Restore) -> ExitCode:
    """Return what a command ends with that waited for the end of a restore."""
    return _code_of(one) if one.is_over else ExitCode.UNKNOWN


def _code_of_begin(one: Restore) -> ExitCode:
    """Return what a command ends with that waited for the begin: a session that may be another's is none."""
    return ExitCode.UNKNOWN if one.is_probable else _code_of(one)


def _code_of(one: Restore) -> ExitCode:
    """Return what its state means; of a request that surely began nothing, what it was answered with."""
    if one.state is RestoreState.FAILED and one.error is not None:
        return code_of_error(one.error)
    return code_of_state(one.state)


def _is_begun(one: Restore) -> bool:
    return bool(one.session_uid)


def _line(command: Command, planner: Planner, vm: Vm, point: RestorePoint) -> PlanLine:
    """Return what is to be done with the VM.

    Raises:
        CommandError: a field is not known, or does not fit the platform.
    """
    options = command.options
    line = planner.line_of(vm)
    keeps = not options.overwrite
    is_open = command.terminal.can_ask and not options.vm and not options.point
    power_on = options.power_on
    new_name = options.new_name
    if is_open:
        if vm.platform is not Platform.CLOUD_DIRECTOR:
            keeps = command.terminal.ask_yes("Keep the original VM?", default=True)
        else:
            new_name = command.terminal.ask("New name of the restored VM, empty OVERWRITES the original: ")
            keeps = bool(new_name)
        power_on = command.terminal.ask_yes("Power the restored VM on?")
    return replace(
        line,
        point=point,
        point_uid=point.uid,
        choices=Choices(keep_original=keeps, power_on=power_on, new_name=new_name or None),
        values=_fields(options.set),
        may_be_after=options.after_incident,
    )


def _fields(given: Sequence[str]) -> Mapping[str, bool | str]:
    found: dict[str, bool | str] = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not separator or not name.strip():
            raise CommandError(
                f"It takes FIELD=VALUE, not {text!r}.", code=ExitCode.USAGE, title="--set is not understood"
            )
        found[name.strip().replace("-", "_")] = _SWITCHES.get(value.strip().lower(), value.strip())
    return found


async def _prepared(command: Command, logon: LoggedOn, planner: Planner, line: PlanLine) -> RecoveryPlan:
    """Return the plan of that one line, with what runs at the server now.

    Raises:
        CommandError: the platform is not known, or what was asked for is not possible there.
        ManagerError: the server could not be asked.
    """
    plan = planner.prepare(RecoveryPlan(lines=(line,)))
    plan = await planner.learn_platforms(plan, logon.connection.manager)
    if plan.lines[0].platform is Platform.UNKNOWN and command.terminal.can_ask:
        choices = platform_choices(line.key.kind)
        place = command.terminal.choose(
            "The server does not say the platform. Which is it", [one.label for one in choices]
        )
        chosen = replace(plan.lines[0], platform=Platform(choices[place].value))
        plan = planner.prepare(replace(plan, lines=(chosen,)))
    found = plan.lines[0]
    if found.platform is not Platform.CLOUD_DIRECTOR and command.options.new_name:
        raise CommandError(
            f"{found.vm_name} is a VM of {found.platform.label}.",
            code=ExitCode.USAGE,
            title="A new name is possible on Cloud Director alone",
            hint="Leave out --new-name.",
        )
    if found.point is not None and found.platform is not Platform.UNKNOWN:
        known = {field.name for field in form_for(found.point, found.platform, layout=planner.layout).fields}
        if unknown := sorted(set(found.values) - known):
            raise CommandError(
                f"The form of {found.platform.label} has no field {unknown[0]}: {', '.join(sorted(known))}.",
                code=ExitCode.USAGE,
                title="There is no such field",
            )
        asked = await _with_needed(command, logon, planner, found)
        if asked is not found:
            plan = planner.prepare(plan.with_line(asked))
            found = plan.lines[0]
    if _may_be_after(command, found):
        # Before the server is asked what runs: nobody asks for a line that is not to be sent.
        plan = planner.prepare(plan.with_line(replace(found, may_be_after=True)))
    return await planner.check(plan)


async def _with_needed(command: Command, logon: LoggedOn, planner: Planner, line: PlanLine) -> PlanLine:
    """Return the line with the references that its form needs and nobody gave; at a terminal they are asked.

    Raises:
        CommandError: one is missing, and there is nobody to ask.
    """
    if line.point is None:
        return line
    form = form_for(line.point, line.platform, layout=planner.layout)
    full = form.complete(line.values)
    given = dict(line.values)
    for field in form.visible(full):
        if not field.required or field.kind is not FieldKind.REFERENCE or text_of(full, field.name):
            continue
        if not command.terminal.can_ask:
            raise CommandError(
                f"{line.vm_name}: {field.label} is needed.",
                code=ExitCode.USAGE,
                title="A field of the form is missing",
                hint=f"Give it with --set {field.name}=REFERENCE.",
            )
        given[field.name] = await _reference(command, logon, field, form.root_id(full))
    return line if given == dict(line.values) else replace(line, values=given)


async def _reference(command: Command, logon: LoggedOn, field: Field, root_id: str) -> str:
    """Return the reference that is chosen by its name, or typed where the server lists none."""
    try:
        found = await logon.connection.manager.lookup(f"urn:veeam:HierarchyRoot:{root_id}", field.lookup_type)
    except ManagerError as error:
        command.out.say(describe(f"look up the {field.label}", error))
        found = Items()
    logon.services.reference_names.learn(found)
    items = sorted(found, key=lambda item: (item.name.casefold(), item.ref))
    if not items:
        return command.terminal.ask(f"{field.label}, as a reference: ")
    place = command.terminal.choose(f"Which {field.label}", [f"{one.name}, {one.ref}" for one in items])
    return items[place].ref


def _may_be_after(command: Command, line: PlanLine) -> bool:
    """Return whether a point is not of before the incident, and whoever is at the terminal says yes to it."""
    made = line.plan
    is_open = made is not None and made.is_after_incident and not line.may_be_after
    if made is None or not is_open or not command.terminal.can_ask or command.options.yes:
        return False
    command.out.say(" ".join(made.warnings))
    return command.terminal.ask_yes("Restore a point that is not of before the incident?")


def _checked(line: PlanLine) -> RestorePlan:
    """Return what will be sent.

    Raises:
        CommandError: it cannot be, or a yes of its own is missing.
    """
    made = line.plan
    if made is not None and made.is_after_incident and not line.may_be_after:
        raise CommandError(
            " ".join(made.warnings),
            code=ExitCode.NOT_ALLOWED,
            title="The point is not of before the incident",
            hint="Choose another point, or say yes to this one with --after-incident.",
        )
    if made is None or line.problem:
        hint = ""
        if line.problem == NEEDS_NEW_NAME:
            hint = f"Give --new-name NAME, or --overwrite {shlex.quote(line.vm_name)}."
        raise CommandError(
            f"{line.vm_name}: {line.problem}.",
            code=ExitCode.USAGE,
            title="This restore is not possible",
            hint=hint,
        )
    return made


def show_plan(command: Command, made: RestorePlan, names: ReferenceNames) -> None:
    """Write what will happen, then what is to be thought of; it is the output of `--dry-run` alone."""
    said = (*made.words, *(f"WARNING: {one}" for one in made.warnings), *made.found)
    lines = [line for words in said for line in names.spell_out(words)]
    if command.options.dry_run and not command.options.json:
        command.out.lines(lines)
    else:
        for words in lines:
            command.out.say(words)


def may_be_running(made: RestorePlan) -> bool:
    """Return whether another restore of the VM runs, or may run unseen."""
    context = made.context
    is_known = bool(context.running or context.other_rows or context.own_in_flight)
    return is_known or bool(context.unreadable_sessions) or not context.is_list_whole


def confirm(command: Command, made: RestorePlan) -> None:
    """Return where the restore is confirmed: for an overwrite by the name of the VM.

    Raises:
        CommandError: it is not.
    """
    options, terminal = command.options, command.terminal
    if may_be_running(made) and not options.beside and (options.yes or not terminal.can_ask):
        raise CommandError(
            " ".join(made.warnings),
            code=ExitCode.NOT_ALLOWED,
            title="Another restore of this VM is running, or may be",
            hint="Wait for it, or say yes to this one beside it with --beside.",
        )
    if made.overwrites and options.overwrite and not made.confirmed_by(options.overwrite):
        raise CommandError(
            f"--overwrite names {options.overwrite!r}, and {made.confirm_word!r} would be overwritten.",
            code=ExitCode.NOT_ALLOWED,
            title="The restore is not confirmed",
        )
    if made.overwrites and not options.overwrite and not terminal.can_ask:
        raise CommandError(
            f"{made.confirm_word} would be, or may be, OVERWRITTEN.",
            code=ExitCode.NOT_ALLOWED,
            title="The restore is not confirmed",
            hint=f"Say yes to that with --overwrite and the name of the VM, or its code {made.short_code}.",
        )
    if options.yes and (not made.overwrites or options.overwrite):
        return
    if not terminal.can_ask:
        raise CommandError(
            "There is no terminal to ask at.",
            code=ExitCode.NOT_ALLOWED,
            title="The restore is not confirmed",
            hint="Say yes to what --dry-run shows with --yes.",
        )
    if made.overwrites and not options.overwrite:
        code = f", or the code {made.short_code}" if made.offers_code else ""
        typed = terminal.ask(f"Type the name of what is overwritten, {made.confirm_word}{code}: ")
        if made.confirmed_by(typed):
            return
    elif terminal.ask_yes(f"Restore {made.vm_name}?"):
        return
    raise CommandError("Nothing was sent.", code=ExitCode.NOT_ALLOWED, title="The restore is not confirmed")


def state_line(one: Restore, now: datetime) -> str:
    """Return the state of a restore as one line."""
    progress = f" {one.progress} %" if one.progress is not None and not one.is_over else ""
    label = f"probably {one.state.words}" if one.is_probable and not one.is_over else one.state.words
    elapsed = elapsed_words(one, now)
    after = "" if elapsed == "-" else f" after {elapsed.replace('<', 'at most ')}"
    words = one.message if one.state.is_over or one.state.value == "unknown" else ""
    return f"{one.vm_name}: {label}{progress}{after}. {words}".strip()


class Silence:
    """How long nothing was heard of restores in flight.

    Args:
        command: says so where it is too long.
        clock: this machine's time.
    """

    def __init__(self, command: Command, clock: Clock) -> None:
        self._command, self._clock = command, clock
        self._since: dict[str, datetime] = {}

    def is_too_long(self, restores: Iterable[Restore]) -> bool:
        """Return whether of all that is in flight nothing was heard for `GIVE_UP_AFTER`; say so then."""
        now = self._clock.now()
        running = [one for one in restores if one.is_in_flight]
        self._since = {one.key: self._since.get(one.key, now) for one in running if one.is_out_of_date(now)}
        if not running or any(
            one.key not in self._since or now - self._since[one.key] < GIVE_UP_AFTER for one in running
        ):
            return False
        names = ", ".join(one.vm_name for one in running[:10])
        self._command.out.say(
            f"No answer of the server has said anything of {names} for {timefmt.span(GIVE_UP_AFTER)}: "
            f"vbem waits no longer. See vbem tasks --watch."
        )
        return True

    async def wait(self, changed: asyncio.Event) -> None:
        """Wait until something has changed, or it is time to look at the clock."""
        waits = [
            asyncio.create_task(changed.wait()),
            asyncio.create_task(self._clock.sleep(LOOK_EVERY_S)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()


async def follow(
    command: Command,
    logon: LoggedOn,
    keys: Sequence[str],
    *,
    is_enough: Callable[[Restore], bool] | None = None,
) -> list[Restore]:
    """Wait until each of these restores has ended or is unknown for good; one line for each change of state.

    What the server says nothing of is not waited for any longer than `GIVE_UP_AFTER`.

    Args:
        command: writes the lines.
        logon: of the restores.
        keys: which.
        is_enough: for what else is not waited; None: for nothing else.
    """
    changed = asyncio.Event()
    forget = logon.restores.on_change(lambda _restores: changed.set())
    logon.services.on_trouble = changed.set
    said: dict[str, str] = {}
    silence = Silence(command, logon.services.clock)
    try:
        while True:
            changed.clear()
            now = logon.services.clock.now()
            found = [logon.restores.get(key) for key in keys]
            for one in found:
                if said.get(one.key) != f"{one.state}{one.problem}":
                    said[one.key] = f"{one.state}{one.problem}"
                    doubt = f" (may be out of date: {one.problem})" if one.problem else ""
                    command.out.say(f"{state_line(one, now)}{doubt}")
            if logon.services.is_logon_put_off:
                return found
            if all(not one.is_in_flight or (is_enough is not None and is_enough(one)) for one in found):
                return found
            if silence.is_too_long(found):
                return found
            _show_progress(command, found)
            await silence.wait(changed)
    finally:
        forget()
        command.out.clear_progress()


def _show_progress(command: Command, found: Sequence[Restore]) -> None:
    from tui.widgets.table_layout import bar

    running = [one for one in found if one.progress is not None and not one.is_over]
    if running and command.out.shows_progress:
        share = sum(one.progress or 0 for one in running) / 100 / len(running)
        command.out.progress(bar(share, 40))


async def _show_end(command: Command, logon: LoggedOn, rows: Sequence[Restore]) -> None:
    now = logon.services.clock.now()
    for one in rows:
        number = f"Restore {one.entry_id}: " if one.entry_id is not None else ""
        said = state_line(one, now).removesuffix(".")
        command.out.lines([f"{number}{said}. {outcome_words(one)}".strip()])
    command.out.document("restores", [await record_of(logon, one) for one in rows], dry_run=False)


async def record_of(logon: LoggedOn, one: Restore) -> dict[str, object]:
    """Return a restore for JSON: its row of the journal, else what is known of it."""
    if one.entry_id is not None:
        row = await logon.restores.read_row(one.entry_id)
        # The journal may be a poll behind.
        now: dict[str, Any] = journal_fields(one)
        return row_record(replace(row, **now).to_json())
    return {
        "id": None,
        "vm_name": one.vm_name,
        "state": one.state.value,
        "message": one.message,
        "point_uid": one.point_uid,
        "session_uid": one.session_uid,
        "unjournalled": one.unjournalled,
    }


_INTERNAL = frozenset({
    "owner", "plan_key", "logon_session_id", "sessions_before", "newest_before", "task_href", "unreadable",
    "queue_row", "reason",
})  # fmt: skip


def row_record(row: Mapping[str, object]) -> dict[str, object]:
    """Return a row of the journal without what only vbem itself has a use for."""
    kept = {name: value for name, value in row.items() if name not in _INTERNAL}
    platform = Platform.from_word(str(row.get("platform", ""))).label
    return {**kept, "platform": platform, "ticket": row.get("reason", "")}


def _planned(made: RestorePlan) -> dict[str, object]:
    request = made.request
    return {
        "vm_name": made.vm_name,
        "platform": made.platform.label,
        "point_uid": made.point.uid,
        "overwrites": made.overwrites,
        "words": list(made.words),
        "warnings": list(made.warnings),
        "request": {
            "method": request.method,
            "path": request.path,
            "headers": dict(request.headers),
            "body": request.body.decode(),
            "wire": WireFormat(request.wire).value,
        },
    }
