"""Logging on, what counts as a logon, and logging off."""

from __future__ import annotations

import base64

import pytest

from tests.api.conftest import Scripted
from tests.api.scripted import http, json_reply
from tui.api.errors import BadLogin, Busy, Forbidden, NotManager, SessionExpired
from tui.api.models import LogonSession, WireFormat

POST = "POST /api/sessionMngr/"
BODY = "<LogonSession xmlns='urn:x'><UserName>LAB\\op</UserName><SessionId>0b5c</SessionId></LogonSession>"
WRAPPED = f"<LogonSessions xmlns='urn:x'>{BODY}</LogonSessions>"
ROOT = http(
    200,
    "<EnterpriseManager><SupportedVersions><SupportedVersion Name='v1_6'/><SupportedVersion Name='v1_7'/>"
    "</SupportedVersions></EnterpriseManager>",
)
TOKEN = "a+b/c=="


def logon(body: str = BODY, *headers: str) -> bytes:
    return http(201, body, *(headers or (f"X-RestSvcSessionId: {TOKEN}",)))


async def test_a_logon(scripted: Scripted) -> None:
    async with scripted(routes={POST: logon(), "GET /api/": ROOT}, session=None) as (manager, script):
        session = await manager.log_on("LAB\\op", "pä:ss")
        assert manager.session == session
    assert session == LogonSession(user="LAB\\op", session_id="0b5c", token=TOKEN, api_version="v1_7")
    sent = script.requests[0]
    assert sent.target == "/api/sessionMngr/?v=latest"
    assert sent.header("Authorization") == "Basic " + base64.b64encode("LAB\\op:pä:ss".encode()).decode()
    assert sent.header("Content-Length") == "0"
    assert sent.body == b""
    assert not sent.has("X-RestSvcSessionId")
    assert not sent.has("Content-Type")
    assert sent.header("Accept") == "application/xml"
    assert [request.target for request in script.requests] == ["/api/sessionMngr/?v=latest", "/api/"]
    assert not script.requests[1].has("Authorization")


@pytest.mark.parametrize("header", ["x-restsvcsessionid", "X-RESTSVCSESSIONID", "X-RestSvcSessionId"])
async def test_the_token_header_in_any_case(scripted: Scripted, header: str) -> None:
    async with scripted(
        routes={POST: logon(BODY, f"{header}: {TOKEN}"), "GET /api/": ROOT}, session=None
    ) as (manager, _):
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
    async with scripted(routes={POST: reply, "GET /api/": ROOT}, session=None) as (manager, _):
        assert (await manager.log_on("LAB\\op", "x")).session_id == session_id


@pytest.mark.parametrize("root", [http(404), http(200, "<html/>"), http(503)])
async def test_a_root_that_fails_leaves_the_version_open(scripted: Scripted, root: bytes) -> None:
    async with scripted(routes={POST: logon(), "GET /api/": root}, session=None) as (manager, _):
        session = await manager.log_on("op", "x")
    assert (session.api_version, manager.api_version) == ("", "")


@pytest.mark.parametrize(
    "reply",
    [
        http(200, "<html><title>Veeam</title></html>", media_type="text/html"),
        http(302, "", "Location: /login"),
        http(200, "{}"),
        http(201, "<html></html>", "X-RestSvcSessionId: t"),
        http(404, "<html></html>"),
    ],
    ids=["page", "redirect", "no token", "page with token", "404 page"],
)
async def test_the_web_page_is_no_manager(scripted: Scripted, reply: bytes) -> None:
    async with scripted(reply, session=None) as (manager, script):
        with pytest.raises(NotManager) as caught:
            await manager.log_on("op", "x")
        assert manager.session is None
    assert "9398" in caught.value.hint
    assert len(script.requests) == 1


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
    assert len(script.requests) == 1


@pytest.mark.parametrize(("user", "password"), [("a:b", "x"), ("a", "\ud800")])
async def test_what_cannot_be_sent_is_not(scripted: Scripted, user: str, password: str) -> None:
    async with scripted(logon(), session=None) as (manager, script):
        with pytest.raises(BadLogin) as caught:
            await manager.log_on(user, password)
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


async def test_logging_off_without_an_id_finds_the_only_session(scripted: Scripted) -> None:
    nameless = LogonSession(user="op", session_id="", token="t")
    mine = {"LogonSessions": [{"UserName": "op", "SessionId": "0b5c"}]}
    other = {"LogonSessions": [*mine["LogonSessions"], {"UserName": "x", "SessionId": "1"}]}
    for listed, deleted in ((mine, ["/api/logonSessions/0b5c"]), (other, [])):
        routes = {"GET /api/logonSessions": json_reply(listed), "DELETE /api/logonSessions/0b5c": http(204)}
        async with scripted(routes=routes, session=nameless) as (manager, script):
            await manager.log_off()
            assert manager.session is None
        assert [each.target for each in script.requests if each.method == "DELETE"] == deleted


@pytest.mark.parametrize("status", [401, 404])
async def test_a_session_that_is_over_counts_as_deleted(scripted: Scripted, status: int) -> None:
    async with scripted(http(status)) as (manager, _):
        await manager.log_off()
        assert manager.session is None


async def test_a_log_off_that_fails_forgets_the_session_all_the_same(scripted: Scripted) -> None:
    async with scripted(http(500)) as (manager, _):
        with pytest.raises(Exception, match="Internal server error"):
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
