"""History on a stage: what the journal remembers, and its export."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.support.settle import opened, press, shows, text_of
from tests.ui.stage import StageApp, StageManager
from tests.unit.store.rows import sql
from tui.restore_states import RestoreState
from tui.screens.history import HistoryScreen
from tui.store.errors import StoreError
from tui.store.journal import Journal
from tui.widgets.inputs import LineInput
from tui.widgets.text_view import TextView


def app_with_rows(folder: Path) -> StageApp:
    app = StageApp(folder, StageManager(), HistoryScreen)
    for name, state in (("app07", RestoreState.SUCCEEDED), ("[red]x", RestoreState.UNKNOWN)):
        row = app.rows.plan(
            server="em.lab.example:9398",
            vm_name=name,
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
    for part in ("app07: succeeded", "INC-4711", "kim@jump01", "It stays off.", "<RestoreSpec/>"):
        assert part in told


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
        await shows(pilot, "x FAILED")
        assert "no space" in pilot.app.screen.query_one(TextView).text
        await press(pilot, "enter")
        assert pilot.app.screen.query_one(TextView).has_focus
        await press(pilot, "enter")
        assert not pilot.app.screen.query_one(TextView).has_focus
    other.close()
