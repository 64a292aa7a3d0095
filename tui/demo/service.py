"""The REST service: finds who answers a request, and says no where the real one would.

Paths are matched without regard to case, with or without one slash at the end (WIRE 1.1).
"""

from __future__ import annotations

from collections.abc import Callable

from tui.demo.colleague import catch_up
from tui.demo.logon import HEADER, LogonSession
from tui.demo.messages import Refused, Reply, Request, not_found, segments_of
from tui.demo.query import Queries
from tui.demo.read_calls import ReadCalls
from tui.demo.site import Site
from tui.demo.wire import Collection
from tui.demo.write_calls import WriteCalls

Handler = Callable[[Request, LogonSession, list[str]], Reply]
_ADMIN_ONLY = {"hierarchyroots", "lookup", "lookupsvc", "backupservers", "managedservers"}
_ADMIN_TYPES = {"hierarchyroot", "backupserver", "managedserver"}
_LIST = {"": "GET"}
_LIST_AND_ONE = {"": "GET", "/*": "GET"}
_ROUTES: dict[str, dict[str, str]] = {
    "": _LIST,
    "sessionmngr": {"": "POST"},
    "query": _LIST,
    "querysvc": _LIST,
    "logonsessions": {"": "GET", "/*": "GET, DELETE"},
    "vmrestorepoints": {"": "GET", "/*": "GET, POST", "/*/mounts": "GET"},
    "vapprestorepoints": {"": "GET", "/*": "GET, POST"},
    "restorepoints": _LIST_AND_ONE | {"/*/vmrestorepoints": "GET", "/*/vapprestorepoints": "GET"},
    "backups": _LIST_AND_ONE | {"/*/restorepoints": "GET"},
    "backupfiles": {"/*/vmrestorepoints": "GET"},
    "restoresessions": _LIST_AND_ONE,
    "tasks": {"": "GET", "/*": "GET, DELETE"},
    "hierarchyroots": _LIST_AND_ONE,
    "managedservers": _LIST_AND_ONE,
    "backupservers": {"": "GET", "/*": "GET, POST"},
    "lookupsvc": _LIST,
    "lookup": _LIST,
    "jobs": _LIST_AND_ONE,
}
"""All paths there are: the first segment, what follows it, and the methods."""


def _check_route(request: Request, segments: list[str]) -> None:
    """Refuse what leads nowhere.

    Raises:
        Refused: 404, there is no such path; 405, it has no such method.
    """
    head, *rest = segments or [""]
    shape = "".join(f"/{part}" if at else "/*" for at, part in enumerate(rest))
    methods = _ROUTES.get(head, {}).get(shape)
    if methods is None:
        raise not_found(request.path)
    if request.method not in methods.split(", "):
        raise Refused(405, f"Method {request.method} is not allowed for this resource.", allow=methods)


