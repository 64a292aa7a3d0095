"""One line of text of which only the part that changed is repainted."""

from __future__ import annotations

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.text import safe


def changed_span(old: str, new: str) -> tuple[int, int] | None:
    """The columns in which two lines of plain ASCII differ; None where they are the same."""
    if old == new:
        return None
    width = max(len(old), len(new))
    old, new = old.ljust(width), new.ljust(width)
    start = next((column for column in range(width) if old[column] != new[column]), width)
    end = next((column for column in range(width, start, -1) if old[column - 1] != new[column - 1]), start)
    return (start, end) if start < end else None


class TextLine(Widget):
    """Shows one line of foreign text safely."""

    def __init__(self, text: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._text = safe(text)

    @property
    def text(self) -> str:
        """What it shows."""
        return self._text

    def show(self, text: str) -> None:
        """Show another text; what is the same is left on the screen."""
        old, self._text = self._text, safe(text)
        if not (old.isascii() and self._text.isascii()):
            span: tuple[int, int] | None = (0, self.size.width) if old != self._text else None
        else:
            span = changed_span(old, self._text)
        if span is not None:
            self.refresh(Region(span[0], 0, span[1] - span[0], 1))

    def render_line(self, y: int) -> Strip:
        """Draw it, cut to the width."""
        width, style = self.size.width, self.rich_style
        text = safe(self._text, cells=width) if y == 0 else ""
        return Strip([Segment(text, style)]).adjust_cell_length(width, style)
