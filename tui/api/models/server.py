"""Who is spoken to and as whom: address, certificate, versions, logon session (WIRE 1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

DEFAULT_PORT = 9398


@dataclass(frozen=True, slots=True, kw_only=True)
class LogonSession:
    """A logon session: who is logged on where, and the token that proves it (WIRE 1.4)."""

    user: str
    session_id: str
    """Needed to log off; empty when the server's answer had no body."""
    token: str = field(repr=False)
    """The X-RestSvcSessionId value, verbatim. A secret."""
    api_version: str = ""
    """The version the session speaks (`v1_7`), as far as the server's root says it; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRoot:
    """What GET /api/ says before anybody logs on (WIRE 1.3)."""

    versions: tuple[str, ...] = ()
    """Supported versions as named, e.g. `v1_7`."""

    @property
    def newest(self) -> str:
        """The highest version, empty if none is named."""
        return max(self.versions, key=version_key, default="")


def version_key(version: str) -> tuple[int, ...]:
    """A sort key for `v1`, `v1_4`, `v1_7`."""
    return tuple(int(part) for part in re.findall(r"\d{1,9}", version))


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The certificate a server shows."""

    sha256: str
    """Fingerprint, lower-case hex without separators."""
    subject: str
    issuer: str
    names: tuple[str, ...]
    """Names and addresses it is made out to."""
    not_before: datetime
    not_after: datetime
    problem: str = ""
    """Why it is not trusted, in plain English; empty when it is."""
    warnings: tuple[str, ...] = ()
    """For a pinned certificate: wrong name, expired."""

    @property
    def fingerprint(self) -> str:
        """The fingerprint for people: upper case, in pairs with colons."""
        pairs = (self.sha256[i : i + 2] for i in range(0, len(self.sha256), 2))
        return ":".join(pairs).upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """Where an Enterprise Manager is dialled."""

    host: str
    port: int = DEFAULT_PORT

    @classmethod
    def parse(cls, text: str) -> ServerAddress:
        """Read `host`, `host:port`, `[v6]:port`, or a pasted `https://host:port/...`.

        Raises:
            ValueError: the sentence says what is wrong with it.
        """
        text = text.strip()
        if "://" in text and not text.lower().startswith("https://"):
            raise ValueError("Only https:// is supported; leave the scheme out or use https://.")
        bare = text if "://" in text else f"//{text}"
        if text.count(":") > 1 and "[" not in text and "://" not in text:
            bare = f"//[{text}]"
        try:
            parts = urlsplit(bare)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ValueError("The port must be a number from 1 to 65535.") from error
        if not host or parts.username is not None or re.search(r"[\s/\\]", host):
            raise ValueError("Type the server's name or IP address, with :port if it is not 9398.")
        if port == 0:
            raise ValueError("The port must be a number from 1 to 65535.")
        return cls(host=host, port=port or DEFAULT_PORT)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
