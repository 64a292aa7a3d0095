"""Through the operator's proxy: the whole job, every way it may fail, and nothing said of its password."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.api.scripted import (
    QUICK,
    SESSION,
    Answer,
    Identity,
    NoWait,
    Request,
    Script,
    client_of,
    http,
    identity,
    json_reply,
    serving,
)
from tests.support.demo_process import DemoProcess
from tests.support.proxy import Cut, Proxy
from tui.api.client import EnterpriseManager, Trust, look_at_certificate
from tui.api.error_mapping import chain_of
from tui.api.errors import (
    ConnectionLost,
    ManagerError,
    ProxyFailed,
    ProxyRefused,
    TaskUnknown,
    UnknownCertificate,
)
from tui.api.limits import Timeouts
from tui.api.models import Platform, RestorePoint, ServerAddress, Task, TaskState, VmRestoreSpec
from tui.api.query import Query
from tui.api.tls import sha256_of

NO_TASKS = json_reply({"Tasks": []})
TASK = Task(task_id="task-1", state=TaskState.RUNNING)
POINT = RestorePoint(
    uid="urn:veeam:VmRestorePoint:0a6e6d3c-0000-4000-8000-000000000001",
    vm_name="vm",
    created=datetime(2026, 11, 23, tzinfo=UTC),
    platform=Platform.VSPHERE,
)
HASTY = replace(QUICK, connect=0.2)


@asynccontextmanager
async def behind(
    proxy: Proxy, who: Identity, *answers: Answer, who_asks: str = "", timeouts: Timeouts = QUICK
) -> AsyncIterator[tuple[EnterpriseManager, Script]]:
    """A client that reaches a scripted server through `proxy`, there as `user:password` or as is right."""
    script = Script(answers=list(answers or (NO_TASKS,)))
    async with serving(script, who), proxy.serving():
        url = f"http://{who_asks}@{proxy.address}" if who_asks else proxy.url
        async with client_of(script, who, proxy=url, timeouts=timeouts) as manager:
            yield manager, script


# --- the way through


async def test_the_whole_job_goes_through(demo: DemoProcess) -> None:
    address = ServerAddress.parse(demo.url)
    async with (
        Proxy(user="op", password="pä:s s").serving() as proxy,
        EnterpriseManager(address, trust=Trust(ca_file=demo.certificate), proxy=proxy.url) as manager,
    ):
        assert (await look_at_certificate(address, proxy=proxy.url)).fingerprint == demo.fingerprint
        await manager.log_on(demo.user, demo.password)
        points = [point async for page in manager.vm_restore_points(Query()) for point in page.items]
        point = next(each for each in points if each.platform is Platform.VSPHERE)
        task = await manager.send(manager.write_request(point, VmRestoreSpec()))
        assert task.task_id in [each.task_id for each in await manager.tasks()]
        await manager.cancel_task(task)
        with pytest.raises(TaskUnknown):
            await manager.task(task.task_id)
        await manager.log_off()
    assert len(demo.requests("submit")) == 1
    assert len(demo.requests("cancel")) == 1
    assert set(proxy.targets) == {str(address)}
    assert demo.password.encode() not in proxy.passed
    headers = [name.lower() for request in demo.requests() for name in request.get("headers", {})]
    assert "proxy-authorization" not in headers


@pytest.mark.parametrize("name", ["em01.lab.invalid", "2001:db8::1"])
async def test_the_proxy_resolves_the_name(tmp_path: Path, name: str) -> None:
    who = identity(tmp_path, names=(name,))
    target = ServerAddress(host=name)
    async with serving(Script(answers=[NO_TASKS]), who) as script:
        proxy = Proxy(names={str(target): (script.address.host, script.address.port)})
        async with (
            proxy.serving(),
            EnterpriseManager(
                target, trust=Trust(ca_file=who.pem), proxy=proxy.url, timeouts=QUICK, clock=NoWait()
            ) as manager,
        ):
            manager.resume(SESSION)
            assert await manager.tasks() == ()
            assert (await look_at_certificate(target, proxy=proxy.url)).sha256 == sha256_of(who.der)
    assert set(proxy.targets) == {str(target)}
    assert script.requests[0].header("Host") == str(target)


async def test_the_server_gets_nothing_of_the_proxys_password(who: Identity) -> None:
    async with behind(Proxy(user="op", password="PROXY-SECRET"), who) as (manager, script):
        await manager.tasks()
    assert not script.requests[0].has("Proxy-Authorization")


# --- what it may refuse

REFUSALS = [
    (Proxy(user="op", password="right"), ProxyRefused, "refused this user and password", 1),
    (Proxy(answer=b"HTTP/1.1 403 Forbidden\r\n\r\n"), ProxyRefused, "403 Forbidden", 1),
    (Proxy(answer=b"HTTP/1.0 502 Bad Gateway\r\n\r\n"), ProxyFailed, "does not reach 127.0.0.1:", 3),
    (Proxy(answer=b"SSH-2.0-OpenSSH_9.2\r\n"), ProxyFailed, "hung up before it opened", 3),
    (Proxy(answer=b"HTTP/1.1 \x1b[31m200\r\n\r\n"), ProxyFailed, "not answer as an HTTP proxy", 3),
    (Proxy(answer=b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000), ProxyFailed, "hung up before it opened", 3),
    (Proxy(answer=b"HTTP/1.1 2"), ProxyFailed, "hung up before it opened the tunnel", 3),
    (Proxy(is_mute=True), ProxyFailed, "did not answer in time", 3),
]


@pytest.mark.parametrize(("proxy", "kind", "words", "tries"), REFUSALS, ids=[each[2] for each in REFUSALS])
async def test_a_proxy_that_opens_no_tunnel(
    who: Identity, proxy: Proxy, kind: type[ProxyFailed], words: str, tries: int
) -> None:
    """Reads: a no of the proxy's is taken as one, for a wrong password tried again may lock the account."""
    proxy = replace(proxy, heads=[], passed=bytearray())
    async with behind(proxy, who, who_asks="op:PROXY-SECRET", timeouts=HASTY) as (manager, script):
        url = f"http://op:PROXY-SECRET@{proxy.address}"
        for call in (manager.tasks(), look_at_certificate(script.address, proxy=url, timeout_s=0.2)):
            with pytest.raises(kind, match=words) as caught:
                await call
            assert type(caught.value) is kind
            assert proxy.address in caught.value.detail
            assert caught.value.detail.isprintable()
            assert not caught.value.request_sent
        assert len(proxy.heads) == tries + 1
        with pytest.raises(kind, match=words) as refused:
            await manager.send(manager.write_request(POINT, VmRestoreSpec()))
        assert not refused.value.request_sent
        assert len(proxy.heads) == tries + 2
    assert script.requests == []


