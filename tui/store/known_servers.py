"""Pinned certificates, in a text file like known_hosts: one line a server, its SHA-256 is the identity.

em.example.org:9398 sha256 <64 hex digits> 2026-11-23 CN=em.example.org
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tui.sanitize import safe
from tui.store.errors import TrustError
from tui.store.files import locked, write_private

_LINE = re.compile(r"(\S+) sha256 ([0-9a-fA-F]{64})(?: (\d{4}-\d\d-\d\d))?(?: (.*))?")
_DIGITS = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One trusted certificate."""

    server: str
    sha256: str
    """Fingerprint, lower-case hex without separators."""
    since: str = ""
    """Date it was trusted, ISO."""
    subject: str = ""
    """Its subject, made safe to show."""


class KnownServers:
    """The file of pins. Lines that are not understood are kept and ignored.

    Args:
        path: the file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def pinned(self, server: str) -> Pin | None:
        """Return the pin of `host:port`, None if there is none; the last line about a server counts.

        Raises:
            TrustError: the file exists but cannot be read.
        """
        key = _key(server)
        found = None
        for line in self._lines():
            match = _LINE.fullmatch(line)
            if match and match.group(1).lower() == key:
                _, sha256, since, subject = match.groups(default="")
                found = Pin(
                    server=server, sha256=sha256.lower(), since=since, subject=safe(subject, cells=120)
                )
        return found

    def pin(self, server: str, sha256: str, subject: str = "") -> None:
        """Trust this certificate for this server from now on, and no other; on disk when this returns.

        Raises:
            TrustError: it cannot be written; nothing is trusted then.
            ValueError: that is no SHA-256 fingerprint, or no server.
        """
        digits = sha256.replace(":", "").lower()
        if not _DIGITS.fullmatch(digits):
            raise ValueError("A SHA-256 fingerprint has 64 hex digits.")
        if not _key(server) or _key(server).startswith("#"):
            raise ValueError("A pin needs the server's name.")
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
            content = self._path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise TrustError(f"{self._path} cannot be read: {error.strerror}.") from error
        # Only a line feed ends a line: str.splitlines would also split at what others can put in a name.
        return content.decode("utf-8", "surrogateescape").rstrip("\n").split("\n") if content else []

    def _replace(self, server: str, line: str | None) -> None:
        key = _key(server)
        try:
            with locked(self._path):
                kept = [one for one in self._lines() if _first_word(one) != key]
                lines = kept + ([line] if line else [])
                text = "".join(f"{one}\n" for one in lines)
                write_private(self._path, text.encode("utf-8", "surrogateescape"))
        except OSError as error:
            raise TrustError(f"{self._path} cannot be written: {error.strerror}.") from error


def _key(server: str) -> str:
    return "".join(server.split()).lower()


def _first_word(line: str) -> str:
    return line.split(" ", 1)[0].lower()
