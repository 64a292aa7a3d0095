"""Logging on and off, and keeping the session alive (WIRE 1.3 to 1.7)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from tui.api.caller import TOKEN_HEADER, Caller
from tui.api.errors import BadLogin, BadReply, ManagerError, NotFound, NotManager, SessionExpired
from tui.api.models import ApiRoot, LogonSession
from tui.api.query import encoded

if TYPE_CHECKING:
    from tui.api.transport import Reply

_XML = "application/xml"


class LogonCalls(Caller):
    """The operations on the logon session."""

    async def discover(self) -> ApiRoot:
        """What the server says before anybody logs on: the versions it speaks.

        Raises:
            NotManager: something else answers there.
        """
        transport = await self._open()
        from tui.api.codec import resources
        from tui.api.status import error_for
        from tui.api.transport import Call

        reply = await transport.send(Call(method="GET", target="/api/", accept=_XML))
        if reply.status != 200:
            raise error_for(reply.status, reply.body, self._limits)
        return await self._decoded(reply, lambda body: self._model(body, resources.api_root))

    async def log_on(self, user: str, password: str) -> LogonSession:
        """Log on; the session is used from then on.

        Raises:
            BadLogin: user, password or role is refused.
            UnknownCertificate, CertificateChanged: nothing was sent.
            NotManager: something else answers there.
        """
        if ":" in user:
            raise BadLogin("A user name cannot hold a colon.", request_sent=False)
        reply = await self._post_logon(user, password)
        token = reply.headers.get(TOKEN_HEADER.lower(), "")
        if not 200 <= reply.status < 300:
            from tui.api.status import logon_error

            raise logon_error(reply.status, reply.body, self._limits)
        if not token:
            raise NotManager("It takes the logon but gives no session.", http_code=reply.status)
        named, session_id = self._names_in(reply)
        self.session = LogonSession(user=named or user, session_id=session_id, token=token)
        await self._learn_version()
        self.session = LogonSession(
            user=named or user, session_id=session_id, token=token, api_version=self.api_version
        )
        return self.session

    def resume(self, session: LogonSession) -> None:
        """Use a kept session from now on."""
        self.session = session
        self.api_version = session.api_version

    async def is_session_alive(self) -> bool:
        """Whether the server still knows the session; a light read, which also keeps it alive."""
        try:
            await self.keep_alive()
        except SessionExpired:
            return False
        return True

    async def keep_alive(self) -> None:
        """A light read: 15 minutes without any request end a session.

        Raises:
            SessionExpired: it is over already.
        """
        from tui.api.codec import resources

        await self._read_tree("/api/tasks", resources.tasks)

    async def log_off(self) -> None:
        """Delete the session at the server, and forget it. One that is over already counts as deleted."""
        try:
            session_id = self.session.session_id if self.session else ""
            session_id = session_id or await self._own_session_id()
            if session_id:
                await self._write("DELETE", f"/api/logonSessions/{encoded(session_id)}")
        except (SessionExpired, NotFound):
            pass
        finally:
            self.session = None

    async def _post_logon(self, user: str, password: str) -> Reply:
        transport = await self._open()
        from tui.api.transport import Call, Kind

        try:
            pair = base64.b64encode(f"{user}:{password}".encode("utf-8", "surrogateescape")).decode()
        except UnicodeEncodeError:
            # Without its context: that carries the password.
            raise BadLogin(
                "User or password hold characters that cannot be sent.", request_sent=False
            ) from None
        return await transport.send(
            Call(
                method="POST",
                target="/api/sessionMngr/?v=latest",
                accept=_XML,
                kind=Kind.WRITE,
                secrets={"Authorization": f"Basic {pair}"},
            )
        )

    def _names_in(self, reply: Reply) -> tuple[str, str]:
        """User and session id in the body, which may be missing: only logging off needs it."""
        from tui.api.codec import resources

        try:
            return self._model(reply.body, resources.logon) if reply.body.strip() else ("", "")
        except NotManager:
            raise
        except BadReply:
            return "", ""

    async def _learn_version(self) -> None:
        try:
            self.api_version = (await self.discover()).newest
        except ManagerError:
            # The session is there; what is not known is not claimed.
            self.api_version = ""

    async def _own_session_id(self) -> str:
        """The id of the only session the server lists, where the logon did not say it."""
        from tui.api.codec import resources

        sessions = await self._read_tree("/api/logonSessions", resources.logon_sessions)
        return sessions[0][1] if len(sessions) == 1 else ""
