"""What a server says no to in the TLS handshake is said as what it is, for asking again changes nothing."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.api.scripted import QUICK, SESSION, Identity, NoWait
from tui.api.client import EnterpriseManager, Trust, look_at_certificate
from tui.api.errors import ConnectionLost, HandshakeCut, ManagerError, TlsRefused
from tui.api.models import ServerAddress, Task, TaskState

TASK = Task(task_id="task-1", state=TaskState.RUNNING)


@contextmanager
def refusing(
    context: ssl.SSLContext | None, says: bytes = b"", *, connections: int = 1000
) -> Iterator[ServerAddress]:
    """A server that ends handshakes as OpenSSL does, alert and all; asyncio's own loses the alert.

    Without a context, or after so many connections, `says` is its whole answer to the client's first bytes.
    """
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            for count in itertools.count():
                connection, _ = listening.accept()
                connection.settimeout(5)
                with connection, suppress(OSError):
                    connection.recv(1, socket.MSG_PEEK)
                    if context is not None and count < connections:
                        handshake(context, connection)
                    elif says:
                        connection.recv(65_536)
                        connection.sendall(says)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield ServerAddress(host="localhost", port=listening.getsockname()[1])
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(5)


def handshake(context: ssl.SSLContext, connection: socket.socket) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_side=True)
    while data := connection.recv(65_536):
        incoming.write(data)
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            connection.sendall(outgoing.read())
        except ssl.SSLError:
            connection.sendall(outgoing.read())
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):  # what is left unread would make a reset of the end
                pass


def old(context: ssl.SSLContext, _who: Identity) -> None:
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1


def odd_ciphers(context: ssl.SSLContext, _who: Identity) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ADH-AES128-SHA:@SECLEVEL=0")


def wants_certificate(context: ssl.SSLContext, who: Identity) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(who.pem)


def wants_certificate_1_2(context: ssl.SSLContext, who: Identity) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    wants_certificate(context, who)


def alert(number: int) -> Callable[[ssl.SSLContext, Identity], None]:
    def prepare(context: ssl.SSLContext, _who: Identity) -> None:
        context.sni_callback = lambda *_: number

    return prepare


REFUSALS = {
    "old versions": (old, "neither TLS 1.2 nor TLS 1.3"),
    "protocol version": (alert(70), "neither TLS 1.2 nor TLS 1.3"),
    "odd ciphers": (odd_ciphers, "no cipher in common"),
    "insufficient security": (alert(71), "no cipher in common"),
    "client certificate, TLS 1.2": (wants_certificate_1_2, "or it wants a client certificate"),
    "client certificate, TLS 1.3": (wants_certificate, "It wants a client certificate"),
    "bad certificate": (alert(42), "It wants a client certificate"),
    "unknown authority": (alert(48), "It wants a client certificate"),
    "unknown name": (alert(112), "does not answer to the name localhost"),
    "access denied": (alert(49), "It ended the handshake: access denied"),
    "internal error": (alert(80), "It ended the handshake: internal error"),
    "no HTTP/1.1": (alert(120), "does not speak HTTP/1.1"),
}


@pytest.mark.parametrize(("prepare", "words"), REFUSALS.values(), ids=REFUSALS)
@pytest.mark.filterwarnings("ignore:.*TLSv1_1 is deprecated")
async def test_a_refusal_that_lasts_is_said_and_not_tried_again(
    who: Identity, prepare: Callable[[ssl.SSLContext, Identity], None], words: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(who.pem, who.key)
    prepare(context, who)
    clock = NoWait()
    with refusing(context) as address:
        trust = Trust(ca_file=who.pem)
        async with EnterpriseManager(address, trust=trust, timeouts=QUICK, clock=clock) as manager:
            manager.resume(SESSION)
            for call in (manager.discover, manager.tasks, lambda: manager.cancel_task(TASK)):
                with pytest.raises(TlsRefused, match=words) as caught:
                    await call()
                assert "Try again" not in caught.value.hint
                assert caught.value.request_sent is (prepare is wants_certificate)
        if prepare is not wants_certificate:  # TLS 1.3 is agreed before the server asks
            with pytest.raises(TlsRefused, match=words):
                await look_at_certificate(address)
    assert clock.slept == []


UNUSUAL = {
    "unsupported extension": b"\x15\x03\x03\x00\x02\x02\x6e",
    "bad certificate status response": b"\x15\x03\x03\x00\x02\x02\x71",
    "unknown psk identity": b"\x15\x03\x03\x00\x02\x02\x73",
    "unknown error": b"\x15\x03\x03\x00\x02\x02\xff",
    "unexpected message": b"\x17\x03\x03\x00\x05hello",
}


@pytest.mark.parametrize("words", UNUSUAL)
async def test_whatever_ends_a_handshake_is_not_asked_for_again(who: Identity, words: str) -> None:
    clock = NoWait()
    with refusing(None, UNUSUAL[words]) as address:
        trust = Trust(ca_file=who.pem)
        async with EnterpriseManager(address, trust=trust, timeouts=QUICK, clock=clock) as manager:
            with pytest.raises(TlsRefused, match=f": {words}\\.$") as caught:
                await manager.discover()
    assert "Try again" not in caught.value.hint
    assert clock.slept == []


@pytest.mark.parametrize("says", [b"", b"\x15", b"\x15\x03\x03\x00\x02\x01\x00"])
async def test_a_server_that_hangs_up_in_the_handshake_may_want_something(who: Identity, says: bytes) -> None:
    with refusing(None, says) as address, pytest.raises(HandshakeCut, match="in the TLS handshake") as caught:
        await look_at_certificate(address, trust=Trust(ca_file=who.pem))
    assert "localhost" in caught.value.detail
    assert "port" in caught.value.hint
    assert "client certificate" in caught.value.hint
    assert isinstance(caught.value, ConnectionLost)
    assert isinstance(caught.value, ManagerError)
    assert not caught.value.request_sent


async def test_a_server_that_hangs_up_on_the_second_look_is_no_endless_look(who: Identity) -> None:
    """The first look finds a certificate nobody knows; the one that would show it fails in another way."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(who.pem, who.key)
    with refusing(context, connections=1) as address, pytest.raises(HandshakeCut) as caught:
        await look_at_certificate(address)
    assert not caught.value.request_sent
