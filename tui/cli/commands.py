"""The commands: each with its own arguments, and the function that runs it.

Light: `vbem --help` loads no command. The options of every command are in `options`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from tui import __version__
from tui.cli.exit_codes import ExitCode, epilog
from tui.cli.options import OF_EVERY_COMMAND, Parser, add_options, completions, with_completion
from tui.config import AT_A_TIME, MOST_AT_A_TIME, PER_SERVER
from tui.restore_states import STATE_NAMES

if TYPE_CHECKING:
    from tui.cli.logon import Command

SHELLS = ("bash", "zsh", "fish")
PLATFORMS = ("vsphere", "hyperv", "cloud", "unknown")
"""What completes `--platform`; other names of a platform are understood, too."""
Arguments = Callable[[Parser], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcommand:
    """One command."""

    name: str
    help: str
    module: str
    """Of `tui.cli`: where it runs."""
    function: str
    """`async (Command) -> ExitCode`."""
    words: str = ""
    """What stands behind its name, for the first line of its help."""
    array: str
    """What its JSON calls the one array."""
    arguments: Arguments = lambda _parser: None


def _number(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"a number from {least} to {most} is needed, not {text!r}")
        return int(text)

    return number


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="write one JSON object to standard output")


def _before(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--before",
        metavar="TIME",
        help="newest point before it: 22:45, -3h, 2026-11-25T22:45Z (default: the incident)",
    )


def _yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask; needed where there is no terminal")


def _points(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vm", metavar="NAME", help="all points of this VM: NAME or NAME@BACKUP-SERVER")
    _before(parser)
    with_completion(
        parser.add_argument("--platform", metavar="P", help="only this platform: vsphere, hyperv, cloud")
    )
    parser.add_argument("--all", action="store_true", help="every point, not the newest of each VM")
    _json(parser)


def _restore(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--point", metavar="UID", help="restore this very point")
    what.add_argument("--vm", metavar="NAME", help="restore this VM from its newest point (see --before)")
    parser.add_argument("--server-of", metavar="V", help="the backup server of the VM, where names repeat")
    _before(parser)
    original = parser.add_mutually_exclusive_group()
    original.add_argument("--keep-original", action="store_true", help="keep the original VM (the default)")
    original.add_argument(
        "--overwrite", metavar="VM", help="overwrite the original; the name of the VM is the yes to that"
    )
    parser.add_argument("--new-name", metavar="NAME", help="name of the restored VM (Cloud Director alone)")
    parser.add_argument("--power-on", action="store_true", help="power the restored VM on")
    parser.add_argument(
        "--set",
        metavar="FIELD=VALUE",
        action="append",
        default=[],
        help="another field of the restore form, as storage_profile_ref=urn:...",
    )
    parser.add_argument("--ticket", metavar="T", default="", help="ticket or reason, for the journal")
    parser.add_argument(
        "--after-incident", action="store_true", help="the yes to a point that is not of before the incident"
    )
    parser.add_argument(
        "--beside", action="store_true", help="the yes to another restore of the VM that may be running"
    )
    parser.add_argument("--dry-run", action="store_true", help="show plan and exact request; send nothing")
    _yes(parser)
    parser.add_argument("--wait", action="store_true", help="wait for the end of the restore")
    _json(parser)


def _tasks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--watch", action="store_true", help="one line per change, until all have ended")
    _json(parser)


def _cancel(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", type=_number(1, 2**62), help="number of the restore: vbem tasks")
    _yes(parser)
    _json(parser)


def _chosen_rows(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ticket", metavar="T", default="", help="only what has this ticket or reason")
    parser.add_argument("--vm", metavar="NAME", default="", help="only this VM")
    with_completion(
        parser.add_argument("--state", metavar="S", default="", help="only this state: restored, failed, ...")
    )
    parser.add_argument("--since", metavar="TIME", default="", help="only what was sent since then")


def _history(parser: argparse.ArgumentParser) -> None:
    _chosen_rows(parser)
    parser.add_argument(
        "--limit", metavar="N", type=_number(1, 100_000), default=200, help="the newest N (default: 200)"
    )
    _json(parser)


def _report(parser: argparse.ArgumentParser) -> None:
    _chosen_rows(parser)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--csv", action="store_true", help="as CSV instead of Markdown")
    kind.add_argument("--json", action="store_true", help="as JSON instead of Markdown")
    with_completion(
        parser.add_argument("--output", metavar="FILE", default="", help="a new file; .md, .csv or .json")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAction:
    """One thing that `vbem plan` does with a plan."""

    name: str
    help: str
    example: str
    options: frozenset[str] = frozenset()
    """What acts for it, beside the options of all three."""


PLAN_ACTIONS = (
    PlanAction(
        name="check",
        help="ask the server whether each VM could be restored now; send nothing that writes",
        example="vbem plan check shop.toml --before 22:45",
    ),
    PlanAction(
        name="show",
        help="show what would happen to each VM, and what is to be confirmed; send nothing that writes",
        example="vbem plan show shop.toml --ticket INC-5001 --requests",
        options=frozenset({"--requests"}),
    ),
    PlanAction(
        name="run",
        help="restore the VMs group by group, and wait for the end",
        example="vbem plan run shop.toml --ticket INC-5001 --before 22:45 --yes",
        options=frozenset(
            {
                "--at-a-time",
                "--per-server",
                "--overwrites",
                "--beside",
                "--leave-out",
                "--rest",
                "--release",
                "--start-over",
                "--yes",
            }
        ),
    ),
)


class _ElsewhereOnly(argparse.Action):
    """An option that acts for another action of `vbem plan`: it is refused, not ignored."""

    def __call__(
        self, parser: argparse.ArgumentParser, _namespace: object, _values: object, option: str | None = None
    ) -> NoReturn:
        parser.error(f"{option} acts with vbem plan {self.const} alone; leave it out here")


def _plan(parser: Parser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    for action in PLAN_ACTIONS:
        one = actions.add_parser(
            action.name,
            prog=f"vbem plan {action.name}",
            usage=f"vbem plan {action.name} FILE [OPTIONS]",
            help=action.help,
            description=f"{action.help[0].upper()}{action.help[1:]}.\n\nExample: {action.example}",
            epilog=epilog(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        with_completion(one.add_argument("file", metavar="FILE", help="a recovery plan (TOML)"))
        _before(one)
        one.add_argument(
            "--ticket", metavar="T", default="", help="ticket or reason, for {ticket} and the journal"
        )
        _plan_options(one, action)
        _json(one)
        add_options(one)
    parser.children = actions.choices


def _plan_options(parser: argparse.ArgumentParser, action: PlanAction) -> None:
    """Add what acts for this action; what acts for another one is not in its help, and is refused."""
    options: dict[str, dict[str, Any]] = {
        "--requests": {"action": "store_true", "help": "the exact requests, too"},
        "--at-a-time": {
            "metavar": "N",
            "type": _number(1, MOST_AT_A_TIME),
            "help": f"so many restores at once (default: {AT_A_TIME})",
        },
        "--per-server": {
            "metavar": "N",
            "type": _number(1, MOST_AT_A_TIME),
            "help": f"so many per backup server (default: {PER_SERVER})",
        },
        "--overwrites": {
            "metavar": "N",
            "type": _number(1, 10_000),
            "help": "how many originals are overwritten; the number is the yes to that",
        },
        "--beside": {"action": "store_true", "help": "the yes to other restores of these VMs that may run"},
        "--leave-out": {"action": "store_true", "help": "leave out the VMs that cannot be restored"},
        "--rest": {
            "action": "store_true",
            "help": "the yes to sending what an interrupted queue of these VMs did not send, and that alone",
        },
        "--release": {
            "action": "store_true",
            "help": "with --rest: the yes to groups that are held, because a critical VM was not restored",
        },
        "--start-over": {
            "action": "store_true",
            "help": "never send the rest of that queue, and send the whole plan: what it sent, a second time",
        },
    }
    for name, how in options.items():
        if name in action.options:
            parser.add_argument(name, **how)
    if "--yes" in action.options:
        _yes(parser)
    for other in PLAN_ACTIONS:
        for name in sorted(other.options - action.options):
            parser.add_argument(
                name, nargs="?", const=other.name, action=_ElsewhereOnly, help=argparse.SUPPRESS
            )


def _completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "completed",
        metavar="SHELL",
        choices=(*SHELLS, "man", "servers"),
        help="bash, zsh or fish; man: the manual page; servers: names",
    )


COMMANDS = (
    Subcommand(
        name="points",
        help="list restore points",
        module="points",
        function="list_points",
        array="points",
        arguments=_points,
    ),
    Subcommand(
        name="restore",
        help="restore one VM",
        module="restore",
        function="restore",
        array="restores",
        arguments=_restore,
    ),
    Subcommand(
        name="tasks",
        help="list the restores in flight",
        module="tasks",
        function="list_tasks",
        array="tasks",
        arguments=_tasks,
    ),
    Subcommand(
        name="cancel",
        words="ID",
        help="cancel a restore",
        module="tasks",
        function="cancel",
        array="tasks",
        arguments=_cancel,
    ),
    Subcommand(
        name="history",
        help="list what was restored",
        module="history",
        function="history",
        array="history",
        arguments=_history,
    ),
    Subcommand(
        name="report",
        help="write the report of a recovery",
        module="history",
        function="report",
        array="restores",
        arguments=_report,
    ),
    Subcommand(
        name="plan",
        words="check|show|run FILE",
        help="check, show or run a recovery plan",
        module="plan",
        function="plan",
        array="vms",
        arguments=_plan,
    ),
    Subcommand(
        name="log-off",
        help="end the logon session the keyring holds",
        module="logon",
        function="log_off",
        array="log_off",
        arguments=_json,
    ),
    Subcommand(
        name="completion",
        words="SHELL",
        help="write a completion script: vbem completion bash",
        module="commands",
        function="completion",
        array="names",
        arguments=_completion,
    ),
    Subcommand(
        name="info",
        help="describe this installation, for a bug report",
        module="info",
        function="info",
        array="servers",
        arguments=_json,
    ),
)
"""Every command but `demo-server`, which has nothing in common with them."""
PLAIN = Subcommand(name="plain", help="ask line by line", module="plain", function="plain", array="restores")
"""What `vbem --plain` runs."""


def command_named(name: str) -> Subcommand:
    """Return the command of that name.

    Raises:
        KeyError: there is none.
    """
    return {command.name: command for command in (*COMMANDS, PLAIN)}[name]


def build_parser() -> Parser:
    """Return the parser of `vbem` and its commands; `vbem demo-server` has its own."""
    parser = Parser(
        prog="vbem",
        usage="vbem [OPTIONS] [COMMAND ...]",
        description="Restore virtual machines from Veeam Backup Enterprise Manager. "
        "Without a command the screens open.",
        epilog=epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-V", "--version", action="version", version=f"vbem {__version__}")
    parser.add_argument("--mouse", action="store_true", help="enable the mouse in the screens")
    parser.add_argument(
        "--plain", action="store_true", help="ask line by line instead of opening the screens"
    )
    add_options(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for command in COMMANDS:
        one = commands.add_parser(
            command.name,
            prog=f"vbem {command.name}",
            usage=" ".join(filter(None, ("vbem", command.name, command.words, "[OPTIONS]"))),
            help=command.help,
            description=f"{command.help[0].upper()}{command.help[1:]}.",
            epilog=epilog(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.arguments(one)
        add_options(one)
    commands.add_parser("demo-server", help="run the embedded Enterprise Manager alone", add_help=False)
    commands.add_parser("help", help="show the help of a command: vbem help restore", add_help=False)
    parser.children = commands.choices
    return parser


def man_page(parser: Parser) -> str:
    """Return the manual page: the help of each command, and once what all of them share."""

    def formatted(one: argparse.ArgumentParser) -> str:
        one.formatter_class = partial(argparse.RawDescriptionHelpFormatter, width=76)
        return one.format_help()

    def block(text: str) -> list[str]:
        lines = text.strip().replace("\\", r"\e").replace("-", r"\-").splitlines()
        return [".nf", *(rf"\&{line}" for line in lines), ".fi"]

    pages = [f'.TH VBEM 1 "" "vbem {__version__}"', ".SH NAME", r"vbem \- restore virtual machines"]
    pages += [".SH SYNOPSIS", *block(parser.usage or ""), ".SH DESCRIPTION", parser.description or ""]
    for command in COMMANDS:
        one = parser.children[command.name]
        for each in (one, *(one.children.values() if isinstance(one, Parser) else ())):
            own, _, _ = formatted(each).partition(f"\n{OF_EVERY_COMMAND}:")
            pages += [f'.SH "{each.prog.upper()}"', *block(own)]
    _, _, shared = formatted(parser).partition(f"\n{OF_EVERY_COMMAND}:")
    return "\n".join([*pages, f'.SH "{OF_EVERY_COMMAND.upper()}"', *block(shared)])


async def completion(command: Command) -> ExitCode:
    """Write the script that completes `vbem` in a shell, or the names it completes `--server` with."""
    import shtab

    name = command.options.completed
    if name == "servers":
        command.out.lines(command.start.settings.servers)
        return ExitCode.DONE
    if name == "man":
        command.out.text(man_page(build_parser()))
        return ExitCode.DONE
    names = dict.fromkeys(("bash", "zsh"), "_vbem_servers")
    completions.update(
        dict.fromkeys(("ca_file", "config", "log_file", "output"), shtab.FILE),
        state_dir=shtab.DIRECTORY,
        platform=PLATFORMS,
        state=tuple(STATE_NAMES),
        file={
            "bash": "_vbem_plan_files",
            "zsh": "_files -g '*.toml'",
            "fish": "(__fish_complete_suffix .toml)",
        },
        server={**names, "fish": "(vbem completion servers 2>/dev/null)"},
    )
    parser = build_parser()
    completions.clear()
    command.out.text(shtab.complete(parser, name, preamble=_PREAMBLE.get(name, "")))
    return ExitCode.DONE


_PREAMBLE = {
    "bash": """\
_vbem_servers() { compgen -W "$(vbem completion servers 2>/dev/null)" -- "$1"; }
_vbem_plan_files() { compgen -d -- "$1"; compgen -f -X '!*.toml' -- "$1"; }""",
    "zsh": """_vbem_servers() { compadd -- ${(f)"$(vbem completion servers 2>/dev/null)"}; }""",
}
"""Functions that the scripts call for `--server` and for the file of a plan."""
