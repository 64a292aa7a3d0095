"""The incident to play: what is restored from a point of after it is encrypted, and no other world has it."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.demo.conftest import NOW
from tests.demo.reading import Node, Wire, vm_spec
from tests.support.demo_process import DemoProcess
from tui.demo.vms import ENCRYPTED_MESSAGE, INCIDENT_AGE, ONLY_AFTER

MOMENT = datetime.fromisoformat(NOW) - INCIDENT_AGE


def made(point: Node) -> datetime:
    return datetime.fromisoformat(point["CreationTimeUTC"][:19] + "+00:00")


def end_of_restore(wire: Wire, vm: str, *, before: bool) -> tuple[str, str | None]:
    """The result and message of a restore from the newest point of before the incident, or of after it."""
    point = next(one for one in wire.points(vm) if (made(one) < MOMENT) is before)
    answer = wire.restore(point["UID"].rpartition(":")[2], vm_spec(wire.format))
    assert answer.status == 202
    wire.demo.advance(200)
    sessions = wire.query("RestoreSession", f'VmDisplayName=="{vm}"', sortDesc="CreationTime")
    session = sessions.queried("RestoreSessions")[0]
    return session["Result"], session.get("FailureMessage")


@pytest.fixture
def attacked(wire: Wire) -> Wire:
    wire.demo.reset(incident=True)
    wire.log_on()
    return wire


def test_the_ready_line_names_the_moment_and_only_where_there_is_one() -> None:
    with DemoProcess.start("--incident", "--now", "2026-03-04T12:00:31Z", "--time-scale", "0") as demo:
        assert datetime.fromisoformat(demo.ready["incident"]) == MOMENT
    with DemoProcess.start("--now", NOW) as demo:
        assert "incident" not in demo.ready


def test_points_of_after_it_restore_what_is_encrypted(attacked: Wire) -> None:
    assert end_of_restore(attacked, "sql01", before=False) == ("Warning", ENCRYPTED_MESSAGE)
    assert end_of_restore(attacked, "sql01", before=True) == ("Success", None)
    full = end_of_restore(attacked, "crm01", before=True)
    assert (full[0], "not enough free space on datastore" in str(full[1])) == ("Failed", True)


def test_two_vms_have_no_point_of_before_it_and_one_name_is_there_twice(attacked: Wire) -> None:
    for name in ONLY_AFTER:
        times = list(map(made, attacked.points(name)))
        assert len(times) == 3
        assert min(times) > MOMENT
    assert len({point["HierarchyObjRef"] for point in attacked.points("app01")}) > 1


def test_the_usual_world_has_none_of_it(wire: Wire) -> None:
    assert end_of_restore(wire, "sql01", before=False) == ("Success", None)
    for name in ONLY_AFTER:
        assert min(map(made, wire.points(name))) < MOMENT
