"""Who uses a logon session right now: two programs may share one, and neither ends it under the other.

Each user of a session holds a shared lock on a small file named after it. The system drops the lock
when the process ends, however it ends, so nothing stale is ever believed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path

from tui.store.files import private_file

_FOLDER = "sessions"
_OLD_S = 24 * 3600


class SessionUse:
    """This program's use of one logon session, until `release`.

    Args:
        state: the state folder; None, or one that cannot be written, means that nobody can be asked.
        server: `host:port`.
        session: id of the logon session, or its token where the server told no id.
    """

    def __init__(self, state: Path | None, server: str, session: str) -> None:
        self._handle = -1
        self._path: Path | None = None
        if state is None:
            return
        # Hashed: the name on disk must neither be a path nor tell a token.
        name = hashlib.sha256(f"{server}\n{session}".encode("utf-8", "backslashreplace")).hexdigest()[:32]
        self._path = state / _FOLDER / f"{name}.lock"
        with suppress(OSError):
            self._handle = _hold(self._path)
            _sweep(self._path.parent)

    def is_shared(self) -> bool:
        """Whether another living program uses the session too."""
        if self._handle < 0:
            return False
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # A failed conversion may have dropped our own lock.
            with suppress(OSError):
                fcntl.flock(self._handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return True
        fcntl.flock(self._handle, fcntl.LOCK_SH)
        return False

    def release(self) -> None:
        """Use it no longer; harmless when done twice."""
        handle, self._handle = self._handle, -1
        if handle < 0 or self._path is None:
            return
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._path.unlink(missing_ok=True)
        os.close(handle)


def _hold(path: Path) -> int:
    """A handle with a shared lock on the file that stands under this name now."""
    while True:
        private_file(path)
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        fcntl.flock(handle, fcntl.LOCK_SH)
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(handle).st_ino:
                return handle
        # The last user removed the file between our opening and locking it.
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove what killed programs left behind."""
    for path in folder.glob("*.lock"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime < _OLD_S:
                continue
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            finally:
                os.close(handle)
