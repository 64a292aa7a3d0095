"""The options: one table, from which come the parser, `--help`, the environment, the settings and README.

An option goes before its environment variable, that before `[server.NAME]` of the settings, that before the
other settings, and those before the default.
Imports are local on purpose: `vbem --help` and the first painted login load nothing they do not need.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, NoReturn

from tui import sanitize
from tui.config import (
    REFRESH,
    THEMES,
    Folders,
    Settings,
    StartOptions,
    StateError,
    bare_fingerprint,
    refresh_rates,
)
from tui.errors import VbemError
from tui.store.last_logon import last_logon, log_off_cut_off

WIRES = ("auto", "xml", "json")
LOG_LEVELS = ("error", "info", "debug")
_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option that every command has."""

    name: str
    """As in the settings; on the command line with dashes."""
    metavar: str = ""
    """What stands behind it; empty for a switch."""
    help: str
    variable: str = ""
    """Its environment variable; empty for none."""
    is_setting: bool = True
    """Whether it is a key of the settings file."""
    is_per_server: bool = False
    """Whether it may stand in `[server.NAME]`, too."""
    choices: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """Return how it is written on the command line."""
        return f"--{self.name.replace('_', '-')}"


OPTIONS = (
    Option(
        name="server",
        metavar="HOST[:PORT]|NAME",
        variable="VBEM_SERVER",
        help="Enterprise Manager to log on to (port 9398), or a server the settings name",
    ),
    Option(
        name="user",
        metavar="DOMAIN\\USER",
        variable="VBEM_USER",
        is_per_server=True,
        help="user to log on as",
    ),
    Option(
        name="password_command",
        metavar="COMMAND",
        variable="VBEM_PASSWORD_COMMAND",
        is_per_server=True,
        help="a command that prints the password; run without a shell",
    ),
    Option(
        name="password_fd",
        metavar="NUMBER",
        is_setting=False,
        help="an open file descriptor to read the password from",
    ),
    Option(
        name="fingerprint",
        metavar="SHA256",
        variable="VBEM_FINGERPRINT",
        is_per_server=True,
        help="accept the certificate of this SHA-256 fingerprint alone",
    ),
    Option(
        name="ca_file",
        metavar="PEM",
        variable="VBEM_CA_FILE",
        is_per_server=True,
        help="CA certificates to trust instead of the system's",
    ),
    Option(
        name="proxy",
        metavar="URL",
        variable="VBEM_PROXY",
        is_per_server=True,
        help="HTTP proxy as http://HOST:PORT; HTTPS_PROXY is ignored",
    ),
    Option(
        name="wire",
        metavar="|".join(WIRES),
        variable="VBEM_WIRE",
        is_per_server=True,
        choices=WIRES,
        help="what to speak with the server (default: auto)",
    ),
    Option(
        name="read_only",
        variable="VBEM_READ_ONLY",
        is_per_server=True,
        help="send nothing that starts, stops or changes something at the server",
    ),
    Option(
        name="state_dir",
        metavar="DIR",
        variable="VBEM_STATE_DIR",
        is_setting=False,
        help="folder for the journal and pinned certificates",
    ),
    Option(
        name="config",
        metavar="FILE",
        variable="VBEM_CONFIG",
        is_setting=False,
        help="settings file to read instead of the usual one",
    ),
    Option(
        name="log_file",
        metavar="FILE",
        variable="VBEM_LOG_FILE",
        help="write a log there, without secrets",
    ),
    Option(
        name="log_level",
        metavar="|".join(LOG_LEVELS),
        variable="VBEM_LOG_LEVEL",
        choices=LOG_LEVELS,
        help="how much of it (default: info)",
    ),
    Option(
        name="refresh",
        metavar="|".join(REFRESH),
        variable="VBEM_REFRESH",
        choices=REFRESH,
        help="how often the screens repaint; auto is low over SSH (default: auto)",
    ),
    Option(
        name="bell",
        metavar="on|off",
        variable="VBEM_BELL",
        choices=("on", "off"),
        help="ring when a restore has ended (default: on)",
    ),
    Option(
        name="theme",
        metavar="|".join(THEMES),
        variable="VBEM_THEME",
        choices=THEMES,
        help="colours of the screens (default: dark)",
    ),
)
"""The table. Which of them a command uses is its own affair: all of them stand after any command."""

_NOT_WITH_DEMO = ("server", "user", "ca_file", "proxy", "fingerprint", "password_command", "password_fd")


