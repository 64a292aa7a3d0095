"""`vbem points`, and what other commands find with it: the VM and the point that words mean."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from tui import timefmt
from tui.api.models import Platform, RestorePoint
from tui.api.models.enums import PLATFORM_WORDS, bare_word
from tui.api.models.resources import NO_TIME
from tui.cli.exit_codes import CommandError, ExitCode
from tui.cli.logon import Command, LoggedOn, logged_on
from tui.cli.output import stamp
from tui.moment import MomentError, parse_moment
from tui.restore_points.index import PointIndex, Vm
from tui.restore_points.loader import Loader, find_platforms
from tui.restore_points.names import NameFinder, NameFound
from tui.restores.incident import Incident

BAR_EVERY_S = 0.2


async def load_points(command: Command, logon: LoggedOn) -> PointIndex:
    """Return the whole list of restore points, with the platforms that the points do not name.

    Raises:
        ManagerError: it could not be read.
    """
    manager = logon.connection.manager
    index = PointIndex()
    loader = Loader(manager, index, clock=logon.services.clock, on_page=lambda _changed: None)
    loading = asyncio.create_task(loader.run())
    try:
        while not (await asyncio.wait({loading}, timeout=BAR_EVERY_S))[0]:
            progress = loader.progress
            of = f" of {progress.expected:,}" if progress.expected > progress.points else ""
            command.out.progress(f"{progress.points:,}{of} restore points ...")
    finally:
        loading.cancel()
        command.out.clear_progress()
    progress = loader.progress
    if progress.error is not None:
        raise progress.error
    for words in progress.left_out:
        command.out.say(words)
    if not progress.is_all:
        command.out.say(
            "The list of restore points may not be whole: there may be more points than are seen."
        )
    logon.services.points = index
    await find_platforms(manager, index, set())
    return index


def moment_of(text: str, now: datetime, option: str = "--before") -> datetime:
    """Return the moment that was typed behind an option.

    Raises:
        CommandError: it is none.
    """
    try:
        return parse_moment(text, now).at
    except MomentError as error:
        raise CommandError(
            f"{option}: {error.detail}", code=ExitCode.USAGE, hint=error.hint, title=error.title
        ) from error


def take_moment(command: Command, logon: LoggedOn) -> datetime | None:
    """Return the moment that points must be of before: `--before`, else the incident's; None for no limit.

    An incident that is set stays in force beside a later `--before`: a point between both still takes its own
    yes. What `--before` says holds for this command alone.
    """
    restores = logon.restores
    incident, typed = restores.incident, command.options.before
    if typed:
        at = moment_of(typed, logon.services.clock.now())
        command.out.say(f"Before {timefmt.both(at, with_seconds=True)}.")
        if incident is None or at < incident.moment:
            ticket = getattr(command.options, "ticket", "") or (incident.ticket if incident else "")
            limit = incident.lost_at_most if incident else None
            restores.incident = Incident(moment=at, ticket=ticket, lost_at_most=limit)
        return at
    if incident is None:
        return None
    ticket = f", {incident.ticket}" if incident.ticket else ""
    command.out.say(f"An incident is set: before {incident.words}{ticket}.")
    return incident.moment


def with_ticket(command: Command, logon: LoggedOn) -> str:
    """Return the ticket for the journal: the one that was given, else the incident's."""
    restores = logon.restores
    given: str = command.options.ticket
    if restores.incident is not None and given:
        restores.incident = replace(restores.incident, ticket=given)
    return given or (restores.incident.ticket if restores.incident is not None else "")


def why_without(index: PointIndex, vm: Vm, moment: datetime) -> str:
    """Return why a VM has no point that is known to be of before a moment, as the end of a sentence."""
    before = f"before {timefmt.both(moment)}"
    if not index.lacks_time(vm):
        return f"has no point {before}"
    if index.created(vm.rows[0]) == NO_TIME:
        return f"has no point that is known to be of {before}: its points carry no time"
    return f"has no point that is known to be of {before}: some of its points carry no time"


