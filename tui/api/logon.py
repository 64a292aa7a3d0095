"""Logging on and off, and what has to be sure before the password leaves (WIRE 1.3 to 1.7)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from tui.api.codec import resources
from tui.api.codec.listing import is_web_page
from tui.api.codec.restore_request import write_path
from tui.api.error_mapping import check_answer, error_for, with_port
from tui.api.errors import (
    MAY_BE_LOGGED_ON,
    BadLogin,
    BadReply,
    Busy,
    ConnectionLost,
    ManagerError,
    NotFound,
    NotImplementedThere,
    NotLoggedOff,
    NotManager,
    Rejected,
    ServerFault,
    SessionExpired,
    TimedOut,
    TooLarge,
)
from tui.api.models import DEFAULT_PORT, ApiRoot, LogonSession, ServerAddress, version_key
from tui.api.rest_client import TOKEN_HEADER, XML, RestClient, is_token
from tui.api.transport import Call, Kind, Reply

DISCOVER_S = 15.0
"""Until what does not say what it is is given up."""
_LOGON_S = 60.0
"""A domain controller far away may take long; nobody watches a password field for two minutes."""
LOG_OFF_S = 5.0


async def discover(rest: RestClient, address: ServerAddress) -> ApiRoot:
    """Return what the server says before anybody logs on: the versions it speaks.

    Raises:
        NotManager: something else answers there.
    """
    call = Call(method="GET", target="/api/", accept=XML, is_small=True, total_s=DISCOVER_S)
    try:
        reply = await rest.send_anonymous(call)
    except TooLarge as error:
        raise _not_manager(error.detail, address, error.http_code) from error
    except ConnectionLost as error:
        if error.request_sent:
            error.hint = "Try again; where it persists, the server may want a client certificate."
        raise
    except TimedOut as error:
        error.hint = f"{error.hint} {_or_the_port(address)}" if error.request_sent else error.hint
        raise
    if reply.status != 200:
        raise _discovery_error(reply, address)
    check_answer(reply.status, reply.body)
    try:
        root = await rest.model_of(reply, resources.api_root)
    except BadReply as error:
        raise _not_manager(error.detail, address, reply.status) from error
    if not version_key(root.newest):
        raise _not_manager("It lists no versions of the API.", address, reply.status)
    return root


async def log_on(rest: RestClient, address: ServerAddress, user: str, password: str) -> LogonSession:
    """Return a new logon session. The password goes only to what lists the versions of the API.

    Raises:
        BadLogin: user, password or role is refused.
        NotManager: something else answers there.
    """
    call = _logon_call(user, password)
    root = await discover(rest, address)
    try:
        return await _answered(await rest.send_anonymous(call), rest, address, user, root)
    except ManagerError as error:
        if error.request_sent and not _is_refusal(error):
            error.hint = f"{error.hint} {MAY_BE_LOGGED_ON}"
        raise


def _is_refusal(error: ManagerError) -> bool:
    """Return whether the logon was surely not taken; a proxy's words, or a reply cut short, prove nothing."""
    return isinstance(error, BadLogin) or (error.from_manager and 400 <= error.http_code < 500)


async def _answered(
    reply: Reply, rest: RestClient, address: ServerAddress, user: str, root: ApiRoot
) -> LogonSession:
    """Return the session that the reply to a logon names."""
    if not 200 <= reply.status < 300:
        raise logon_error(reply.status, reply.body, reply.headers)
    check_answer(reply.status, reply.body)
    token = reply.headers.get(TOKEN_HEADER.lower(), "")
    if not is_token(token):
        what = "a web page" if is_web_page(reply.body) else f"HTTP {reply.status}"
        raise _not_manager(f"It answered the logon with {what} and named no session.", address, reply.status)
    named, session_id = await _names_in(rest, reply)
    return LogonSession(user=named or user, session_id=session_id, token=token, api_version=root.newest)


async def log_off(rest: RestClient) -> None:
    """Delete the session at the server; one that is over already counts as deleted.

    Raises:
        NotLoggedOff: it may live on.
    """
    if rest.session is None:
        return
    try:
        async with asyncio.timeout(LOG_OFF_S):
            session_id = rest.session.session_id or await _own_session_id(rest, rest.session.user)
            is_done = await rest.delete(write_path("logonSessions", session_id))
    except TimeoutError as error:
        raise NotLoggedOff(f"The server did not answer in {LOG_OFF_S:g} s.") from error
    except NotLoggedOff:
        raise
    except ManagerError as error:
        if not (isinstance(error, SessionExpired | NotFound) and error.from_manager):
            raise NotLoggedOff(f"{error}", http_code=error.http_code) from error
        return
    if not is_done:
        raise NotLoggedOff("The server has accepted the log-off, and did not say that it is done.")


