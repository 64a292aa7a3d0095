"""`y` copies what is under the cursor, and says so; a password is never copied."""

from __future__ import annotations

from pathlib import Path

from tests.support.settle import press, shows, text_of
from tests.ui.walk import browse, to_form
from tui.app import VbemApp
from tui.screens.points import RestorePointsScreen
from tui.widgets.inputs import LineInput


async def test_the_row_under_the_cursor_is_copied(app: VbemApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await browse(pilot)
        screen = app.screen
        assert isinstance(screen, RestorePointsScreen)
        await press(pilot, "slash", *"crm01", "down", "y")
        assert app.clipboard == "crm01"
        assert "clipboard: crm01" in text_of(pilot)
        await press(pilot, "enter")
        await shows(pilot, "Made")
        await press(pilot, "y")
        point = screen.pane.selected()
        assert point is not None
        assert app.clipboard == point.uid
        assert "clipboard: crm01" not in text_of(pilot)


async def test_the_exact_request_is_copied_whole(app: VbemApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await browse(pilot)
        await to_form(pilot)
        await press(pilot, "y")
        assert not app.clipboard, "a letter acts on no form"
        await press(pilot, "ctrl+g", "y")
        assert app.clipboard.startswith("POST")
        assert app.clipboard.rstrip().endswith(">")
        assert "lines" in text_of(pilot)


async def test_the_help_is_copied_from_its_dialog(app: VbemApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await browse(pilot)
        await press(pilot, "question_mark", "y")
        assert "Show what each key does on this screen." in app.clipboard
        assert "sent to your terminal's clipboard" in text_of(pilot)


async def test_a_password_goes_to_no_clipboard(app: VbemApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        field = next(field for field in app.screen.query(LineInput) if field.password)
        field.focus_for_retyping()
        await press(pilot, "ctrl+x")
        assert field.value
        assert not app.clipboard


async def test_the_exact_request_is_saved_as_it_is_sent_whatever_is_shown(
    app: VbemApp, tmp_path: Path
) -> None:
    path = tmp_path / "request.txt"
    async with app.run_test(size=(80, 24)) as pilot:
        await browse(pilot)
        await to_form(pilot)
        await press(pilot, "ctrl+g", "y", "space", "w")
        await shows(pilot, "Save what is sent")
        app.screen.query_one("#export-path", LineInput).value = str(path)
        await press(pilot, "enter")
        await shows(pilot, "The request is written to")
        assert app.clipboard.rstrip() in path.read_text()
        assert "for reading only" in text_of(pilot)
