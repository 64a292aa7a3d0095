"""Small files that only their owner may read, written whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE = 0o600
LOCK_WAIT_S = 5.0
"""How long to wait for another process that holds a lock; no one holds it for longer than a few writes."""
_LOCK_POLL_S = 0.02


def make_folder(folder: Path) -> None:
    """Make a folder, readable by its owner alone if it is new.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def private_file(path: Path) -> None:
    """Make sure a file exists and only its owner may read it, before anything is put in.

    Raises:
        OSError: it cannot be made.
    """
    make_folder(path.parent)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        if os.fstat(handle).st_mode & 0o077:
            os.fchmod(handle, PRIVATE)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Put a folder's list of names on disk, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_private(path: Path, content: bytes) -> None:
    """Replace a file by new content, durably; a reader sees the old or the new, never a part.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    make_folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    sync_folder(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock beside a file, so that two processes do not change it at once.

    The lock is a file of its own (`<name>.lock`), because replacing a file replaces its lock too.

    Raises:
        OSError: it cannot be made, or another process keeps it too long.
    """
    lock = path.with_name(path.name + ".lock")
    private_file(lock)
    handle = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    try:
        _wait_for_lock(handle)
        yield
    finally:
        os.close(handle)


def _wait_for_lock(handle: int) -> None:
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise TimeoutError(
                    errno.ETIMEDOUT, "Another vbem keeps it locked; end that one if it hangs"
                ) from error
            time.sleep(_LOCK_POLL_S)
        else:
            return
