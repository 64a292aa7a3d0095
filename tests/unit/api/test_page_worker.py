"""Pages decoded in another process: the same points, and no harm where that process fails."""

from __future__ import annotations

import asyncio
import gzip
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.api.dialects import DIALECTS
from tests.unit.api.test_codec_points import ENTITY, read, written
from tui.api import page_worker
from tui.api.errors import Unreadable
from tui.api.limits import Limits
from tui.api.models import PointKind
from tui.api.page_worker import PageWorker

PAGE = written("json-pascal", [ENTITY, ENTITY])
LONG_PAGE = written("xml", [ENTITY] * 150)
ENOUGH_S = 20.0


@pytest.fixture(autouse=True)
def every_page_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_worker, "LONG_BYTES", 0)


@pytest.fixture
async def worker() -> AsyncIterator[PageWorker]:
    made = PageWorker(Limits(), timeout_s=ENOUGH_S)
    yield made
    await made.aclose()


def processes() -> set[int]:
    """The numbers of the worker processes that this one has started and that live."""
    found = set()
    for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="ascii").split():
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if b"tui.api.page_worker" in command:
            found.add(int(pid))
    return found


async def the_process(worker: PageWorker) -> int:
    """Number of the process, which has answered a page already."""
    assert await worker.points(PAGE, PointKind.VM) == read(PAGE)
    (process,) = processes()
    return process


async def test_a_page_may_come_as_gzip(worker: PageWorker) -> None:
    body = gzip.compress(PAGE + b" " * 20_000, compresslevel=0)
    assert await worker.points(body, PointKind.VM) == read(PAGE)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_same_points_as_here(worker: PageWorker, dialect: str) -> None:
    body = written(dialect, [ENTITY, {"UID": "urn:veeam:VmRestorePoint:bare", "Type": "VmRestorePoint"}])
    assert await worker.points(body, PointKind.VM) == read(body)


async def test_references_come_back_as_well(worker: PageWorker) -> None:
    body = b'{"Refs":[{"UID":"urn:veeam:VmRestorePoint:1","Href":"/api/vmRestorePoints/1"}]}'
    assert read(body).references
    assert await worker.points(body, PointKind.VM) == read(body)


async def test_many_at_once_come_back_in_their_order(worker: PageWorker) -> None:
    bodies = [written("json-camel", [{**ENTITY, "VmDisplayName": f"vm{number}"}]) for number in range(40)]
    found = await asyncio.gather(*(worker.points(body, PointKind.VM) for body in bodies))
    assert [listing.items[0].vm_name for listing in found if listing] == [f"vm{n}" for n in range(40)]


@pytest.mark.parametrize(
    "body", [b"{", b"<a", b"", b"<html/>", PAGE[:-9], b"\xff" * 3_000_000, b'{"a":' * 9_999]
)
async def test_what_it_cannot_read_is_the_callers_and_the_next_page_is_read(
    worker: PageWorker, body: bytes
) -> None:
    assert await worker.points(body, PointKind.VM) is None
    assert await worker.points(PAGE, PointKind.VM) == read(PAGE)


async def test_what_is_no_character_is_read_there_as_well(worker: PageWorker) -> None:
    body = PAGE.replace(b"app07", b"\\ud800")
    listing = await worker.points(body, PointKind.VM)
    assert listing is not None
    assert {point.vm_name for point in listing.items} == {"\ufffd"}
    assert await worker.points(PAGE, PointKind.VM) == read(PAGE)


async def test_a_short_page_starts_no_process(worker: PageWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_worker, "LONG_BYTES", len(PAGE) + 1)
    assert await worker.points(PAGE, PointKind.VM) is None
    assert not processes()


async def test_a_killed_process_is_replaced(worker: PageWorker) -> None:
    first = await the_process(worker)
    os.kill(first, signal.SIGKILL)
    assert await worker.points(PAGE, PointKind.VM) is None
    assert await the_process(worker) != first


