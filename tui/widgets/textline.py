"""One line of text of which only the part that changed is repainted."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.sanitize import safe
from tui.widgets.table_layout import drawn
from tui.widgets.tones import Tones


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
        self._tones = Tones(self)

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

    def notify_style_update(self) -> None:
        """Colours changed."""
        super().notify_style_update()
        self._tones.clear()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw without Textual's frame around it: of that it may have padding at the sides, nothing else."""
        left, width = self.gutter.left, self.outer_size.width
        text = " " * left + safe(self._text, cells=self.size.width)
        strip = drawn(((text, ""),), self._tones, width)
        if crop.column_span != (0, width):
            strip = strip.crop(*crop.column_span)
        return [strip] * crop.height
