"""An incident of twelve VMs over three platforms, from `i` to the report, counted in keys."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from textual import events
from textual.pilot import Pilot

from tests.support.demo_process import DemoProcess
from tests.support.program import app_on
from tests.support.settle import settle, shows, text_of, until
from tests.ui.walk import browsing
from tui.screens.tasks import TasksScreen
from tui.widgets.inputs import LineInput

NAMES = (
    "sql01", "sql02", "wiki01", "mail01", "erp01", "crm01", "app01@vbr01", "hv-sql01", "nas-gw01", "lab-web",
    "shop-app", "archive01",
)  # fmt: skip
MOST_KEYS = 60
NOW = "2026-11-23T03:04:05Z"


class Hands:
    """Presses keys and counts them; a paste counts as one."""

    def __init__(self, pilot: Pilot[Any]) -> None:
        self.pilot, self.keys = pilot, 0

    async def press(self, *keys: str) -> None:
        self.keys += len(keys)
        await self.pilot.press(*keys)

    async def paste(self, text: str) -> None:
        self.keys += 1
        self.pilot.app.post_message(events.Paste(text))


def posts(demo: DemoProcess) -> list[dict[str, Any]]:
    return [one for one in demo.requests("submit") if one["method"] == "POST"]


async def to_the_queue(hands: Hands, moment: datetime) -> None:
    pilot = hands.pilot
    await hands.press("i")
    await shows(pilot, "Incident: restore to before")
    await hands.press(*f"{moment:%H:%MZ}", "enter", *"INC-5001", "enter")
    await shows(pilot, "INCIDENT  before")
    await hands.press("l")
    await shows(pilot, "Mark VMs by their names")
    await hands.paste("\n".join(NAMES))
    await shows(pilot, "1 several times")
    await hands.press("space", "enter", "enter")
    await shows(pilot, "12 marked")
    await hands.press("r")
    await shows(pilot, "1 cannot.")
    await hands.press("ctrl+r")  # it goes to the VM that cannot be restored
    await shows(pilot, "leave out with x")
    await hands.press("x", "ctrl+r")
    await shows(pilot, "Restore 11 VMs?")
    await hands.press("right", "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, TasksScreen), "the tasks")


async def test_an_incident_is_played_with_few_keys_and_cut_off_in_the_middle(
    demo: DemoProcess, tmp_path: Path
) -> None:
    demo.reset(incident=True, now=NOW)
    demo.fault("drop-after-accept@submit*1")
    report = tmp_path / "report.json"
    moment = datetime.fromisoformat(NOW).replace(second=0) - timedelta(hours=2, minutes=45)
    async with browsing(app_on(demo, tmp_path)) as (pilot, _):
        first = Hands(pilot)
        await to_the_queue(first, moment)
        await until(pilot, lambda: len(posts(demo)) >= 4, "the first requests")
        await first.press("p")
        await shows(pilot, "PAUSED")
    sent = len(posts(demo))
    assert 4 <= sent < 11
    async with browsing(app_on(demo, tmp_path)) as (pilot, _):
        second = Hands(pilot)
        assert len(posts(demo)) == sent
        await second.press("t")
        await shows(pilot, "An interrupted queue")
        await second.press("right", "enter")
        await shows(pilot, f"{11 - sent} will be sent.")
        await second.press("ctrl+r")
        await shows(pilot, f"Restore {11 - sent} VM")
        await second.press("right", "enter")
        await until(pilot, lambda: len(posts(demo)) == 11, "all requests")
        await until(pilot, lambda: "100 %" in text_of(pilot).splitlines()[2], "the queue has ended")
        await second.press("h")
        await shows(pilot, "History")
        await settle(pilot)
        await second.press("E")
        await shows(pilot, "Report of INC-5001")
        pilot.app.screen.query_one("#export-path", LineInput).value = str(report)
        await second.press("enter")
        await shows(pilot, "Written to")
    assert first.keys + second.keys <= MOST_KEYS
    assert len({one["path"] for one in posts(demo)}) == 11, "one request for each VM"
    found = json.loads(report.read_text(encoding="utf-8"))
    rows = {row["vm"]: row for row in found["restores"] if row["result"] != "NOT SENT"}
    truth = {one["vm"]: one for one in demo.restores()}
    assert set(rows) == set(truth)
    for vm, row in rows.items():
        assert datetime.fromisoformat(row["point"]) < moment, vm
        assert not truth[vm]["overwrites"] or vm == "", vm
        told_restored = row["result"].startswith("restored")
        assert not told_restored or truth[vm]["result"] in {"Success", "Warning"}, vm
    assert rows["crm01"]["result"] == "FAILED"
    assert "not enough free space" in rows["crm01"]["words"]
