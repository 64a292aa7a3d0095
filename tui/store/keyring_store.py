"""Logon sessions, kept in the keyring: token, session id and user; never the password.

The keyring is asked in a worker process without a terminal, through pipes, and killed when it takes too
long; what it cannot keep stays in memory, and the reason is given.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote

from tui import child_process
from tui.sanitize import safe
from tui.store.errors import KeyringError
from tui.store.last_logon import last_user

_PASSED_ON = frozenset({
    "DBUS_SESSION_BUS_ADDRESS", "DESKTOP_SESSION", "DISPLAY", "GNUPGHOME", "GPG_AGENT_INFO", "LOGNAME",
    "PYTHON_KEYRING_BACKEND", "USER", "WAYLAND_DISPLAY", "XAUTHORITY",
})  # fmt: skip
_PASSED_PREFIXES = ("GNOME_KEYRING_", "KDE_", "KEYRING_", "PASSWORD_STORE_", "XDG_")
"""Where desktop and keyring are. GPG_TTY is not among them: gpg would ask on it, across the screen."""
_FOLDERS = ("GNUPGHOME", "PASSWORD_STORE_DIR", "PASSWORD_STORE_EXTENSIONS_DIR")
"""Variables that programs resolve against the current folder, which is another one for the worker."""
_GPG_OPTIONS = "--status-fd 2 --no-auto-key-locate"
"""What `pass` hands to gpg: say in fixed words what failed, and look for no key on the network."""
_GPG_ASKS_NOBODY = "--pinentry-mode error"
"""Without a display nobody can be asked for a passphrase; one in the agent's memory still serves."""
TIMEOUT_S = 3.0
"""How long the keyring may take before its process is killed."""
_SWITCHED_OFF = "keyring.backends.null.Keyring"
"""Who chooses it wants no keyring: known without a process, which takes a fraction of a second each time."""
_CHECK = "vbem-check"
"""Name and value of the entry that shows whether a keyring works; a session's name has an `@`."""
_RECIPES = "See README, Keyrings."
_CHOOSE = "Choose one with PYTHON_KEYRING_BACKEND, which is faster: see README, Keyrings."
_OPEN_FIRST = "Open it before the next logon: see README, Keyrings."
_DYING_S = 1.0
"""How long a killed worker may take to end before it is left to the system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """What is kept of a logon session."""

    user: str
    session_id: str
    token: str = field(repr=False)
    """The X-RestSvcSessionId value. A secret."""
    api_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepResult:
    """Where a session is kept."""

    in_keyring: bool
    reason: str
    """Why it is in memory only, to follow a colon; empty when it is in the keyring."""
    keyring: str = ""
    """What the keyring is called, `Secret Service`; empty where the session is in memory only."""
    hint: str = ""
    """What to do about it, a sentence; empty where nothing is known."""

    @property
    def words(self) -> str:
        """Say where the session is, and why and what to do where it is in memory only."""
        if self.in_keyring:
            return f"The logon session is in the keyring ({self.keyring})."
        return f"The logon session is in memory only: {self.reason.rstrip('.')}. {self.hint}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyringCheck:
    """What a keyring did with an entry that holds no secret."""

    keyring: str
    """What it is called, as far as it was found; empty where none was."""
    is_usable: bool
    """Whether the entry was written, read back and deleted."""
    reason: str = ""
    """Why not, to follow a colon."""
    hint: str = ""
    """What to do about it, a sentence."""
    chosen_by: str = ""
    """`PYTHON_KEYRING_BACKEND` or `keyringrc.cfg`; empty where it is the best that was found."""

    @property
    def words(self) -> str:
        """Say which keyring it is and whether it was seen to work."""
        if not self.is_usable:
            return f"None: {self.reason}. {self.hint}".strip()
        chosen = f", chosen by {self.chosen_by}" if self.chosen_by else ""
        return f"{self.keyring}{chosen}: an entry was written, read back and deleted."


class SessionStore:
    """Logon sessions by server and user.

    Args:
        service: the name the keyring shows.
        state_folder: where the last user of each server is remembered, which is no secret.
        timeout_s: seconds the keyring may take before its process is killed.
    """

    def __init__(
        self,
        service: str,
        *,
        state_folder: Path | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.state_folder = state_folder
        self.unread = ""
        """Why the last `load` could not read a keyring that is there, in sentences; empty where it could."""
        self._service = service
        self._timeout_s = timeout_s
        self._memory: dict[str, tuple[StoredSession, KeepResult]] = {}
        """Only what the keyring would not keep, by the name it would have there."""
        self._keyrings: dict[str, str] = {}
        """What the keyring is called, by the name of a session in it."""
        self._users: dict[str, str] = {}

    async def load(self, server: str, user: str = "") -> StoredSession | None:
        """Return the kept session of a server, None if there is none or it cannot be read.

        Args:
            server: `host:port`.
            user: whose session; empty for the last user.
        """
        name = self._name(server, user)
        if name in self._memory:
            return self._memory[name][0]
        if not name:
            return None
        reply = await self._ask({"do": "get", "name": name})
        if reply.get("ok"):
            self._keyrings[name] = _words(reply.get("keyring"))
        has_answered = reply.get("ok") or reply.get("no_keyring")
        self.unread = "" if has_answered else f"{_reason(reply)}. {_hint(reply)}".strip()
        return _session(reply.get("value"))

    async def save(self, server: str, session: StoredSession) -> KeepResult:
        """Keep a session in the keyring, or in memory if that cannot be."""
        self._users[server] = session.user
        name = self._name(server, session.user)
        reply = await self._ask({"do": "set", "name": name, "value": json.dumps(asdict(session))})
        if reply.get("ok"):
            self._memory.pop(name, None)
            self._keyrings[name] = _words(reply.get("keyring"))
            return self.where(server, session.user)
        kept = KeepResult(in_keyring=False, reason=_reason(reply), hint=_hint(reply))
        self._memory[name] = (session, kept)
        return kept

    def where(self, server: str, user: str) -> KeepResult:
        """Return where a session that `load` gave is kept."""
        name = self._name(server, user)
        held = self._memory.get(name)
        return (
            held[1] if held else KeepResult(in_keyring=True, reason="", keyring=self._keyrings.get(name, ""))
        )

    async def delete(self, server: str, user: str) -> None:
        """Forget the session of a user on a server, in memory and in the keyring.

        Raises:
            KeyringError: it was kept in the keyring and may still be there.
        """
        name = self._name(server, user)
        was_in_memory = self._memory.pop(name, None) is not None
        keeps = self._keyrings.get(name, "")
        if not name:
            return
        reply = await self._ask({"do": "delete", "name": name, "keyring": keeps})
        if reply.get("ok"):
            self._keyrings.pop(name, None)
            return
        if not keeps and (was_in_memory or reply.get("no_keyring")):
            return
        reason = _reason(reply)
        raise KeyringError(f"{reason[:1].upper()}{reason[1:]}.")

    async def check(self) -> KeyringCheck:
        """Have the keyring keep, return and delete an entry that holds no secret: seconds at most."""
        reply = await self._ask({"do": "check", "name": _CHECK, "value": _CHECK})
        return KeyringCheck(
            keyring=_words(reply.get("keyring")),
            is_usable=bool(reply.get("ok")),
            reason=_reason(reply),
            hint=_hint(reply),
            chosen_by=_words(reply.get("chosen_by")),
        )

    def _name(self, server: str, user: str) -> str:
        """Return the keyring's name for it, empty where nobody is known to have logged on."""
        user = user or self._users.get(server, "")
        if not user and self.state_folder is not None:
            user = last_user(self.state_folder, server)
        return f"{user}@{server}" if user else ""

    async def _ask(self, request: dict[str, str]) -> dict[str, object]:
        if os.environ.get("PYTHON_KEYRING_BACKEND") == _SWITCHED_OFF:
            return {**_no("the keyring is switched off here (keyring.backends.null)"), "no_keyring": True}
        payload = json.dumps({"service": self._service, **request}).encode()
        try:
            worker = _start_worker()
        except OSError as error:
            return _no(f"the keyring cannot be reached ({error.strerror})")
        answering = asyncio.ensure_future(asyncio.to_thread(_answer_of, worker, payload, self._timeout_s))
        try:
            # Shielded: one that still waits for its thread would never begin, and the process stay unreaped.
            return _parsed(await asyncio.shield(answering))
        except subprocess.TimeoutExpired as late:
            return self._late(_asked(late.output or b""))
        finally:
            # Where the caller gave up, this is what ends the thread.
            _kill_group(worker)

    def _late(self, asked: str) -> dict[str, object]:
        """Return the answer for a worker that was killed; `asked`: the keyring it waited for, if any."""
        if not asked:
            return _no(f"no keyring was found within {self._timeout_s:g} s", _CHOOSE)
        reason = f"the keyring ({asked}) did not answer within {self._timeout_s:g} s"
        return {**_no(reason, _OPEN_FIRST), "keyring": asked}


