"""What the operator wrote into the settings file, and the last server and user for the next start."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path

from tui.store.errors import SettingsError, StoreError
from tui.store.files import locked, write_private

LAST_LOGON = "last.json"
_CHOICES = {
    "wire": ("auto", "xml", "json"),
    "profile": ("auto", "low", "full"),
    "cloud_layout": ("seed", "schema"),
}
_SPELLED_AS_OPTION = {"format": "wire", "ca-file": "ca_file", "cloud-layout": "cloud_layout"}
"""Keys may be spelled as the options of the command line are."""
_MAX_BYTES = 1_000_000
_MAX_WORD = 1_000
_MAX_SERVERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings file; every key may be left out."""

    server: str = ""
    """Enterprise Manager to log on to: host or host:port."""
    user: str = ""
    """User name to prefill."""
    wire: str = "auto"
    """What to speak: auto, xml or json. In the file also `format`, as the option is called."""
    ca_file: str = ""
    """PEM file of authorities to trust instead of the system's."""
    proxy: str = field(default="", repr=False)
    """URL of a proxy, perhaps with a password; none is taken from the environment."""
    profile: str = "auto"
    """How much may be painted: auto (low over SSH), low or full."""
    cloud_layout: str = "seed"
    """Wrapper of Cloud Director restores: seed or schema (contract 5.1)."""

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read the settings file; a missing one means the defaults.

        Raises:
            SettingsError: unreadable, not TOML, an unknown key, or a value that does not fit; names both.
        """
        found: dict[str, str] = {}
        for key, value in _read_toml(path).items():
            name = _SPELLED_AS_OPTION.get(key, key)
            if name in found:
                raise SettingsError(f"{path} says {name!r} twice.")
            found[name] = _checked(path, key, name, value)
        return cls(**found)


def _read_toml(path: Path) -> dict[str, object]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SettingsError(f"{path} is too large for a settings file.")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:  # TOML and UTF-8 errors are ValueErrors
        raise SettingsError(f"{path} is not a TOML file: {error}.") from error


def _checked(path: Path, key: str, name: str, value: object) -> str:
    if "password" in key.lower():
        raise SettingsError(
            f"{path} has a key {key!r}, but a password is never read from a file.",
            hint="Remove the line, and change the password if others can read the file.",
        )
    if name not in {item.name for item in fields(Settings)}:
        raise SettingsError(f"{path} has a key {key!r} that vbem does not know.")
    if not isinstance(value, str):
        raise SettingsError(f"{key} in {path} must be text in quotes.")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise SettingsError(f"{key} in {path} must be one of {', '.join(_CHOICES[name])}, not {value!r}.")
    return value


def last_logon(state: Path) -> tuple[str, str]:
    """Server and user of the last logon; both empty where nothing is remembered."""
    found = _read_last(state)
    server = _word(found.get("server"))
    return server, _word(found.get("user")) if server else ""


def last_user(state: Path, server: str) -> str:
    """Who logged on to this server last; empty where nothing is remembered."""
    users = _read_last(state).get("users")
    return _word(users.get(server)) if isinstance(users, dict) else ""


def remember_logon(state: Path, server: str, user: str) -> None:
    """Remember server and user for the next start; nothing secret is in it.

    Raises:
        StoreError: the state folder cannot be written.
    """
    path = state / LAST_LOGON
    try:
        with locked(path):
            old = _read_last(state).get("users")
            users = {key: _word(value) for key, value in old.items()} if isinstance(old, dict) else {}
            users.pop(server, None)
            users[server] = user
            users = dict(list(users.items())[-_MAX_SERVERS:])
            content = json.dumps({"server": server, "user": user, "users": users}, indent=1)
            write_private(path, content.encode())
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}.",
            title="The last server and user could not be remembered",
            hint="Type them at the next start, or make the state folder writable.",
        ) from error


def _read_last(state: Path) -> dict[str, object]:
    try:
        with (state / LAST_LOGON).open("rb") as file:
            found = json.loads(file.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        # A convenience: whatever is wrong with it, the operator types two fields.
        return {}
    return found if isinstance(found, dict) else {}


def _word(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _MAX_WORD else ""