async def test_a_proxy_that_is_silent_to_the_end_of_the_call_is_named_and_not_the_server(
    who: Identity,
) -> None:
    hasty = replace(QUICK, read_total=0.3)
    async with behind(Proxy(is_mute=True), who, timeouts=hasty) as (manager, script):
        with pytest.raises(ProxyFailed, match="did not answer in time") as caught:
            await manager.tasks()
    assert not caught.value.request_sent
    assert script.requests == []


async def test_a_proxy_that_wants_a_password_it_was_not_given(who: Identity) -> None:
    proxy = Proxy(user="op", password="right")
    async with (
        serving(Script(), who) as script,
        proxy.serving(),
        client_of(script, who, proxy=f"http://{proxy.address}") as manager,
    ):
        with pytest.raises(ProxyRefused, match="wants a user and a password") as caught:
            await manager.tasks()
    assert "http://USER:PASSWORD@HOST:PORT" in caught.value.hint


@pytest.mark.parametrize(
    ("offers", "logons"),
    [
        (["Negotiate", "NTLM"], "Negotiate or NTLM"),
        (["Negotiate, NTLM"], "Negotiate or NTLM"),
        (['Digest realm="a, Basic b", nonce="x", qop="auth"'], "Digest"),
        (["NTLM TlRMTVNTUAACAAAA=="], "NTLM"),
    ],
)
@pytest.mark.parametrize("asks", ["", "op:PROXY-SECRET@"])
async def test_a_proxy_that_takes_no_password_does_not_have_one_refused(
    who: Identity, asks: str, offers: list[str], logons: str
) -> None:
    heads = "".join(f"Proxy-Authenticate: {offer}\r\n" for offer in offers)
    answer = f"HTTP/1.1 407 Proxy Authentication Required\r\n{heads}Content-Length: 0\r\n\r\n"
    async with serving(Script(), who) as script, Proxy(answer=answer.encode()).serving() as proxy:
        url = f"http://{asks}{proxy.address}"
        async with client_of(script, who, proxy=url) as manager:
            for call in (manager.tasks(), look_at_certificate(script.address, proxy=url)):
                with pytest.raises(ProxyRefused, match=f"takes a logon by {logons} alone") as caught:
                    await call
                assert "password" not in f"{caught.value.detail} {caught.value.hint}"
                assert "cntlm" in caught.value.hint


