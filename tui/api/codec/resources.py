"""Models out of a decoded reply, one reader per kind of resource (WIRE 1, 4, 6 to 11a)."""

from __future__ import annotations

from collections.abc import Iterable
from sys import intern

from tui.api.codec.listing import (
    Listing,
    is_reference,
    read_listing,
    reference_of,
    require_root,
    wrong_root,
)
from tui.api.codec.tree import Link, Tree, flag_of, id_in, id_under, path_of, target_of
from tui.api.errors import MissingField
from tui.api.models import (
    ApiRoot,
    BackupServer,
    HierarchyItem,
    HierarchyRoot,
    Platform,
    PointKind,
    RestoreSession,
    SessionResult,
    SessionState,
    Task,
    TaskState,
    id_of,
)
from tui.api.models.resources import NO_TIME, RestorePoint


def api_root(tree: Tree) -> ApiRoot:
    """What GET /api/ says; at least its links or its versions have to be there."""
    require_root(tree, "EnterpriseManager")
    if not (tree.has("SupportedVersions") or tree.has("Links")):
        raise MissingField("SupportedVersions")
    versions = (version.text("Name") for version in tree.items("SupportedVersions", "SupportedVersion"))
    return ApiRoot(versions=tuple(filter(None, versions)))


def logon(tree: Tree) -> tuple[str, str]:
    """User name and session id of a logon, bare or wrapped in a list of one (WIRE 1.4)."""
    require_root(tree, "LogonSession", "LogonSessions")
    sessions = [tree] if tree.text("SessionId") else tree.items("LogonSessions", "LogonSession")
    if not sessions and (inner := tree.child("LogonSession")):
        sessions = [inner]
    return (sessions[0].text("UserName"), sessions[0].identity("SessionId")) if sessions else ("", "")


def logon_sessions(tree: Tree) -> Listing[tuple[str, str]]:
    """User name and session id of the sessions on the first page of the server's list."""
    return read_listing(
        tree,
        "LogonSessions",
        "LogonSession",
        lambda item: (item.text("UserName"), item.identity("SessionId")),
    )


def task(tree: Tree) -> Task:
    """One task. Whether it is over is said by its State alone (WIRE T22, WIRE T23)."""
    return _task(require_root(tree, "Task"))


def tasks(tree: Tree) -> Listing[Task]:
    """A page of tasks, plain or under Resources (WIRE T6)."""
    return read_listing(tree, "Tasks", "Task", _task, leaves_out=True)


def _task(tree: Tree) -> Task:
    result = tree.child("Result")
    hrefs = (link.href for link in tree.links() if link.type.lower() == "restoresession")
    started = next((path_of(href) for href in hrefs if id_under("restoreSessions", href)), "")
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
        delete_href=tree.action_link("Delete"),
        session_href=started,
    )


def restore_session(tree: Tree) -> RestoreSession:
    """One restore session. Much of it can be missing (WIRE T18); Result `None` is no end (WIRE T17)."""
    require_root(tree, "RestoreSession")
    server = tree.link(type="BackupServerReference")
    return RestoreSession(
        uid=tree.required("UID"),
        state=SessionState(tree.required("State")),
        result=SessionResult(tree.text("Result") or "None"),
        name=tree.text("Name"),
        vm_name=tree.text("VmDisplayName"),
        job_type=tree.text("JobType"),
        created=tree.time("CreationTimeUTC"),
        ended=tree.time("EndTimeUTC"),
        progress=tree.number("Progress"),
        failure_message=tree.text("FailureMessage"),
        restored_ref=tree.identity("RestoredObjRef"),
        point_uid=_point_of(tree),
        server_uid=f"urn:veeam:BackupServer:{server.id}" if server else "",
        server_name=server.name if server else "",
    )


def _point_of(tree: Tree) -> str:
    """UID of the point a session links to; evidence, so a link of the right Type to elsewhere is none."""
    for link in tree.links():
        for kind in PointKind:
            is_typed = link.type.lower() == f"{kind.value}reference".lower()
            if is_typed and (own := id_under(kind.collection, link.href)):
                return f"urn:veeam:{kind.value}:{own}"
    return ""


def restore_sessions(tree: Tree) -> Listing[RestoreSession]:
    """A page of restore sessions."""
    return read_listing(tree, "RestoreSessions", "RestoreSession", restore_session, leaves_out=True)


def hierarchy_root(tree: Tree) -> HierarchyRoot:
    """One virtualisation host."""
    require_root(tree, "HierarchyRoot")
    server = tree.link(type="BackupServerReference")
    return HierarchyRoot(
        uid=tree.required("UID"),
        name=tree.text("Name"),
        host_type=tree.text("HostType"),
        unique_id=tree.identity("UniqueId"),
        server_uid=f"urn:veeam:BackupServer:{server.id}" if server else "",
        server_name=server.name if server else "",
    )


def hierarchy_roots(tree: Tree) -> Listing[HierarchyRoot]:
    """A page of virtualisation hosts."""
    return read_listing(tree, "HierarchyRoots", "HierarchyRoot", hierarchy_root, leaves_out=True)


def hierarchy_items(tree: Tree) -> Listing[HierarchyItem]:
    """A page of what the lookup service found; they have neither links nor hrefs (WIRE 8.2)."""
    return read_listing(tree, "HierarchyItems", "HierarchyItem", _hierarchy_item, leaves_out=True)


