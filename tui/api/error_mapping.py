"""Our error for what went wrong: below HTTP by an exception's chain, above by status and body (WIRE 9)."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from types import MappingProxyType
from typing import TypeVar

from tui.api.codec import codec_of, gunzip
from tui.api.codec.listing import error_message, is_web_page
from tui.api.codec.tree import Tree
from tui.api.errors import (
    BadReply,
    Busy,
    ConnectionLost,
    ErrorAsAnswer,
    Forbidden,
    HandshakeCut,
    Invalid,
    ManagerError,
    NameNotFound,
    NoNameServer,
    NotFound,
    NotImplementedThere,
    NotManager,
    Refused,
    Rejected,
    ServerFault,
    SessionExpired,
    TaskUnknown,
    TimedOut,
    TlsRefused,
    Unreachable,
)
from tui.api.limits import Limits
from tui.api.models import ServerAddress
from tui.api.proxy import ProxyAddress
from tui.api.tls import refusal_of

ErrorT = TypeVar("ErrorT", bound=BaseException)
_SHOWN = 80
MAX_MESSAGE = 600
"""Characters of a server's message that are kept."""
_ERROR_BYTES = 65_536
_LIMITS = Limits(body_bytes=_ERROR_BYTES, nodes=2_000)
"""Of an error body, which is decoded on the event loop; a real one has about five members."""
_NO_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH",
)
"""OpenSSL's reasons where the other end speaks something else."""
_CHECK_PORT = "Check the port: the API is on 9398 by default, in HTTPS alone."
_USUAL_AT = {
    80: "a web page in plain HTTP",
    443: "a web page",
    9080: "Enterprise Manager's web page in plain HTTP",
    9392: "the backup server's console",
    9399: "Enterprise Manager's old plain HTTP",
    9419: "the REST API of Veeam Backup & Replication itself",
    9443: "Enterprise Manager's web page",
}
"""What listens on ports that are taken for the REST API's (WIRE 1.1)."""
_FROM_BETWEEN = (
    "A web page answered in place of Enterprise Manager",
    "A proxy or firewall on the way may have refused it: ask whoever runs it.",
)
_UNPROVEN: dict[type[ManagerError], str] = {
    Forbidden: "The server, or a proxy on the way, refused it",
    NotFound: "The server, or a proxy on the way, did not find it",
    Invalid: "The server, or a proxy on the way, found the request invalid",
    Rejected: "The server, or a proxy on the way, rejected the request",
    ServerFault: "The server, or a proxy on the way, has failed",
}
"""What is said where nothing shows that Enterprise Manager itself has answered."""
_ASK_BOTH = "Try again; if it persists, ask whoever runs the server, and whoever runs the proxy."
_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EPERM)
_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_MAY_BE_ERROR = re.compile(rb"StatusCode", re.IGNORECASE)
_REALM = re.compile(r"\bbasic\s+(?:[^,]*\s)?realm\s*=\s*\"?restsvc\b", re.IGNORECASE)
_NO_SUCH_TASK = re.compile(r"\bno\s.*?\btask\s+with\s+id\b", re.IGNORECASE | re.DOTALL)
_BY_STATUS: dict[int, type[ManagerError]] = {
    400: Invalid,
    401: SessionExpired,
    403: Forbidden,
    404: NotFound,
    405: Invalid,
    406: Invalid,
    408: Busy,
    410: NotFound,
    415: Invalid,
    422: Invalid,
    429: Busy,
    501: NotImplementedThere,
    502: Busy,
    503: Busy,
    504: Busy,
}

# Below HTTP


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception with all its causes, contexts and members."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [inner for inner in (each.__cause__, each.__context__) if inner is not None]
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions


def find(error: BaseException, kind: type[ErrorT]) -> ErrorT | None:
    """Return the first exception of that kind in the chain."""
    return next((each for each in chain_of(error) if isinstance(each, kind)), None)


def connection_error(
    error: BaseException, address: ServerAddress, *, request_sent: bool, in_handshake: bool
) -> ManagerError:
    """Return the error for a connection that could not be made, or broke; certificates are no part of it."""
    if find(error, socket.gaierror) or find(error, UnicodeError):
        return _name_error(error, address, request_sent=request_sent)
    tls = next((each for each in chain_of(error) if _is_tls_failure(each)), None)
    if isinstance(tls, ssl.SSLError) and not isinstance(error, TimeoutError):
        return _tls_error(tls, address, request_sent=request_sent, in_handshake=in_handshake)
    if find(error, ConnectionRefusedError):
        return Refused(f"Nothing listens on {address}.", request_sent=request_sent)
    if find(error, TimeoutError):
        if in_handshake:
            said = f"{address} takes connections, but says nothing in the TLS handshake."
            return TimedOut(with_port(said, address), hint=_CHECK_PORT, request_sent=request_sent)
        return TimedOut(f"{address} says nothing.", request_sent=request_sent)
    return _broken(error, address, request_sent=request_sent, in_handshake=in_handshake)