class Parser(argparse.ArgumentParser):
    """Says what is wrong with a word without handing its controls to the terminal."""

    wants_json: ClassVar[bool] = False
    """Whether standard output is to have the one JSON object even where an option is wrong."""
    children: Mapping[str, argparse.ArgumentParser] = MappingProxyType({})
    """Those of its commands, by their names."""

    def error(self, message: str) -> NoReturn:
        if self.wants_json:
            print(usage_error_json(message))  # noqa: T201 - there is no output yet
        super().error(sanitize.safe(message))


def usage_error_json(message: str) -> str:
    """Return the JSON object of a command that was not understood."""
    error = {"title": "The command is not understood", "detail": message, "hint": "", "exit_code": 2}
    return json.dumps({"version": 1, "error": error}, indent=2)


def with_times_joined(words: list[str]) -> list[str]:
    """Return the words with `--before -3h` as `--before=-3h`: argparse would take the time for an option."""
    found: list[str] = []
    for word in words:
        if found and found[-1] in {"--before", "--since"} and re.match(r"-\d", word):
            found[-1] += f"={word}"
        else:
            found.append(word)
    return found


completions: dict[str, object] = {}
"""What completes a value, in shtab's words, by the argument's name; filled for `vbem completion` alone."""


def with_completion(action: argparse.Action) -> None:
    """Say what completes the value of an argument: its words (a tuple), or what shtab makes of it."""
    completion = completions.get(action.dest)
    if completions and isinstance(action.metavar, str):
        # zsh's `_arguments` would take a colon in it for the end of the message.
        action.metavar = action.metavar.replace(":", r"\:")
    if isinstance(completion, tuple):
        action.choices = completion
    elif completion is not None:
        vars(action)["complete"] = completion


