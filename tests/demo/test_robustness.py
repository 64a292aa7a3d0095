"""No request, however odd, makes the server stumble: every answer is one of the documented codes."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.demo import filters
from tui.demo.filters import Comparison
from tui.demo.messages import Refused, Request
from tui.demo.options import Options
from tui.demo.server import Application

CODES = {200, 201, 202, 204, 400, 401, 403, 404, 405, 500}
APPLICATION = Application(Options(seed=1, time_scale=0, now=datetime(2026, 1, 1, tzinfo=UTC)), [])
BASIC = "Basic TEFCXHJlc3RvcmUtb3A6ZGVtby1QYXNzdzByZA=="
HEADS = (
    "", "query", "querySvc", "logonSessions", "sessionMngr", "vmRestorePoints", "vAppRestorePoints",
    "restorePoints", "backups", "backupFiles", "restoreSessions", "tasks", "hierarchyRoots", "managedServers",
    "backupServers", "lookupSvc", "lookup", "jobs", "x",
)  # fmt: skip
FIELDS = ("Name", "CreationTime", "Type", "UID", "State", "Result", "Port", "TaskId", "Platform", "EndTime")
KINDS = (
    "VmRestorePoint",
    "vAppRestorePoint",
    "RestoreSession",
    "Task",
    "HierarchyRoot",
    "Backup",
    "BackupServer",
)


def ask(method: str, target: str, body: bytes = b"", **headers: str) -> int:
    logon = Request(method="POST", target="/api/sessionMngr/", headers={"authorization": BASIC})
    token = dict(APPLICATION.service.answer(logon).headers)["X-RestSvcSessionId"]
    headers |= {"x-restsvcsessionid": token}
    return APPLICATION.service.answer(
        Request(method=method, target=target, headers=headers, body=body)
    ).status


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["GET", "POST", "DELETE", "PUT"]),
    st.sampled_from(HEADS),
    st.lists(st.text(max_size=40) | st.just("00000000-0000-4000-8000-000000000000"), max_size=3),
    st.text(max_size=60),
)
def test_any_path_and_query(method: str, head: str, rest: list[str], query: str) -> None:
    path = "/".join(["/api", head, *(quote(part, safe="") for part in rest)])
    assert ask(method, f"{path}?{quote(query, safe='&=;,()')}") in CODES


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.sampled_from(FIELDS),
    st.sampled_from(["==", "!=", ">", "<", ">=", "<="]),
    st.text(max_size=30) | st.datetimes().map(lambda moment: f'"{moment.isoformat()}Z"'),
)
def test_any_filter(kind: str, field: str, operator: str, value: str) -> None:
    text = quote(f"{field}{operator}{value}", safe="")
    assert ask("GET", f"/api/query?type={kind}&pageSize=2&filter={text}&sortAsc={field}") in {200, 400}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["application/xml", "application/json"]))
def test_any_body(body: bytes, media: str) -> None:
    point = APPLICATION.site.world.points.ids.guid(0)
    target = f"/api/vmRestorePoints/{point}?action=restore"
    headers = {"accept": media, "content-type": media}
    assert ask("POST", target, b"<" + body, **headers) == 400


@given(st.text())
def test_quoted_values_come_back_whole(value: str) -> None:
    quoted = value.replace('"', '""')
    assert filters.parse(f'VmDisplayName=="{quoted}"') == Comparison("vmdisplayname", "==", value)


@given(st.text(alphabet='ab"=;,() <>!', max_size=30))
def test_filters_parse_or_are_refused(text: str) -> None:
    with contextlib.suppress(Refused):
        filters.parse(text)