def _name_error(error: BaseException, address: ServerAddress, *, request_sent: bool) -> ManagerError:
    unresolved = find(error, socket.gaierror)
    if unresolved is not None and unresolved.errno == socket.EAI_AGAIN:
        return NoNameServer(f"No name server answers for {address.host}.", request_sent=request_sent)
    return NameNotFound(f"The name {address.host} does not resolve.", request_sent=request_sent)


def _broken(
    error: BaseException, address: ServerAddress, *, request_sent: bool, in_handshake: bool
) -> ManagerError:
    system = (each for each in chain_of(error) if isinstance(each, OSError) and each.errno in _NO_ROUTE)
    lost = next(system, None)
    if lost is not None:
        return Unreachable(f"{address}: {lost.strerror}.", request_sent=request_sent)
    if in_handshake:
        return HandshakeCut(with_port(f"{address} hung up.", address), request_sent=request_sent)
    found = next(filter(None, (_CUT_AFTER.search(str(each)) for each in chain_of(error))), None)
    why = "before its answer was complete" if request_sent else "before anything was sent"
    if found is not None:
        why = f"after {found[1]} of {found[2]} bytes of its answer"
    return ConnectionLost(f"{address} hung up {why}.", request_sent=request_sent)


def proxy_error(error: BaseException, proxy: ProxyAddress) -> ManagerError:
    """Return the error for a proxy that could not be reached, or broke off before the tunnel was open."""
    unresolved = find(error, socket.gaierror)
    if unresolved is not None and unresolved.errno == socket.EAI_AGAIN:
        return proxy.failed("has a name for which no name server answers")
    if unresolved is not None or find(error, UnicodeError):
        return proxy.failed("has a name that does not resolve")
    if find(error, ConnectionRefusedError):
        return proxy.failed("is not there: nothing listens on that port")
    if find(error, TimeoutError):
        return proxy.failed("did not answer in time")
    system = find(error, OSError)
    why = f" ({system.strerror})" if system is not None and system.strerror else ""
    return proxy.failed(f"was not reached, or hung up{why}")


def _is_tls_failure(error: BaseException) -> bool:
    """Return whether TLS failed, rather than waited for what never came."""
    waiting = ssl.SSLWantReadError | ssl.SSLWantWriteError
    return isinstance(error, ssl.SSLError) and not isinstance(error, waiting)


def with_port(detail: str, address: ServerAddress) -> str:
    """Return a sentence, and behind it what usually listens on that port where it is not the REST API."""
    usual = _USUAL_AT.get(address.port)
    return f"{detail} Port {address.port} is usually {usual}." if usual else detail


def is_no_tls(error: BaseException) -> bool:
    """Return whether what came from the other end was no TLS."""
    tls = next((each for each in chain_of(error) if _is_tls_failure(each)), None)
    return isinstance(tls, ssl.SSLError) and any(word in _reason_of(tls) for word in _NO_TLS)


def _reason_of(error: ssl.SSLError) -> str:
    """Return OpenSSL's reason; Python does not know the names of all, and then has only the words."""
    return str(getattr(error, "reason", "") or error).upper().replace(" ", "_")


def _tls_error(
    error: ssl.SSLError, address: ServerAddress, *, request_sent: bool, in_handshake: bool
) -> ManagerError:
    reason = _reason_of(error)
    if any(word in reason for word in _NO_TLS):
        return NotManager(
            with_port(f"{address} does not speak TLS.", address),
            hint=_CHECK_PORT,
            request_sent=request_sent,
        )
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return HandshakeCut(with_port(f"{address} hung up.", address), request_sent=request_sent)
    refusal = refusal_of(reason, address.name, in_handshake=in_handshake)
    if refusal is not None:
        return TlsRefused(refusal[0], hint=refusal[1], request_sent=request_sent)
    return ConnectionLost(f"TLS failed: {getattr(error, 'reason', '') or error}.", request_sent=request_sent)


# HTTP

_HTTP_FAULTS = (
    (r"illegal status line: (.*)", "Its first line is no status line of HTTP: {}."),
    (r"no response line", "It begins with an empty line, not with a status line of HTTP."),
    # The name alone: the value may be the session's token.
    (r"illegal header line: bytearray\(b['\"]([\w-]*)", 'Its header line "{}" is malformed.'),
    (r"continuation line", "Its first header line begins with a space."),
    (r"conflicting Content-Length", "It has two Content-Length headers that differ."),
    (r"bad Content-Length", "Its Content-Length is no length."),
    (r"multiple Transfer-Encoding", "It has two Transfer-Encoding headers."),
    (r"Only Transfer-Encoding", "Its Transfer-Encoding is not chunked."),
    (r"buffer too long", "Its headers, or the line before a chunk, are longer than 100 kB."),
    (r"illegal chunk header: (.*)", "The line before a chunk of it is no length: {}."),
    (r"malformed chunk footer: (.*) \(expected", "A chunk of it is followed by {} where its line ends."),
    (r"SWITCH_UPGRADE", "It wants to switch to another protocol (HTTP 101)."),
    (r"should be in range.* not (.*)", "Its status is none of HTTP: {}."),
    (r"location header", "Its Location header is no address."),
)
"""What the HTTP library says of an answer that is no good HTTP, and what an operator reads."""
_BYTES = re.compile(r"bytearray\(b(['\"])(.*)\1\)", re.DOTALL)
_CUT_AFTER = re.compile(r"received (\d+) bytes, expected (\d+)")


