"""Decodes long pages of restore points in another process, so that the one of the screen is not busy with it.

In a thread it would be: the interpreter runs one thread at a time, and building 500 points out of XML
takes 21 ms and more. The process gets reply bodies and gives back points, nothing else: no
token, no address. It is an accelerator only. Where there is none (one core, it did not start, it ended)
and whenever it cannot make sense of a page, the caller decodes the page itself, which also raises the
right error.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from typing import TYPE_CHECKING

from tui.api.errors import Unreadable
from tui.api.limits import Limits
from tui.api.models import PointKind
from tui.children import Child, child_environment

if TYPE_CHECKING:
    from tui.api.codec.listing import Listing
    from tui.api.codec.packed import Unpacker
    from tui.api.models import RestorePoint

ASKED = struct.Struct(">IBB")
"""Head of a page on its way in: bytes that follow, kind of point, how the body is compressed."""
ANSWERED = struct.Struct(">If")
"""Head of the answer: bytes that follow, and the seconds of processor time it took to make them.

No bytes mean "decode it yourself". One such head says "ready".
"""
KINDS = tuple(PointKind)
ENCODINGS = ("", "gzip")
_BUFFER_BYTES = 1 << 20
_STARTS_WITHIN_S = 1.0
_SLOW_S = 0.01
"""Of processor time for a page: one of 500 points takes 3 ms in JSON and 21 in XML.

Not of the clock: where the machine is busy with other things, one more process makes it worse.
"""
_KEEPING_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
"""Has glibc keep what is given back between two pages, which took a fifth of the time to get anew."""


class PageDecoder:
    """One process that decodes pages, started when first wanted.

    Args:
        limits: bounds on what a page may hold; the process keeps them as well.
        patience_s: a page that takes longer is made to take long.
    """

    def __init__(self, limits: Limits, *, patience_s: float = 30.0) -> None:
        self._limits = limits
        self._patience_s = patience_s
        self._child: Child | None = None
        self._unpacker: Unpacker | None = None
        """The other end of the process's packer."""
        self._starting: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self.waiting = 0
        """Pages it was given and has not answered yet."""
        self.is_slow = False
        """A page took it so long that another process beside it pays: XML, mostly."""
        self._ended: set[Child] = set()
        self._is_worth = len(os.sched_getaffinity(0)) > 1 if hasattr(os, "sched_getaffinity") else True

    def do_without(self) -> None:
        """Start no process."""
        self._is_worth = False

    def start(self) -> None:
        """Begin to start the process, unless it is there."""
        if self._is_worth and self._child is None and (self._starting is None or self._starting.done()):
            self._starting = asyncio.create_task(self._start())

    @property
    def is_there(self) -> bool:
        """Whether the process is there."""
        return self._child is not None

    async def ready(self) -> bool:
        """Wait for the process to start; whether there is one."""
        self.start()
        if self._starting is not None:
            await asyncio.wait({self._starting})
        return self._child is not None

    async def points(self, body: bytes, encoding: str, kind: PointKind) -> Listing[RestorePoint] | None:
        """The points of a page; None if the caller has to decode it.

        Args:
            body: as it came over the line.
            encoding: how it is compressed, one of `ENCODINGS`.
            kind: what it lists.

        Raises:
            Unreadable: decoding it takes without end.
        """
        await self._begun()
        child = self._child
        if child is None or encoding not in ENCODINGS:
            self.start()
            return None
        self.waiting += 1
        try:
            # Written at once and read in turn: the process never waits for the next page.
            child.write(ASKED.pack(len(body), KINDS.index(kind), ENCODINGS.index(encoding)) + body)
            async with asyncio.timeout(self._patience_s), self._turn:
                found, took_s = await _answer(child)
                self.is_slow = took_s > _SLOW_S
                # In turn as well: a page is told in terms of those before.
                return self._unpacker.unpacked(found) if found and self._unpacker else None
        except TimeoutError as error:  # before OSError, of which it is one
            self._drop(child)
            raise Unreadable("It takes too long to be decoded.") from error
        except (OSError, EOFError):
            self._drop(child)
            return None
        except asyncio.CancelledError:
            self._drop(child)  # nobody would take the answer out of the pipe
            raise
        finally:
            self.waiting -= 1

    async def _begun(self) -> None:
        """Wait a moment for the process where it is being started: meanwhile the screen has time for keys."""
        if self._child is None and self._starting is not None and not self._starting.done():
            await asyncio.wait({self._starting}, timeout=_STARTS_WITHIN_S)

    async def aclose(self) -> None:
        """End the process."""
        if self._starting is not None:
            self._starting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._starting
        if self._child is not None:
            self._drop(self._child)
        for child in self._ended:
            await child.end()
        self._ended.clear()

    async def _start(self) -> None:
        child = None
        try:
            bounds = (self._limits.body_bytes, self._limits.nodes, self._limits.depth)
            child = await Child.start(
                "tui.api.pages_child",
                *map(str, bounds),
                environment=child_environment() | _KEEPING_MEMORY,
                buffer_bytes=_BUFFER_BYTES,
                is_patient=True,
            )
            await _answer(child)
        except (OSError, EOFError):
            self._is_worth = False
            if child is not None:
                self._drop(child)
        except asyncio.CancelledError:
            if child is not None:
                self._drop(child)
            raise
        else:
            from tui.api.codec.packed import Unpacker

            self._child, self._unpacker = child, Unpacker()

    def _drop(self, child: Child) -> None:
        if child is self._child:
            self._child = None
        self._ended.add(child)
        child.kill()


class PageDecoders:
    """Two such processes: the second is started where the first needs long for a page.

    Args:
        limits: bounds on what a page may hold.
    """

    def __init__(self, limits: Limits) -> None:
        self._first, self._second = PageDecoder(limits), PageDecoder(limits)

    def do_without(self) -> None:
        """Leave every page to the caller."""
        self._first.do_without()
        self._second.do_without()

    def start(self) -> None:
        """Begin to start the first process, unless it is there."""
        self._first.start()

    async def points(self, body: bytes, encoding: str, kind: PointKind) -> Listing[RestorePoint] | None:
        """The points of a page; None if the caller has to decode it.

        Raises:
            Unreadable: decoding it takes without end.
        """
        if self._first.is_slow:
            self._second.start()
        is_free = self._second.is_there and self._second.waiting < self._first.waiting
        return await (self._second if is_free else self._first).points(body, encoding, kind)

    async def aclose(self) -> None:
        """End the processes."""
        await asyncio.gather(self._first.aclose(), self._second.aclose())


async def _answer(child: Child) -> tuple[bytes, float]:
    size, took_s = ANSWERED.unpack(await child.answers.readexactly(ANSWERED.size))
    return await child.answers.readexactly(size), took_s
