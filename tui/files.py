"""Files that only their owner may read or write: opened without following links or waiting, written whole.

As ssh does: what others may write is not believed. Such a file or folder is refused in words that name
it. Root is nobody else: whoever is root could change the program as well.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from tui.errors import VbemError

PRIVATE = 0o600
_PRIVATE_FOLDER = 0o700
LOCK_WAIT_S = 5.0
"""How long to wait for another process that holds a lock; no one holds it for longer than a few writes."""
_LOCK_POLL_S = 0.02
_OTHERS_MAY_WRITE = 0o022


class NotWritten(VbemError):
    """A new file cannot be made or written."""

    title = "Nothing was written"
    hint = "Choose another name or place."


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each for its owner alone if it is new, and check it.

    Raises:
        OSError: it cannot be made, or others may write in it.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        # Not by `parents=True`: that leaves the mode of the folders above to the umask.
        with suppress(FileExistsError):
            one.mkdir(mode=_PRIVATE_FOLDER)
    check_folder(folder)


def check_folder(folder: Path) -> None:
    """Make sure that nobody else may put files in a folder that is there, or put another in its place.

    Raises:
        OSError: others may; or it is no folder.
    """
    found = folder.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, f"{folder} is not a folder")
    _check_owner(found, f"the folder {folder}")
    for above in _folders_above(folder):
        _check_above(above)


def _folders_above(folder: Path) -> list[Path]:
    """Return what lies above a folder, up to the home folder where it is below it.

    Who may rename a folder there can put another one of ours in its place, or one without our pins.
    """
    above, home = list(folder.resolve().parents), Path("~").expanduser().resolve()
    return above[: above.index(home) + 1] if home in above else above


def _check_above(folder: Path) -> None:
    """Refuse a folder in which anybody may rename ours.

    One that its group may write is believed: many systems give each user a group, and a umask of 002.
    """
    found = folder.stat()
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid not in {os.geteuid(), 0}:
        raise PermissionError(
            errno.EPERM, f"the folder {folder} belongs to somebody else (user {found.st_uid})"
        )
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        why = f"others may rename what is in the folder {folder} (mode {mode:04o}): chmod o-w"
        raise PermissionError(errno.EPERM, why)


def open_private(path: Path, flags: int = os.O_RDWR) -> int:
    """Open a file of ours that is there, in a folder of ours, and return its handle.

    A file that others may only read is closed to them.

    Raises:
        OSError: it is a link, a pipe, a device, a folder, or of somebody else, or others may write it.
    """
    check_folder(path.parent)
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, PRIVATE)
    except OSError as error:
        raise _in_words(error, path) from error
    try:
        found = _check_file(handle, path)
        if found.st_mode & 0o077 and found.st_uid == os.geteuid():
            os.fchmod(handle, PRIVATE)
    except BaseException:
        os.close(handle)
        raise
    return handle


def private_file(path: Path) -> None:
    """Make sure a file exists and only its owner may read it, before anything is put in.

    Raises:
        OSError: it cannot be made, or is not to be trusted, as in `open_private`.
    """
    make_folder(path.parent)
    os.close(open_private(path, os.O_RDWR | os.O_CREAT))


def read_private(path: Path, most_bytes: int) -> bytes:
    """Read a file of ours.

    Raises:
        OSError: as in `open_private`; or it is too large.
    """
    return _read(open_private(path, os.O_RDONLY), path, most_bytes)


def read_by_hand(path: Path, most_bytes: int) -> bytes:
    """Read a file that somebody wrote by hand: it may be a link, and others may read it.

    Raises:
        OSError: it is a pipe, a device or a folder, others may write it, or it is too large.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _check_file(handle, path)
    except BaseException:
        os.close(handle)
        raise
    return _read(handle, path, most_bytes)


def _read(handle: int, path: Path, most_bytes: int) -> bytes:
    with os.fdopen(handle, "rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"{path.name} is too large, more than {most_bytes} bytes")
    return content


def _check_file(handle: int, path: Path) -> os.stat_result:
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, f"{path.name} is not a regular file, but a folder, a pipe or a device")
    _check_owner(found, path.name)
    return found


def _check_owner(found: os.stat_result, name: str) -> None:
    if found.st_uid not in {os.geteuid(), 0}:
        raise PermissionError(errno.EPERM, f"{name} belongs to somebody else (user {found.st_uid})")
    if found.st_mode & _OTHERS_MAY_WRITE:
        mode = f"{stat.S_IMODE(found.st_mode):04o}"
        why = f"others may write {name} (mode {mode}): check what is in it, then chmod go-w"
        raise PermissionError(errno.EPERM, why)


def _in_words(error: OSError, path: Path) -> OSError:
    """Return what the system's own words do not say: that it is a link, or no file."""
    if error.errno == errno.ELOOP:
        return OSError(errno.ELOOP, f"{path.name} is a symbolic link, which is not followed")
    if error.errno in {errno.EISDIR, errno.ENXIO}:
        return OSError(error.errno, f"{path.name} is not a regular file, but a folder, a pipe or a device")
    return error


@contextmanager
def new_private(path: Path) -> Iterator[TextIO]:
    """Give a new file to write text into, which only its owner can read.

    Raises:
        FileExistsError: there is one already.
        OSError: it cannot be made or written.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        yield file


def write_new(path: Path, text: str) -> None:
    """Write text into a new file that only its owner can read.

    Raises:
        NotWritten: there is one already, or it cannot be made or written.
    """
    try:
        with new_private(path) as file:
            file.write(text)
    except FileExistsError as error:
        raise NotWritten(f"{path} exists.") from error
    except OSError as error:
        raise NotWritten(f"{path}: {error.strerror or error}.") from error


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
        OSError: it cannot be made, is not to be trusted, or another process keeps it too long.
    """
    make_folder(path.parent)
    handle = open_private(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT)
    try:
        wait_for_lock(handle, fcntl.LOCK_EX, LOCK_WAIT_S)
        yield
    finally:
        os.close(handle)


def wait_for_lock(handle: int, kind: int, timeout_s: float) -> None:
    """Take a lock of a file.

    Args:
        handle: the open file.
        kind: `fcntl.LOCK_EX` or `fcntl.LOCK_SH`.
        timeout_s: how long another process is waited for.

    Raises:
        TimeoutError: another process keeps it.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise TimeoutError(
                    errno.ETIMEDOUT, "Another vbem keeps it locked; end that one if it hangs"
                ) from error
            time.sleep(_LOCK_POLL_S)
        else:
            return
