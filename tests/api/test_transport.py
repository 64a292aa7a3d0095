"""What goes over the line and what may come back: headers, limits, time, retries, honesty about writes."""

from __future__ import annotations

import asyncio
import gzip

import httpx
import pytest

from tests.api.conftest import Scripted
from tests.api.scripted import (
    TOKEN,
    Identity,
    NoWait,
    Request,
    Script,
    client_of,
    http,
    json_reply,
    serving,
    zipped,
)
from tui.api.errors import (
    BadReply,
    Busy,
    ConnectionLost,
    Invalid,
    ManagerError,
    NotManager,
    ServerFault,
    TimedOut,
    TooLarge,
    Unreachable,
    Unreadable,
)
from tui.api.limits import Limits
from tui.api.models import LogonSession, ServerAddress, Task, TaskState, WireFormat
from tui.api.query import Query
from tui.api.transport import mapped

NO_TASKS = json_reply({"Tasks": []})
CHUNK = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
TASK = Task(task_id="task-1", state=TaskState.RUNNING)


async def test_the_token_goes_out_verbatim_and_nothing_of_it_as_cookie(scripted: Scripted) -> None:
    cookie = f"Set-Cookie: X-RestSvcSessionId={TOKEN}; Path=/api;"
    async with scripted(json_reply({"Tasks": []}, cookie)) as (manager, script):
        await manager.tasks()
        await manager.tasks()
    assert [request.header("X-RestSvcSessionId") for request in script.requests] == [TOKEN, TOKEN]
    assert not any(request.has("Cookie") for request in script.requests)


@pytest.mark.parametrize(
    ("wire", "media_type"), [(WireFormat.XML, "application/xml"), (WireFormat.JSON, "application/json")]
)
async def test_accept_names_exactly_one_type(scripted: Scripted, wire: WireFormat, media_type: str) -> None:
    async with scripted(NO_TASKS, wire=wire) as (manager, script):
        await manager.tasks()
    assert script.requests[0].header("Accept") == media_type
    assert script.requests[0].header("Accept-Encoding") == "gzip"


async def test_no_redirect_is_followed(scripted: Scripted) -> None:
    async with scripted(http(302, b"", "Location: https://127.0.0.1:1/api/tasks")) as (manager, script):
        with pytest.raises(NotManager):
            await manager.tasks()
    assert len(script.requests) == 1


async def test_hosts_in_links_are_never_dialled(scripted: Scripted) -> None:
    link = {"Rel": "Delete", "Href": "https://evil.example/api/tasks/task-1"}
    task = {"TaskId": "task-1", "State": "Running", "Links": [link]}
    async with scripted(json_reply(task), http(204)) as (manager, script):
        await manager.cancel_task(await manager.task("task-1"))
    assert script.requests[1].target == "/api/tasks/task-1"
    assert script.requests[0].header("Host") == str(script.address)


