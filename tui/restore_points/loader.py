"""Fills the index: the newest page first, then the rest in the background, a few pages at a time.

Newest first is also the safest order: points made meanwhile push rows to later pages (they come
twice and are passed over), and retention mostly removes the oldest, at the very end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Protocol

from tui.api.errors import ManagerError, NotAllowed, Rejected, SessionExpired, TooLarge
from tui.api.models import Page, Platform, PointKind, RestorePoint
from tui.api.query import PageTracker, Query, eq, follow_pages
from tui.clock import Clock
from tui.restore_points.index import PointIndex, Vm

FIRST_PAGE = 50
"""Points on the first page at most: somebody waits for it, and it fills most terminals."""
PAGE = 500
PARALLEL = 3
"""Pages asked for at the same time: polite to the server, and enough to keep the line busy."""
MOST_POINTS = 4_000_000
"""Beyond this the list is given up: forty times a service provider's, and two gigabytes here."""
_MOST_ASKED = 300
"""Backups asked for their platform; a site with more that name none has them in its list as unknown."""
_MOST_PAGES = MOST_POINTS // PAGE
_BY_NAME = (
    "Type a VM's full name to ask the server for it alone; if that fails, too, check that the address is an "
    "Enterprise Manager's."
)
MOST_TEXT_BYTES = 1_000_000_000
"""Of names, UIDs and links in memory: twice what as many points of usual length hold."""
_NAME_FIELDS = {PointKind.VM: "VmDisplayName", PointKind.VAPP: "VAppDisplayName"}


class PointSource(Protocol):
    """What the loader needs of `EnterpriseManager`."""

    def points_page(
        self, query: Query, number: int, *, kind: PointKind = ...
    ) -> Awaitable[Page[RestorePoint]]:
        """Return one page of restore points of one kind."""


class PlatformSource(Protocol):
    """What finding platforms needs of `EnterpriseManager`."""

    async def platform_of(self, point: RestorePoint) -> Platform:
        """Return the platform of a point from its backup."""


async def find_platforms(source: PlatformSource, index: PointIndex, asked: set[str]) -> None:
    """Ask for the platform of the VMs whose points do not name it, once for each restore point.

    Args:
        source: the server.
        index: what learns them.
        asked: ids of restore points that were asked for; more are put in, some hundred at most.

    Raises:
        ManagerError: the server could not be asked.
    """
    groups: dict[str, list[tuple[Vm, RestorePoint]]] = {}
    for vm in index.vms:
        if vm.platform is Platform.UNKNOWN and vm.rows:
            point = index.point(vm.rows[0])
            groups.setdefault(point.restore_point_id, []).append((vm, point))
    for restore_point_id in [one for one in groups if one not in asked][: _MOST_ASKED - len(asked)]:
        group = groups[restore_point_id]
        platform = await source.platform_of(group[0][1])
        asked.add(restore_point_id)
        for vm, _ in group:
            index.learn_platform(vm, platform)


