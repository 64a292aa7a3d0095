"""Bytes to the server and back: the one place that speaks HTTP, by `httpx.AsyncClient`.

No proxy from the environment, no redirects, no cookies, no other host than the one that was dialled.
Reads are tried again when the connection breaks or the server is busy; writes never are.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from tui.api.error_mapping import connection_error, find, http_fault, is_no_tls, proxy_error
from tui.api.errors import (
    CertificateChanged,
    ConnectionLost,
    HandshakeCut,
    ManagerError,
    NameNotFound,
    NoNameServer,
    NotManager,
    ProxyRefused,
    TimedOut,
    TlsRefused,
    TooLarge,
    UnknownCertificate,
    Unreachable,
    Unreadable,
)
from tui.api.limits import Limits, Progress, Stage, Timeouts
from tui.api.models import Certificate, ServerAddress
from tui.api.proxy import SAID_TOO_MUCH, ProxyAddress
from tui.api.tls import (
    HandshakeEnded,
    PinMismatch,
    Trust,
    client_context,
    describe,
    looking_context,
    problem_of,
)
from tui.clock import Clock, SystemClock

for _logger in ("httpx", "httpcore"):
    # At debug level they write reply headers, and with them the session's token.
    logging.getLogger(_logger).setLevel(logging.WARNING)

_LOG = logging.getLogger(__name__)
_PROMPT_S = 10.0
"""A reply that took longer says too little of what time it is at the server."""
_HEADERS = {"User-Agent": "vbem", "Accept-Encoding": "gzip", "Connection": "keep-alive"}
_POOL = httpx.Limits(max_connections=8, max_keepalive_connections=8, keepalive_expiry=20.0)
_FIRST_PAUSE_S = 0.3
_FINAL = (NameNotFound, NoNameServer, ProxyRefused, TlsRefused)
"""Not tried again at once: nothing would change, and a proxy's wrong password may lock the account."""
_DECODED_AT_ONCE_BYTES = 16_384
"""Of compressed bytes: httpx decodes a piece whole, and deflate makes up to 1032 bytes of one."""
_FRUITLESS_BYTES = 65_536
"""Compressed bytes that decode to nothing before the body is given up; honest ones are a few hundred."""


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
    is_small: bool = False
    """Its answer has a few kB: a longer one is none."""
    total_s: float = 0.0
    """Seconds until it is given up, with all its tries; 0 for those of its kind."""
    keep_gzip: bool = False
    """Leave a body that was sent as gzip as it is: long ones are decompressed where they are decoded."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Headers that hold the token or the password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The server's answer, decompressed unless the call says otherwise."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """By lower-case name."""
    body: bytes = field(repr=False)


class Transport:
    """The connections to one server.

    Args:
        address: the server as dialled.
        trust: who vouches for its certificate.
        proxy: URL of an HTTP proxy, empty for none.
        clock: now and sleep.
        limits: bounds on what the server may send.
        timeouts: bounds on how long it may take.
    """

    def __init__(
        self,
        address: ServerAddress,
        *,
        trust: Trust,
        proxy: str = "",
        clock: Clock | None = None,
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._address = address
        self._base_url, self._host_header = f"https://{address}", address.host_header
        self._server_name = address.name
        self._trust = trust
        self._proxy = ProxyAddress.parse(proxy) if proxy else None
        self._clock = clock or SystemClock()
        self._limits = limits or Limits()
        self._timeouts = timeouts or Timeouts()
        self._context: ssl.SSLContext | None = None
        self._client: httpx.AsyncClient | None = None
        self._in_use: Counter[httpx.AsyncClient] = Counter()
        """How many calls are in flight on each client."""
        self._opening = asyncio.Lock()
        self.clock_offset: timedelta | None = None
        """How far this machine's clock was ahead of the server's at the last reply; None: it did not say."""

    async def send(self, call: Call) -> Reply:
        """Send a request and take the whole reply, whatever its status.

        Raises:
            Unreachable, Untrusted: there is no reply; `request_sent` says whether the server may have it.
            TooLarge, Unreadable, NotManager: the reply is no HTTP, too large or damaged.
        """
        progress, began = self._progress(), time.monotonic()
        is_read = call.kind is Kind.READ
        level = logging.DEBUG if is_read else logging.INFO
        total = self._timeouts.read_total if is_read else self._timeouts.write_total
        total = min(total, call.total_s or total)
        try:
            async with asyncio.timeout(total):
                reply = await self._try(call, progress, self._timeouts.tries if is_read else 1)
        except ManagerError as error:
            _LOG.log(level, "%s %s: %s", call.method, call.target, error)
            raise
        except TimeoutError as error:
            if progress.stage not in (Stage.WAITING, Stage.SENT):
                raise await self._mapped(error, progress) from error
            raise TimedOut(
                f"{self._address} did not finish its answer in {total:g} s.", request_sent=progress.sent
            ) from error
        took_s = time.monotonic() - began
        _LOG.log(level, "%s %s: %s in %.2f s", call.method, call.target, reply.status, took_s)
        if took_s < _PROMPT_S:
            self.clock_offset = None
            with suppress(ValueError, TypeError):  # no date; a date without a zone
                self.clock_offset = self._clock.now() - parsedate_to_datetime(reply.headers.get("date", ""))
        return reply

    async def certificate(self) -> Certificate:
        """Return the certificate the server shows; `.problem` says why nobody vouches for it, if so.

        The handshake is ended before anything is sent.

        Raises:
            CertificateChanged: it is not the pinned one.
            CaFileUnreadable: the CA file cannot be used.
            ProxyFailed: the proxy opens no tunnel to it.
            Unreachable, NotManager: there is no TLS server to look at.
        """
        context = await asyncio.to_thread(client_context, self._trust, handshake_only=True)
        try:
            return self._described(await self._shown(context), problem="")
        except UnknownCertificate as unknown:
            return unknown.certificate

    async def aclose(self) -> None:
        """Close all connections."""
        self._client = None
        for client in list(self._in_use):
            await client.aclose()
        self._in_use.clear()

    # -- one call -----------------------------------------------------------------------------

    async def _try(self, call: Call, progress: Progress, tries: int) -> Reply:
        for attempt in range(1, tries):
            try:
                reply = await self._exchange(call, progress)
            except _FINAL:
                raise
            except Unreachable:
                pass
            else:
                if reply.status != 503:
                    return reply
            # Jitter, so that many programs do not come back at one moment; nothing secret hangs on it.
            await self._clock.sleep(_FIRST_PAUSE_S * 3 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311
        return await self._exchange(call, progress)

    async def _exchange(self, call: Call, progress: Progress) -> Reply:
        silence = self._timeouts.read if call.kind is Kind.READ else self._timeouts.write
        headers = {"Host": self._host_header, "Accept": call.accept, **call.secrets}
        if call.content_type:
            headers["Content-Type"] = call.content_type
        try:
            async with self._borrowed(progress) as client, progress.watched() as extensions:
                request = client.build_request(
                    call.method,
                    self._base_url + call.target,
                    headers=headers,
                    content=call.body or None,
                    timeout=httpx.Timeout(silence, connect=None),
                    extensions=extensions,
                )
                response = await client.send(request, stream=True)
                try:
                    return await self._reply(response, call)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnicodeError) as error:
            failure = error
        # Out of the handler: an error of the second look below would carry the first one as its context.
        raise await self._mapped(failure, progress) from failure

    async def _reply(self, response: httpx.Response, call: Call) -> Reply:
        is_error = response.status_code >= 300
        limit = self._limits.small_bytes if is_error or call.is_small else self._limits.body_bytes
        chunks: list[bytes] = []
        try:
            async for chunk in _decoded(response, limit, keep_gzip=call.keep_gzip and not is_error):
                chunks.append(chunk)
        except httpx.RemoteProtocolError as error:
            if {"content-length", "transfer-encoding"} <= response.headers.keys():
                both = "It has both Content-Length and Transfer-Encoding, and is not chunked."
                raise Unreadable(both) from error
            raise
        except (TooLarge, Unreadable, httpx.DecodingError):
            if not is_error:  # of an error the status and the beginning say enough
                raise
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(status=response.status_code, headers=headers, body=b"".join(chunks))

    # -- clients ------------------------------------------------------------------------------

    @asynccontextmanager
    async def _borrowed(self, progress: Progress) -> AsyncIterator[httpx.AsyncClient]:
        """The client, for one call.

        A tunnel whose TLS fails stays in httpcore's pool for ever and takes one of its places
        (encode/httpcore#1023). So a client that holds one is not used again, and closed after its last call.
        """
        client = await self._open()
        self._in_use[client] += 1
        try:
            yield client
        finally:
            self._in_use[client] -= 1
            if progress.stage is Stage.TUNNEL and self._client is client:
                self._client = None
            if self._client is not client and self._in_use[client] <= 0:
                del self._in_use[client]
                await client.aclose()

    async def _open(self) -> httpx.AsyncClient:
        async with self._opening:
            if self._context is None:
                # Reading the system's authorities takes tens of milliseconds.
                self._context = await asyncio.to_thread(client_context, self._trust)
            if self._client is None:
                self._client = self._new_client(self._context)
            return self._client

    def _new_client(self, context: ssl.SSLContext) -> httpx.AsyncClient:
        proxy = None
        if self._proxy is not None:
            who = (self._proxy.user, self._proxy.password)
            # Headers of its own, for httpcore writes IPv6 addresses without brackets there.
            headers = {"Host": self._host_header}
            proxy = httpx.Proxy(f"http://{self._proxy}", auth=who if any(who) else None, headers=headers)
        return httpx.AsyncClient(
            verify=context,
            proxy=proxy,
            limits=_POOL,
            headers=_HEADERS,
            # A cookie would win over the token in the header (WIRE T3): none is kept of any domain.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            trust_env=False,
            follow_redirects=False,
        )

    def _progress(self) -> Progress:
        return Progress(
            server_name=self._server_name,
            host_header=self._host_header,
            connect_s=self._timeouts.connect,
            proxy=self._proxy,
        )

    # -- errors -------------------------------------------------------------------------------

    async def _mapped(self, error: Exception, progress: Progress) -> ManagerError:
        mismatch, refusal = find(error, PinMismatch), find(error, ssl.SSLCertVerificationError)
        if mismatch is not None:
            return CertificateChanged(self._described(mismatch.der, problem=""), self._trust.pinned_sha256)
        if refusal is not None:
            # The refused handshake does not hand out the certificate; this one is only shown.
            try:
                der = await self._shown(looking_context())
            except ManagerError as unseen:
                return unseen
            return UnknownCertificate(self._described(der, problem=problem_of(refusal)))
        if self._proxy is not None and progress.stage is Stage.CONNECTING:
            return mapped_by_proxy(error, self._proxy, self._address, progress.proxy_wants)
        if self._proxy is not None and progress.stage is Stage.TUNNEL:
            return _mapped_in_tunnel(error, self._proxy, self._address, request_sent=progress.sent)
        return mapped(error, self._address, request_sent=progress.sent, in_handshake=progress.in_handshake)

    async def _shown(self, context: ssl.SSLContext) -> bytes:
        """Return the server's certificate in DER, from a handshake with a context that ends it."""
        progress = self._progress()
        try:
            async with self._new_client(context) as client, progress.watched() as extensions:
                await client.get(f"{self._base_url}/api/", timeout=None, extensions=extensions)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            failure = error
        else:
            raise Unreadable("The handshake with the server did not end.")
        ended = find(failure, HandshakeEnded)
        if ended is None or isinstance(ended, PinMismatch):
            raise await self._mapped(failure, progress) from failure
        return ended.der

    def _described(self, der: bytes, *, problem: str) -> Certificate:
        return describe(der, host=self._server_name, problem=problem, now=self._clock.now())


async def look_at_certificate(
    address: ServerAddress,
    *,
    trust: Trust | None = None,
    timeout_s: float = 10,
    proxy: str = "",
    clock: Clock | None = None,
) -> Certificate:
    """Return the certificate a server shows, see `Transport.certificate`."""
    timeouts = Timeouts(connect=timeout_s)
    return await Transport(
        address, trust=trust or Trust(), proxy=proxy, clock=clock, timeouts=timeouts
    ).certificate()


# Bodies


class _BoundedStream(httpx.AsyncByteStream):
    """The bytes of a body before httpx decodes them: no more than allowed, a little at a time.

    Args:
        stream: the body as it comes.
        limit: bytes it may have.
    """

    def __init__(self, stream: httpx.AsyncByteStream, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self.fruitless = 0
        """Bytes since something came out of the decoder."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        room = self._limit
        async for chunk in self._stream:
            for at in range(0, len(chunk), _DECODED_AT_ONCE_BYTES):
                piece = chunk[at : at + _DECODED_AT_ONCE_BYTES]
                room -= len(piece)
                self.fruitless += len(piece)
                if room < 0:
                    raise _too_large(self._limit)
                if self.fruitless > _FRUITLESS_BYTES:
                    # As after the end of gzip: there zlib copies all it was given, each time.
                    raise Unreadable("Its compression holds nothing.")
                yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _decoded(response: httpx.Response, limit: int, *, keep_gzip: bool) -> AsyncIterator[bytes]:
    """Yield the body in pieces, as httpx decodes it or as it came, and no more than `limit` bytes.

    Raises:
        TooLarge, Unreadable: it is larger; it is encoded in a way nobody asked for.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip"):
        # httpx would decode several, one in the other, in one go.
        raise Unreadable(f"It is encoded as {encoding[:40]}, which was not asked for.")
    stream = response.stream
    if not isinstance(stream, httpx.AsyncByteStream):
        raise TypeError("A reply of an AsyncClient is read asynchronously.")
    response.stream = bounded = _BoundedStream(stream, limit)
    room = limit
    async for chunk in response.aiter_raw() if keep_gzip else response.aiter_bytes():
        bounded.fruitless = 0
        room -= len(chunk)
        if room < 0:
            raise _too_large(limit)
        yield chunk


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"It is larger than {limit / 1_000_000:.2g} MB.")


# Our error for any exception of httpx

_WORDS: tuple[tuple[type[Exception], type[ManagerError], str], ...] = (
    (httpx.PoolTimeout, TimedOut, "All connections to the server are busy."),
    (httpx.TimeoutException, TimedOut, "Nothing more came from it."),
    (httpx.ProxyError, Unreachable, "The proxy refused to connect. Check --proxy, or connect without it."),
    (httpx.TooManyRedirects, NotManager, "It redirects elsewhere."),
    (httpx.InvalidURL, NameNotFound, "This is not a host name."),
    (httpx.StreamError, ConnectionLost, "The answer was interrupted."),
)


def mapped(
    error: Exception, address: ServerAddress, *, request_sent: bool, in_handshake: bool = False
) -> ManagerError:
    """Return our error for any exception of httpx.

    Args:
        error: httpx's, or one of the system's.
        address: the server as dialled.
        request_sent: a byte of the request may have left.
        in_handshake: it happened while TLS was agreed.
    """
    if isinstance(error, httpx.RemoteProtocolError) and not _is_hang_up(error):
        return Unreadable(http_fault(str(error)), request_sent=request_sent)
    for kind, ours, detail in _WORDS:
        if isinstance(error, kind):
            return ours(detail, request_sent=request_sent)
    if isinstance(error, httpx.TransportError | OSError | UnicodeError):
        return connection_error(error, address, request_sent=request_sent, in_handshake=in_handshake)
    return Unreadable("Its encoding is damaged.", request_sent=request_sent)


def _mapped_in_tunnel(
    error: Exception, proxy: ProxyAddress, address: ServerAddress, *, request_sent: bool
) -> ManagerError:
    """Return our error for any exception of httpx while TLS is agreed, which the proxy can end as well."""
    if is_no_tls(error):
        return proxy.failed(f"{SAID_TOO_MUCH}, or {address} does not speak TLS")
    found = mapped(error, address, request_sent=request_sent, in_handshake=True)
    if isinstance(found, HandshakeCut):
        return HandshakeCut(f"{address} or the proxy {proxy} hung up.", request_sent=request_sent)
    return found


def mapped_by_proxy(
    error: Exception, proxy: ProxyAddress, address: ServerAddress, wants: tuple[str, ...] = ()
) -> ManagerError:
    """Return our error for any exception of httpx before the proxy has opened the tunnel."""
    if isinstance(error, httpx.ProxyError):
        return proxy.refusal(str(error), address, wants)
    if _is_hang_up(error):
        return proxy.failed("hung up before it opened the tunnel")
    if isinstance(error, httpx.RemoteProtocolError):
        return proxy.failed(f"does not answer as an HTTP proxy does: {http_fault(str(error)).rstrip('.')}")
    return proxy_error(error, proxy)


def _is_hang_up(error: Exception) -> bool:
    """Return whether the other end broke off, rather than answered in another language."""
    hang_ups = ("disconnected", "peer closed", "incomplete", "unexpectedly closed")
    return isinstance(error, httpx.RemoteProtocolError) and any(words in str(error) for words in hang_ups)