def _start_worker() -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own module
        child_process.command("tui.store.keyring_worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=child_process.FOLDER,
        env=_environment(),
    )


def _environment() -> dict[str, str]:
    """Return what the worker, the backends and their programs (`pass`, gpg) find in their environment."""
    found = child_process.environment(_PASSED_ON, _PASSED_PREFIXES)
    with suppress(OSError):  # the current folder may be gone
        found |= {name: os.path.abspath(found[name]) for name in _FOLDERS if found.get(name)}
    can_ask = found.get("DISPLAY") or found.get("WAYLAND_DISPLAY")
    gpg = (found.get("PASSWORD_STORE_GPG_OPTS"), _GPG_OPTIONS, "" if can_ask else _GPG_ASKS_NOBODY)
    found["PASSWORD_STORE_GPG_OPTS"] = " ".join(filter(None, gpg))
    if not found.get("DBUS_SESSION_BUS_ADDRESS") and (bus := _session_bus(found.get("XDG_RUNTIME_DIR"))):
        found["DBUS_SESSION_BUS_ADDRESS"] = bus
    return found


def _session_bus(runtime: str | None) -> str:
    """Return where the user's own D-Bus session listens by convention, empty where none does.

    After `su` or from cron no variable names it, and keyring looks for the variable only.
    """
    bus = Path(runtime or f"/run/user/{os.getuid()}") / "bus"
    try:
        is_ours = bus.is_socket() and bus.stat().st_uid == os.getuid()
    except OSError:
        return ""
    return f"unix:path={quote(str(bus))}" if is_ours else ""


