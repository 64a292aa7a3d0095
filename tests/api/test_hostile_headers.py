"""Heads, trailers, chunks and handshakes without end: bounded in time and memory, and typed."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from tests.api.conftest import Scripted
from tests.api.scripted import Identity, Request, Script, client_of, serving
from tests.support.waiting import patience_s
from tui.api.client import look_at_certificate
from tui.api.errors import BadReply, ManagerError, TimedOut
from tui.api.limits import Limits, Timeouts
from tui.api.models import ServerAddress, WireFormat

SHORT = Timeouts(connect=1, read=1, write=1, read_total=1, write_total=1)
PATIENCE_S = 6
"""The total of a call, and some more."""
MOST_BYTES = 60_000_000
BEGIN = b"HTTP/1.1 200 OK\r\n"
CHUNKED = BEGIN + b"Transfer-Encoding: chunked\r\n\r\n"


def for_ever(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


def after(start: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield start
    yield from pieces


FLOODS: dict[str, Callable[[], Iterator[bytes]]] = {
    "100,000 headers": lambda: iter([BEGIN, b"X-A: b\r\n" * 100_000, b"\r\n"]),
    "headers without end": lambda: after(BEGIN, for_ever(b"X-A: b\r\n" * 1000)),
    "a header of 10 MB": lambda: iter([BEGIN, b"X-A: " + b"b" * 10_000_000 + b"\r\n\r\n"]),
    "a header without end": lambda: after(BEGIN + b"X-A: ", for_ever(b"b" * 10_000)),
    "a status line without end": lambda: after(b"HTTP/1.1 200 ", for_ever(b"O" * 10_000)),
    "informational replies without end": lambda: for_ever(b"HTTP/1.1 100 Continue\r\n\r\n" * 200),
    "a chunk extension without end": lambda: after(CHUNKED + b"5;x=", for_ever(b"y" * 10_000)),
    "long chunk extensions": lambda: after(CHUNKED, for_ever(b"1;x=" + b"y" * 50_000 + b"\r\na\r\n")),
    "chunks of a byte": lambda: after(CHUNKED, for_ever(b"1\r\na\r\n" * 200)),
    "a chunk of absurd size": lambda: iter([CHUNKED + b"F" * 30 + b"\r\n"]),
    "trailers without end": lambda: after(CHUNKED + b"0\r\n", for_ever(b"X-A: b\r\n" * 1000)),
    "a length of 10 to the 40": lambda: after(
        BEGIN + b"Content-Length: 1%s\r\n\r\n" % (b"0" * 40), for_ever(b"a" * 10_000)
    ),
    "two lengths": lambda: iter([BEGIN + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]"]),
    "noise in a header": lambda: iter([BEGIN + b"X-A: \x00\xff\x1b[2J\r\n\r\n"]),
    "a switch of protocols": lambda: iter(
        [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", b"x" * 10_000]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_ends_in_a_typed_error(scripted: Scripted, name: str) -> None:
    async def flood(_request: Request, writer: asyncio.StreamWriter) -> None:
        for piece in FLOODS[name]():
            writer.write(piece)
            await writer.drain()
            # Where the client has hung up, `drain` may return at once, and then nobody else has a turn.
            await asyncio.sleep(0)

    limits = Limits(body_bytes=4_000_000)
    async with scripted(flood, wire=WireFormat.XML, timeouts=SHORT, limits=limits) as (manager, _):
        tracemalloc.start()
        try:
            async with asyncio.timeout(patience_s(PATIENCE_S)):
                with pytest.raises(ManagerError) as caught:
                    await manager.tasks()
            assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
        finally:
            tracemalloc.stop()
    assert isinstance(caught.value, BadReply | TimedOut), repr(caught.value)


@pytest.mark.parametrize("start", [b"", BEGIN, CHUNKED, BEGIN + b"Content-Length: 9999\r\n\r\n"])
async def test_a_drip_is_ended_by_the_total_and_not_by_silence(scripted: Scripted, start: bytes) -> None:
    async def drip(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(0.1)

    async with scripted(drip, timeouts=SHORT) as (manager, _), asyncio.timeout(patience_s(PATIENCE_S)):
        with pytest.raises(ManagerError):
            await manager.tasks()


@pytest.fixture
async def mute() -> AsyncIterator[ServerAddress]:
    """A port that takes connections and never says a word."""
    writers: list[asyncio.StreamWriter] = []

    async def take(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    yield ServerAddress(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    server.close()
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0)  # in which the loop closes what was aborted


async def test_a_handshake_that_never_answers_is_given_up(mute: ServerAddress, who: Identity) -> None:
    async with asyncio.timeout(patience_s(PATIENCE_S)):
        with pytest.raises(TimedOut):
            await look_at_certificate(mute, timeout_s=0.5)
        timeouts = Timeouts(connect=0.3, read=1, write=1, read_total=5, write_total=5)
        async with client_of(Script(address=mute), who, timeouts=timeouts) as manager:
            with pytest.raises(TimedOut) as caught:
                await manager.tasks()
    assert not caught.value.request_sent


async def test_a_server_that_never_ends_tls_does_not_hold_the_exit(who: Identity) -> None:
    async def silent(_request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3600)

    async with (
        serving(Script(answers=[silent]), who) as script,
        asyncio.timeout(patience_s(PATIENCE_S)),
        client_of(script, who, timeouts=SHORT) as manager,
    ):
        with pytest.raises(TimedOut):
            await manager.tasks()
