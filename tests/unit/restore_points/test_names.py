"""Pasted names against the VMs there are."""

from __future__ import annotations

from functools import partial

import pytest
from msgspec.structs import replace

from tests.support.processor import seconds_of
from tests.unit.restores.points import point
from tui.restore_points.index import PointIndex
from tui.restore_points.names import NameFinder, NameFound, leaves_out, names_in


def index_of(*names: str) -> PointIndex:
    """A VM for each `name@server`."""
    index = PointIndex()
    for number, one in enumerate(names, 1):
        name, _, server = one.rpartition("@")
        made = point(name=name, number=number)
        ref = f"urn:VMware:Vm:root.vm-{number}"
        index.add([replace(made, object_ref=ref, server_uid=f"uid-{server}", server_name=f"{server}.corp")])
    return index


INDEX = index_of("dc01@vbr01", "dc02@vbr01", "dc02@vbr02", "SQL01@vbr02", "ops@night@vbr01", "straße@vbr01")


def found(text: str) -> NameFound:
    (one,) = NameFinder(INDEX).find(text)
    return one


@pytest.mark.parametrize(
    ("typed", "servers"),
    [
        ("dc01", ["vbr01"]),
        ("DC01", ["vbr01"]),
        ("dc02", ["vbr01", "vbr02"]),
        ("dc02@vbr02", ["vbr02"]),
        ("dc02@VBR02.corp", ["vbr02"]),
        ("sql01@vbr02", ["vbr02"]),
        ("ops@night", ["vbr01"]),
        ("ops@night@vbr01", ["vbr01"]),
        ("urn:vmware:vm:ROOT.vm-1", ["vbr01"]),
        ("dc01@vbr02", []),
        ("dc0", []),
        ("strasse", []),
        ("\uff44\uff43\uff10\uff11", []),  # full width
        ("d\u0441o1", []),  # a Cyrillic letter: what only looks alike is never taken for it
    ],
)
def test_a_name_means_exactly_these(typed: str, servers: list[str]) -> None:
    assert [vm.server_name.partition(".")[0] for vm in found(typed).vms] == servers


def test_a_name_that_is_not_there_is_told_with_its_nearest() -> None:
    assert "dc01" in found("dc10").nearest
    assert found("quite another").nearest == ()


def test_a_list_has_one_name_a_line_and_may_come_out_of_a_table() -> None:
    text = '# incident\ndc01\n\n  dc02;vbr01\n"SQL01",x\tzz\ndc01\n web01 # the shop\n'
    assert names_in(text) == ["dc01", "dc02", "SQL01", "web01"]
    assert names_in('web#1\n"a,b",x\n') == ["web#1", "a,b"]


def test_a_reference_that_two_backup_servers_have_is_no_one_vm() -> None:
    index = index_of("dc01@vbr01", "dc01@vbr02")
    shared = [replace(index.point(vm.rows[0]), object_ref="urn:VMware:Vm:x.vm-1") for vm in index.vms]
    both = PointIndex()
    both.add(shared)
    assert len(NameFinder(both).find_name("urn:vmware:vm:x.vm-1").vms) == 2


def test_exact_names_come_before_those_of_another_case() -> None:
    assert [vm.name for vm in NameFinder(index_of("App@a", "app@b")).find("app")[0].vms] == ["app"]


def test_many_names_among_many_vms_take_no_time_to_feel() -> None:
    index = index_of(*(f"vm-{number:05}@vbr01" for number in range(5_000)))
    wrong = "\n".join(f"vm-x{number:05}" for number in range(2_000))  # a whole wrong file
    right = "\n".join(f"vm-{number:05}" for number in range(0, 5_000, 10))
    for text in (wrong, right):
        assert seconds_of(partial(NameFinder(index).find, text), 2) < 2


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("dc01, dc02, dc03", True), ("dc01;dc02", True), ("dc01\tsomething", True), ("x\n\"a, b\", c", True),
        ("dc01", False), ("dc01,", False), ("dc01 # first, of two", False), ("# a, b", False),
        ('"a, b"', False), ("", False), ("dc01\ndc02\n", False),
    ],
)  # fmt: skip
def test_what_stands_behind_a_name_and_is_not_read_is_known(text: str, left_out: bool) -> None:
    assert leaves_out(text) is left_out
