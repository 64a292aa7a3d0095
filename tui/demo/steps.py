"""Which step of a client's way a request is: faults and tests name requests by it."""

from __future__ import annotations

from tui.demo.messages import Request

STEPS = (
    "logon", "root", "list", "open", "lookup", "submit", "task", "session", "cancel", "logoff", "other", "any",
)  # fmt: skip
_LISTS = {"vmrestorepoints", "vapprestorepoints", "restorepoints", "backups", "backupfiles"}
_LOOKUPS = {"hierarchyroots", "lookup", "lookupsvc", "backupservers", "managedservers"}
_QUERIED = {
    "vmrestorepoint": "list", "vapprestorepoint": "list", "restorepoint": "list", "backup": "list",
    "restoresession": "session", "task": "task", "hierarchyroot": "lookup", "backupserver": "lookup",
    "managedserver": "lookup",
}  # fmt: skip


def step_of(request: Request) -> str:
    """The step: submit is the restore POST, cancel the DELETE of a task, list any listing of points."""
    segments = segments_of(request)
    if segments is None:
        return "other"
    if not segments:
        return "root"
    head = segments[0]
    if head == "sessionmngr":
        return "logon"
    if head == "logonsessions":
        return "logoff" if request.method == "DELETE" else "other"
    if head == "query":
        return _QUERIED.get(request.parameters().get("type", "").lower(), "other")
    if head in _LISTS:
        if request.method == "POST":
            return "submit"
        return "open" if len(segments) == 2 else "list"
    if head == "tasks":
        return "cancel" if request.method == "DELETE" else "task"
    if head == "restoresessions":
        return "session"
    return "lookup" if head in _LOOKUPS else "other"


def segments_of(request: Request) -> list[str] | None:
    """The path below `/api`, in lower case; None if it is not below it."""
    parts = [part for part in request.path.lower().split("/") if part]
    return parts[1:] if parts[:1] == ["api"] else None
