"""Decodes pages of restore points for `pages`: `python -m tui.api.pages_child BYTES NODES DEPTH`.

Pages come on standard input and go to standard output as points, each with a head that says how long it
is. It ends when its input does, or when nothing has come for a while: the list is long complete then.
"""

from __future__ import annotations

import gc
import select
import sys
import time
from io import RawIOBase
from typing import BinaryIO

from tui.api.codec import codec_for, codec_of
from tui.api.codec.packed import Packer
from tui.api.errors import ManagerError
from tui.api.limits import Limits
from tui.api.models import PointKind, WireFormat
from tui.api.pages import ANSWERED, ASKED, ENCODINGS, KINDS

IDLE_S = 30.0


def decoded(body: bytes, encoding: str, kind: PointKind, limits: Limits, packer: Packer) -> bytes:
    """The page's points, packed; empty where it is not of the usual kind, which the caller finds out."""
    try:
        return packer.packed(codec_of(body).points(body, kind, limits))
    except (ManagerError, UnicodeError):
        return b""


def serve(pages: RawIOBase, points: BinaryIO, limits: Limits, *, idle_s: float = IDLE_S) -> None:
    """Answer page after page until the input ends or nothing comes for `idle_s` seconds."""
    packer = Packer()
    codec_for(WireFormat.JSON)  # imported now, it is no part of the time its first page takes
    _answer(points, b"", 0.0)
    while select.select([pages], [], [], idle_s)[0]:
        try:
            size, kind, encoding = ASKED.unpack(_exactly(pages, ASKED.size))
            body = _exactly(pages, size)
        except EOFError:
            return
        begun_s = time.process_time()
        found = decoded(body, ENCODINGS[encoding], KINDS[kind], limits, packer)
        _answer(points, found, time.process_time() - begun_s)


def _exactly(pages: RawIOBase, size: int) -> bytes:
    taken = bytearray()
    while len(taken) < size:
        piece = pages.read(size - len(taken))
        if not piece:
            raise EOFError
        taken += piece
    return bytes(taken)


def _answer(points: BinaryIO, found: bytes, took_s: float) -> None:
    points.write(ANSWERED.pack(len(found), took_s) + found)
    points.flush()


def main() -> None:
    """Serve on standard input and output."""
    body_bytes, nodes, depth = map(int, sys.argv[1:4])
    limits = Limits(body_bytes=body_bytes, nodes=nodes, depth=depth)
    gc.freeze()
    # Unbuffered, for `select` sees only what is still in the pipe.
    with open(0, "rb", buffering=0) as pages, open(1, "wb", closefd=False) as points:
        serve(pages, points, limits)


if __name__ == "__main__":
    main()
