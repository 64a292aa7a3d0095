"""Connections: which address of a host is taken, and when one that was used before is not used again."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpcore
import pytest

from tests.api.scripted import QUICK, Identity, NoWait, Script, http, json_reply, serving
from tui.api import dial as dialling
from tui.api.client import EnterpriseManager, Trust, look_at_certificate
from tui.api.dial import dial
from tui.api.errors import NameNotFound, Refused, TimedOut
from tui.api.limits import Timeouts
from tui.api.models import LogonSession, ServerAddress
from tui.api.streams import StreamBackend

NOBODY = "127.0.0.2"
"""Where nothing listens."""


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the name `em.test` resolves to."""
    found: list[str] = []
    resolve = asyncio.BaseEventLoop.getaddrinfo

    async def getaddrinfo(
        loop: asyncio.BaseEventLoop, host: str, port: int, **options: int
    ) -> list[tuple[object, ...]]:
        if host != "em.test":
            return await resolve(loop, host, port, **options)  # type: ignore[return-value]
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, (address, port)) for address in found]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return found


@asynccontextmanager
async def mute(address: str, port: int) -> AsyncIterator[None]:
    """An address that takes no connection and refuses none."""
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind((address, port))
        listening.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex((address, port))
        yield


async def test_the_next_address_is_dialled_where_one_refuses(addresses: list[str]) -> None:
    addresses += [NOBODY, "127.0.0.1"]
    async with serving(Script(answers=[]), None) as script:
        line = await dial("em.test", script.address.port)
        assert line.writer.get_extra_info("peername") == ("127.0.0.1", script.address.port)
        line.writer.transport.abort()


async def test_the_next_address_is_dialled_where_one_is_mute(
    addresses: list[str], who: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialling, "ADDRESS_S", 0.05)
    addresses += [NOBODY, "127.0.0.1"]
    async with serving(Script(answers=[]), who) as script, mute(NOBODY, script.address.port):
        address = ServerAddress(host="em.test", port=script.address.port)
        certificate = await look_at_certificate(address, trust=Trust(ca_file=who.pem))
        assert certificate.warnings == ("It is not made out to em.test.",)


async def test_where_every_address_refuses_nothing_listens(addresses: list[str], who: Identity) -> None:
    addresses += [NOBODY, "127.0.0.3"]
    address = ServerAddress(host="em.test", port=9)
    async with EnterpriseManager(
        address, trust=Trust(ca_file=who.pem), timeouts=QUICK, clock=NoWait()
    ) as manager:
        with pytest.raises(Refused):
            await manager.discover()


async def test_where_the_only_address_is_mute_the_time_runs_out(addresses: list[str], who: Identity) -> None:
    addresses += [NOBODY]
    patience = Timeouts(connect=0.05, tries=1)
    async with serving(Script(answers=[]), who) as script, mute(NOBODY, script.address.port):
        address = ServerAddress(host="em.test", port=script.address.port)
        async with EnterpriseManager(
            address, trust=Trust(ca_file=who.pem), timeouts=patience, clock=NoWait()
        ) as manager:
            with pytest.raises(TimedOut) as caught:
                await manager.discover()
    assert not caught.value.request_sent


async def test_a_name_that_does_not_resolve_is_called_that(who: Identity) -> None:
    address = ServerAddress(host="no-such-host.invalid", port=9398)
    async with EnterpriseManager(
        address, trust=Trust(ca_file=who.pem), timeouts=QUICK, clock=NoWait()
    ) as manager:
        with pytest.raises(NameNotFound):
            await manager.discover()


async def idle_connection(script: Script) -> httpcore.AsyncNetworkStream:
    """A connection over which one request was answered."""
    stream = await StreamBackend().connect_tcp("127.0.0.1", script.address.port, timeout=5)
    await stream.write(b"GET /api/tasks HTTP/1.1\r\n\r\n", timeout=5)
    answer = await stream.read(65_536, timeout=5)
    assert answer.endswith(b'{"Tasks": []}')
    return stream


async def until_readable(stream: httpcore.AsyncNetworkStream) -> None:
    async with asyncio.timeout(5):
        while not stream.get_extra_info("is_readable"):  # noqa: ASYNC110 - the system says so, no event
            await asyncio.sleep(0)


async def until_taken_in(stream: httpcore.AsyncNetworkStream) -> None:
    """Until asyncio has taken what came out of the system's hands."""
    async with asyncio.timeout(5):
        while select.select([stream.get_extra_info("socket")], [], [], 0)[0]:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)


@pytest.mark.parametrize("more", [http(200, b"unasked"), b""], ids=["unasked answer", "end"])
async def test_an_idle_connection_that_has_something_to_read_is_not_used_again(more: bytes) -> None:
    is_idle = asyncio.Event()

    async def late(_request: object, writer: asyncio.StreamWriter) -> None:
        writer.write(json_reply({"Tasks": []}))
        await is_idle.wait()
        writer.write(more)
        if not more:
            writer.close()

    async with serving(Script(answers=[late]), None) as script:
        stream = await idle_connection(script)
        assert not stream.get_extra_info("is_readable")
        is_idle.set()
        await until_readable(stream)
        if more:
            await until_taken_in(stream)
        assert stream.get_extra_info("is_readable")
        await stream.aclose()
        assert stream.get_extra_info("is_readable")


async def test_a_connection_is_used_again(who: Identity) -> None:
    script = Script(answers=[json_reply({"Tasks": []})] * 3)
    async with (
        serving(script, who),
        EnterpriseManager(
            script.address, trust=Trust(ca_file=who.pem), timeouts=QUICK, clock=NoWait()
        ) as manager,
    ):
        manager.resume(LogonSession(user="op", session_id="1", token="t"))
        for _ in range(3):
            await manager.tasks()
    assert (len(script.requests), script.connections) == (3, 1)
