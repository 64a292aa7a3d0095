"""`vbem --plain`: the whole job line by line, one plain question at a time, for a screen reader."""

from __future__ import annotations

import argparse
from dataclasses import replace

from tui.cli.commands import build_parser
from tui.cli.exit_codes import CommandError, ExitCode, code_of_error
from tui.cli.history import history
from tui.cli.logon import Command, logged_on
from tui.cli.restore import restore
from tui.cli.tasks import cancel, list_tasks
from tui.errors import VbemError, sentences_of
from tui.servers import who_of

_CHOICES = (
    "Restore a VM",
    "List the restores in flight",
    "Follow the restores in flight to their end",
    "Cancel a restore",
    "List what was restored",
    "Log off and quit",
)


async def plain(command: Command) -> ExitCode:
    """Ask what to do until the operator quits; an error ends what was asked for, not the program."""
    if not command.terminal.can_ask:
        raise CommandError(
            "",
            code=ExitCode.USAGE,
            title="There is no terminal to ask at",
            hint="See vbem --help for the commands.",
        )
    code, command.out.is_plain = ExitCode.DONE, True
    async with logged_on(command) as logon:
        command.logon = logon
        command.out.say(f"Logged on as {who_of(logon.services)}.")
        while True:
            place = command.terminal.choose("What now", _CHOICES, may_stop=False)
            if place == len(_CHOICES) - 1:
                return code
            try:
                code = await _run(command, place)
            except VbemError as error:
                code = code_of_error(error)
                if code in {ExitCode.INTERRUPTED, ExitCode.UNREACHABLE}:
                    raise
                command.out.say(sentences_of(error))


async def _run(command: Command, place: int) -> ExitCode:
    if place == 0:
        return await restore(_with(command, "restore", "--wait"))
    if place == 1:
        return await list_tasks(_with(command, "tasks"))
    if place == 2:
        return await list_tasks(_with(command, "tasks", "--watch"))
    if place == 3:
        number = command.terminal.ask("Number of the restore, as the list of restores in flight has it: ")
        if not number.isascii() or not number.isdigit() or not int(number):
            raise CommandError(
                "That is no number of a restore.", code=ExitCode.USAGE, title="Nothing was sent"
            )
        return await cancel(_with(command, "cancel", number))
    return await history(_with(command, "history", "--limit", "20"))


def _with(command: Command, *words: str) -> Command:
    """Return the command that these words would be, on the logon there is."""
    options: argparse.Namespace = build_parser().parse_args(list(words))
    return replace(command, options=options)