class Service:
    """Answers the requests of one site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.queries = Queries(site)
        self.reads = ReadCalls(site)
        self.writes = WriteCalls(site)
        self._handlers: dict[str, Handler] = {
            "query": self._query,
            "querysvc": self.reads.query_service,
            "logonsessions": self._logon_sessions,
            "vmrestorepoints": self._points,
            "vapprestorepoints": self._vapp_points,
            "restorepoints": self.reads.runs,
            "backups": self.reads.backups,
            "backupfiles": self.reads.files,
            "restoresessions": self.reads.sessions,
            "tasks": self.writes.tasks,
            "hierarchyroots": self.reads.roots,
            "managedservers": self.reads.managed,
            "backupservers": self._servers,
            "lookupsvc": self.reads.lookup_service,
            "lookup": self.reads.lookup,
            "jobs": self.reads.jobs,
        }

    def answer(self, request: Request) -> Reply:
        """Answer one request; every refusal has its real shape."""
        try:
            return self._answer(request)
        except Refused as refused:
            reply = self.site.replies.fail(request, refused.status, refused.message)
            if refused.allow:
                reply.headers.append(("Allow", refused.allow))
            return reply

    def _answer(self, request: Request) -> Reply:
        segments = segments_of(request)
        if segments is None:
            raise not_found(request.path)
        if not segments or segments[0] == "sessionmngr":
            _check_route(request, segments)
            return self._log_on(request) if segments else self._root(request)
        session = self.site.logons.of(request)
        request.xml_only = session.version < 4
        catch_up(self.site)
        _check_route(request, segments)
        self._check_rights(request, segments)
        return self._handlers[segments[0]](request, session, segments[1:])

    def _root(self, request: Request) -> Reply:
        return self.site.replies.say(request, self.site.activity.root())

    def _check_rights(self, request: Request, segments: list[str]) -> None:
        """The role table of WIRE 1.6."""
        role = self.site.options.role
        restores = request.method == "POST" and segments[0] == "vmrestorepoints"
        collects = request.method == "POST" and segments[0] == "backupservers"
        forbidden = role == "portal-user" and (restores or collects)
        if role == "restore-operator":
            queried = request.parameters().get("type", "").lower() if segments[0] == "query" else ""
            of_run = segments[0] == "restorepoints" and segments[2:] == ["vmrestorepoints"]
            forbidden = segments[0] in _ADMIN_ONLY or queried in _ADMIN_TYPES or of_run
        if forbidden:
            raise Refused(403, "Access denied: the account has no rights for this operation.")

    def _log_on(self, request: Request) -> Reply:
        wanted = request.parameters().get("v", "latest").lower()
        site = self.site
        newest = site.options.version
        offered = {"latest": newest, "v1": 0} | {f"v1_{minor}": minor for minor in range(1, newest + 1)}
        session = site.logons.log_on(request, newest)
        oldest = 0 if site.options.unlisted_versions == "accept" else site.activity.oldest_version
        if wanted not in offered or offered[wanted] < oldest:
            site.logons.log_off(session.guid)
            raise Refused(400, f"API version '{wanted}' is not supported.")
        session.version = offered[wanted]
        request.user, request.xml_only = session.user, session.version < 4
        reply = site.replies.say(request, site.activity.logon(session), 201)
        reply.headers += [
            (HEADER, session.token),
            ("Set-Cookie", f"{HEADER}={session.token}; Path=/api;"),
            ("Location", f"{site.entities.base}logonSessions/{session.guid}"),
        ]
        return reply

    def _logon_sessions(self, request: Request, session: LogonSession, rest: list[str]) -> Reply:
        site = self.site
        if request.method == "DELETE":
            if not site.logons.log_off(rest[0]):
                raise not_found("logon session")
            return Reply(status=204)
        own = [one for one in site.logons.all() if one.user == session.user]
        if not rest:
            rows = tuple(map(site.activity.logon, own))
            return site.replies.say(request, Collection(tag="LogonSessions", key="LogonSessions", rows=rows))
        for one in own:
            if one.guid == rest[0]:
                return site.replies.say(request, site.activity.logon(one))
        raise not_found("logon session")

    def _query(self, request: Request, session: LogonSession, _rest: list[str]) -> Reply:
        return self.queries.answer(request, session)

    def _points(self, request: Request, session: LogonSession, rest: list[str]) -> Reply:
        if request.method == "POST":
            return self.writes.restore_vm(request, session, rest)
        return self.reads.points(request, session, rest)

    def _vapp_points(self, request: Request, session: LogonSession, rest: list[str]) -> Reply:
        if request.method == "POST":
            return self.writes.restore_vapp(request, session, rest)
        return self.reads.vapp_points(request, session, rest)

    def _servers(self, request: Request, session: LogonSession, rest: list[str]) -> Reply:
        if request.method == "POST":
            return self.writes.collect(request, session, rest)
        return self.reads.servers(request, session, rest)