@pytest.mark.parametrize(
    "offers",
    [["Negotiate", 'Basic realm="x"'], ['NTLM, basic realm="x"'], ['Digest realm="x", Basic realm="y"']],
)
async def test_a_proxy_that_takes_a_password_beside_others_refuses_the_one_it_got(
    who: Identity, offers: list[str]
) -> None:
    heads = "".join(f"Proxy-Authenticate: {offer}\r\n" for offer in offers)
    proxy = Proxy(answer=f"HTTP/1.1 407 No\r\n{heads}Content-Length: 0\r\n\r\n".encode())
    async with behind(proxy, who, who_asks="op:PROXY-SECRET") as (manager, _):
        with pytest.raises(ProxyRefused, match="refused this user and password"):
            await manager.tasks()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://op:PROXY-SECRET@no-such-proxy.invalid:3128", "no-such-proxy.invalid:3128 has a name that"),
        ("http://op:PROXY-SECRET@127.0.0.1:1", "127.0.0.1:1 is not there"),
    ],
)
async def test_a_proxy_that_is_not_there(who: Identity, url: str, words: str) -> None:
    """It is said of the proxy, not of the server."""
    async with serving(Script(), who) as script, client_of(script, who, proxy=url) as manager:
        for call in (manager.tasks(), look_at_certificate(script.address, proxy=url)):
            with pytest.raises(ProxyFailed, match=words) as caught:
                await call
            assert not caught.value.request_sent


async def test_a_tunnel_that_ends_in_nothing_is_no_trust_question(who: Identity) -> None:
    proxy = Proxy(cut=Cut.AT_ONCE)
    async with behind(proxy, who) as (manager, script):
        with pytest.raises(ConnectionLost) as caught:
            await manager.send(manager.write_request(POINT, VmRestoreSpec()))
        assert not caught.value.request_sent
        with pytest.raises(ConnectionLost):
            await look_at_certificate(script.address, proxy=proxy.url)
    assert script.requests == []


@pytest.mark.parametrize("cut", [Cut.AT_ONCE, Cut.NEVER])
async def test_tunnels_that_failed_do_not_fill_the_pool(who: Identity, cut: Cut) -> None:
    """However often TLS in the tunnel failed, the next call is made."""
    proxy = Proxy(cut=cut)
    script = Script(answers=[NO_TASKS])
    kind = ConnectionLost if cut is Cut.AT_ONCE else UnknownCertificate
    async with (
        serving(script, who),
        proxy.serving(),
        EnterpriseManager(script.address, proxy=proxy.url, timeouts=QUICK, clock=NoWait()) as manager,
    ):
        manager.resume(SESSION)
        for _ in range(12):
            with pytest.raises(kind):
                await manager.cancel_task(TASK)
    assert script.requests == []


# --- what it says behind its answer

FORGED = json_reply({"Tasks": [{"TaskId": "forged", "State": "Finished", "Result": {"Success": True}}]})
OPEN = b"HTTP/1.1 200 OK\r\n\r\n"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"


def head_of(size: int) -> bytes:
    """A head that opens the tunnel, of so many bytes."""
    start = b"HTTP/1.1 200 OK\r\nX-Pad: "
    return start + b"x" * (size - len(start) - 4) + b"\r\n\r\n"


GLUED: dict[str, tuple[bytes, ...]] = {
    **{f"head of {size}": (head_of(size) + FORGED,) for size in (60, 4_095, 4_096, 4_097, 8_192, 65_536)},
    "65 kB and more": (OPEN + FORGED * 2_000,),
    "three": (OPEN + FORGED * 3,),
    "one byte": (OPEN + b"H",),
    "an empty line": (OPEN + b"\r\n",),
    "a body with its length": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" + FORGED,),
    "a chunked body": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + FORGED,),
    "after interim heads": (INTERIM * 40 + OPEN + FORGED,),
    "interim heads apart": (INTERIM, INTERIM, OPEN + FORGED),
    "in pieces": (OPEN[:7], OPEN[7:-1], OPEN[-1:] + FORGED[:9], FORGED[9:]),
    "a packet later": (OPEN, FORGED),
    "twice 200": (OPEN + OPEN,),
    "an alert of TLS": (OPEN + b"\x15\x03\x03\x00\x02\x02\x28",),
}  # fmt: skip


@pytest.mark.parametrize("opens", GLUED.values(), ids=GLUED)
async def test_what_a_proxy_says_behind_its_answer_is_never_served(
    who: Identity, opens: tuple[bytes, ...]
) -> None:
    """Not under a CA file, not under a pin, not to the look, to a read or to a write."""
    await nothing_is_served_through(Proxy(opens=opens), who)


@pytest.mark.parametrize("late", [FORGED, OPEN, b"\x00" * 5_000])
async def test_what_a_proxy_says_instead_of_the_server_is_never_served(who: Identity, late: bytes) -> None:
    await nothing_is_served_through(Proxy(late=late), who)