def find_vms(index: PointIndex, name: str, server: str = "") -> tuple[NameFound, list[Vm]]:
    """Return what a name means, and of that the VMs of a backup server, by its name or its first part."""
    found = NameFinder(index).find_names([f"{name}@{server}" if server else name])[0]
    return found, list(found.vms)


def not_found(found: NameFound) -> CommandError:
    """Return the error of a name that means no VM."""
    near = f"; near: {', '.join(found.nearest)}" if found.nearest else ""
    return CommandError(
        f"No VM is named {found.typed}{near}.",
        code=ExitCode.FAILED,
        title="The VM is not there",
        hint="See vbem points for the names.",
    )


def several_found(name: str, vms: Sequence[Vm]) -> CommandError:
    """Return the error of a name of several VMs, with what tells each from the others."""
    on_server = Counter(vm.server_name for vm in vms)
    which = "; ".join(
        f"{vm.name}@{vm.server_name} ({vm.platform.label}"
        f"{f', {vm.object_ref}' if on_server[vm.server_name] > 1 and vm.object_ref else ''})"
        for vm in vms[:10]
    )
    hint = "Name the backup server with --server-of, or the point with --point."
    if max(on_server.values()) > 1:
        hint = "Name one with --vm and the object_ref behind its platform, or the point with --point."
    return CommandError(
        f"{len(vms)} VMs are named {name}: {which}.",
        code=ExitCode.USAGE,
        title="The name means several VMs",
        hint=hint,
    )


def choose_point(command: Command, index: PointIndex, moment: datetime | None) -> tuple[Vm, RestorePoint]:
    """Return the VM and the point that are named; at a terminal what is open is asked.

    Raises:
        CommandError: there is none, or several and nobody to ask.
    """
    options = command.options
    if options.point:
        return _point_of_uid(index, options.point)
    name = options.vm or command.terminal.ask("Name of the VM, or a part of it: ")
    found, vms = find_vms(index, name, options.server_of or "")
    if not vms and not options.vm:
        vms = [vm for vm in index.vms if vm.rows and name.casefold() in vm.name.casefold()]
    if not vms:
        raise not_found(found)
    if len(vms) > 1 and not command.terminal.can_ask:
        raise several_found(name, vms)
    place = 0
    if len(vms) > 1 or not options.vm:
        vms.sort(key=lambda vm: (vm.folded, vm.server_name))
        texts = [f"{vm.name}, {vm.platform.label}, {vm.server_name}, {len(vm.rows)} points" for vm in vms]
        place = command.terminal.choose("Which VM", texts)
    vm = vms[place]
    rows = list(vm.rows)
    if moment is not None:
        best = index.newest_before(vm, moment)
        rows = [] if best is None else rows[rows.index(best) :]
    if not rows:
        raise CommandError(
            f"{vm.name} {why_without(index, vm, moment) if moment else 'has no point'}.",
            code=ExitCode.FAILED,
            title="There is no point to restore",
            hint="See vbem points --vm for what there is; --point takes any of them, with --after-incident.",
        )
    if not options.vm:
        points = [index.point(row) for row in rows]
        texts = [f"{timefmt.both(one.created)}, {one.point_type}" for one in points]
        return vm, points[command.terminal.choose("Which point", texts)]
    return vm, index.point(rows[0])


def _point_of_uid(index: PointIndex, uid: str) -> tuple[Vm, RestorePoint]:
    wanted = uid.strip().casefold()
    for vm in index.vms:
        for row in vm.rows:
            if wanted in {index.uid(row).casefold(), index.uid(row).rpartition(":")[2].casefold()}:
                return vm, index.point(row)
    raise CommandError(
        f"The server lists no restore point {uid}.",
        code=ExitCode.FAILED,
        title="The point is not there",
        hint="See vbem points for their UIDs.",
    )


def platform_of(text: str) -> frozenset[Platform]:
    """Return the platforms a word means, or begins.

    Raises:
        CommandError: it is none.
    """
    typed = bare_word(text)
    found = frozenset(
        platform for word, platform in PLATFORM_WORDS.items() if typed and word.startswith(typed)
    )
    if not found:
        raise CommandError(
            "It is vsphere, hyperv, cloud or unknown.",
            code=ExitCode.USAGE,
            title=f"There is no platform {text!r}",
        )
    return found