def _answer_of(worker: subprocess.Popen[bytes], payload: bytes, timeout_s: float) -> bytes:
    """Return what the worker answers to one request; afterwards it is gone.

    Raises:
        TimeoutExpired: it took too long, and was killed with all it had started.
    """
    try:
        return worker.communicate(payload, timeout_s)[0]
    finally:
        _kill_group(worker)
        # Bounded: a process stuck in the kernel (a home on NFS) does not even die of SIGKILL.
        with suppress(subprocess.TimeoutExpired):
            worker.wait(_DYING_S)
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def _kill_group(worker: subprocess.Popen[bytes]) -> None:
    """End the worker and all it has started; harmless once it has ended."""
    # Not polled before: as long as it is not waited for, its number belongs to no other process.
    if worker.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(worker.pid, signal.SIGKILL)


def _words(name: object) -> str:
    return safe(name, cells=60) if isinstance(name, str) else ""


def _reason(reply: dict[str, object]) -> str:
    return safe(str(reply.get("reason", "")), cells=300)


def _hint(reply: dict[str, object]) -> str:
    return safe(str(reply.get("hint", "")), cells=300)


def _no(reason: str, hint: str = "") -> dict[str, object]:
    return {"ok": False, "reason": reason, "hint": hint}


def _parsed(out: bytes) -> dict[str, object]:
    """Return the worker's answer, the last of its lines."""
    reply = _json(out.splitlines()[-1] if out.strip() else b"")
    if reply is None or (isinstance(reply, dict) and "ok" not in reply):
        return _no("the keyring's process ended without an answer", _RECIPES)
    return reply if isinstance(reply, dict) else _no("the keyring's process gave an unreadable answer")


def _asked(out: bytes) -> str:
    """Return the name of the keyring that the worker was asking last, empty before the first."""
    replies = [_json(line) for line in out.splitlines()]
    names = [_words(reply.get("asks")) for reply in replies if isinstance(reply, dict)]
    return names[-1] if names else ""


def _json(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _session(value: object) -> StoredSession | None:
    """Read a kept value; what something else wrote under our name is of no use."""
    try:
        found = json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not all(isinstance(item, str) for item in found.values()):
        return None
    try:
        return StoredSession(**found)
    except TypeError:
        return None
