"""The browser while the list fills, stops and fails: over a server whose pages are held back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.support.settle import opened, press, settle, shows, text_of, until
from tests.ui.stage import StageApp, StageManager
from tests.unit.restore_points.build import Server, point
from tests.unit.restore_points.test_loader_misled import Uncounted
from tests.unit.restores.fakes import FakeClock
from tui.api.errors import SessionExpired, TimedOut
from tui.api.models import Page, PointKind, RestorePoint
from tui.api.query import Query
from tui.restore_points.loader import LoadState
from tui.screens.points import ASK_AFTER_S, RestorePointsScreen

FLEET = [point(f"vm{n % 40:02}", n) for n in range(1, 1801)]


class SlowManager(StageManager):
    """Gives points out of lists, when it is let."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server

    async def points_page(
        self, query: Query, number: int, *, kind: PointKind = PointKind.VM
    ) -> Page[RestorePoint]:
        return await self.server.points_page(query, number, kind=kind)


class Browser:
    """The screen, its server and its app."""

    def __init__(self, folder: Path, *vms: RestorePoint) -> None:
        self.server = Server(vms or FLEET)
        self.app = StageApp(folder, SlowManager(self.server), RestorePointsScreen)
        self.screen = cast(RestorePointsScreen, self.app.first)

    def hold(self) -> None:
        """Answer nothing more."""
        self.server.gate.clear()

    async def first_page(self, pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: self.screen.vms.row_count > 0, "the first rows")


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return Browser(tmp_path)


async def test_before_the_first_page_it_says_what_it_waits_for(browser: Browser) -> None:
    browser.hold()
    async with browser.app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Asking for the newest restore points...")
        await shows(pilot, "Ctrl+C stops")
        assert browser.screen.vms.has_focus


async def test_a_server_that_does_not_answer_is_waited_for_in_words(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.points.WAIT_TOLD_AFTER_S", 0.01)
    browser.hold()
    clock = browser.app.services.clock
    assert isinstance(clock, FakeClock)
    async with browser.app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "asking for the newest points; Ctrl+C stops")
        for seconds in (12, 17):
            clock.seconds = seconds
            await shows(pilot, f"asking for the newest points; no answer for {seconds} s; Ctrl+C stops")
        browser.server.gate.set()
        await shows(pilot, "all 1,800 points loaded")
        assert "no answer for" not in text_of(pilot)


async def test_a_covered_list_waits_with_what_is_new_until_it_comes_back(browser: Browser) -> None:
    browser.hold()
    async with browser.app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Asking for the newest restore points...")
        await pilot.press("ctrl+t")
        await shows(pilot, "No restores in this run yet")
        browser.server.gate.set()
        await until(pilot, lambda: browser.screen.progress.state is LoadState.COMPLETE, "the whole list")
        assert browser.screen.vms.row_count == 0
        await pilot.press("escape")
        await shows(pilot, "all 1,800 points loaded")
        assert browser.screen.vms.row_count == 40


async def test_ctrl_c_stops_at_once_and_f5_goes_on(browser: Browser) -> None:
    browser.server.errors.clear()
    async with opened(browser.app) as pilot:
        browser.hold()
        await pilot.press("f5")
        await shows(pilot, "Ctrl+C stops")
        await pilot.press("ctrl+c")
        await shows(pilot, "stopped with 1,800 points, read just now; F5 resumes")
        assert isinstance(pilot.app.screen, RestorePointsScreen)
        browser.server.gate.set()
        await pilot.press("f5")
        await shows(pilot, "all 1,800 points loaded")


async def test_an_error_is_told_with_what_to_do_and_the_rows_stay(browser: Browser) -> None:
    browser.server.errors[PointKind.VM, 3] = TimedOut("It did not answer.")
    async with browser.app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "The server did not answer in time")
        assert browser.screen.vms.row_count == 40
        assert "could not load all: " in text_of(pilot)
        assert "F5 resumes" in text_of(pilot)
        browser.server.errors.clear()
        await pilot.press("f5")
        await shows(pilot, "all 1,800 points loaded")


async def test_an_expired_session_asks_for_the_password_and_goes_on(browser: Browser) -> None:
    browser.server.errors[PointKind.VM, 2] = SessionExpired()

    async def again() -> bool:
        browser.server.errors.clear()
        return True

    browser.app.services.ask_for_password = again
    async with browser.app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "all 1,800 points loaded")


async def test_the_cursor_stays_on_its_vm_while_younger_points_come(tmp_path: Path) -> None:
    browser = Browser(tmp_path, *(point(f"old{n:02}", 100 + n) for n in range(30)))
    async with opened(browser.app) as pilot:
        await pilot.press("down", "down", "down")
        before = [line for line in text_of(pilot).splitlines() if line.startswith("> ")]
        place = text_of(pilot).splitlines().index(before[-1])
        browser.server.lists[PointKind.VM] += [point(f"new{n:02}", n + 1) for n in range(30)]
        await pilot.press("f5")
        await shows(pilot, "all 60 points loaded")
        after = text_of(pilot).splitlines()[place]
        assert after.split()[:2] == before[-1].split()[:2]


