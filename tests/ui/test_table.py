"""The big table: the cursor keeps to its row, and only lines that differ are drawn again."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Self

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.strip import Strip

from tests.support.settle import press, text_of
from tui.theme import THEMES, frames, stylesheets
from tui.widgets.table_layout import Cell, Column, ListRows, StyledText
from tui.widgets.virtual_table import VirtualTable

COLUMNS = (
    Column(key="name", label="Name", width=10, flex=1),
    Column(key="size", label="Size", width=6, align="right"),
    Column(key="state", label="State", width=8, drop=1),
)


class Many:
    """A million rows that are made when they are looked at."""

    def __init__(self) -> None:
        self.made: set[int] = set()

    def __len__(self) -> int:
        return 1_000_000

    def row(self, index: int) -> Sequence[Cell]:
        self.made.add(index)
        return f"row {index}", str(index), StyledText("fine", "good")

    def key(self, index: int) -> Hashable:
        return index

    def place(self, key: Hashable) -> int | None:
        return key if isinstance(key, int) else None


class Stage(App[None]):
    """One table that counts the lines it draws."""

    CSS_PATH = stylesheets()

    def __init__(self) -> None:
        super().__init__()
        self.table = Counting(COLUMNS, empty="Nobody is here.", id="table")
        self.said: list[tuple[str, Hashable]] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return frames()

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.register_theme(THEMES[0])
        self.theme = THEMES[0].name
        self.table.focus()

    def on_virtual_table_highlighted(self, event: VirtualTable.Highlighted) -> None:
        self.said.append(("highlighted", event.key))

    def on_virtual_table_chosen(self, event: VirtualTable.Chosen) -> None:
        self.said.append(("chosen", event.key))


class Counting(VirtualTable):
    """A table that remembers which lines were drawn, and of which regions it was asked."""

    drawn: list[int]
    asked: list[Region]

    def __init__(self, columns: Sequence[Column], *, empty: str, id: str) -> None:
        super().__init__(columns, empty=empty, id=id)
        self.drawn, self.asked = [], []

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        self.asked += regions
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_line(self, y: int) -> Strip:
        self.drawn.append(y)
        return super().render_line(y)


def rows(*names: str) -> ListRows[str]:
    return ListRows(names, row=lambda name: (name, "1", "ok"), key=lambda name: name)


async def test_a_million_rows_are_walked_and_only_those_in_view_are_made() -> None:
    app, many = Stage(), Many()
    async with app.run_test(size=(60, 20)) as pilot:
        app.table.set_rows(many)
        await press(pilot, "end", "pageup", "home", "pagedown", "down")
        assert app.table.cursor == 19
        assert len(many.made) < 100
        assert "> row 19" in text_of(pilot)


async def test_enter_chooses_the_row_under_the_cursor() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        app.table.set_rows(rows("a", "b", "c"))
        await press(pilot, "down", "enter")
        assert app.said == [("highlighted", "a"), ("highlighted", "b"), ("chosen", "b")]


async def test_the_cursor_stays_on_its_key_when_rows_come_before_it() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        app.table.set_rows(rows("a", "b", "c"))
        await pilot.press("down")
        app.table.set_rows(rows("x", "y", "a", "b"))
        assert (app.table.cursor, app.table.cursor_key) == (3, "b")
        app.table.set_rows(rows("x", "a"))
        assert app.table.cursor_key == "a"
        app.table.set_rows(rows())
        assert app.table.cursor_key is None
        await pilot.pause()
        assert "Nobody is here." in text_of(pilot)


async def test_an_arrow_key_draws_two_lines_again() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        app.table.set_rows(rows(*"abcdefgh"))
        await pilot.pause()
        app.table.drawn.clear()
        await press(pilot, "down")
        assert sorted(set(app.table.drawn)) == [1, 2]


async def test_lines_go_through_the_filters_and_can_be_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        app.table.set_rows(rows(*"abc"))
        await pilot.pause()
        whole = app.table.render_lines(Region(0, 0, 60, 5))
        assert [strip.cell_length for strip in whole] == [60] * 5
        assert app.table.render_lines(Region(2, 1, 7, 1))[0].text == whole[1].text[2:9]
    monkeypatch.setenv("NO_COLOR", "1")
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        app.table.set_rows(rows(*"abc"))
        await pilot.pause()
        grey = app.table.render_lines(Region(0, 0, 60, 5))
        assert [strip.text for strip in grey] == [strip.text for strip in whole]
        colours = [
            part.style.color.triplet for strip in grey for part in strip if part.style and part.style.color
        ]
        assert colours
        assert all(colour and colour.red == colour.green == colour.blue for colour in colours)


async def test_other_colours_are_drawn_at_once() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        app.table.set_rows(rows(*"abc"))
        await pilot.pause()
        before = app.table.render_lines(Region(0, 0, 60, 5))
        app.theme = "textual-light"
        await pilot.pause()
        after = app.table.render_lines(Region(0, 0, 60, 5))
        assert [strip.text for strip in after] == [strip.text for strip in before]
        assert all(one != other for one, other in zip(before, after, strict=True))


async def test_rows_that_did_not_change_are_not_drawn_again() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        app.table.set_rows(rows(*"abcdefgh"))
        await pilot.pause()
        app.table.drawn.clear()
        app.table.set_rows(rows(*"abcdefgX"))
        await pilot.pause()
        assert set(app.table.drawn) == {8}
        app.table.drawn.clear()
        app.table.rows_changed()
        await pilot.pause()
        assert app.table.drawn == []


async def test_of_a_line_only_the_cells_that_changed_go_to_the_terminal() -> None:
    app, size = Stage(), "12"
    async with app.run_test(size=(60, 20)) as pilot:
        items = ListRows("ab", row=lambda name: (name, size, StyledText("ok", "good")), key=lambda name: name)
        app.table.set_rows(items)
        await pilot.pause()
        app.table.asked.clear()
        size = "13"
        app.table.rows_changed()
        await pilot.pause()
        assert app.table.asked == [Region(49, 1, 1, 1), Region(49, 2, 1, 1)]
        assert "  13  ok" in text_of(pilot)


async def test_a_line_drawn_for_another_reason_does_not_hide_a_change() -> None:
    app, cells = Stage(), ["12", "fine"]
    async with app.run_test(size=(60, 20)) as pilot:
        app.table.set_rows(ListRows("a", row=lambda name: (name, *cells), key=lambda name: name))
        await pilot.pause()
        cells[:] = "13", "bad"
        app.table.refresh(Region(42, 1, 8, 1))  # the state's cells are not sent
        await pilot.pause()
        app.table.asked.clear()
        app.table.rows_changed()
        assert app.table.asked == [Region(49, 1, 7, 1)]
        await pilot.pause()
        assert "  13  bad" in text_of(pilot)


async def test_columns_that_do_not_fit_go_and_the_order_is_marked() -> None:
    app = Stage()
    async with app.run_test(size=(22, 10)) as pilot:
        app.table.set_rows(rows("a"))
        app.table.set_sorted("size", descending=True)
        await pilot.pause()
        assert text_of(pilot).splitlines()[0].split() == [">", "Name", "Size", "v"]


async def test_wide_and_hostile_text_keeps_columns_straight() -> None:
    app = Stage()
    async with app.run_test(size=(60, 10)) as pilot:
        app.table.set_rows(rows("日本語" * 30, "a\x1b[31m\u202e", "[b]x[/b]"))
        await pilot.pause()
        ends = [line.rstrip()[-2:] for line in text_of(pilot).splitlines()[1:4]]
        assert ends == ["ok", "ok", "ok"]
        assert "[b]x[/b]" in text_of(pilot)
        assert "\x1b" not in text_of(pilot)
