"""Logging on, what counts as a logon, and logging off."""

from __future__ import annotations

import asyncio
import base64
from contextlib import nullcontext
from datetime import timedelta

import pytest

from tests.api.conftest import Scripted
from tests.api.scripted import Answer, Identity, Request, Script, http, json_reply, serving
from tests.support.clock import FixedWallClock
from tests.support.proxy import Proxy
from tui.api import logon as logon_module
from tui.api.client import EnterpriseManager, Trust
from tui.api.errors import (
    MAY_BE_LOGGED_ON,
    BadLogin,
    Busy,
    ConnectionLost,
    ErrorAsAnswer,
    Forbidden,
    ManagerError,
    NotLoggedOff,
    NotManager,
    Rejected,
    ServerFault,
    SessionExpired,
    TooLarge,
)
from tui.api.models import DEFAULT_PORT, LogonSession, ServerAddress, WireFormat
from tui.api.tls import sha256_of
from tui.errors import VbemError

POST = "POST /api/sessionMngr/"
BODY = "<LogonSession xmlns='urn:x'><UserName>LAB\\op</UserName><SessionId>0b5c</SessionId></LogonSession>"
WRAPPED = f"<LogonSessions xmlns='urn:x'>{BODY}</LogonSessions>"
TOKEN = "a+b/c=="


def logon(body: str = BODY, *headers: str) -> bytes:
    return http(201, body, *(headers or (f"X-RestSvcSessionId: {TOKEN}",)))


async def test_a_logon(scripted: Scripted) -> None:
    async with scripted(routes={POST: logon()}, session=None) as (manager, script):
        session = await manager.log_on("LAB\\op", "pä:ss")
        assert manager.session == session
    assert session == LogonSession(user="LAB\\op", session_id="0b5c", token=TOKEN, api_version="v1_7")
    first, sent = script.requests
    assert (first.method, first.target) == ("GET", "/api/")
    assert not first.has("Authorization")
    assert sent.target == "/api/sessionMngr/?v=latest"
    assert sent.header("Authorization") == "Basic " + base64.b64encode("LAB\\op:pä:ss".encode()).decode()
    assert sent.header("Content-Length") == "0"
    assert sent.body == b""
    assert not sent.has("X-RestSvcSessionId")
    assert not sent.has("Content-Type")
    assert sent.header("Accept") == "application/xml"


@pytest.mark.parametrize("header", ["x-restsvcsessionid", "X-RESTSVCSESSIONID", "X-RestSvcSessionId"])
async def test_the_token_header_in_any_case(scripted: Scripted, header: str) -> None:
    async with scripted(routes={POST: logon(BODY, f"{header}: {TOKEN}")}, session=None) as (manager, _):
        assert (await manager.log_on("op", "x")).token == TOKEN


@pytest.mark.parametrize(
    ("reply", "session_id"),
    [
        (logon(WRAPPED), "0b5c"),
        (logon(""), ""),
        (logon("<broken"), ""),
        (
            json_reply({"UserName": "LAB\\op", "SessionId": "0b5c"}, "X-RestSvcSessionId: t", status=201),
            "0b5c",
        ),
        (
            json_reply({"userName": "LAB\\op", "sessionId": "0b5c"}, "X-RestSvcSessionId: t", status=201),
            "0b5c",
        ),
    ],
)
async def test_bodies_of_a_logon(scripted: Scripted, reply: bytes, session_id: str) -> None:
    async with scripted(routes={POST: reply}, session=None) as (manager, _):
        assert (await manager.log_on("LAB\\op", "x")).session_id == session_id


def veeam(status: int, words: str) -> bytes:
    """An error of the backup server's own REST API."""
    return json_reply({"errorCode": "X", "message": words, "resourceId": None}, status=status)