def http_fault(said: str) -> str:
    """Return which line or header of an answer is wrong, in a sentence.

    Args:
        said: the HTTP library's words; what the server sent stands in them escaped.
    """
    for pattern, words in _HTTP_FAULTS:
        found = re.search(pattern, said, re.DOTALL)
        if found is not None:
            sent = _BYTES.sub(r'"\2"', "".join(found.groups()))
            return words.format(sent if len(sent) <= _SHOWN else sent[:_SHOWN] + "…")
    return f"It does not speak HTTP ({said[:_SHOWN]})."


# Statuses and bodies


def error_for(status: int, body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> ManagerError:
    """Return the error for a reply that is not of the 200s; the server's own words are its detail.

    Args:
        status: of the reply.
        body: of the reply.
        headers: of the reply, by lower-case name.
    """
    own = own_error(body)
    message = own.message if own is not None else message_in(body)
    if 300 <= status < 400:
        return NotManager(f"It redirects elsewhere (HTTP {status}), which is not followed.", http_code=status)
    detail = message or f"HTTP {status}."
    if status == 500 and _NO_SUCH_TASK.search(message):
        return TaskUnknown(detail, http_code=status, from_manager=own is not None and own.proves(status))
    kind = _BY_STATUS.get(status) or (ServerFault if status >= 500 else Rejected)
    from_manager = (own is not None and own.proves(status)) or (status == 401 and _has_realm(headers))
    if 400 <= status < 500 and status != 401 and not from_manager and is_web_page(body):
        # It says nothing about the account, nor about what was asked for.
        page = Rejected(detail, http_code=status)
        page.title, page.hint = _FROM_BETWEEN
        return page
    error = kind(detail, http_code=status, from_manager=from_manager)
    if not from_manager and kind in _UNPROVEN:
        error.title, error.hint = _UNPROVEN[kind], _ASK_BOTH
    return error


def _has_realm(headers: Mapping[str, str]) -> bool:
    """Return whether a 401 asks for the logon of Enterprise Manager, not of a proxy or a web page."""
    return _REALM.search(headers.get("www-authenticate", "")[:1024]) is not None


@dataclass(frozen=True, slots=True)
class OwnError:
    """Enterprise Manager's Error (WIRE 9)."""

    message: str
    status: int
    is_like_others: bool
    """Whether it may be a gateway's: some of these write `{"statusCode": 403, "error": "..."}`."""

    def proves(self, status: int) -> bool:
        """Return whether it shows that Enterprise Manager itself has answered with this status."""
        return self.status == status and not self.is_like_others


_MEMBERS = {"message", "statuscode", "status", "firstchanceexceptionmessage", "stacktrace"}


def _is_like_others(tree: Tree) -> bool:
    """Return whether an Error in JSON has members that Enterprise Manager's has not."""
    return not tree.name and not {name.lower() for name in tree.members} <= _MEMBERS


def own_error(body: bytes) -> OwnError | None:
    """Return what looks like Enterprise Manager's own Error, None for any other body.

    Most proxies and other APIs write a message, too, as JSON or as an Error in XML, but no StatusCode.
    """
    if is_web_page(body) or not _MAY_BE_ERROR.search(body[:_ERROR_BYTES]):
        return None
    try:
        tree = codec_of(body).tree(body[:_ERROR_BYTES], _LIMITS)
    except BadReply:
        return None
    message, status = error_message(tree), tree.number("StatusCode")
    if tree.name.lower() not in ("", "error") or not message or status is None or status < 400:
        return None
    return OwnError(_cut(message), status, _is_like_others(tree))


def check_answer(status: int, body: bytes) -> None:
    """Refuse the Error that comes with a status of the 200s.

    Raises:
        ErrorAsAnswer: with the server's own words.
    """
    if len(body) > _ERROR_BYTES:
        return
    try:
        own = own_error(gunzip(body, _LIMITS))
    except BadReply:
        return
    if own is not None:
        detail = f"{own.message} (HTTP {status} with an Error of StatusCode {own.status})"
        raise ErrorAsAnswer(detail, http_code=status, from_manager=True)


def message_in(body: bytes) -> str:
    """Return what an error body says, read by its first byte; empty if it says nothing that can be read."""
    text = body[:8192].decode("utf-8", errors="replace").removeprefix("\ufeff").strip()
    if not text:
        return ""
    if is_web_page(body):
        title = _TITLE.search(text)
        return _cut(unescape(title.group(1))) if title else ""
    if text[0] not in "<{[":
        return _cut(text)
    try:
        return _cut(codec_of(body).error_message(body[:_ERROR_BYTES], _LIMITS))
    except BadReply:
        return ""


def _cut(message: str) -> str:
    message = message.strip()
    return message if len(message) <= MAX_MESSAGE else message[:MAX_MESSAGE] + "…"
