"""Recovery plans as files: what is read, what is refused, and that a saved plan reads back the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.recovery.test_plan import BEFORE, DATASTORE, of, plan_of, planner, points_of
from tui.api.models import Platform
from tui.recovery.plan import Choices
from tui.recovery.plan_file import (
    PlanFileError,
    parse_plan,
    plan_of_file,
    read_plan_file,
    text_of_plan,
    write_plan_file,
)
from tui.restore_points.names import open_words

SHOP = """
name = "Shop"
lost_at_most = "4h"
[[group]]
vms = ["dc01"]
critical = true
[[group]]
vms = ["sql01", "shop-db", "nowhere"]
power_on = true
new_name = "{name}-{ticket}"
"""


def test_a_plan_is_read_into_groups_with_their_choices() -> None:
    table = parse_plan(SHOP.encode(), "shop.toml")
    plan, open_names = plan_of_file(table, planner())
    assert [(line.vm_name, line.group, line.critical) for line in plan.lines] == [
        ("dc01", 1, True), ("sql01", 2, False), ("shop-db", 2, False),
    ]  # fmt: skip
    assert plan.lines[2].words == "new name shop-db-INC-1, powers on"
    assert [found.typed for found in open_names] == ["nowhere"]
    assert table.limit is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = 1\n[[group]]\nvms=['a']", "name: Expected `str`"),
        ("[[group]]\nvms=['a']\ncritcal=true", "group 1: Object contains unknown field `critcal`"),
        ("colour='red'\n[[group]]\nvms=['a']", "unknown field `colour`"),
        ("[[group]]\nvms=['a']\n[[group]]\nvms=[1]", "group 2, vms 1: Expected `str`"),
        ("[[group]]\nvms=['a', 'a']", "more than once"),
        ("[[group]]\nvms=[]", "no VM"),
        ("group=[]", "no VM"),
        ("[[group]]\nvms=['a']\norder=12", "order must be"),
        ("lost_at_most='banana'\n[[group]]\nvms=['a']", "lost_at_most: 'banana'"),
        ("[[group]]\nvms=['a']\nnew_name='{vm}'", "no other braces"),
        ("[[group]]\nvms=['a']\nreferences={store='urn:x'}", "references has 'store', which is none of"),
        ("[[group", "line 1"),
        ("[[group]]\nvms=['a']\nkeep_original='yes'", "group 1, keep_original: Expected `bool | null`"),
    ],
)
def test_what_is_not_understood_is_an_error_with_file_and_key(text: str, words: str) -> None:
    with pytest.raises(PlanFileError) as caught:
        parse_plan(text.encode(), "shop.toml")
    assert caught.value.detail.startswith("shop.toml: ")
    assert words in caught.value.detail


def test_a_file_that_others_may_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    write_plan_file(path, SHOP)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_plan_file(path).name == "Shop"
    path.chmod(0o666)
    with pytest.raises(PlanFileError, match=r"shop\.toml"):
        read_plan_file(path)
    with pytest.raises(PlanFileError, match="exists"):
        write_plan_file(path, SHOP)


@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.booleans(), st.none() | st.booleans(), st.none() | st.booleans()),
        min_size=4,
        max_size=4,
    ),
    st.none() | st.sampled_from(["{name}-{ticket}", "x{date}"]),
)
def test_a_saved_plan_reads_back_the_same(
    rows: list[tuple[int, bool, bool | None, bool | None]], pattern: str | None
) -> None:
    desk = planner()
    plan = plan_of(desk, Choices(new_name=pattern))
    chosen = dict(zip([line.key for line in plan.lines], rows, strict=True))
    plan = desk.prepare(
        plan.changed(
            lambda line: replace(
                line,
                group=chosen[line.key][0],
                critical=chosen[line.key][1],
                choices=Choices(keep_original=chosen[line.key][2], power_on=chosen[line.key][3]),
            )
        )
    )
    again, open_names = plan_of_file(parse_plan(text_of_plan(plan, desk.index).encode(), "x"), desk)
    assert open_names == ()
    assert [(one.key, one.group, one.critical, one.choices, one.words) for one in again.lines] == [
        (one.key, one.group, one.critical, one.choices, one.words) for one in plan.lines
    ]
    assert again.choices == plan.choices


@pytest.mark.parametrize("name", ["dc01@x", " lead", 'q"uote', "größe-漢", "a,b", "#hash", "urn:x"])
def test_names_that_are_hard_to_spell_and_namesakes_stay_the_same_vms(name: str) -> None:
    desk = planner()
    desk.index.add(points_of(name, Platform.VSPHERE, [BEFORE]))
    desk.index.add(points_of("sql01", Platform.HYPERV, [BEFORE]))
    plan = plan_of(desk)
    again, open_names = plan_of_file(parse_plan(text_of_plan(plan, desk.index).encode(), "x"), desk)
    assert open_names == ()
    assert [one.key for one in again.lines] == [one.key for one in plan.lines]


def test_a_vm_that_is_named_twice_in_two_ways_is_told_and_stands_in_the_first_group_alone() -> None:
    table = parse_plan(b"[[group]]\nvms = ['dc01']\n[[group]]\nvms = ['DC01', 'sql01']", "x")
    plan, open_names = plan_of_file(table, planner())
    assert [(line.vm_name, line.group) for line in plan.lines] == [("dc01", 1), ("sql01", 2)]
    assert [(one.typed, open_words(one)) for one in open_names] == [("DC01", "the plan has it already")]


def test_references_are_saved_with_a_plan_and_read_back() -> None:
    desk = planner()
    plan = plan_of(desk, Choices(new_name="{name}-1"))
    key = of(plan, "shop-db").key
    plan = desk.prepare(plan.with_values({key: {"datastore_ref": DATASTORE}}))
    again, _ = plan_of_file(parse_plan(text_of_plan(plan, desk.index).encode(), "x"), desk)
    assert of(again, "shop-db").references == {"datastore_ref": DATASTORE}
    assert [line.plan and line.plan.spec for line in again.lines] == [
        line.plan and line.plan.spec for line in plan.lines
    ]


def test_references_where_there_are_none_are_told() -> None:
    text = f"[[group]]\nvms=['dc01']\nreferences={{datastore_ref='{DATASTORE}'}}"
    plan, _ = plan_of_file(parse_plan(text.encode(), "x"), planner())
    assert "References are not possible here." in of(plan, "dc01").notes
