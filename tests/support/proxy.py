"""A proxy of the kind a jump host has: it passes TLS on unread, after `CONNECT host:port`.

async with Proxy(user="op", password="x").serving() as proxy:
    EnterpriseManager(address, proxy=proxy.url)

What it does wrong is set by its fields, also while tunnels are open.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import quote


class Cut(Enum):
    """When a tunnel is cut."""

    NEVER = "never"
    AT_ONCE = "at once"
    """After `200`, before a byte of TLS."""
    BEFORE_PASSING_ON = "before passing on"
    """What the client sends next is taken and not passed on."""
    AFTER_PASSING_ON = "after passing on"
    """What the client sends next is passed on; the server's answer to it is not."""


@dataclass
class Proxy:
    """One proxy; the fields may be changed while it serves."""

    user: str = ""
    password: str = ""
    """With a user, everybody else gets 407."""
    answer: bytes = b""
    """Said instead of `200`, and the connection is closed."""
    is_mute: bool = False
    """CONNECT is taken and never answered."""
    opens: tuple[bytes, ...] = (b"HTTP/1.1 200 Connection established\r\n\r\n",)
    """Said when the tunnel is open, piece by piece."""
    late: bytes = b""
    """Said after the client has begun TLS, instead of passing anything on."""
    cut: Cut = Cut.NEVER
    names: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Targets this proxy resolves itself, as `host:port`; others are dialled as they stand."""
    heads: list[str] = field(default_factory=list)
    """The head of each CONNECT."""
    passed: bytearray = field(default_factory=bytearray)
    """Everything clients sent through tunnels."""
    port: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """What `--proxy` is given, with the user and password it wants."""
        who = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@" if self.user else ""
        return f"http://{who}{self.address}"

    @property
    def targets(self) -> list[str]:
        """Where tunnels were asked for."""
        return [head.split(" ")[1] for head in self.heads]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Proxy]:
        """Listen until the block ends; then cut every tunnel."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            if self.is_mute:
                await asyncio.Event().wait()
            refusal = self.answer or (b"" if self._knows(head) else _WHO)
            if refusal:
                writer.write(refusal)
                await writer.drain()
                return
            await self._tunnel(head.split(" ")[1], reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _knows(self, head: str) -> bool:
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return not self.user or f"\r\nProxy-Authorization: Basic {pair}\r\n" in head

    async def _tunnel(self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = target.rpartition(":")
        dialled = self.names.get(target, (host.strip("[]"), int(port or 0)))
        try:
            inner, outer = await asyncio.open_connection(*dialled)
        except OSError:
            writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
            return
        self._writers.add(outer)
        for piece in self.opens:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        if self.late and await reader.read(1):
            writer.write(self.late)
            await reader.read()
        cut = asyncio.Event()
        if self.cut is not Cut.AT_ONCE:
            pumps = [
                asyncio.ensure_future(self._pump(reader, outer, cut, self._to_server)),
                asyncio.ensure_future(self._pump(inner, writer, cut, self._to_client)),
            ]
            await cut.wait()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        self._writers.discard(outer)
        outer.transport.abort()
        writer.transport.abort()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        cut: asyncio.Event,
        passes: Callable[[bytes], bool],
    ) -> None:
        try:
            while (data := await reader.read(65_536)) and passes(data):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            cut.set()

    def _to_server(self, data: bytes) -> bool:
        if self.cut is Cut.BEFORE_PASSING_ON:
            return False
        self.passed += data
        return True

    def _to_client(self, _data: bytes) -> bool:
        return self.cut is not Cut.AFTER_PASSING_ON


_WHO = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\n"
    b'Proxy-Authenticate: Basic realm="lab"\r\nContent-Length: 0\r\n\r\n'
)
