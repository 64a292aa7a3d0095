"""What went wrong below HTTP, told from the chain of an exception: name, port, TLS, or the line."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import TypeVar

from tui.api.errors import (
    ConnectionLost,
    ManagerError,
    NameNotFound,
    NotManager,
    Refused,
    TimedOut,
    Unreachable,
)
from tui.api.models import ServerAddress

ErrorT = TypeVar("ErrorT", bound=BaseException)
_NO_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH",
)
_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EPERM)


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """An exception with all its causes, contexts and members."""
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
    """The first exception of that kind in the chain."""
    return next((each for each in chain_of(error) if isinstance(each, kind)), None)


def line_error(error: BaseException, address: ServerAddress, *, request_sent: bool) -> ManagerError:
    """The error for a connection that could not be made, or broke; certificates are looked at elsewhere."""
    if find(error, socket.gaierror) or find(error, UnicodeError):
        return NameNotFound(f"The name {address.host} does not resolve.", request_sent=request_sent)
    tls = find(error, ssl.SSLError)
    if tls is not None:
        return _tls_error(tls, address, request_sent=request_sent)
    if is_refused(error):
        return Refused(f"Nothing listens on {address}.", request_sent=request_sent)
    if find(error, TimeoutError):
        return TimedOut(f"No answer from {address}.", request_sent=request_sent)
    system = (each for each in chain_of(error) if isinstance(each, OSError) and each.errno in _NO_WAY)
    lost = next(system, None)
    if lost is not None:
        return Unreachable(f"{address}: {lost.strerror}.", request_sent=request_sent)
    return ConnectionLost(f"The connection to {address} broke.", request_sent=request_sent)


def _tls_error(error: ssl.SSLError, address: ServerAddress, *, request_sent: bool) -> ManagerError:
    reason = str(error.reason or error)
    if any(word in reason for word in _NO_TLS):
        return NotManager(
            f"{address} does not speak TLS.",
            hint="Only HTTPS is spoken: check the port, 9398 by default (9399 is the old plain HTTP).",
            request_sent=request_sent,
        )
    if isinstance(error, ssl.SSLEOFError):
        return ConnectionLost(f"{address} hung up before TLS was agreed.", request_sent=request_sent)
    return ConnectionLost(f"TLS failed: {reason}.", request_sent=request_sent)


def is_refused(error: BaseException) -> bool:
    """Whether nothing listens where was dialled."""
    return find(error, ConnectionRefusedError) is not None
