"""How much of a reply is taken, how long is waited, and how far a call got: what httpcore tells of it."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from enum import Enum
from ipaddress import ip_address
from typing import Any

from tui.api.proxy import SAID_TOO_MUCH, ProxyAddress, logons_in

_HEAD_END = re.compile(rb"\n\r?\n")
_MORE_S = 0.001
"""Enough for what has arrived already; a server says nothing before TLS."""


class Stage(Enum):
    """Where a call is."""

    WAITING = "waiting"
    """For a connection of the pool."""
    CONNECTING = "connecting"
    """To the server, or to the proxy until it has opened the tunnel."""
    HANDSHAKE = "handshake"
    """TLS with the server, without a proxy."""
    TUNNEL = "tunnel"
    """TLS with the server, through the proxy's tunnel."""
    SENT = "sent"
    """A byte of the request may have left."""


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a call got, as httpcore says by the `trace` extension, and how long it may take to connect."""

    server_name: str
    """As the server and its certificate know it."""
    host_header: str
    connect_s: float
    proxy: ProxyAddress | None
    stage: Stage = Stage.WAITING
    sent: bool = False
    """A byte of any try may have left."""
    proxy_wants: tuple[str, ...] = ()
    """Which logons the proxy has offered, `Basic` or others."""
    _deadline: asyncio.Timeout | None = None
    _unfinished: Any = None
    """A connection until TLS is agreed: cancelled in the handshake, httpcore leaves it open."""
    _heads: HeadByHead | None = None
    """What a proxy says before it opens the tunnel."""

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[dict[str, Any]]:
        """Watch one try; what it gives are the extensions of its request."""
        self.stage = Stage.WAITING
        try:
            # One deadline for address, proxy and TLS together; httpx would give each of them as long.
            async with asyncio.timeout(None) as self._deadline:
                yield {"trace": self._trace, "sni_hostname": self.server_name}
        finally:
            if self._unfinished is not None:
                await self._unfinished.aclose()
                self._unfinished = None

    @property
    def in_handshake(self) -> bool:
        """Return whether TLS with the server is being agreed."""
        return self.stage in (Stage.HANDSHAKE, Stage.TUNNEL)

    async def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            self.stage = Stage.CONNECTING
            deadline_s = asyncio.get_running_loop().time() + self.connect_s
            addresses = await resolve(info["host"], timeout_s=self.connect_s)
            if len(addresses) == 1:
                info["host"] = addresses[0]  # among several the dialling chooses, and asks again
            self._limit(deadline_s - asyncio.get_running_loop().time())
        elif event == "connection.connect_tcp.complete":
            self._unfinished = info["return_value"]
            if self.proxy is not None:
                self._heads = HeadByHead(self._unfinished)
        elif event == "connection.start_tls.started":
            self.stage = Stage.HANDSHAKE
        elif event == "proxy.start_tls.started":
            self.stage = Stage.TUNNEL
            if self.proxy is not None and self._heads is not None and await self._heads.has_more():
                raise self.proxy.failed(SAID_TOO_MUCH)
        elif event == "http11.send_request_headers.started":
            if info["request"].method == b"CONNECT":
                # httpcore leaves out the brackets of an IPv6 address (encode/httpx#392 has come back).
                info["request"].url.target = self.host_header.encode()
                return
            self.stage, self.sent, self._unfinished = Stage.SENT, True, None
            self._limit(None)
        elif event == "http11.receive_response_headers.complete" and self.stage is Stage.CONNECTING:
            self.proxy_wants = logons_in(info["return_value"][3])

    def _limit(self, seconds: float | None) -> None:
        if self._deadline is not None:
            now = asyncio.get_running_loop().time()
            self._deadline.reschedule(None if seconds is None else now + seconds)


async def resolve(host: str, *, timeout_s: float) -> tuple[str, ...]:
    """Return the addresses of a name.

    The loop's own lookup holds the end of the program until the last name server was given up; a thread
    of its own that is a daemon does not.

    Args:
        host: a name or an address.
        timeout_s: how long a name server may take.

    Raises:
        socket.gaierror: the name has no address, or (`EAI_AGAIN`) no name server answered.
    """
    with suppress(ValueError):
        return (str(ip_address(host)),)
    loop = asyncio.get_running_loop()
    found: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def look_up() -> None:
        try:
            rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            settle(found.set_exception, error)
        else:
            settle(found.set_result, tuple(dict.fromkeys(str(row[4][0]) for row in rows)))

    def settle(set_outcome: Callable[[Any], None], outcome: object) -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(lambda: None if found.done() else set_outcome(outcome))

    threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    try:
        async with asyncio.timeout(timeout_s):
            return await found
    except TimeoutError as error:
        raise socket.gaierror(socket.EAI_AGAIN, "no answer in time") from error


class HeadByHead:
    """Lets httpcore read no further than to the end of each head a proxy sends.

    What httpcore has read behind the answer to CONNECT it drops without a word, so it must not get it.

    Args:
        stream: httpcore's stream to the proxy; its `read` is replaced.
    """

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - httpcore's, which is not imported here
        self._read = stream.read
        self._rest = b""
        self._tail = b""
        """The end of what was read before, in which a head's end may have begun."""
        stream.read = self.read

    async def read(self, max_bytes: int, **options: Any) -> bytes:  # noqa: ANN401 - httpcore's own
        """Read on, at most to the end of a head."""
        data: bytes = self._rest or await self._read(max_bytes, **options)
        found = _HEAD_END.search(self._tail + data)
        end = len(data) if found is None else found.end() - len(self._tail)
        data, self._rest = data[:end], data[end:]
        self._tail = (self._tail + data)[-3:] if found is None else b""
        return data

    async def has_more(self) -> bool:
        """Return whether anything was sent behind the last head; what comes later is no TLS to OpenSSL."""
        if self._rest:
            return True
        try:
            async with asyncio.timeout(_MORE_S):
                return bool(await self._read(1))
        except TimeoutError:
            return False


MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what a server may send."""

    body_bytes: int = 64 * MIB
    """Of one reply, compressed and again decompressed. A page of 500 points takes about one MiB."""
    small_bytes: int = 64 * 1024
    """Of an error, a logon or the API's root, which are decoded on the event loop."""
    nodes: int = 1_000_000
    """Elements of XML, or members and items of JSON, in one reply."""
    depth: int = 64
    """Nesting of a reply; the contract's deepest is about ten."""
    pages: int = 20_000
    """Pages of one list."""
    session_pages: int = 200
    """Pages of one list of restore sessions: it is asked again every few seconds."""

    def without_points(self) -> Limits:
        """Return the bounds on all other replies: a month of restore sessions is a fifth of a long page."""
        return replace(self, body_bytes=self.body_bytes // 4, nodes=self.nodes // 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds per kind of call. The totals hold for a call with all its tries and all its drips."""

    connect: float = 10.0
    read: float = 30.0
    """Silence while a reply to a read is awaited."""
    write: float = 120.0
    """Silence while a reply to a write is awaited: starting a restore can take the server long."""
    read_total: float = 90.0
    write_total: float = 180.0
    tries: int = 3
    """How often a read is tried in all. A write is tried once."""
