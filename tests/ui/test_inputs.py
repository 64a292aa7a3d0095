"""One-line inputs: which part of a long text is seen."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.support.settle import press, text_of
from tui.sanitize import ascii_only
from tui.widgets.inputs import LineInput

LONG = "urn:VCloud:Vcloudsystem:6745b0de-0fbf-418a-af99-66762f02195c"


class Stage(App[None]):
    """Two entries."""

    CSS = "LineInput { width: 30; border: none; padding: 0; height: 1; }"

    def __init__(self, value: str = LONG) -> None:
        super().__init__()
        self._value = value

    def compose(self) -> ComposeResult:
        """The one that is looked at first."""
        yield LineInput(self._value, id="first")
        yield LineInput()

    @property
    def entry(self) -> LineInput:
        """The one that is looked at."""
        return self.query_one("#first", LineInput)


def first_line(pilot: Pilot[None]) -> str:
    return text_of(pilot).splitlines()[0]


async def test_the_part_around_the_cursor_is_seen_and_where_it_is_cut() -> None:
    async with Stage().run_test(size=(60, 4)) as pilot:
        await pilot.pause()
        assert first_line(pilot) == "…" + LONG[-28:]
        await press(pilot, "home")
        assert first_line(pilot) == LONG[:29] + "…"
        await press(pilot, *["right"] * 31)
        assert first_line(pilot) == "…" + LONG[3:32], "the cursor is not marked over"


async def test_what_is_cut_is_marked_without_the_focus_too() -> None:
    async with Stage().run_test(size=(60, 4)) as pilot:
        await press(pilot, *["left"] * 31, "tab")
        shown = first_line(pilot)
        assert (shown[0], shown[-1]) == ("…", "…")
        assert shown[1:-1] in LONG


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (
            "e" + "\u0301" * 5 + "x",
            "e\u0301\u0301\ufffd\ufffd\ufffdx",
        ),  # a stack would climb over other lines
        ("\u0301x", "\ufffdx"),
        ("\U0001f1e9\U0001f1eax", "\ufffd\ufffdx"),  # terminals disagree on the width of a flag
        ("a\u3164x", "a\ufffdx"),  # a letter that is not seen
        ("\ufdfdx", "\ufffdx"),
        ("nai\u0308ve \u5317", "nai\u0308ve \u5317"),
    ],
)
async def test_what_hides_or_spreads_is_seen_in_an_input_as_in_a_list(value: str, shown: str) -> None:
    async with Stage(value).run_test(size=(60, 4)) as pilot:
        await pilot.pause()
        assert first_line(pilot).rstrip() == shown
        assert pilot.app.query_one("#first", LineInput).value == value


@pytest.mark.parametrize("width", [20, 45])
async def test_the_cursor_is_seen_at_any_width_it_is_given_later(width: int) -> None:
    stage = Stage()
    async with stage.run_test(size=(60, 4)) as pilot:
        await pilot.pause()
        stage.entry.styles.width = width
        await pilot.pause()
        assert first_line(pilot) == "…" + LONG[-width + 2 :]


async def test_a_text_put_in_where_nobody_types_is_shown_around_the_cursor() -> None:
    stage = Stage("")
    async with stage.run_test(size=(60, 4)) as pilot:
        await pilot.press("tab")
        stage.entry.value = LONG
        await pilot.pause()
        assert first_line(pilot) == "…" + LONG[-28:]
        stage.entry.value = LONG[:29]
        await pilot.pause()
        assert first_line(pilot) == LONG[:29]


async def test_the_mark_is_plain_where_the_terminal_is(request: pytest.FixtureRequest) -> None:
    ascii_only()
    request.addfinalizer(lambda: ascii_only(False))
    async with Stage().run_test(size=(60, 4)) as pilot:
        await press(pilot, "tab")
        assert first_line(pilot) == "~" + LONG[-28:]
