"""The REST service: finds who answers a request, and says no where the real one would.

Paths are matched without regard to case, with or without a slash at the end (WIRE 1.1).
"""

from __future__ import annotations

from collections.abc import Callable

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


class Service:
    """Answers the requests of one site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.queries = Queries(site)
        self.reads = ReadCalls(site)
        self.writes = WriteCalls(site)
        self._handlers: dict[str, tuple[str, Handler]] = {
            "query": ("GET", self._query),
            "querysvc": ("GET", self.reads.query_service),
            "logonsessions": ("GET DELETE", self._logon_sessions),
            "vmrestorepoints": ("GET POST", self._points),
            "vapprestorepoints": ("GET POST", self._vapp_points),
            "restorepoints": ("GET", self.reads.runs),
            "backups": ("GET", self.reads.backups),
            "backupfiles": ("GET", self.reads.files),
            "restoresessions": ("GET", self.reads.sessions),
            "tasks": ("GET DELETE", self.writes.tasks),
            "hierarchyroots": ("GET", self.reads.roots),
            "managedservers": ("GET", self.reads.managed),
            "backupservers": ("GET POST", self._servers),
            "lookupsvc": ("GET", self.reads.lookup_service),
            "lookup": ("GET", self.reads.lookup),
            "jobs": ("GET", self.reads.jobs),
        }

    def answer(self, request: Request) -> Reply:
        """Answer one request; every refusal has its real shape."""
        try:
            return self._answer(request)
        except Refused as refused:
            return self.site.replies.fail(request, refused.status, refused.message)

    def _answer(self, request: Request) -> Reply:
        segments = segments_of(request)
        if segments is None:
            raise not_found(request.path)
        if not segments:
            self._verb(request, "GET")
            return self.site.replies.say(request, self.site.activity.root())
        if segments[0] == "sessionmngr":
            self._verb(request, "POST")
            return self._log_on(request)
        session = self.site.logons.of(request)
        request.xml_only = session.version < 4
        if segments[0] not in self._handlers:
            raise not_found(request.path)
        verbs, handler = self._handlers[segments[0]]
        self._verb(request, verbs)
        self._check_rights(request, segments)
        return handler(request, session, segments[1:])

    @staticmethod
    def _verb(request: Request, verbs: str) -> None:
        if request.method not in verbs.split():
            raise Refused(405, f"Method {request.method} is not allowed for this resource.")

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
        if wanted not in offered or offered[wanted] < site.activity.oldest_version:
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
            if len(rest) != 1 or not site.logons.log_off(rest[0]):
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

    def _query(self, request: Request, session: LogonSession, rest: list[str]) -> Reply:
        if rest:
            raise not_found(request.path)
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