async def nothing_is_served_through(proxy: Proxy, who: Identity) -> None:
    script = Script(answers=[NO_TASKS])
    async with serving(script, who), proxy.serving():
        for trust in (Trust(ca_file=who.pem), Trust(pinned_sha256=sha256_of(who.der))):
            async with EnterpriseManager(
                script.address, trust=trust, proxy=proxy.url, timeouts=QUICK, clock=NoWait()
            ) as manager:
                manager.resume(SESSION)
                for call in (
                    lambda manager: manager.tasks(),
                    lambda manager: manager.cancel_task(TASK),
                    lambda _: look_at_certificate(script.address, proxy=proxy.url),
                ):
                    with pytest.raises(ProxyFailed, match="behind its answer") as caught:
                        await call(manager)
                    assert proxy.address in caught.value.detail
                    assert not caught.value.request_sent
    assert script.requests == []


@pytest.mark.parametrize(
    "opens",
    [
        (INTERIM * 40 + OPEN,),
        (OPEN[:7], OPEN[7:-1], OPEN[-1:]),
        (head_of(4_096),),
        (b"HTTP/1.0 200 Connection established\r\n\r\n",),
        (b"HTTP/1.0 200 OK\r\nConnection: close\r\nProxy-Connection: close\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",),
        (b"HTTP/1.1 200\r\n\r\n",),
        (b"HTTP/1.1 204 None\r\n\r\n",),
    ],
)
async def test_a_proxy_may_say_much_before_its_answer_ends(who: Identity, opens: tuple[bytes, ...]) -> None:
    async with behind(Proxy(opens=opens), who) as (manager, _):
        assert await manager.tasks() == ()


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 407 No\r\nContent-Length: 9999\r\nConnection: keep-alive\r\n\r\n",
        b"HTTP/1.0 407 No\r\n\r\n<html>",
        b"HTTP/1.1 407 No\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n",
    ],
)
async def test_what_follows_a_refusal_of_the_proxy_opens_nothing(who: Identity, said: bytes) -> None:
    proxy = Proxy(user="op", password="x", opens=(said + OPEN + FORGED,))
    async with behind(proxy, who, NO_TASKS) as (manager, script):
        with pytest.raises(ProxyRefused) as caught:
            await manager.tasks()
        assert not caught.value.request_sent
        assert len(proxy.heads) == 1, "the account may be locked by a second try"
    assert script.requests == []


# --- a tunnel that is cut around a write


@pytest.mark.parametrize(
    ("cut", "arrived"), [(Cut.AFTER_PASSING_ON, ["GET", "POST"]), (Cut.BEFORE_PASSING_ON, ["GET"])]
)
async def test_a_restore_that_is_cut_off_may_run_and_is_sent_once(
    who: Identity, cut: Cut, arrived: list[str]
) -> None:
    """The client cannot see whether the proxy swallowed it, so it never says that it was not sent."""
    proxy = Proxy()
    async with behind(proxy, who, NO_TASKS, http(202)) as (manager, script):
        await manager.tasks()
        proxy.cut = cut
        with pytest.raises(ConnectionLost) as caught:
            await manager.send(manager.write_request(POINT, VmRestoreSpec()))
        assert caught.value.request_sent
    assert [request.method for request in script.requests] == arrived
    assert len(proxy.heads) == 1


async def test_a_read_cut_off_is_asked_again_through_a_new_tunnel(who: Identity) -> None:
    proxy = Proxy()

    async def cut(_request: Request, writer: asyncio.StreamWriter) -> None:
        proxy.cut = Cut.NEVER
        writer.transport.abort()

    async with behind(proxy, who, NO_TASKS, cut, NO_TASKS) as (manager, script):
        await manager.tasks()
        proxy.cut = Cut.AFTER_PASSING_ON
        assert await manager.tasks() == ()
    assert len(proxy.heads) == 2
    assert len(script.requests) == 3


# --- secrets


async def test_the_proxys_password_is_in_no_error_and_no_log(
    who: Identity, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    proxy = Proxy(user="op", password="right")
    async with behind(proxy, who, who_asks="joe:PROXY-SECRET") as (manager, _):
        with pytest.raises(ManagerError) as caught:
            await manager.tasks()
    for error in chain_of(caught.value):
        assert "PROXY-SECRET" not in f"{error!r} {error} {vars(error)}"
        assert "am9lOlBST1hZLVNFQ1JFVA" not in f"{error!r} {error} {vars(error)}"
    assert "PROXY-SECRET" not in caught.value.hint
    assert "PROXY-SECRET" not in caplog.text
    assert "am9lOlBST1hZLVNFQ1JFVA" not in caplog.text
