"""Decodes long pages of restore points in another process, so that the one of the screen can answer keys.

A thread would not do: the interpreter runs one at a time, and 500 points of XML take 30 ms. The process gets
bodies and gives back points: no token, no address. What it does not answer, the caller decodes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import sys
from contextlib import suppress
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from typing import NamedTuple

import msgspec

from tui import child_process
from tui.api.codec import GZIP, codec_of, gunzip
from tui.api.codec.listing import Listing
from tui.api.errors import ManagerError, Unreadable
from tui.api.limits import Limits
from tui.api.models import PointKind, RestorePoint

LONG_BYTES, _LONG_GZIP_BYTES = 200_000, 15_000
"""A shorter body is decoded sooner than handed over: 120 points take 0.5 ms in JSON and 7 ms in XML."""
_HEAD = struct.Struct(">IB")
"""Bytes that follow, and the kind of point in them. An answer without bytes says "decode it yourself"."""
_KINDS = tuple(PointKind)
_LISTING = msgspec.msgpack.Decoder(Listing[RestorePoint])
_PIPE_BYTES = 1 << 20  # a page of 500 points fits, so that it is handed over in one go
_STARTS = 3  # a process that dies so often without an answer is not started again
_KEEPS_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(1 << 26), "MALLOC_MMAP_THRESHOLD_": str(1 << 25)}
"""glibc gives a page's memory back after each page otherwise; to get it again doubles the time of gunzip."""
_LIVES_S = 60  # from one page to the next; then it ends, for the list is complete, or the page is endless


class _Process(NamedTuple):
    """One process with its pipes; who holds `turn` reads the next answer."""

    popen: Popen[bytes]
    pages: asyncio.WriteTransport
    source: asyncio.ReadTransport
    answers: asyncio.StreamReader
    turn: asyncio.Lock

    @classmethod
    async def start(cls, limits: Limits) -> _Process | None:
        bounds = map(str, (limits.body_bytes, limits.nodes, limits.depth))
        try:
            popen = Popen(  # noqa: ASYNC220, S603 - a few milliseconds; our own module
                child_process.command("tui.api.page_worker", *bounds),
                cwd=child_process.FOLDER, env=child_process.environment() | _KEEPS_MEMORY,
                stdin=PIPE, stdout=PIPE, stderr=DEVNULL, pipesize=_PIPE_BYTES, start_new_session=True,
            )  # fmt: skip
        except OSError:
            return None
        loop, answers = asyncio.get_running_loop(), asyncio.StreamReader(limit=_PIPE_BYTES)
        source, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(answers), popen.stdout)
        pages, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, popen.stdin)
        return cls(popen, pages, source, answers, asyncio.Lock())

    def end(self) -> None:
        self.source.close()
        if not self.pages.is_closing():  # asyncio's pipes cannot be aborted twice
            self.pages.abort()
        self.popen.kill()
        with suppress(TimeoutExpired):  # stuck in the kernel, it is left to the system
            self.popen.wait(1.0)


class PageWorker:
    """One process that decodes pages in their order, started with the first long one.

    Args:
        limits: bounds on what a page may hold; the process keeps them as well.
        timeout_s: a page that takes longer is an error.
    """

    def __init__(self, limits: Limits, *, timeout_s: float = 30.0) -> None:
        self._limits, self._timeout_s = limits, timeout_s
        self._process: asyncio.Task[_Process | None] | None = None
        self._starts_left = _STARTS

    def start(self) -> None:
        """Begin to start the process, unless it is there."""
        if self._process is None and self._starts_left:
            self._starts_left -= 1
            self._process = asyncio.create_task(_Process.start(self._limits))

    async def points(self, body: bytes, kind: PointKind) -> Listing[RestorePoint] | None:
        """Return the points of a long page; None if the caller has to decode it.

        Raises:
            Unreadable: decoding it takes without end.
        """
        if len(body) < (_LONG_GZIP_BYTES if body.startswith(GZIP) else LONG_BYTES):
            return None
        self.start()
        if (task := self._process) is None or (process := await asyncio.shield(task)) is None:
            return None
        packed = None
        try:
            async with asyncio.timeout(self._timeout_s):
                # In one write: while it goes on, the reader sleeps and does not fight for the pipe.
                process.pages.write(_HEAD.pack(len(body), _KINDS.index(kind)) + body)
                async with process.turn:
                    size, _ = _HEAD.unpack(await process.answers.readexactly(_HEAD.size))
                    packed = await process.answers.readexactly(size)
        except TimeoutError as error:
            raise Unreadable("It takes too long to decode.") from error
        except (OSError, EOFError):
            return None
        finally:
            if packed is None:  # cancelled, too: the next page would get the answer that nobody took
                process.end()
                self._process = None if self._process is task else self._process
        self._starts_left = self._starts_left and _STARTS
        return _LISTING.decode(packed) if packed else None

    async def aclose(self) -> None:
        """End the process and start none any more: every page is the caller's."""
        self._starts_left = 0
        task, self._process = self._process, None
        if task and (process := await asyncio.shield(task)):
            process.end()


def main() -> None:
    """Answer page after page, until the input ends or none has come for a while."""
    body_bytes, nodes, depth = map(int, sys.argv[1:])
    limits = Limits(body_bytes=body_bytes, nodes=nodes, depth=depth)
    os.nice(5)  # keys go first
    pages, answers = sys.stdin.buffer, sys.stdout.buffer
    signal.alarm(_LIVES_S)
    while head := pages.read(_HEAD.size):
        signal.alarm(_LIVES_S)
        size, kind = _HEAD.unpack(head)
        try:
            body = gunzip(pages.read(size), limits)
            packed = msgspec.msgpack.encode(codec_of(body).points(body, _KINDS[kind], limits))
        except (ManagerError, UnicodeError):
            packed = b""
        answers.write(_HEAD.pack(len(packed), kind) + packed)
        answers.flush()


if __name__ == "__main__":
    main()
