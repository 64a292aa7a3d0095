"""Pinned certificates, in a text file like known_hosts: one line a server, its SHA-256 is the identity.

em.example.org:9398 sha256 <64 hex digits> 2026-11-23 CN=em.example.org
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tui.store.errors import TrustError
from tui.text import safe

_LINE = re.compile(r"(\S+) sha256 ([0-9a-f]{64})(?: (\d{4}-\d\d-\d\d))?(?: (.*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One trusted certificate."""

    server: str
    sha256: str
    since: str = ""
    """Date it was trusted, ISO."""
    subject: str = ""


class TrustStore:
    """The file of pins. Lines that are not understood are kept and ignored.

    Args:
        path: the file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def pinned(self, server: str) -> Pin | None:
        """The pin of `host:port`, None if there is none; the last line about a server counts.

        Raises:
            TrustError: the file exists but cannot be read.
        """
        found = None
        for line in self._lines():
            match = _LINE.fullmatch(line)
            if match and match.group(1) == _key(server):
                found = Pin(
                    server=server,
                    sha256=match.group(2),
                    since=match.group(3) or "",
                    subject=match.group(4) or "",
                )
        return found

    def pin(self, server: str, sha256: str, subject: str = "") -> None:
        """Trust this certificate for this server from now on, and no other.

        Raises:
            TrustError: it cannot be written; nothing is trusted then.
            ValueError: that is no SHA-256 fingerprint.
        """
        digits = sha256.replace(":", "").lower()
        if not re.fullmatch(r"[0-9a-f]{64}", digits):
            raise ValueError("A SHA-256 fingerprint has 64 hex digits.")
        today = datetime.now(UTC).date().isoformat()
        self._replace(server, f"{_key(server)} sha256 {digits} {today} {safe(subject, cells=120)}".rstrip())

    def forget(self, server: str) -> None:
        """Trust nothing about this server any more.

        Raises:
            TrustError: the file cannot be written.
        """
        self._replace(server, None)

    def _lines(self) -> list[str]:
        try:
            return self._path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise TrustError(f"{self._path} cannot be read: {error.strerror}.") from error

    def _replace(self, server: str, line: str | None) -> None:
        try:
            with self._locked():
                kept = [one for one in self._lines() if one.split(" ", 1)[0] != _key(server)]
                self._write(kept + ([line] if line else []))
        except OSError as error:
            raise TrustError(f"{self._path} cannot be written: {error.strerror}.") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Two programs at once must not lose each other's pins."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _write(self, lines: list[str]) -> None:
        new = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)


def _key(server: str) -> str:
    return "".join(server.split()).lower()
