"""Logon sessions, kept in the keyring: token, session id and user; never the password.

The keyring is asked in a child process without a terminal, through pipes, and killed when it takes too
long; what it cannot keep stays in memory, and the reason is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tui.clock import Clock
from tui.store.errors import KeyringError

_CHILD = (sys.executable, "-m", "tui.store.keyring_child")
_PASSED_ON = (
    "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "PYTHONPATH",
    "PYTHON_KEYRING_BACKEND", "USER", "WAYLAND_DISPLAY", "XDG_CONFIG_HOME", "XDG_CURRENT_DESKTOP",
    "XDG_DATA_HOME", "XDG_RUNTIME_DIR",
)  # fmt: skip
_PASSED_PREFIXES = ("KEYRING_", "VBEM_TEST_")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """What is kept of a logon session."""

    user: str
    session_id: str
    token: str = field(repr=False)
    api_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Where a session is kept."""

    in_keyring: bool
    reason: str
    """Why it is kept in memory only, to be read after a colon."""


class SessionStore:
    """Logon sessions by server.

    Args:
        service: the name the keyring shows.
        clock: time, for the limit on the child.
        state_folder: unused by the keyring itself; where a list of known users would stand.
        timeout_s: how long the keyring may take.
    """

    def __init__(
        self, service: str, *, clock: Clock, state_folder: Path | None = None, timeout_s: float = 3.0
    ) -> None:
        self._service = service
        self._clock = clock
        self._state_folder = state_folder
        self._timeout_s = timeout_s
        self._memory: dict[str, StoredSession] = {}

    async def load(self, server: str) -> StoredSession | None:
        """The kept session of a server, None if there is none or it cannot be read."""
        if server in self._memory:
            return self._memory[server]
        reply = await self._ask({"do": "get", "name": server})
        value = reply.get("value")
        if not reply.get("ok") or not isinstance(value, str):
            return None
        try:
            return StoredSession(**json.loads(value))
        except (ValueError, TypeError):
            # Written by something else under our name: of no use, and overwritten at the next logon.
            return None

    async def save(self, server: str, session: StoredSession) -> Kept:
        """Keep a session in the keyring, or in memory if that cannot be."""
        self._memory[server] = session
        reply = await self._ask({"do": "set", "name": server, "value": json.dumps(asdict(session))})
        return Kept(in_keyring=bool(reply.get("ok")), reason=str(reply.get("reason", "")))

    async def delete(self, server: str, user: str) -> None:
        """Forget the session of a user on a server.

        Raises:
            KeyringError: it was kept in the keyring and may still be there.
        """
        kept = self._memory.pop(server, None)
        found = await self._ask({"do": "get", "name": server})
        if not found.get("ok"):
            return
        stored = await self.load(server)
        if stored is not None and stored.user != user and kept is None:
            return
        reply = await self._ask({"do": "delete", "name": server})
        if not reply.get("ok"):
            raise KeyringError(str(reply.get("reason", "")))

    async def _ask(self, request: dict[str, str]) -> dict[str, object]:
        payload = json.dumps({"service": self._service, **request}).encode()
        try:
            child = await asyncio.create_subprocess_exec(
                *_CHILD,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                env=_environment(),
            )
        except OSError as error:
            return {"ok": False, "reason": f"the keyring cannot be asked ({error.strerror})"}
        try:
            async with asyncio.timeout(self._timeout_s):
                out, _ = await child.communicate(payload)
        except TimeoutError:
            return {"ok": False, "reason": f"the keyring did not answer within {self._timeout_s:g} s"}
        finally:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                await child.wait()
        return _parsed(out)


def _parsed(out: bytes) -> dict[str, object]:
    try:
        reply = json.loads(out)
    except ValueError:
        return {"ok": False, "reason": "the keyring's process ended without an answer"}
    return reply if isinstance(reply, dict) else {"ok": False, "reason": "the keyring gave no sense"}


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or name.startswith(_PASSED_PREFIXES)
    }
