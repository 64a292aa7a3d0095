"""WIRE 1 and 9: discovery, logon, the session, roles, log off, errors."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlsplit

import pytest

from tests.demo.reading import MEDIA, TOKEN, Wire, vm_spec


@pytest.mark.parametrize("form", ["xml", "json"])
def test_1_3_root_lists_versions_without_logon(stranger: Wire, form: str) -> None:
    answer = stranger.get("/api/", Accept=MEDIA[form])
    assert answer.status == 200
    path = ("SupportedVersions",) if form == "xml" else ("SupportedVersions", "SupportedVersions")
    assert [row["Name"] for row in answer.rows(*path)] == ["v1_5", "v1_6", "v1_7"]
    assert answer.node.link("Create", "LogonSession") == "/api/sessionMngr/?v=latest"


def test_1_2_update_4_lists_all_old_versions(stranger: Wire) -> None:
    stranger.demo.reset(api_version="v1_4")
    names = [row["Name"] for row in stranger.get("/api/").rows("SupportedVersions")]
    assert names == ["v1", "v1_1", "v1_2", "v1_3", "v1_4"]


def test_1_1_hrefs_carry_another_host(wire: Wire) -> None:
    host = urlsplit(wire.points("app01")[0]["Href"]).netloc
    assert host == "em01.demo.internal:9398" != f"{wire.demo.host}:{wire.demo.port}"


@pytest.mark.parametrize(
    "path", ["/api/sessionMngr/?v=latest", "/api/sessionMngr", "/api/sessionmngr/?v=v1_6"]
)
def test_1_4_logon_gives_token_cookie_and_session_id(stranger: Wire, path: str) -> None:
    stranger.log_on()
    basic = "Basic TEFCXHJlc3RvcmUtb3A6ZGVtby1QYXNzdzByZA=="
    answer = stranger.send("POST", path, Authorization=basic)
    assert answer.status == 201
    token = answer.headers[TOKEN]
    assert answer.headers["Set-Cookie"] == f"{TOKEN}={token}; Path=/api;"
    assert answer.node["UserName"] == "LAB\\restore-op"
    assert answer.node["SessionId"] != token, "WIRE T24: the token is not the SessionId"
    assert {"+", "/"} & set(token), "WIRE T24: base64 with its awkward characters"
    assert token.endswith("=")


def test_1_4_the_token_is_the_session_ids_text_where_servers_do_so(wire: Wire) -> None:
    wire.demo.control("set", option="tokens", value="session-id")
    answer = wire.log_on()
    assert answer.headers[TOKEN] == base64.b64encode(answer.node["SessionId"].encode()).decode()
    assert wire.get("/api/tasks").status == 200
    jobs = wire.get(answer.node.link("Down", "JobReferenceList"))
    assert jobs.rows(*([] if wire.format == "xml" else ["Refs"]))[0]["Type"] == "JobReference"


@pytest.mark.parametrize(("how", "status"), [("reject", 400), ("accept", 201)])
def test_1_2_a_version_that_is_not_listed(wire: Wire, how: str, status: int) -> None:
    wire.demo.control("set", option="unlisted_versions", value=how)
    assert b"v1_4" not in wire.get("/api/").body
    assert wire.log_on(version="v1_4").status == status
    assert wire.log_on(version="v1_9").status == 400
    if status == 201:
        wire.log_on(version="v1_4")
        wire.restore(wire.point_id("app01"), vm_spec(wire.format))
        wire.demo.advance(7)
        assert wire.get("/api/tasks/task-1").node["State"] == "Running", "no OperationFinished before v1_5"


@pytest.mark.parametrize(
    ("user", "password"),
    [("LAB\\restore-op", "wrong"), ("LAB\\nobody", "demo-Passw0rd"), ("LAB\\no-role", "demo-Passw0rd")],
)
def test_1_6_bad_logon_is_401_with_challenge(stranger: Wire, user: str, password: str) -> None:
    answer = stranger.log_on(user, password)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Basic Realm=RestSvc"
    assert answer.headers[TOKEN] is None
    assert answer.node["StatusCode"] == "401"


def test_t3_cookie_beats_header(demo: object, wire: Wire) -> None:
    good = wire.headers[TOKEN]
    assert wire.get("/api/tasks", Cookie=f"{TOKEN}=dead==").status == 401
    assert wire.get("/api/tasks", Cookie=f"a=b; {TOKEN}={good}", X_RestSvcSessionId="dead==").status == 200


def test_t29_a_session_dies_after_15_idle_minutes(wire: Wire) -> None:
    for _ in range(2):
        wire.demo.advance(14 * 60 + 59)
        assert wire.get("/api/tasks").status == 200, "and polling keeps it alive"
    wire.demo.advance(15 * 60)
    assert wire.get("/api/tasks").status == 401


def test_1_7_log_off_needs_the_session_id(wire: Wire) -> None:
    assert wire.send("DELETE", f"/api/logonSessions/{wire.headers[TOKEN]}").status == 404
    answer = wire.send("DELETE", f"/api/logonSessions/{wire.session_id}")
    assert (answer.status, answer.body) == (204, b"")
    assert wire.get("/api/tasks").status == 401


def test_1_7_logon_sessions_are_listed(wire: Wire) -> None:
    rows = wire.get("/api/logonSessions").listed("LogonSessions")
    assert [row["SessionId"] for row in rows] == [wire.session_id]


@pytest.mark.parametrize(
    "path",
    ["hierarchyRoots", "lookupSvc", "lookup?host=x", "backupServers", "query?type=HierarchyRoot",
     "query?type=backupserver", "restorePoints/x/vmRestorePoints"],
)  # fmt: skip
def test_t15_restore_operator_may_not_look_up(wire: Wire, path: str) -> None:
    wire.demo.control("set", option="role", value="restore-operator")
    answer = wire.get(f"/api/{path}")
    assert answer.status == 403
    assert "Access denied" in answer.message


def test_t15_portal_user_may_look_up(wire: Wire) -> None:
    wire.demo.control("set", option="role", value="portal-user")
    assert wire.get("/api/hierarchyRoots").status == 200


def test_9_error_shapes(wire: Wire) -> None:
    answer = wire.get("/api/vmRestorePoints/00000000-0000-4000-8000-000000000000")
    assert answer.status == 404
    node = answer.node
    assert node["StatusCode"] == "404"
    assert node["Message"]
    if wire.format == "xml":
        assert node["FirstChanceExceptionMessage"] == node["Message"]
        assert node.data.attrib["Message"], "WIRE T33: an attribute in XML"
    else:
        assert list(json.loads(answer.body)) == [
            "FirstChanceExceptionMessage", "Message", "StackTrace", "Status", "StatusCode"
        ]  # fmt: skip


def test_t5_camel_casing_of_replies(wire: Wire) -> None:
    wire_point = wire.point_id("app01")
    wire.demo.control("set", option="casing", value="camel")
    answer = wire.get(f"/api/vmRestorePoints/{wire_point}?format=Entity")
    if wire.format == "xml":
        assert answer.node["UID"], "XML has one casing"
    else:
        keys = json.loads(answer.body)
        assert {"uid", "links", "href", "creationTimeUTC", "vmDisplayName"} <= set(keys)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [(None, "application/xml"), ("*/*", "application/xml"), ("application/xml", "application/xml"),
     ("application/json", "application/json"), ("application/xml, application/json", "application/json")],
)  # fmt: skip
def test_2_1_accept_decides_the_format(wire: Wire, accept: str | None, expected: str) -> None:
    answer = wire.get("/api/tasks", Accept=accept)
    assert answer.headers.get_content_type() == expected


def test_2_1_no_json_for_sessions_older_than_v1_4(stranger: Wire) -> None:
    stranger.demo.reset(api_version="v1_4")
    stranger.log_on(version="v1_3")
    assert (
        stranger.get("/api/tasks", Accept="application/json").headers.get_content_type() == "application/xml"
    )


def test_2_1_old_servers_write_reasons_without_a_space(stranger: Wire) -> None:
    stranger.demo.reset(api_version="v1_4")
    stranger.log_on()
    stranger.connection.request("GET", "/api/query?type=nothing", headers=stranger.headers)
    reply = stranger.connection.getresponse()
    reply.read()
    assert (reply.status, reply.reason) == (400, "BadRequest")
    assert reply.headers["Server"] == "Microsoft-HTTPAPI/2.0"
