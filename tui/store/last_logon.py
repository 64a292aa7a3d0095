"""Server and user of the last logon, remembered for the next start; nothing secret is in it."""

from __future__ import annotations

import json
from pathlib import Path

from tui.files import locked, read_private, write_private
from tui.store.errors import StoreError

LAST_LOGON = "last.json"
_MAX_BYTES = 1_000_000
_MAX_WORD = 1_000
_MAX_SERVERS = 200


def last_logon(state: Path) -> tuple[str, str]:
    """Return server and user of the last logon; both empty where nothing is remembered.

    Raises:
        StoreError: the file is there and cannot be read, or others may write it.
    """
    found = _read_last(state)
    server = _word(found.get("server"))
    return server, _word(found.get("user")) if server else ""


def last_user(state: Path, server: str) -> str:
    """Return who logged on to this server last; empty where nothing is remembered.

    Raises:
        StoreError: the file is there and cannot be read, or others may write it.
    """
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
            title="The last server and user could not be saved",
            hint="Type them at the next start, or make the state folder writable.",
        ) from error


def _read_last(state: Path) -> dict[str, object]:
    path = state / LAST_LOGON
    try:
        found = json.loads(read_private(path, _MAX_BYTES))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreError(
            f"{path} cannot be read: {error.strerror}.",
            title="The last server and user are not known",
            hint="Remove the file: it only saves typing.",
        ) from error
    except (ValueError, RecursionError):
        # A convenience: without it, the operator types two fields.
        return {}
    return found if isinstance(found, dict) else {}


def _word(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _MAX_WORD else ""
