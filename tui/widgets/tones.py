"""Styles of what a widget draws line by line: Textual would look them up anew after each refresh."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.widget import Widget


class Tones:
    """The styles of one widget, with the filters of the app's lines, which look at nothing but the style.

    Args:
        widget: whose; it clears this when its styles change.
    """

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._known: dict[str, Style] = {}

    def clear(self) -> None:
        """Look them up anew."""
        self._known.clear()

    def __call__(self, component: str = "") -> Style:
        """The style of a component class; without one, of the widget's own text."""
        style = self._known.get(component)
        if style is None:
            style = self._known[component] = self._looked_up(component)
        return style

    def _looked_up(self, component: str) -> Style:
        widget = self._widget
        style = widget.get_component_rich_style(component) if component else widget.rich_style
        for line_filter in widget.get_line_filters():
            (filtered,) = line_filter.apply([Segment(" ", style)], widget.background_colors[1])
            style = filtered.style or style
        return style
