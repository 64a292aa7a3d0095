"""Connections: which address of a host is taken, and when one that was used before is not used again."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv6Address
from pathlib import Path

import pytest

from tests.api.scripted import (
    QUICK,
    SESSION,
    Identity,
    NoWait,
    Script,
    client_of,
    http,
    identity,
    json_reply,
    serving,
)
from tui.api.client import EnterpriseManager, Trust, look_at_certificate
from tui.api.errors import ManagerError, NameNotFound, Refused, TimedOut
from tui.api.limits import Timeouts
from tui.api.models import RestorePoint, ServerAddress, VmRestoreSpec
from tui.api.models.resources import NO_TIME

POINT = RestorePoint(uid="urn:veeam:VmRestorePoint:1", vm_name="vm", created=NO_TIME)
NOBODY = "127.0.0.2"
"""Where nothing listens."""


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the name `em.test` resolves to."""
    found: list[str] = []
    resolve = socket.getaddrinfo

    def getaddrinfo(host: str | bytes, port: int, *args: int, **options: int) -> list[tuple[object, ...]]:
        if host not in ("em.test", b"em.test"):
            return resolve(host, port, *args, **options)  # type: ignore[return-value] # the real one's kinds
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
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


async def test_the_next_address_is_dialled_where_one_refuses(addresses: list[str], who: Identity) -> None:
    addresses += [NOBODY, "127.0.0.1"]
    async with serving(Script(answers=[]), who) as script:
        address = ServerAddress(host="em.test", port=script.address.port)
        certificate = await look_at_certificate(address, trust=Trust(ca_file=who.pem))
    assert certificate.warnings == ("It is not issued for em.test.",)


async def test_the_next_address_is_dialled_where_one_is_mute(addresses: list[str], who: Identity) -> None:
    addresses += [NOBODY, "127.0.0.1"]
    async with serving(Script(answers=[]), who) as script, mute(NOBODY, script.address.port):
        address = ServerAddress(host="em.test", port=script.address.port)
        certificate = await look_at_certificate(address, trust=Trust(ca_file=who.pem))
    assert certificate.warnings == ("It is not issued for em.test.",)


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


SILENT = """
import asyncio, socket, threading, time
from tui.api.client import EnterpriseManager
from tui.api.errors import ManagerError
from tui.api.limits import Timeouts
from tui.api.models import ServerAddress

socket.getaddrinfo = lambda *args, **options: threading.Event().wait()

async def ask(proxy):
    address = ServerAddress(host="em.test")
    async with EnterpriseManager(address, timeouts=Timeouts(connect=0.3), proxy=proxy) as manager:
        try:
            await manager.discover()
        except ManagerError as error:
            print(error, error.request_sent)

asyncio.run(ask(""))
asyncio.run(ask("http://proxy.test:3128"))
"""


def test_a_name_server_that_never_answers_holds_neither_the_call_nor_the_end() -> None:
    """The thread that looks the name up cannot be stopped."""
    done = subprocess.run(
        [sys.executable, "-c", SILENT], capture_output=True, text=True, timeout=60, check=True
    )
    first, *more = done.stdout.splitlines()
    assert first == "The server name could not be looked up: No name server answers for em.test. False"
    assert "proxy.test:3128 has a name for which no name server answers" in more[0]


@pytest.mark.parametrize("more", [http(200, b"unasked"), b""], ids=["unasked answer", "end"])
async def test_an_idle_connection_that_has_something_to_read_is_not_used_again(
    who: Identity, more: bytes
) -> None:
    is_idle, is_written = asyncio.Event(), asyncio.Event()

    async def late(_request: object, writer: asyncio.StreamWriter) -> None:
        writer.write(json_reply({"Tasks": []}))
        await is_idle.wait()
        writer.write(more)
        if more:
            await writer.drain()
        else:
            writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        is_written.set()

    task = json_reply({"TaskId": "t-1", "State": "Running"})
    async with serving(Script(answers=[late, task]), who) as script, client_of(script, who) as manager:
        await manager.tasks()
        is_idle.set()
        await is_written.wait()
        started = await manager.send(manager.write_request(POINT, VmRestoreSpec()))
    assert started.task_id == "t-1"
    assert [request.method for request in script.requests] == ["GET", "POST"]
    assert script.connections == 2


async def test_a_connection_is_used_again(who: Identity) -> None:
    async with (
        serving(Script(answers=[json_reply({"Tasks": []})]), who) as script,
        client_of(script, who) as manager,
    ):
        for _ in range(3):
            await manager.tasks()
    assert (len(script.requests), script.connections) == (3, 1)


def link_local() -> str:
    """An address of this machine that holds on one interface only, with the interface; empty for none."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/net/if_inet6").read_text().splitlines():
            digits, _, _, _, _, interface = line.split()
            if digits.startswith("fe80"):
                return f"{IPv6Address(bytes.fromhex(digits))}%{interface}"
    return ""


@pytest.mark.skipif(not link_local(), reason="no link-local address")
async def test_an_address_of_one_interface_is_dialled_and_checked(tmp_path: Path) -> None:
    """The interface is this machine's own business: neither the server nor its certificate knows it."""
    host = link_local()
    name = host.partition("%")[0]
    who = identity(tmp_path, names=(name,))
    async with serving(Script(answers=[json_reply({"Tasks": []})]), who, host=host) as script:
        address = ServerAddress.parse(f"[{host.replace('%', '%25')}]:{script.address.port}")
        trust = Trust(ca_file=who.pem)
        async with EnterpriseManager(address, trust=trust, timeouts=QUICK, clock=NoWait()) as manager:
            manager.resume(SESSION)
            assert await manager.tasks() == ()
        assert (await look_at_certificate(address, trust=trust)).warnings == ()
    assert script.requests[0].header("Host") == f"[{name}]:{address.port}"


GARBAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"
NO_TASKS = json_reply({"Tasks": []})


@pytest.mark.parametrize("reply", [GARBAGE, PAGE, None])
async def test_nobody_is_sent_to_a_port_or_name_that_has_answered_before(
    who: Identity, reply: bytes | None
) -> None:
    """Also not where nothing listens there now: its service restarts."""
    async with contextlib.AsyncExitStack() as stack:
        server = contextlib.AsyncExitStack()
        script = await server.enter_async_context(
            serving(Script(answers=[NO_TASKS, *[reply or b""] * 6]), who)
        )
        manager = await stack.enter_async_context(client_of(script, who))
        assert await manager.tasks() == ()
        if reply is None:
            await server.aclose()
        for _ in range(2):
            with pytest.raises(ManagerError) as caught:
                await manager.tasks()
            assert not re.search(r"\bport\b|\baddress\b|name", caught.value.hint), caught.value.hint
            assert caught.value.hint
        await server.aclose()


async def test_where_nothing_has_answered_yet_the_port_is_named(who: Identity) -> None:
    async with serving(Script(answers=[GARBAGE] * 4), who) as script, client_of(script, who) as manager:
        with pytest.raises(ManagerError) as caught:
            await manager.tasks()
    assert "port" in caught.value.hint


def test_every_hint_that_names_a_port_or_a_name_has_another_one_for_work() -> None:
    kinds, waiting = set[type[ManagerError]](), [ManagerError]
    while waiting:
        kind = waiting.pop()
        kinds.add(kind)
        waiting += kind.__subclasses__()
    named = {kind for kind in kinds if re.search(r"\bport\b|\baddress\b|\bname\b", kind.hint)}
    assert named >= {Refused, NameNotFound}
    assert [kind for kind in named if not kind.hint_at_work] == []