PAGE = "<!DOCTYPE html><html><title>Welcome</title>"
OTHERS = {
    "another product, 404": (veeam(404, "No such path"), "REST API of another Veeam product .*No such path"),
    "another product, 401": (
        veeam(401, "Token missing"),
        "another Veeam product .*Token missing",
    ),
    "a page": (http(200, PAGE), "web page"),
    "a page with a token": (http(200, PAGE, "X-RestSvcSessionId: t"), "web page"),
    "no such page": (http(404, PAGE), "a web page .HTTP 404: Welcome"),
    "forbidden page": (http(403, PAGE), "a web page .HTTP 403: Welcome"),
    "nothing there": (http(404), "does not know /api/ .HTTP 404"),
    "no such verb": (http(405, "Method not allowed"), "does not know /api/ .HTTP 405: Method not allowed"),
    "redirect": (http(302, "", "Location: https://em01:9443/login"), "redirects to https://em01:9443/login"),
    "moved": (http(301), "redirects"),
    "a logon of its own": (http(401, "", "WWW-Authenticate: Negotiate, NTLM"), "asks for a logon .*NTLM"),
    "empty": (http(200), "It is empty"),
    "noise": (http(200, b"\x00\x01"), "neither XML nor JSON"),
    "other JSON": (json_reply({"status": "up"}), "SupportedVersions"),
    "no versions": (json_reply({"Links": [], "SupportedVersions": []}), "lists no versions"),
    "other versions": (json_reply({"SupportedVersions": [{"Name": ""}, {"Name": "latest"}]}), "no versions"),
    "other XML": (http(200, "<rss/>"), "rss"),
    "an error in the words of another": (http(200, "<Error Message='Busy.'/>"), "Busy"),
    "moved to nowhere": (http(304), "redirects to no address"),
    "long": (http(200, b"<EnterpriseManager>" + b" " * 70_000), "larger than"),
}


@pytest.mark.parametrize(("root", "words"), OTHERS.values(), ids=OTHERS)
async def test_the_password_leaves_for_an_enterprise_manager_only(
    scripted: Scripted, root: bytes, words: str
) -> None:
    async with scripted(logon(), routes={"GET /api/": root}, session=None) as (manager, script):
        with pytest.raises(NotManager, match=words) as caught:
            await manager.log_on("op", "secret")
        assert manager.session is None
    assert f"127.0.0.1:{DEFAULT_PORT}" in caught.value.hint
    assert [request.target for request in script.requests] == ["/api/"]


async def test_an_error_that_answers_the_root_is_said_in_the_servers_words(scripted: Scripted) -> None:
    said = json_reply({"Message": "The database is down.", "StatusCode": 500})
    async with scripted(logon(), routes={"GET /api/": said}, session=None) as (manager, script):
        with pytest.raises(ErrorAsAnswer, match="The database is down"):
            await manager.log_on("op", "secret")
    assert [request.target for request in script.requests] == ["/api/"]


