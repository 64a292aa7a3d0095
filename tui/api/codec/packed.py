"""Pages of restore points on their way between two processes of this program, as MessagePack."""

from __future__ import annotations

import msgspec

from tui.api.codec.listing import Listing
from tui.api.models import RestorePoint

Packed = tuple[tuple[RestorePoint, ...], int, int]
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Packed)


def packed(listing: Listing[RestorePoint]) -> bytes:
    """Points, number of the page and of all pages; empty where the page holds references as well."""
    if listing.references:
        return b""
    return _ENCODER.encode((listing.items, listing.number, listing.pages))


def unpacked(found: bytes) -> Packed:
    """What `packed` has made."""
    page: Packed = _DECODER.decode(found)
    return page
