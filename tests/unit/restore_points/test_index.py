"""The index: which VM a point belongs to, in which order, and what happens when pages overlap."""

from __future__ import annotations

import pytest

from tests.unit.restore_points.build import NOW, point
from tui.api.models import PointKind
from tui.api.models.resources import NO_TIME
from tui.restore_points.index import PointIndex
from tui.sanitize import skeleton


def test_points_of_a_vm_stand_newest_first_whatever_order_they_come_in() -> None:
    index = PointIndex()
    index.add([point("app07", 5), point("app07", 1), point("app07", 9), point("app07", 3)])
    ages = [(NOW - one.created).total_seconds() / 3600 for one in index.points_of(index.vms[0])]
    assert ages == [1, 3, 5, 9]


def test_a_point_that_comes_twice_stands_once() -> None:
    index = PointIndex()
    first = index.add([point("app07", 1)])
    assert {vm.name for vm in first} == {"app07"}
    assert index.add([point("app07", 1)]) == set()
    index.add([point("web", 1), point("web", 1)])
    assert [len(vm.rows) for vm in index.vms] == [1, 1]
    assert len(index) == 2


def test_the_same_name_on_two_servers_two_hosts_or_as_vapp_is_another_vm() -> None:
    index = PointIndex()
    index.add([point("web"), point("web", server="vbr2"), point("web", ref="urn:VMware:Vm:x.vm-2")])
    index.add([point("web", kind=PointKind.VAPP)])
    assert len(index.vms) == 4
    assert {len(index.namesakes(vm)) for vm in index.vms} == {3}


@pytest.mark.parametrize(
    "other",
    [
        "web01 ",
        " WEB01",
        "web\u200b01",
        "w\u0435b01",
        "\uff37\uff45\uff42\uff10\uff11",
        "webO1",
        "web\u043e1",
        "web0l",
        "we\u0301b01",
        "web01\t",
    ],
)
def test_names_that_look_the_same_are_namesakes_though_they_are_others(other: str) -> None:
    index = PointIndex()
    index.add([point("web01"), point(other, server="vbr2"), point("web02")])
    first, second, third = index.vms
    assert index.namesakes(first) == [second]
    assert index.namesakes(second) == [first]
    assert index.namesakes(third) == []
    assert index.named_like("web-01") == []
    index.remove(point("web01").uid)
    assert index.namesakes(second) == []


def test_blanks_in_a_row_are_no_difference_and_one_is() -> None:
    assert skeleton("till  07 ") == skeleton("till 07") != skeleton("till07")


def test_a_point_leads_to_its_vm() -> None:
    index = PointIndex()
    index.add([point("web"), point("web", server="vbr2")])
    assert index.vm_of(point("web", 9, server="vbr2")) is index.vms[1]
    assert index.vm_of(point("db")) is None


def test_without_a_reference_the_name_tells_vms_apart() -> None:
    index = PointIndex()
    index.add([point("web", 1, ref=""), point("web", 2, ref=""), point("db", 3, ref="")])
    assert sorted((vm.name, len(vm.rows)) for vm in index.vms) == [("db", 1), ("web", 2)]


def test_a_point_comes_out_as_it_went_in_but_for_its_own_name() -> None:
    index, original = PointIndex(), point("app07", 1, point_type="Full", href="")
    index.add([original])
    assert index.point(0) == original


def test_a_renamed_vm_goes_by_its_newest_name_and_each_point_keeps_its_own() -> None:
    index = PointIndex()
    index.add([point("old", 9, ref="r"), point("new", 1, ref="r"), point("older", 20, ref="r")])
    vm = index.vms[0]
    assert vm.name == "new"
    assert [one.vm_name for one in index.points_of(vm)] == ["new", "old", "older"]
    assert index.has_named("new")
    assert not index.has_named("old")


def test_each_server_says_how_fresh_it_is_at_least() -> None:
    index = PointIndex()
    index.add([point("a", 5), point("b", 2), point("c", 7, server="vbr2")])
    newest = {server.name: server.newest for server in index.servers}
    assert newest == {"vbr1": point("b", 2).created, "vbr2": point("c", 7, server="vbr2").created}


def test_a_point_without_time_is_no_sign_of_freshness() -> None:
    index = PointIndex()
    index.add([point("a", (NOW - NO_TIME).total_seconds() / 3600)])
    assert index.servers[0].newest is None
    assert index.newest(index.vms[0]) is None


def test_a_reload_forgets_what_was_not_met_again_only_at_its_end() -> None:
    index = PointIndex()
    index.add([point("app07", 1), point("app07", 2), point("gone", 3)])
    index.begin_refresh()
    index.add([point("app07", 1), point("app07", 0.5)])
    assert len(index) == 4
    changed = index.end_refresh()
    assert {vm.name for vm in changed} == {"app07", "gone"}
    assert len(index) == 2
    assert [len(vm.rows) for vm in index.vms] == [2, 0]
    assert not index.has_named("gone")


def test_a_removed_point_can_come_again() -> None:
    index = PointIndex()
    index.add([point("app07", 1)])
    index.remove(point("app07", 1).uid)
    assert len(index) == 0
    assert not index.vms[0].rows
    index.add([point("app07", 1)])
    assert len(index.vms) == 1
    assert index.point(index.vms[0].rows[0]) == point("app07", 1)
