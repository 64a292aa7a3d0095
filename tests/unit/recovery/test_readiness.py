"""Readiness: each reason why a VM could not be restored now, and nothing that writes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from tests.unit.recovery.test_plan import BEFORE, MOMENT, of, plan_of, planner, points_of
from tests.unit.restores.fakes import FakeManager
from tests.unit.restores.points import ROOT
from tui.api.errors import BadReply, Forbidden, ManagerError, SessionExpired
from tui.api.models import Platform, RestorePoint
from tui.recovery.plan import Choices
from tui.recovery.plan_file import parse_plan, plan_of_file
from tui.recovery.planner import Planner
from tui.recovery.readiness import NOT_READY, READY, Readiness, check_readiness
from tui.restores.incident import Incident

DATASTORE = f"urn:vCloud:Datastore:{ROOT}.x"


@dataclass
class Reads:
    """A server that only reads, and knows these references."""

    names: dict[str, str] = field(default_factory=dict)
    error: ManagerError | None = None

    async def platform_of(self, point: RestorePoint) -> Platform:
        if self.error is not None and point.vm_name == "a":
            raise self.error
        return Platform.VSPHERE

    async def name_of_reference(self, reference: str) -> str:
        if self.error is not None:
            raise self.error
        return self.names.get(reference, "")


async def ready(desk: Planner, reads: Reads | None = None, **values: str) -> Readiness:
    plan = plan_of(desk, Choices(new_name="{name}-1"))
    plan = desk.prepare(plan.changed(lambda line: replace(line, is_left_out=line.vm_name == "hv01")))
    if values:
        plan = desk.prepare(plan.with_line(replace(of(plan, "shop-db"), values=values)))
    return await check_readiness(plan, (), desk, reads or Reads())


async def test_all_that_can_be_restored_are_ready_and_what_is_left_out_is_not_asked() -> None:
    found = await ready(planner())
    assert (found.words, found.exit_code) == ("3 of 3 VMs are ready.", READY)


async def test_a_vm_without_a_point_before_or_with_too_much_lost_is_not_ready() -> None:
    desk = planner(Incident(moment=MOMENT, lost_at_most=timedelta(minutes=30)))
    plan = plan_of(desk, Choices(new_name="{name}-1"))
    found = await check_readiness(plan, (), desk, Reads())
    why = {row.vm: row.why_not for row in found.rows}
    assert why["hv01"] == ("no point before the incident",)
    assert why["dc01"] == ("39 min are lost, more than the limit",)
    assert found.exit_code == NOT_READY


@pytest.mark.parametrize(
    ("reads", "why", "note"),
    [
        (Reads(), "does not list", ""),
        (Reads({DATASTORE: "bulk-01"}), "", ""),
        (Reads(error=Forbidden("403", http_code=403)), "", "not checked"),
        (Reads(error=BadReply("no")), "could not be looked up", ""),
    ],
)
async def test_references_exist_or_it_is_said_that_nobody_looked(reads: Reads, why: str, note: str) -> None:
    found = await ready(planner(), reads, datastore_ref=DATASTORE)
    row = next(row for row in found.rows if row.vm == "shop-db")
    assert why in " ".join(row.why_not)
    assert bool(why) == bool(row.why_not)
    assert note in " ".join(row.notes)


async def test_names_that_mean_no_vm_are_not_ready() -> None:
    desk = planner()
    plan, open_names = plan_of_file(parse_plan(b"[[group]]\nvms=['dc01', 'nowhere']", "x"), desk)
    found = await check_readiness(plan, open_names, desk, Reads())
    assert [(row.vm, row.is_ready) for row in found.rows] == [("dc01", True), ("nowhere", False)]


async def test_without_the_list_of_what_runs_nothing_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = planner()
    refusing = FakeManager()
    refusing.session_list = Forbidden("403", http_code=403)
    monkeypatch.setattr(desk.restores, "_manager", refusing)
    found = await ready(desk)
    assert found.ready == 0
    assert "could not be asked" in found.rows[0].words


async def test_a_platform_that_cannot_be_asked_is_the_problem_of_its_line_alone() -> None:
    desk = planner()
    for name in ("a", "b"):
        desk.index.add(points_of(name, Platform.UNKNOWN, [BEFORE]))
    why = {row.vm: row.why_not for row in (await ready(desk, Reads(error=BadReply("no")))).rows}
    assert why["a"] == ("its platform could not be asked: no",)
    assert why["b"] == ()


async def test_a_logon_session_that_is_over_gives_no_verdict() -> None:
    desk = planner()
    desk.index.add(points_of("a", Platform.UNKNOWN, [BEFORE]))
    with pytest.raises(SessionExpired):
        await ready(desk, Reads(error=SessionExpired("over")))
    with pytest.raises(SessionExpired):
        await ready(planner(), Reads(error=SessionExpired("over")), datastore_ref=DATASTORE)


async def test_the_limit_of_the_file_counts_beside_that_of_the_incident() -> None:
    desk = planner()
    plan = plan_of(desk, Choices(new_name="{name}-1"))
    found = await check_readiness(plan, (), desk, Reads(), lost_at_most=timedelta(minutes=10))
    assert "39 min are lost, more than the plan's limit of 10 min" in found.rows[0].words
