"""Server and user of the last logon, for the next start, and what was refused in this run; nothing secret."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from tui.clock import Clock
from tui.files import locked, read_private, write_private
from tui.store.errors import StoreError
from tui.timefmt import clock_time

LAST_LOGON = "last.json"
LOG_OFF = "log-off.json"
SESSION_LIVES = timedelta(minutes=15)
"""How long a logon session lives on after its last request (WIRE 1.6)."""
_MAX_BYTES = 1_000_000
_MAX_WORD = 1_000
_MAX_SERVERS = 200
FREE_REFUSALS = 2
"""After more refusals than these the next logon of the account has to wait."""
FIRST_WAIT_S, LONGEST_WAIT_S = 30.0, 900.0
"""The wait doubles with each refusal."""


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


def log_off_begins(state: Path | None, server: str, user: str, now: datetime) -> None:
    """Note that a log-off is under way, so that the next start says what it left where it was cut off.

    A state folder that cannot be written holds no log-off up.
    """
    content = json.dumps({"server": server, "user": user, "began": now.isoformat()})
    with suppress(OSError):
        if state is not None:
            write_private(state / LOG_OFF, content.encode())


def log_off_ends(state: Path | None) -> None:
    """Note that what the log-off came to was said."""
    with suppress(OSError):
        if state is not None:
            (state / LOG_OFF).unlink()


def log_off_cut_off(state: Path, now: datetime) -> str:
    """Return what a log-off that was cut off may have left at the server; empty for nothing."""
    try:
        found = json.loads(read_private(state / LOG_OFF, _MAX_BYTES))
        began = datetime.fromisoformat(_word(found["began"]))
        user, server = _word(found["user"]), _word(found["server"])
        ends = began + SESSION_LIVES
        is_now = began <= now < ends
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ""
    if not is_now:
        return ""
    return (
        f"The last log-off was cut off: the logon session of {user} on {server} may live on until "
        f"{clock_time(ends)}, up to 15 minutes in all."
    )


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


class RefusalCounter:
    """Counts the refusals of each account and spaces its logons: directories lock it after a few of them.

    Args:
        clock: time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: dict[str, int] = {}
        self._free_at_s: dict[str, float] = {}

    def count(self, account: str) -> str:
        """Count one more; return a sentence from the second refusal on, with a space behind it."""
        name = account.casefold()
        times = self._times[name] = self._times.get(name, 0) + 1
        if times > FREE_REFUSALS:
            wait_s = min(FIRST_WAIT_S * 2 ** (times - FREE_REFUSALS - 1), LONGEST_WAIT_S)
            self._free_at_s[name] = self._clock.monotonic() + wait_s
        said = f"Refused {times} times. " if times > 1 else ""
        wait = self.why_wait(account)
        return f"{said}{wait} " if wait else said

    def why_wait(self, account: str) -> str:
        """Return until when no password of the account is sent, and why; empty where one may be."""
        left_s = self._free_at_s.get(account.casefold(), 0.0) - self._clock.monotonic()
        if left_s <= 0:
            return ""
        until = clock_time(self._clock.now() + timedelta(seconds=left_s))
        return f"The next try waits until {until}: a server may lock the account after a few more."

    def forget(self, account: str) -> None:
        """Forget the refusals of an account that was let in."""
        self._times.pop(account.casefold(), None)
        self._free_at_s.pop(account.casefold(), None)
