"""`vbem tasks` and `vbem cancel`: what is in flight on a server, of this journal and of others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tui import timefmt
from tui.api.errors import ReadOnly
from tui.api.models import RestoreSession
from tui.cli.exit_codes import CommandError, ExitCode, worst
from tui.cli.logon import Command, LoggedOn, logged_on
from tui.cli.output import stamp
from tui.cli.restore import code_of_end, follow, record_of, row_record, state_line
from tui.restore_states import CancelState, RestoreState
from tui.restores.restore import Restore, elapsed_words
from tui.restores.session_search import listed_in_time, running_query
from tui.restores.unfollowed import Unfollowed

CANCEL_WATCHED_S = 60.0
"""How long `vbem cancel` watches what the server makes of it."""


async def list_tasks(command: Command) -> ExitCode:
    """List the restores in flight: rows of this journal as of now, and what else the server runs."""
    out = command.out
    async with logged_on(command) as logon:
        await logon.restores.reattach()
        await logon.restores.monitor.tick()
        sessions = await listed_in_time(logon.connection.manager, running_query())
        own = [one for one in logon.restores.all if one.is_in_flight or not one.is_over]
        here = logon.connection.server
        unfollowed = [one for one in logon.restores.unfollowed if one.entry.server == here]
        if elsewhere := len(logon.restores.unfollowed) - len(unfollowed):
            out.say(f"{elsewhere} of the journal at other servers: see vbem tasks --server.")
        known = {one.session_uid.lower() for one in own} | {
            one.entry.session_uid.lower() for one in unfollowed
        }
        others = [one for one in sessions if not one.is_over and one.uid.lower() not in known]
        if not command.options.watch:
            await _show(command, logon, own, unfollowed, others)
            return ExitCode.DONE
        following = asyncio.create_task(logon.services.watcher(logon.restores).run())
        try:
            ended = await follow(command, logon, [one.key for one in own])
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        await logon.restores.learn_names()
        await _show(command, logon, [logon.restores.get(one.key) for one in ended], unfollowed, others)
        if not own and (unfollowed or others):
            out.say("No restore of this journal is in flight.")
    return worst(map(code_of_end, ended))


async def _show(
    command: Command,
    logon: LoggedOn,
    own: Iterable[Restore],
    unfollowed: Iterable[Unfollowed],
    others: Iterable[RestoreSession],
) -> None:
    now = logon.services.clock.now()
    rows, records = [], []
    for one in own:
        label = one.state.label
        share = "" if one.progress is None else f"{one.progress} %"
        point = timefmt.utc(one.point_created) if one.point_created else ""
        number = "" if one.entry_id is None else str(one.entry_id)
        took = elapsed_words(one, now)
        rows.append((number, label, one.vm_name, share, took, point, one.reason, one.problem or one.message))
        records.append({"whose": "own", **await record_of(logon, one)})
    for row in unfollowed:
        entry = row.entry
        point = timefmt.utc(entry.point_created) if entry.point_created else ""
        rows.append((str(entry.id), entry.state.label, entry.vm_name, "", "", point, entry.reason, row.why))
        records.append({"whose": "not watched", "why": row.why, **row_record(entry.to_json())})
    for session in others:
        share = "" if session.progress is None else f"{session.progress} %"
        # How long is not said: it began by another clock than this machine's.
        words = "listed by the server; not of this journal"
        rows.append(("", session.state.value, session.vm_name or session.name, share, "", "", "", words))
        records.append(_session_record(session))
    command.out.table(
        ("ID", "STATE", "VM", "PROGRESS", "ELAPSED", "POINT (UTC)", "TICKET", "WHAT IS KNOWN"), rows
    )
    if not rows:
        command.out.lines(["No restore is in flight."])
    command.out.document("tasks", records, server=logon.connection.server)


def _session_record(session: RestoreSession) -> dict[str, object]:
    return {
        "whose": "others",
        "id": None,
        "vm_name": session.vm_name or session.name,
        "state": session.state.value.lower(),
        "session_uid": session.uid,
        "progress": session.progress,
        "session_started": stamp(session.created),
    }


async def cancel(command: Command) -> ExitCode:
    """Send one DELETE for a restore, then watch for a while what the server makes of it."""
    out, number = command.out, command.options.id
    if command.start.read_only:
        raise ReadOnly
    async with logged_on(command) as logon:
        await logon.restores.reattach()
        await logon.restores.monitor.tick()
        one = await _in_flight(logon, number)
        outlook = logon.restores.what_cancel_can_do(one)
        if not outlook.possible:
            raise CommandError(
                " ".join(outlook.words),
                code=ExitCode.NOT_ALLOWED,
                title="Nothing can be cancelled from here",
                hint="Stop it in the backup console, or where its logon session is kept.",
            )
        for words in outlook.words:
            out.say(words)
        if not command.options.yes:
            if not command.terminal.can_ask:
                raise CommandError(
                    "There is no terminal to ask at.",
                    code=ExitCode.NOT_ALLOWED,
                    title="The cancel is not confirmed",
                    hint="Say yes to it with --yes.",
                )
            if not command.terminal.ask_yes(f"Send the cancel of {one.vm_name}?"):
                raise CommandError(
                    "Nothing was sent.", code=ExitCode.NOT_ALLOWED, title="The cancel is not confirmed"
                )
        following = asyncio.create_task(logon.services.watcher(logon.restores).run())
        try:
            one = await logon.restores.cancel(one)
            out.say(f"{one.vm_name}: {one.cancel_words}")
            if one.cancel not in {CancelState.REFUSED, CancelState.NOT_SENT}:
                one = await _watched(command, logon, one)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        now = logon.services.clock.now()
        out.lines([f"{state_line(one, now)} {one.cancel_words}".strip()])
        out.document("tasks", [await record_of(logon, one)], cancel=one.cancel.value)
    return _code_of_cancel(one)


async def _watched(command: Command, logon: LoggedOn, one: Restore) -> Restore:
    """Return the restore once it has ended, or after `CANCEL_WATCHED_S`."""
    try:
        async with asyncio.timeout(CANCEL_WATCHED_S):
            return (await follow(command, logon, [one.key]))[0]
    except TimeoutError:
        return logon.restores.get(one.key)


def _code_of_cancel(one: Restore) -> ExitCode:
    if one.state is RestoreState.CANCELLED:
        return ExitCode.DONE
    if one.cancel is CancelState.REFUSED:
        return ExitCode.NOT_ALLOWED
    if one.cancel is CancelState.NOT_SENT:
        return ExitCode.UNREACHABLE
    return ExitCode.FAILED if one.is_over else ExitCode.UNKNOWN


async def _in_flight(logon: LoggedOn, number: int) -> Restore:
    """Return the restore of a row.

    Raises:
        CommandError: it is not in flight, or another vbem watches it.
    """
    for one in logon.restores.all:
        if one.entry_id == number:
            if one.is_over:
                raise CommandError(
                    f"It {one.state.predicate}.", code=ExitCode.FAILED, title=f"Restore {number} has ended"
                )
            return one
    for row in logon.restores.unfollowed:
        if row.entry.id == number:
            raise CommandError(
                row.why, code=ExitCode.NOT_ALLOWED, title=f"Restore {number} is not followed here"
            )
    raise CommandError(
        "See vbem tasks for what is, and vbem history for what has ended.",
        code=ExitCode.FAILED,
        title=f"Restore {number} is not in flight",
    )
