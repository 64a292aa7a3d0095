"""`vbem plan check|show|run FILE`: a recovery plan without the screens, with the same guards."""

from __future__ import annotations

import argparse
import asyncio
import shlex
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tui import timefmt
from tui.api.errors import ReadOnly
from tui.cli.exit_codes import CommandError, ExitCode, worst
from tui.cli.logon import Command, LoggedOn, logged_on
from tui.cli.points import load_points, take_moment, with_ticket
from tui.cli.restore import Silence, code_of_end, may_be_running, planner_of, record_of
from tui.recovery.plan import PlanLine, RecoveryPlan
from tui.recovery.plan_file import PlanFileError, PlanTable, plan_of_file, read_plan_file
from tui.recovery.planner import Planner, queue_lines
from tui.recovery.queue import LineState, Queue, QueuedLine, queue_of
from tui.recovery.queue_runner import RestoreQueue
from tui.recovery.queue_summary import HELD, line_words, summarize
from tui.recovery.readiness import Readiness, check_readiness
from tui.restore_points.names import NameFound, open_words
from tui.restores.incident import Incident

_TITLE = "These options do not go together"


async def plan(command: Command) -> ExitCode:
    """Check, show or run a recovery plan."""
    options = command.options
    if options.action == "run":
        _check_together(options)
        if command.start.read_only:
            raise ReadOnly
    try:
        table = await asyncio.to_thread(read_plan_file, _path(options.file))
    except (PlanFileError, ValueError) as error:
        detail = error.detail if isinstance(error, PlanFileError) else "That is no path of a file."
        raise CommandError(detail, code=ExitCode.USAGE, title=PlanFileError.title) from error
    async with logged_on(command) as logon:
        take_moment(command, logon)
        ticket = with_ticket(command, logon)
        _take_limit(logon, table)
        planner = planner_of(logon, await load_points(command, logon), ticket)
        made, open_names = plan_of_file(table, planner)
        if options.action == "check":
            found = await check_readiness(
                made, open_names, planner, logon.connection.manager, lost_at_most=table.limit
            )
            return _show_readiness(command, made, found)
        if options.action == "run":
            queue = await _interrupted(command, logon, made)
            if queue is not None:
                return await _run_rest(command, logon, planner, queue)
        made = _within_limit(logon, made, table)
        made = await planner.learn_platforms(made, logon.connection.manager)
        made = await planner.check(made)
        _show(command, made, open_names)
        if options.action == "show":
            _show_requests(command, made)
            _document(command, made, open_names)
            return ExitCode.NOT_READY if made.cannot or open_names else ExitCode.DONE
        made = _confirmed(command, made, len(open_names))

        async def start() -> RestoreQueue:
            unclear = ((one.typed, open_words(one)) for one in open_names)
            return await logon.recovery.start_queue(
                queue_lines(made),
                name=made.name,
                ticket=ticket or table.name,
                at_a_time=options.at_a_time,
                per_server=options.per_server,
                left_out=(*planner.left_out_of(made), *unclear),
            )

        return await _run(command, logon, start)


def _check_together(options: argparse.Namespace) -> None:
    """Raise CommandError where two options contradict each other."""
    if options.rest and options.start_over:
        raise CommandError("--rest and --start-over: one of them.", code=ExitCode.USAGE, title=_TITLE)
    if options.release and not options.rest:
        raise CommandError("--release acts with --rest alone.", code=ExitCode.USAGE, title=_TITLE)