class LoadState(StrEnum):
    """How far the list is read."""

    IDLE = "not loaded yet"
    LOADING = "loading"
    COMPLETE = "complete"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far loading has come."""

    state: LoadState = LoadState.IDLE
    points: int = 0
    """Points in the index."""
    expected: int = 0
    """About how many points there are in all; 0 while unknown."""
    pages: int = 0
    of_pages: int = 0
    """Pages in all, as far as the server has said; 0 while unknown."""
    read_at: datetime | None = None
    """When the list was read; while it is read again, and where that did not end, when it was before."""
    is_again: bool = False
    """It is being read again, or that did not come to its end."""
    error: ManagerError | None = None
    """Why it failed; what had been loaded stays."""
    left_out: tuple[str, ...] = ()
    """What this server would not list at all, in sentences."""
    is_end_certain: bool = True
    """False where it was read until nothing new came, and the server may have more (WIRE 3.3)."""

    unreadable: int = 0
    """Points the server sent of which nothing could be made."""

    @property
    def is_all(self) -> bool:
        """Return whether all the server has is loaded."""
        return self.state is LoadState.COMPLETE and self.is_end_certain and not self.unreadable


async def _at_once() -> None:
    """Wait for nobody."""


class Loader:
    """Reads the list of restore points into an index.

    Args:
        source: the server.
        index: what is filled.
        clock: says when a page came.
        on_page: called after each page with the VMs that changed; must be quick.
        page_size: points of a page.
        first_page: points of the very first page.
        parallel: pages asked for at the same time.
        turn: awaited before each page but the very first, so that what is more urgent goes first.
    """

    def __init__(
        self,
        source: PointSource,
        index: PointIndex,
        *,
        clock: Clock,
        on_page: Callable[[set[Vm]], None],
        page_size: int = PAGE,
        first_page: int = FIRST_PAGE,
        parallel: int = PARALLEL,
        turn: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        self._source = source
        self._index = index
        self._clock = clock
        self._on_page = on_page
        self._page_size, self._first_page, self._parallel = page_size, first_page, parallel
        self._turn = turn
        self._trackers: dict[PointKind, PageTracker] = {}
        self._left_out: list[str] = []
        self._unreadable: dict[tuple[PointKind, int], int] = {}
        self._state = LoadState.IDLE
        self._error: ManagerError | None = None
        self._read_at: datetime | None = None
        self._is_again = False
        self._job: asyncio.Task[None] | None = None

    @property
    def progress(self) -> Progress:
        """Return how far it has come."""
        trackers = self._trackers.values()
        known = trackers and all(tracker.is_counted for tracker in trackers)
        return Progress(
            state=self._state,
            points=len(self._index),
            expected=max(len(self._index), sum(tracker.expected for tracker in trackers)) if known else 0,
            pages=sum(len(tracker.done) for tracker in trackers),
            of_pages=sum(tracker.pages for tracker in trackers) if known else 0,
            read_at=self._read_at,
            is_again=self._is_again,
            error=self._error,
            left_out=tuple(self._left_out),
            is_end_certain=all(tracker.is_end_certain for tracker in trackers),
            unreadable=sum(self._unreadable.values()),
        )

    @property
    def is_loading(self) -> bool:
        """Return whether it reads right now."""
        return self._state is LoadState.LOADING

    async def run(self, *, again: bool = False) -> None:
        """Read the list to its end, or go on where it was stopped or failed.

        How it ended is in `progress`; errors of the server are kept there, not raised.

        Args:
            again: read everything again; points that are not there any more are forgotten at the end.
        """
        if self._job is not None and not self._job.done():
            return
        self._state, self._error = LoadState.LOADING, None
        self._begin(again=again)
        self._job = asyncio.create_task(self._read_all())
        try:
            await asyncio.wait({self._job})
        finally:
            self._job.cancel()
        if self._job.cancelled():
            self._state = LoadState.STOPPED
        else:
            self._job.result()

    def stop(self) -> bool:
        """Stop reading at once; what is loaded stays, `run` goes on from there.

        Returns:
            Whether there was anything to stop.
        """
        if self._job is None or self._job.done():
            return False
        self._state = LoadState.STOPPED
        return self._job.cancel()

    async def find_exact(self, name: str) -> int:
        """Ask the server at once for the points of VMs and vApps of exactly this name.

        Returns:
            How many points were new.

        Raises:
            ManagerError: the server could not be asked.
        """
        before = len(self._index)
        for kind, field in _NAME_FIELDS.items():
            fetch = partial(self._page_of, kind)
            query = self._query(self._page_size, eq_name=(field, name))
            try:
                async for page in follow_pages(query, fetch, max_pages=_MOST_PAGES):
                    self._take(page.items)
            except (Rejected, NotAllowed) as error:
                if kind is PointKind.VM or isinstance(error, SessionExpired):
                    raise
        return len(self._index) - before

    # Reading -----------------------------------------------------------------------------------

    def _begin(self, *, again: bool) -> None:
        """Forget at once how far the last reading came: what is shown meanwhile is of this one."""
        if again or not self._trackers:
            self._trackers = {kind: PageTracker() for kind in (PointKind.VM, PointKind.VAPP)}
            self._left_out.clear()
            self._unreadable.clear()
            if again:
                self._index.begin_refresh()
                self._is_again = True
        for tracker in self._trackers.values():
            tracker.start_over()

    async def _read_all(self) -> None:
        if not self._trackers[PointKind.VM].done:
            await self._attempt(self._read_first())
        # A first page is read alone, because it says how many there are.
        await asyncio.gather(
            *(
                self._attempt(self._read(kind, 1))
                for kind, tracker in self._trackers.items()
                if not tracker.done
            )
        )
        await asyncio.gather(*(self._work() for _ in range(self._parallel)))
        if self._error is not None:
            self._state = LoadState.FAILED
            return
        self._state, self._is_again = LoadState.COMPLETE, False
        self._page_came()
        self._index.is_whole = self.progress.is_all
        # What did not come again is gone only where the list came to its end.
        self._on_page(self._index.end_refresh() if self.progress.is_all else set())

    async def _attempt(self, reading: Awaitable[None]) -> None:
        """Keep the first error instead of raising it: the other tasks end after their page."""
        if self._error is None:
            try:
                await reading
            except ManagerError as error:
                if isinstance(error, TooLarge):
                    error.hint = _BY_NAME
                self._error = self._error or error
        elif asyncio.iscoroutine(reading):
            reading.close()

    async def _read_first(self) -> None:
        page = await self._source.points_page(self._query(self._first_page), 1, kind=PointKind.VM)
        self._page_came()
        self._take(page.items)
        if page.pages == 1 or not page.items:
            self._note(PointKind.VM, page, 1)

    async def _work(self) -> None:
        """Read pages, beside a few others, until none is left."""
        while self._error is None and (free := self._next()):
            await self._attempt(self._read(*free))

    def _next(self) -> tuple[PointKind, int] | None:
        return next(
            ((kind, n) for kind, tracker in self._trackers.items() if (n := tracker.next_page()) is not None),
            None,
        )

    async def _read(self, kind: PointKind, number: int) -> None:
        await self._turn()
        try:
            page = await self._source.points_page(self._query(self._page_size), number, kind=kind)
        except (Rejected, NotAllowed) as error:
            if kind is PointKind.VM or isinstance(error, SessionExpired):
                raise
            self._leave_out(kind, error)
            return
        self._note(kind, page, number)
        self._page_came()
        self._take(page.items)

    def _note(self, kind: PointKind, page: Page[RestorePoint], number: int) -> None:
        self._unreadable[kind, number] = page.unreadable
        self._trackers[kind].take(page, number)

    def _leave_out(self, kind: PointKind, error: ManagerError) -> None:
        self._trackers.pop(kind, None)
        self._left_out.append(f"The vApp restore points could not be listed: {error}")

    def _page_came(self) -> None:
        """Note when the list was read: of one that is read again the rest is as old as before, to the end."""
        if not self._is_again:
            self._read_at = self._clock.now()

    def _take(self, points: Sequence[RestorePoint]) -> None:
        self._on_page(self._index.add(points))
        if len(self._index) > MOST_POINTS or self._index.text_bytes > MOST_TEXT_BYTES:
            raise TooLarge(
                f"The list has more than {MOST_POINTS:,} restore points, or names without end.",
            )

    async def _page_of(self, kind: PointKind, query: Query) -> Page[RestorePoint]:
        return await self._source.points_page(query, query.page, kind=kind)

    def _query(self, size: int, eq_name: tuple[str, str] | None = None) -> Query:
        return Query(
            filter=eq(*eq_name) if eq_name else None, sort="CreationTime", descending=True, page_size=size
        )
