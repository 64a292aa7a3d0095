"""Folders, settings and how often the screen is repainted: what is decided before anything starts."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args, get_type_hints

from platformdirs import user_config_path, user_state_path

from tui.errors import VbemError
from tui.files import check_folder, make_folder, open_private, read_by_hand

APP_NAME = "vbem"
AT_A_TIME = 4
"""How many restores of a queue run at once, unless the operator says another number."""
PER_SERVER = 2
"""How many of them on one backup server, whose proxies and repositories its own backups need, too."""
MOST_AT_A_TIME = 50
"""What an operator may say for either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """The two folders of one profile (real or demo)."""

    state: Path
    """Journal, pinned certificates, crash reports: what must survive."""
    config: Path
    """Settings written by the operator."""
    demo: bool = False
    """Whether this is the profile of the embedded server."""
    settings_file: Path | None = None
    """The settings file the operator named (`--config`); None for the usual one."""

    @classmethod
    def locate(cls, *, demo: bool = False, state_dir: Path | None = None) -> Folders:
        """Find the folders; the demo's never overlap the real ones.

        Args:
            demo: use the profile of the embedded server.
            state_dir: the operator's own choice of the state folder (`--state-dir`).
        """
        name = f"{APP_NAME}-demo" if demo else APP_NAME
        state = state_dir.expanduser().resolve() if state_dir else user_state_path(name)
        return cls(
            state=state / "demo" if demo and state_dir else state, config=user_config_path(name), demo=demo
        )

    def make(self) -> None:
        """Create the state folder, for its owner alone, or check the one that is there.

        Raises:
            OSError: it cannot be made, or others may write in it.
        """
        make_folder(self.state)

    def check(self) -> None:
        """Check whatever is in the state folder and believed: that it is ours, and no link.

        Raises:
            StateError: others may write it, or it is not what it should be; the sentence names it.
        """
        for path in (path for name in _BELIEVED for path in sorted(self.state.glob(name))):
            try:
                if path.name == "sessions" and not path.is_symlink():
                    check_folder(path)
                else:
                    os.close(open_private(path, os.O_RDONLY))
            except OSError as error:
                raise StateError(f"{path} is not used: {error.strerror}.") from error

    @property
    def journal(self) -> Path:
        """Return the sqlite file of the journal."""
        return self.state / "journal.sqlite3"

    @property
    def pins(self) -> Path:
        """Return the file of pinned certificates."""
        return self.state / "known_servers"

    @property
    def settings(self) -> Path:
        """Return the settings file (TOML)."""
        return self.settings_file or self.config / "settings.toml"

    @property
    def keyring_service(self) -> str:
        """Return the name under which the keyring holds logon sessions of this profile."""
        return f"{APP_NAME}-demo" if self.demo else APP_NAME


_BELIEVED = ("known_servers*", "journal.sqlite3", "journal.sqlite3[-.]*", "last.json*", "sessions")


class StateError(VbemError):
    """The state folder, or a file in it, is not to be trusted."""

    title = "The state folder cannot be used"
    hint = "Check owner and mode, or choose another folder with --state-dir."


REFRESH = ("auto", "low", "full")
"""What the command line, the environment and the settings file may say."""

