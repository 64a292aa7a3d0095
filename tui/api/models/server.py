"""Who is spoken to and as whom: address, certificate, versions, logon session (WIRE 1)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import datetime

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
    """Where an Enterprise Manager is dialled.

    However it was typed, the host is in one normal form from here on: what is dialled, what the certificate
    is compared with, and under what pins and logon sessions are kept, is the same text.

    Raises:
        ValueError: the host or the port is none; the sentence says what is wrong with it.
    """

    host: str
    """A name in ASCII and small letters, without a dot at its end, or an address as `ipaddress` writes it."""
    port: int = DEFAULT_PORT

    def __post_init__(self) -> None:
        object.__setattr__(self, "host", _normal_host(self.host))
        if not 1 <= self.port <= 65_535:
            raise ValueError(_PORT)

    @classmethod
    def parse(cls, text: str) -> ServerAddress:
        """Read `host`, `host:port`, `[v6]:port`, or a pasted `https://host:port/...`.

        Raises:
            ValueError: the sentence says what is wrong with it.
        """
        text = text.strip()
        scheme, separator, rest = text.partition("://")
        if separator and scheme.lower() != "https":
            raise ValueError("Only https:// is supported; leave the scheme out or use https://.")
        authority = re.split(r"[/?#]", rest if separator else text, maxsplit=1)[0]
        if "@" in authority:
            raise ValueError("Leave the user out of the address: it is asked for on its own.")
        host, port = _host_and_port(authority)
        return cls(host=host, port=DEFAULT_PORT if port is None else port)

    @property
    def name(self) -> str:
        """The host as the server and its certificate know it: without this machine's interface."""
        return self.host.partition("%")[0]

    @property
    def host_header(self) -> str:
        """What the `Host` header says."""
        return f"{_bracketed(self.name)}:{self.port}"

    def __str__(self) -> str:
        return f"{_bracketed(self.host)}:{self.port}"


_TYPE = "Type the server's name or IP address, with :port if it is not 9398."
_PORT = "The port must be a number from 1 to 65535."
_TYPE_XN = "This name has no single form in ASCII: type its xn-- form."
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_READ_TWO_WAYS = re.compile("[\u00df\u1e9e\u03c2\u200c\u200d]")
"""Sharp s, final sigma and joiners: the two standards for such names read them differently."""


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _host_and_port(authority: str) -> tuple[str, int | None]:
    if authority.startswith("["):
        host, bracket, port = authority[1:].partition("]")
        if not bracket or ":" not in host or port[:1] not in ("", ":"):
            raise ValueError("Only an IPv6 address stands in brackets, as in [2001:db8::7]:9398.")
        is_given, port = bool(port), port[1:]
    elif authority.count(":") > 1:
        host, is_given, port = authority, False, ""
    else:
        host, separator, port = authority.partition(":")
        is_given = bool(separator)
    if not is_given:
        return host, None
    if not re.fullmatch(r"[0-9]{1,5}", port):
        raise ValueError(_PORT)
    return host, int(port)


def _normal_host(text: str) -> str:
    """Return the one form of a host.

    Raises:
        ValueError: it is none, or one that programs read in different ways.
    """
    if not text:
        raise ValueError(_TYPE)
    if ":" in text:
        return _normal_ipv6(text)
    host = text.lower()
    if _READ_TWO_WAYS.search(host):
        raise ValueError(_TYPE_XN)
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii").lower()
        except UnicodeError as error:
            raise ValueError(_TYPE_XN) from error
    labels = host.removesuffix(".").split(".")
    if not all(map(_LABEL.fullmatch, labels)) or len(host) > 254:
        raise ValueError("A server's name has letters, digits and hyphens between single dots.")
    if _NUMBER.fullmatch(labels[-1]):
        # Resolvers read 0x7f.1, 127.1 and 010.0.0.1 in ways of their own.
        try:
            return str(ipaddress.IPv4Address(".".join(labels)))
        except ValueError as error:
            raise ValueError("Type an IPv4 address as four plain numbers, as in 10.0.0.7.") from error
    return ".".join(labels)


def _normal_ipv6(text: str) -> str:
    address, percent, interface = text.partition("%")
    if interface.startswith("25") and len(interface) > 2:
        interface = interface[2:]  # a % in a URL
    if percent and not re.fullmatch(r"[A-Za-z0-9_.-]+", interface):
        raise ValueError(
            "Behind the % of an IPv6 address stands this machine's interface, as in fe80::1%eth0."
        )
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError as error:
        raise ValueError("This is no IPv6 address; with a port, it stands in brackets.") from error
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{found}%{interface}" if percent else str(found)
