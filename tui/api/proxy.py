"""The proxy the operator named: where it is, what it is told, and what its answer means.

Only the proxy knows the way to the server, the server's name too is resolved there. What goes wrong
between here and the proxy, or at the proxy, is said of the proxy and not of the server.
"""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from tui.api.errors import ManagerError, ProxyFailed, ProxyRefused
from tui.api.faults import find, is_refused
from tui.api.models import ServerAddress

MAX_HEAD = 16_384
"""Bytes of a proxy's answer before the tunnel."""
_END = b"\r\n\r\n"
_FORM = "http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT"
_DEFAULT_PORT = 80
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: ([ -~]{0,60})[^\r]*)?\r\n")


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
                "What goes through it is TLS all the same."
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
        return cls(host=host, port=port or _DEFAULT_PORT, user=user, password=password)

    def __str__(self) -> str:
        """Host and port, without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never stand in a report."""
        return (self.password, f"{self.user}:{self.password}") if self.password else ()

    def request_for(self, target: ServerAddress) -> bytes:
        """What the proxy is asked for a tunnel with."""
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if self.user or self.password:
            pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            lines.append(f"Proxy-Authorization: Basic {pair}")
        return "\r\n".join([*lines, "", ""]).encode()

    async def take_answer(self, read: Callable[[], Awaitable[bytes]], target: ServerAddress) -> None:
        """Read the proxy's answer to `request_for`, up to where the tunnel begins.

        Raises:
            ProxyRefused: it does not let this host or user through; asking again changes nothing.
            ProxyFailed: it did not reach the server, or it is no proxy.
        """
        head = b""
        while not self._is_complete(head):
            more = await read()
            if not more:
                raise self.failed("hung up before it opened the tunnel")
            head += more
        self._check(head, target)

    def _is_complete(self, head: bytes) -> bool:
        if head.endswith(_END):
            return True
        # Nobody speaks first in TLS: whatever follows the head is not the server's.
        if _END in head or len(head) > MAX_HEAD or not b"HTTP/1."[: len(head)] == head[:7]:
            raise self.failed("does not answer as an HTTP proxy does")
        return False

    def _check(self, head: bytes, target: ServerAddress) -> None:
        match = _STATUS.match(head)
        if match is None:
            raise self.failed("does not answer as an HTTP proxy does")
        status, reason = int(match[1]), (match[2] or b"").decode().strip()
        if 200 <= status <= 299:
            return
        said = f"{status} {reason}".strip()
        if status == 407:
            wants = "refused this user and password" if self.user else "wants a user and a password"
            raise ProxyRefused(
                f"The proxy {self} {wants} ({said}).",
                hint="Name them in the URL, best in VBEM_PROXY: http://USER:PASSWORD@HOST:PORT.",
                http_code=status,
                request_sent=False,
            )
        if status >= 500:
            raise ProxyFailed(
                f"The proxy {self} does not reach {target} ({said}).",
                hint="Check the server's name and port as the proxy knows them, or do without --proxy.",
                http_code=status,
                request_sent=False,
            )
        raise ProxyRefused(
            f"The proxy {self} does not connect to {target} ({said}).", http_code=status, request_sent=False
        )

    def failed(self, what: str) -> ProxyFailed:
        """The error for a proxy that cannot be used, before anything was sent to the server."""
        return ProxyFailed(f"The proxy {self} {what}.", request_sent=False)

    def line_error(self, error: BaseException) -> ManagerError:
        """The error for a proxy that could not be reached, or broke off before the tunnel was open."""
        if find(error, socket.gaierror) or find(error, UnicodeError):
            return self.failed("has a name that does not resolve")
        if is_refused(error):
            return self.failed("is not there: nothing listens on that port")
        if find(error, TimeoutError):
            return self.failed("did not answer in time")
        system = find(error, OSError)
        why = f" ({system.strerror})" if system is not None and system.strerror else ""
        return self.failed(f"could not be reached or hung up{why}")


_ESCAPED = "in a user or password write @ : / ? # % as %40 %3A %2F %3F %23 %25"


def _plain(scheme: str) -> str:
    """A scheme as it was typed, unless it may be something else."""
    return f"{scheme}://" if re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{1,9}", scheme) else "this way"
