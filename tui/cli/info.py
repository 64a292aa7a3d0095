"""`vbem info`: this installation as a bug report needs it, without anything secret."""

from __future__ import annotations

import asyncio
import locale
import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from tui import __version__, sanitize
from tui.api.models import ServerAddress
from tui.cli.exit_codes import ExitCode
from tui.cli.logon import Command
from tui.cli.options import OPTIONS
from tui.config import NamedServer
from tui.crash_report import redacted
from tui.errors import VbemError
from tui.store.keyring_store import SessionStore
from tui.store.known_servers import KnownServers

_PACKAGES = ("textual", "httpx", "xmltodict", "keyring", "msgspec", "cryptography")
_SECRET = frozenset({"proxy", "password_command", "password_fd"})


async def info(command: Command) -> ExitCode:
    """Write versions, paths, settings in force and where they are from, keyring, pins and terminal."""
    start = command.start
    folders = start.folders
    facts = {
        "vbem": __version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": platform.platform(),
        **{name: _version_of(name) for name in _PACKAGES},
        "state folder": str(folders.state),
        "settings file": f"{folders.settings}{'' if folders.settings.is_file() else ' (not there)'}",
        "journal": _size_of(command),
        "keyring": await _keyring_words(command),
        "pinned certificates": await asyncio.to_thread(_pins_of, command),
        "crash reports": str(len(list(folders.state.glob("crash-*.txt")))),
        "terminal": _terminal_words(),
        "locale": _locale_words(),
    }
    options = {option.name: _option_words(command, option.name) for option in OPTIONS}
    servers = [
        {
            "name": name,
            "host": one.host,
            "user": one.user,
            "read_only": bool(one.read_only),
            "is_chosen": name == start.server_name,
            "same_as": _same_as(start.settings.servers, name),
        }
        for name, one in start.settings.servers.items()
    ]
    command.out.lines(f"{name}: {_clean(command, words)}" for name, words in facts.items())
    command.out.lines(["", "options in force:"])
    command.out.lines(f"  {name}: {_clean(command, words)}" for name, words in options.items())
    command.out.lines(["", "servers of the settings:" if servers else "The settings name no servers."])
    command.out.lines(
        f"  {one['name']}: {one['host']}"
        + (f" (the same server as {one['same_as']})" if one["same_as"] else "")
        for one in servers
    )
    command.out.document(
        "servers",
        servers,
        facts={name.replace(" ", "_"): _clean(command, words) for name, words in facts.items()},
        options={name: _clean(command, words) for name, words in options.items()},
    )
    return ExitCode.DONE


def _same_as(servers: Mapping[str, NamedServer], name: str) -> str:
    """Return the first other name that the settings have for the same address; empty for none."""

    def dialled(host: str) -> str:
        try:
            return str(ServerAddress.parse(host))
        except ValueError:
            return host

    here = dialled(servers[name].host)
    return next((one for one in servers if one != name and dialled(servers[one].host) == here), "")


def _clean(command: Command, words: str) -> str:
    return redacted(words, command.start.secrets)


def _version_of(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _size_of(command: Command) -> str:
    journal = command.start.folders.journal
    try:
        return f"{journal.stat().st_size:,} bytes"
    except FileNotFoundError:
        return "none yet"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


async def _keyring_words(command: Command) -> str:
    folders = command.start.folders
    store = SessionStore(folders.keyring_service, state_folder=folders.state)
    return (await store.check()).words


def _pins_of(command: Command) -> str:
    try:
        pins = KnownServers(command.start.folders.pins).all()
    except VbemError as error:
        return str(error)
    return ", ".join(f"{pin.server} SHA256 {pin.sha256[:16]}..." for pin in pins) or "none"


def _terminal_words() -> str:
    names = ("TERM", "COLORTERM", "NO_COLOR", "TMUX", "STY", "SSH_CONNECTION")
    given = [f"{name}={'set' if name in {'TMUX', 'STY', 'SSH_CONNECTION'} else os.environ[name]}"
             for name in names if os.environ.get(name)]  # fmt: skip
    streams = {"stdin": sys.stdin, "stdout": sys.stdout, "stderr": sys.stderr}
    terminals = [name for name, stream in streams.items() if stream.isatty()]
    others = [name for name in streams if name not in terminals]
    parts = [" ".join(given) or "no TERM"]
    parts += [f"on a terminal: {', '.join(terminals)}"] if terminals else []
    parts += [f"not on a terminal: {', '.join(others)}"] if others else []
    return "; ".join(parts)


def _locale_words() -> str:
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    given = " ".join(f"{name}={os.environ[name]}" for name in names if os.environ.get(name))
    shown = sanitize.either("Unicode is shown", "ASCII alone is shown")
    return f"{given or 'none set'}; encoding {locale.getencoding()}; {shown}"


def _option_words(command: Command, name: str) -> str:
    start = command.start
    source = start.sources.get(name)
    if name == "state_dir":
        return f"{start.folders.state}"
    if name == "config":
        return f"{start.folders.settings}"
    if name in _SECRET:
        given = {
            "proxy": start.proxy,
            "password_command": start.password_command,
            "password_fd": start.password_fd,
        }
        return f"set ({source})" if given[name] not in {"", None} else "not set"
    value = start.server if name == "server" else getattr(start, name, "")
    if name == "refresh":
        value = f"paints every {start.refresh.paint_every_s} s, asks every {start.refresh.poll_every_s} s"
    if value in {"", None}:
        return "not set"
    return f"{value} ({source or 'default'})"
