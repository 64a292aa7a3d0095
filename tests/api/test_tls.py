"""Whom the client trusts: authorities, a CA file, a pin; and that nothing leaves for anybody else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.api.scripted import QUICK, SESSION, Identity, NoWait, Script, http, identity, json_reply, serving
from tests.support.proxy import Proxy
from tui.api.client import EnterpriseManager, Trust, look_at_certificate
from tui.api.errors import (
    CaFileUnreadable,
    CertificateChanged,
    ManagerError,
    NotManager,
    Refused,
    UnknownCertificate,
    Unreachable,
)
from tui.api.models import Certificate, ServerAddress, Task, TaskState
from tui.api.tls import sha256_of

TASK = Task(task_id="task-1", state=TaskState.RUNNING)
LOGON = http(201, "", "X-RestSvcSessionId: abc")


async def log_on(script: Script, trust: Trust) -> None:
    async with EnterpriseManager(script.address, trust=trust, timeouts=QUICK, clock=NoWait()) as manager:
        await manager.log_on("LAB\\op", "secret")


async def test_an_unknown_certificate_is_shown_and_nothing_is_sent(who: Identity) -> None:
    async with serving(Script(answers=[LOGON]), who) as script:
        with pytest.raises(UnknownCertificate) as caught:
            await log_on(script, Trust())
    certificate = caught.value.certificate
    assert certificate.sha256 == sha256_of(who.der)
    assert certificate.problem == "It is self-signed."
    assert certificate.subject == "CN=em01"
    assert certificate.names == ("localhost", "127.0.0.1")
    assert certificate.not_before < certificate.not_after
    assert not caught.value.request_sent
    assert script.requests == []


async def test_a_ca_file_is_trusted(who: Identity) -> None:
    async with serving(Script(answers=[LOGON]), who) as script:
        await log_on(script, Trust(ca_file=who.pem))
    assert script.requests[-1].method == "POST"


async def test_another_ca_file_is_not(who: Identity, tmp_path: Path) -> None:
    other = identity(tmp_path)
    async with serving(Script(answers=[LOGON]), who) as script:
        with pytest.raises(UnknownCertificate):
            await log_on(script, Trust(ca_file=other.pem))
    assert script.requests == []


async def test_a_ca_file_does_not_excuse_a_wrong_name(tmp_path: Path) -> None:
    elsewhere = identity(tmp_path, names=("other.example",))
    async with serving(Script(answers=[LOGON]), elsewhere) as script:
        with pytest.raises(UnknownCertificate) as caught:
            await log_on(script, Trust(ca_file=elsewhere.pem))
    assert caught.value.certificate.problem == "It is issued for another address."
    assert script.requests == []


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda _: None, "No such file"),
        (lambda path: path.write_text(""), "no certificate"),
        (lambda path: path.write_text("no certificate at all"), "no certificate"),
        (lambda path: path.mkdir(), "not a regular file"),
        (os.mkfifo, "not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    ],
)
async def test_an_unusable_ca_file_is_named(
    tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    """A pipe that nobody writes would hold the thread that reads it, and with it the program's end."""
    path = tmp_path / "ca.pem"
    make(path)
    with pytest.raises(CaFileUnreadable, match=rf"ca\.pem.*{words}") as caught:
        await log_on(Script(), Trust(ca_file=path))
    assert not caught.value.request_sent


async def test_a_pin_is_enough(who: Identity) -> None:
    async with serving(Script(answers=[LOGON]), who) as script:
        await log_on(script, Trust(pinned_sha256=sha256_of(who.der)))
    assert len(script.requests) == 2


@pytest.mark.parametrize("how", [{"expired": True}, {"names": ("other.example",)}])
async def test_a_pin_outweighs_name_and_date_with_a_warning(tmp_path: Path, how: dict[str, object]) -> None:
    odd = identity(tmp_path, **how)  # type: ignore[arg-type] # a mapping of keyword arguments
    trust = Trust(pinned_sha256=sha256_of(odd.der))
    async with serving(Script(answers=[LOGON]), odd) as script:
        await log_on(script, trust)
        certificate = await look_at_certificate(script.address, trust=trust)
    assert certificate.problem == ""
    assert certificate.warnings in (("It has expired.",), ("It is not issued for 127.0.0.1.",))


async def test_a_changed_certificate_stops_before_anything_leaves(who: Identity, tmp_path: Path) -> None:
    pinned = sha256_of(identity(tmp_path).der)
    async with serving(Script(answers=[LOGON]), who) as script:
        with pytest.raises(CertificateChanged) as caught:
            await log_on(script, Trust(pinned_sha256=pinned))
        with pytest.raises(CertificateChanged):
            await look_at_certificate(script.address, trust=Trust(pinned_sha256=pinned))
    assert caught.value.pinned_sha256 == pinned
    assert caught.value.certificate.sha256 == sha256_of(who.der)
    assert not caught.value.request_sent
    assert script.requests == []