@pytest.mark.parametrize(
    ("port", "words", "hint"),
    [
        (9419, "Port 9419 is usually the REST API of Veeam Backup & Replication", "Use em01:9398"),
        (9443, "Port 9443 is usually Enterprise Manager's web page", "Use em01:9398"),
        (8443, "does not know /api/", "Use em01:9398"),
        (9398, "does not know /api/", "9398 is only its default"),
    ],
)
async def test_a_wrong_port_is_named_with_the_right_one(
    who: Identity, port: int, words: str, hint: str
) -> None:
    script = Script(routes={"GET /api/": http(404)})
    async with serving(script, who):
        proxy = Proxy(names={f"em01:{port}": (script.address.host, script.address.port)})
        trust = Trust(pinned_sha256=sha256_of(who.der))
        address = ServerAddress(host="em01", port=port)
        async with proxy.serving(), EnterpriseManager(address, trust=trust, proxy=proxy.url) as manager:
            with pytest.raises(NotManager, match=words) as caught:
                await manager.log_on("op", "secret")
    assert hint in caught.value.hint
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("root", "kind"),
    [
        (http(503), Busy),
        (http(500, PAGE), ServerFault),
        (http(511, PAGE), ServerFault),
        (http(502, PAGE), Busy),
        (http(403, '<Error Message="Not now." StatusCode="403"/>'), Forbidden),
    ],
)
async def test_a_server_in_trouble_is_not_called_another_one(
    scripted: Scripted, root: bytes, kind: type[ManagerError]
) -> None:
    async with scripted(logon(), routes={"GET /api/": root}, session=None) as (manager, script):
        with pytest.raises(kind) as caught:
            await manager.log_on("op", "secret")
    assert ("check the name and the port" in caught.value.hint) is not caught.value.from_manager
    assert {request.target for request in script.requests} == {"/api/"}


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (http(200, PAGE), NotManager, "a web page and named no session"),
        (http(426), Rejected, "HTTP 426"),
        (http(407), Rejected, "HTTP 407"),
        (http(302, "", "Location: /login"), NotManager, "redirects"),
        (http(200, "{}"), NotManager, "no session"),
        (http(201, "", "X-RestSvcSessionId: t\u00f6ken"), NotManager, "no session"),
        (http(201, "", "X-RestSvcSessionId: two words"), NotManager, "no session"),
        (http(201, "", "X-RestSvcSessionId: " + "t" * 5_000), NotManager, "no session"),
        (http(201, PAGE, "X-RestSvcSessionId: t"), NotManager, "web page"),
        (http(404, PAGE), NotManager, "knows no logon"),
        (veeam(404, "x"), NotManager, "knows no logon"),
        (http(201, '<Error Message="Licence." StatusCode="500"/>'), ErrorAsAnswer, "Licence."),
    ],
)
async def test_what_is_no_logon(scripted: Scripted, reply: bytes, kind: type[Exception], words: str) -> None:
    async with scripted(reply, session=None) as (manager, script):
        with pytest.raises(kind, match=words) as caught:
            await manager.log_on("op", "x")
        assert manager.session is None
    assert isinstance(caught.value, VbemError)
    assert "form" not in caught.value.hint, "there is none at the logon"
    assert [request.method for request in script.requests] == ["GET", "POST"]


async def drop(_request: Request, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@pytest.mark.parametrize(
    ("reply", "kind", "may_be_left"),
    [
        (drop, ConnectionLost, True),
        (http(201, "x" * 70_000, "X-RestSvcSessionId: t"), TooLarge, True),
        (http(201, ""), NotManager, True),
        (http(502, PAGE), Busy, True),
        (http(500, '<Error Message="Failed." StatusCode="500"/>'), ServerFault, True),
        (http(403, '<Error Message="No." StatusCode="403"/>'), Forbidden, False),
        (http(401, "", "WWW-Authenticate: Basic Realm=RestSvc"), BadLogin, False),
    ],
)
async def test_a_logon_session_that_may_be_left_at_the_server_is_told(
    scripted: Scripted, reply: Answer, kind: type[Exception], may_be_left: bool
) -> None:
    async with scripted(reply, session=None) as (manager, _):
        with pytest.raises(kind) as caught:
            await manager.log_on("op", "x")
    assert isinstance(caught.value, VbemError)
    assert (MAY_BE_LOGGED_ON in caught.value.hint) is may_be_left
    assert "search" not in caught.value.hint, "there is none at the logon"


@pytest.mark.parametrize(
    ("date", "ahead"),
    [
        ("Date: Mon, 23 Nov 2026 03:04:05 GMT", timedelta(0)),
        ("Date: Mon, 23 Nov 2026 01:04:05 GMT", timedelta(hours=2)),
        ("Date: Mon, 23 Nov 2026 03:14:05 GMT", timedelta(minutes=-10)),
        ("Date: Mon, 23 Nov 2026 03:14:05 -0000", None),
        ("Date: yesterday", None),
        ("Date: ", None),
        ("X-Date: none", None),
    ],
)
async def test_how_far_the_clocks_are_apart_is_known_after_a_logon(
    scripted: Scripted, date: str, ahead: timedelta | None
) -> None:
    token = f"X-RestSvcSessionId: {TOKEN}"
    async with scripted(routes={POST: logon(BODY, token, date)}, session=None, clock=FixedWallClock()) as (
        manager,
        _,
    ):
        await manager.log_on("op", "x")
        assert manager.clock_offset == ahead


async def test_what_never_asked_for_a_session_leaves_none(scripted: Scripted) -> None:
    async with scripted(routes={"GET /api/": drop}, session=None) as (manager, script):
        with pytest.raises(ConnectionLost) as caught:
            await manager.log_on("op", "x")
    assert MAY_BE_LOGGED_ON not in caught.value.hint
    assert {request.method for request in script.requests} == {"GET"}


def test_a_refused_logon_names_all_forms_of_a_user() -> None:
    for form in ("DOMAIN\\user", "user@DOMAIN", "user alone"):
        assert form in BadLogin.hint


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (http(401, "", "WWW-Authenticate: Basic Realm=RestSvc"), BadLogin),
        (http(401, "<html><title>no</title></html>"), BadLogin),
        (http(403), Forbidden),
        (http(503), Busy),
    ],
)
async def test_a_refused_logon_is_sent_once(scripted: Scripted, reply: bytes, kind: type[Exception]) -> None:
    async with scripted(reply, session=None) as (manager, script):
        with pytest.raises(kind):
            await manager.log_on("op", "wrong")
        assert manager.session is None
    assert [request.method for request in script.requests] == ["GET", "POST"]


