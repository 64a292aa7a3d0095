"""Pinned certificates, in a text file like known_hosts: one line a server, its SHA-256 is the identity.

em.example.org:9398 sha256 <64 hex digits> 2026-11-23 CN=em.example.org
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tui.files import locked, read_private, write_private
from tui.sanitize import safe
from tui.store.errors import TrustError

_LINE = re.compile(r"(\S+) sha256 ([0-9a-f]{64})(?: (\d{4}-\d\d-\d\d)(?: (.*))?)?")
_SERVER = re.compile(r"(\[[^\s\]]+\]|[\w-]+(\.[\w-]+)*\.?):\d{1,5}")
_DIGITS = re.compile(r"[0-9a-f]{64}")
_NEVER_WRITTEN = re.compile("[\x00-\x1f\x7f-\x9f\ufeff\ud800-\udfff]")
"""Control characters, a byte order mark, and what is no UTF-8."""
_MAX_BYTES = 1_000_000


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
    """The file of pins.

    Only lines that are exactly as this program writes them are believed; comments and empty lines may stand
    between them. Any other line stops whoever asks for the server it is about, or may be about: without it,
    a changed certificate would look like a new server's.

    Args:
        path: the file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def pinned(self, server: str) -> Pin | None:
        """Return the pin of `host:port`, None if there is none.

        Raises:
            TrustError: the file cannot be read, others may write it, or a line of this server is damaged.
        """
        return self._find(server, self._lines())

    def all(self) -> list[Pin]:
        """Return the pins of all servers, in the order of the file; damaged lines are none.

        Raises:
            TrustError: the file cannot be read, or others may write it.
        """
        return [pin for pin in map(_pin_of, self._lines()) if pin is not None]

    def _find(self, server: str, lines: list[str]) -> Pin | None:
        found: dict[str, tuple[int, Pin]] = {}
        damaged = nobodys = 0
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith("#"):
                continue
            pin = _pin_of(line)
            if pin is None and _is_about(line, server):
                damaged = damaged or number
            elif pin is None and not _SERVER.fullmatch(_key(_first_word(line))):
                nobodys = nobodys or number
            elif pin is not None and _key(pin.server) == _key(server):
                found[pin.sha256] = (number, pin)
        if damaged or (nobodys and not found):
            raise self._damaged(damaged or nobodys, "is damaged")
        if len(found) > 1:
            raise self._damaged(max(number for number, _ in found.values()), "contradicts an earlier one")
        return next((pin for _, pin in found.values()), None)

    def _damaged(self, number: int, how: str) -> TrustError:
        return TrustError(
            f"Line {number} of {self._path} {how}. Nothing was sent.",
            hint="Compare the server's fingerprint with one you know, then correct or remove the line.",
        )

    def pin(self, server: str, sha256: str, subject: str = "") -> None:
        """Trust this certificate for this server from now on, and no other; on disk when this returns.

        Raises:
            TrustError: it cannot be written, or a line of this server is damaged; nothing is trusted then.
            ValueError: that is no SHA-256 fingerprint, or no server.
        """
        digits = sha256.replace(":", "").lower()
        if not _DIGITS.fullmatch(digits):
            raise ValueError("A SHA-256 fingerprint has 64 hex digits.")
        if not _SERVER.fullmatch(_key(server)):
            raise ValueError("A pin needs the server's name and port.")
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
            content = read_private(self._path, _MAX_BYTES)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise TrustError(f"{self._path} cannot be read: {error.strerror}.") from error
        if not content.strip():
            # The last pin takes the file with it: what is empty has lost what was in it.
            raise TrustError(
                f"{self._path} is empty, so what was trusted is not known any more.",
                hint="Remove it if nothing was lost in it: vbem then asks about each server again.",
            )
        # Only a line feed ends a line: str.splitlines would also split at what others can put in a name.
        return content.decode("utf-8", "surrogateescape").rstrip("\n").split("\n")

    def _replace(self, server: str, line: str | None) -> None:
        try:
            with locked(self._path):
                lines = self._lines()
                self._find(server, lines)
                kept = [
                    one for one in lines if (pin := _pin_of(one)) is None or _key(pin.server) != _key(server)
                ]
                kept += [line] if line else []
                text = "".join(f"{one}\n" for one in kept)
                if text.strip():
                    write_private(self._path, text.encode("utf-8", "surrogateescape"))
                else:
                    self._path.unlink(missing_ok=True)
        except OSError as error:
            raise TrustError(f"{self._path} cannot be written: {error.strerror}.") from error


def _pin_of(line: str) -> Pin | None:
    """Read a line as it is written here, None for any other."""
    match = None if _NEVER_WRITTEN.search(line) else _LINE.fullmatch(line)
    if match is None or not _SERVER.fullmatch(_key(match.group(1))):
        return None
    server, sha256, since, subject = match.groups(default="")
    return Pin(server=server, sha256=sha256, since=since, subject=safe(subject, cells=120))


def _is_about(line: str, server: str) -> bool:
    """Return whether a damaged line names the server's host; its port may be what is damaged."""
    host = _key(server).rpartition(":")[0]
    return host in _bare(_NEVER_WRITTEN.sub("", line)) or host == _key(_first_word(line)).rpartition(":")[0]


def _key(server: str) -> str:
    """Return what makes two servers the same one: lines may be by hand, or older than the normal form."""
    host, colon, port = _bare(server).rpartition(":")
    with suppress(UnicodeError):
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    if host.startswith("["):
        with suppress(ValueError):
            host = f"[{ipaddress.IPv6Address(host.strip('[]').replace('%25', '%'))}]"
    return f"{host.removesuffix('.')}{colon}{port.lstrip('0')}"


def _bare(text: str) -> str:
    """Return a text without blanks and invisible characters, in small letters of one width."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(
        char for char in folded if not char.isspace() and unicodedata.category(char) != "Cf"
    ).lower()


def _first_word(line: str) -> str:
    return next(iter(_NEVER_WRITTEN.sub(" ", line).split()), "")
