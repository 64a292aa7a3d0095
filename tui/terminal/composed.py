"""A whole frame put together ahead of time: only what is known last is drawn when the frame is wanted.

Textual puts a frame together widget by widget, containers included. Here it does so while the server is
waited for, and the lines of the widgets that show the answer are then put in their places.

It stands on `_compositor` and `_render_chops`, which Textual protects; the tests compare with its own frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.screen import Screen
from textual.widget import Widget


class ComposedFrame:
    """One frame of a screen that is laid out.

    Args:
        screen: whose.
        late: widgets whose lines are not known yet; nothing may lie over them.
    """

    def __init__(self, screen: Screen[Any], late: Sequence[Widget]) -> None:
        compositor = screen._compositor
        self._region = compositor.size.region
        self._chops = [dict(line) for line in compositor._render_chops(self._region, lambda _: True)]
        """By line of the screen: the pieces of lines, by the column each begins in."""
        self._late = [(widget, region) for widget, (region, _) in _seen(screen, late).items()]
        self.update().render_segments(screen.app.console)  # pieces keep what they are for the terminal

    @classmethod
    def of(cls, screen: Screen[Any], late: Sequence[Widget]) -> ComposedFrame | None:
        """None where one of `late` is cut off, as in a terminal of a few lines."""
        whole = all(clip.contains_region(region) for region, clip in _seen(screen, late).values())
        return cls(screen, late) if whole else None

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        return self._region.size

    def update(self) -> LayoutUpdate:
        """The frame as it is now."""
        for widget, region in self._late:
            strips = widget.render_lines(Region(0, 0, region.width, region.height))
            for y, strip in zip(region.line_range, strips, strict=True):
                line = self._chops[y]
                starts = [start for start in line if region.x <= start < region.right]
                ends = [start - region.x for start in starts[1:]]
                line.update(zip(starts, strip.divide([*ends, region.width]), strict=True))
        return LayoutUpdate([list(line.values()) for line in self._chops], self._region)


def _seen(screen: Screen[Any], widgets: Sequence[Widget]) -> dict[Widget, tuple[Region, Region]]:
    """Where those of the widgets stand that are seen, and the part of the screen that may show them."""
    visible = screen._compositor.visible_widgets
    return {widget: visible[widget] for widget in widgets if widget in visible}
