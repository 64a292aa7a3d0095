"""Plain lines of text that wrap, scroll, and repaint only where they differ.

A `Static` is redrawn as a whole; over a slow line the details of a running restore, of which one number
changes each second, should cost that one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.actions import ACTIONS, LIST
from tui.sanitize import safe
from tui.terminal.clipboard import copy
from tui.widgets.table_layout import StyledText

Line = str | StyledText
"""One line as handed in: raw text, or text with a tone that only underlines what the words say."""


def wrap(line: str, width: int, *, hang: int = 0) -> list[str]:
    """Break one line at blanks, or inside words that are too long; blanks at its start are kept.

    Args:
        line: safe text.
        width: in cells.
        hang: where the lines after the first begin, unless the first one begins further in.
    """
    if width <= 0 or cell_len(line) <= width:
        return [line]
    lead = len(line) - len(line.lstrip(" "))
    indent = max(lead, hang)
    room_after = max(8, width - indent)
    lines, current, room = [], "", max(8, width - lead)
    for word in line[lead:].split(" "):
        joined = f"{current} {word}" if current else word
        if cell_len(joined) <= room:
            current = joined
            continue
        if current:
            lines.append(current)
            room = room_after
        current = word
        while cell_len(current) > room:
            part = chop_cells(current, room)[0]
            lines.append(part)
            current, room = current[len(part) :], room_after
    lines.append(current)
    first, *rest = lines
    return [" " * lead + first, *(" " * indent + text for text in rest)]


def list_bindings() -> list[BindingType]:
    """Return the keys of everything that scrolls by lines, while it has the focus."""
    return [Binding(one.keys, one.name, one.label, show=False) for one in ACTIONS if one.screen == LIST]


class TextView(Widget, can_focus=True):
    """Shows lines of foreign text safely. Arrow keys scroll while it has the focus.

    Args:
        hang: where the continuation of a wrapped line begins.
        needs_tab: whether the arrow keys reach it only while it has the focus.
        title: what the line above it says, if there is one.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "text-view--dim",
        "text-view--good",
        "text-view--warning",
        "text-view--bad",
    }
    BINDINGS: ClassVar[list[BindingType]] = list_bindings()

    def __init__(
        self,
        lines: Iterable[Line] = (),
        *,
        hang: int = 0,
        needs_tab: bool = True,
        title: str = "Details",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = tuple(lines)
        self._hang = hang
        self.needs_tab = needs_tab
        self._title = title
        self._wrapped: list[tuple[str, str]] = []
        self._top = 0

    @property
    def text(self) -> str:
        """Return everything it shows, scrolled away or not, for tests and for copying."""
        return "\n".join(_text(line) for line in self._lines)

    def show(self, lines: Iterable[Line], *, from_top: bool = False) -> None:
        """Show other lines; only screen lines that differ are repainted.

        Args:
            lines: what to show.
            from_top: scroll back to the top, because these lines are about something else.
        """
        new = tuple(lines)
        if new == self._lines and not from_top:
            return
        before, old_height = self._visible(), len(self._wrapped)
        self._lines = new
        if from_top:
            self._top = 0
        self._wrap()
        after = self._visible()
        for y in range(self.size.height):
            if before[y : y + 1] != after[y : y + 1]:
                self.refresh(Region(0, y, self.size.width, 1))
        if old_height != len(self._wrapped) and self.styles.is_auto_height:
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return as many lines as the text takes at this width, where the stylesheet says `auto`."""
        del container, viewport
        return len(self._wrap_at(width))

    def on_mount(self) -> None:
        self._title_pane(is_here=False)

    def on_focus(self) -> None:
        self._title_pane(is_here=True)

    def on_blur(self) -> None:
        self._title_pane(is_here=False)

    def _title_pane(self, *, is_here: bool) -> None:
        """Say what it is, and whether keys act here, in the line above it, where the stylesheet has one."""
        self.border_title = f"{'>' if is_here else ' '} {self._title} "

    def on_resize(self) -> None:
        self._wrap()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        shown = self._visible()
        text, tone = shown[y] if y < len(shown) else ("", "")
        style = self.get_component_rich_style(f"text-view--{tone}") if tone else self.rich_style
        return Strip([Segment(text, style)]).adjust_cell_length(self.size.width, self.rich_style)

    def turn(self, lines: int) -> None:
        """Scroll by so many lines."""
        self._turn_to(self._top + lines)

    def action_move(self, lines: int) -> None:
        self.turn(lines)

    def action_page(self, pages: int) -> None:
        self.turn(pages * max(1, self.size.height - 1))

    def action_half_page(self, halves: int) -> None:
        self.turn(halves * max(1, self.size.height // 2))

    def action_first(self) -> None:
        self._turn_to(0)

    def action_last(self) -> None:
        self._turn_to(len(self._wrapped))

    def action_copy(self) -> None:
        self.post_message(copy(self.app, self.text))

    def _turn_to(self, top: int) -> None:
        old, self._top = self._top, top
        self._clamp()
        if self._top != old:
            self.refresh()

    def _clamp(self) -> None:
        self._top = max(0, min(self._top, len(self._wrapped) - self.size.height))

    def _wrap(self) -> None:
        self._wrapped = self._wrap_at(self.size.width)
        self._clamp()

    def _wrap_at(self, width: int) -> list[tuple[str, str]]:
        return [
            (part, line.tone if isinstance(line, StyledText) else "")
            for line in self._lines
            for part in wrap(safe(_text(line)), width, hang=self._hang)
        ]

    def _visible(self) -> Sequence[tuple[str, str]]:
        """Return the lines in view; the first and the last one say so where there are more."""
        height = self.size.height
        shown = self._wrapped[self._top : self._top + height]
        if height > 2 and self._top:
            shown = [(f"({self._top + 1} lines above)", "dim"), *shown[1:]]
        if height and len(self._wrapped) > self._top + height:
            more = len(self._wrapped) - self._top - height + 1
            how = "arrow keys" if self.has_focus or not self.needs_tab else "Tab here, then arrow keys"
            shown = [*shown[:-1], (f"({more} more lines: {how})", "dim")]
        return shown


class BoxText(TextView):
    """Is as high as its text, but never so high that what else is in its box is off the screen."""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        box = self.parent
        others = [one for one in box.displayed_children if one is not self] if isinstance(box, Widget) else ()
        taken = sum(_height(one, container, viewport, width) for one in others)
        room = viewport.height - FRAME_LINES - taken
        return max(1, min(super().get_content_height(container, viewport, width), room))


FRAME_LINES = 3
"""The border of a box and the line of keys below it."""


def _height(widget: Widget, container: Size, viewport: Size, width: int) -> int:
    styles = widget.styles
    fixed = styles.height.cells if styles.height is not None else None
    lines = widget.get_content_height(container, viewport, width) if fixed is None else fixed
    if styles.max_height is not None and styles.max_height.cells is not None:
        lines = min(lines, styles.max_height.cells)
    return lines + styles.margin.height


def _text(line: Line) -> str:
    return line.text if isinstance(line, StyledText) else line
