"""Requests of which only the status is a fact; `{point}` is the newest point of app01."""

from __future__ import annotations

import pytest

from tests.demo.reading import TOKEN, Wire, vm_spec

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("fact", "method", "path", "status"),
    [
        ("WIRE 1.1", "GET", "/API/VMRESTOREPOINTS/{point}", 200),
        ("WIRE 1.1", "GET", "/api", 200),
        ("WIRE 3.1", "GET", "/api/query?type=Nonsense", 400),
        ("WIRE 3.1", "GET", "/api/query", 400),
        ("WIRE 3.1", "GET", "/api/query?type=VmRestorePoint&format=Entities&sortAsc=nothing", 400),
        ("WIRE 3.2", "GET", "/api/query?type=Backup&filter=Name==%22%22Backup%22%22", 200),
        ("WIRE 3.2", "GET", "/api/query?type=Backup&filter=Name==%22%22%22Backup%22%22%22", 200),
        ("WIRE 3.3", "GET", "/api/query?type=VmRestorePoint&pageSize=0", 400),
        ("WIRE 3.3", "GET", "/api/query?type=VmRestorePoint&page=0", 400),
        ("WIRE 3.3", "GET", "/api/query?type=VmRestorePoint&pageSize=x", 400),
        ("WIRE 3.3", "GET", "/api/query?type=VmRestorePoint&page=-1", 400),
        ("WIRE 5.2", "POST", "/api/vmRestorePoints/{point}", 405),
        ("WIRE 5.2", "POST", "/api/vmRestorePoints/{point}?action=dance", 400),
        ("WIRE 9", "PUT", "/api/tasks", 405),
        ("WIRE 9", "DELETE", "/api/vmRestorePoints/x", 405),
        ("WIRE 9", "POST", "/api/query", 405),
        ("WIRE 9", "GET", "/api/nothing", 404),
        ("WIRE 9", "GET", "/elsewhere", 404),
        ("WIRE 9", "HEAD", "/api/tasks", 405),
        ("WIRE 9", "POST", "/api/jobs", 405),
        ("WIRE 9", "PUT", "/api/vmRestorePoints/{point}", 405),
        ("WIRE 9", "PATCH", "/api/logonSessions/x", 405),
        ("WIRE 9", "DELETE", "/api/backups/x", 405),
        ("WIRE 9", "DELETE", "/api/tasks", 405),
        ("WIRE 9", "POST", "/api/vmRestorePoints?action=restore", 405),
        ("WIRE 9", "GET", "/api/sessionMngr", 405),
    ],
)
def test_status(wire: Wire, fact: str, method: str, path: str, status: int) -> None:
    assert wire.send(method, path.format(point=wire.point_id("app01").upper())).status == status, fact


@pytest.mark.parametrize(
    "path",
    [
        *(f"/api/{{thing}}/{tail}" for tail in ("x", "x/y", "restore", "{id}", "%2e%2e", ".", "..")),
        "/api/{collection}//{id}", "/api//{collection}/{id}", "//api/{collection}/{id}", "/api/{thing}//",
        "/api/{collection}%2F{id}", "/api/{collection}/%7B{id}", "/api/{collection}/{id}%00",
        "/api/{collection}/{id}%20",
        "/api/./{collection}/{id}", "/api/x/../{collection}/{id}", "/%61pi/{collection}/{id}",
        "/API/{collection}/{id}/mount", "/apis/{collection}/{id}", "/api/{collection}s/{id}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_a_path_to_nothing_is_404_and_does_nothing(wire: Wire, method: str, path: str) -> None:
    point = wire.point_id("app01")
    assert wire.restore(point, vm_spec(wire.format)).status == 202
    things = {"tasks": "task-1", "vmRestorePoints": point, "logonSessions": wire.session_id} | {
        name: wire.get(f"/api/{name}?format=Entity")
        .rows(*([] if wire.format == "xml" else [key]))[0]["UID"]
        .rpartition(":")[2]
        for name, key in {"jobs": "Jobs", "backups": "Backups", "hierarchyRoots": "HierarchyRoots"}.items()
    }
    for collection, thing in things.items():
        assert wire.get(f"/api/{collection}/{thing}/").status == 200
        at = path.format(collection=collection, thing=f"{collection}/{thing}", id=thing)
        assert wire.send(method, f"{at}?action=restore").status == 404, at
    assert len(wire.demo.restores()) == 1


@pytest.mark.parametrize(
    "path", ["query/x?type=Backup", "querySvc/x", "lookupSvc/x", "lookup/x", "sessionMngr/x"]
)
def test_services_have_nothing_below_them(wire: Wire, path: str) -> None:
    for method in ("GET", "POST"):
        assert wire.send(method, f"/api/{path}").status == 404


@pytest.mark.parametrize(
    ("fact", "role", "vm", "status"),
    [
        ("WIRE 5.1: a point without a Restore link", "portal-admin", "snapshot-only", 400),
        ("WIRE T15", "restore-operator", "app01", 202),
        ("WIRE T15", "portal-user", "app01", 403),
        ("WIRE 5.2", "portal-admin", UNKNOWN, 404),
        ("WIRE 5.2", "portal-admin", "not-a-guid", 404),
    ],
)
def test_status_of_a_restore(wire: Wire, fact: str, role: str, vm: str, status: int) -> None:
    point = vm if "-a-" in vm or vm == UNKNOWN else wire.point_id(vm)
    wire.demo.control("set", option="role", value=role)
    assert wire.restore(point, vm_spec(wire.format)).status == status, fact


def test_without_a_token_it_is_401(stranger: Wire) -> None:
    basic = "Basic TEFCXHJlc3RvcmUtb3A6ZGVtby1QYXNzdzByZA=="
    for header in ({}, {TOKEN.replace("-", "_"): "bm9uZQ=="}, {"Authorization": basic}):
        assert stranger.get("/api/tasks", **header).status == 401, "WIRE 1.6: Basic is for logon alone"
    assert stranger.log_on(version="v9_9").status == 400, "WIRE 1.4"
