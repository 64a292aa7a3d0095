"""Hosts, servers, logons and errors, alike from every dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.api.test_codec_models import HOST, every_dialect, listed, read
from tui.api.codec import codec_of, resources
from tui.api.codec.listing import Listing, error_message
from tui.api.codec.tree import Tree
from tui.api.errors import BadReply, Unreadable
from tui.api.limits import Limits
from tui.api.models import (
    ApiRoot,
    BackupServer,
    HierarchyItem,
    HierarchyRoot,
)

SERVER_LINK = {
    "Rel": "Up",
    "Type": "BackupServerReference",
    "Href": f"{HOST}/api/backupServers/bb01",
    "Name": "vbr",
}


@every_dialect
def test_hierarchy_roots(dialect: str) -> None:
    root = {
        "UID": "urn:veeam:HierarchyRoot:f1",
        "Name": "vcd01",
        "Type": "HierarchyRoot",
        "Links": [SERVER_LINK],
        "HierarchyRootId": "f1",
        "UniqueId": "ABC",
        "HostType": "VcdSystem",
    }
    tree = {"Entities": listed(dialect, "HierarchyRoots", "HierarchyRoot", [root])}
    assert read(dialect, "QueryResult", tree, resources.hierarchy_roots).items == (
        HierarchyRoot(
            uid="urn:veeam:HierarchyRoot:f1",
            name="vcd01",
            host_type="VcdSystem",
            unique_id="ABC",
            server_uid="urn:veeam:BackupServer:bb01",
            server_name="vbr",
        ),
    )


@every_dialect
@pytest.mark.parametrize("count", [0, 1, 3])
def test_lookup_finds_none_one_or_many(dialect: str, count: int) -> None:
    item = {
        "Type": "HierarchyItem",
        "ObjectRef": "urn:VMware:Datastore:g.ds-1",
        "ObjectType": "Datastore",
        "ObjectName": "ssd & fast",
    }
    tree = {"HierarchyItem" if dialect.startswith("xml") else "HierarchyItems": [item] * count}
    wanted = HierarchyItem(ref="urn:VMware:Datastore:g.ds-1", object_type="Datastore", name="ssd & fast")
    found = read(dialect, "HierarchyItems", tree, resources.hierarchy_items)
    assert found.items == (wanted,) * count


@every_dialect
def test_a_backup_server_and_its_collect_link(dialect: str) -> None:
    server = {
        "UID": "urn:veeam:BackupServer:bb01",
        "Name": "vbr",
        "Type": "BackupServer",
        "Links": [
            {"Rel": "Start", "Href": f"{HOST}/api/backupServers/bb01?action=other"},
            {"Rel": "Start", "Href": f"{HOST}/api/backupServers/bb01?action=collect"},
        ],
        "Description": "main",
        "Port": 9392,
        "Version": "12.0",
    }
    tree = {"Entities": listed(dialect, "BackupServers", "BackupServer", [server])}
    assert read(dialect, "QueryResult", tree, resources.backup_servers).items == (
        BackupServer(
            uid="urn:veeam:BackupServer:bb01",
            name="vbr",
            description="main",
            port=9392,
            version="12.0",
            collect_href="/api/backupServers/bb01?action=collect",
        ),
    )


@every_dialect
def test_the_way_to_the_platform(dialect: str) -> None:
    link = {"Rel": "Up", "Type": "BackupReference", "Href": f"{HOST}/api/backups/b1", "Name": "Job"}
    point = {"UID": "urn:veeam:RestorePoint:r", "Type": "RestorePoint", "Links": [link]}
    assert read(dialect, "RestorePoint", point, resources.backup_link) == "/api/backups/b1"
    assert read(dialect, "RestorePoint", {**point, "Links": []}, resources.backup_link) == ""
    backup = {"UID": "urn:veeam:Backup:b1", "Type": "Backup", "Platform": "vCloud"}
    assert read(dialect, "Backup", backup, resources.backup_platform) == "vCloud"


# --- logon, root, errors (WIRE 1, 9)


@every_dialect
def test_a_logon_bare_and_wrapped(dialect: str) -> None:
    logon = {"Type": "LogonSession", "UserName": "LAB\\op", "SessionId": "0b5c"}
    assert read(dialect, "LogonSession", logon, resources.logon) == ("LAB\\op", "0b5c")
    wrapped = {"LogonSession" if dialect.startswith("xml") else "LogonSessions": [logon]}
    assert read(dialect, "LogonSessions", wrapped, resources.logon) == ("LAB\\op", "0b5c")


@every_dialect
def test_the_root_names_versions(dialect: str) -> None:
    versions = [{"Name": name} for name in ("v1_5", "v1_10", "v1_7")]
    tree = listed(dialect, "SupportedVersions", "SupportedVersion", versions)
    found = read(dialect, "EnterpriseManager", tree, resources.api_root)
    assert found == ApiRoot(versions=("v1_5", "v1_10", "v1_7"))
    assert found.newest == "v1_10"


@every_dialect
def test_a_root_is_told_from_other_things(dialect: str) -> None:
    with pytest.raises(BadReply):
        read(dialect, "EnterpriseManager", {"Hello": "world"}, resources.api_root)


@every_dialect
def test_an_error_says_its_message(dialect: str) -> None:
    tree = {"Message": "Restore point is locked.", "StatusCode": 500}
    assert read(dialect, "Error", tree, error_message) == "Restore point is locked."
    inner = {"FirstChanceExceptionMessage": "Deeper.", "StatusCode": 500}
    assert read(dialect, "Error", inner, error_message) == "Deeper."


@pytest.mark.parametrize("body", [b"<Error Message='x'/>", b"<RestorePoint UID='u'/>", b"[]", b"<html/>"])
def test_another_resource_is_no_task(body: bytes) -> None:
    with pytest.raises(BadReply):
        resources.task(codec_of(body).tree(body, Limits()))


def test_the_wrong_resource_is_named() -> None:
    with pytest.raises(Unreadable, match="It holds Backup, not Task"):
        resources.task(codec_of(b"<Backup/>").tree(b"<Backup/>", Limits()))


ITEMS: list[tuple[str, str, dict[str, str], Callable[[Tree], Listing[Any]]]] = [
    ("Tasks", "Task", {"TaskId": "task-1", "State": "Running"}, resources.tasks),
    ("RestoreSessions", "RestoreSession", {"UID": "urn:x:1", "State": "Working"}, resources.restore_sessions),
    ("HierarchyItems", "HierarchyItem", {"ObjectRef": "urn:VMware:Vm:g.vm-1"}, resources.hierarchy_items),
    ("HierarchyRoots", "HierarchyRoot", {"UID": "urn:veeam:HierarchyRoot:1"}, resources.hierarchy_roots),
    ("BackupServers", "BackupServer", {"UID": "urn:veeam:BackupServer:1"}, resources.backup_servers),
]


@every_dialect
@pytest.mark.parametrize(("plural", "singular", "item", "reader"), ITEMS, ids=[one[0] for one in ITEMS])
def test_an_item_that_is_no_object_is_counted_as_unreadable(
    dialect: str, plural: str, singular: str, item: dict[str, str], reader: Callable[[Tree], Listing[Any]]
) -> None:
    no_objects: list[Any] = ["text", item, "more text"]
    found = read(dialect, plural, listed(dialect, plural, singular, no_objects)[plural], reader)
    assert (len(found.items), found.unreadable) == (1, 2)
    alone = read(dialect, plural, listed(dialect, plural, singular, ["text"])[plural], reader)  # type: ignore[list-item]
    assert (alone.items, alone.unreadable) == ((), 1)