@pytest.mark.parametrize(("user", "password"), [("a:b", "x"), ("a", "\ud800")])
async def test_what_cannot_be_sent_is_not(scripted: Scripted, user: str, password: str) -> None:
    async with scripted(logon(), session=None) as (manager, script):
        with pytest.raises(BadLogin) as caught:
            await manager.log_on(user, password)
    assert not caught.value.request_sent
    assert script.requests == []


@pytest.mark.parametrize("token", ["", "t\u00f6ken", "a b", "a\r\nX: y", "\udcff"])
async def test_a_damaged_session_is_logged_on_again_and_not_sent(scripted: Scripted, token: str) -> None:
    damaged = LogonSession(user="op", session_id="s", token=token)
    async with scripted(json_reply({"Tasks": []}), session=damaged) as (manager, script):
        with pytest.raises(SessionExpired) as caught:
            await manager.tasks()
    assert not caught.value.request_sent
    assert script.requests == []


async def test_a_failed_logon_keeps_the_session_there_was(scripted: Scripted) -> None:
    async with scripted(http(401)) as (manager, _):
        before = manager.session
        with pytest.raises(BadLogin):
            await manager.log_on("op", "wrong")
        assert manager.session is before


async def test_logging_off_deletes_the_session_by_its_id(scripted: Scripted) -> None:
    async with scripted(http(204)) as (manager, script):
        await manager.log_off()
        assert manager.session is None
    assert [(request.method, request.target) for request in script.requests] == [
        ("DELETE", "/api/logonSessions/s-1")
    ]


def listed(*sessions: tuple[str, str], pages: int = 1) -> bytes:
    found = [{"UserName": user, "SessionId": id} for user, id in sessions]
    return json_reply({"LogonSessions": found, "PagingInfo": {"PageNum": 1, "PagesCount": pages}})


@pytest.mark.parametrize(
    ("sessions", "is_deleted"),
    [
        (listed(("LAB\\OP", "0b5c")), True),
        (listed(("LAB\\op", "0b5c"), ("x", "1")), False),
        (listed(("LAB\\op", "0b5c"), ("LAB\\op", "1")), False),
        (listed(("LAB\\somebody", "0b5c")), False),
        (listed(), False),
        (listed(("LAB\\op", "0b5c"), pages=2), False),
    ],
)
async def test_logging_off_without_an_id_deletes_the_only_session_if_it_is_ours(
    scripted: Scripted, sessions: bytes, is_deleted: bool
) -> None:
    nameless = LogonSession(user="LAB\\op", session_id="", token="t")
    routes = {"GET /api/logonSessions": sessions, "DELETE /api/logonSessions/0b5c": http(204)}
    async with scripted(routes=routes, session=nameless) as (manager, script):
        with nullcontext() if is_deleted else pytest.raises(NotLoggedOff, match="named no session"):
            await manager.log_off()
        assert manager.session is None
    deleted = [each.target for each in script.requests if each.method == "DELETE"]
    assert deleted == (["/api/logonSessions/0b5c"] if is_deleted else [])


