"""`vbem history` and `vbem report`: what the journal remembers. The server is not asked."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tui import timefmt
from tui.cli.exit_codes import CommandError, ExitCode
from tui.cli.logon import Command
from tui.cli.points import moment_of
from tui.cli.restore import row_record
from tui.clock import SystemClock
from tui.recovery.report import (
    Report,
    ReportError,
    Wanted,
    csv_text,
    json_text,
    markdown,
    report_of,
    write_report,
)
from tui.restore_states import RestoreState, parse_states
from tui.restores.journal_mapping import operator_name
from tui.store.journal import Journal
from tui.store.journal_db import was_used
from tui.store.journal_entry import JournalEntry
from tui.store.recovery_journal import QueueEntry, RecoveryJournal

MOST_ROWS = 100_000
_DEMO_HINT = "See vbem history for what it has; add --demo for what was played on the embedded server."


async def history(command: Command) -> ExitCode:
    """List rows of the journal, newest first."""
    found, _ = await asyncio.to_thread(_read, command)
    entries = found[: command.options.limit]
    command.out.table(
        ("ID", "STATE", "VM", "SENT (UTC)", "POINT (UTC)", "TICKET", "NEW NAME", "WHO", "WHAT IS KNOWN"),
        [
            (
                str(one.id),
                one.state.label,
                one.vm_name,
                timefmt.utc(one.created) if one.known_created else "",
                timefmt.utc(one.point_created) if one.point_created else "",
                one.reason,
                one.new_name,
                one.operator,
                one.words,
            )
            for one in entries
        ],
    )
    if not entries:
        command.out.lines([_none_words(command)])
    if len(entries) < len(found):
        command.out.say(f"These are the newest {len(entries):,} of {len(found):,}: --limit N shows more.")
    command.out.document("history", [row_record(one.to_json()) for one in entries])
    return ExitCode.DONE


async def report(command: Command) -> ExitCode:
    """Write the report of what was restored: Markdown, CSV or JSON."""
    options, out = command.options, command.out
    entries, queues = await asyncio.to_thread(_read, command)
    servers = sorted({one.server for one in entries})
    is_narrowed = bool(options.vm or options.state or options.since)
    made = report_of(
        entries,
        # What was never sent has neither state nor time: it is told where all is.
        [] if is_narrowed else queues,
        server=", ".join(servers) or command.start.server,
        made=SystemClock().now(),
        ticket=options.ticket,
    )
    if not made.rows:
        raise CommandError(
            _none_words(command),
            code=ExitCode.FAILED,
            title="There is no report",
            hint="" if command.start.folders.demo else _DEMO_HINT,
        )
    if options.output:
        path = _path(options.output)
        try:
            write_report(made, path)
        except ReportError as error:
            raise CommandError(
                error.detail, code=ExitCode.USAGE, title=error.title, hint=error.hint
            ) from error
        out.say(f"Written: {path}")
    else:
        out.text(_text(made, is_csv=options.csv, is_json=options.json))
        out.has_document = True
    return ExitCode.DONE


def _none_words(command: Command) -> str:
    """Return where no such restore is, in a sentence."""
    server = command.start.server if "server" in command.start.sources else ""
    where = f" on {server}" if server else ""
    return f"The journal in {command.start.folders.state} has no such restore{where}."


def _path(typed: str) -> Path:
    return Path(typed).expanduser()


def _text(made: Report, *, is_csv: bool, is_json: bool) -> str:
    if is_json:
        return json_text(made)
    return csv_text(made) if is_csv else markdown(made)


def _read(command: Command) -> tuple[list[JournalEntry], list[QueueEntry]]:
    """Return the rows that are asked for, newest first, and all queues.

    Raises:
        JournalError: the journal cannot be read.
        CommandError: a word of the command is not understood.
    """
    options, folders = command.options, command.start.folders
    server = command.start.server if "server" in command.start.sources else ""
    since = moment_of(options.since, SystemClock().now(), "--since") if options.since else None
    wanted = Wanted(vm=options.vm, states=_states(options.state), since=since)
    if not was_used(folders.journal):
        return [], []
    journal = Journal.open(folders.journal)
    if journal.note:
        command.out.say(journal.note)
    try:
        rows = journal.recent(MOST_ROWS, _with_port(server) if server else "")
        servers = {_with_port(server)} if server else {one.server for one in rows}
        queues = [queue for one in sorted(servers) for queue in _queues_of(journal, one)]
    finally:
        journal.close()
    found = [
        one
        for one in rows
        if wanted.has(one) and (not options.ticket or options.ticket.casefold() in one.reason.casefold())
    ]
    return found, queues


def _queues_of(journal: Journal, server: str) -> list[QueueEntry]:
    return RecoveryJournal(journal, server=server, operator=operator_name(), clock=SystemClock()).queues()


def _with_port(server: str) -> str:
    from tui.api.models import ServerAddress

    return str(ServerAddress.parse(server)) if server else ""


def _states(text: str) -> frozenset[RestoreState]:
    try:
        return parse_states(text)
    except ValueError as error:
        raise CommandError(str(error), code=ExitCode.USAGE, title="--state is not understood") from error