THEMES = ("dark", "light", "high-contrast")
"""The sets of colours there are; `tui.theme` has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRates:
    """How often what changes by itself is asked for and painted; keys are always answered at once."""

    paint_every_s: float
    """While pages arrive, the lists are painted at most this often."""
    poll_every_s: float
    """Restores that run are asked for, and their progress painted, at most this often."""


FULL = RefreshRates(paint_every_s=0.5, poll_every_s=1.0)
LOW = RefreshRates(paint_every_s=2.0, poll_every_s=2.0)


def refresh_rates(refresh: str, environment: Mapping[str, str]) -> RefreshRates:
    """Return the pace of a word of `REFRESH`; `auto` is low over SSH.

    Raises:
        ValueError: there is no such word.
    """
    if refresh not in REFRESH:
        raise ValueError(
            f"The refresh rate must be {', '.join(REFRESH[:-1])} or {REFRESH[-1]}, not {refresh!r}."
        )
    over_ssh = bool(environment.get("SSH_CONNECTION"))
    return LOW if refresh == "low" or (refresh == "auto" and over_ssh) else FULL


class SettingsError(VbemError):
    """The settings file says something that is not understood."""

    title = "The settings file has an error"
    hint = "Correct or remove the line."


_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What is particular to one server; every key may be left out."""

    user: str = ""
    """User name to prefill."""
    ca_file: str = ""
    """PEM file of authorities to trust instead of the system's."""
    fingerprint: str = ""
    """SHA-256 of the certificate that alone is accepted."""
    proxy: str = field(default="", repr=False)
    """URL of a proxy, perhaps with a password; none is taken from the environment."""
    password_command: str = field(default="", repr=False)
    """A command that prints the password."""
    wire: Literal["", "auto", "xml", "json"] = ""
    """What to speak."""
    cloud_layout: Literal["", "seed", "schema"] = ""
    """Wrapper of Cloud Director restores (WIRE 5.1)."""
    read_only: bool | None = None
    """Whether nothing may be sent that starts, stops or changes something there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedServer(ServerSettings):
    """A table `[server.NAME]`."""

    host: str
    """Host or host:port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ServerSettings):
    """The settings file; every key may be left out, and those of one server go before them."""

    cloud_layout: Literal["seed", "schema"] = "seed"
    """Wrapper of Cloud Director restores (WIRE 5.1)."""
    server: str = ""
    """Enterprise Manager to log on to: host or host:port. Not beside tables `[server.NAME]`."""
    default_server: str = ""
    """Which named server to log on to where none is named."""
    servers: Mapping[str, NamedServer] = field(default_factory=dict)
    """The tables `[server.NAME]`."""
    refresh: Literal["", "auto", "low", "full"] = ""
    """How often what changes by itself is painted: auto (low over SSH), low or full."""
    theme: Literal["", "dark", "light", "high-contrast"] = ""
    """The colours of the screens; empty for dark ones."""
    bell: Literal["", "on", "off"] = ""
    """Whether the terminal's bell rings once when a restore has ended: on or off."""
    log_file: str = ""
    """Where a log is written; empty for nowhere."""
    log_level: Literal["", "error", "info", "debug"] = ""
    """How much of it."""

    def chosen(self, name: str, server_name: str) -> tuple[str, str]:
        """Return what the file says of a setting, as text, empty for nothing; and which key of it says so.

        What stands in `[server.NAME]` goes before what stands outside.

        Args:
            name: of the setting.
            server_name: of the server in force; empty for none that the settings name.
        """
        if server_name and name in NamedServer.__dataclass_fields__:
            of_server = getattr(self.servers[server_name], name)
            if of_server not in {"", None}:
                return str(of_server), f"{name} of [server.{server_name}]"
        found = getattr(self, name)
        return ("" if found in {"", None} else str(found)), name

    def with_layout_of(self, server_name: str) -> Settings:
        """Return the settings with the Cloud Director layout of the server in force."""
        layout, _ = self.chosen("cloud_layout", server_name)
        return replace(self, cloud_layout="schema" if layout == "schema" else "seed")

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read the settings file; a missing one means the defaults.

        Raises:
            SettingsError: unreadable, not TOML, an unknown key, or a value that does not fit. It names the
                file and the key; for what is not TOML the line.
        """
        try:
            check_folder(path.parent)
            content = read_by_hand(path, _MAX_BYTES)
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
        return _parsed(path, content)


def _parsed(path: Path, content: bytes) -> Settings:
    # Imported here: without a file, start-up does not pay for it.
    import msgspec

    try:
        table = msgspec.toml.decode(content, type=dict[str, object])
    except (ValueError, RecursionError) as error:  # TOML and UTF-8 errors are ValueErrors
        raise SettingsError(_toml_words(path, str(error), len(content.splitlines()))) from error
    _refuse_passwords(path, table)
    found: dict[str, object] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name == "server" and isinstance(value, dict):
            found["servers"] = _named_servers(path, value)
            continue
        if name in found:
            raise SettingsError(f"{path} sets {name!r} twice.")
        if name not in _TYPES or name == "servers":
            raise SettingsError(f"{path} has an unknown key {key!r}.")
        found[name] = _checked(path, Settings, name, key, value)
    settings = msgspec.convert(found, Settings)
    if settings.default_server and settings.default_server not in settings.servers:
        raise SettingsError(
            f"default_server in {path} is {settings.default_server!r}, and there is no table "
            f"[server.{settings.default_server}]."
        )
    return settings


def _toml_words(path: Path, why: str, lines: int) -> str:
    """Return what is wrong with a file that is no TOML, in a sentence."""
    why = why.replace("at end of document", f"at line {lines}, the last one")
    if found := re.fullmatch(r"Cannot declare \((.+)\) twice \(at line (\d+), .*\)", why):
        table = ".".join(re.findall(r"[\"']([^\"']+)[\"']", found[1]))
        return f"{path} has the table [{table}] twice, the second time in line {found[2]}."
    if found := re.fullmatch(r"Cannot overwrite a value \(at line (\d+), .*\)", why):
        return f"{path} sets a key twice, the second time in line {found[1]}."
    return f"{path} is not a TOML file: {why}."


def _named_servers(path: Path, tables: Mapping[str, object]) -> dict[str, object]:
    """Return the tables `[server.NAME]`, each key checked.

    Raises:
        SettingsError: a table has no host, an unknown key or a value that does not fit.
    """
    found: dict[str, object] = {}
    for name, table in tables.items():
        where = f"[server.{name}] in {path}"
        if not isinstance(table, dict):
            raise SettingsError(f"{name} under [server] in {path} must be a table: [server.{name}].")
        _refuse_passwords(path, table)
        known = {key.replace("-", "_"): key for key in table}
        unknown = [key for key in known if key not in _SERVER_TYPES]
        if unknown:
            raise SettingsError(f"{where} has an unknown key {known[unknown[0]]!r}.")
        if not table.get("host"):
            raise SettingsError(f"{where} has no host.")
        found[name] = {
            key: _checked(path, NamedServer, key, f"{written} of [server.{name}]", table[written])
            for key, written in known.items()
        }
    return found


def _checked(path: Path, kind: type[ServerSettings], name: str, key: str, value: object) -> object:
    """Return a value that fits its key.

    Raises:
        SettingsError: it does not.
    """
    import msgspec

    others = {"host": "x"} if kind is NamedServer else {}
    try:
        msgspec.convert({**others, name: value}, kind)
    except msgspec.ValidationError as error:
        raise SettingsError(_misfit(path, key, _SERVER_TYPES.get(name) or _TYPES[name], value)) from error
    return value


def _refuse_passwords(path: Path, table: dict[str, object]) -> None:
    for key in table:
        if "password" in key.lower() and key.replace("-", "_") != "password_command":
            raise SettingsError(
                f"{path} has a key {key!r}, but a password is never read from a file.",
                hint="Remove the line, and change the password if others can read the file.",
            )


def _misfit(path: Path, key: str, kind: object, value: object) -> str:
    if bool in get_args(kind) or kind is bool:
        return f"{key} in {path} must be true or false."
    if not isinstance(value, str):
        return f"{key} in {path} must be text in quotes."
    return f"{key} in {path} must be one of {', '.join(filter(None, get_args(kind)))}, not {value!r}."


_TYPES = get_type_hints(Settings)
_SERVER_TYPES = get_type_hints(NamedServer)


@dataclass(kw_only=True)
class StartOptions:
    """What a start was asked for, with the precedence of option, environment and settings already settled."""

    folders: Folders
    settings: Settings
    server: str = ""
    user: str = ""
    password_hint: str = field(default="", repr=False)
    """Only the embedded server's password is ever prefilled."""
    server_name: str = ""
    """What the settings call that server; empty where they do not name it."""
    usual_layout: Literal["seed", "schema"] = "seed"
    """Wrapper of Cloud Director restores where the settings of a server name none."""
    wire: str = "auto"
    ca_file: Path | None = None
    fingerprint: str = ""
    """SHA-256 of the certificate that alone is accepted, in lower-case hex; empty: pins and authorities."""
    read_only: bool = False
    """Whether nothing may be sent that starts, stops or changes something at the server."""
    password_command: str = field(default="", repr=False)
    """A command of the operator's that prints the password; empty for none."""
    password_fd: int | None = None
    """An open file to read the password from; None for none."""
    bell: bool = True
    """Whether the terminal's bell rings once when a restore has ended."""
    log_file: Path | None = None
    """Where a log is written; None for nowhere."""
    log_level: str = "info"
    """How much of it: error, info or debug."""
    secret_sources: list[Callable[[], Iterable[str]]] = field(default_factory=list, repr=False)
    """What gives further secrets, as they are now: the token of a logon."""
    sources: dict[str, str] = field(default_factory=dict)
    """Where each option's value is from."""
    proxy: str = field(default="", repr=False)
    """URL of a proxy, its password in it; empty for none."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What of these options must never be in a report."""
    refresh: RefreshRates = FULL
    theme: str = THEMES[0]
    """The colours of the screens."""
    note: str = ""
    """A sentence for the login screen."""

    def use_server(self, name: str) -> None:
        """Take the host and what else the settings have for a named server; what was named elsewhere stays.

        Raises:
            KeyError: the settings have no such server.
            ValueError: one of its values cannot be used.
        """
        named = self.settings.servers[name]

        def is_free(key: str) -> bool:
            """Return whether neither an option nor the environment says it."""
            return not self.sources.get(key, "").startswith(("--", "VBEM_"))

        def chosen(key: str) -> str:
            value, written = self.settings.chosen(key, name)
            self.sources[key] = f"{written} in {self.folders.settings}"
            return value

        self.server, self.server_name = named.host, name
        self.sources["server"] = f"[server.{name}] in {self.folders.settings}"
        if is_free("user"):
            self.user = chosen("user")
        if is_free("ca_file"):
            path = chosen("ca_file")
            self.ca_file = Path(path).expanduser() if path else None
        if is_free("fingerprint"):
            text = chosen("fingerprint")
            self.fingerprint = bare_fingerprint(text) if text else ""
        if is_free("proxy"):
            self.proxy = chosen("proxy")
        if is_free("wire"):
            self.wire = chosen("wire") or "auto"
        if is_free("read_only"):
            self.read_only = chosen("read_only") == str(True)
        usual = replace(self.settings, cloud_layout=self.usual_layout)
        self.settings = usual.with_layout_of(name)


def bare_fingerprint(text: str) -> str:
    """Return a SHA-256 fingerprint as lower-case hex.

    Raises:
        ValueError: it is none.
    """
    bare = re.sub(r"[\s:]", "", text.lower().removeprefix("sha256:").removeprefix("sha256 fingerprint="))
    if not re.fullmatch(r"[0-9a-f]{64}", bare):
        raise ValueError("A SHA-256 fingerprint has 64 hexadecimal digits, with or without colons.")
    return bare
