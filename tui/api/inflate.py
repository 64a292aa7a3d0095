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
    inflater = Inflater(limit, window)
    inflater.feed(body)
    return inflater.finish()


class Inflater:
    """Decompresses a body while it arrives, so that the bound is met before all of it has been sent.

    Args:
        limit: bytes it may become.
        window: as zlib numbers its formats; 31 is gzip.
    """

    def __init__(self, limit: int, window: int = 31) -> None:
        self._limit = self._room = limit
        self._window = window
        self._parts: list[bytes] = []
        self._count = 0
        self._member = zlib.decompressobj(window)

    def feed(self, piece: bytes) -> None:
        """Take the next bytes.

        Raises:
            TooLarge: it gets larger than the limit.
            Unreadable: it is damaged, or of too many parts.
        """
        while piece:
            if self._count == 0 or self._member.eof:
                self._begin()
            try:
                part = self._member.decompress(piece, self._room + 1)
            except zlib.error as error:
                raise Unreadable("Its compression is damaged.") from error
            if len(part) > self._room:
                raise TooLarge(f"It is larger than {self._limit // 1_000_000} MB when decompressed.")
            self._parts.append(part)
            self._room -= len(part)
            piece = self._member.unused_data

    def _begin(self) -> None:
        self._count += 1
        if self._count > _MEMBERS:
            raise Unreadable("Its compression is in too many parts.")
        self._member = zlib.decompressobj(self._window)

    def finish(self) -> bytes:
        """All of it.

        Raises:
            Unreadable: it is cut short.
        """
        if self._count and not self._member.eof:
            raise Unreadable("It is cut short.")
        return b"".join(self._parts)