async def _interrupted(command: Command, logon: LoggedOn, made: RecoveryPlan) -> Queue | None:
    """Return the interrupted queue whose rest is to be sent; None where the journal has none of these VMs.

    Raises:
        CommandError: there is one and no yes to its rest, or another vbem works through one.
    """
    options, recovery = command.options, logon.recovery
    servers = {
        (line.vm_name, name) for line in made.lines for name in (line.key.server_uid, line.server_name)
    }

    def has_same(queue: Queue) -> bool:
        return any((line.vm_name, line.server) in servers for line in queue.lines)

    offered = [queue for queue in await recovery.offered() if has_same(queue)]
    entries = await asyncio.to_thread(recovery.journal.open_queues) if recovery.journal is not None else []
    known = {queue.id for queue in offered}
    busy = [entry for entry in entries if entry.id not in known and has_same(queue_of(entry))]
    if busy and not options.beside:
        raise CommandError(
            f"It was started by {busy[0].operator} at {timefmt.both(busy[0].created)}.",
            code=ExitCode.NOT_ALLOWED,
            title="Another vbem works through a queue of these VMs",
            hint="Wait for its end, or say yes to these restores beside it with --beside.",
        )
    if not offered:
        if options.rest:
            raise CommandError(
                "The journal has no interrupted queue of these VMs.",
                code=ExitCode.FAILED,
                title="There is no rest to send",
                hint="Leave out --rest to send the whole plan.",
            )
        return None
    queue = offered[0]
    _say_interrupted(command, queue)
    if options.start_over:
        for one in offered:
            await recovery.close_offered(one.id)
        return None
    left = counted(len(queue.to_be_sent))
    can_ask = command.terminal.can_ask and not options.yes
    if options.rest or (can_ask and command.terminal.ask_yes(f"Send the {left} NOT SENT, and that alone?")):
        return queue
    command.sent = await _records(logon, queue)
    rest = "--rest --release" if len(_held(queue)) == len(queue.to_be_sent) else "--rest"
    raise CommandError(
        f"{left} of it NOT SENT.",
        code=ExitCode.NOT_ALLOWED,
        title="An interrupted queue of these VMs is in the journal",
        hint=f"Say {rest} to send that alone, or --start-over to send the whole plan a second time.",
    )


def _say_interrupted(command: Command, queue: Queue) -> None:
    words = line_words(queue)
    started = f"It was started at {timefmt.both(queue.created)} by {queue.operator}. {queue.ticket}".strip()
    command.out.say(f"An interrupted queue of these VMs is in the journal. {started}")
    for line in queue.lines:
        state = "NOT SENT" if line.is_to_be_sent else words[line.id].label
        why = f" (held: {words[line.id].detail})" if words[line.id].label == HELD else ""
        command.out.say(f"{state}: {line.vm_name}{why}")


def _held(queue: Queue) -> tuple[QueuedLine, ...]:
    """Return the waiting lines that a critical VM holds."""
    return tuple(line for line in queue.to_be_sent if queue.held_by(line.group))


def _hold_words(queue: Queue, held: Sequence[QueuedLine]) -> str:
    """Return who holds these lines, in a sentence."""
    holding = {one.id: one for line in held for one in queue.held_by(line.group)}
    words = line_words(queue)
    who = ", ".join(
        f"{one.vm_name or 'a VM whose row cannot be read'} ({words[one.id].label})"
        for one in holding.values()
    )
    names = ", ".join(line.vm_name for line in held[:10])
    return (
        f"{counted(len(held))} held, because critical ones before were not restored: {names}. Held by {who}."
    )


def _to_release(command: Command, queue: Queue) -> tuple[QueuedLine, ...]:
    """Return the waiting lines that may be sent: what a critical VM holds takes a yes of its own.

    Raises:
        CommandError: all of them are held, and nobody says yes to that.
    """
    options, terminal, held = command.options, command.terminal, _held(queue)
    if not held or options.release:
        return queue.to_confirm
    command.out.say(_hold_words(queue, held))
    if terminal.can_ask and not options.yes and terminal.ask_yes("Send what is held, too?"):
        return queue.to_confirm
    free = tuple(line for line in queue.to_confirm if line not in held)
    if not free:
        raise CommandError(
            "All that was not sent is held.",
            code=ExitCode.NOT_ALLOWED,
            title="Nothing was sent",
            hint="See to what holds it, then add --release.",
        )
    return free


