"""A queue over the embedded server: group by group, two requests a poll, and 200 VMs in one batch."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.restores.conftest import Site, opened_site
from tests.support.demo_process import DemoProcess
from tests.support.processor import slowness
from tests.support.waiting import wait_for
from tui.api.models import Platform, RestorePoint, WireFormat
from tui.api.query import Query
from tui.recovery.plan import Choices
from tui.recovery.planner import Planner
from tui.recovery.queue import QueueLine
from tui.recovery.queue_runner import RestoreQueue
from tui.recovery.queue_summary import line_words, summarize
from tui.recovery.readiness import check_readiness
from tui.recovery.service import RecoveryService
from tui.restore_points.index import PointIndex
from tui.restores.forms.form import form_for
from tui.restores.plan import RestorePlan

VSPHERE, HYPERV, CLOUD = Platform.VSPHERE, Platform.HYPERV, Platform.CLOUD_DIRECTOR


def line(plan: RestorePlan, group: int, *, critical: bool = False) -> QueueLine:
    return QueueLine(plan=plan, group=group, critical=critical, record="{}")


async def settled(queue: RestoreQueue) -> None:
    """Wait until nothing is being sent, and nothing may be."""

    def is_settled() -> bool:
        busy = {"being sent", "sent"} & {one.label for one in line_words(queue.queue).values()}
        return queue.queue.next_line() is None and not busy

    await wait_for(is_settled, "a queue that waits", seen=lambda: str(line_words(queue.queue)))


async def test_three_platforms_go_group_by_group_and_a_failed_critical_vm_holds_the_rest(site: Site) -> None:
    recovery = RecoveryService(site.restores, site.journal, site.clock)
    plans = [
        await site.plan("db01", VSPHERE),
        await site.plan("Exchange 2019", HYPERV),
        await site.plan("shop-app", CLOUD, new_name="shop-app-INC-7"),
    ]
    lines = [line(plans[2], 3), line(plans[0], 1), line(plans[1], 2, critical=True)]
    queue = await recovery.start_queue(lines, name="Shop", ticket="INC-7")
    await settled(queue)
    assert [one["vm"] for one in site.demo.restores()] == ["db01"]
    await site.to_the_end()
    await settled(queue)
    assert [one["vm"] for one in site.demo.restores()] == ["db01", "Exchange 2019"]
    await site.restores.cancel(site.restores.all[-1])
    await site.advance(1)
    await settled(queue)
    assert summarize(queue.queue, site.clock.now()).title == "1/3 restored, 1 UNKNOWN"
    assert [one.label for one in line_words(queue.queue).values()][2] == "held"
    assert site.posts() == 2
    queue.let_go_on(3)
    await settled(queue)
    await site.to_the_end()
    await settled(queue)
    assert site.posts() == 3
    assert summarize(queue.queue, site.clock.now()).title == "2/3 restored, 1 UNKNOWN"
    await recovery.close()


async def newest_points(site: Site, count: int) -> list[RestorePoint]:
    """The newest points of so many vSphere VMs with names of their own."""
    found: dict[str, RestorePoint] = {}
    query = Query(sort="CreationTime", descending=True)
    async for page in site.manager.vm_restore_points(query):
        for point in page.items:
            if point.platform is VSPHERE and not found.get(point.vm_name):
                found[point.vm_name] = point
        if len(found) >= count:
            break
    return list(found.values())[:count]


def memory_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Gaps:
    """The longest time the event loop did nothing else: a key would have waited as long."""

    def __init__(self) -> None:
        self.longest_s = 0.0

    async def run(self) -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(0)
            self.longest_s = max(self.longest_s, time.thread_time() - began)


@pytest.mark.soak
async def test_200_vms_in_one_batch(server: DemoProcess, tmp_path: Path) -> None:
    async with opened_site(server, tmp_path, WireFormat.AUTO) as site:
        server.renew(now="2026-11-23T03:00:00+00:00", points=14_000)
        await site.log_on()
        points = await newest_points(site, 200)
        plans = [site.restores.prepare(form_for(point, VSPHERE), {}) for point in points]
        recovery, gaps = RecoveryService(site.restores, site.journal, site.clock), Gaps()
        watching = asyncio.create_task(gaps.run())
        queue = await recovery.start_queue([line(plan, 1 + place // 100) for place, plan in enumerate(plans)])
        queue.set_limits(at_a_time=50, per_server=50)
        await settled(queue)
        before_mb, polls = memory_mb(), 0
        while not queue.queue.is_finished:
            queue.pause()  # so that its own requests are not among those of the poll
            server.advance(30)
            server.control("clear-requests")
            await site.poll(30)
            assert Counter(one["step"] for one in server.requests()).keys() <= {"task", "session"}
            assert len(server.requests()) <= 2
            queue.resume()
            await settled(queue)
            polls += 1
            assert polls < 200, summarize(queue.queue, site.clock.now()).words
        watching.cancel()
        rows = site.journal.recent(500)
        assert set(Counter(one["vm"] for one in server.restores()).values()) == {1}
        assert len({row.queue_row for row in rows}) == len(rows) == 200
        assert memory_mb() - before_mb < 20
        assert gaps.longest_s / slowness() < 0.06
        await recovery.close()


async def test_readiness_writes_nothing_at_the_server(any_site: Site) -> None:
    index = PointIndex()
    async for page in any_site.manager.vm_restore_points(Query()):
        index.add(page.items)
    index.is_whole = True
    planner = Planner(restores=any_site.restores, index=index, clock=any_site.clock)
    chosen = [vm.key for vm in index.vms if vm.name in {"db01", "Exchange 2019", "shop-app"}]
    plan = planner.plan_of(chosen, choices=Choices(new_name="{name}-INC-7"))
    any_site.demo.control("clear-requests")
    found = await check_readiness(plan, (), planner, any_site.manager)
    assert len(found.rows) >= 3
    assert any(row.is_ready for row in found.rows), [row.words for row in found.rows]
    asked = any_site.demo.requests()
    assert asked
    assert {request["method"] for request in asked} == {"GET"}
