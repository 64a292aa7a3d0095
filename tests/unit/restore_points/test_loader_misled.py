"""A server whose list of points never ends: the loader gives up instead of asking for ever."""

from __future__ import annotations

import pytest

from tests.support.clock import ManualClock
from tests.unit.restore_points.build import Server, point
from tui.api.errors import TooLarge, Unreadable
from tui.api.models import Page, PointKind, RestorePoint
from tui.api.query import Query
from tui.restore_points import loader as loading
from tui.restore_points.index import PointIndex
from tui.restore_points.loader import Loader, LoadState

MOST_REQUESTS = 50


class Misleading(Server):
    """Says there are two milliards of pages, and sends the rows over again, or none."""

    def __init__(self, *, empty: bool) -> None:
        super().__init__([point(f"vm{n}", n) for n in range(1, 31)])
        self.empty = empty

    async def points_page(
        self, query: Query, number: int, *, kind: PointKind = PointKind.VM
    ) -> Page[RestorePoint]:
        assert len(self.asked) < MOST_REQUESTS, "it asks for ever"
        wrapped = number if self.empty else (number - 1) % 3 + 1
        page = await super().points_page(query, wrapped, kind=kind)
        return Page(items=page.items, number=number, pages=2_000_000_000)


def loader_of(server: Server) -> tuple[Loader, PointIndex]:
    index = PointIndex()
    return Loader(server, index, clock=ManualClock(), on_page=lambda _: None, page_size=10), index


async def test_pages_that_come_over_again_are_an_error_and_what_is_loaded_stays() -> None:
    loader, index = loader_of(Misleading(empty=False))
    await loader.run()
    assert loader.progress.state is LoadState.FAILED
    assert isinstance(loader.progress.error, Unreadable)
    assert len(index) == 30


async def test_an_empty_page_is_the_end_of_the_list() -> None:
    loader, index = loader_of(Misleading(empty=True))
    await loader.run()
    assert loader.progress.state is LoadState.COMPLETE
    assert len(index) == 30


async def test_more_points_than_fit_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "MOST_POINTS", 20)
    loader, _ = loader_of(Server([point(f"vm{n}", n) for n in range(1, 301)]))
    await loader.run()
    assert isinstance(loader.progress.error, TooLarge)
    assert loader.progress.pages < 30


async def test_endless_names_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "MOST_CHARS", 50_000)
    loader, _ = loader_of(Server([point("v" * 1_000 + str(n), n, uid=f"uid{n}") for n in range(1, 301)]))
    await loader.run()
    assert isinstance(loader.progress.error, TooLarge)
    assert loader.progress.pages < 10