def _hierarchy_item(tree: Tree) -> HierarchyItem:
    return HierarchyItem(
        ref=tree.required("ObjectRef"), object_type=tree.text("ObjectType"), name=tree.text("ObjectName")
    )


def backup_server(tree: Tree) -> BackupServer:
    """One backup server; collecting is its action link with that action (WIRE 11a)."""
    require_root(tree, "BackupServer")
    return BackupServer(
        uid=tree.required("UID"),
        name=tree.text("Name"),
        description=tree.text("Description"),
        port=tree.number("Port"),
        version=tree.text("Version"),
        collect_href=tree.action_link("Start", "action=collect"),
    )


def backup_servers(tree: Tree) -> Listing[BackupServer]:
    """A page of backup servers."""
    return read_listing(tree, "BackupServers", "BackupServer", backup_server, leaves_out=True)


def backup_platform(tree: Tree) -> str:
    """The platform word of a backup (WIRE 4.4)."""
    return require_root(tree, "Backup").text("Platform")


def backup_link(tree: Tree) -> str:
    """Path of the backup a restore point belongs to, empty if it is not linked."""
    link = require_root(tree, "RestorePoint").link(type="BackupReference")
    return link.path if link else ""


PLURALS = {PointKind.VM: "VmRestorePoints", PointKind.VAPP: "VAppRestorePoints"}
_NAMES = {
    PointKind.VM: ("VmDisplayName", "VmName", "VAppDisplayName"),
    PointKind.VAPP: ("VAppDisplayName", "VAppName", "VmDisplayName"),
}
_USUAL_PLATFORMS = {f"urn:{platform.value}:": platform for platform in Platform if platform.value}


def read_points(tree: Tree, kind: PointKind) -> Listing[RestorePoint]:
    """A page of points, whatever its shape."""
    return read_listing(tree, PLURALS[kind], kind.value, lambda item: read_point(item, kind), leaves_out=True)


def read_point(tree: Tree, kind: PointKind) -> RestorePoint:
    """One point.

    Raises:
        MissingField: it has no UID.
        Unreadable: it is something else, or what it is found by is endless.
    """
    if tree.name and tree.name.lower() != kind.value.lower():
        raise wrong_root(tree, kind.value)
    uid, name = _uid_of(tree, kind), tree.text("Name")
    object_ref = tree.identity("HierarchyObjRef")
    server, restore_point_id, restore_href = linked(tree.links(), uid)
    return RestorePoint(
        uid=uid,
        vm_name=intern(
            next(filter(None, map(tree.text, _NAMES[kind])), "") or name.rpartition("@")[0] or name
        ),
        created=tree.time("CreationTimeUTC") or NO_TIME,
        kind=kind,
        name=name,
        point_type=intern(tree.text("PointType")),
        algorithm=intern(tree.text("Algorithm")),
        object_ref=intern(object_ref),
        platform=platform_in(object_ref),
        server_uid=server[0],
        server_name=server[1],
        restore_point_id=restore_point_id,
        restore_href=restore_href,
    )


def entity_or_reference(tree: Tree, kind: PointKind) -> RestorePoint | str:
    """One point, or the path that leads to it where the server sent its reference only (WIRE T10)."""
    return reference_of(tree).path if is_reference(tree) else read_point(tree, kind)


def shared_path(path: str, uid: str) -> str:
    """A Restore link with the point's own id taken out, so that all points share it."""
    own = id_of(uid)
    return intern(path.replace(own, "{id}")) if own else path


def platform_in(object_ref: str) -> Platform:
    """The platform a HierarchyObjRef names, in any case; UNKNOWN if it names none (WIRE T30)."""
    usual = _USUAL_PLATFORMS.get(object_ref[:11])
    if usual is not None:
        return usual
    parts = object_ref.split(":", 2)
    is_reference = len(parts) == 3 and parts[0].lower() == "urn"
    return Platform.from_word(parts[1]) if is_reference else Platform.UNKNOWN


def server_in(href: str, name: str) -> tuple[str, str]:
    """UID and name of the backup server an `Up` link leads to."""
    server_id = id_in(href)
    return (intern(f"urn:veeam:BackupServer:{server_id}") if server_id else "", name)


def linked(links: Iterable[Link], uid: str) -> tuple[tuple[str, str], str, str]:
    """From a point's links: UID and name of the backup server, id of the restore point, shared Restore path.

    Args:
        links: in any order; the first of each sort counts.
        uid: the point's own.
    """
    server, restore_point_id, restore_path = ("", ""), "", ""
    for link in links:
        kind = link.type.lower()
        if kind == "backupserverreference" and not server[0]:
            server = server_in(link.href, link.name)
        elif kind == "restorepointreference" and not restore_point_id:
            restore_point_id = intern(link.id)
        elif link.rel.lower() == "restore" and not restore_path:
            restore_path = target_of(link.href)
    return server, restore_point_id, shared_path(restore_path, uid)


def _uid_of(tree: Tree, kind: PointKind) -> str:
    uid = tree.identity("UID")
    if uid:
        return uid
    own = id_in(tree.identity("Href"))
    if not own:
        raise MissingField(f"{kind.value}/UID")
    return f"urn:veeam:{kind.value}:{own}"
