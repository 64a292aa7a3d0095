"""Every error says what happened and what to do; HTTP codes and bodies become the right one."""

from __future__ import annotations

import errno
import json
import re
import socket
import ssl
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.support.processor import seconds_of
from tui.api import errors
from tui.api.error_mapping import MAX_MESSAGE, error_for
from tui.api.errors import (
    BadLogin,
    Busy,
    CaFileUnreadable,
    Forbidden,
    Invalid,
    ManagerError,
    NotFound,
    NotImplementedThere,
    NotManager,
    Rejected,
    ServerFault,
    SessionExpired,
    TaskUnknown,
)
from tui.api.logon import logon_error
from tui.api.models import ServerAddress
from tui.api.proxy import ProxyAddress
from tui.api.tls import Trust, client_context
from tui.api.transport import mapped, mapped_by_proxy
from tui.errors import VbemError, describe

ALL = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, ManagerError)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_has_words(kind: type[ManagerError]) -> None:
    assert len(kind.title) > 8
    assert kind.hint.endswith(".")
    assert not kind.title.endswith(".")


def test_no_error_of_the_room_stands_outside_the_tree() -> None:
    outside = [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, Exception) and not issubclass(each, ManagerError)
    ]
    assert outside == [VbemError, errors.BadReference]
    assert issubclass(ManagerError, VbemError)
    assert issubclass(errors.BadReference, VbemError)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (401, SessionExpired),
        (403, Forbidden),
        (404, NotFound),
        (405, Invalid),
        (409, Rejected),
        (418, Rejected),
        (500, ServerFault),
        (501, NotImplementedThere),
        (502, Busy),
        (503, Busy),
        (504, Busy),
        (599, ServerFault),
        (301, NotManager),
        (302, NotManager),
    ],
)
def test_status_to_error(status: int, kind: type[ManagerError]) -> None:
    error = error_for(status, b"")
    assert type(error) is kind
    assert error.http_code == status
    assert error.detail
    assert error.request_sent


XML = b'<?xml version="1.0"?><Error Message="It is &lt;locked&gt;." StatusCode="500" xmlns="urn:x"/>'
BODIES = [
    (XML, "It is <locked>."),
    (b"\xef\xbb\xbf" + XML, "It is <locked>."),
    (b"<Error><FirstChanceExceptionMessage>Deep.</FirstChanceExceptionMessage></Error>", "Deep."),
    (json.dumps({"Message": "Locked.", "StatusCode": 500, "Status": None}).encode(), "Locked."),
    (json.dumps({"message": "Locked.", "statusCode": 500}).encode(), "Locked."),
    (b"<html><head><title>502 Bad &amp; Gateway</title></head></html>", "502 Bad & Gateway"),
    (b"<!DOCTYPE HTML><HTML><TITLE>Oops</TITLE>", "Oops"),
    (b"<html></html>", "HTTP 500."),
    (b"Service is starting.", "Service is starting."),
    (b"", "HTTP 500."),
    (b"   ", "HTTP 500."),
    (b"{broken", "HTTP 500."),
    (b"<broken", "HTTP 500."),
    (b"<!DOCTYPE x [<!ENTITY a 'b'>]><Error Message='&a;'/>", "HTTP 500."),
    (b"[1,2]", "HTTP 500."),
]


@pytest.mark.parametrize(("body", "detail"), BODIES)
def test_error_bodies_are_read_by_their_first_byte(body: bytes, detail: str) -> None:
    assert error_for(500, body).detail == detail


