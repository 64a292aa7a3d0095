"""The command line. Precedence: option, then environment, then settings file, then default.

Imports are local on purpose: `vbem --help` and the first painted login load nothing they do not need.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import gc
import os
import re
import resource
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tui import __version__, sanitize
from tui.config import PROFILES, Folders, Settings, StartOptions, StateError, refresh_rates
from tui.errors import VbemError
from tui.store.last_logon import last_logon, log_off_cut_off

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_WATCHING = ("TEXTUAL", "TEXTUAL_DEBUG", "TEXTUAL_LOG", "SSLKEYLOGFILE", "PYTHONASYNCIODEBUG")
"""With these, Textual logs each key pressed, the password's too; ssl and asyncio log even more."""
_VARIABLES = {
    "server": "VBEM_SERVER", "user": "VBEM_USER", "format": "VBEM_FORMAT", "ca_file": "VBEM_CA_FILE",
    "proxy": "VBEM_PROXY", "profile": "VBEM_PROFILE",
}  # fmt: skip
_NOT_WITH_DEMO = ("server", "user", "ca_file", "proxy")
EXIT_USAGE = 2
LEAVE_S = 2.0
"""How long the end waits for what does not end by itself."""


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
    parser.add_argument(
        "--incident", action="store_true", help="with --demo: something encrypted its VMs; restore them"
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


class _Chosen:
    """What was chosen for each option: on the command line, else in the environment, else in the settings.

    Args:
        options: of the command line.
        folders: where the settings are.
        settings: the settings file.
    """

    def __init__(self, options: argparse.Namespace, folders: Folders, settings: Settings) -> None:
        self._options, self._folders, self._settings = options, folders, settings

    def value(self, name: str) -> str:
        """Return what was chosen; empty where nothing was."""
        return self._of(name)[0]

    def checked(self, name: str, check: Callable[[str], object]) -> str:
        """Return what was chosen, if the check accepts it.

        Raises:
            ValueError: it does not; the sentence says where the value is from.
        """
        value, source = self._of(name)
        if value:
            try:
                check(value)
            except (ValueError, VbemError) as error:
                raise ValueError(f"{source}: {error}") from error
        return value

    def _of(self, name: str) -> tuple[str, str]:
        variable = _VARIABLES[name]
        if option := getattr(self._options, name):
            return str(option), f"--{name.replace('_', '-')}"
        if value := os.environ.get(variable, ""):
            return value, variable
        key = "wire" if name == "format" else name
        return getattr(self._settings, key), f"{name} in {self._folders.settings}"


def _check_format(wire: str) -> None:
    if wire not in {"auto", "xml", "json"}:
        raise ValueError(f"The format must be auto, xml or json, not {wire!r}.")


PLAIN_SERVER = re.compile(r"[a-z][a-z0-9-]{0,39}(?:\.[a-z][a-z0-9-]{0,39}){0,4}(?::[1-9][0-9]{0,3})?")


def _check_server(server: str) -> None:
    if PLAIN_SERVER.fullmatch(server):
        return  # surely one: reading it in full would take a tenth of the time to the first screen
    from tui.api.models import ServerAddress

    ServerAddress.parse(server)


def _is_same(server: str, last: str) -> bool:
    """Compare two servers as they are dialled, however they were typed."""
    if not server or not last or server == last:
        return server == last
    from tui.api.models import ServerAddress

    try:
        return ServerAddress.parse(server) == ServerAddress.parse(last)
    except ValueError:
        return False


def _check_ca_file(path: str) -> None:
    from tui.api.tls import Trust, client_context

    client_context(Trust(ca_file=Path(path).expanduser()))


def _proxy_secrets(url: str) -> tuple[str, ...]:
    """Check the proxy's URL; return what of it is secret."""
    if not url:
        return ()
    from tui.api.proxy import ProxyAddress

    return ProxyAddress.parse(url).secrets


def start_options(options: argparse.Namespace) -> StartOptions:
    """Combine the command line, the environment and the settings, and check what can be checked now.

    Raises:
        ValueError: a value is not one of those that are allowed.
        VbemError: the settings or the state folder cannot be used.
    """
    state = str(options.state_dir or os.environ.get("VBEM_STATE_DIR", ""))
    folders = Folders.locate(demo=options.demo, state_dir=Path(state) if state else None)
    settings = Settings.load(folders.settings)
    note = _check_state(folders, is_chosen=bool(state))
    cut_off = "" if options.demo or note else log_off_cut_off(folders.state, datetime.now(UTC))
    last_server, last_user = ("", "") if options.demo or note else last_logon(folders.state)
    chosen = _Chosen(options, folders, settings)
    proxy = chosen.checked("proxy", _proxy_secrets)
    ca_file = chosen.checked("ca_file", _check_ca_file)
    server = chosen.checked("server", _check_server) or last_server
    profile = chosen.checked("profile", lambda name: refresh_rates(name, os.environ))
    return StartOptions(
        folders=folders,
        settings=settings,
        server=server,
        user=chosen.value("user") or (last_user if _is_same(server, last_server) else ""),
        wire=chosen.checked("format", _check_format),
        ca_file=Path(ca_file).expanduser() if ca_file else None,
        proxy=proxy,
        secrets=_proxy_secrets(proxy),
        refresh=refresh_rates(profile, os.environ),
        note=note or cut_off,
    )


def _check_state(folders: Folders, *, is_chosen: bool) -> str:
    """Check the state folder before anything is typed.

    Args:
        folders: of this start.
        is_chosen: the operator named the folder, and may name another one.

    Returns:
        A note where the usual folder cannot be written: restoring is possible without it.

    Raises:
        StateError: others may write in it, or the folder that was named cannot be written.
    """
    try:
        folders.make()
        if not os.access(folders.state, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "it may not be written")
    except OSError as error:
        words = f"The state folder {folders.state} cannot be used: {error.strerror}."
        if is_chosen or error.errno == errno.EPERM:
            raise StateError(words) from error
        return f"{words} Restores can only be sent without a journal, and no certificate can be trusted."
    folders.check()
    return ""


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
    # A loop of our own: `asyncio.run` waits for every thread at the end, five minutes long.
    loop = asyncio.new_event_loop()
    try:
        app.run(mouse=mouse, loop=loop)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.wait(left, timeout=LEAVE_S) if left else asyncio.sleep(0))
        loop.close()
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


