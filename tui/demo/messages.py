"""A request and a reply, as the rest of the server sees them, refusals, and the step that a request is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

XML = "application/xml"
JSON = "application/json"


@dataclass(slots=True, kw_only=True)
class Request:
    """One request, its query taken apart as the service does."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case; of repeated headers the values are joined by commas."""
    body: bytes = b""
    step: str = "other"
    """Which step of a client's way this is (`logon`, `list`, `submit`, ...), for faults and tests."""
    user: str = ""
    """The user of the logon session, once it is known."""

    flaws: dict[str, str] = field(default_factory=dict)
    """The names of the faults that shape how it is processed, and their arguments."""

    xml_only: bool = False
    """The logon session's API version is older than JSON (WIRE 2.1)."""

    @property
    def path(self) -> str:
        """The path as sent."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What follows the question mark, as sent."""
        return self.target.partition("?")[2]

    def parameters(self) -> dict[str, str]:
        """The query parameters: names in lower case, split at the first `=` only, the first of a name wins.

        Filters contain `=` themselves, and a `&` in one makes the rest another parameter (WIRE T8).
        """
        found: dict[str, str] = {}
        for part in self.query.split("&"):
            name, _, value = part.partition("=")
            if name:
                found.setdefault(unquote_plus(name).lower(), unquote_plus(value))
        return found

    @property
    def wants_json(self) -> bool:
        """JSON anywhere in Accept means JSON, for the reply and for reading the body (WIRE 2.1, WIRE T4)."""
        return JSON in self.headers.get("accept", "").lower()


@dataclass(slots=True, kw_only=True)
class Reply:
    """One reply. A body that is not bytes is streamed in chunks."""

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    content_type: str = XML
    headers: list[tuple[str, str]] = field(default_factory=list)
    packed: bytes = b""
    """The body as gzip, where it has been made before."""
    reason: str = ""
    manner: str = "whole"
    """How it is sent: whole, drop (nothing, connection closed), truncate, drip, not-http."""
    drip_s: float = 0.0
    """Real seconds between the pieces of a drip."""


class Refused(Exception):
    """The request is refused with this status and message; a 405 tells the methods there are."""

    def __init__(self, status: int, message: str, *, allow: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.allow = allow


def not_found(what: str) -> Refused:
    """404, in the words real servers use for a missing thing."""
    return Refused(404, f"Cannot find resource: {what}")


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
    """The path below `/api`, in lower case; None if it is not below it.

    One slash at the end makes no difference (WIRE 1.1). Nothing here needs a percent sign, a doubled slash
    or a dot segment: such paths lead nowhere, and to nothing else.
    """
    root, *segments = request.path.lower().removeprefix("/").removesuffix("/").split("/")
    odd = any("%" in part or part in {"", ".", ".."} for part in segments)
    return segments if root == "api" and request.path.startswith("/") and not odd else None