async def test_a_certificate_swapped_after_the_look_gets_no_credentials(
    who: Identity, tmp_path: Path
) -> None:
    """The look finds one, the operator pins it, and somebody else answers the logon."""
    other = identity(tmp_path)
    async with serving(Script(), other) as looked_at:
        seen = await look_at_certificate(looked_at.address)
    async with serving(Script(answers=[LOGON]), who) as script:
        with pytest.raises(CertificateChanged):
            await log_on(script, Trust(pinned_sha256=seen.sha256))
    assert script.requests == []


async def test_each_new_connection_is_checked_again(who: Identity, tmp_path: Path) -> None:
    async def close_after(_request: object, writer: asyncio.StreamWriter) -> None:
        writer.write(json_reply({"Tasks": []}, "Connection: close"))
        writer.close()

    async with serving(Script(answers=[close_after]), who) as script:
        trust = Trust(pinned_sha256=sha256_of(who.der))
        async with EnterpriseManager(script.address, trust=trust, timeouts=QUICK, clock=NoWait()) as manager:
            manager.resume(SESSION)
            assert await manager.tasks() == ()
            assert await manager.tasks() == ()
    assert script.connections == 2


async def test_a_certificate_that_changes_in_mid_work_is_told_from_a_lost_connection(
    who: Identity, tmp_path: Path
) -> None:
    """To a read and to a write, each time, with both fingerprints; the session stays."""
    other = identity(tmp_path)
    last = json_reply({"Tasks": []}, "Connection: close")
    async with (
        serving(Script(answers=[last]), who) as first,
        serving(Script(answers=[last]), other) as second,
    ):
        proxy = Proxy(names={"em01:9398": (first.address.host, first.address.port)})
        trust = Trust(pinned_sha256=sha256_of(who.der))
        address = ServerAddress(host="em01")
        async with proxy.serving(), EnterpriseManager(address, trust=trust, proxy=proxy.url) as manager:
            manager.resume(SESSION)
            assert await manager.tasks() == ()
            proxy.names["em01:9398"] = (second.address.host, second.address.port)
            for call in (manager.tasks, manager.keep_alive, lambda: manager.cancel_task(TASK)):
                with pytest.raises(CertificateChanged) as caught:
                    await call()
                assert not caught.value.request_sent
                assert caught.value.pinned_sha256 == sha256_of(who.der)
                assert caught.value.certificate.sha256 == sha256_of(other.der)
                for der in (who.der, other.der):
                    assert sha256_of(der)[:8].upper() in caught.value.detail
            assert manager.session == SESSION
            proxy.names["em01:9398"] = (first.address.host, first.address.port)
            assert await manager.tasks() == ()
    assert second.requests == []


async def test_a_look_sends_nothing(who: Identity) -> None:
    async with serving(Script(answers=[LOGON]), who) as script:
        for trust in (Trust(), Trust(ca_file=who.pem), Trust(pinned_sha256=sha256_of(who.der))):
            certificate = await look_at_certificate(script.address, trust=trust)
            assert certificate.sha256 == sha256_of(who.der)
            assert (certificate.problem == "") is bool(trust.ca_file or trust.pinned_sha256)
    assert script.requests == []


async def test_an_expired_certificate_says_so(tmp_path: Path) -> None:
    old = identity(tmp_path, expired=True)
    async with serving(Script(), old) as script:
        certificate = await look_at_certificate(script.address, trust=Trust(ca_file=old.pem))
    assert certificate.problem == "It has expired."


async def test_a_look_at_nothing(who: Identity) -> None:
    async with serving(Script(), who) as script:
        pass
    with pytest.raises(Refused):
        await look_at_certificate(script.address)


async def test_a_look_at_something_else() -> None:
    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NotManager):
            await look_at_certificate(ServerAddress(host="127.0.0.1", port=port))


@pytest.mark.parametrize(("status", "fails"), [(b"200 Connection established", False), (b"403 No", True)])
async def test_a_look_through_a_proxy(who: Identity, status: bytes, fails: bool) -> None:
    asked: list[bytes] = []

    async with serving(Script(), who) as script:

        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 " + status + b"\r\n\r\n")
            if fails:
                writer.close()
                return
            inner, outer = await asyncio.open_connection(script.address.host, script.address.port)
            await asyncio.gather(pump(reader, outer), pump(inner, writer))

        server = await asyncio.start_server(proxy, "127.0.0.1", 0)
        async with server:
            url = f"http://joe:pa%20ss@127.0.0.1:{server.sockets[0].getsockname()[1]}"
            if fails:
                with pytest.raises(Unreachable, match="403"):
                    await look_at_certificate(script.address, proxy=url)
            else:
                assert (await look_at_certificate(script.address, proxy=url)).sha256 == sha256_of(who.der)
    assert asked[0].startswith(f"CONNECT {script.address} HTTP/1.1".encode())
    assert b"Proxy-Authorization: Basic am9lOnBhIHNz" in asked[0]


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except ConnectionError:
        pass
    finally:
        writer.close()


def test_a_fingerprint_for_people() -> None:
    certificate = Certificate.__new__(Certificate)
    object.__setattr__(certificate, "sha256", "0aff")
    assert certificate.fingerprint == "0A:FF"


def test_certificate_errors_are_manager_errors() -> None:
    assert issubclass(UnknownCertificate, ManagerError)
