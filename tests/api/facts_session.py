"""WIRE 1 and 2: address, logon, session, media types, shapes of bodies."""

from __future__ import annotations

import base64

import pytest

from tests.api.facts_points import POINT, TASK, points_of
from tests.api.lab import ELSEWHERE, Lab, fact
from tests.api.scripted import SESSION, TOKEN, http
from tui.api.errors import BadLogin, Forbidden, NotManager, SessionExpired
from tui.api.models import DEFAULT_PORT, LogonSession, ServerAddress, Task, TaskState, VmRestoreSpec

LOGON = {"Type": "LogonSession", "UserName": "LAB\\op", "SessionId": "0b5c1f7e"}
ROOT = {"SupportedVersions": {"SupportedVersion": [{"Name": "v1_6"}, {"Name": "v1_10"}, {"Name": "v1_7"}]}}


def root(lab: Lab) -> bytes:
    inner = "SupportedVersion" if lab.dialect == "xml" else "SupportedVersions"
    versions = ROOT["SupportedVersions"]["SupportedVersion"]
    return lab.reply("EnterpriseManager", {"SupportedVersions": {inner: versions}})


def logon_routes(lab: Lab, *headers: str, body: bool = True) -> dict[str, bytes]:
    token = headers or (f"X-RestSvcSessionId: {TOKEN}",)
    reply = lab.reply("LogonSession", LOGON, *token, status=201) if body else http(201, b"", *token)
    return {"POST /api/sessionMngr/": reply, "GET /api/": root(lab)}


@fact("WIRE 1.1")
async def the_port_is_9398_unless_said(_lab: Lab) -> None:
    assert DEFAULT_PORT == 9398
    assert ServerAddress.parse("em.lab.example") == ServerAddress(host="em.lab.example", port=9398)
    assert ServerAddress.parse("https://em.lab.example:9999/api/").port == 9999


@fact("WIRE 1.2")
async def the_version_is_chosen_at_logon_only(lab: Lab) -> None:
    async with lab.serve(routes=logon_routes(lab), session=None) as (manager, script):
        await manager.log_on("LAB\\op", "pw")
    assert [request.target for request in script.requests] == ["/api/", "/api/sessionMngr/?v=latest"]


@fact("WIRE 1.3")
async def the_newest_version_is_found_by_number(lab: Lab) -> None:
    async with lab.serve(routes=logon_routes(lab), session=None) as (manager, _):
        assert (await manager.discover()).newest == "v1_10"


@fact("WIRE 1.4")
async def a_logon_is_an_empty_post_with_basic_credentials(lab: Lab) -> None:
    async with lab.serve(routes=logon_routes(lab), session=None) as (manager, script):
        session = await manager.log_on("LAB\\op", "pw:ü")
    request = script.requests[1]
    assert (request.method, request.body, request.header("Content-Length")) == ("POST", b"", "0")
    assert base64.b64decode(request.header("Authorization").removeprefix("Basic ")) == "LAB\\op:pw:ü".encode()
    assert session.user == "LAB\\op"


@fact("WIRE 1.4")
async def the_token_header_comes_in_any_case(lab: Lab) -> None:
    routes = logon_routes(lab, f"x-restsvcsessionID: {TOKEN}")
    async with lab.serve(routes=routes, session=None) as (manager, _):
        assert (await manager.log_on("op", "pw")).token == TOKEN


@fact("WIRE 1.4")
async def the_body_of_a_logon_may_be_empty(lab: Lab) -> None:
    async with lab.serve(routes=logon_routes(lab, body=False), session=None) as (manager, _):
        session = await manager.log_on("op", "pw")
    assert (session.user, session.session_id, session.token) == ("op", "", TOKEN)


@fact("WIRE 1.4")
async def a_logon_may_be_wrapped_in_a_list(lab: Lab) -> None:
    inner = "LogonSession" if lab.dialect == "xml" else "LogonSessions"
    reply = lab.reply("LogonSessions", {inner: [LOGON]}, f"X-RestSvcSessionId: {TOKEN}", status=201)
    routes = {"POST /api/sessionMngr/": reply, "GET /api/": root(lab)}
    async with lab.serve(routes=routes, session=None) as (manager, _):
        assert (await manager.log_on("op", "pw")).session_id == "0b5c1f7e"


@fact("WIRE T24")
async def the_token_goes_out_verbatim_and_the_session_id_logs_off(lab: Lab) -> None:
    routes = logon_routes(lab) | {
        "GET /api/tasks": lab.collection("Tasks", "Task", []),
        "DELETE /api/logonSessions/0b5c1f7e": http(204),
    }
    async with lab.serve(routes=routes, session=None) as (manager, script):
        await manager.log_on("op", "pw")
        await manager.tasks()
        await manager.log_off()
    assert [each.header("X-RestSvcSessionId") for each in script.requests[2:]] == [TOKEN, TOKEN]
    assert (script.requests[-1].method, script.requests[-1].target) == (
        "DELETE",
        "/api/logonSessions/0b5c1f7e",
    )
    assert not script.requests[0].has("X-RestSvcSessionId")


@fact("WIRE T3")
async def no_cookie_is_kept_or_sent(lab: Lab) -> None:
    cookie = "Set-Cookie: X-RestSvcSessionId=other; Path=/api;"
    routes = logon_routes(lab, f"X-RestSvcSessionId: {TOKEN}", cookie)
    routes["GET /api/tasks"] = http(
        200, lab.collection("Tasks", "Task", []).partition(b"\r\n\r\n")[2], cookie, media_type=lab.media_type
    )
    async with lab.serve(routes=routes, session=None) as (manager, script):
        await manager.log_on("op", "pw")
        await manager.tasks()
        await manager.tasks()
    assert not any(request.has("Cookie") for request in script.requests)