async def _run_rest(command: Command, logon: LoggedOn, planner: Planner, queue: Queue) -> ExitCode:
    """Send what an interrupted queue has not sent, as it was decided then, once it is confirmed again."""
    recovery, waiting = logon.recovery, _to_release(command, queue)
    said_yes_to = {one.id for line in waiting for one in queue.held_by(line.group)}
    if logon.restores.incident is None and recovery.journal is not None:
        moment = (await asyncio.to_thread(recovery.journal.queue, queue.id)).incident
        if moment is not None:
            logon.restores.incident = Incident(moment=moment, ticket=queue.ticket)
    made, numbers = planner.plan_of_queue(waiting)
    made = await planner.learn_platforms(made, logon.connection.manager)
    made = await planner.check(made)
    _show(command, made, ())
    unread = {line.id for line in waiting} - set(numbers.values())
    made = _confirmed(command, made, len(unread))

    async def start() -> RestoreQueue:
        runner = await recovery.take_up(queue.id)
        left_out = {numbers[line.key] for line in made.lines if line.is_left_out}
        for id in (*unread, *left_out):
            runner.take_out(id)
        for group in {line.group for line in made.to_be_sent}:
            # What has failed since the yes holds all the same.
            if {one.id for one in runner.queue.held_by(group)} <= said_yes_to | unread | left_out:
                runner.let_go_on(group)
        runner.confirm({numbers[line.key]: line.plan for line in made.to_be_sent if line.plan is not None})
        runner.resume()
        return runner

    return await _run(command, logon, start)


def _path(typed: str) -> Path:
    return Path(typed).expanduser()


def _take_limit(logon: LoggedOn, table: PlanTable) -> None:
    """Let the file's limit of data lost count where the incident has none."""
    incident = logon.restores.incident
    if incident is not None and incident.lost_at_most is None and table.limit is not None:
        logon.restores.incident = replace(incident, lost_at_most=table.limit)


def _within_limit(logon: LoggedOn, made: RecoveryPlan, table: PlanTable) -> RecoveryPlan:
    """Return the plan with what loses more than the file's limit as a problem, where no incident is set.

    With an incident the plan's own warnings say so, as on the screens; without one nothing else would.
    """
    limit, now = table.limit, logon.services.clock.now()
    if limit is None or logon.restores.incident is not None:
        return made

    def checked(line: PlanLine) -> PlanLine:
        created = line.point.known_created if line.point is not None else None
        if line.problem or created is None or now - created <= limit:
            return line
        age = timefmt.span(now - created)
        return replace(
            line, problem=f"its point is {age} old, more than the plan's limit of {table.lost_at_most}"
        )

    return made.changed(checked)


def _show_readiness(command: Command, made: RecoveryPlan, found: Readiness) -> ExitCode:
    command.out.lines(row.words for row in found.rows)
    command.out.lines([found.words])
    command.out.document(
        "vms",
        (
            {"vm_name": row.vm, "is_ready": row.is_ready, "why_not": row.why_not, "notes": row.notes}
            for row in found.rows
        ),
        plan=made.name,
        ready=found.ready,
        total=len(found.rows),
    )
    return ExitCode(found.exit_code)


def _show(command: Command, made: RecoveryPlan, open_names: Sequence[NameFound]) -> None:
    out = command.out
    out.table(
        ("GROUP", "VM", "PLATFORM", "POINT (UTC)", "LOST", "WHAT HAPPENS"),
        [
            (
                f"{line.group}{' critical' if line.critical else ''}",
                line.vm_name,
                line.platform.short_label,
                timefmt.utc(line.point.created) if line.point and line.point.known_created else "none",
                timefmt.span(timefmt.upward(line.lost)) if line.lost is not None else "",
                ". ".join((line.words, *line.notes)),
            )
            for line in made.lines
        ],
    )
    for found in open_names:
        out.lines([f"{found.typed}: {open_words(found)}"])
    out.lines([made.summary])


def _show_requests(command: Command, made: RecoveryPlan) -> None:
    if command.options.requests:
        for line in made.to_be_sent:
            if line.plan is not None:
                command.out.lines(["", f"{line.vm_name}:", *line.plan.request.pretty().splitlines()])


