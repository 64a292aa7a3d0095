"""Logon sessions: who is in, for how long, and with which rights (WIRE 1.4 to 1.7)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from tui.demo.clock import DemoClock
from tui.demo.ids import Ids
from tui.demo.messages import Refused, Request
from tui.demo.options import DEFAULT_USER, Options

HEADER = "X-RestSvcSessionId"
IDLE_LIMIT_S = 15 * 60
_USERS = {DEFAULT_USER.lower(): DEFAULT_USER, "lab\\oncall": "LAB\\oncall"}
_WITHOUT_ROLE = "lab\\no-role"
"""Good password, no Enterprise Manager role: refused at logon all the same (WIRE 1.6)."""


@dataclass(slots=True, kw_only=True)
class LogonSession:
    """One logon; tasks and their numbers belong to it."""

    number: int
    guid: str
    """The SessionId of the body: what logging off needs (WIRE T24)."""
    token: str
    user: str
    version: int
    """The API version chosen at logon."""
    last_used: float
    last_task: int = 0
    requests_left: int | None = None
    """Set by the fault `expire:N`."""


class Logons:
    """All logon sessions."""

    def __init__(self, clock: DemoClock, salt: str, options: Options) -> None:
        self._clock = clock
        self._salt = salt
        self._options = options
        self._ids = Ids(salt, "LogonSession")
        self._by_token: dict[str, LogonSession] = {}
        self._count = 0

    def configure(self, options: Options) -> None:
        """Take over options; sessions that live go on."""
        self._options = options

    def log_on(self, request: Request, version: int) -> LogonSession:
        """Check the credentials and open a session.

        Raises:
            Refused: 401, the credentials are missing or wrong, or the account has no role.
        """
        user, password = _credentials(request.headers.get("authorization", ""))
        known = _USERS.get(user.lower())
        if known is None or password != self._options.password:
            raise Refused(401, "Unauthorized: the user name or password is incorrect.")
        guid = self._ids.guid(self._count)
        session = LogonSession(
            number=self._count, guid=guid, user=known, version=version, token=self._token(guid),
            last_used=self._clock.idle_seconds(),
        )  # fmt: skip
        self._count += 1
        self._by_token[session.token] = session
        return session

    def _token(self, guid: str) -> str:
        if self._options.tokens == "session-id":
            return base64.b64encode(guid.encode()).decode()
        digest = hashlib.sha256(f"{self._salt}:token:{self._count}".encode()).digest()
        return base64.b64encode(b"\xfb\xff" + digest[:14]).decode()

    def of(self, request: Request) -> LogonSession:
        """The session of a request; using it keeps it alive.

        If both a cookie and the header arrive, the cookie wins (WIRE T3).

        Raises:
            Refused: 401, there is no token, or it is unknown or expired.
        """
        token = _cookie(request.headers.get("cookie", "")) or request.headers.get(HEADER.lower(), "")
        self._drop_idle()
        session = self._by_token.get(token)
        if session is None:
            raise Refused(401, "Unauthorized: the logon session does not exist or has expired.")
        if session.requests_left is not None:
            session.requests_left -= 1
            if session.requests_left < 0:
                del self._by_token[token]
                raise Refused(401, "Unauthorized: the logon session does not exist or has expired.")
        session.last_used = self._clock.idle_seconds()
        request.user = session.user
        return session

    def log_off(self, guid: str) -> bool:
        """End the session with this SessionId; False if there is none."""
        for token, session in self._by_token.items():
            if session.guid == guid.lower():
                del self._by_token[token]
                return True
        return False

    def all(self) -> list[LogonSession]:
        """The sessions that live."""
        self._drop_idle()
        return list(self._by_token.values())

    def expire(self) -> int:
        """End every session, as if all had been idle too long; how many there were."""
        count = len(self._by_token)
        self._by_token.clear()
        return count

    def expire_after(self, requests: int) -> None:
        """End the sessions that live now after so many more requests of each."""
        for session in self._by_token.values():
            session.requests_left = requests

    def _drop_idle(self) -> None:
        oldest = self._clock.idle_seconds() - IDLE_LIMIT_S
        for token in [token for token, session in self._by_token.items() if session.last_used <= oldest]:
            del self._by_token[token]


def _credentials(header: str) -> tuple[str, str]:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        raise Refused(401, "Unauthorized: Basic authentication is required.")
    try:
        text = base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(401, "Unauthorized: the credentials cannot be read.") from error
    try:
        user, _, password = text.decode("utf-8").partition(":")
    except UnicodeDecodeError:
        user, _, password = text.decode("latin-1").partition(":")
    if user.lower() == _WITHOUT_ROLE:
        raise Refused(401, "Unauthorized: the account has no role in Enterprise Manager.")
    return user, password


def _cookie(header: str) -> str:
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name.lower() == HEADER.lower():
            return value.strip().strip('"')
    return ""