async def test_a_name_beyond_what_is_loaded_is_asked_of_the_server_at_once(browser: Browser) -> None:
    browser.server.lists[PointKind.VM].append(point("rare one", 9000))
    browser.server.errors.update({(PointKind.VM, page): TimedOut() for page in (2, 3, 4)})
    clock = browser.app.services.clock
    assert isinstance(clock, FakeClock)
    async with browser.app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "could not load all")
        await pilot.press("slash", *"rare one")
        await until(pilot, lambda: 'VmDisplayName=="rare one"' in browser.server.filters, "the question")
        await shows(pilot, "they are in the list now")
        assert "rare one" in text_of(pilot).splitlines()[3]
        assert ASK_AFTER_S < 1


@pytest.mark.parametrize(
    ("href", "why"),
    [
        ("", "The server offers no restore for this point"),
        ("/api/vmRestorePoints/of-another?action=restore", "The server's Restore link of this point leads"),
        ("/api/backups/{id}?action=restore", "The server's Restore link of this point leads"),
    ],
)
async def test_a_point_the_server_will_not_restore_is_explained_not_opened(
    tmp_path: Path, href: str, why: str
) -> None:
    browser = Browser(tmp_path, point("app07", 1, href=href))
    async with opened(browser.app) as pilot:
        await pilot.press("enter")
        await shows(pilot, "not restorable")
        await pilot.press("enter")
        await shows(pilot, why)
        assert pilot.app.screen is browser.screen


async def test_ages_move_on_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.points.AGES_EVERY_S", 0.05)
    browser = Browser(tmp_path, point("app07", 0))
    async with opened(browser.app) as pilot:
        created = point("app07", 0).created
        assert created is not None
        clock: Any = browser.app.services.clock
        clock.now = lambda: created + timedelta(minutes=42)
        await shows(pilot, "40+ min")


@pytest.fixture(params=["Europe/Berlin", "Australia/Sydney", "America/Los_Angeles", "UTC"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoneInfo]:
    """Where this machine stands."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield ZoneInfo(request.param)
    monkeypatch.undo()
    time.tzset()


async def test_times_are_never_cut_where_the_days_differ(tmp_path: Path, zone: ZoneInfo) -> None:
    vms = [point("app07", hours) for hours in range(1, 25)]
    browser = Browser(tmp_path, *vms)
    async with opened(browser.app, size=(80, 40)) as pilot:
        await press(pilot, "enter")
        for width in (80, 50, 60, 119, 120, 200):
            await pilot.resize_terminal(width, 40)
            await settle(pilot)
            shown = text_of(pilot)
            for one in vms[:10]:
                here, there = one.created.astimezone(zone), one.created
                assert f"{there:%H:%M}Z" in shown or f"{there:%H:%M} UTC" in shown, shown
                if f"{there:%Y-%m-%d %H:%M}Z" not in shown and zone.key != "UTC":
                    both = rf"{here:%Y-%m-%d %H:%M} \((?:.*{there:%d} )?{there:%H:%M} UTC\)"
                    assert re.search(both, shown), shown
            assert not re.search(r"\d[\u2026~]", shown), shown


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (100, 30), (120, 40), (160, 50)])
async def test_a_wider_terminal_shows_no_less_of_a_name_and_always_the_points(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    names = [f"customer-{n}-production-sql-cluster-node-0{n}" for n in range(1, 9)]
    browser = Browser(tmp_path, *(point(name, 1) for name in (*names, "twenty-two-letters-001")))
    async with opened(browser.app, size=size) as pilot:
        shown = text_of(pilot)
    assert "Points" in shown
    assert "Newest" in shown
    assert all(f"node-0{n}" in shown for n in range(1, 9)), "the end that tells them apart"
    assert "twenty-two-letters-001" in shown


async def test_the_timeline_is_of_the_points_in_the_list_also_after_a_resize(tmp_path: Path) -> None:
    made = [point("app07", 24 * day, point_type="Full" if day % 7 == 0 else "Increment") for day in range(29)]
    browser = Browser(tmp_path, *made)
    async with opened(browser.app) as pilot:
        await press(pilot, "slash", *"type:full", "enter")
        before = str(browser.screen.query_one("#timeline", Static).content)
        await pilot.resize_terminal(79, 24)
        await settle(pilot)
        after = str(browser.screen.query_one("#timeline", Static).content)
        assert before.count("F") == browser.screen.pane.table.row_count == 5
    assert after.split()[1].strip("F.") == before.split()[1].strip("F.") == ""


@pytest.mark.parametrize(
    ("server", "words", "is_all"),
    [
        (Uncounted(28), "all 204 points loaded", True),
        (Uncounted(28, ignores_page=True), "28 points loaded just now, the server may have more", False),
    ],
)
async def test_a_list_whose_end_was_not_seen_is_not_called_all(
    browser: Browser, server: Uncounted, words: str, is_all: bool
) -> None:
    cast(SlowManager, browser.app.manager).server = server
    async with browser.app.run_test(size=(110, 24)) as pilot:
        await shows(pilot, words)
        assert ("all 2" in text_of(pilot)) is is_all
