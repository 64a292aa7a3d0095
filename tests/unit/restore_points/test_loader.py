"""The loader: the newest first, few at a time, and nothing lost when it stops, fails or overlaps."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.clock import ManualClock
from tests.support.waiting import patience_s, wait_for
from tests.unit.restore_points.build import Server, point
from tui.api.errors import Forbidden, ManagerError, NotFound, SessionExpired, TimedOut
from tui.api.models import PointKind
from tui.restore_points.descriptions import loading_words
from tui.restore_points.index import PointIndex, Vm
from tui.restore_points.loader import Loader, LoadState

FLEET = [point(f"vm{n % 7}", n) for n in range(1, 61)]


class Case:
    """A loader over a server of lists, with small pages."""

    def __init__(self, server: Server) -> None:
        self.server, self.index = server, PointIndex()
        self.pages: list[set[Vm]] = []
        self.clock = ManualClock()
        self.loader = Loader(
            server,
            self.index,
            clock=self.clock,
            on_page=self.pages.append,
            page_size=10,
            first_page=4,
            parallel=3,
        )


async def test_the_newest_page_comes_first_and_small() -> None:
    case = Case(Server(FLEET))
    await case.loader.run()
    assert case.server.asked[0] == (PointKind.VM, 1, 4)
    assert {vm.name for vm in case.pages[0]} == {"vm1", "vm2", "vm3", "vm4"}


async def test_everything_is_read_with_three_pages_at_a_time_at_most() -> None:
    case = Case(Server(FLEET, [point("shop", 1, kind=PointKind.VAPP)]))
    await case.loader.run()
    assert len(case.index) == 61
    assert case.server.most_open == 3
    progress = case.loader.progress
    assert progress.state is LoadState.COMPLETE
    assert (progress.pages, progress.of_pages, progress.expected) == (7, 7, 61)


async def test_stopping_keeps_what_is_there_and_running_again_reads_only_the_rest() -> None:
    case = Case(Server(FLEET))

    def stop_in_the_middle(_: set[Vm]) -> None:
        if len(case.index) >= 30:
            case.loader.stop()

    case.loader._on_page = stop_in_the_middle
    await case.loader.run()
    assert case.loader.progress.state is LoadState.STOPPED
    loaded, before = len(case.index), len(case.server.asked)
    assert 30 <= loaded < 60
    case.loader._on_page = case.pages.append
    await case.loader.run()
    assert len(case.index) == 60
    assert case.loader.progress.pages == case.loader.progress.of_pages
    assert len(case.server.asked) - before <= 6 - loaded // 10 + 1


async def test_what_is_more_urgent_goes_before_every_page_but_the_first() -> None:
    server, index, gate = Server(FLEET), PointIndex(), asyncio.Event()
    turns, has_begun = 0, asyncio.Event()

    async def turn() -> None:
        nonlocal turns
        turns += 1
        has_begun.set()
        await gate.wait()

    loader = Loader(server, index, clock=ManualClock(), on_page=lambda _: None, page_size=10, turn=turn)
    running = asyncio.create_task(loader.run())
    await has_begun.wait()
    assert len(server.asked) == 1
    gate.set()
    await running
    assert len(index) == 60
    assert turns == len(server.asked) - 1


async def test_the_first_page_is_asked_for_once() -> None:
    case = Case(Server(FLEET))
    await case.loader.run()
    assert len(case.index) == 60
    first = [size for _, number, size in case.server.asked if size == case.server.asked[0][2]]
    assert len(first) == 1


async def test_an_error_of_the_first_page_is_told_and_asked_for_again_by_the_next_run() -> None:
    case = Case(Server(FLEET))
    case.server.errors[PointKind.VM, 1] = TimedOut()
    await case.loader.run()
    assert isinstance(case.loader.progress.error, TimedOut)
    case.server.errors.clear()
    await case.loader.run()
    assert len(case.index) == 60


async def test_stop_does_not_wait_for_the_server() -> None:
    case = Case(Server(FLEET))
    case.server.gate.clear()
    running = asyncio.create_task(case.loader.run())
    await wait_for(lambda: case.server.open, "a request")
    assert case.loader.stop()
    await asyncio.wait_for(running, patience_s())
    assert case.loader.progress.state is LoadState.STOPPED
    assert not case.loader.stop()


async def test_an_error_keeps_what_is_there_and_the_failed_page_is_read_again() -> None:
    case = Case(Server(FLEET))
    case.server.errors[PointKind.VM, 4] = TimedOut()
    await case.loader.run()
    progress = case.loader.progress
    assert progress.state is LoadState.FAILED
    assert isinstance(progress.error, TimedOut)
    assert 30 <= len(case.index) < 60
    del case.server.errors[PointKind.VM, 4]
    await case.loader.run()
    assert len(case.index) == 60
    assert case.loader.progress.error is None


@pytest.mark.parametrize("error", [SessionExpired(), TimedOut(), Forbidden()])
async def test_an_error_on_the_very_first_page_is_kept(error: ManagerError) -> None:
    case = Case(Server(FLEET))
    case.server.errors[PointKind.VM, 1] = error
    await case.loader.run()
    assert case.loader.progress.error is error
    assert len(case.server.asked) == 1


@pytest.mark.parametrize("error", [Forbidden(), NotFound()])
async def test_a_server_without_vapps_still_lists_its_vms_and_that_is_said(error: ManagerError) -> None:
    case = Case(Server(FLEET))
    case.server.errors[PointKind.VAPP, 1] = error
    await case.loader.run()
    assert case.loader.progress.state is LoadState.COMPLETE
    assert len(case.index) == 60
    assert "vApp" in case.loader.progress.left_out[0]


async def test_points_made_while_reading_push_others_along_and_none_is_lost_or_doubled() -> None:
    case = Case(Server(FLEET))

    def another(_: set[Vm]) -> None:
        number = len(case.server.lists[PointKind.VM])
        if number < 90:
            case.server.lists[PointKind.VM].append(point("busy", 0.9 - number / 1000))

    case.loader._on_page = another
    await case.loader.run()
    names = [one.uid for vm in case.index.vms for one in case.index.points_of(vm)]
    assert len(names) == len(set(names))
    assert {one.uid for one in FLEET} <= set(names)


async def test_reading_anew_forgets_what_is_gone_only_when_it_got_to_the_end() -> None:
    case = Case(Server(FLEET))
    await case.loader.run()
    del case.server.lists[PointKind.VM][-5:]
    case.server.errors[PointKind.VM, 3] = TimedOut()
    await case.loader.run(again=True)
    assert len(case.index) == 60
    case.server.errors.clear()
    await case.loader.run()
    assert len(case.index) == 55


async def test_a_name_is_asked_of_the_server_as_it_is() -> None:
    case = Case(Server(FLEET, [point("vm3", 1, kind=PointKind.VAPP)]))
    new = await case.loader.find_exact("vm3")
    assert new == len([one for one in FLEET if one.vm_name == "vm3"]) + 1
    assert case.server.filters == ['VmDisplayName=="vm3"', 'VAppDisplayName=="vm3"']


async def test_cancelling_whoever_runs_the_loader_leaves_no_request_behind() -> None:
    case = Case(Server(FLEET))
    case.server.gate.clear()
    running = asyncio.create_task(case.loader.run())
    await wait_for(lambda: case.server.open, "a request")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await wait_for(lambda: not case.server.open, "the request to be given up")


async def test_a_list_is_as_old_as_its_oldest_part_until_it_was_read_again_to_the_end() -> None:
    case = Case(Server(FLEET))
    await case.loader.run()
    read_at = case.loader.progress.read_at
    assert read_at == case.clock.now()
    await case.clock.advance(3600)
    await case.loader.find_exact("vm1")
    assert case.loader.progress.read_at == read_at, "one name says nothing of the others"
    case.server.errors[PointKind.VM, 4] = TimedOut()
    await case.loader.run(again=True)
    progress = case.loader.progress
    assert (progress.state, progress.read_at) == (LoadState.FAILED, read_at)
    case.server.errors.clear()
    await case.loader.run()
    assert case.loader.progress.read_at == case.clock.now()
    assert not case.loader.progress.is_again


async def test_reading_again_does_not_show_how_far_the_last_reading_came() -> None:
    case = Case(Server(FLEET))
    await case.loader.run()
    case.server.gate.clear()
    running = asyncio.create_task(case.loader.run(again=True))
    await asyncio.sleep(0)
    progress = case.loader.progress
    assert (progress.state, progress.pages, progress.is_again) == (LoadState.LOADING, 0, True)
    words = loading_words(progress, case.index, case.clock.now())
    assert words.startswith("reading 60 points again")
    case.server.gate.set()
    await running
    assert "all 60 points loaded just now" in loading_words(
        case.loader.progress, case.index, case.clock.now()
    )
