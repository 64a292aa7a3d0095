"""The plan of many: what each line will do, and why a line cannot be sent."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as replace_struct

from tests.unit.restores.fakes import FakeClock
from tests.unit.restores.points import ROOT, point
from tests.unit.restores.world import World
from tui.api.models import CloudLayout, CloudVmRestoreSpec, Platform, RestorePoint
from tui.api.models.resources import NO_TIME
from tui.recovery.plan import REFERENCE_NAMES, Choices, PlanLine, RecoveryPlan, named, references_of
from tui.recovery.planner import Planner, queue_lines, record_of
from tui.restore_points.index import PointIndex
from tui.restores.forms.fields import FieldKind
from tui.restores.forms.form import FORM_DEFINITIONS, form_for
from tui.restores.incident import Incident

MOMENT = datetime(2026, 11, 22, 22, 45, tzinfo=UTC)
PLATFORMS = {
    "dc01": Platform.VSPHERE,
    "sql01": Platform.VSPHERE,
    "hv01": Platform.HYPERV,
    "shop-db": Platform.CLOUD_DIRECTOR,
}
NUMBERS = count(1)
BEFORE, AFTER = MOMENT - timedelta(minutes=39), MOMENT + timedelta(minutes=5)


def planner(incident: Incident | None = None) -> Planner:
    """vSphere dc01 and sql01, Hyper-V hv01, Cloud Director shop-db; hv01 has no point before the moment."""
    world = World()
    world.restores.incident = incident or Incident(moment=MOMENT, ticket="INC-1")
    index = PointIndex()
    index.is_whole = True
    for name, platform in PLATFORMS.items():
        index.add(points_of(name, platform, [AFTER] if name == "hv01" else [AFTER, BEFORE]))
    return Planner(restores=world.restores, index=index, clock=FakeClock())


def points_of(name: str, platform: Platform, made: list[datetime]) -> list[RestorePoint]:
    of_name = [point(platform, name=name, number=next(NUMBERS), created=at) for at in made]
    return [replace_struct(one, object_ref=f"{one.object_ref}{name}") for one in of_name]


def plan_of(desk: Planner, choices: Choices | None = None) -> RecoveryPlan:
    return desk.plan_of([vm.key for vm in desk.index.vms], choices=choices)


def words(plan: RecoveryPlan) -> dict[str, str]:
    return {line.vm_name: line.words for line in plan.lines}


def of(plan: RecoveryPlan, name: str) -> PlanLine:
    return next(line for line in plan.lines if line.vm_name == name)


def test_each_line_has_the_newest_point_before_the_incident_and_the_safe_choice() -> None:
    plan = plan_of(planner(), Choices(new_name="{name}-{ticket}"))
    assert words(plan) == {
        "dc01": "KEEPS the original",
        "sql01": "KEEPS the original",
        "hv01": "CANNOT: no point before the incident",
        "shop-db": "new name shop-db-INC-1",
    }
    assert {line.lost for line in plan.to_be_sent} == {timedelta(minutes=39)}
    assert plan.summary == "3 will be sent, 1 cannot."


def test_cloud_director_keeps_only_by_a_new_name_and_others_take_none() -> None:
    desk = planner()
    assert "takes a new name" in of(plan_of(desk), "shop-db").problem
    plan = plan_of(desk, Choices(keep_original=False))
    assert words(plan)["shop-db"] == "OVERWRITES shop-db"
    assert words(plan)["dc01"] == "OVERWRITES dc01"
    assert "3 OVERWRITE their originals." in plan.summary
    line = replace(of(plan, "dc01"), choices=Choices(new_name="x"))
    assert "A new name is not possible here." in of(desk.prepare(plan.with_line(line)), "dc01").notes


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("{vm}-x", "no other braces"),
        ("{name}-{ticket}", "no ticket"),
        ("shop-db", "takes a new name"),
        ("dc01", ""),
    ],
)
def test_a_new_name_that_cannot_be_or_is_another_vms_is_said(pattern: str, why: str) -> None:
    desk = planner(Incident(moment=MOMENT))
    line = of(plan_of(desk, Choices(new_name=pattern)), "shop-db")
    if why:
        assert why in line.problem
        assert not line.problem.endswith(".")  # it stands within a sentence
    else:
        assert line.words == f"OVERWRITES {pattern}"


def test_two_lines_never_get_one_name() -> None:
    desk = planner()
    desk.index.add(points_of("shop-web", Platform.CLOUD_DIRECTOR, [BEFORE]))
    plan = plan_of(desk, Choices(new_name="same"))
    assert [line.problem for line in plan.lines if line.platform is Platform.CLOUD_DIRECTOR] == [
        "another line gives the same new name same"
    ] * 2


def test_a_point_of_after_the_incident_is_sent_only_after_its_own_yes() -> None:
    desk = planner()
    plan = plan_of(desk)
    vm = desk.index.vm_with(of(plan, "hv01").key)
    assert vm is not None
    late = replace(of(plan, "hv01"), point=desk.index.point(vm.rows[0]))
    refused = of(desk.prepare(plan.with_line(late)), "hv01")
    assert (refused.is_to_be_sent, refused.problem) == (False, "the point is not of before the incident")
    allowed = of(desk.prepare(plan.with_line(replace(late, may_be_after=True))), "hv01")
    assert allowed.is_to_be_sent
    assert allowed.plan is not None
    assert allowed.plan.context.may_be_after


def test_groups_and_what_is_left_out() -> None:
    desk = planner()
    plan = plan_of(desk, Choices(new_name="{name}-1")).with_group([of(plan_of(desk), "sql01").key], 2)
    plan = desk.prepare(plan.changed(lambda line: replace(line, is_left_out=line.vm_name == "hv01")))
    assert [line.vm_name for line in plan.lines] == ["dc01", "hv01", "shop-db", "sql01"]
    assert plan.summary == "3 will be sent, 1 left out. Group 2 waits for group 1."
    assert [one.group for one in queue_lines(plan)] == [1, 1, 2]


async def test_one_list_tells_what_runs_for_all_lines() -> None:
    desk = planner()
    plan = await desk.check(plan_of(desk, Choices(new_name="{name}-1")))
    assert plan.found_at is not None
    assert all(line.plan is not None and line.plan.known_running == frozenset() for line in plan.to_be_sent)


def test_a_record_says_what_was_decided() -> None:
    desk = planner()
    line = of(plan_of(desk, Choices(new_name="{name}-1")), "shop-db")
    kept = json.loads(record_of(line, Choices(new_name="{name}-1")))
    assert (kept["new_name"], kept["group"]) == ("shop-db-1", 1)
    assert line.point is not None
    assert kept["point"] == line.point.uid


@given(st.lists(st.integers(-600, 600), max_size=30), st.integers(-600, 600))
def test_the_newest_before_is_before_and_the_newest(minutes: list[int], at: int) -> None:
    index = PointIndex()
    index.add([point(number=n, created=MOMENT + timedelta(minutes=m)) for n, m in enumerate(minutes, 1)])
    moment = MOMENT + timedelta(minutes=at)
    expected = max((m for m in minutes if m < at), default=None)
    row = index.newest_before(index.vms[0], moment) if index.vms else None
    found = None if row is None else index.created(row)
    assert found == (None if expected is None else MOMENT + timedelta(minutes=expected))


def test_a_vm_of_whose_points_no_time_is_known_is_not_said_to_have_none_before() -> None:
    desk = planner()
    desk.index.add(points_of("hv01", Platform.HYPERV, [NO_TIME]))
    plan = plan_of(desk, Choices(new_name="{name}-1"))
    assert of(plan, "hv01").problem == "no point of a known time before the incident"


def test_patterns() -> None:
    made = named("r-{name}-{ticket}-{date}", name="a", ticket="T", day="2026-11-26")
    assert made == "r-a-T-2026-11-26"


def test_while_the_list_is_being_read_nothing_is_said_to_be_missing_and_a_better_point_may_come() -> None:
    desk = planner()
    desk.index.is_whole = False
    plan = plan_of(desk, Choices(new_name="{name}-1"))
    assert of(plan, "hv01").problem == "no point before the incident is loaded yet"
    assert "not loaded to its end" in " ".join(of(plan, "dc01").notes)
    desk.index.add(points_of("hv01", Platform.HYPERV, [BEFORE]))
    desk.index.is_whole = True
    again = desk.choose_points(plan)
    assert of(again, "hv01").is_to_be_sent
    assert not of(again, "dc01").notes


def test_a_point_that_was_decided_on_is_never_another_one() -> None:
    desk = planner()
    line = of(plan_of(desk), "dc01")
    record = record_of(line, Choices())
    kept = desk.line_of_record(record)
    assert kept is not None
    assert kept.point == line.point
    gone = desk.line_of_record(record.replace(kept.point_uid, "urn:veeam:VmRestorePoint:gone"))
    assert gone is not None
    plan = desk.choose_points(RecoveryPlan(lines=(gone,)))
    assert plan.lines[0].problem == "its point is gone from the list"


OTHER_ROOT = "7a10c3d4-0000-4000-8000-0000000000ff"
DATASTORE = f"urn:vCloud:Datastore:{ROOT}.urn:vcloud:datastore:1"


def with_second_root(desk: Planner) -> RecoveryPlan:
    """As `planner` has it, with shop-web under the same root and far-db under another one."""
    desk.index.add(points_of("shop-web", Platform.CLOUD_DIRECTOR, [BEFORE]))
    far = points_of("far-db", Platform.CLOUD_DIRECTOR, [BEFORE])
    desk.index.add([replace_struct(one, object_ref=f"urn:vCloud:Vm:{OTHER_ROOT}.far") for one in far])
    return plan_of(desk, Choices(new_name="{name}-1"))


def test_references_are_set_for_all_vms_of_their_root_and_for_no_other() -> None:
    desk = planner()
    plan = with_second_root(desk)
    here, there = references_of(plan.lines, CloudLayout.SEED)
    assert [sorted(line.vm_name for line in one.lines) for one in (here, there)] == [
        ["shop-db", "shop-web"], ["far-db"],
    ]  # fmt: skip
    assert (here.root_id, there.root_id) == (ROOT, OTHER_ROOT)
    names = [field.name for field in here.fields]
    assert names == ["hierarchy_root_uid", "datastore_ref", "storage_profile_ref", "template_ref"]
    changed = desk.prepare(plan.with_values({line.key: {"datastore_ref": DATASTORE} for line in here.lines}))
    specs = {line.vm_name: line.plan.spec for line in changed.to_be_sent if line.plan is not None}
    cloud = {name: spec for name, spec in specs.items() if isinstance(spec, CloudVmRestoreSpec)}
    assert sorted(cloud) == ["far-db", "shop-db", "shop-web"]
    assert [name for name, spec in cloud.items() if spec.datastore_ref == DATASTORE] == [
        "shop-db", "shop-web",
    ]  # fmt: skip
    assert here.problems({"datastore_ref": DATASTORE}) == ()
    assert "another hierarchy root" in there.problems({"datastore_ref": DATASTORE})[0].sentence


def test_a_reference_that_is_emptied_has_its_default_again_and_one_that_differs_is_no_common_one() -> None:
    desk = planner()
    plan = with_second_root(desk)
    key = of(plan, "shop-db").key
    one = desk.prepare(plan.with_values({key: {"datastore_ref": DATASTORE}}))
    here = references_of(one.lines, CloudLayout.SEED)[0]
    assert here.shared("datastore_ref") is None
    assert here.shared("template_ref") == ""
    assert here.shared("hierarchy_root_uid") == f"urn:veeam:HierarchyRoot:{ROOT}"
    assert of(desk.prepare(one.with_values({key: {"datastore_ref": ""}})), "shop-db").values == {}


def test_what_deserves_a_look_is_said_beside_what_happens() -> None:
    plan = plan_of(planner(Incident(moment=MOMENT, lost_at_most=timedelta(minutes=30))))
    assert of(plan, "dc01").concern == "over the limit"
    plain = planner()
    plain.index.add(points_of("DC01", Platform.HYPERV, [BEFORE]))
    plan = plan_of(plain)
    assert of(plan, "dc01").concern == "name not unique"
    assert of(plan, "sql01").concern == ""
    assert of(plan, "shop-db").concern == "", "its words say that it cannot be sent"
    overwriting = plan_of(plain, Choices(keep_original=False))
    assert of(overwriting, "dc01").concern == "", "its words say the worst"


def test_the_names_of_references_are_those_of_all_forms() -> None:
    asked = {
        field.name
        for kind, platform in FORM_DEFINITIONS
        for field in form_for(point(platform, kind=kind), platform).fields
        if field.kind in {FieldKind.REFERENCE, FieldKind.UID}
    }
    assert asked == set(REFERENCE_NAMES)
