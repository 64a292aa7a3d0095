"""History on a stage: what the journal remembers, and its export."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.support.settle import opened, press, settle, shows, text_of
from tests.ui.stage import StageApp, StageManager
from tests.unit.restores.fakes import FakeClock
from tests.unit.store.rows import sql
from tui.api.models import Platform
from tui.restore_states import Mark, RestoreState
from tui.screens.history import HistoryScreen
from tui.store.errors import StoreError
from tui.store.journal import Journal
from tui.widgets.inputs import LineInput
from tui.widgets.text_view import TextView
from tui.widgets.virtual_table import VirtualTable


def app_with_rows(folder: Path) -> StageApp:
    app = StageApp(folder, StageManager(), HistoryScreen)
    for name, state, platform in (
        ("app07", RestoreState.SUCCEEDED, Platform.HYPERV),
        ("[red]x", RestoreState.UNKNOWN, Platform.CLOUD_DIRECTOR),
    ):
        row = app.rows.plan(
            server="em.lab.example:9398",
            vm_name=name,
            platform=platform,
            reason="INC-4711",
            em_user=r"LAB\op",
            operator="kim@jump01",
            plan="The original VM is kept.\nIt stays off.",
            request_format="xml",
            request_body="<RestoreSpec/>",
        )
        app.rows.update(row.id, state=state, message="The VM is restored.")
    return app


async def test_rows_are_newest_first_with_details(tmp_path: Path) -> None:
    async with opened(app_with_rows(tmp_path)) as pilot:
        shown = text_of(pilot)
        assert shown.index("[red]x") < shown.index("app07")
        assert "UNKNOWN" in shown
        await press(pilot, "down")
        told = pilot.app.screen.query_one(TextView).text
    for part in ("app07: restored", "INC-4711", "kim@jump01", "It stays off.", "<RestoreSpec/>"):
        assert part in told


async def test_from_200_columns_the_details_stand_beside_the_list(tmp_path: Path) -> None:
    async with opened(app_with_rows(tmp_path), size=(200, 40)) as pilot:
        table, details = pilot.app.screen.query_one(VirtualTable), pilot.app.screen.query_one(TextView)
        assert details.region.y == table.region.y
        assert details.region.x > table.region.right - 1
        assert table.region.height == details.region.height > 30
        assert "[red]x: UNKNOWN" in details.text
        await press(pilot, "down")
        assert "app07: restored" in details.text, "filled while the cursor moves"


async def test_escape_in_the_details_goes_back_to_the_list_first(tmp_path: Path) -> None:
    async with opened(app_with_rows(tmp_path)) as pilot:
        await press(pilot, "enter")
        assert pilot.app.screen.query_one(TextView).has_focus
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, HistoryScreen)
        assert pilot.app.screen.query_one(VirtualTable).has_focus
        await press(pilot, "escape")
        assert not isinstance(pilot.app.screen, HistoryScreen)


async def test_a_row_that_cannot_be_read_is_shown_as_such_and_hides_no_other(tmp_path: Path) -> None:
    app = app_with_rows(tmp_path)
    sql(app.rows.path, "UPDATE restores SET cancel = 'paused', started = 'noon' WHERE vm_name = 'app07'")
    async with opened(app) as pilot:
        assert {"[red]x", "app07"} <= set(text_of(pilot).split())
        assert "? unreadable" in text_of(pilot)
        await press(pilot, "down")
        assert "started 'noon', cancel 'paused'" in pilot.app.screen.query_one(TextView).text


async def test_export_asks_for_a_path_and_writes_for_the_owner_alone(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    async with opened(app_with_rows(tmp_path)) as pilot:
        await press(pilot, "X")
        pilot.app.screen.query_one("#export-path", LineInput).value = str(target)
        await press(pilot, "enter")
        assert "2 restores written" in text_of(pilot)
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert [line["vm_name"] for line in lines] == ["app07", "[red]x"]
    assert [line["platform"] for line in lines] == ["Hyper-V", "Cloud Director"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


async def test_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    target.write_text("mine")
    app = app_with_rows(tmp_path)
    async with opened(app) as pilot:
        await press(pilot, "X")
        pilot.app.screen.query_one("#export-path", LineInput).value = str(target)
        await press(pilot, "enter")
        assert "already exists" in " ".join(text_of(pilot).split())
        await press(pilot, "escape")
        assert "Nothing was written." in text_of(pilot)
        with pytest.raises(StoreError, match="exists"):
            app.rows.export_file(target)
    assert target.read_text() == "mine"


async def test_empty_journal_says_so(tmp_path: Path) -> None:
    async with opened(StageApp(tmp_path, StageManager(), HistoryScreen)) as pilot:
        assert "The journal has no restores yet." in text_of(pilot)


async def test_a_row_that_ends_is_drawn_again_whoever_watches_it(tmp_path: Path) -> None:
    app = app_with_rows(tmp_path)
    other = Journal.open(app.rows.path)
    async with opened(app) as pilot:
        assert "? UNKNOWN" in text_of(pilot)
        keys = text_of(pilot).splitlines()[-1]
        assert "Enter Details" in keys
        sql(app.rows.path, "UPDATE restores SET owner = ''")
        other.update(2, state=RestoreState.FAILED, message="The server says: no space")
        await shows(pilot, f"{Mark.FAILED} FAILED")
        assert "no space" in pilot.app.screen.query_one(TextView).text
        await press(pilot, "enter")
        assert pilot.app.screen.query_one(TextView).has_focus
        await press(pilot, "enter")
        assert not pilot.app.screen.query_one(TextView).has_focus
    other.close()


async def reporting(pilot: Pilot[None], path: Path, **fields: str) -> None:
    """Open the dialog of the report, and type into its fields."""
    await press(pilot, "E")
    await shows(pilot, "Report of all restores")
    pilot.app.screen.query_one("#export-path", LineInput).value = str(path)
    for name, value in fields.items():
        pilot.app.screen.query_one(f"#report-{name}", LineInput).value = value
    await settle(pilot)


@pytest.mark.parametrize(
    ("fields", "vms"),
    [
        ({}, ["app07", "[red]x"]),
        ({"ticket": "inc-4711"}, ["app07", "[red]x"]),
        ({"vm": "APP07"}, ["app07"]),
        ({"state": "unknown, failed"}, ["[red]x"]),
        ({"since": "3h ago", "vm": "app07"}, ["app07"]),
        ({"since": "1h ago"}, []),
        ({"ticket": "INC-4"}, []),
    ],
)
async def test_the_report_is_of_what_is_asked_for_and_says_how_many_before(
    tmp_path: Path, fields: dict[str, str], vms: list[str]
) -> None:
    path, app = tmp_path / "report.json", app_with_rows(tmp_path)
    assert isinstance(app.services.clock, FakeClock)
    app.services.clock.seconds += 2 * 3600
    async with opened(app) as pilot:
        await reporting(pilot, path, **fields)
        await shows(pilot, f"It will hold {len(vms)} restore{'' if len(vms) == 1 else 's'}")
        assert ("what queues did not send" in text_of(pilot)) is (fields.keys() <= {"ticket"})
        await press(pilot, "enter")
        await shows(pilot, "Written to" if vms else "The journal has no such restore.")
    assert path.exists() is bool(vms)
    if vms:
        report = json.loads(path.read_text(encoding="utf-8"))
        assert sorted(one["vm_name"] for one in report["restores"]) == sorted(vms)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"state": "odd"}, "There is no state 'odd'"), ({"since": "noonish"}, "'noonish' is not a time")],
)
async def test_a_report_of_what_is_not_understood_is_not_written(
    tmp_path: Path, fields: dict[str, str], words: str
) -> None:
    path = tmp_path / "report.json"
    async with opened(app_with_rows(tmp_path)) as pilot:
        await reporting(pilot, path, **fields)
        await shows(pilot, words)
        assert "It will hold" not in text_of(pilot)
        await press(pilot, "enter")
        assert words in text_of(pilot)
        await press(pilot, "escape")
        assert "Nothing was written." in text_of(pilot)
    assert not path.exists()


async def test_the_file_of_a_report_is_named_by_its_ticket_while_nobody_names_it(tmp_path: Path) -> None:
    async with opened(app_with_rows(tmp_path)) as pilot:
        await press(pilot, "E")
        await shows(pilot, "It will hold 2 restores")
        path = pilot.app.screen.query_one("#export-path", LineInput)
        ticket = pilot.app.screen.query_one("#report-ticket", LineInput)
        ticket.value = "INC 7/8"
        await shows(pilot, "Report of INC 7/8")
        assert Path(path.value).name == "vbem-report-INC-7-8.md"
        path.value = "mine.md"
        await settle(pilot)
        ticket.value = "INC-9"
        await shows(pilot, "Report of INC-9")
        assert path.value == "mine.md"