def _document(command: Command, made: RecoveryPlan, open_names: Sequence[NameFound]) -> None:
    command.out.document(
        "vms",
        (
            *map(_line_record, made.lines),
            *({"vm_name": one.typed, "problem": open_words(one)} for one in open_names),
        ),
        plan=made.name,
        summary=made.summary,
    )


def _line_record(line: PlanLine) -> dict[str, object]:
    request = line.plan.request if line.plan is not None and line.is_to_be_sent else None
    return {
        "vm_name": line.vm_name,
        "backup_server": line.server_name,
        "platform": line.platform.label,
        "group": line.group,
        "critical": line.critical,
        "point_uid": line.point.uid if line.point is not None else None,
        "lost_s": None if line.lost is None else int(line.lost.total_seconds()),
        "overwrites": line.overwrites,
        "new_name": line.new_name,
        "words": line.words,
        "problem": line.problem,
        "notes": line.notes,
        "request": None if request is None else {"path": request.path, "body": request.body.decode()},
    }


def _confirmed(command: Command, made: RecoveryPlan, others: int) -> RecoveryPlan:
    """Return the plan with what is left out, once it is confirmed.

    Args:
        command: with the yes, or a terminal to ask at.
        made: checked.
        others: how many VMs cannot be restored beside those of the plan.

    Raises:
        CommandError: it is not, or a VM cannot be restored and is not left out.
    """
    options, terminal = command.options, command.terminal
    cannot = len(made.cannot) + others
    if cannot and not options.leave_out:
        if not terminal.can_ask or options.yes:
            raise CommandError(
                f"{counted(cannot)} of the plan cannot be restored.",
                code=ExitCode.NOT_READY,
                title="The plan is not ready",
                hint="Correct the file, or leave them out with --leave-out.",
            )
        if not terminal.ask_yes(f"{counted(cannot)} cannot be restored. Leave that out?"):
            raise CommandError("Nothing was sent.", code=ExitCode.NOT_READY, title="The plan is not ready")
    beside = [line.vm_name for line in made.to_be_sent if line.plan is not None and may_be_running(line.plan)]
    if beside and not options.beside and (options.yes or not terminal.can_ask):
        raise CommandError(
            f"Of {', '.join(beside[:10])}.",
            code=ExitCode.NOT_ALLOWED,
            title="Other restores are running, or may be",
            hint="Wait for them, or say yes to these beside them with --beside.",
        )
    made = made.changed(lambda line: replace(line, is_left_out=True) if line in made.cannot else line)
    if not made.to_be_sent:
        raise CommandError("No VM of it can be restored.", code=ExitCode.NOT_READY, title="Nothing was sent")
    _confirm_sending(command, made)
    return made


def _confirm_sending(command: Command, made: RecoveryPlan) -> None:
    """Return where the plan is confirmed: an overwriting one by how many originals it overwrites.

    Raises:
        CommandError: it is not.
    """
    options, terminal = command.options, command.terminal
    over = len(made.overwriting)
    if over and options.overwrites != over:
        if options.overwrites is not None or not terminal.can_ask:
            raise CommandError(
                f"The originals of {counted(over)} would be OVERWRITTEN.",
                code=ExitCode.NOT_ALLOWED,
                title="The plan is not confirmed",
                hint=f"Say yes to that with --overwrites {over}.",
            )
        if terminal.ask(f"The originals of {counted(over)} are OVERWRITTEN. Type that number: ") != str(over):
            raise CommandError(
                "Nothing was sent.", code=ExitCode.NOT_ALLOWED, title="The plan is not confirmed"
            )
    elif not options.yes:
        if not terminal.can_ask:
            raise CommandError(
                "There is no terminal to ask at.",
                code=ExitCode.NOT_ALLOWED,
                title="The plan is not confirmed",
                hint="Say yes to what vbem plan show shows with --yes.",
            )
        on = sum(line.powers_on for line in made.lines)
        powered = f" {counted(on)} will be powered on." if on else ""
        if not terminal.ask_yes(f"{counted(len(made.to_be_sent))} will be sent.{powered} Restore?"):
            raise CommandError(
                "Nothing was sent.", code=ExitCode.NOT_ALLOWED, title="The plan is not confirmed"
            )


