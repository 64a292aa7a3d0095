"""A server whose list never ends, or that does not say where: nothing is asked for ever, nor called all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.clock import ManualClock
from tests.unit.restore_points.build import NOW, Server, point
from tui.api.errors import TooLarge, Unreadable
from tui.api.models import Page, PointKind, RestorePoint
from tui.api.query import Query
from tui.restore_points import loader as loading
from tui.restore_points.descriptions import loading_words
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


def loader_of(server: Server, page_size: int = 10) -> tuple[Loader, PointIndex]:
    index = PointIndex()
    return Loader(server, index, clock=ManualClock(), on_page=lambda _: None, page_size=page_size), index


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


async def test_a_list_that_is_too_large_says_what_can_be_done_there() -> None:
    server = Server([point(f"vm{n}", n) for n in range(1, 31)])
    server.errors[PointKind.VM, 1] = TooLarge("It is larger than 16 MB.")
    loader, _ = loader_of(server)
    await loader.run()
    assert loader.progress.error is not None
    assert loader.progress.error.hint.startswith("Type a VM's full name")


@pytest.mark.parametrize("letter", ["\U0001f600", "v" * 4])
async def test_endless_names_are_an_error_and_bytes_count(
    monkeypatch: pytest.MonkeyPatch, letter: str
) -> None:
    monkeypatch.setattr(loading, "MOST_TEXT_BYTES", 50_000)
    loader, _ = loader_of(Server([point(letter * 500 + str(n), n, uid=f"uid{n}") for n in range(1, 301)]))
    await loader.run()
    assert isinstance(loader.progress.error, TooLarge)
    assert loader.progress.pages < 10


class Uncounted(Server):
    """Has 204 points, sends `most` of them at most on a page, and no count of pages.

    Args:
        most: rows of a page, whatever was asked for.
        ignores_page: every page is the first one.
    """

    def __init__(self, most: int = 28, *, ignores_page: bool = False) -> None:
        super().__init__([point(f"vm{n}", n) for n in range(1, 205)])
        self.most, self.ignores_page = most, ignores_page

    async def points_page(
        self, query: Query, number: int, *, kind: PointKind = PointKind.VM
    ) -> Page[RestorePoint]:
        assert len(self.asked) < MOST_REQUESTS, "it asks for ever"
        capped = replace(query, page_size=min(self.most, query.page_size))
        page = await super().points_page(capped, 1 if self.ignores_page else number, kind=kind)
        return Page(items=page.items, number=number, pages=0)


@pytest.mark.parametrize(
    ("server", "points", "is_all"),
    [
        (Uncounted(), 204, True),
        (Uncounted(51), 204, True),
        (Uncounted(204), 204, True),
        (Uncounted(500, ignores_page=True), 204, False),
        (Uncounted(28, ignores_page=True), 28, False),
    ],
    ids=["shorter", "empty", "one page", "no pages", "no pages, cut"],
)
async def test_a_list_without_a_count_is_called_all_only_where_its_end_was_seen(
    server: Uncounted, points: int, is_all: bool
) -> None:
    loader, index = loader_of(server, 500)
    await loader.run()
    progress = loader.progress
    assert progress.state is LoadState.COMPLETE
    assert (len(index), progress.is_all) == (points, is_all)
    assert ("all 204 points" in loading_words(progress, index, NOW)) is is_all


async def test_reading_anew_forgets_nothing_where_the_end_is_not_certain() -> None:
    server = Uncounted(500, ignores_page=True)
    loader, index = loader_of(server, 500)
    await loader.run()
    server.most = 28
    await loader.run(again=True)
    assert len(index) == 204


async def test_points_that_cannot_be_read_are_counted_and_nothing_is_forgotten_for_them() -> None:
    server = Server([point(f"vm{n}", n) for n in range(1, 81)])
    loader, index = loader_of(server)
    await loader.run()
    whole = server.points_page

    async def damaged(query: Query, number: int, *, kind: PointKind = PointKind.VM) -> Page[RestorePoint]:
        page = await whole(query, number, kind=kind)
        cut = 1 if number == 2 else 0
        return replace(page, items=page.items[cut:], unreadable=cut)

    server.points_page = damaged  # type: ignore[method-assign] # a server that changes
    await loader.run(again=True)
    progress = loader.progress
    assert (progress.state, progress.unreadable, progress.is_all) == (LoadState.COMPLETE, 1, False)
    assert len(index) == 80