def _logon_call(user: str, password: str) -> Call:
    """Return the one call that carries the password.

    Raises:
        BadLogin: user or password cannot be sent.
    """
    if ":" in user:
        raise BadLogin("A user name cannot contain a colon.", request_sent=False)
    try:
        pair = base64.b64encode(f"{user}:{password}".encode("utf-8", "surrogateescape")).decode()
    except UnicodeEncodeError:
        # Without its context: that carries the password.
        raise BadLogin(
            "The user or the password contains characters that cannot be sent.", request_sent=False
        ) from None
    return Call(
        method="POST",
        target="/api/sessionMngr/?v=latest",
        accept=XML,
        kind=Kind.WRITE,
        is_small=True,
        total_s=_LOGON_S,
        secrets={"Authorization": f"Basic {pair}"},
    )


async def _names_in(rest: RestClient, reply: Reply) -> tuple[str, str]:
    """Return user and session id in the body, which may be missing: only logging off needs it."""
    try:
        return await rest.model_of(reply, resources.logon) if reply.body.strip() else ("", "")
    except NotManager:
        raise
    except (BadReply, NotFound):
        return "", ""


async def _own_session_id(rest: RestClient, user: str) -> str:
    """Return the id of the only session the server lists, where the logon did not say it.

    Raises:
        NotLoggedOff: it lists several, or somebody else's.
    """
    sessions = await rest.read_model("/api/logonSessions", resources.logon_sessions)
    if [name.lower() for name, _ in sessions.items] != [user.lower()] or sessions.pages > 1:
        raise NotLoggedOff("The logon named no session, and the server lists more than this user's one.")
    return sessions.items[0][1]


# What answers instead


def logon_error(status: int, body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> ManagerError:
    """Return the error for a logon that was refused: no session can have expired (WIRE 1.6)."""
    error = error_for(status, body, headers)
    if status == 401:
        return BadLogin(error.detail, http_code=status, from_manager=error.from_manager)
    if status in (404, 405, 410) and not error.from_manager:
        return NotManager(f"It knows no logon: {error.detail}", http_code=status)
    if isinstance(error, Rejected) and not isinstance(error, Busy | ServerFault | NotImplementedThere):
        error.hint = "Read what the server says about the logon, and ask its administrator."
    return error


def _discovery_error(reply: Reply, address: ServerAddress) -> ManagerError:
    """Return the error for what does not answer `GET /api/` as Enterprise Manager does (WIRE 1.3)."""
    status = reply.status
    error = error_for(status, reply.body, reply.headers)
    if isinstance(error, Busy | ServerFault) and not error.from_manager:
        error.hint = f"{error.hint} {_or_the_port(address)}"
        return error
    if error.from_manager:
        return error
    said = "" if error.detail == f"HTTP {status}." else f": {error.detail.rstrip('.')}"
    if 300 <= status < 400:
        to = _shown(reply.headers.get("location", "")) or "no address"
        detail = f"It redirects to {to} (HTTP {status})."
    elif b'"errorCode"' in reply.body:
        detail = f"It is the REST API of another Veeam product (HTTP {status}{said})."
    elif status == 401:
        asks = _shown(reply.headers.get("www-authenticate", "")) or "it names nothing"
        detail = f"It asks for a logon before it says what it is (HTTP 401, {asks})."
    elif is_web_page(reply.body):
        detail = f"It is a web page (HTTP {status}{said})."
    else:
        detail = f"It does not know /api/ (HTTP {status}{said})."
    return _not_manager(detail, address, status)


def _not_manager(detail: str, address: ServerAddress, status: int) -> NotManager:
    """Return the error for something else that answers there, naming the port that is meant (WIRE 1.1).

    Args:
        detail: what it is instead.
        address: where it was dialled.
        status: of its answer.
    """
    detail = with_port(detail, address)
    hint = f"Check the name, and ask for Enterprise Manager's port: {DEFAULT_PORT} is only its default."
    if address.port != DEFAULT_PORT:
        hint = (
            f"Use {replace(address, port=DEFAULT_PORT)}: Enterprise Manager's REST API is there by default."
        )
    return NotManager(detail, hint=hint, http_code=status)


def _or_the_port(address: ServerAddress) -> str:
    """Return what else may be wrong with a server that has not said what it is."""
    return f"Where it persists, check the name and the port, {address.port}: {DEFAULT_PORT} is the default."


def _shown(value: str) -> str:
    """Return the beginning of a header's value, for people."""
    return "".join(char for char in value if char.isprintable())[:80].strip()
