"""Whether another vbem is running: the one that follows a row of the journal, or shares a logon session.

A row keeps its owner's name, because it outlives the process: `is_free` judges by that name. A logon session
is used for as long as a process runs: `SessionUse` holds a lock, which always ends with its process.

A process is named by host, boot, process id and start time, so that neither a reboot nor a reused
process id is taken for the owner. A home folder may be shared by several hosts: about a process of
another host nothing can be known, and that is said rather than guessed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import time
from contextlib import suppress
from datetime import timedelta
from enum import Enum
from functools import cache
from pathlib import Path

from tui.files import make_folder, open_private, wait_for_lock

FOREIGN_AFTER = timedelta(hours=24)
"""What a process of another host owns, about which nothing can be known, is free after this silence."""
_PROC = Path("/proc")


class OwnerState(Enum):
    """What is known about an owner."""

    NOBODY = "nobody"
    OURS = "this process"
    ALIVE = "another running process"
    DEAD = "a process that has ended"
    ELSEWHERE = "a process on another host"


@cache
def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def start_of(pid: int) -> str | None:
    """Return when a process started, in its system's own unit; None if it does not live."""
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except FileNotFoundError:
        if (_PROC / "self/stat").exists():
            return None
        return _answers_signals(pid)
    except OSError:
        return None
    # The command name is in parentheses and may itself contain any byte.
    fields = stat.rpartition(b")")[2].split()
    state, start = fields[0], fields[19]
    return None if state in {b"Z", b"X"} else start.decode("ascii")


def _answers_signals(pid: int) -> str | None:
    """Ask on systems without /proc, where alive or not is all there is to learn without a child process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return ""
    return ""


def _host() -> str:
    return (platform.node() or "localhost").replace("|", "-")


def this_process() -> str:
    """Return the name of this process: `host|boot|pid|start`."""
    pid = os.getpid()
    return f"{_host()}|{_boot()}|{pid}|{start_of(pid) or ''}"


def owner_state(owner: str) -> OwnerState:
    """Return what is known about the process called `owner`."""
    if not owner:
        return OwnerState.NOBODY
    if owner == this_process():
        return OwnerState.OURS
    parts = owner.split("|")
    if len(parts) != 4 or not parts[2].isdecimal():
        return OwnerState.DEAD
    host, boot, pid, start = parts
    if host != _host():
        return OwnerState.ELSEWHERE
    if boot != _boot():
        return OwnerState.DEAD
    return OwnerState.ALIVE if start_of(int(pid)) == start else OwnerState.DEAD


def is_free(owner: str, silent_for: timedelta) -> bool:
    """Return whether no running process, this one included, follows what `owner` owns.

    Args:
        owner: as `this_process` named it; empty for nobody.
        silent_for: for how long the owner has written nothing. About a process of another host nothing
            else is known.
    """
    state = owner_state(owner)
    if state is OwnerState.ELSEWHERE:
        return silent_for > FOREIGN_AFTER
    return state in {OwnerState.NOBODY, OwnerState.DEAD}


def owner_words(owner: str) -> str:
    """Return an owner for people: `process 4711 on jump1`."""
    parts = owner.split("|")
    return f"process {parts[2]} on {parts[0]}" if len(parts) == 4 else "another process"


_FOLDER = "sessions"
_OLD_S = 24 * 3600
_PATIENCE_S = 0.5
"""How long a lock is waited for: its holder keeps it for some microseconds, or is no vbem."""


class SessionUse:
    """This program's use of one logon session, until `release`.

    Args:
        state: the state folder; None, or one that cannot be written, means that nobody can be asked.
        server: `host:port`.
        session: id of the logon session, or its token where the server gave no id.
    """

    def __init__(self, state: Path | None, server: str, session: str) -> None:
        self._handle = -1
        self._path: Path | None = None
        self._is_locked_away = False
        """Another program keeps the lock for itself, which ours never does for long."""
        if state is None:
            return
        # Hashed: the name on disk must neither be a path nor reveal a token.
        name = hashlib.sha256(f"{server}\n{session}".encode("utf-8", "backslashreplace")).hexdigest()[:32]
        self._path = state / _FOLDER / f"{name}.lock"
        try:
            self._handle = _hold(self._path)
            _sweep(self._path.parent)
        except TimeoutError:
            self._is_locked_away = True
        except OSError:
            return

    def is_shared(self) -> bool:
        """Return whether another living program uses the session too."""
        if self._handle < 0:
            return self._is_locked_away
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # A failed conversion may have dropped our own lock.
            with suppress(OSError):
                fcntl.flock(self._handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return True
        with suppress(OSError):
            fcntl.flock(self._handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False

    def release(self) -> None:
        """Use it no longer; harmless when done twice."""
        handle, self._handle = self._handle, -1
        self._is_locked_away = False
        if handle < 0 or self._path is None:
            return
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._path.unlink(missing_ok=True)
        os.close(handle)


def _hold(path: Path) -> int:
    """Return a handle with a shared lock on the file that has this name now.

    Raises:
        OSError: the file is not to be trusted, or another process keeps the lock for itself.
    """
    make_folder(path.parent)
    if path.parent.is_symlink():
        raise NotADirectoryError(f"{path.parent} is a symbolic link")
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        handle = open_private(path, os.O_RDWR | os.O_CREAT)
        try:
            wait_for_lock(handle, fcntl.LOCK_SH, deadline - time.monotonic())
            if path.exists() and path.stat().st_ino == os.fstat(handle).st_ino:
                return handle
        except OSError:
            os.close(handle)
            raise
        # The last user removed the file between our opening and locking it.
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove what killed programs left behind."""
    for path in folder.glob("*.lock"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime < _OLD_S:
                continue
            handle = open_private(path)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            finally:
                os.close(handle)