def counted(number: int) -> str:
    """Return a number of VMs in words."""
    return "1 VM" if number == 1 else f"{number} VMs"


async def _run(command: Command, logon: LoggedOn, start: Callable[[], Awaitable[RestoreQueue]]) -> ExitCode:
    """Send the queue that `start` begins, group by group, and wait for its end."""
    options, out = command.options, command.out
    following = asyncio.create_task(logon.services.watcher(logon.restores).run())
    changed = asyncio.Event()
    logon.recovery.queue_listeners.append(changed.set)
    logon.services.on_trouble = changed.set
    said: dict[int, str] = {}
    silence = Silence(command, logon.services.clock)
    try:
        runner = await start()
        runner.set_limits(at_a_time=options.at_a_time, per_server=options.per_server)
        while True:
            changed.clear()
            queue = runner.queue
            _say_changes(command, queue, said)
            if queue.is_paused or _has_ended(queue) or logon.services.is_logon_put_off:
                break
            is_sending = queue.next_line() is not None or logon.recovery.is_sending
            running = (line.restore for line in queue.lines if line.restore is not None)
            if not is_sending and silence.is_too_long(running):
                break
            out.progress(summarize(queue, logon.services.clock.now()).words)
            await silence.wait(changed)
    except BaseException:
        sent = logon.recovery.queue.queue.lines if logon.recovery.queue else ()
        command.sent = [await record_of(logon, line.restore) for line in sent if line.restore is not None]
        raise
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    await logon.restores.learn_names()
    summary = summarize(queue, logon.services.clock.now())
    out.lines([summary.words])
    if queue.is_paused:
        out.say(f"The queue has stopped. {queue.why_paused}")
    elif held := _held(queue):
        again = f"vbem plan run {shlex.quote(options.file)} --rest --release"
        out.say(f"{_hold_words(queue, held)} Once that is handled, send them with {again}.")
    out.document("vms", await _records(logon, queue), plan=queue.name, summary=summary.words)
    return worst(_code_of_line(line) for line in queue.lines if not _is_settled(queue, line))


def _code_of_line(line: QueuedLine) -> ExitCode:
    return code_of_end(line.restore) if line.restore is not None else ExitCode.FAILED


def _is_settled(queue: Queue, line: QueuedLine) -> bool:
    """Return whether a line is no matter of the exit code: taken out, or its failure was said yes to."""
    is_failure = line.restore is None or line.restore.is_over
    return line.state is LineState.TAKEN_OUT or (line.id in queue.let_go and is_failure)


async def _records(logon: LoggedOn, queue: Queue) -> list[dict[str, object]]:
    words = line_words(queue)
    return [
        await record_of(logon, line.restore)
        if line.restore is not None
        else {
            "vm_name": line.vm_name,
            "state": line.state.value,
            "message": words[line.id].detail if words[line.id].label == HELD else line.why,
        }
        for line in queue.lines
    ]


def _has_ended(queue: Queue) -> bool:
    """Return whether nothing more is sent and nothing that was sent is still watched."""
    waits = any(line.state is LineState.SENDING for line in queue.lines) or queue.next_line() is not None
    runs = any(line.restore is not None and line.restore.is_in_flight for line in queue.lines)
    return not waits and not runs


def _say_changes(command: Command, queue: Queue, said: dict[int, str]) -> None:
    words = line_words(queue)
    for line in queue.lines:
        found = words[line.id]
        if said.get(line.id) != found.label:
            said[line.id] = found.label
            detail = f": {found.detail}" if found.detail else ""
            command.out.say(f"{line.vm_name}: {found.label}{detail}")
