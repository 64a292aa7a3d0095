"""Taking the body of a reply as it comes over the line: bounded, and decompressed."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tui.api.errors import TooLarge, Unreadable
from tui.api.inflate import Inflater, inflate
from tui.api.limits import Limits

_TOGETHER_BYTES = 256_000
"""Compressed bytes decompressed together, which spares copies; a page of 500 points has some 50,000."""
_GZIP = ("gzip", "x-gzip")


async def take_body(
    pieces: AsyncIterator[bytes], encoding: str, limits: Limits, *, packed: bool = False
) -> tuple[bytes, str]:
    """A whole body.

    Args:
        pieces: the body as it comes.
        encoding: its Content-Encoding.
        limits: how large it may be, compressed and decompressed.
        packed: leave a short one compressed.

    Returns:
        The body, and how it is still compressed: "gzip" or empty.

    Raises:
        TooLarge, Unreadable: it is larger than allowed; it is damaged.
    """
    bounded = _bounded(pieces, limits.body_bytes)
    if encoding.strip().lower() not in _GZIP:
        raw = b"".join([piece async for piece in bounded])
        return inflate(raw, encoding, limits.body_bytes), ""
    # A long one is decompressed while it comes, so that one without end is refused in time.
    inflater, waiting = Inflater(limits.body_bytes), bytearray()
    async for piece in bounded:
        waiting += piece
        if len(waiting) >= _TOGETHER_BYTES:
            inflater.feed(bytes(waiting))
            waiting.clear()
            packed = False
    if packed:
        return bytes(waiting), "gzip"
    inflater.feed(bytes(waiting))
    return inflater.finish(), ""


async def take_error_body(pieces: AsyncIterator[bytes], encoding: str, limits: Limits) -> bytes:
    """The beginning of what an error says; nothing where it cannot be read, for the status says enough."""
    raw, limit = bytearray(), limits.error_bytes
    async for piece in pieces:
        raw += piece
        if len(raw) > limit:
            break
    try:
        return inflate(bytes(raw), encoding, limit)
    except (TooLarge, Unreadable):
        return b""


async def _bounded(pieces: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    room = limit
    async for piece in pieces:
        room -= len(piece)
        if room < 0:
            raise TooLarge(f"It is larger than {limit // 1_000_000} MB.")
        yield piece
