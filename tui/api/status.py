"""Replies that are no answer: HTTP codes and error bodies, in XML, JSON, HTML or nothing (WIRE 9)."""

from __future__ import annotations

import re
from html import unescape

from tui.api.codec import codec_of
from tui.api.errors import (
    BadLogin,
    BadReply,
    Busy,
    Forbidden,
    Invalid,
    ManagerError,
    NotFound,
    NotImplementedThere,
    NotManager,
    Rejected,
    ServerFault,
    SessionExpired,
    TaskUnknown,
)
from tui.api.limits import Limits

MAX_MESSAGE = 600
"""Characters of a server's message that are kept."""
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_NO_SUCH_TASK = re.compile(r"\bno\s.*?\btask\s+with\s+id\b", re.IGNORECASE | re.DOTALL)
_ERRORS: dict[int, type[ManagerError]] = {
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


def error_for(status: int, body: bytes, limits: Limits) -> ManagerError:
    """The error for a reply that is not of the 200s; the server's own words are its detail."""
    message = message_in(body, limits)
    if 300 <= status < 400:
        return NotManager(f"It sends elsewhere (HTTP {status}); that is not followed.", http_code=status)
    detail = message or f"HTTP {status}."
    if status == 500 and _NO_SUCH_TASK.search(message):
        return TaskUnknown(detail, http_code=status)
    kind = _ERRORS.get(status) or (ServerFault if status >= 500 else Rejected)
    return kind(detail, http_code=status, from_manager=bool(message) and is_structured(body))


def logon_error(status: int, body: bytes, limits: Limits) -> ManagerError:
    """The same at logon: there is no session yet that could have expired (WIRE 1.6)."""
    message = message_in(body, limits)
    if status == 401:
        return BadLogin(message or "HTTP 401.", http_code=status)
    if is_web_page(body) and status in (404, 405):
        return NotManager("It answers with a web page.", http_code=status)
    return error_for(status, body, limits)


def message_in(body: bytes, limits: Limits) -> str:
    """What an error body says, by its first byte; empty if it says nothing that can be read."""
    text = body[:8192].decode("utf-8", errors="replace").removeprefix("\ufeff").strip()
    if not text:
        return ""
    if is_web_page(body):
        title = _TITLE.search(text)
        return _cut(unescape(title.group(1))) if title else ""
    if text[0] not in "<{[":
        return _cut(text)
    try:
        return _cut(codec_of(body).error_message(body, limits))
    except BadReply:
        return ""


def is_structured(body: bytes) -> bool:
    """Whether a body can be Enterprise Manager's own Error: XML or JSON, but no web page.

    A proxy between may say 500 as well, after the server took the request.
    """
    return not is_web_page(body) and body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"<", b"{", b"[")


def is_web_page(body: bytes) -> bool:
    """Whether a body is HTML."""
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))


def _cut(message: str) -> str:
    message = message.strip()
    return message if len(message) <= MAX_MESSAGE else message[:MAX_MESSAGE] + "…"
