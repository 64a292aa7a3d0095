"""Bytes to the server and back: the one place that speaks HTTP.

No proxy from the environment, no redirects, no cookies, no other host than the one that was dialled: what
`httpx.AsyncClient` adds to httpx's own transport is all to be left out here, so only the transport is used. A
cookie would even win over the token in the header (WIRE T3).
Reads are tried again when the line breaks or the server is busy; writes never are.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import httpx

from tui.api.bodies import take_body, take_error_body
from tui.api.certificates import describe, problem_of
from tui.api.errors import (
    CertificateChanged,
    ConnectionLost,
    ManagerError,
    NameNotFound,
    NotManager,
    ProxyRefused,
    TimedOut,
    UnknownCertificate,
    Unreachable,
    Unreadable,
)
from tui.api.faults import find, line_error
from tui.api.limits import Limits, Timeouts
from tui.api.look import shown
from tui.api.models import ServerAddress
from tui.api.proxy import ProxyAddress
from tui.api.streams import StreamBackend, StreamTransport
from tui.api.tls import PinMismatch, Trust, client_context, looking_context
from tui.api.tunnel import Tunnels
from tui.clock import Clock

for _logger in ("httpx", "httpcore"):
    # At debug level they write reply headers, and with them the session's token.
    logging.getLogger(_logger).setLevel(logging.WARNING)

_CONNECTIONS = 8
_IDLE_S = 20.0
_FIRST_PAUSE_S = 0.3
_HEADERS = {"User-Agent": "vbem", "Accept-Encoding": "gzip", "Connection": "keep-alive"}


class Kind(Enum):
    """What a call may cost."""

    READ = "read"
    """Changes nothing, so it may be tried again."""
    WRITE = "write"
    """Sent once, whatever happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to the server."""

    method: str
    target: str
    """Path and query, beginning with a slash."""
    accept: str
    kind: Kind = Kind.READ
    content_type: str = ""
    body: bytes = b""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Headers that hold the token or the password."""
    packed: bool = False
    """Hand on the body as it came, unless it is long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The server's answer, decompressed where `encoding` is empty."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """By lower-case name."""
    body: bytes = field(repr=False)
    encoding: str = ""


@dataclass(slots=True)
class _Trail:
    """Whether a byte of the request may have left: httpcore says when it begins to write it."""

    sent: bool = False

    async def mark(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "http11.send_request_headers.started":
            self.sent = True


class Transport:
    """The connections to one server."""

    def __init__(
        self,
        address: ServerAddress,
        *,
        trust: Trust,
        proxy: str,
        clock: Clock,
        limits: Limits,
        timeouts: Timeouts,
    ) -> None:
        self._address = address
        self._trust = trust
        self._proxy = proxy
        self._clock = clock
        self._limits = limits
        self._timeouts = timeouts
        self._http: httpx.AsyncHTTPTransport | None = None
        self._opening = asyncio.Lock()

    async def send(self, call: Call) -> Reply:
        """Send a request and take the whole reply, whatever its status.

        Raises:
            Unreachable, Untrusted: there is no reply; `request_sent` says whether the server may have it.
            TooLarge, Unreadable, NotManager: the reply is no HTTP, too large or damaged.
        """
        trail = _Trail()
        reading = call.kind is Kind.READ
        total = self._timeouts.read_total if reading else self._timeouts.write_total
        try:
            async with asyncio.timeout(total):
                http = await self._open()
                return await self._try(http, call, trail, self._timeouts.tries if reading else 1)
        except TimeoutError as error:
            raise TimedOut(
                f"{self._address} did not finish its answer in {total:g} s.", request_sent=trail.sent
            ) from error

    async def aclose(self) -> None:
        """Close all connections."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    async def _try(self, http: httpx.AsyncHTTPTransport, call: Call, trail: _Trail, tries: int) -> Reply:
        for attempt in range(1, tries):
            try:
                reply = await self._exchange(http, call, trail)
            except (NameNotFound, ProxyRefused):  # a wrong password tried again may lock the account
                raise
            except Unreachable:
                pass
            else:
                if reply.status != 503:
                    return reply
            # Jitter, so that many programs do not come back at one moment; nothing secret hangs on it.
            await self._clock.sleep(_FIRST_PAUSE_S * 3 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311
        return await self._exchange(http, call, trail)

    async def _open(self) -> httpx.AsyncHTTPTransport:
        async with self._opening:
            if self._http is None:
                # Reading the system's authorities takes tens of milliseconds.
                context = await asyncio.to_thread(client_context, self._trust)
                self._http = self._transport(context)
            return self._http

    def _transport(self, context: ssl.SSLContext) -> httpx.AsyncHTTPTransport:
        limits = httpx.Limits(
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS,
            keepalive_expiry=_IDLE_S,
        )
        backend = Tunnels(ProxyAddress.parse(self._proxy)) if self._proxy else StreamBackend()
        return StreamTransport(context, limits, backend)

    async def _exchange(self, http: httpx.AsyncHTTPTransport, call: Call, trail: _Trail) -> Reply:
        silence = self._timeouts.read if call.kind is Kind.READ else self._timeouts.write
        headers = {**_HEADERS, "Accept": call.accept, **call.secrets}
        timeout = httpx.Timeout(silence, connect=self._timeouts.connect, pool=silence)
        if call.content_type:
            headers["Content-Type"] = call.content_type
        try:
            request = httpx.Request(
                call.method,
                f"https://{self._address}{call.target}",
                headers=headers,
                content=call.body or None,
                extensions={"timeout": timeout.as_dict(), "trace": trail.mark},
            )
            response = await http.handle_async_request(request)
            try:
                return await self._read(response, packed=call.packed)
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            raise await self._mapped(error, trail.sent) from error
        except UnicodeError as error:
            raise NameNotFound(f"{self._address.host} is no host name.", request_sent=trail.sent) from error

    async def _read(self, response: httpx.Response, *, packed: bool) -> Reply:
        encoding, still = response.headers.get("content-encoding", ""), ""
        if response.status_code >= 300:
            body = await take_error_body(response.aiter_raw(), encoding, self._limits)
        else:
            body, still = await take_body(response.aiter_raw(), encoding, self._limits, packed=packed)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(status=response.status_code, headers=headers, body=body, encoding=still)

    async def _mapped(self, error: Exception, sent: bool) -> ManagerError:
        mismatch, refusal = find(error, PinMismatch), find(error, ssl.SSLCertVerificationError)
        now, host = self._clock.now(), self._address.host
        if mismatch is not None:
            changed = describe(mismatch.der, host=host, problem="", now=now)
            return CertificateChanged(changed, self._trust.pinned_sha256)
        if refusal is not None:
            # The refused handshake does not hand out the certificate; this one is only shown.
            try:
                der = await shown(
                    self._address, looking_context(), timeout_s=self._timeouts.connect, proxy=self._proxy
                )
            except ManagerError as unseen:
                return unseen
            return UnknownCertificate(describe(der, host=host, problem=problem_of(refusal), now=now))
        return mapped(error, self._address, request_sent=sent)


_WORDS: tuple[tuple[type[Exception], type[ManagerError], str], ...] = (
    (httpx.PoolTimeout, TimedOut, "All connections to the server are busy."),
    (httpx.TimeoutException, TimedOut, "It did not answer in time."),
    (httpx.ProxyError, Unreachable, "The proxy refused to connect. Check --proxy, or do without."),
    (httpx.RemoteProtocolError, Unreadable, "It is no HTTP."),
    (httpx.TooManyRedirects, NotManager, "It sends elsewhere."),
    (httpx.InvalidURL, NameNotFound, "This is no host name."),
    (httpx.StreamError, ConnectionLost, "The answer was interrupted."),
)


def mapped(error: Exception, address: ServerAddress, *, request_sent: bool) -> ManagerError:
    """Our error for any exception of httpx."""
    broken = isinstance(error, httpx.RemoteProtocolError) and _is_broken(error)
    for kind, ours, detail in _WORDS:
        if isinstance(error, kind) and not broken:
            return ours(detail, request_sent=request_sent)
    if isinstance(error, httpx.TransportError | OSError):
        return line_error(error, address, request_sent=request_sent)
    return Unreadable("Its encoding is damaged.", request_sent=request_sent)


def _is_broken(error: httpx.RemoteProtocolError) -> bool:
    """Whether the server broke off, rather than answered in another language."""
    return any(words in str(error) for words in ("disconnected", "peer closed", "incomplete"))