def _run_demo(start: StartOptions, *, mouse: bool, incident: bool = False) -> int:
    from tui import timefmt
    from tui.demo.child import DemoUnavailable, embedded_server

    switches = ("--incident",) if incident else ()
    try:
        with embedded_server(identity_folder=start.folders.state / "server", options=switches) as ready:
            start.proxy = ""  # nobody's proxy leads to this host's loopback interface
            start.ca_file = None
            start.server = ready["url"].removeprefix("https://").rstrip("/")
            start.user = ready["user"]
            start.password_hint = ready["password"]
            start.note = (
                "This is the embedded demo server: nothing here is real.\n"
                f"Its password, {ready['password']}, is filled in. Press Enter to log on.\n"
                f"Its certificate's fingerprint begins with {ready['fingerprint'][:23]}: compare, then trust."
            )
            if incident:
                moment = datetime.fromisoformat(ready["incident"])
                start.note += f"\nAn incident to play: since {timefmt.both(moment)} all is encrypted."
            return run_screens(start, mouse=mouse)
    except (DemoUnavailable, OSError) as error:
        return _refuse(f"The embedded server did not start. {error}")


def _refuse(sentence: str) -> int:
    print(f"vbem: {sanitize.safe(sentence)}", file=sys.stderr)  # noqa: T201 - the command line speaks on stderr
    return EXIT_USAGE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Args:
        arguments: None for those of this process, which then ends even if one of its threads hangs.
    """
    code = _run(list(sys.argv[1:] if arguments is None else arguments))
    if arguments is None:
        _end_threads(code)
    return code


def _run(words: list[str]) -> int:
    if words[:1] == ["demo-server"]:
        return _demo_server(words[1:])
    options = build_parser().parse_args(words)
    _keep_secrets_in()
    try:
        _check_together(options)
        start = start_options(options)
        if not (sys.stdin.isatty() and sys.stderr.isatty()):  # Textual draws on standard error
            return _refuse("The screens need a terminal: run it in one (over SSH: ssh -t).")
        if options.demo:
            return _run_demo(start, mouse=options.mouse, incident=options.incident)
        return run_screens(start, mouse=options.mouse)
    except VbemError as error:
        return _refuse(f"{error} {error.hint}".strip())
    except ValueError as error:
        return _refuse(str(error))


def _check_together(options: argparse.Namespace) -> None:
    """Raise ValueError with the sentence where options do not go together."""
    ignored = [f"--{name.replace('_', '-')}" for name in _NOT_WITH_DEMO if getattr(options, name)]
    if options.demo and ignored:
        raise ValueError(f"--demo logs on to its own server: leave out {' and '.join(ignored)}.")
    if options.incident and not options.demo:
        raise ValueError("--incident is played on the demo server: add --demo.")


def _end_threads(code: int) -> None:
    """End the process where a thread does not end: one that asks a resolver can wait for minutes."""
    deadline = time.monotonic() + LEAVE_S
    others = [one for one in threading.enumerate() if one is not threading.main_thread() and not one.daemon]
    for thread in others:
        thread.join(max(0.0, deadline - time.monotonic()))
    if any(thread.is_alive() for thread in others):
        _last_word("The system did not answer, to a name lookup most likely; that was not waited for.")
        os._exit(code)


def _demo_server(words: list[str]) -> int:
    from tui.demo import command

    parser = _Parser(prog="vbem demo-server", description="Run the embedded Enterprise Manager alone.")
    command.add_options(parser)
    return command.run(parser.parse_args(words))