OF_EVERY_COMMAND = "options of every command"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what every command has; what is not given is no attribute of the result."""
    group = parser.add_argument_group(OF_EVERY_COMMAND)
    for option in OPTIONS:
        if option.metavar:
            action = group.add_argument(
                option.flag,
                metavar=option.metavar,
                choices=option.choices or None,
                default=argparse.SUPPRESS,
                help=option.help,
            )
        else:
            action = group.add_argument(
                option.flag, action="store_true", default=argparse.SUPPRESS, help=option.help
            )
        with_completion(action)
    group.add_argument(
        "--demo",
        action="store_true",
        default=argparse.SUPPRESS,
        help="run on an embedded demo server; nothing real is touched",
    )
    group.add_argument(
        "--incident",
        action="store_true",
        default=argparse.SUPPRESS,
        help="with --demo: something encrypted its VMs; restore them",
    )


class _Chosen:
    """What was chosen for each option, and where.

    Args:
        options: of the command line.
        folders: where the settings are.
        settings: the settings file.
        server_name: of the table `[server.NAME]` in force; empty for none.
    """

    def __init__(
        self, options: argparse.Namespace, folders: Folders, settings: Settings, server_name: str
    ) -> None:
        self._options, self._folders, self._settings = options, folders, settings
        self._name = server_name
        self.sources: dict[str, str] = {}

    def value(self, name: str) -> str:
        """Return what was chosen; empty where nothing was."""
        value, source = self._of(_BY_NAME[name])
        if value:
            self.sources[name] = source
        return value

    def checked(self, name: str, check: Callable[[str], object]) -> str:
        """Return what was chosen, if the check accepts it.

        Raises:
            ValueError: it does not; the sentence says where the value is from.
        """
        value = self.value(name)
        if value:
            try:
                check(value)
            except (ValueError, VbemError) as error:
                raise ValueError(f"{self.sources[name]}: {error}") from error
        return value

    def switch(self, name: str) -> bool:
        """Return whether a switch is on.

        Raises:
            ValueError: the environment says neither yes nor no.
        """
        value = self.value(name).lower()
        if value not in _YES | _NO:
            raise ValueError(f"{self.sources[name]} must be 1 or 0, not {value!r}.")
        return value in _YES

    def _of(self, option: Option) -> tuple[str, str]:
        name = option.name
        if given := getattr(self._options, name, ""):
            return str(given), option.flag
        if option.variable and (value := os.environ.get(option.variable, "")):
            return value, option.variable
        if not option.is_setting:
            return "", ""
        value, key = self._settings.chosen(name, self._name)
        return value, f"{key} in {self._folders.settings}"


_BY_NAME = {option.name: option for option in OPTIONS}


def _check_among(name: str, words: tuple[str, ...]) -> Callable[[str], object]:
    def check(value: str) -> None:
        if value not in words:
            raise ValueError(f"The {name} must be {', '.join(words[:-1])} or {words[-1]}, not {value!r}.")

    return check


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


def _descriptor(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"A file descriptor is a number, not {text!r}.")
    try:
        os.fstat(int(text))
    except (OSError, OverflowError) as error:
        raise ValueError(f"The file descriptor {text} is not open.") from error
    return int(text)


def _folders_and_settings(options: argparse.Namespace) -> tuple[Folders, Settings, bool]:
    """Return the folders, the settings, and whether the operator named the state folder.

    Raises:
        VbemError: the settings cannot be used.
        ValueError: the settings file that was named is not there.
    """
    demo = getattr(options, "demo", False)
    state = str(getattr(options, "state_dir", "") or os.environ.get("VBEM_STATE_DIR", ""))
    folders = Folders.locate(demo=demo, state_dir=Path(state) if state else None)
    named = str(getattr(options, "config", "") or os.environ.get("VBEM_CONFIG", ""))
    if named:
        file = Path(named).expanduser().absolute()
        if not file.exists():
            raise ValueError(f"There is no settings file {file}.")
        folders = replace(folders, settings_file=file)
    return folders, Settings.load(folders.settings), bool(state)


def start_options(options: argparse.Namespace) -> StartOptions:
    """Combine the command line, the environment and the settings, and check what can be checked now.

    Raises:
        ValueError: a value is not one of those that are allowed.
        VbemError: the settings or the state folder cannot be used.
    """
    _check_together(options)
    folders, settings, is_state_named = _folders_and_settings(options)
    note = _check_state(folders, is_chosen=is_state_named)
    demo = folders.demo
    cut_off = "" if demo or note else log_off_cut_off(folders.state, datetime.now(UTC))
    last_server, last_user = ("", "") if demo or note else last_logon(folders.state)
    named = "" if demo else _Chosen(options, folders, settings, "").value("server") or settings.default_server
    server_name = named if named in settings.servers else ""
    chosen = _Chosen(options, folders, settings, server_name)
    if server_name:
        server = settings.servers[server_name].host
        _check_host(server, f"host of [server.{server_name}] in {folders.settings}")
        chosen.sources["server"] = f"[server.{server_name}] in {folders.settings}"
    else:
        server = ("" if demo else chosen.checked("server", _check_server)) or last_server
    proxy = chosen.checked("proxy", _proxy_secrets)
    ca_file = chosen.checked("ca_file", _check_ca_file)
    refresh = chosen.checked("refresh", lambda word: refresh_rates(word, os.environ)) or "auto"
    fingerprint = chosen.checked("fingerprint", bare_fingerprint)
    descriptor = chosen.checked("password_fd", _descriptor)
    user = chosen.value("user") or (last_user if _is_same(server, last_server) else "")
    return StartOptions(
        folders=folders,
        settings=settings.with_layout_of(server_name),
        usual_layout=settings.cloud_layout,
        server=server,
        server_name=server_name,
        user=user,
        wire=chosen.checked("wire", _check_among("wire format", WIRES)) or "auto",
        ca_file=Path(ca_file).expanduser() if ca_file else None,
        fingerprint=bare_fingerprint(fingerprint) if fingerprint else "",
        read_only=chosen.switch("read_only"),
        password_command=chosen.value("password_command"),
        password_fd=int(descriptor) if descriptor else None,
        proxy=proxy,
        secrets=_proxy_secrets(proxy),
        refresh=refresh_rates(refresh, os.environ),
        bell=(chosen.checked("bell", _check_among("bell", ("on", "off"))) or "on") == "on",
        theme=chosen.checked("theme", _check_among("theme", THEMES)) or THEMES[0],
        log_file=Path(chosen.value("log_file")).expanduser() if chosen.value("log_file") else None,
        log_level=chosen.checked("log_level", _check_among("log level", LOG_LEVELS)) or "info",
        note=note or cut_off,
        sources=chosen.sources,
    )


def _check_host(host: str, source: str) -> None:
    try:
        _check_server(host)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error


def _check_together(options: argparse.Namespace) -> None:
    """Raise ValueError with the sentence where options do not go together."""
    given: Mapping[str, object] = vars(options)
    ignored = [_BY_NAME[name].flag for name in _NOT_WITH_DEMO if given.get(name)]
    if given.get("demo") and ignored:
        raise ValueError(f"--demo logs on to its own server: leave out {' and '.join(ignored)}.")
    if given.get("incident") and not given.get("demo"):
        raise ValueError("--incident is played on the demo server: add --demo.")


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
