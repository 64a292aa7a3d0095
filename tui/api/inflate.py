"""Decompressing replies with a bound: a megabyte of gzip can hold a gigabyte."""

from __future__ import annotations

import zlib

from tui.api.errors import TooLarge, Unreadable

_MEMBERS = 16
"""Of one gzip body: servers send one, and each costs a copy of all that follow."""
_WINDOWS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """The body as its Content-Encoding says.

    Raises:
        TooLarge: it gets larger than `limit` bytes.
        Unreadable: it is cut short, damaged, or of an encoding nobody asked for.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity") or not body:
        return body
    windows = _WINDOWS.get(encoding)
    if windows is None:
        raise Unreadable(f"It is encoded as {encoding[:40]}, which was not asked for.")
    for window in windows[:-1]:
        try:
            return _members(body, window, limit)
        except Unreadable:
            continue
    return _members(body, windows[-1], limit)


def _members(body: bytes, window: int, limit: int) -> bytes:
    parts: list[bytes] = []
    room = limit
    for _ in range(_MEMBERS):
        if not body:
            return b"".join(parts)
        inflater = zlib.decompressobj(window)
        try:
            part = inflater.decompress(body, room + 1)
        except zlib.error as error:
            raise Unreadable("Its compression is damaged.") from error
        if len(part) > room:
            raise TooLarge(f"It is larger than {limit // 1_000_000} MB when decompressed.")
        if not inflater.eof:
            raise Unreadable("It is cut short.")
        parts.append(part)
        room -= len(part)
        body = inflater.unused_data
    raise Unreadable("Its compression is in too many parts.")
