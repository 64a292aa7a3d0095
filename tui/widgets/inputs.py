"""What is typed into or pressed: quiet on a slow line, and one sees without colours which has the focus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.highlighter import Highlighter
from rich.segment import Segment
from textual.content import Content
from textual.events import Key
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widgets import Button as TextualButton
from textual.widgets import Input
from textual.widgets.input import Selection

from tui.sanitize import editable, either

if TYPE_CHECKING:
    from rich.text import Text
    from textual.dom import DOMNode


FOCUS_MARK = "> "
"""Stands before the line that keys are typed into."""
MARKED_CELLS = 8
"""A narrower line has no room for marks."""


class Button(TextualButton):
    """A button that is written `[ Back ]` while it has the focus, and as wide without its brackets."""

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return super().get_content_width(container, viewport) + len("[  ]")

    def render(self) -> Content:
        words = Content(str(self.label))
        return Content("[ ") + words + " ]" if self.has_focus else Content("  ") + words + "  "


class Switch(Button):
    """A button that is a line with a mark of its own, `[x] ...`: the focus puts `>` before it."""

    def render(self) -> Content:
        return Content("> " if self.has_focus else "  ") + Content(str(self.label))


class _HarmlessValue(Highlighter):
    """Shows a value with stand-ins for what a terminal would obey; the value itself stays as it is."""

    def highlight(self, text: Text) -> None:
        text.plain = editable(text.plain)


class LineInput(Input):
    """A one-line input without a blinking cursor, whose text is never selected by a focus.

    Of what is too long for it the part around the cursor is shown, with marks where it is cut: of a text put
    in that is the end, which distinguishes one reference from another.
    """

    def __init__(
        self,
        value: str = "",
        *,
        placeholder: str = "",
        password: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(
            value,
            placeholder=placeholder,
            password=password,
            id=id,
            classes=classes,
            highlighter=_HarmlessValue(),
            select_on_focus=False,
            compact=True,
        )
        self.cursor_blink = False
        self.sent = ""
        """The password that was sent: no report may hold it, though the field holds another one by now."""

    def on_resize(self) -> None:
        self._keep_cursor_seen()

    def watch_value(self) -> None:
        self._keep_cursor_seen()

    def _keep_cursor_seen(self) -> None:
        """Scroll to the cursor; Textual does not for a first text or a changed width."""
        if self.size.width:
            self.virtual_size = Size(self.content_width, 1)
            self.scroll_to_region(Region(self._caret_column, 0, 1, 1), force=True, animate=False)

    @property
    def _caret_column(self) -> int:
        """Return the cells of text before the cursor."""
        before = self.value[: self.cursor_position]
        return len(before) if self.password else cell_len(before)

    def render_line(self, y: int) -> Strip:
        strip, width = super().render_line(y), self.scrollable_content_region.width
        if y or not self.value or width < MARKED_CELLS:
            return strip
        start = self.scroll_offset.x
        is_cut = {0: start > 0, width - 1: start + width < self.content_width - 1}
        for column in (column for column, cut in is_cut.items() if cut):
            if not (self.has_focus and column == self._caret_column - start):
                mark = Strip([Segment(either("…", "~"), self.rich_style)])
                strip = Strip.join([strip.crop(0, column), mark, strip.crop(column + 1)])
        return strip

    def action_copy(self) -> None:
        if not self.password:
            super().action_copy()

    def action_cut(self) -> None:
        # A password goes to no clipboard.
        if not self.password:
            super().action_cut()

    def render_lines(self, crop: Region) -> list[Strip]:
        strips = super().render_lines(crop)
        has_room = self.styles.padding.left >= len(FOCUS_MARK)  # which the stylesheet leaves
        if self.has_focus and has_room and strips and crop.y == 0 and crop.x < len(FOCUS_MARK):
            mark = Strip([Segment(FOCUS_MARK, self.rich_style)]).crop(crop.x, crop.right)
            strips = [Strip.join([mark, strips[0].crop(mark.cell_length)]), *strips[1:]]
        return strips

    def focus_for_retyping(self) -> None:
        """Focus the input with its text selected, so that typing replaces what was refused."""
        self.focus()
        self.selection = Selection(0, len(self.value))


class FilterInput(LineInput):
    """The input of a list's filter; the key that leads to it does nothing more at its beginning."""

    def on_key(self, event: Key) -> None:
        # Swallow a leading `/`: typing `/web` by habit means `web`.
        if event.character == "/" and min(self.selection) == 0:
            event.prevent_default()
            event.stop()


def typed_secrets(screen: DOMNode) -> Iterator[str]:
    """Yield what is in the password fields of a screen or was sent of them, alone and as a logon sends it."""
    entries = list(screen.query(LineInput))
    passwords = {text for entry in entries if entry.password for text in (entry.value, entry.sent) if text}
    for secret in passwords:
        yield secret
        yield from (f"{entry.value}:{secret}" for entry in entries if not entry.password)
