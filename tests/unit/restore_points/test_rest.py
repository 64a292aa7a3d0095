"""The smaller parts: newest before a moment, the timeline, references, what is said."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.unit.restore_points.build import NOW, ROOT, point
from tui.api.models import PointKind
from tui.restore_points.descriptions import (
    freshness_words,
    loading_words,
    mark_of,
    matching_words,
    nothing_words,
    row_titles,
    timeline,
    type_words,
    vm_words,
    why_not,
)
from tui.restore_points.filter import Filter
from tui.restore_points.filter_parser import NOTHING
from tui.restore_points.index import PointDetails, PointIndex
from tui.restore_points.loader import LoadState, Progress

READ_AT = NOW - timedelta(minutes=2)
FULL, INCREMENT = PointDetails("Full", "Full", ""), PointDetails("Increment", "Incremental", "")


def test_a_timeline_of_days_shows_fulls_before_increments() -> None:
    points = [(NOW - timedelta(days=n), FULL if n % 7 == 0 else INCREMENT) for n in range(30)]
    points.insert(1, (NOW - timedelta(hours=1), INCREMENT))
    line = timeline(points, 40)
    assert line is not None
    assert line.step == timedelta(days=1)
    assert line.marks.count("F") == 5
    assert line.marks.count("i") == 25
    assert line.marks[-1] == "F"
    assert line.column(points[0][0]) == len(line.marks) - 1
    assert line.column(NOW + timedelta(days=9)) is None


@pytest.mark.parametrize(("hours", "width"), [(1, 1), (100, 20), (5000, 20), (90000, 7)])
def test_a_timeline_fits_its_room(hours: int, width: int) -> None:
    line = timeline([(NOW, FULL), (NOW - timedelta(hours=hours), INCREMENT)], width)
    assert line is not None
    assert len(line.marks) <= width


def test_a_day_without_points_is_a_dot() -> None:
    line = timeline([(NOW, FULL), (NOW - timedelta(days=3), INCREMENT)], 5)
    assert line is not None
    assert line.marks.strip("Fi") == "." * (len(line.marks) - 2)


def test_types_in_letters_and_words() -> None:
    synthetic = PointDetails("Full", "SyntheticFull", "")
    assert (mark_of(synthetic), type_words(synthetic)) == ("S", "synthetic full")
    reverse = PointDetails("ReverseIncrement", "ReversedIncremental", "")
    assert (mark_of(reverse), type_words(reverse)) == ("r", "reverse increment")
    assert (mark_of(PointDetails("Odd", "", "")), type_words(PointDetails("Odd", "", ""))) == ("?", "Odd")


def test_the_loading_line_says_how_much_how_fresh_and_what_stops_it() -> None:
    index = PointIndex()
    index.add([point("a", 0.1), point("b", 3, server="vbr2")])
    progress = Progress(
        state=LoadState.LOADING, points=12000, expected=100000, pages=24, of_pages=200, read_at=NOW
    )
    words = loading_words(progress, index, NOW)
    assert words == "[#.........] loaded 12,000 of 100,000 points; Ctrl+C stops; vbr2 newest 3 h ago"
    stopped = loading_words(Progress(state=LoadState.COMPLETE, points=9, read_at=NOW), index, NOW)
    assert stopped == "all 9 points loaded just now; vbr2 newest 3 h ago"


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (Progress(state=LoadState.FAILED, points=1582, read_at=READ_AT),
         "could not load all: 1,582 points, read 2 min ago; F5 resumes"),
        (Progress(state=LoadState.FAILED, points=1100, expected=1800, read_at=READ_AT),
         "could not load all: 1,100 of 1,800 points, read 2 min ago; F5 resumes"),
        (Progress(state=LoadState.FAILED), "could not load all: 0 points; F5 resumes"),
        (Progress(state=LoadState.STOPPED, points=1, read_at=READ_AT),
         "stopped with 1 point, read 2 min ago; F5 resumes"),
        (Progress(state=LoadState.STOPPED), "stopped with 0 points; F5 resumes"),
        (Progress(state=LoadState.LOADING, points=100, read_at=READ_AT),
         "100 points so far, asking for the full list; Ctrl+C stops"),
        (Progress(state=LoadState.COMPLETE, points=1, read_at=READ_AT), "the only point loaded 2 min ago"),
        (Progress(state=LoadState.COMPLETE, points=28, read_at=READ_AT, is_end_certain=False),
         "28 points loaded 2 min ago, the server may have more"),
        (Progress(state=LoadState.COMPLETE, points=1, is_end_certain=False),
         "1 point loaded, the server may have more"),
        (Progress(state=LoadState.COMPLETE, points=28, unreadable=2), "28 points loaded, 2 unreadable"),
    ],
)  # fmt: skip
def test_the_loading_line_says_how_it_ended_and_what_is_here(progress: Progress, words: str) -> None:
    assert loading_words(progress, PointIndex(), NOW) == words


@pytest.mark.parametrize(
    ("state", "waited_s", "is_told"),
    [(LoadState.LOADING, 4.9, False), (LoadState.LOADING, 5.0, True), (LoadState.STOPPED, 60.0, False)],
)
def test_a_wait_is_told_after_some_seconds(state: LoadState, waited_s: float, is_told: bool) -> None:
    words = loading_words(Progress(state=state), PointIndex(), NOW, waited_s=waited_s)
    assert (f"; no answer for {waited_s:.0f} s; Ctrl+C stops" in words) is is_told


def test_the_loading_line_begins_with_how_many_vms_match_and_fits() -> None:
    index = PointIndex()
    index.add([point("a", 0.1, server="vbr01.lab.example"), point("b", 0.25, server="vbr02.lab.example")])
    matching = matching_words(1204, 3334, Filter(words=("a",)))
    words = loading_words(Progress(state=LoadState.COMPLETE, points=12345, read_at=NOW), index, NOW, matching)
    assert words.startswith("1,204 of 3,334 VMs; all 12,345 points loaded just now; vbr02 newest ")
    assert len(words) <= 78
    progress = Progress(state=LoadState.COMPLETE, points=12345, read_at=NOW)
    parts = words.split("; ")
    for cells in range(1, len(words) + 1):
        shown = loading_words(progress, index, NOW, matching, cells=cells)
        assert set(shown.split("; ")) <= set(parts), "no part is cut"
        assert len(shown) <= cells or shown == parts[1]
    for servers, named in (({"vbr01.lab.example"}, "vbr01"), ({"vbr02.lab.example"}, "vbr02"), ((), "")):
        uids = {one.uid for one in index.servers if one.name in servers}
        shown = loading_words(progress, index, NOW, matching, servers=uids)
        assert re.findall(r"(\w+) newest", shown) == [named] * bool(named), "only of what is shown"
    slow = Progress(state=LoadState.LOADING, points=12345, expected=1234567, pages=3, of_pages=124)
    for cells in (58, 78, 118):
        shown = loading_words(slow, index, NOW, matching, waited_s=120, cells=cells)
        assert "no answer for 120 s; Ctrl+C stops" in shown, "what stops it is the last to go"
        assert len(shown) <= cells
    assert matching_words(3334, 3334, Filter()) == "3,334 VMs"
    assert matching_words(1, 1, Filter(words=("a",))) == "1 of 1 VM"
    assert matching_words(0, 74, NOTHING) == "none of 74 VMs shown"
    assert matching_words(0, 0, Filter(words=("a",))) == ""


def test_an_empty_list_says_why() -> None:
    loading = Progress(state=LoadState.LOADING)
    assert "Asking" in nothing_words(loading, filtered=False)
    assert "so far" in nothing_words(Progress(state=LoadState.STOPPED, points=7), filtered=True)
    assert "Esc" in nothing_words(Progress(state=LoadState.COMPLETE, points=7), filtered=True)
    uncertain = Progress(state=LoadState.COMPLETE, points=7, is_end_certain=False)
    assert nothing_words(uncertain, filtered=True).startswith("Among the 7 points loaded nothing")
    assert "account" not in nothing_words(uncertain, filtered=False)
    assert "no restore points" in nothing_words(Progress(state=LoadState.COMPLETE), filtered=False)


def test_namesakes_are_told_apart_in_words() -> None:
    index = PointIndex()
    index.add([point("web", ref=f"urn:VMware:Vm:{ROOT}.vm-7"), point("web", server="vbr2")])
    assert vm_words(index, index.vms[0], 1) == "web  vSphere  vbr1  vm-7  2 VMs of this name  1 point"


def test_a_long_name_leaves_room_for_what_tells_it_from_its_namesakes() -> None:
    index = PointIndex()
    long = "customer-a-production-sql-cluster-node-01"
    index.add([point(long, ref=f"urn:VMware:Vm:{ROOT}.vm-7"), point(long, server="vbr2")])
    words = vm_words(index, index.vms[0], 1)
    assert words.endswith("node-01  vSphere  vbr1  vm-7  2 VMs of this name  1 point")
    assert len(words) <= 79


def test_vapps_of_one_name_are_not_called_vms() -> None:
    index = PointIndex()
    index.add([point("shop", server=server, kind=PointKind.VAPP) for server in ("vbr1", "vbr2")])
    assert "  2 vApps of this name  " in vm_words(index, index.vms[0], 1)
    index.add([point("shop", server="vbr3")])
    assert "  3 VMs and vApps of this name  " in vm_words(index, index.vms[2], 1)


def test_names_that_look_the_same_are_called_so_in_the_list_and_above_the_points() -> None:
    index = PointIndex()
    index.add([point("web"), point("w\u0435b ", server="vbr2"), point("db")])
    first, second, third = index.vms
    assert [row_titles(index, vm)[0] for vm in index.vms] == ["web (2 alike)", "'w\u0435b ' (2 alike)", "db"]
    assert "  2 VMs whose names look the same  " in vm_words(index, first, 1)
    assert "  2 VMs whose names look the same  " in vm_words(index, second, 1)
    assert "alike" not in row_titles(index, third)[0]


def test_the_stalest_backup_server_is_named_by_what_tells_it_from_the_others() -> None:
    now, progress = NOW, Progress(state=LoadState.COMPLETE, points=2)
    for servers, told in [
        (("vbr01.a.example",), "; newest 3 h ago"),
        (("vbr01.a.example", "vbr02.a.example"), "; vbr02 newest 3 h ago"),
        (("vbr.a.example", "vbr.b.example"), "; vbr.b.example newest 3 h ago"),
        (("vbr01", ""), "; unnamed server newest 3 h ago"),
    ]:
        index = PointIndex()
        index.add(
            [point("a", 1 + 2 * (n + 1 == len(servers)), server=name) for n, name in enumerate(servers)]
        )
        assert loading_words(progress, index, now).endswith(told)


def test_how_fresh_each_server_is_stays_true_while_it_stands_there() -> None:
    index = PointIndex()
    index.add([point("a", 0.25, server="vbr01"), point("b", 27, server="vbr02")])
    words = freshness_words(index, NOW)
    assert "vbr01: newest point 2026-11-23 02:45 UTC, 15 min old at 03:00:00. " in words
    assert "vbr02: newest point 2026-11-22 00:00 UTC, 1 d 3 h old at 03:00:00. " in words


def test_a_point_without_restore_link_says_why_not() -> None:
    assert "no restore" in why_not(point("a", href=""))
    assert why_not(point("a")) == ""
    for href in ("/api/backups/{id}?action=restore", "/api/vmRestorePoints/other?action=restore"):
        assert "leads to something else" in why_not(point("a", href=href))


@pytest.mark.parametrize(("seconds", "words"), [(0, "just now"), (59, "just now"), (60, "1 min ago")])
def test_what_was_read_in_this_minute_was_read_just_now(seconds: int, words: str) -> None:
    progress = Progress(state=LoadState.COMPLETE, points=9, read_at=NOW)
    told = loading_words(progress, PointIndex(), NOW + timedelta(seconds=seconds))
    assert told == f"all 9 points loaded {words}"