@pytest.mark.parametrize(
    ("reply", "is_over"),
    [
        (http(401, "", "WWW-Authenticate: Basic Realm=RestSvc"), True),
        (json_reply({"Message": "No such session.", "StatusCode": 404}, status=404), True),
        (http(401, PAGE), False),
        (http(404), False),
        (http(500), False),
        (http(200, PAGE), False),
        (http(200, '<Error Message="No." StatusCode="500"/>'), False),
        (http(200, "<!-- a --> <!DOCTYPE html><title>Log in</title>"), False),
        (http(200, '<Error Message="No."/>'), False),
        (json_reply({"message": "No."}), False),
        (http(200, "Blocked."), False),
        (http(200), True),
        (http(202), False),
        (http(205), False),
        (
            json_reply({"TaskId": "task-1", "State": "Finished", "Result": {"Success": True}}, status=202),
            False,
        ),
        (json_reply({"SessionId": "s-1", "UserName": "LAB\\op"}), False),
    ],
)
async def test_a_session_counts_as_ended_where_the_server_itself_says_so(
    scripted: Scripted, reply: bytes, is_over: bool
) -> None:
    async with scripted(reply) as (manager, _):
        with nullcontext() if is_over else pytest.raises(NotLoggedOff, match="may still be alive"):
            await manager.log_off()
        assert manager.session is None
    assert "15 minutes" in NotLoggedOff.hint


async def test_logging_off_from_a_silent_server_takes_five_seconds(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_request: Request, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    assert logon_module.LOG_OFF_S == 5
    monkeypatch.setattr(logon_module, "LOG_OFF_S", 0.05)
    async with scripted(silent) as (manager, _):
        with pytest.raises(NotLoggedOff, match="did not answer"):
            await manager.log_off()
        assert manager.session is None


async def test_keeping_alive_is_one_light_read(scripted: Scripted) -> None:
    async with scripted(json_reply({"Tasks": []}), http(401)) as (manager, script):
        assert await manager.is_session_alive()
        assert not await manager.is_session_alive()
        with pytest.raises(SessionExpired):
            await manager.keep_alive()
    assert {request.method for request in script.requests} == {"GET"}


@pytest.mark.parametrize(
    ("version", "wire", "lists", "writes"),
    [
        ("v1_7", WireFormat.AUTO, "json", "xml"),
        ("v1_4", WireFormat.AUTO, "json", "xml"),
        ("v1_3", WireFormat.AUTO, "xml", "xml"),
        ("", WireFormat.AUTO, "json", "xml"),
        ("v1_7", WireFormat.XML, "xml", "xml"),
        ("v1_3", WireFormat.JSON, "json", "json"),
    ],
)
async def test_formats_by_version(
    scripted: Scripted, version: str, wire: WireFormat, lists: str, writes: str
) -> None:
    session = LogonSession(user="op", session_id="s", token="t", api_version=version)
    async with scripted(wire=wire, session=session) as (manager, _):
        assert (manager.lists_wire, manager.writes_wire) == (lists, writes)


@pytest.mark.parametrize(
    "refusal",
    [http(400, "<Error Message='Node [root] does not exist.'/>"), http(415), http(406), http(200, "?")],
)
async def test_an_old_server_that_knows_no_json_is_asked_in_xml(scripted: Scripted, refusal: bytes) -> None:
    async with scripted(refusal, http(200, "<Tasks/>")) as (manager, script):
        assert await manager.tasks() == ()
        assert await manager.tasks() == ()
    accepts = [request.header("Accept") for request in script.requests]
    assert accepts[:2] == ["application/json", "application/xml"]
    assert (accepts[2] == "application/xml") is (b" 200 " not in refusal[:16])


async def test_json_is_not_given_up_where_it_was_asked_for(scripted: Scripted) -> None:
    async with scripted(http(400), wire=WireFormat.JSON) as (manager, script):
        with pytest.raises(Exception, match="invalid"):
            await manager.tasks()
    assert len(script.requests) == 1
