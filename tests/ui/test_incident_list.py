"""The list while an incident is set: the newest point before it, what is lost, marks."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import cast

from tests.support.settle import press, settle, shows, text_of, until
from tests.ui.walk import browsing
from tests.unit.restore_points.build import point as built
from tests.unit.restores.fakes import FakeClock
from tests.unit.restores.points import point
from tui.api.models import Platform
from tui.api.models.resources import NO_TIME
from tui.app import VbemApp
from tui.restore_points.index import PointIndex
from tui.restore_points.vm_list import SortBy, VmList
from tui.restores.incident import Incident
from tui.screens.points_tables import INCIDENT_COLUMNS, VmRows
from tui.services import Services
from tui.widgets.table_layout import Slot, _fit, _text_of


async def test_the_list_shows_the_last_point_before_and_marks_go_by_the_vm(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        services, index = app.services, screen.services.points
        assert services.recovery is not None
        assert index is not None
        screen.vms.focus()
        moment = services.clock.now() - timedelta(hours=3)
        await services.recovery.set_incident(Incident(moment=moment, lost_at_most=timedelta(hours=4)))
        await shows(pilot, "Last before")
        vm = index.vms[int(str(screen.vms.cursor_key))]
        row = index.newest_before(vm, moment)
        shown = f"{index.created(row):%m-%d %H:%M}Z" if row is not None else "NONE before"
        line = [line for line in text_of(pilot).splitlines() if line.startswith("> ")][-1]
        assert shown in line
        await pilot.press("space")
        await settle(pilot)
        assert list(services.recovery.marked) == [vm.key]
        assert screen.vms.cursor == 1
        await pilot.press("m")
        await shows(pilot, "VMs are marked")
        assert len(services.recovery.marked) == len(index.vms)
        await pilot.press("m")
        await shows(pilot, "No VM is marked")
        await pilot.press("home", "enter")
        await until(pilot, lambda: screen.pane.selected() is not None, "the points are shown")
        chosen = screen.pane.selected()
        assert chosen is not None
        assert chosen.created < moment or row is None
        await shows(pilot, "AFTER")


async def test_marks_stay_through_a_filter_and_equal_names_are_two(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        recovery = app.services.recovery
        assert recovery is not None
        screen.entry.focus()
        await press(pilot, *"app01")
        await settle(pilot)
        screen.vms.focus()
        await pilot.press("m")
        await settle(pilot)
        marked = list(recovery.marked)
        assert len(marked) > 2
        screen.entry.focus()
        screen.entry.value = "sql01"
        await settle(pilot)
        assert list(recovery.marked) == marked


def test_backup_servers_whose_names_begin_alike_are_told_apart_in_a_narrow_column() -> None:
    index, clock = PointIndex(), FakeClock()
    view = VmList(index)
    names = ("veeam-backup-muc-01.corp.example", "veeam-backup-muc-02.corp.example", "lab.corp.example")
    view.update(index.add([built(f"sql{number:02}", server=name) for number, name in enumerate(names)]))
    recovery = SimpleNamespace(incident=Incident(moment=clock.now()), marked=())
    rows = VmRows(view, index, cast(Services, SimpleNamespace(clock=clock, recovery=recovery)))
    column = next(one for one in INCIDENT_COLUMNS if one.key == SortBy.SERVER)
    for width in (9, 12, 16, 40):
        slot = Slot(0, column, width)
        shown = [_fit(_text_of(rows.row(place)[-1], slot), slot) for place in range(len(names))]
        assert len(set(shown)) == len(names), (width, shown)
        assert any(name.startswith("lab.corp") for name in shown)


def test_namesakes_are_told_from_others_whose_names_begin_so_in_a_narrow_column() -> None:
    index, clock = PointIndex(), FakeClock()
    view = VmList(index)
    names = ("webserver01", "webserver01", "webserver02", "webserver02")
    view.update(index.add([built(name, server=f"vbr{number}") for number, name in enumerate(names)]))
    recovery = SimpleNamespace(incident=Incident(moment=clock.now()), marked=())
    rows = VmRows(view, index, cast(Services, SimpleNamespace(clock=clock, recovery=recovery)))
    column = next(one for one in INCIDENT_COLUMNS if one.key == SortBy.NAME)
    for width in (8, 14, 17, 30):
        slot = Slot(0, column, width)
        shown = {_fit(_text_of(rows.row(place)[1], slot), slot) for place in range(len(names))}
        assert len(shown) == 2, (width, shown)
        assert all("(2" in name for name in shown)


def test_a_vm_of_whose_points_no_time_is_known_is_not_said_to_have_none_before() -> None:
    index, clock = PointIndex(), FakeClock()
    view = VmList(index)
    view.update(
        index.add(
            [point(created=NO_TIME), point(Platform.HYPERV, name="sql01", number=2, created=clock.now())]
        )
    )
    incident = Incident(moment=clock.now() - timedelta(hours=3))
    services = SimpleNamespace(clock=clock, recovery=SimpleNamespace(incident=incident, marked=()))
    rows = VmRows(view, index, cast(Services, services))
    for whole, timed, timeless in ((True, "NONE before", "time unknown"), (False, "none yet", "none yet")):
        index.is_whole = whole
        shown = {str(cells[1]): str(getattr(cells[3], "text", "")) for cells in map(rows.row, (0, 1))}
        assert (shown["sql01"], shown["app07"]) == (timed, timeless)
