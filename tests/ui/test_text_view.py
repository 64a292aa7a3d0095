"""Plain lines: what is on the terminal is what they show, however they were scrolled before."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import RenderableType
from textual.app import App, ComposeResult
from textual.screen import Screen

from tests.support.frames import watch_frames
from tui.widgets.text_view import TextView

ONE = [f"one {n}" for n in range(20)]
OTHER = [f"one {n}" if n == 5 else f"other {n}" for n in range(20)]
"""The line that is at the top after scrolling by five stands at the same place of both."""


class Page(App[None]):
    """Nothing but lines."""

    CSS = "TextView { height: 10; }"

    def compose(self) -> ComposeResult:
        yield TextView(ONE)

    @property
    def lines(self) -> TextView:
        return self.query_one(TextView)


def shown(app: Page) -> list[str]:
    """What would be drawn, by line."""
    return [app.lines.render_line(y).text.rstrip() for y in range(10)]


async def test_other_lines_after_scrolling_are_painted_wherever_they_differ_from_the_screen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Page()
    screen: dict[int, str] = {}

    def paint(_app: App[Any], _screen: Screen[Any], frame: RenderableType) -> None:
        # What a terminal keeps: only what was sent is written over.
        sent = {y for y, _, _ in frame.spans} if hasattr(frame, "spans") else set(range(10))
        screen.update((y, line) for y, line in enumerate(shown(app)) if y in sent)

    watch_frames(monkeypatch, paint)
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        app.lines.turn(5)
        await pilot.pause()
        app.lines.show(OTHER, from_top=True)
        await pilot.pause()
        assert [screen[y] for y in range(10)] == shown(app)
        assert screen[0] == "other 0"


async def test_it_says_how_much_is_above_and_below() -> None:
    app = Page()
    async with app.run_test(size=(40, 12)):
        assert shown(app)[0] == "one 0"
        assert "11 more lines" in shown(app)[-1]
        app.lines.turn(4)
        assert shown(app)[:2] == ["(5 lines above)", "one 5"]
        assert "7 more lines" in shown(app)[-1]
        app.lines.turn(99)
        assert shown(app)[-1] == "one 19"
        app.lines.action_first()
        assert shown(app)[0] == "one 0"
