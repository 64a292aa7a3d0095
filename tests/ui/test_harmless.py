"""The one door for everything drawn: whatever widget draws a text, no control of it reaches the terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from importlib import import_module
from pkgutil import iter_modules

import pytest
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Button, Input, Label, OptionList, Static

from tests.support.painting import UNSAFE
from tests.support.settle import settle
from tui import widgets
from tui.cli.main import main
from tui.restores.forms.fields import Choice, Field, FieldKind
from tui.terminal.rendering import SinglePaintApp, SinglePaintScreen
from tui.widgets.footer import Footer
from tui.widgets.form import ChoiceRow, SwitchRow, TextRow
from tui.widgets.header import Banner, ElsewhereLine, Header, IncidentLine, StatusLine
from tui.widgets.inputs import FilterInput, LineInput
from tui.widgets.table_layout import Column, ListRows, StyledText
from tui.widgets.text_view import BoxText, TextView
from tui.widgets.virtual_table import VirtualTable

POISON = {
    "title": "\x1b]0;pwned\x07",
    "clipboard": "\x1b]52;c;cm0gLXJm\x1b\\",
    "link": "\x1b]8;;file:///etc/passwd\x1b\\x\x1b]8;;\x1b\\",
    "clear": "\x1b[2J\x1b[H",
    "answer": "\x1b[c\x1b[6n\x05",
    "eight bits": "\x9b2J\x9d0;pwned\x9c\x90q\x9c",
    "bidi": "\u202egpj.exe\u2066\u200f\u061c",
    "controls": "\r\n\b\b\v\f\x0e\x7f\x00",
    "surrogate": "\ud800\udfff",
}
OURS = re.compile(r"\x1b\[[0-9;]*[mH]|\x1b\[\?(?:2026|25)[hl]|\x1b\]22;default\x07|\n")
"""What frames are made of: styles, places, synchronized output, the cursor, the pointer."""
MARK = "drawn"
LETTERS = 3
"""Of the kind of poison stand behind the mark, so that each is known to be drawn."""
FRAME_ROWS = 8


class RecordingDriver(HeadlessDriver):
    """A terminal of which every byte is kept."""

    written = ""

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.written += data


class Gallery(SinglePaintApp):
    """One widget on a screen of ours."""

    def __init__(self, make: Callable[[], Iterable[Widget]]) -> None:
        super().__init__()
        self.make = make

    def get_driver_class(self) -> type[Driver]:
        return RecordingDriver

    def get_default_screen(self) -> Screen[None]:
        return Wall(self.make)


class Wall(SinglePaintScreen[None]):
    """Where it hangs."""

    def __init__(self, make: Callable[[], Iterable[Widget]]) -> None:
        super().__init__()
        self.make = make

    def compose(self) -> ComposeResult:
        yield from self.make()


def frame(drawn: Iterable[Widget]) -> Widget:
    """What one of the texts is drawn in: each frame is as high as the others."""
    whole = Vertical(*drawn)
    whole.styles.height = FRAME_ROWS
    return whole


def bordered(text: str) -> Widget:
    widget = Static("")
    widget.styles.border = ("round", "white")
    widget.styles.height = 5
    widget.border_title = widget.border_subtitle = Content(text)
    return widget


def table(text: str, *, rows: bool) -> VirtualTable:
    widget = VirtualTable(
        (Column(key="a", label=text, width=30), Column(key="b", label="b", width=30)), empty=text
    )
    widget.set_rows(
        ListRows([text] if rows else [], lambda one: (one, StyledText(one, "bad")), lambda one: one)
    )
    return widget


def status(text: str) -> Iterable[Widget]:
    line = StatusLine()
    line.say(text, "bad")
    yield line


def incident(text: str) -> Iterable[Widget]:
    line = IncidentLine()
    line.call_later(line.show, (text,))
    yield line


def elsewhere(text: str) -> Iterable[Widget]:
    line = ElsewhereLine()
    line.call_later(line.show, text)
    yield line


def footer(text: str) -> Iterable[Widget]:
    class Bound(Static, can_focus=True):
        BINDINGS = [Binding("x", "x", text)]  # noqa: RUF012

        def on_mount(self) -> None:
            self.focus()

        def action_x(self) -> None:
            """Do nothing."""

    yield Bound("")
    yield Footer({"x": text})


def field(text: str, kind: FieldKind) -> Field:
    choices = (Choice(value="v", label=text),)
    return Field(name="name", label=text, kind=kind, default="", help=text, wire_name=text, choices=choices)


def text_row(text: str) -> TextRow:
    row = TextRow(field(text, FieldKind.TEXT), text)
    row.call_later(row.set_name, text)
    return row


WIDGETS: dict[str, Callable[[str], Iterable[Widget]]] = {
    "input": lambda text: [LineInput(text)],
    "placeholder": lambda text: [LineInput(placeholder=text)],
    "filter": lambda text: [FilterInput(text)],
    "password": lambda text: [LineInput(text, password=True), Static(text[: len(MARK) + LETTERS])],
    "input of Textual": lambda text: [Input(text)],
    "static": lambda text: [Static(text, markup=False)],
    "markup": lambda text: [Static(Content(text))],
    "rich text": lambda text: [Static(Text(text, style=Style(link=f"file://{text}")))],
    "label": lambda text: [Label(text, markup=False)],
    "button": lambda text: [Button(Content(text))],
    "options": lambda text: [OptionList(Content(text))],
    "border": lambda text: [bordered(text)],
    "table": lambda text: [table(text, rows=True)],
    "empty table": lambda text: [table(text, rows=False)],
    "text view": lambda text: [TextView([text, StyledText(text, "bad")])],
    "text of a box": lambda text: [BoxText([text, StyledText(text, "bad")])],
    "header": lambda text: [Header(text, marks="DEMO", who=text)],
    "banner": lambda text: [Banner(text)],
    "incident": incident,
    "elsewhere": elsewhere,
    "status": status,
    "footer": footer,
    "switch": lambda text: [SwitchRow(field(text, FieldKind.BOOL), True)],
    "choice": lambda text: [ChoiceRow(field(text, FieldKind.CHOICE), "v")],
    "text row": lambda text: [text_row(text)],
}


async def written_with(make: Callable[[], Iterable[Widget]], kinds: Iterable[str]) -> str:
    """What a screen of these widgets writes, in whose texts and in whose title poison of these kinds is."""
    app = Gallery(make)
    async with app.run_test(headless=False, size=(80, FRAME_ROWS * len(POISON))) as pilot:
        await settle(pilot)
        for kind in kinds:
            app.title = app.sub_title = POISON[kind]
            app.notify(POISON[kind], title=POISON[kind])
            await settle(pilot)
        driver = app._driver
        assert isinstance(driver, RecordingDriver)
        return driver.written


def poisoned(kind: str) -> str:
    return f"{MARK}{kind[:LETTERS]}{POISON[kind]}x"


def is_harmless(written: str, kinds: Iterable[str]) -> None:
    """Each text was drawn, and nothing of it but what is seen."""
    # The cursor may be on the first letter.
    assert [kind for kind in kinds if f"{MARK[1:]}{kind[:LETTERS]}" not in written] == []
    left = OURS.sub("", written.partition("\x1b[?1049l")[0])
    assert not UNSAFE.search(left), repr(UNSAFE.search(left))


@pytest.mark.parametrize("name", sorted(WIDGETS.keys() - {"footer"}))
async def test_no_control_of_a_text_reaches_the_terminal(name: str) -> None:
    """Each kind of poison has a frame of its own, so that none hides another."""
    draw = WIDGETS[name]
    written = await written_with(lambda: [frame(draw(poisoned(kind))) for kind in POISON], POISON)
    is_harmless(written, POISON)


@pytest.mark.parametrize("kind", POISON)
async def test_no_control_in_the_line_of_keys_reaches_the_terminal(kind: str) -> None:
    """A screen has one line of keys: that of the widget with the focus."""
    is_harmless(await written_with(lambda: WIDGETS["footer"](poisoned(kind)), [kind]), [kind])


def test_each_widget_of_ours_is_among_them() -> None:
    drawn = {kind for draw in WIDGETS.values() for widget in draw("") for kind in type(widget).__mro__}
    ours = {
        kind
        for module in iter_modules(widgets.__path__)
        for kind in vars(import_module(f"tui.widgets.{module.name}")).values()
        if isinstance(kind, type) and issubclass(kind, Widget) and kind.__module__.startswith("tui.widgets")
    }
    assert {kind.__name__ for kind in ours - drawn} == {"Button", "Switch", "Toggle", "FormFields"}, (
        "words of our own, and the parts and the whole of rows"
    )


@pytest.mark.parametrize("words", [["--{}"], ["--wire", "{}"], ["{}"], ["demo-server", "{}"]])
def test_no_control_of_a_wrong_word_is_printed(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([word.format(POISON["title"]) for word in words])
    printed = capsys.readouterr().err
    assert "pwned" in printed
    assert not UNSAFE.search(printed.replace("\n", ""))


class Painted(Widget):
    """A line that is painted again in part."""

    words = "日本語ab"

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(self.words)], 8) if y == 0 else Strip.blank(8)


@pytest.mark.parametrize(
    ("start", "width", "sent"),
    [
        (0, 2, "\x1b[1;1H日"),
        (2, 2, "\x1b[1;3H本"),
        (6, 2, "\x1b[1;7Hab"),
        (3, 4, "\x1b[1;4H 語a"),  # the left half of a wide character is left out: its other half is blank
    ],
)
async def test_only_the_cells_that_changed_are_sent(start: int, width: int, sent: str) -> None:
    app = Gallery(lambda: [Painted()])
    async with app.run_test(headless=False, size=(80, 24)) as pilot:
        await settle(pilot)
        driver = app._driver
        assert isinstance(driver, RecordingDriver)
        driver.written = ""
        app.query_one(Painted).refresh(Region(start, 0, width, 1))
        await settle(pilot)
        written = re.sub(r"\x1b\[[0-9;]*m|\x1b\[\?(?:2026|25)[hl]", "", driver.written)
    assert written.partition("\x1b[?1049l")[0].startswith(sent), repr(written)
    assert len(written) <= len(sent) + len("\x1b[1;1H")