OWN = [
    (403, b'<Error Message="Access denied." StatusCode="403"/>', ""),
    (400, b'<e:Error xmlns:e="urn:x" Message="No." StatusCode="400" Status="3"/>', ""),
    (404, b'{"Message":"No such point.","StatusCode":404,"Status":null}', ""),
    (404, b'{"message":"No such point.","statusCode":404}', ""),
    (401, b"", "Basic Realm=RestSvc"),
    (401, b"<html></html>", 'Negotiate, NTLM, basic charset="UTF-8" realm="RESTSVC"'),
]
FOREIGN = [
    (403, b"<html><title>Access denied</title></html>", ""),
    (403, b'{"message":"Forbidden"}', ""),
    (403, b'{"Message":"Authorization has been denied for this request."}', ""),
    (404, b'{"errorCode":"NotFound","message":"No such path","resourceId":null}', ""),
    (403, b'{"statusCode":403,"message":"Forbidden resource","error":"Forbidden"}', ""),
    (400, b'{"StatusCode":400,"Message":"Bad Request","Status":null,"Path":"/api"}', ""),
    (403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", ""),
    (403, b'<Error Message="Access denied." StatusCode="500"/>', ""),
    (413, b"Request too large: StatusCode 413", ""),
    (413, b'<Fault Message="Too large" StatusCode="413"/>', ""),
    (501, b"", "Basic Realm=RestSvc"),
    (401, b'{"error":"unauthorized"}', 'Basic realm="Proxy", Bearer realm=RestSvc'),
    (401, b"", "Basic realm=RestSvcGateway"),
    (401, b"", 'Digest realm="RestSvc"'),
    (404, b'{"Message":"' + b"x" * 70_000 + b'","StatusCode":404}', ""),
]


@pytest.mark.parametrize(("status", "body", "asks"), OWN + FOREIGN, ids=lambda value: str(value)[:40])
def test_only_the_servers_own_refusal_is_called_its_own(status: int, body: bytes, asks: str) -> None:
    """Somebody between may refuse a restore that the server took: `it did not start` needs proof."""
    headers = {"www-authenticate": asks} if asks else {}
    for error_of in (error_for, logon_error):
        error = error_of(status, body, headers)
        assert error.from_manager is ((status, body, asks) in OWN), error


@pytest.mark.parametrize("status", [403, 404, 405, 413])
def test_a_page_from_between_is_no_word_about_the_account_or_the_point(status: int) -> None:
    error = error_for(status, b"<html><title>Blocked</title></html>")
    assert str(error) == "A web page answered in place of Enterprise Manager: Blocked"
    assert "proxy or firewall" in error.hint
    own = error_for(status, f'{{"Message":"No.","StatusCode":{status}}}'.encode())
    assert own.title == type(own).title


@pytest.mark.parametrize("body", [b"", b"Request blocked", b'{"Message":"No."}', b'{"error":"no"}'])
@pytest.mark.parametrize("status", [403, 404, 410])
def test_without_proof_it_is_not_said_that_the_account_may_not_or_that_the_point_is_gone(
    status: int, body: bytes
) -> None:
    error = error_for(status, body)
    assert error.title.startswith("The server, or a proxy on the way, ")
    assert "role" not in error.hint
    assert "removed" not in error.hint
    own = error_for(status, f'{{"Message":"No.","StatusCode":{status}}}'.encode())
    assert (own.title, own.hint) == (type(own).title, type(own).hint)


def test_an_error_body_costs_little() -> None:
    """It is decoded on the event loop."""
    bodies = (
        b"<a>" + b"<b/>" * 16_000 + b"</a>",
        b'[{"StatusCode":{}},' + b"{}," * 20_000 + b"{}]",
        b"<html>" + b"<title" * 10_000,
        b"<html>" + b"<title>" * 10_000,
    )
    for body in bodies:
        read = partial(error_for, 401, body, {"www-authenticate": "basic " * 16_000})
        assert read().detail == "HTTP 401."
        assert seconds_of(read, 0.02) < 0.05


def test_long_messages_are_cut() -> None:
    body = json.dumps({"Message": "x" * 100_000}).encode()[:8000] + b'"}'
    assert len(error_for(500, body).detail) <= MAX_MESSAGE + 1


def test_an_unknown_task_is_told_from_a_fault() -> None:
    message = "There is no backup task with id [task-297] in current rest session"
    xml = f'<Error Message="{message}" StatusCode="500"/>'.encode()
    for body in (xml, json.dumps({"Message": message}).encode(), json.dumps({"message": message}).encode()):
        error = error_for(500, body)
        assert type(error) is TaskUnknown
        assert error.detail == message
    other = error_for(500, b'<Error Message="No such thing" StatusCode="500"/>')
    assert type(other) is ServerFault
    elsewhere = error_for(404, xml)
    assert type(elsewhere) is NotFound


def raised() -> list[ManagerError]:
    """One error of each sort that comes of a connection or a status, as it is raised."""
    address, proxy = ServerAddress(host="em01"), ProxyAddress(host="proxy", port=3128)
    broken = [
        socket.gaierror(socket.EAI_NONAME, "x"), socket.gaierror(socket.EAI_AGAIN, "x"), TimeoutError(),
        ConnectionRefusedError(), OSError(errno.EHOSTUNREACH, "No route to host"), ConnectionResetError(),
        ssl.SSLEOFError(), ssl.SSLError(1, "WRONG_VERSION_NUMBER"), ssl.SSLError(1, "ALERT_PROTOCOL_VERSION"),
        ssl.SSLError(1, "BAD_RECORD_MAC"), httpx.ReadTimeout("x"), httpx.PoolTimeout("x"),
        httpx.RemoteProtocolError("illegal status line: bytearray(b'x')"), httpx.ProxyError("x"),
        httpx.StreamClosed(),
    ]  # fmt: skip
    found = [error_for(status, b"") for status in (301, 400, 401, 403, 404, 409, 500, 501, 503)]
    found += [mapped(error, address, request_sent=sent) for error in broken for sent in (True, False)]
    found += [mapped_by_proxy(error, proxy, address) for error in broken]
    for path in (Path("/no/such/ca.pem"), Path("/dev/null"), Path(__file__)):
        with pytest.raises(CaFileUnreadable) as caught:
            client_context(Trust(ca_file=path))
        found.append(caught.value)
    return found


def test_no_error_says_a_thing_twice() -> None:
    """`The CA file cannot be used: x.pem cannot be used` sounds like two faults."""

    def threes(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"[\w.']+", text.lower())
        return set(zip(words, words[1:], words[2:], strict=False))

    for error in raised():
        for one, other in (
            (error.title, error.detail),
            (error.title, error.hint),
            (error.detail, error.hint),
        ):
            assert not threes(one) & threes(other), describe("do it", error)


def test_at_logon_401_is_a_bad_login() -> None:
    assert type(logon_error(401, b"")) is BadLogin
    assert type(logon_error(401, b"<html><title>Unauthorized</title></html>")) is BadLogin
    assert type(logon_error(404, b"<html></html>")) is NotManager
    assert type(logon_error(404, b"")) is NotManager
    assert type(logon_error(503, b"")) is Busy
