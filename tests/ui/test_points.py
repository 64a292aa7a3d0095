"""The browser on the embedded server: what the operator sees and what the server was asked."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from textual.events import Key, Paste
from textual.pilot import Pilot

from tests.demo.reading import Wire
from tests.support.demo_process import DemoProcess
from tests.support.settle import paste, press, settle, shows, strips_of, text_of, until
from tests.support.soak import soak
from tests.ui.walk import browsing, to_points
from tui.api.client import EnterpriseManager
from tui.api.errors import Forbidden, ManagerError, Refused, TimedOut
from tui.api.models import BackupServer
from tui.app import VbemApp
from tui.restore_points.filter_parser import FILTER_KEYS
from tui.widgets.text_view import TextView

NARROW, WIDE = (80, 24), (120, 40)
"""Where the points take the place of the list, and where they stand beside it."""


def cursor_line(pilot: Pilot[Any]) -> str:
    """The VM or point under the cursor, in the list with the focus; else what is typed in the filter."""
    focused = pilot.app.focused
    left = focused.region.x if focused is not None else 0
    return [line[left:] for line in text_of(pilot).splitlines() if line[left:].startswith("> ")][-1]


def seen(pilot: Pilot[Any]) -> str:
    """What is on the screen as one text, for sentences over several lines."""
    return " ".join(text_of(pilot).replace("│", " ").replace("┃", " ").split())


def says(pilot: Pilot[Any], words: str) -> bool:
    return words in seen(pilot)


def rows_on(pilot: Pilot[Any]) -> list[str]:
    """The lines of VMs on the screen."""
    lines = text_of(pilot).splitlines()
    return [line for line in lines if re.search(r" vbr\d", line) and "points loaded" not in line]


def names_on(pilot: Pilot[Any]) -> list[str]:
    """The VMs on the screen, from top to bottom."""
    return [row[2:].split("  ")[0].strip().casefold() for row in rows_on(pilot)]


@pytest.mark.parametrize("size", [NARROW, *soak(WIDE)])
async def test_typing_finds_a_vm_enter_shows_its_points_and_escape_goes_back(
    app: VbemApp, size: tuple[int, int]
) -> None:
    async with browsing(app, size=size) as (pilot, screen):
        assert screen.vms.has_focus, "a list has the focus when its screen opens"
        await press(pilot, "slash", *"crm01")
        assert "crm01" in cursor_line(pilot)
        await pilot.press("enter")
        await shows(pilot, "Made (local time, UTC)")
        text = text_of(pilot)
        assert "crm01  vSphere  vbr0" in text
        assert "UTC" in cursor_line(pilot)
        assert "F" in text.split("Made")[0].splitlines()[-3]
        await pilot.press("escape")
        assert screen.vms.has_focus
        assert screen.entry.value == "crm01"
        await pilot.press("escape")
        assert screen.entry.value == ""
        assert screen.vms.row_count > 60
        await press(pilot, "escape", "z", "z")
        assert "This is the first list. q quits. z does nothing here." in " ".join(text_of(pilot).split())
        await press(pilot, "slash", *"web", "enter", "G")
        assert screen.vms.has_focus
        assert (screen.entry.value, screen.vms.cursor) == ("web", screen.vms.row_count - 1)
        assert "does nothing" not in text_of(pilot)
        await press(pilot, "k", "g", "j", "slash", "escape")
        assert (screen.entry.has_focus, screen.entry.value) == (True, "")
        await press(pilot, "escape")
        assert screen.vms.has_focus


async def test_q_goes_back_and_on_the_first_list_quits_without_a_question(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        await to_points(pilot)
        await press(pilot, "q", "q")
        assert (screen.vms.has_focus, screen.entry.value, pilot.app.return_code) == (True, "", None)
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.return_code == 0, "the end")


async def test_what_is_said_of_the_points_is_taken_back_with_them(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        for key in ("escape", "slash", "shift+tab"):
            screen.vms.focus()
            await press(pilot, "enter")
            await shows(pilot, "Enter on a point opens its restore form")
            await press(pilot, key)
            assert "Enter on a point" not in text_of(pilot), key


@pytest.mark.parametrize("size", [WIDE, *soak(NARROW)])
async def test_down_leads_from_the_filter_to_the_first_vm_found_and_letters_act_there(
    app: VbemApp, size: tuple[int, int]
) -> None:
    async with browsing(app, size=size) as (pilot, screen):
        await press(pilot, "slash", "down")
        assert screen.vms.has_focus
        assert screen.vms.cursor == 0
        await press(pilot, "down", "down", "up")
        assert screen.vms.cursor == 1
        await press(pilot, "slash", *"platform:cloud")
        first = screen.vms.cursor_key
        await press(pilot, "down")
        assert (screen.vms.has_focus, screen.vms.cursor_key) == (True, first)
        await press(pilot, "f")
        assert "Newer points may not be collected yet." in text_of(pilot), "how fresh each server is"
        assert screen.entry.value == "platform:cloud"
        await press(pilot, "slash", "pagedown")
        assert screen.vms.has_focus
        await press(pilot, "slash", *"x")
        assert screen.entry.value == "platform:cloudx"
        await press(pilot, "down", "backspace")
        assert screen.entry.value == "platform:cloud", "an empty list takes no focus"
        await press(pilot, "down", "enter")
        await shows(pilot, "Made")
        assert screen.pane.vm is not None
        assert screen.pane.vm.number == first


async def test_letters_are_commands_only_while_the_list_has_the_focus(app: VbemApp) -> None:
    async with browsing(app, size=(80, 120)) as (pilot, screen):
        await pilot.press("slash", "v")
        assert screen.entry.value == "v"
        await pilot.press("backspace", "tab", "f6")
        assert screen.entry.value == ""
        await shows(pilot, "VMs by name, low to high.")
        await pilot.press("v")
        await shows(pilot, "VMs by name, high to low.")
        await pilot.press("v")
        await shows(pilot, "VMs by name, low to high.")
        names = names_on(pilot)
        assert len(names) == screen.vms.row_count
        assert names == sorted(names)
        await pilot.press("v")
        await shows(pilot, "high to low")
        assert names_on(pilot) == names[::-1]


WRONG_FILTERS = {
    "before:banana": "'banana' is not a time; write 22:45, yesterday 22:45",
    "before:2026-11-25T22:till": "is not a time; write 22:45",
    "before:2099-01-01": "lies in the future",
    "before:1h before:2d": "before: stands twice",
    "platform:xx": "There is no platform 'xx'; write platform:vsphere",
    "plattform:vsphere": "'plattform:' is not a filter key",
    "before:": "needs a value right after the colon; write before:22:45",
}


@pytest.mark.parametrize("size", [(80, 24), *soak((60, 20), (120, 40))])
async def test_a_filter_that_is_wrong_shows_nothing_opens_nothing_and_says_what_is_wrong(
    app: VbemApp, size: tuple[int, int]
) -> None:
    async with browsing(app, size=size) as (pilot, screen):
        every = screen.vms.row_count
        for wrong, words in WRONG_FILTERS.items():
            await press(pilot, "slash")
            await paste(pilot, wrong)
            # The sentence takes lines of its own: it is there with the next layout.
            await until(pilot, partial(says, pilot, words), words)
            assert screen.vms.row_count == 0
            assert says(pilot, "Nothing is shown until the filter is right.")
            await press(pilot, "down", "enter", "enter", "tab", "enter")
            assert pilot.app.screen is screen
            assert screen.pane.vm is None
            await press(pilot, "slash", "ctrl+u")
            assert not says(pilot, words)
            assert screen.vms.row_count == every


async def test_enter_in_one_piece_with_a_wrong_filter_opens_nothing(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        for event in (Key("slash", "/"), Paste("before:banana"), Key("enter", "\r"), Key("enter", "\r")):
            app.post_message(event)
        await shows(pilot, "'banana' is not a time")
        await settle(pilot)
        assert screen.pane.vm is None
        assert pilot.app.screen is screen


async def test_what_is_wrong_hides_the_points_beside_the_list_too(app: VbemApp) -> None:
    async with browsing(app, size=(120, 40)) as (pilot, screen):
        await pilot.press("slash", *"crm01", "enter")
        await shows(pilot, "Made (local time, UTC)")
        await press(pilot, "slash", "end", *" type:odd")
        assert screen.pane.table.row_count == 0
        await press(pilot, "tab", "tab", "enter")
        assert pilot.app.screen is screen


async def test_a_moment_is_said_in_full_and_does_not_move_while_one_works(
    app: VbemApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = datetime(2030, 6, 1, 1, 41, 30, tzinfo=UTC)
    clock = app.services.clock
    monkeypatch.setattr(clock, "now", lambda: start)
    async with browsing(app) as (pilot, screen):
        await press(pilot, "slash", *"before:22:45")
        assert "before 2030-05-31 22:45 UTC, 2 h 56 min ago, the last time it was 22:45" in text_of(pilot)
        assert screen.vms.row_count > 60
        monkeypatch.setattr(clock, "now", lambda: start + timedelta(hours=22))
        await press(pilot, *" crm")
        assert "before 2030-05-31 22:45 UTC, 1 d ago, the last time it was 22:45" in text_of(pilot)
        await press(pilot, *["backspace"] * 16, *"before:2030-05-31 22:45")
        assert "before 2030-05-31 22:45 UTC, 1 d ago" in text_of(pilot)
        assert screen.vms.row_count > 60
        await press(pilot, "escape")
        assert "before 2030" not in text_of(pilot)


async def test_matches_are_counted_and_a_platform_is_called_by_one_name(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        every = screen.vms.row_count
        await shows(pilot, f"{every} VMs; all ")
        await press(pilot, "slash", *"cloud")
        await shows(pilot, f"{screen.vms.row_count} of {every} VMs; all ")
        assert 0 < screen.vms.row_count < every
        rows = rows_on(pilot)
        assert rows
        assert all("Cloud Director" in line for line in rows)
        await press(pilot, "enter", "enter")
        await shows(pilot, "Made")
        assert "  Cloud Director  vbr0" in text_of(pilot)


async def test_a_platform_that_the_list_does_not_say_is_asked_of_the_backup_and_found(
    demo: DemoProcess, app: VbemApp
) -> None:
    demo.fault("missing:HierarchyObjRef@list")
    async with browsing(app) as (pilot, screen):
        assert all("unknown" in line for line in rows_on(pilot))
        await press(pilot, "slash", *"platform:hyper-v")
        await until(pilot, lambda: bool(screen.vms.row_count), "the VMs of backups of Hyper-V")
        assert all("Hyper-V" in line for line in rows_on(pilot))
        assert "platform of" not in text_of(pilot)


async def test_what_the_form_finds_out_of_a_platform_is_in_the_list(demo: DemoProcess, app: VbemApp) -> None:
    demo.fault("missing:HierarchyObjRef@list")
    async with browsing(app) as (pilot, _):
        await press(pilot, "slash", *"hv-sql01")
        assert "unknown" in rows_on(pilot)[0]
        await pilot.press("enter")
        await shows(pilot, "Made")
        await pilot.press("enter")
        await shows(pilot, "Restore  |")
        await until(pilot, lambda: "KeepOriginalVM" in text_of(pilot), "the form")
        await pilot.press("escape")
        await shows(pilot, "Restore points  |")
        await pilot.press("escape")
        await until(pilot, lambda: "Hyper-V" in rows_on(pilot)[0], "what the form found out")


async def test_the_key_that_leads_to_the_filter_is_no_letter_at_its_beginning(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        await shows(pilot, "kind: after: before:")
        await pilot.press(*"/web")
        assert screen.entry.value == "web"
        await pilot.press("home", *"/")
        assert screen.entry.value == "web"
        await pilot.press("end", *"/x")
        assert screen.entry.value == "web/x"


async def test_news_of_the_start_stay_while_somebody_types(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        screen.set_status("1 restore of an earlier run in flight.")
        await press(pilot, "slash", *"web")
        assert "1 restore of an earlier run" in text_of(pilot)


async def test_ages_are_written_anew_on_return(app: VbemApp, monkeypatch: pytest.MonkeyPatch) -> None:
    # Painting a late page would write the ages as well.
    app.services.refresh = replace(app.services.refresh, paint_every_s=0.001)
    async with browsing(app) as (pilot, _):
        await shows(pilot, "points loaded just now")
        await press(pilot, "ctrl+t")
        later = app.services.clock.now() + timedelta(minutes=4)
        monkeypatch.setattr(app.services.clock, "now", lambda: later)
        await pilot.press("escape")
        await shows(pilot, "points loaded 4 min ago")


async def test_namesakes_stay_apart_and_each_says_where_it_is(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        await press(pilot, "slash", *'"web01"')
        assert screen.vms.row_count >= 2
        await press(pilot, "enter", "enter")
        await shows(pilot, "VMs of this name")


async def test_the_server_is_asked_newest_first_then_page_by_page(demo: DemoProcess, app: VbemApp) -> None:
    demo.reset(points=1800)
    demo.control("clear-requests")
    async with browsing(app) as (pilot, _):
        await shows(pilot, "all 1,860 points loaded")
        asked = [one["query"] for one in demo.requests("list") if "vmrestorepoint" in one["query"].lower()]
        assert "sortDesc=CreationTime" in asked[0]
        assert "pageSize=50&page=1" in asked[0]
        assert sorted(query.rpartition("page=")[2] for query in asked[1:]) == ["1", "2", "3", "4"]


async def test_reloading_shows_what_came_and_drops_what_went(demo: DemoProcess, app: VbemApp) -> None:
    async with browsing(app) as (pilot, _):
        found = re.search(r"all ([\d,]+) points loaded", text_of(pilot))
        assert found
        count = int(found[1].replace(",", ""))
        new = demo.control("add-point", vm="crm01")["uid"]
        await pilot.press("f5")
        await shows(pilot, f"all {count + 1:,} points loaded")
        demo.control("remove-point", uid=new)
        await pilot.press("f5")
        await shows(pilot, f"all {count:,} points loaded")


async def test_collection_is_asked_of_the_vms_own_server(demo: DemoProcess, app: VbemApp) -> None:
    async with browsing(app) as (pilot, _):
        await pilot.press("n")
        await shows(pilot, "Collect now?")
        assert collected(demo) == []
        demo.fault("hold@any")
        await pilot.press("right", "enter")
        await until(pilot, lambda: demo.fired() > 0, "the request")
        assert "Asked for a collection from vbr" in text_of(pilot)
        await pilot.press("n")
        await shows(pilot, "being asked for already")
        demo.control("clear-faults")
        await shows(pilot, " started at ")
        (path,) = collected(demo)
        server = cursor_line(pilot).rpartition(" vbr")[2].split()[0].rstrip("\u2026")
    with Wire(demo, format="json") as client:
        client.log_on()
        servers = client.get("/api/backupServers?format=Entity").listed("BackupServers")
        (uid,) = [one["UID"] for one in servers if one["Name"].startswith(f"vbr{server}")]
    assert uid.rpartition(":")[2].lower() in path.lower()


def collected(demo: DemoProcess) -> list[str]:
    return [one["path"] for one in demo.requests() if "action=collect" in (one["query"] or "")]


async def test_an_account_that_may_not_collect_is_told_so_and_goes_on(
    demo: DemoProcess, app: VbemApp
) -> None:
    demo.control("set", option="role", value="restore-operator")
    async with browsing(app) as (pilot, _):
        await pilot.press("n")
        await shows(pilot, "Collect now?")
        assert collected(demo) == []
        await pilot.press("right", "enter")
        await shows(pilot, "may not start a collection")
        assert collected(demo) == []


async def test_beside_the_points_are_the_details_of_the_one_under_the_cursor(app: VbemApp) -> None:
    async with browsing(app, size=(200, 50)) as (pilot, screen):
        details = screen.pane.details
        assert details.display
        await press(pilot, "slash", *"crm01", "enter")
        await settle(pilot)
        for _ in range(2):
            point = screen.pane.selected()
            assert point is not None
            for words in ("crm01", point.uid, f"{point.created:%Y-%m-%d %H:%M} UTC", point.object_ref):
                assert words in details.text
            await press(pilot, "j")
        await press(pilot, "tab")
        assert details.has_focus
        assert screen.has_class("-chosen"), "they belong to the points"
        await press(pilot, "escape")
        assert screen.vms.has_focus
        await press(pilot, "slash", "escape", *"/no-such-vm")
        assert details.text == ""
        await pilot.resize_terminal(199, 50)
        await until(pilot, lambda: not details.display, "no details where there is no room")


async def test_beside_the_list_are_the_points_of_the_vm_under_the_cursor(app: VbemApp) -> None:
    async with browsing(app, size=(120, 40)) as (pilot, screen):
        for keys in ((), ("down",), ("G",), ("slash", *"web"), ("ctrl+u",)):
            await press(pilot, *keys)
            vm = screen.vms.cursor_key
            assert screen.pane.vm is not None, keys
            assert screen.pane.vm.number == vm, keys
            assert screen.pane.table.row_count > 0, keys
            assert not screen.pane.table.has_focus
        await press(pilot, "enter", "enter")
        assert screen.pane.table.has_focus
        await press(pilot, "escape", "down")
        other = screen.vms.cursor_key
        assert screen.pane.vm is not None
        assert screen.pane.vm.number == other != vm


async def test_where_there_is_no_room_the_points_of_another_vm_are_not_kept(app: VbemApp) -> None:
    async with browsing(app, size=(119, 40)) as (pilot, screen):
        assert screen.pane.vm is None
        await press(pilot, "slash", *"web", "enter", "enter")
        await shows(pilot, "Made (local time, UTC)")
        await press(pilot, "escape")
        assert screen.pane.vm is not None, "back on the same VM"
        await press(pilot, "down")
        assert screen.pane.vm is None
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: screen.pane.vm is not None, "the points beside the list")


async def test_the_list_that_keys_act_in_is_marked_without_colour(app: VbemApp) -> None:
    async with browsing(app, size=(120, 40)) as (pilot, screen):
        lines = text_of(pilot).splitlines()
        assert sum(line.startswith("> ") for line in lines) == 2, "its headings, and its row"
        await press(pilot, "enter")
        lines, left = text_of(pilot).splitlines(), screen.pane.table.region.x
        assert not [line for line in lines if line.startswith("> ")]
        assert sum(line[left:].startswith("> ") for line in lines) == 2
        (row,) = [
            segment.style
            for strip in strips_of(pilot)
            for segment in strip.crop(0, left)
            if segment.style and segment.style.underline
        ]
        assert not row.reverse
        await press(pilot, "slash")
        assert text_of(pilot).splitlines()[1].startswith("> Find:")


async def test_another_order_is_shown_from_its_beginning(app: VbemApp) -> None:
    async with browsing(app) as (pilot, screen):
        await pilot.press("down", "down", "f6")
        assert screen.vms.cursor == 0
        await shows(pilot, "VM ^")
        await pilot.press("f6")
        await shows(pilot, "Points v")


async def test_where_nothing_is_found_it_says_which_part_of_the_filter_matches_nothing(app: VbemApp) -> None:
    async with browsing(app) as (pilot, _):
        for text, words in {
            "web server:vbr9": "Nothing matches 'server:vbr9'. Esc clears the filter.",
            "nobody": "Nothing matches 'nobody'.",
            "before:2001-09-09 22:45": "Nothing matches 'before:2001-09-09 22:45'.",
            "crm till": "Nothing matches all of the filter.",
        }.items():
            await press(pilot, "slash", "ctrl+u")
            await paste(pilot, text)
            assert words in text_of(pilot)


async def test_line_of_keys_begins_with_enter_in_the_filter_and_in_both_lists(app: VbemApp) -> None:
    async with browsing(app) as (pilot, _):
        for key, words in (
            ("end", "/ Find  Space Mark  r Restore  ? Help  t Tasks  i Incident"),
            ("slash", "F1 Help"),
            ("tab", "/ Find"),
            ("enter", "/ Find"),
        ):
            await press(pilot, key)
            assert text_of(pilot).splitlines()[-1].startswith(f" Enter Open  {words}")


async def test_help_lists_enter_and_what_the_filter_takes(app: VbemApp) -> None:
    async with browsing(app, size=(120, 60)) as (pilot, _):
        await press(pilot, "f1")
        shown = " ".join(pilot.app.screen.query_one(TextView).text.split())
    assert "Enter Show the points of the VM; on a point, open its form;" in shown
    assert "Letters act while a list has the focus: Enter or Down goes there from the filter." in shown
    for key in FILTER_KEYS:
        assert f"{key.name}: {key.values}" in shown
    assert "yesterday 22:45, 2026-11-25 22:45, 25.11. 22:45" in shown


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimedOut("It says nothing."), "It is not known whether the collection"),
        (Forbidden("x", http_code=403), "It is not known whether the collection"),
        (Forbidden("x", http_code=403, from_manager=True), "may not start a collection"),
        (Refused("x", request_sent=False), "Could not collect"),
    ],
)
async def test_a_collection_whose_answer_was_lost_may_have_begun(
    app: VbemApp, monkeypatch: pytest.MonkeyPatch, error: ManagerError, words: str
) -> None:
    async def collect(_manager: EnterpriseManager, _server: BackupServer) -> None:
        raise error

    monkeypatch.setattr(EnterpriseManager, "collect", collect)
    async with browsing(app) as (pilot, _):
        await pilot.press("n")
        await shows(pilot, "Collect now?")
        await pilot.press("right", "enter")
        await shows(pilot, words)
