"""Writes are sent once, and their errors tell the truth about what may have arrived."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from tests.api.conftest import Scripted
from tests.api.scripted import (
    QUICK,
    SESSION,
    NoWait,
    Request,
    http,
    json_reply,
    zipped,
)
from tui.api.client import EnterpriseManager
from tui.api.codec import write_request
from tui.api.errors import (
    BadReply,
    Busy,
    ConnectionLost,
    ErrorAsAnswer,
    ForeignLink,
    InvalidRestoreSpec,
    ManagerError,
    NameNotFound,
    NotLoggedOff,
    NotManager,
    Refused,
    TimedOut,
    Unreadable,
)
from tui.api.limits import Timeouts
from tui.api.models import (
    BackupServer,
    RestorePoint,
    ServerAddress,
    Task,
    TaskState,
    VmRestoreSpec,
    WireFormat,
)
from tui.api.models.resources import NO_TIME
from tui.api.query import Query

NO_TASKS = json_reply({"Tasks": []})
TASK = Task(task_id="task-1", state=TaskState.RUNNING)
POINT = RestorePoint(uid="urn:veeam:VmRestorePoint:1", vm_name="vm", created=NO_TIME)


def task(link: str, own: str = "task-1") -> Task:
    return Task(task_id=own, state=TaskState.RUNNING, delete_href=link)


FOREIGN_TASKS = [
    task("/api/backups/5d2c7f10-0001-4a00-8000-0000000000a1"),
    task("/api/logonSessions/s-1"),
    task("/api/tasks/task-2"),
    task("/api/tasks/task-1?force=true"),
    task("/api/tasks/task-1/../task-2"),
    task("/api/tasks/%74ask-1"),
    task("/em/api/tasks/task-1"),
    task("/api/task/task-1"),
    task("tasks/task-1"),
    task("", own="../backups/1"),
    task("", own="."),
    task("", own=""),
]


@pytest.mark.parametrize("foreign", FOREIGN_TASKS, ids=lambda each: f"{each.task_id} {each.delete_href}")
async def test_cancelling_goes_to_the_own_task_or_nowhere(scripted: Scripted, foreign: Task) -> None:
    async with scripted(http(204)) as (manager, script):
        with pytest.raises(ForeignLink) as caught:
            await manager.cancel_task(foreign)
    assert not caught.value.request_sent
    assert script.requests == []


@pytest.mark.parametrize(
    "server",
    [
        BackupServer(uid="urn:veeam:BackupServer:b1", name="b", collect_href=link)
        for link in ("/api/backupServers/b2?action=collect", "/api/backups/b1?action=collect")
    ]
    + [BackupServer(uid="urn:veeam:BackupServer:../jobs/1", name="b")],
)
async def test_collecting_goes_to_the_own_server_or_nowhere(scripted: Scripted, server: BackupServer) -> None:
    async with scripted(http(204)) as (manager, script):
        with pytest.raises(ForeignLink):
            await manager.collect(server)
    assert script.requests == []


@pytest.mark.parametrize("session_id", ["../tasks/task-1", "s-1?x=1", "%2e%2e", "a b"])
async def test_logging_off_ends_the_own_session_or_nothing(scripted: Scripted, session_id: str) -> None:
    session = replace(SESSION, session_id=session_id)
    async with scripted(http(204), session=session) as (manager, script):
        with pytest.raises(NotLoggedOff, match="No request was sent"):
            await manager.log_off()
    assert script.requests == []


@pytest.mark.parametrize(
    "change",
    [
        {"method": "DELETE"},
        {"path": "/api/tasks/task-1"},
        {"path": "/api/vmRestorePoints/1?action=delete"},
        {"path": "/api/vmRestorePoints/a/../b?action=restore"},
        {"path": "/api/vmRestorePoints/1?action=restore&x=1"},
        {"body": b""},
        {"body": b" \n"},
    ],
)
def test_only_a_whole_restore_is_a_request(change: dict[str, Any]) -> None:
    """Nothing else can be handed to what sends."""
    point = RestorePoint(uid="urn:veeam:VmRestorePoint:1", vm_name="a", created=NO_TIME)
    request = write_request(point, VmRestoreSpec(), WireFormat.XML)
    with pytest.raises(InvalidRestoreSpec) as caught:
        replace(request, **change)
    assert not caught.value.request_sent


async def drop(_request: Request, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def test_a_write_is_sent_once_and_may_have_arrived(scripted: Scripted) -> None:
    async with scripted(drop) as (manager, script):
        with pytest.raises(ConnectionLost) as caught:
            await manager.cancel_task(TASK)
    assert caught.value.request_sent
    assert len(script.requests) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_write_answered_by_a_proxy_may_have_arrived(scripted: Scripted, status: int) -> None:
    async with scripted(http(status)) as (manager, script):
        with pytest.raises(Busy) as caught:
            await manager.cancel_task(TASK)
    assert caught.value.request_sent
    assert len(script.requests) == 1


REFUSAL = "The task is locked."
NO_ANSWERS = [
    (http(200, b"<!DOCTYPE html><title>Welcome</title>", media_type="text/html"), NotManager, "a web page"),
    (http(200, f'<Error Message="{REFUSAL}" StatusCode="403"/>'), ErrorAsAnswer, REFUSAL),
    (zipped(202, f'<Error Message="{REFUSAL}" StatusCode="500"/>'.encode()), ErrorAsAnswer, REFUSAL),
    (json_reply({"Message": REFUSAL, "StatusCode": 500}), ErrorAsAnswer, REFUSAL),
    (json_reply({"message": REFUSAL, "statusCode": 404}, status=204 - 1), ErrorAsAnswer, REFUSAL),
    (http(200, "<!-- a --><!DOCTYPE html><title>Log in</title>"), NotManager, "a web page"),
    (http(200, "<?xml version='1.0'?>\n<html xmlns='urn:x'><body/></html>"), NotManager, "a web page"),
    (http(200, f'<Error xmlns="urn:x" Message="{REFUSAL}"/>'), ErrorAsAnswer, REFUSAL),
    (http(200, f'<Error Message="{REFUSAL}" StatusCode="200"/>'), ErrorAsAnswer, REFUSAL),
    (http(200, "Blocked by policy."), Unreadable, "neither XML nor JSON"),
]


@pytest.mark.parametrize(("reply", "kind", "words"), NO_ANSWERS)
async def test_what_says_yes_and_means_no_is_not_taken_as_done(
    scripted: Scripted, reply: bytes, kind: type[ManagerError], words: str
) -> None:
    calls: tuple[Callable[[EnterpriseManager], Awaitable[object]], ...] = (
        lambda manager: manager.cancel_task(TASK),
        lambda manager: manager.send(manager.write_request(POINT, VmRestoreSpec())),
        lambda manager: manager.tasks(),
        lambda manager: manager.points_page(Query(), 1),
    )
    for call in calls:
        async with scripted(reply) as (manager, _):
            with pytest.raises(kind, match=words) as caught:
                await call(manager)
        assert caught.value.request_sent
        assert 200 <= caught.value.http_code < 300


TASK_BODY: dict[str, object] = {"TaskId": "task-1", "State": "Finished", "Operation": "x"}


@pytest.mark.parametrize(
    ("reply", "is_accepted"),
    [
        (http(204), True),
        (http(200), True),
        (http(202), True),
        (json_reply(TASK_BODY, status=202), True),
        (json_reply({**TASK_BODY, "State": "Running"}, status=202), True),
        (json_reply({**TASK_BODY, "Result": {"Success": False, "Message": "No."}}, status=202), False),
        (json_reply(TASK_BODY, status=200), False),
        (http(200, "<Task><TaskId>task-1</TaskId><State>Running</State></Task>"), False),
        (json_reply({"TaskId": "task-1"}, status=202), False),
        (json_reply({"UID": "urn:veeam:Backup:1", "State": "x"}, status=202), False),
        (json_reply({"ok": True}, status=202), False),
        (http(201), False),
        (http(206), False),
    ],
)
async def test_a_cancel_is_accepted_where_its_answer_is_one_that_is_written_down(
    scripted: Scripted, reply: bytes, is_accepted: bool
) -> None:
    async with scripted(reply) as (manager, script):
        with nullcontext() if is_accepted else pytest.raises(BadReply) as caught:
            await manager.cancel_task(TASK)
    assert caught is None or 200 <= caught.value.http_code < 300
    assert len(script.requests) == 1


async def test_a_write_without_an_answer_may_have_arrived(scripted: Scripted) -> None:
    async def silent(_request: Request, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    hasty = Timeouts(connect=5, read=5, write=0.05, write_total=5)
    async with scripted(silent, timeouts=hasty) as (manager, script):
        with pytest.raises(TimedOut) as caught:
            await manager.cancel_task(TASK)
    assert caught.value.request_sent
    assert len(script.requests) == 1


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def cancelling_at(address: ServerAddress, timeouts: Timeouts = QUICK) -> ManagerError:
    async with EnterpriseManager(address, clock=NoWait(), timeouts=timeouts) as manager:
        manager.resume(SESSION)
        with pytest.raises(ManagerError) as caught:
            await manager.cancel_task(TASK)
    return caught.value


async def test_nothing_is_sent_to_a_closed_port() -> None:
    error = await cancelling_at(ServerAddress(host="127.0.0.1", port=closed_port()))
    assert isinstance(error, Refused)
    assert not error.request_sent


@pytest.mark.parametrize("host", ["no-such-host.invalid", "xn--0.invalid"])
async def test_nothing_is_sent_to_a_name_that_does_not_resolve(host: str) -> None:
    error = await cancelling_at(ServerAddress(host=host))
    assert isinstance(error, NameNotFound)
    assert not error.request_sent


async def test_nothing_is_sent_to_a_port_without_tls() -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http(400, "Bad Request"))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        error = await cancelling_at(ServerAddress(host="127.0.0.1", port=port))
    assert isinstance(error, NotManager)
    assert "9398" in error.hint
    assert not error.request_sent


async def test_nothing_is_sent_when_the_handshake_hangs() -> None:
    held: list[asyncio.StreamWriter] = []

    async def hold(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        error = await cancelling_at(
            ServerAddress(host="127.0.0.1", port=port), Timeouts(connect=0.05, write=5, write_total=5)
        )
        for writer in held:
            writer.transport.abort()
    assert isinstance(error, TimedOut)
    assert not error.request_sent


async def test_a_total_deadline_ends_drips(scripted: Scripted) -> None:
    async def drip(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    hasty = Timeouts(connect=5, read=5, read_total=1.5)
    async with scripted(drip, timeouts=hasty) as (manager, _):
        with pytest.raises(TimedOut) as caught:
            await manager.tasks()
    assert caught.value.request_sent


async def test_nobody_logged_on_sends_nothing(scripted: Scripted) -> None:
    async with scripted(NO_TASKS, session=None) as (manager, script):
        with pytest.raises(ManagerError) as caught:
            await manager.tasks()
    assert not caught.value.request_sent
    assert script.requests == []
