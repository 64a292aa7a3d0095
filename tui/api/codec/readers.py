"""Models out of a decoded reply, one reader per kind of resource (WIRE 1, 6 to 9, 11a)."""

from __future__ import annotations

from tui.api.codec.listing import Listing, expect, read_listing
from tui.api.codec.scalars import flag_of
from tui.api.codec.tree import Tree
from tui.api.errors import MissingField
from tui.api.models import (
    ApiRoot,
    BackupServer,
    HierarchyItem,
    HierarchyRoot,
    RestoreSession,
    SessionResult,
    SessionState,
    Task,
    TaskState,
)


def api_root(tree: Tree) -> ApiRoot:
    """What GET /api/ says; at least its links or its versions have to be there."""
    expect(tree, "EnterpriseManager")
    if not (tree.has("SupportedVersions") or tree.has("Links")):
        raise MissingField("SupportedVersions")
    versions = (version.text("Name") for version in tree.items("SupportedVersions", "SupportedVersion"))
    return ApiRoot(versions=tuple(filter(None, versions)))


def logon(tree: Tree) -> tuple[str, str]:
    """User name and session id of a logon, bare or wrapped in a list of one (WIRE 1.4)."""
    expect(tree, "LogonSession", "LogonSessions")
    sessions = [tree] if tree.text("SessionId") else tree.items("LogonSessions", "LogonSession")
    if not sessions and (inner := tree.child("LogonSession")):
        sessions = [inner]
    return (sessions[0].text("UserName"), sessions[0].text("SessionId")) if sessions else ("", "")


def logon_sessions(tree: Tree) -> tuple[tuple[str, str], ...]:
    """User name and session id of every session the server lists."""
    found = read_listing(
        tree, "LogonSessions", "LogonSession", lambda item: (item.text("UserName"), item.text("SessionId"))
    )
    return tuple(found.items)


def task(tree: Tree) -> Task:
    """One task. Whether it is over is said by its State alone (WIRE T22, WIRE T23)."""
    return _task(expect(tree, "Task"))


def tasks(tree: Tree) -> tuple[Task, ...]:
    """A list of tasks, plain or under Resources (WIRE T6)."""
    return tuple(read_listing(tree, "Tasks", "Task", _task).items)


def _task(tree: Tree) -> Task:
    result = tree.child("Result")
    deleting = tree.link(rel="Delete")
    started = next(
        (link for link in tree.links() if link.type.lower() == "restoresession" and link.path), None
    )
    asks = result is not None and any(
        flag_of(result.get(flag)) for flag in ("CredentialsNeeded", "ConfirmationNeeded")
    )
    return Task(
        task_id=tree.required("TaskId"),
        state=TaskState(tree.required("State")),
        operation=tree.text("Operation"),
        success=result.flag("Success") if result is not None else None,
        message=result.text("Message") if result is not None else "",
        needs_input=asks,
        delete_href=deleting.path if deleting else "",
        session_href=started.path if started else "",
    )


def restore_session(tree: Tree) -> RestoreSession:
    """One restore session. Much of it can be missing (WIRE T18); Result `None` is no end (WIRE T17)."""
    expect(tree, "RestoreSession")
    server, point = tree.link(type="BackupServerReference"), tree.link(type="VmRestorePointReference")
    kind = "VmRestorePoint"
    if point is None:
        point, kind = tree.link(type="VAppRestorePointReference"), "VAppRestorePoint"
    name = tree.text("Name")
    return RestoreSession(
        uid=tree.required("UID"),
        state=SessionState(tree.required("State")),
        result=SessionResult(tree.text("Result") or "None"),
        name=name,
        vm_name=tree.text("VmDisplayName"),
        job_type=tree.text("JobType"),
        created=tree.time("CreationTimeUTC"),
        ended=tree.time("EndTimeUTC"),
        progress=tree.number("Progress"),
        failure_message=tree.text("FailureMessage"),
        restored_ref=tree.text("RestoredObjRef"),
        point_uid=f"urn:veeam:{kind}:{point.id}" if point else "",
        server_uid=f"urn:veeam:BackupServer:{server.id}" if server else "",
        server_name=server.name if server else "",
    )


def restore_sessions(tree: Tree) -> Listing[RestoreSession]:
    """A page of restore sessions."""
    return read_listing(tree, "RestoreSessions", "RestoreSession", restore_session)


def hierarchy_root(tree: Tree) -> HierarchyRoot:
    """One virtualisation host."""
    expect(tree, "HierarchyRoot")
    server = tree.link(type="BackupServerReference")
    return HierarchyRoot(
        uid=tree.required("UID"),
        name=tree.text("Name"),
        host_type=tree.text("HostType"),
        unique_id=tree.text("UniqueId"),
        server_uid=f"urn:veeam:BackupServer:{server.id}" if server else "",
        server_name=server.name if server else "",
    )


def hierarchy_roots(tree: Tree) -> Listing[HierarchyRoot]:
    """A page of virtualisation hosts."""
    return read_listing(tree, "HierarchyRoots", "HierarchyRoot", hierarchy_root)


def hierarchy_items(tree: Tree) -> tuple[HierarchyItem, ...]:
    """What the lookup service found; they have neither links nor hrefs (WIRE 8.2)."""
    return tuple(read_listing(tree, "HierarchyItems", "HierarchyItem", _hierarchy_item).items)


def _hierarchy_item(tree: Tree) -> HierarchyItem:
    return HierarchyItem(
        ref=tree.required("ObjectRef"), object_type=tree.text("ObjectType"), name=tree.text("ObjectName")
    )


def backup_server(tree: Tree) -> BackupServer:
    """One backup server; collecting is its action link with that action (WIRE 11a)."""
    expect(tree, "BackupServer")
    paths = [link.path for link in tree.links() if link.rel.lower() == "start"]
    return BackupServer(
        uid=tree.required("UID"),
        name=tree.text("Name"),
        description=tree.text("Description"),
        port=tree.number("Port"),
        version=tree.text("Version"),
        collect_href=next((path for path in paths if "action=collect" in path.lower()), ""),
    )


def backup_servers(tree: Tree) -> Listing[BackupServer]:
    """A page of backup servers."""
    return read_listing(tree, "BackupServers", "BackupServer", backup_server)


def backup_platform(tree: Tree) -> str:
    """The platform word of a backup (WIRE 4.4)."""
    return expect(tree, "Backup").text("Platform")


def backup_link(tree: Tree) -> str:
    """Path of the backup a restore point belongs to, empty if it is not linked."""
    link = expect(tree, "RestorePoint").link(type="BackupReference")
    return link.path if link else ""


def error_message(tree: Tree) -> str:
    """What an Error says; the Message is an attribute in XML (WIRE T33)."""
    return tree.text("Message") or tree.text("FirstChanceExceptionMessage")