async def test_the_environment_names_no_proxy(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with scripted(NO_TASKS) as (manager, _):
        assert await manager.tasks() == ()


async def test_gzip_is_taken(scripted: Scripted) -> None:
    async with scripted(zipped(200, b'{"Tasks":[]}')) as (manager, _):
        assert await manager.tasks() == ()


@pytest.mark.parametrize(
    "reply",
    [
        zipped(200, b"[" + b" " * 5_000_000 + b"]"),
        http(200, b"[" + b" " * 2_000_000 + b"]"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNK * 3,
    ],
    ids=["bomb", "long", "endless"],
)
async def test_a_reply_has_a_limit(scripted: Scripted, reply: bytes) -> None:
    async with scripted(reply, limits=Limits(body_bytes=1_000_000)) as (manager, _):
        with pytest.raises(TooLarge):
            await manager.tasks()
        with pytest.raises(TooLarge):  # its gzip is decompressed elsewhere
            await manager.points_page(Query(), 1)


@pytest.mark.parametrize(
    "reply",
    [
        http(200, gzip.compress(b'{"Tasks":[]}')[:-14], "Content-Encoding: gzip"),
        http(200, b'{"Tasks":[]}', "Content-Encoding: gzip"),
        http(200, b'{"Tasks":[]}', "Content-Encoding: br"),
        http(200, gzip.compress(gzip.compress(b'{"Tasks":[]}')), "Content-Encoding: gzip, gzip"),
        http(200, b"\x00\x01\x02"),
        http(200, b""),
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ],
    ids=["cut gzip", "no gzip", "brotli", "two", "noise", "nothing", "no http"],
)
async def test_damage_is_a_bad_reply(scripted: Scripted, reply: bytes) -> None:
    async def once(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        writer.close()

    async with scripted(once) as (manager, _):
        with pytest.raises(BadReply):
            await manager.tasks()
        with pytest.raises(BadReply):
            await manager.points_page(Query(), 1)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LENGTH = b"Content-Length: 2\r\n"
FAULTS = {
    'no status line of HTTP: "SSH-2.0-OpenSSH_9.2"': [b"SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    'no status line of HTTP: "HTTP/1.1 abc OK"': [b"HTTP/1.1 abc OK\r\n\r\n"],
    "begins with an empty line": [b"\r\n\r\n" + OK + LENGTH + b"\r\n[]"],
    'header line "Broken"': [OK + b"Broken SECRET header\r\n\r\n"],
    'header line "X-Token"': [OK + b"X-Token: SECRET\x00\r\n\r\n", OK + b"X-Token : SECRET\r\n\r\n"],
    'header line "X-Trailer"': [CHUNKED + b"2\r\n[]\r\n0\r\nX-Trailer\r\n\r\n"],
    "first header line begins with a space": [OK + b" X: y\r\n\r\n"],
    "two Content-Length headers that differ": [OK + LENGTH + b"Content-Length: 3\r\n\r\n[]"],
    "Content-Length is no length": [OK + b"Content-Length: " + n + b"\r\n\r\n" for n in (b"two", b"9" * 30)],
    "both Content-Length and Transfer-Encoding": [OK + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n[]"],
    "two Transfer-Encoding headers": [OK + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n"],
    "Transfer-Encoding is not chunked": [OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n"],
    "longer than 100 kB": [OK + b"X-A: b\r\n" * 20_000, OK + b"X-A: " + b"b" * 200_000],
    'no length: "ZZ': [CHUNKED + b"ZZ\r\n[]"],
    'followed by "XX"': [CHUNKED + b"2\r\n[]XX0\r\n\r\n"],
    "switch to another protocol": [b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"],
    "status is none of HTTP: 99": [b"HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n"],
    "Location header is no address": [b"HTTP/1.1 302 X\r\nLocation: https://[::1/\r\n" + LENGTH + b"\r\n[]"],
    "encoded as br": [OK + b"Content-Encoding: br\r\n" + LENGTH + b"\r\n[]"],
    "hung up after 1 of 200 bytes": [OK + b"Content-Length: 200\r\n\r\n["],
    "hung up before its answer was complete": [b"", b"HTTP/1.1 2", OK + b"Conte", CHUNKED + b"5\r\n["],
}  # fmt: skip


@pytest.mark.parametrize("words", FAULTS)
async def test_what_is_wrong_with_an_answer_is_named(scripted: Scripted, words: str) -> None:
    """`It is no HTTP` helps nobody to find the box that writes the wrong line."""
    for reply in FAULTS[words]:

        async def once(_request: Request, writer: asyncio.StreamWriter, reply: bytes = reply) -> None:
            writer.write(reply)
            await writer.drain()
            writer.close()

        async with scripted(once) as (manager, _):
            with pytest.raises((Unreadable, ConnectionLost)) as caught:
                await manager.cancel_task(TASK)
        assert words in str(caught.value)
        assert "SECRET" not in str(caught.value)
        assert caught.value.request_sent


async def test_the_end_of_an_error_is_not_needed(scripted: Scripted) -> None:
    long = http(500, b"<html><title>Down</title>" + b" " * 3_000_000)
    async with scripted(long) as (manager, _):
        with pytest.raises(ServerFault) as caught:
            await manager.tasks()
    assert caught.value.detail == "Down"


# --- reads are tried again


async def drop(_request: Request, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def test_a_read_is_tried_again_after_a_broken_connection_and_503(scripted: Scripted) -> None:
    clock = NoWait()
    async with scripted(drop, http(503), NO_TASKS, clock=clock) as (manager, script):
        assert await manager.tasks() == ()
    assert len(script.requests) == 3
    assert len(clock.slept) == 2
    assert 0 < clock.slept[0] < 1 < clock.slept[1] * 3 < 6


async def test_a_read_is_tried_three_times_at_most(scripted: Scripted) -> None:
    async with scripted(http(503, "<html><title>Service Unavailable</title>")) as (manager, script):
        with pytest.raises(Busy) as caught:
            await manager.tasks()
    assert len(script.requests) == 3
    assert caught.value.http_code == 503
    assert caught.value.detail == "Service Unavailable"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 501])
async def test_an_answer_is_not_asked_for_again(scripted: Scripted, status: int) -> None:
    async with scripted(http(status), wire=WireFormat.XML) as (manager, script):
        with pytest.raises(ManagerError) as caught:
            await manager.tasks()
    assert len(script.requests) == 1
    assert caught.value.http_code == status


# --- every exception of httpx has an error of ours


def httpx_exceptions() -> list[type[Exception]]:
    found = [each for each in vars(httpx).values() if isinstance(each, type) and issubclass(each, Exception)]
    return [each for each in found if each is not httpx.HTTPStatusError]


def made(kind: type[Exception]) -> Exception:
    try:
        return kind("x")
    except TypeError:  # some have a fixed message
        return kind()


@pytest.mark.parametrize("kind", httpx_exceptions(), ids=lambda kind: kind.__name__)
def test_every_httpx_exception_is_mapped(kind: type[Exception]) -> None:
    for sent in (True, False):
        error = mapped(made(kind), ServerAddress(host="em"), request_sent=sent)
        assert isinstance(error, Unreachable | BadReply)
        assert error.request_sent is sent
        assert error.detail
    if issubclass(kind, httpx.TimeoutException):
        assert isinstance(error, TimedOut)
    if issubclass(kind, httpx.DecodingError):
        assert isinstance(error, Unreadable)


async def test_a_name_too_long_for_an_address_is_called_that(scripted: Scripted) -> None:
    async with scripted(NO_TASKS) as (manager, script):
        with pytest.raises(Invalid, match="too long") as caught:
            await manager.lookup("urn:x", "Datastore", "A" * 100_000)
    assert not caught.value.request_sent
    assert script.requests == []


async def test_the_cause_is_chained(scripted: Scripted) -> None:
    async with scripted(drop) as (manager, _):
        with pytest.raises(ConnectionLost) as caught:
            await manager.cancel_task(TASK)
    assert isinstance(caught.value.__cause__, httpx.HTTPError)


# --- secrets


async def test_secrets_are_in_no_message_and_no_repr(scripted: Scripted, who: Identity) -> None:
    secret = LogonSession(user="u", session_id="s", token="TOKEN-SECRET")
    async with scripted(drop, session=secret) as (manager, _):
        with pytest.raises(ConnectionLost) as caught:
            await manager.cancel_task(TASK)
    assert "TOKEN-SECRET" not in repr(secret)
    error: BaseException | None = caught.value
    while error is not None:
        assert "TOKEN-SECRET" not in f"{error!r} {error}"
        error = error.__cause__
    script = Script(answers=[http(401)])
    async with serving(script, who), client_of(script, who, session=None) as manager:
        with pytest.raises(ManagerError) as refused:
            await manager.log_on("u", "PASSWORD-SECRET")
    assert "PASSWORD-SECRET" not in f"{refused.value!r} {refused.value}"