@fact("WIRE 1.6")
async def status_401_is_an_expired_session_or_at_logon_a_bad_login(lab: Lab) -> None:
    async with lab.serve(http(401, b"", "WWW-Authenticate: Basic Realm=RestSvc")) as (manager, _):
        with pytest.raises(SessionExpired):
            await manager.tasks()
        with pytest.raises(BadLogin):
            await manager.log_on("op", "pw")


@fact("WIRE T15")
async def a_role_without_lookup_is_told_so(lab: Lab) -> None:
    error = lab.reply("Error", {"Message": "Access denied.", "StatusCode": 403}, status=403)
    async with lab.serve(error) as (manager, _):
        for call in (manager.hierarchy_roots, manager.backup_servers):
            with pytest.raises(Forbidden, match="Access denied"):
                await call()
        with pytest.raises(Forbidden, match="Access denied"):
            await manager.lookup("urn:r", "OrgVdc")


@fact("WIRE T29")
async def a_session_is_kept_alive_by_a_light_read(lab: Lab) -> None:
    async with lab.serve(lab.collection("Tasks", "Task", []), http(401)) as (manager, script):
        assert await manager.is_session_alive()
        assert not await manager.is_session_alive()
    assert [request.method for request in script.requests] == ["GET", "GET"]


@fact("WIRE T32")
async def the_web_page_is_not_the_rest_api(lab: Lab) -> None:
    for page in (http(200, "<html></html>", media_type="text/html"), http(302, b"", "Location: /login")):
        async with lab.serve(routes={"GET /api/": page}, session=None) as (manager, script):
            with pytest.raises(NotManager) as caught:
                await manager.log_on("op", "pw")
            assert "9398" in caught.value.hint
        assert len(script.requests) == 1


@fact("WIRE T16")
async def the_host_of_a_link_is_never_used(lab: Lab) -> None:
    routes = {
        "GET /api/query": lab.points(POINT),
        "POST /api/vmRestorePoints/aa01": lab.reply("Task", TASK, status=202),
        "DELETE /api/tasks/task-4": http(204),
    }
    async with lab.serve(routes=routes) as (manager, script):
        (point,) = await points_of(manager)
        task = await manager.send(manager.write_request(point, VmRestoreSpec()))
        await manager.cancel_task(task)
    assert len(script.requests) == 3
    assert {request.header("Host") for request in script.requests} == {str(script.address)}
    assert ELSEWHERE not in "".join(request.target for request in script.requests)


@fact("WIRE T4")
async def accept_names_one_type_and_it_is_the_body_s(lab: Lab) -> None:
    routes = {
        "GET /api/query": lab.points(POINT),
        "POST /api/vmRestorePoints/aa01": lab.reply("Task", TASK, status=202),
    }
    async with lab.serve(routes=routes) as (manager, script):
        (point,) = await points_of(manager)
        await manager.send(manager.write_request(point, VmRestoreSpec()))
    assert [request.header("Accept") for request in script.requests] == [lab.media_type] * 2
    assert script.requests[1].header("Content-Type") == lab.media_type


@fact("WIRE 2.1")
async def old_servers_write_reason_phrases_without_a_space(lab: Lab) -> None:
    reply = lab.collection("Tasks", "Task", []).replace(b"200 X", b"200 AllRight")
    async with lab.serve(reply) as (manager, _):
        assert await manager.tasks() == ()


@fact("WIRE T33")
async def errors_are_read_whatever_was_asked_for(lab: Lab) -> None:
    bodies = (
        (b'<Error Message="Locked." StatusCode="500" xmlns="urn:x"/>', "Locked."),
        (b'{"FirstChanceExceptionMessage":null,"Message":"Locked.","StatusCode":500}', "Locked."),
        (b'{"message":"Locked.","statusCode":500}', "Locked."),
        (b"<html><title>Locked.</title></html>", "Locked."),
        (b"Locked.", "Locked."),
        (b"", "HTTP 500."),
    )
    for body, words in bodies:
        async with lab.serve(http(500, body, media_type="text/html")) as (manager, _):
            with pytest.raises(Exception, match=r"Internal server error|has failed") as caught:
                await manager.tasks()
            assert getattr(caught.value, "detail", "") == words
            assert getattr(caught.value, "http_code", 0) == 500


@fact("WIRE 1.7")
async def logging_off_is_a_delete(lab: Lab) -> None:
    async with lab.serve(http(204)) as (manager, script):
        await manager.log_off()
    assert (script.requests[0].method, script.requests[0].target) == ("DELETE", "/api/logonSessions/s-1")


@fact("WIRE T28")
async def cancelling_goes_to_the_plural_path_whether_or_not_it_is_linked(lab: Lab) -> None:
    linked = Task(task_id="task-1", state=TaskState.RUNNING, delete_href="/api/Tasks/task-1/")
    async with lab.serve(http(204)) as (manager, script):
        await manager.cancel_task(linked)
        await manager.cancel_task(Task(task_id="task-2", state=TaskState.RUNNING))
    assert [each.target for each in script.requests] == ["/api/tasks/task-1", "/api/tasks/task-2"]
    assert isinstance(SESSION, LogonSession)
