"""What the operator wrote into the settings file, and the last server and user for the next start."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from tui.store.errors import SettingsError, StoreError

LAST_LOGON = "last.json"
_CHOICES = {
    "wire": ("auto", "xml", "json"),
    "profile": ("auto", "local", "slow"),
    "cloud_layout": ("seed", "schema"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings file; every key may be left out."""

    server: str = ""
    """Enterprise Manager to log on to: host or host:port."""
    user: str = ""
    """User name to prefill."""
    wire: str = "auto"
    """What to speak: auto, xml or json."""
    ca_file: str = ""
    """PEM file of authorities to trust instead of the system's."""
    proxy: str = ""
    """URL of a proxy; none is taken from the environment."""
    profile: str = "auto"
    """How much may be painted: auto, local or slow."""
    cloud_layout: str = "seed"
    """Wrapper of Cloud Director restores: seed or schema (contract 5.1)."""

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read the settings file; a missing one means the defaults.

        Raises:
            SettingsError: unreadable, not TOML, an unknown key, or a value that does not fit; names both.
        """
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
        except ValueError as error:  # TOML and UTF-8 errors are ValueErrors
            raise SettingsError(f"{path} is not a TOML file: {error}.") from error
        known = {item.name for item in fields(cls)}
        for key, value in found.items():
            if key not in known:
                raise SettingsError(f"{path} has a key {key!r} that vbem does not know.")
            if not isinstance(value, str):
                raise SettingsError(f"{key} in {path} must be text in quotes.")
            if key in _CHOICES and value not in _CHOICES[key]:
                raise SettingsError(f"{key} in {path} must be one of {', '.join(_CHOICES[key])}.")
        return cls(**found)


def last_logon(state: Path) -> tuple[str, str]:
    """Server and user of the last logon; both empty where nothing is remembered."""
    try:
        found = json.loads((state / LAST_LOGON).read_text(encoding="utf-8"))
        return str(found["server"]), str(found["user"])
    except (OSError, ValueError, KeyError, TypeError):
        # A convenience: whatever is wrong with it, the operator types two fields.
        return "", ""


def remember_logon(state: Path, server: str, user: str) -> None:
    """Remember server and user for the next start; nothing secret is in it.

    Raises:
        StoreError: the state folder cannot be written.
    """
    path = state / LAST_LOGON
    new = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"server": server, "user": user}, file)
        new.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from error
