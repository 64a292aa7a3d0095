"""The command line. Precedence: option, then environment, then settings file, then default.

Imports are local on purpose: `vbem --help` and the first painted login load nothing they do not need.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tui import __version__, sanitize
from tui.config import PROFILES, Folders, Settings, StartOptions, refresh_rates
from tui.errors import VbemError
from tui.store.last_logon import last_logon

if TYPE_CHECKING:
    from collections.abc import Sequence


_WATCHING = ("TEXTUAL", "TEXTUAL_DEBUG", "TEXTUAL_LOG", "SSLKEYLOGFILE", "PYTHONASYNCIODEBUG")
"""With these, Textual logs each key pressed, the password's too; ssl and asyncio log even more."""
EXIT_USAGE = 2


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a word without handing its controls to the terminal."""

    def error(self, message: str) -> NoReturn:
        super().error(sanitize.safe(message))


def build_parser() -> argparse.ArgumentParser:
    """Return the options of `vbem` itself; `vbem demo-server` has its own."""
    parser = _Parser(
        prog="vbem",
        description="Restore virtual machines from Veeam Backup Enterprise Manager, in a terminal.",
        epilog="`vbem demo-server --help` describes the embedded server on its own.",
    )
    parser.add_argument("--version", action="version", version=f"vbem {__version__}")
    parser.add_argument(
        "--demo", action="store_true", help="run on an embedded demo server; nothing real is touched"
    )
    parser.add_argument("--server", metavar="HOST[:PORT]", help="Enterprise Manager to log on to (port 9398)")
    parser.add_argument("--user", metavar="DOMAIN\\USER", help="user name to prefill")
    parser.add_argument("--format", choices=("auto", "xml", "json"), help="wire format (default: auto)")
    parser.add_argument(
        "--ca-file", type=Path, metavar="PEM", help="CA certificates to trust instead of the system's"
    )
    parser.add_argument(
        "--proxy", metavar="URL", help="HTTP proxy as http://HOST:PORT; HTTPS_PROXY is ignored"
    )
    parser.add_argument(
        "--state-dir", type=Path, metavar="DIR", help="folder for the journal and pinned certificates"
    )
    parser.add_argument(
        "--profile",
        choices=PROFILES,
        help="refresh rate: full, low, or auto: low over SSH (default: auto)",
    )
    parser.add_argument("--mouse", action="store_true", help="enable the mouse")
    return parser


def _chosen(option: object, variable: str, setting: str) -> str:
    """Return the option, else the environment's value, else the setting."""
    return str(option) if option else os.environ.get(variable, "") or setting


def _proxy_secrets(url: str) -> tuple[str, ...]:
    """Check the proxy's URL; return what of it is secret."""
    if not url:
        return ()
    from tui.api.proxy import ProxyAddress

    return ProxyAddress.parse(url).secrets


def start_options(options: argparse.Namespace) -> StartOptions:
    """Combine the command line, the environment and the settings.

    Raises:
        ValueError: a value is not one of those that are allowed.
        VbemError: the settings cannot be used.
    """
    state = _chosen(options.state_dir, "VBEM_STATE_DIR", "")
    folders = Folders.locate(demo=options.demo, state_dir=Path(state) if state else None)
    settings = Settings.load(folders.settings)
    last_server, last_user = ("", "") if options.demo else last_logon(folders.state)
    server = _chosen(options.server, "VBEM_SERVER", settings.server) or last_server
    ca_file = _chosen(options.ca_file, "VBEM_CA_FILE", settings.ca_file)
    wire = _chosen(options.format, "VBEM_FORMAT", settings.wire)
    proxy = _chosen(options.proxy, "VBEM_PROXY", settings.proxy)
    if wire not in {"auto", "xml", "json"}:
        raise ValueError(f"The format must be auto, xml or json, not {wire!r}.")
    return StartOptions(
        folders=folders,
        settings=settings,
        server=server,
        user=_chosen(options.user, "VBEM_USER", settings.user)
        or (last_user if server == last_server else ""),
        wire=wire,
        ca_file=Path(ca_file).expanduser() if ca_file else None,
        proxy=proxy,
        secrets=_proxy_secrets(proxy),
        refresh=refresh_rates(_chosen(options.profile, "VBEM_PROFILE", settings.profile), os.environ),
    )


def _keep_secrets_in() -> None:
    """Switch off debugging aids and core files: both could write a password down."""
    for name in _WATCHING:
        os.environ.pop(name, None)
    with suppress(OSError, ValueError):  # a hard limit may be lower than what is asked for
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run_screens(start: StartOptions, *, mouse: bool) -> int:
    """Run the screens until somebody leaves; return the exit code."""
    gc.disable()  # until the first frame: a tenth of the time to it goes into looking at modules for garbage
    from tui.app import VbemApp

    if "utf" not in (sys.stderr.encoding or "").lower():
        sanitize.ascii_only(True)
    app = VbemApp(start)
    app.run(mouse=mouse)
    _last_word(app.farewell)
    return app.exit_code


def _last_word(words: str) -> None:
    """Say it where the screens were, if that terminal is still there."""
    try:
        if words:
            shown = "\n".join(map(sanitize.safe, words.splitlines()))
            print(shown, file=sys.stderr)  # noqa: T201 - the last word after the screens are gone
        sys.stderr.flush()
    except OSError:
        # What is still in the buffer would turn the exit code into Python's own 120.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stderr.fileno())
        os.close(nowhere)


def _run_demo(options: argparse.Namespace) -> int:
    from tui.demo.child import DemoUnavailable, embedded_server

    options.server = None
    start = start_options(options)
    try:
        start.folders.make()
        with embedded_server(identity_folder=start.folders.state / "server") as ready:
            start.proxy = ""  # nobody's proxy leads to this host's loopback interface
            start.server = ready["url"].removeprefix("https://").rstrip("/")
            start.user = ready["user"]
            start.password_hint = ready["password"]
            start.note = (
                "This is the embedded demo server: nothing here is real.\n"
                f"Its password, {ready['password']}, is filled in. Press Enter to log on.\n"
                f"Its certificate's fingerprint begins with {ready['fingerprint'][:23]}: compare, then trust."
            )
            return run_screens(start, mouse=options.mouse)
    except (DemoUnavailable, OSError) as error:
        return _refuse(f"The embedded server did not start. {error}")


def _refuse(sentence: str) -> int:
    print(f"vbem: {sanitize.safe(sentence)}", file=sys.stderr)  # noqa: T201 - the command line speaks on stderr
    return EXIT_USAGE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["demo-server"]:
        return _demo_server(words[1:])
    options = build_parser().parse_args(words)
    _keep_secrets_in()
    if not (sys.stdin.isatty() and sys.stderr.isatty()):  # Textual draws on standard error
        return _refuse("The screens need a terminal: run it in one (over SSH: ssh -t).")
    try:
        return (
            _run_demo(options) if options.demo else run_screens(start_options(options), mouse=options.mouse)
        )
    except VbemError as error:
        return _refuse(f"{error} {error.hint}".strip())
    except ValueError as error:
        return _refuse(str(error))


def _demo_server(words: list[str]) -> int:
    from tui.demo import command

    parser = _Parser(prog="vbem demo-server", description="Run the embedded Enterprise Manager alone.")
    command.add_options(parser)
    return command.run(parser.parse_args(words))