async def test_killed_in_the_middle_all_its_pages_are_the_callers(worker: PageWorker) -> None:
    process = await the_process(worker)
    os.kill(process, signal.SIGSTOP)
    waiting = [asyncio.create_task(worker.points(LONG_PAGE * 20, PointKind.VM)) for _ in range(3)]
    await asyncio.sleep(0)
    os.kill(process, signal.SIGKILL)
    assert await asyncio.gather(*waiting) == [None] * 3
    assert await worker.points(PAGE, PointKind.VM) == read(PAGE)


async def test_one_that_dies_each_time_is_given_up(
    worker: PageWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    for _ in range(5):
        assert await worker.points(PAGE, PointKind.VM) is None
    monkeypatch.undo()
    monkeypatch.setattr(page_worker, "LONG_BYTES", 0)
    assert await worker.points(PAGE, PointKind.VM) is None
    assert not processes()


async def test_whoever_stops_waiting_does_not_shift_the_answers(worker: PageWorker) -> None:
    os.kill(await the_process(worker), signal.SIGSTOP)
    waiting = asyncio.create_task(worker.points(PAGE, PointKind.VM))
    behind = asyncio.create_task(worker.points(PAGE, PointKind.VM))
    await asyncio.sleep(0)
    waiting.cancel()
    assert await behind is None
    with pytest.raises(asyncio.CancelledError):
        await waiting
    other = written("json-pascal", [{**ENTITY, "VmDisplayName": "other"}])
    assert await worker.points(other, PointKind.VM) == read(other)


async def test_a_page_without_end_is_an_error() -> None:
    worker = PageWorker(Limits(), timeout_s=ENOUGH_S)
    os.kill(await the_process(worker), signal.SIGSTOP)
    worker._timeout_s = 0.05
    with pytest.raises(Unreadable, match="too long"):
        await worker.points(PAGE, PointKind.VM)
    await worker.aclose()
    assert not processes()


async def test_nothing_is_left_behind_and_nothing_secret_is_handed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOMETHING_SECRET", "hunter2")
    worker = PageWorker(Limits(), timeout_s=ENOUGH_S)
    folder = Path(f"/proc/{await the_process(worker)}")
    assert b"hunter2" not in (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
    await worker.aclose()
    assert not processes()


@pytest.mark.parametrize("sent", [PAGE, LONG_PAGE * 20])
async def test_closing_while_it_starts_or_works_ends_at_once(sent: bytes) -> None:
    worker = PageWorker(Limits(), timeout_s=ENOUGH_S)
    asking = asyncio.create_task(worker.points(sent, PointKind.VM))
    await asyncio.sleep(0)
    async with asyncio.timeout(ENOUGH_S / 2):
        await worker.aclose()
        await worker.aclose()
        assert await asking is None
    assert not processes()
    assert await worker.points(PAGE, PointKind.VM) is None


async def test_where_it_cannot_start_every_page_is_the_callers(
    worker: PageWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    assert await worker.points(PAGE, PointKind.VM) is None


def test_it_ends_with_its_parent() -> None:
    """Its input ends when the parent is gone, even where nobody closed anything."""
    starts = f"""
import asyncio, os
from tui.api import page_worker
from tui.api.limits import Limits
from tui.api.models import PointKind
page_worker.LONG_BYTES = 0
async def main():
    worker = page_worker.PageWorker(Limits())
    await worker.points({PAGE!r}, PointKind.VM)
    print(worker._process.result().popen.pid, flush=True)
    input()
    os._exit(0)
asyncio.run(main())
"""
    with subprocess.Popen(
        [sys.executable, "-c", starts], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        orphan = os.pidfd_open(int(parent.stdout.readline()))
        parent.communicate(b"\n")
    try:
        assert select.select([orphan], [], [], ENOUGH_S)[0], "it lives on"
    finally:
        os.close(orphan)
