"""Which step of a client's way a request is: faults and tests name requests by it."""

from __future__ import annotations

from tui.demo.messages import Request

STEPS = (
    "logon", "root", "list", "open", "lookup", "submit", "task", "session", "cancel", "logoff", "other",
    "any",
)  # fmt: skip
_LISTS = {"vmrestorepoints", "vapprestorepoints", "restorepoints", "backups", "backupfiles"}
_VERBS = {
    ("POST", "vmrestorepoints"): "submit", ("POST", "vapprestorepoints"): "submit",
    ("DELETE", "tasks"): "cancel", ("DELETE", "logonsessions"): "logoff",
}  # fmt: skip
_HEADS = {
    "sessionmngr": "logon", "tasks": "task", "restoresessions": "session", "hierarchyroots": "lookup",
    "lookup": "lookup", "lookupsvc": "lookup", "backupservers": "lookup", "managedservers": "lookup",
}  # fmt: skip
_QUERIED = {
    "vmrestorepoint": "list", "vapprestorepoint": "list", "restorepoint": "list", "backup": "list",
    "restoresession": "session", "task": "task", "hierarchyroot": "lookup", "backupserver": "lookup",
    "managedserver": "lookup",
}  # fmt: skip


def step_of(request: Request) -> str:
    """The step: submit is the restore POST, cancel the DELETE of a task, list any listing of points."""
    segments = segments_of(request)
    if not segments:
        return "other" if segments is None else "root"
    head = segments[0]
    if head == "query":
        return _QUERIED.get(request.parameters().get("type", "").lower(), "other")
    if head in _LISTS and request.method == "GET":
        return "open" if len(segments) == 2 else "list"
    return _VERBS.get((request.method, head)) or _HEADS.get(head, "other")


def segments_of(request: Request) -> list[str] | None:
    """The path below `/api`, in lower case; None if it is not below it."""
    parts = [part for part in request.path.lower().split("/") if part]
    return parts[1:] if parts[:1] == ["api"] else None
