"""Fewer bytes to the terminal than Textual sends by itself: each screen opened or closed costs kilobytes.

It stands on some of Textual's protected names, which a subclass may, and the pictures and byte counts of
the tests hold it to: `_compositor_refresh`, `_on_timer_update` and `_refresh_layout` of a screen,
`_background_screens` and `_display` of the app.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual._compositor import LayoutUpdate
from textual.app import App
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tui.terminal.composed import ComposedFrame

if TYPE_CHECKING:
    from rich.console import RenderableType


ScreenT = TypeVar("ScreenT")
AT_REST_S = 0.05
"""How long after a layout the widgets have told what it changes for them."""
SIZED_S = 0.003
"""How long after its first layout a screen's widgets have been told their sizes."""
WRITTEN_S = 0.0002
"""The terminal is written to by a thread, which has its turn only while this one has nothing to do."""
SAME_WITHIN_S = 0.3
"""A whole frame is left out if the same one was sent so shortly before; later it mends a spoilt terminal."""


class SinglePaintScreen(Screen[ScreenT]):
    """Sends one frame when it is opened, where Textual sends two to four."""

    IS_WAITED_FOR: ClassVar[bool] = False
    """Painted before its timer of frames first ticks, which is after a sixtieth of a second."""
    _is_about_to_tick = False
    _has_ticked = False
    """Its timer of frames has ticked: it has been laid out, and its widgets know their sizes."""
    _is_laid_out_unseen = False
    """Laid out for the terminal, and not shown since."""
    _composed: ComposedFrame | None = None
    """Its first frame, but for what is known last."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """Its own background: a screen has no border and no words, so its lines are all the same."""
        if self.is_modal:  # what is below shines through
            return super().render_lines(crop)
        return super().render_lines(Region(crop.x, 0, crop.width, 1)) * crop.height

    def _compositor_refresh(self) -> None:
        """Paint everything once its widgets know their sizes, and nothing before."""
        if self._has_ticked:
            super()._compositor_refresh()
        elif self.IS_WAITED_FOR and not self._is_about_to_tick:
            self._is_about_to_tick = True
            self.set_timer(SIZED_S, self._on_timer_update)

    def _on_timer_update(self) -> None:
        """Paint once where Textual would twice: after a layout, and once more in full."""
        self._has_ticked = True
        if self._layout_required and self._repaint_required:
            self._repaint_required = False
            self._dirty_widgets.add(self)
        super()._on_timer_update()

    def lay_out_unseen(self) -> None:
        """Do soon, while it is on no stack, what Textual would put off until it is shown.

        One layout may ask for another: a class is set by the width, a widget has a new size. At the end
        the timer of frames is let tick: a new one keeps the first frame waiting for a sixtieth of a second.
        """
        self.set_timer(AT_REST_S, self._lay_out_unseen)

    def _lay_out_unseen(self) -> None:
        if self.is_current:
            return
        if self._layout_required:
            self._layout_required = False
            self._refresh_layout(self.app.size)
            self.lay_out_unseen()
        else:
            self._is_laid_out_unseen = True
            self.rehearse()
            self._update_timer.resume()

    def rehearse(self) -> None:
        """Paint to nowhere: a first frame that finds its styles and words looked up takes half the time."""
        for widget in self.walk_children(Widget, with_self=True):
            widget._styles_cache.clear()
        self._compositor.render_full_update().render_segments(self.app.console)

    def compose_frame(self, late: Sequence[Widget]) -> None:
        """Put the first frame of a screen laid out unseen together, but for the lines of `late`."""
        if self._is_laid_out_unseen and not self._layout_required:
            self._composed = ComposedFrame.of(self, late)

    def paint_ahead(self) -> None:
        """Send the frame that was put together, as the last thing before the screen is pushed.

        The messages that open it must change nothing that is seen; the same frame once more is left out.
        """
        composed, self._composed = self._composed, None
        if composed and composed.size == self.app.size and not self._layout_required:
            self.app._display(self, composed.update())
            time.sleep(WRITTEN_S)

    def update_node_styles(self, animate: bool = True) -> None:
        """Not once more when it is shown for the first time: nothing has changed since it was laid out."""
        if self._is_laid_out_unseen:
            self._is_laid_out_unseen = False
        else:
            super().update_node_styles(animate)


class SinglePaintApp(App[int]):
    """Paints no hidden screen, and no whole frame twice."""

    def __init__(self) -> None:
        super().__init__()
        self.animation_level = "none"
        # Nothing here speaks by them, and each screen would lay them out: two widgets and a pass of layout.
        self._disable_tooltips = self._disable_notifications = True
        self._whole: list[list[Strip]] = []
        """The whole frame that is on the terminal; empty where other frames came since."""
        self._whole_at_s = 0.0

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        """The screens that shine through the top one: none through one that is opaque.

        Textual counts the screen below it all the same, and paints the top one once more in full whenever
        something changes in the hidden one, as it does each time a screen is opened.
        """
        stack = self.screen_stack
        is_opaque = bool(stack) and stack[-1].styles.background.a == 1
        return [] if is_opaque else super()._background_screens

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Leave a whole frame out that is on the terminal already."""
        if renderable is None or self._batch_count:
            return
        now_s = time.monotonic()
        if isinstance(renderable, LayoutUpdate):
            whole = [list(line) for line in renderable.strips]
            if whole == self._whole and now_s - self._whole_at_s < SAME_WITHIN_S:
                return
            self._whole, self._whole_at_s = whole, now_s
        else:
            self._whole = []
        super()._display(screen, renderable)
