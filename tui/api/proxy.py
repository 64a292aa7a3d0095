"""The proxy the operator named: where it is, and what is said of it when it opens no tunnel.

Only the proxy knows the way to the server, the server's name too is resolved there. What goes wrong
between here and the proxy, or at the proxy, is said of the proxy and not of the server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from tui.api.errors import ProxyFailed, ProxyRefused
from tui.api.models import ServerAddress

_FORM = "http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT"
_DEFAULT_PORT = 80
SAID_TOO_MUCH = "sent something behind its answer, before the server could"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyAddress:
    """An HTTP proxy that opens tunnels."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> ProxyAddress:
        """Read what `--proxy` is given.

        Raises:
            ValueError: the sentence says what is wrong with it; nothing of `text` but its scheme is in it.
        """
        scheme, separator, _ = text.strip().partition("://")
        if not separator:
            raise ValueError(f"The proxy must be written with its scheme: {_FORM}.")
        if scheme.lower() != "http":
            raise ValueError(
                f"A proxy spoken to in {_plain(scheme)} is not supported, only in plain HTTP: {_FORM}. "
                "What goes through it is TLS anyway."
            )
        try:
            parts = urlsplit(text.strip())
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ValueError(f"The proxy's host or port cannot be read ({_ESCAPED}): {_FORM}.") from error
        if not host or port == 0 or re.search(r"[^\w.:%-]", host):
            raise ValueError(f"The proxy needs a host name and a port from 1 to 65535: {_FORM}.")
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise ValueError(f"Nothing may follow the proxy's port ({_ESCAPED}): {_FORM}.")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if ":" in user or re.search(r"[\x00-\x1f\x7f]", user + password):
            raise ValueError("The proxy's user holds no colon, user and password no control characters.")
        # A % in a URL is %25: before the interface of an address as well.
        return cls(host=host.replace("%25", "%"), port=port or _DEFAULT_PORT, user=user, password=password)

    def __str__(self) -> str:
        """Return host and port, without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must never be in a report."""
        return (self.password, f"{self.user}:{self.password}") if self.password else ()

    def refusal(self, said: str, target: ServerAddress, logons: tuple[str, ...] = ()) -> ProxyFailed:
        """Return the error for an answer to CONNECT that opens no tunnel.

        Args:
            said: status and reason, `407 Proxy Authentication Required`.
            target: what the tunnel was asked for.
            logons: how the proxy lets itself be logged on to, as far as it says.
        """
        said = "".join(char for char in said if char.isprintable())[:64].strip()
        status = int(said[:3]) if said[:3].isdecimal() else 0
        if status == 407 and logons and "basic" not in map(str.lower, logons):
            # No user and password would do, so nothing is said of them.
            wanted = " or ".join(logons)
            return ProxyRefused(
                f"The proxy {self} takes a logon by {wanted} alone, and vbem can do none but Basic ({said}).",
                hint="Ask for a way past its logon, or give --proxy a program that logs on there: cntlm, px.",
                http_code=status,
                request_sent=False,
            )
        if status == 407:
            wants = "refused this user and password" if self.user else "wants a user and a password"
            return ProxyRefused(
                f"The proxy {self} {wants} ({said}).",
                hint="Name them in the URL, best in VBEM_PROXY: http://USER:PASSWORD@HOST:PORT.",
                http_code=status,
                request_sent=False,
            )
        if status >= 500:
            return ProxyFailed(
                f"The proxy {self} does not reach {target} ({said}).",
                hint="Check the server's name and port as the proxy knows them, or connect without --proxy.",
                http_code=status,
                request_sent=False,
            )
        return ProxyRefused(
            f"The proxy {self} does not connect to {target} ({said}).", http_code=status, request_sent=False
        )

    def failed(self, what: str) -> ProxyFailed:
        """Return the error for a proxy that cannot be used, before anything was sent to the server."""
        return ProxyFailed(f"The proxy {self} {what}.", request_sent=False)


_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"?')
_SCHEME = re.compile(r"(?:^|,)[\s,]*([A-Za-z][\w-]{0,23})(?=\s*(?:,|$)|\s+[^\s=,])")
_MOST_LOGONS = 4


def logons_in(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, ...]:
    """Return the logons that an answer offers: the schemes of its Proxy-Authenticate headers."""
    found: list[str] = []
    for name, value in headers:
        if name.lower() == b"proxy-authenticate":
            # What is quoted may hold commas, and words that look like schemes.
            found += _SCHEME.findall(_QUOTED.sub('""', value[:4096].decode("latin-1")))
    return tuple(dict.fromkeys(found))[:_MOST_LOGONS]


_ESCAPED = "in a user or password write @ : / ? # % as %40 %3A %2F %3F %23 %25"


def _plain(scheme: str) -> str:
    """A scheme as it was typed, unless it may be something else."""
    return f"{scheme}://" if re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{1,9}", scheme) else "this way"
