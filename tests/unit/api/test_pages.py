"""Pages decoded in another process: the same points, and no harm where that process fails."""

from __future__ import annotations

import asyncio
import gzip
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.api.dialects import DIALECTS
from tests.unit.api.test_codec_points import ENTITY, read, written
from tui.api import pages
from tui.api.codec import packed as codec_packed
from tui.api.codec.listing import Listing
from tui.api.codec.packed import Packer, Unpacker
from tui.api.errors import Unreadable
from tui.api.limits import Limits
from tui.api.models import Platform, PointKind, RestorePoint
from tui.api.models.columns import PointColumns
from tui.api.models.resources import NO_TIME
from tui.api.pages import ANSWERED, PageDecoder, PageDecoders
from tui.api.pages_child import serve

PAGE = written("json-pascal", [ENTITY, ENTITY])


@pytest.fixture
async def decoder() -> AsyncIterator[PageDecoder]:
    made = PageDecoder(Limits(), patience_s=20)
    assert await made.ready()
    yield made
    await made.aclose()


def process_of(decoder: PageDecoder) -> int:
    assert decoder._child is not None
    return decoder._child.pid


def told_to(process: int) -> bytes:
    folder = Path(f"/proc/{process}")
    return (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()


def is_there(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_same_points_as_here(decoder: PageDecoder, dialect: str) -> None:
    body = written(dialect, [ENTITY, ENTITY])
    here = read(body)
    assert await decoder.points(body, "", PointKind.VM) == here
    assert await decoder.points(gzip.compress(body), "gzip", PointKind.VM) == here


async def test_many_at_once_come_back_in_their_order(decoder: PageDecoder) -> None:
    bodies = [written("json-camel", [{**ENTITY, "VmDisplayName": f"vm{number}"}]) for number in range(40)]
    found = await asyncio.gather(*(decoder.points(body, "", PointKind.VM) for body in bodies))
    assert [listing.items[0].vm_name for listing in found if listing] == [f"vm{n}" for n in range(40)]


@pytest.mark.parametrize("body", [b"{", b"<a", b"", b"<html/>", PAGE[:-9]])
async def test_what_it_cannot_read_is_left_to_the_caller(decoder: PageDecoder, body: bytes) -> None:
    assert await decoder.points(body, "", PointKind.VM) is None
    assert await decoder.points(body, "gzip", PointKind.VM) is None
    assert await decoder.points(PAGE, "", PointKind.VM) == read(PAGE)


async def test_a_page_of_references_is_left_to_the_caller(decoder: PageDecoder) -> None:
    references = b'{"Refs":[{"UID":"urn:veeam:VmRestorePoint:1","Href":"/api/vmRestorePoints/1"}]}'
    assert read(references).references
    assert await decoder.points(references, "", PointKind.VM) is None


async def test_a_page_waits_for_a_process_that_is_being_started() -> None:
    decoder = PageDecoder(Limits())
    decoder.start()
    assert await decoder.points(PAGE, "", PointKind.VM) == read(PAGE)
    await decoder.aclose()


async def test_a_killed_process_is_replaced(decoder: PageDecoder) -> None:
    first = process_of(decoder)
    os.kill(first, signal.SIGKILL)
    assert await decoder.points(PAGE, "", PointKind.VM) is None
    assert await decoder.ready()
    assert process_of(decoder) != first
    assert await decoder.points(PAGE, "", PointKind.VM) == read(PAGE)


async def test_whoever_stops_waiting_does_not_shift_the_answers(decoder: PageDecoder) -> None:
    os.kill(process_of(decoder), signal.SIGSTOP)
    waiting = asyncio.create_task(decoder.points(PAGE, "", PointKind.VM))
    behind = asyncio.create_task(decoder.points(PAGE, "", PointKind.VM))
    await asyncio.sleep(0)
    waiting.cancel()
    assert await behind is None
    assert await decoder.ready()
    other = written("json-pascal", [{**ENTITY, "VmDisplayName": "other"}])
    assert await decoder.points(other, "", PointKind.VM) == read(other)


async def test_a_page_without_end_is_an_error() -> None:
    decoder = PageDecoder(Limits(), patience_s=0.05)
    assert await decoder.ready()
    os.kill(process_of(decoder), signal.SIGSTOP)
    with pytest.raises(Unreadable, match="too long"):
        await decoder.points(PAGE, "", PointKind.VM)
    await decoder.aclose()


async def test_nothing_is_left_behind_and_nothing_secret_is_handed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOMETHING_SECRET", "hunter2")
    decoder = PageDecoder(Limits())
    assert await decoder.ready()
    process = process_of(decoder)
    told = told_to(process)
    assert b"tui.api.pages_child" in told
    assert b"hunter2" not in told
    await decoder.aclose()
    assert not is_there(process)


async def test_closing_while_it_starts() -> None:
    decoder = PageDecoder(Limits())
    decoder.start()
    await asyncio.sleep(0)
    await decoder.aclose()
    assert decoder._child is None


async def test_where_it_cannot_start_every_page_is_left_to_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    decoder = PageDecoder(Limits())
    assert not await decoder.ready()
    assert await decoder.points(PAGE, "", PointKind.VM) is None
    await decoder.aclose()


async def started(decoders: PageDecoders, slow_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both of them have had the time to start, as far as they are wanted."""
    monkeypatch.setattr("tui.api.pages._SLOW_S", slow_s)
    for _ in range(2):
        assert await decoders.points(PAGE, "", PointKind.VM) in (read(PAGE), None)
        for one in (decoders._first, decoders._second):
            if one._starting is not None:
                await asyncio.wait({one._starting})


async def test_slow_pages_are_shared_by_two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    decoders = PageDecoders(Limits())
    decoders.start()
    await started(decoders, 0.0, monkeypatch)
    os.kill(process_of(decoders._first), signal.SIGSTOP)
    stuck = asyncio.create_task(decoders.points(PAGE, "", PointKind.VM))
    await asyncio.sleep(0)
    assert await decoders.points(PAGE, "", PointKind.VM) == read(PAGE)
    assert not stuck.done()
    os.kill(process_of(decoders._first), signal.SIGCONT)
    assert await stuck == read(PAGE)
    processes = [process_of(one) for one in (decoders._first, decoders._second)]
    await decoders.aclose()
    assert not any(map(is_there, processes))


async def test_a_busy_machine_does_not_make_a_page_slow() -> None:
    decoders = PageDecoders(Limits())
    decoders.start()
    assert await decoders._first.ready()
    os.kill(process_of(decoders._first), signal.SIGSTOP)
    stuck = asyncio.create_task(decoders.points(PAGE, "", PointKind.VM))
    await asyncio.wait({stuck}, timeout=4 * pages._SLOW_S)
    assert not stuck.done()
    os.kill(process_of(decoders._first), signal.SIGCONT)
    assert await stuck == read(PAGE)
    assert not decoders._first.is_slow
    await decoders.aclose()


async def test_quick_pages_need_no_second_process(monkeypatch: pytest.MonkeyPatch) -> None:
    decoders = PageDecoders(Limits())
    decoders.start()
    await started(decoders, 20.0, monkeypatch)
    assert decoders._first.is_there
    assert not decoders._second.is_there
    await decoders.aclose()


async def test_doing_without_leaves_every_page_to_the_caller() -> None:
    decoders = PageDecoders(Limits())
    decoders.do_without()
    decoders.start()
    assert await decoders.points(PAGE, "", PointKind.VM) is None
    assert not decoders._first.is_there


def test_it_ends_with_its_input_and_when_nothing_comes() -> None:
    for end in ("input", "idle"):
        out, into = os.pipe()
        answers, answering = os.pipe()
        with open(out, "rb", buffering=0) as pages, open(answering, "wb") as points:
            if end == "input":
                os.close(into)
            serve(pages, points, Limits(), idle_s=0.01)
        assert os.read(answers, 100) == bytes(ANSWERED.size)
        os.close(answers)
        if end == "idle":
            os.close(into)


def page_of(*names: str) -> Listing[RestorePoint]:
    """A page of points, the last of which comes without a time and a server."""
    points = [
        RestorePoint(
            uid=f"urn:veeam:VmRestorePoint:{name}",
            vm_name=name,
            created=datetime(2025, 2, 3, 4, 5, 6, place, tzinfo=UTC),
            kind=PointKind.VAPP if place % 2 else PointKind.VM,
            name=f"{name}@then",
            point_type="Full",
            object_ref=f"urn:VMware:Vm:root.{name}",
            platform=Platform.VSPHERE,
            server_uid="urn:veeam:BackupServer:1",
            server_name="vbr",
            restore_point_id=f"job{place % 3}",
            restore_href="/api/vmRestorePoints/{id}?action=restore",
        )
        for place, name in enumerate(names)
    ]
    points.append(RestorePoint(uid="urn:veeam:VmRestorePoint:bare", vm_name="bare", created=NO_TIME))
    return Listing(items=tuple(points), number=3, pages=9)


def test_packing_keeps_everything() -> None:
    packer, unpacker = Packer(), Unpacker()
    pages = [read(PAGE), page_of("a", "b", "c"), page_of("c", "d"), page_of(), read(PAGE)]
    packed = [packer.packed(page) for page in pages]
    assert [unpacker.unpacked(page) for page in packed] == pages
    assert len(packed[-1]) < len(packed[0]), "what was told once is not told again"


@pytest.mark.parametrize("bound", ["_MOST", "_MOST_CHARS"])
def test_both_ends_begin_anew_before_they_hold_too_much(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_packed, bound, 5)
    packer, unpacker = Packer(), Unpacker()
    for page in (page_of("a", "b", "c", "d"), page_of("e", "f"), page_of("a", "e"), page_of()):
        assert unpacker.unpacked(packer.packed(page)) == page
        assert len(unpacker._faces) <= 5


def test_a_page_that_cannot_be_packed_spoils_none_after_it() -> None:
    packer, unpacker = Packer(), Unpacker()
    with pytest.raises(UnicodeError):
        packer.packed(page_of("a", "\ud800"))
    assert unpacker.unpacked(packer.packed(page_of("b", "a"))) == page_of("b", "a")


def test_columns_are_a_sequence_of_points() -> None:
    points = page_of("a", "b", "c").items
    columns = PointColumns.of(points)
    assert PointColumns.of(columns) is columns
    assert (columns, columns[1:], columns[-1]) == (points, points[1:], points[-1])
    assert columns != points[1:]
    assert columns.rows([2, 0]) == [points[2], points[0]]
