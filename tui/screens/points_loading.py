"""The loading of the browser's list: what is new since it was painted, and how long the server is silent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tui.api.errors import SessionExpired
from tui.restore_points.index import PointIndex, Vm
from tui.restore_points.loader import Loader, LoadState, Progress
from tui.services import Services


class PointsLoading:
    """Reads the whole list, and again; nothing is read before somebody is logged on.

    Args:
        services: the connection, and who logs on again.
        index: where the points go.
        on_news: called with each page that was read.
        turn: awaited before a page is taken in, so that keys go first.
    """

    def __init__(
        self,
        services: Services,
        index: PointIndex,
        *,
        on_news: Callable[[], None],
        turn: Callable[[], Awaitable[None]],
    ) -> None:
        self._services, self._on_news = services, on_news
        self._fresh: set[Vm] = set()
        self._heard_at_s = 0.0
        connection = services.connection
        self._loader: Loader | None = None
        if connection is not None:
            self._loader = Loader(
                connection.manager, index, clock=services.clock, on_page=self._take_page, turn=turn
            )

    @property
    def loader(self) -> Loader | None:
        """Return what reads; None where nobody was logged on."""
        return self._loader

    @property
    def is_loading(self) -> bool:
        """Return whether it reads."""
        return self._loader is not None and self._loader.is_loading

    @property
    def waited_s(self) -> float:
        """Return for how many seconds the server has not answered; 0 while nothing is asked."""
        return self._services.clock.monotonic() - self._heard_at_s if self.is_loading else 0.0

    @property
    def progress(self) -> Progress:
        """Return how far it has come."""
        return self._loader.progress if self._loader else Progress()

    @property
    def is_complete(self) -> bool:
        """Return whether the list was read to its end, so that reading it again begins anew."""
        return self.progress.state is LoadState.COMPLETE

    async def run(self, *, again: bool) -> None:
        """Read until the end, a stop or an error; go on after somebody logged on again."""
        if self._loader is None:
            return
        await self._read(self._loader, again=again)
        while isinstance(self.progress.error, SessionExpired) and await self._services.log_on_again():
            await self._read(self._loader, again=False)

    async def _read(self, loader: Loader, *, again: bool) -> None:
        self._heard_at_s = self._services.clock.monotonic()
        await loader.run(again=again)

    def stop(self) -> bool:
        """Stop reading, and keep what is there; return whether there was anything to stop."""
        return self._loader is not None and self._loader.stop()

    def take_fresh(self) -> set[Vm]:
        """Return the VMs that are new or changed since this was asked last."""
        fresh, self._fresh = self._fresh, set()
        return fresh

    def _take_page(self, changed: set[Vm]) -> None:
        self._fresh |= changed
        self._heard_at_s = self._services.clock.monotonic()
        self._on_news()
