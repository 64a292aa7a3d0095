"""Whom to trust, against the embedded server over real TLS."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.session.starts import Connect
from tests.support.demo_process import DemoProcess
from tui.api.client import EnterpriseManager
from tui.api.errors import CertificateChanged, UnknownCertificate
from tui.store.known_servers import KnownServers


async def test_an_unknown_certificate_is_asked_about_and_then_pinned(
    connect: Connect, demo: DemoProcess
) -> None:
    connection = connect()
    certificate = await connection.look()
    assert certificate is not None
    assert certificate.fingerprint == demo.fingerprint
    assert certificate.problem
    connection.trust(certificate)
    assert await connection.look() is None
    assert (await connection.log_on(demo.user, demo.password)).token
    await connection.leave()


async def test_nothing_secret_leaves_for_an_unknown_certificate(connect: Connect, demo: DemoProcess) -> None:
    connection = connect()
    with pytest.raises(UnknownCertificate):
        await connection.log_on(demo.user, demo.password)
    assert demo.requests() == []
    await connection.leave()


async def test_a_logon_that_was_refused_goes_through_once_the_certificate_is_trusted(
    connect: Connect, demo: DemoProcess
) -> None:
    connection = connect()
    with pytest.raises(UnknownCertificate) as caught:
        await connection.log_on(demo.user, demo.password)
    connection.trust(caught.value.certificate)
    assert (await connection.log_on(demo.user, demo.password)).token
    await connection.leave()


async def test_nothing_secret_leaves_for_a_changed_certificate(
    connect: Connect, demo: DemoProcess, pins: KnownServers
) -> None:
    pins.pin(f"{demo.host}:{demo.port}", "ab" * 32)
    connection = connect()
    with pytest.raises(CertificateChanged) as caught:
        await connection.look()
    assert caught.value.pinned_sha256 == "ab" * 32
    with pytest.raises(CertificateChanged):
        await connection.log_on(demo.user, demo.password)
    assert demo.requests() == []
    await connection.leave()


async def test_a_changed_certificate_can_be_trusted_on_the_operators_word(
    connect: Connect, demo: DemoProcess, pins: KnownServers
) -> None:
    pins.pin(f"{demo.host}:{demo.port}", "ab" * 32)
    connection = connect()
    with pytest.raises(CertificateChanged) as caught:
        await connection.look()
    connection.trust(caught.value.certificate)
    await connection.log_on(demo.user, demo.password)
    await connection.leave()


async def test_a_pin_that_changes_between_look_and_logon_stops_the_logon(
    trusted: Connect, demo: DemoProcess, pins: KnownServers
) -> None:
    connection = trusted()
    assert await connection.look() is None
    pins.pin(f"{demo.host}:{demo.port}", "cd" * 32)
    with pytest.raises(CertificateChanged):
        await connection.log_on(demo.user, demo.password)
    assert demo.requests() == []
    await connection.leave()


async def test_a_pinned_certificate_that_has_expired_is_told_after_the_logon(
    connect: Connect, demo: DemoProcess
) -> None:
    demo.control("new-certificate", certificate="expired")
    try:
        first = connect()
        certificate = await first.look()
        assert certificate is not None
        first.trust(certificate)
        assert first.notes == (), "it stood beside the question"
        later = connect()
        assert await later.look() is None
        await later.log_on(demo.user, demo.password)
        assert later.notes == (f"The trusted certificate of {later.server}: It has expired.",)
        await later.leave()
        await first.leave()
    finally:
        demo.control("new-certificate", certificate="good")


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(hours=2, minutes=5), "clock is 2 h 5 min ahead of the server's"),
        (timedelta(days=-1), "clock is 1 d behind the server's"),
        (timedelta(seconds=90), ""),
        (None, ""),
    ],
)
async def test_clocks_that_differ_are_told(
    trusted: Connect, demo: DemoProcess, monkeypatch: pytest.MonkeyPatch, ahead: timedelta | None, words: str
) -> None:
    connection = trusted()
    await connection.log_on(demo.user, demo.password)
    monkeypatch.setattr(EnterpriseManager, "clock_offset", ahead)
    assert (words in " ".join(connection.notes)) is True
    assert bool(connection.notes) is bool(words)
    await connection.leave()
