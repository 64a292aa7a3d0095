"""Keys: written in one way everywhere, complete at 80 columns, and only those that can be used."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from textual.command import CommandPalette
from textual.widgets._toast import Toast

from tests.support.settle import opened, press, settle, text_of, until
from tests.ui.forms import app_for, sent, to_confirm
from tests.ui.stage import StageManager, stage
from tests.unit.restores.points import point
from tui.actions import ACTIONS, actions_of, spell_key, spell_keys
from tui.api.models import Platform
from tui.app import VbemApp
from tui.restores.forms.fields import FormDraft
from tui.screens.dialogs import AskScreen, HelpScreen
from tui.screens.history import HistoryScreen
from tui.screens.restore_form import RestoreFormScreen
from tui.screens.tasks import TasksScreen
from tui.widgets.footer import FooterKey, fitting
from tui.widgets.header import StatusLine
from tui.widgets.inputs import LineInput
from tui.widgets.text_view import TextView

NEVER_BESIDE_OTHERS = {"tasks.take_over"}
"""Offered for a row that this vbem does not watch, where no other action on restores is."""
FULL_SCREENS = ("login", "points", "form", "request", "tasks", "history")


def words_of(screen: str) -> list[FooterKey]:
    return [
        FooterKey(f"{one.screen}.{one.name}", spell_key(one.keys.partition(",")[0]), one.label)
        for one in actions_of(screen)
        if one.footer
    ]


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("ctrl+r", "Ctrl+R"), ("f5", "F5"), ("escape", "Esc"), ("slash", "/"), ("c", "c"),
        (" pagedown", "PgDn"), ("space", "Space"), ("question_mark", "?"),
    ],
)  # fmt: skip
def test_keys_are_written_in_one_way(key: str, written: str) -> None:
    assert spell_key(key) == written


@pytest.mark.parametrize("screen", FULL_SCREENS)
def test_own_keys_of_each_screen_and_the_help_fit_into_80_columns(screen: str) -> None:
    wanted = [word for word in words_of(screen) if word.id not in NEVER_BESIDE_OTHERS]
    shown = fitting(wanted, 80)
    own = [word for word in wanted if not word.id.startswith("app.")]
    assert [word for word in shown if word in own] == own
    assert "app.help" in {word.id for word in shown}


def test_the_least_needed_goes_first_and_the_help_never() -> None:
    words = [FooterKey("a", "a", "first"), FooterKey("app.help", "F1", "Help"), FooterKey("b", "b", "last")]
    assert [word.id for word in fitting(words, 80)] == ["a", "app.help", "b"]
    assert [word.id for word in fitting(words, 18)] == ["a", "app.help"]
    assert [word.id for word in fitting(words, 4)] == ["app.help"]
    noted = [word._replace(is_noted=word.id == "b") for word in words]
    assert [word.id for word in fitting(noted, 18)] == ["app.help", "b"]


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_line_of_keys_is_never_cut(tmp_path: Path, width: int) -> None:
    async with opened(app_for(tmp_path, point(Platform.CLOUD_DIRECTOR)), size=(width, 24)) as pilot:
        line = text_of(pilot).splitlines()[-1].strip()
    known = {f"{spell_key(key)} {one.label}" for one in ACTIONS for key in one.keys.split(",")}
    assert line.startswith("Ctrl+R Restore  F2 Look up")
    assert "F1 Help" in line
    assert set(line.split("  ")) <= known, "whole words only"


async def test_line_of_keys_counts_what_is_in_flight_at_60x20(tmp_path: Path, manager: StageManager) -> None:
    async with sent(tmp_path, manager, size=(60, 20)) as pilot:
        app = stage(pilot)
        form = RestoreFormScreen(app.services, FormDraft(point=point(Platform.CLOUD_DIRECTOR)))
        for screen, tasks, help_ in ((form, "Ctrl+T", "F1"), (HistoryScreen(app.services), "t", "?")):
            app.push_screen(screen)
            await settle(pilot)
            line = text_of(pilot).splitlines()[-1]
            assert f"  {tasks} Tasks (1)" in line
            assert f"  {help_} Help" in line


async def test_a_dialog_says_what_enter_does_on_the_button_that_has_the_focus(tmp_path: Path) -> None:
    async with app_for(tmp_path, point()).run_test(size=(80, 24)) as pilot:
        await to_confirm(pilot)
        assert text_of(pilot).splitlines()[-1].strip() == "Enter Back  Esc Back  Right Next  ? Help"
        await press(pilot, "right")
        assert text_of(pilot).splitlines()[-1].strip().startswith("Enter Restore  Esc Back")


async def test_tasks_do_not_offer_the_way_to_the_tasks(tmp_path: Path) -> None:
    async with app_for(tmp_path, point()).run_test(size=(80, 24)) as pilot:
        await to_confirm(pilot)
        await press(pilot, "right", "enter")
        assert isinstance(pilot.app.screen, TasksScreen)
        assert "Ctrl+T" not in text_of(pilot).splitlines()[-1]


async def test_before_logon_nothing_is_offered_that_needs_it(app: VbemApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Log on" in text_of(pilot), "the login")
        await press(pilot, "ctrl+t", "ctrl+y")
        shown = text_of(pilot)
        assert "Tasks" not in shown
        assert shown.splitlines()[-1].split("  ")[0].strip() == "Ctrl+L Log on"
        await press(pilot, "f1")
        assert "Ctrl+T" not in text_of(pilot)


async def test_help_says_that_more_is_below_and_arrows_go_there(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point())) as pilot:
        app = cast(VbemApp, pilot.app)
        app.push_screen(HelpScreen(app.services, "points"))
        await pilot.pause()
        shown = text_of(pilot)
        assert "DEMO  Keys on this screen" in shown
        assert "more lines: arrow keys" in shown
        assert "Esc closes this." not in shown
        await press(pilot, "pagedown", "pagedown", "pagedown")
        assert "Esc closes this." in text_of(pilot)


def test_help_and_palette_write_every_key() -> None:
    restore = next(one for one in ACTIONS if (one.screen, one.name) == ("form", "restore"))
    assert spell_keys(restore) == "Ctrl+R"


async def test_palette_writes_the_keys_and_leaves_the_arrows_out(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point()), size=(80, 40)) as pilot:
        commands = list(pilot.app.get_system_commands(pilot.app.screen))
        await press(pilot, "ctrl+p")
        assert isinstance(pilot.app.screen, CommandPalette)
    assert {"Ctrl+R", "F2 or Ctrl+N"} <= {one.help.partition(":")[0] for one in commands}
    assert "Next field" not in {one.title for one in commands}


async def test_palette_offers_an_action_once_where_a_screen_has_its_own_key_for_it(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point())) as pilot:
        await press(pilot, "ctrl+t")
        titles = [one.title for one in pilot.app.get_system_commands(pilot.app.screen)]
    assert titles.count("History") == 1


async def test_news_stand_on_the_status_line_and_cover_nothing(tmp_path: Path) -> None:
    app = app_for(tmp_path, point())
    async with opened(app) as pilot:
        app.show_notice("The journal is gone.", "bad")
        app.show_notice("1 restore of an earlier run in flight: Ctrl+T shows the tasks.")
        await pilot.pause()
        shown = " ".join(text_of(pilot).split())
        assert "The journal is gone. 1 restore of an earlier run in flight" in shown
        assert app.screen.query_one(StatusLine).has_class("-bad")
        assert not app.screen.query(Toast)
        await press(pilot, "ctrl+t", "escape")
        shown = text_of(pilot)
        assert ("The journal is gone." in shown, "in flight" in shown) == (True, False), "it led to the tasks"


async def test_help_of_a_dialog_lists_its_keys_and_gives_it_back_as_it_was(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point())) as pilot:
        await pilot.press("space")
        await to_confirm(pilot)
        dialog = pilot.app.screen
        await press(pilot, *"app", "f1")
        assert isinstance(pilot.app.screen, HelpScreen)
        shown = text_of(pilot)
        assert "Keys in this dialog" in shown
        assert "Send nothing." in shown
        assert "Show the restores of this run" not in shown, "its key does not work here"
        await press(pilot, "f1")
        assert pilot.app.screen is dialog
        await pilot.press("0", "7")
        assert dialog.query_one("#confirm-typed", LineInput).value == "app07"


async def test_a_long_question_scrolls_its_text_and_keeps_its_buttons(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point()), size=(60, 20)) as pilot:
        app = stage(pilot)
        words = "\n".join(f"line {number}" for number in range(40))
        app.push_screen(AskScreen(app.services, "Sure?", words, yes="Do it", no="Leave it"))
        await settle(pilot)
        for keys, seen in (((), "line 0"), (["down"] * 40, "line 39")):
            await press(pilot, *keys)
            for part in ("Sure?", seen, "Leave it", "Do it"):
                assert part in text_of(pilot)


async def test_help_promises_nothing_of_restores_that_the_demo_does_not_keep(tmp_path: Path) -> None:
    async with opened(app_for(tmp_path, point()), size=(100, 40)) as pilot:
        await press(pilot, "f1")
        assert stage(pilot).services.is_demo
        shown = pilot.app.screen.query_one(TextView).text
    assert "Quit; the question before says what becomes of restores in flight." in shown
    assert "continue at the server" not in shown


@pytest.mark.parametrize(
    ("size", "warning"),
    [
        ((40, 12), ""),
        ((39, 12), "Too small: 39x12, needs 40x12"),
        ((80, 11), "Too small: 80x11, needs 40x12"),
    ],
)
async def test_a_terminal_that_is_too_small_is_told_so_beside_the_keys(
    tmp_path: Path, size: tuple[int, int], warning: str
) -> None:
    async with app_for(tmp_path, point()).run_test(size=size) as pilot:
        await settle(pilot)
        keys = text_of(pilot).splitlines()[-1]
        assert keys.startswith(f" {warning}")
        assert ("Too small" in keys) == bool(warning)
        assert size[0] < 80 or "F1 Help" in keys