async def list_points(command: Command) -> ExitCode:
    """List restore points."""
    options, out = command.options, command.out
    wanted = platform_of(options.platform) if options.platform else frozenset(Platform)
    async with logged_on(command) as logon:
        moment = take_moment(command, logon)
        index = await load_points(command, logon)
        vms: Iterable[Vm] = sorted(index.vms, key=lambda vm: (vm.folded, vm.server_name))
        if options.vm:
            found, named = find_vms(index, options.vm)
            if not named:
                raise not_found(found)
            vms = named
        vms = [vm for vm in vms if vm.rows and vm.platform in wanted]
        is_all = options.all or bool(options.vm)
        rows = [(vm, point) for vm in vms for point in _points_of(index, vm, moment, is_all=is_all)]
        lacking = [vm for vm in vms if moment is not None and index.newest_before(vm, moment) is None]
        without = [vm.name for vm in lacking if not index.lacks_time(vm)]
        timeless = [vm.name for vm in lacking if index.lacks_time(vm)]
        _show(command, rows, moment, logon.services.clock.now())
        if without:
            what = "VM has" if len(without) == 1 else "VMs have"
            out.say(f"{len(without)} {what} NO POINT before that moment: {', '.join(without[:10])}")
        if timeless:
            which = "1 VM" if len(timeless) == 1 else f"{len(timeless)} VMs"
            out.say(
                f"Of {which} it is not known whether there is a point before that moment, because some "
                f"points carry no time: {', '.join(timeless[:10])}"
            )
        facts = {"server": logon.connection.server, "before": stamp(moment)}
        out.document(
            "points",
            (record_of(vm, point, is_newest=vm.rows[0] == row) for vm, (row, point) in rows),
            **facts,
            without_point=without,
            without_time=timeless,
        )
    return ExitCode.DONE if rows else ExitCode.FAILED


def _points_of(
    index: PointIndex, vm: Vm, moment: datetime | None, *, is_all: bool
) -> Iterator[tuple[int, RestorePoint]]:
    """Yield the points of a VM that are asked for, newest first, each with its row."""
    for row in vm.rows:
        point = index.point(row)
        created = point.known_created
        if moment is not None and (created is None or created >= moment):
            continue
        yield row, point
        if not is_all:
            return


def _lost_or_age(made: datetime | None, moment: datetime | None, now: datetime) -> str:
    """Return what is lost by a point of before the moment, or its age where no moment is asked for."""
    if made is None:
        return ""
    return timefmt.span(timefmt.upward(moment - made)) if moment else timefmt.age(made, now)


def _show(
    command: Command, rows: list[tuple[Vm, tuple[int, RestorePoint]]], moment: datetime | None, now: datetime
) -> None:
    command.out.table(
        ("VM", "MADE (UTC)", "LOST" if moment else "AGE", "PLATFORM", "BACKUP SERVER", "TYPE", "POINT"),
        [
            (
                vm.name,
                timefmt.utc(point.created) if point.known_created else "not known",
                _lost_or_age(point.known_created, moment, now),
                vm.platform.short_label,
                vm.server_name,
                point.point_type,
                point.uid,
            )
            for vm, (_, point) in rows
        ],
    )


def record_of(vm: Vm, point: RestorePoint, *, is_newest: bool) -> dict[str, object]:
    """Return a point for JSON: names as sent, times in ISO 8601, UTC."""
    return {
        "uid": point.uid,
        "vm_name": vm.name,
        "kind": "vapp" if point.kind.collection.startswith("vApp") else "vm",
        "platform": vm.platform.label,
        "created": stamp(point.known_created),
        "type": point.point_type,
        "algorithm": point.algorithm,
        "backup_server": vm.server_name,
        "backup_server_uid": vm.server_uid,
        "object_ref": vm.object_ref,
        "is_newest": is_newest,
        "can_be_restored": bool(point.restore_href),
    }
