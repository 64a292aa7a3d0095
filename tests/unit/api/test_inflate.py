"""Decompressing a body while it arrives."""

from __future__ import annotations

import gzip
import zlib

import pytest

from tui.api.errors import TooLarge, Unreadable
from tui.api.inflate import Inflater


def test_a_body_that_never_ends_is_refused_while_it_comes() -> None:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    inflater = Inflater(1_000_000)
    for _ in range(5):
        inflater.feed(packer.compress(b"A" * 200_000) + packer.flush(zlib.Z_SYNC_FLUSH))
    with pytest.raises(TooLarge):
        inflater.feed(packer.compress(b"A" * 200_000) + packer.flush(zlib.Z_SYNC_FLUSH))


def test_a_body_in_pieces_is_put_together() -> None:
    body = gzip.compress(b"hello") + gzip.compress(b" you")
    inflater = Inflater(100)
    for at in range(len(body)):
        inflater.feed(body[at : at + 1])
    assert inflater.finish() == b"hello you"


def test_a_body_cut_short_is_said_to_be() -> None:
    inflater = Inflater(100)
    inflater.feed(gzip.compress(b"hello")[:-1])
    with pytest.raises(Unreadable, match="short"):
        inflater.finish()
