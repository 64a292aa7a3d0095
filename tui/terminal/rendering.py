"""Frames on their way to the terminal: harmless, never waited for, and fewer bytes than Textual sends.

Every frame goes through one door, whatever widget drew it: no control character of a text gets to the
terminal, and none that its locale does not have. Opening or closing a screen costs one frame.

Five of Textual's protected methods are overridden, which a subclass may; the byte counts and pictures of
the tests hold them to what they promise. Upstream https://github.com/Textualize/textual/pull/5516 meant to
send one frame where a screen is pushed; with Textual 8.2 there are still two to four.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from rich._palettes import STANDARD_PALETTE
from rich.color import Color
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.events import AppFocus, Event, InputEvent, Paste, Resize
from textual.geometry import Offset, Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Input

from tui.sanitize import can_show, harmless, in_ascii
from tui.terminal.capabilities import Colours

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from textual.events import Key

ScreenT = TypeVar("ScreenT")
MOST_WAITING = 24
"""Pieces of output, three a frame: while more wait for the terminal, frames are left out."""
CATCH_UP_S = 0.2
"""How often to look whether a terminal that was not read is read again."""


@runtime_checkable
class HasCursorLine(Protocol):
    """A widget with a cursor of its own."""

    @property
    def cursor_line(self) -> int:
        """Return its line of the widget, from 0."""


class SinglePaintScreen(Screen[ScreenT]):
    """Sends one frame when it is opened, where Textual sends two to four."""

    _has_ticked = False
    """Its timer of frames has ticked: it has been laid out, and its widgets know their sizes."""

    def takes_key(self, event: Key | Paste) -> bool:
        """Return whether a key pressed now may act; a screen refuses keys that are too early or late."""
        del event
        return True

    def after_first_paint(self) -> None:
        """Begin what would delay the first paint."""

    def render_lines(self, crop: Region) -> list[Strip]:
        # A screen has no border and no words, so the lines of its own background are all the same.
        if self.is_modal:  # what is below shines through
            return super().render_lines(crop)
        return super().render_lines(Region(crop.x, 0, crop.width, 1)) * crop.height

    def _compositor_refresh(self) -> None:
        """Paint everything once its widgets know their sizes, and nothing before."""
        if self._has_ticked:
            super()._compositor_refresh()

    def _on_timer_update(self) -> None:
        # Textual would paint twice: after a layout, and then once more in full.
        is_first, self._has_ticked = not self._has_ticked, True
        if self._layout_required and self._repaint_required:
            self._repaint_required = False
            self._dirty_widgets.add(self)
        super()._on_timer_update()
        if is_first:
            self.call_later(self.after_first_paint)


class SinglePaintApp(App[int]):
    """Paints no hidden screen, and no whole frame twice."""

    def __init__(self) -> None:
        super().__init__()
        self.animation_level = "none"
        # No screen uses them, yet each would lay them out: two widgets and a pass of layout.
        self._disable_tooltips = self._disable_notifications = True
        self._whole_frame: list[list[Strip]] = []
        """The whole frame that is on the terminal; empty where another frame or a key came since."""
        self._has_left_out = False
        """Frames were left out, because nobody reads the terminal."""

    @property
    def backlog(self) -> int:
        """Return how many pieces of output the terminal has not taken yet."""
        return 0

    @property
    def colours(self) -> Colours:
        """Return how many colours the terminal has."""
        return Colours.ALL

    async def on_event(self, event: Event) -> None:
        if isinstance(event, InputEvent | Paste | Resize | AppFocus) and not event.is_forwarded:
            # A key pressed at a garbled terminal gets a whole frame again.
            self._whole_frame = []
        await super().on_event(event)

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        """Return the screens that shine through the top one: none through one that is opaque.

        Textual counts the screen below it anyway, and paints the top one once more in full whenever
        something changes in the hidden one, as it does each time a screen is opened.
        """
        stack = self.screen_stack
        is_opaque = bool(stack) and stack[-1].styles.background.a == 1
        return [] if is_opaque else super()._background_screens

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Send a frame without anything harmful in it, unless it is on the terminal or nobody reads there."""
        if renderable is None or self._batch_count:
            return
        if self._has_left_out or self.backlog > MOST_WAITING:
            if not self._has_left_out:
                self._has_left_out = True
                self.set_timer(CATCH_UP_S, self._catch_up)
            return
        self._put_cursor(screen)
        fitting = partial(fitting_strip, self.colours)
        if isinstance(renderable, LayoutUpdate):
            frame = [list(map(fitting, line)) for line in renderable.strips]
            if frame == self._whole_frame:
                return
            self._whole_frame = frame
            renderable = LayoutUpdate(list(frame), renderable.region)
        else:
            self._whole_frame = []
            if isinstance(renderable, ChopsUpdate):
                chops = [
                    {x: strip and fitting(strip) for x, strip in line.items()} for line in renderable.chops
                ]
                renderable = _CroppedUpdate(chops, renderable.spans, renderable.chop_ends)
        super()._display(screen, renderable)

    def _put_cursor(self, screen: Screen[Any]) -> None:
        """Put the terminal's cursor where keys act, as a field does itself: screen readers read there."""
        focused = screen.focused
        if focused is not None and not isinstance(focused, Input):
            line = focused.cursor_line if isinstance(focused, HasCursorLine) else 0
            self.cursor_position = focused.region.offset + Offset(0, line)

    def _catch_up(self) -> None:
        """Draw everything once, as soon as the terminal has taken what was written before."""
        if self.backlog:
            self.set_timer(CATCH_UP_S, self._catch_up)
            return
        self._has_left_out, self._whole_frame = False, []
        self.refresh(layout=True)


class _CroppedUpdate(ChopsUpdate):
    """The cells that changed and no others: Textual's begins with the widget's first cell in each line."""

    def render_segments(self, console: Console) -> str:
        segments: list[Segment] = []
        cursor = (-1, -1)
        for y, x1, x2 in self.spans:
            for (x, strip), end in zip(self.chops[y].items(), self.chop_ends[y], strict=True):
                start, stop = max(x, x1), min(end, x2)
                if strip is None or start >= stop:
                    continue
                cells = list(strip.crop(start - x, stop - x))
                if cursor != (start, y) and cells:
                    # Within the style of what follows: one that many lines share is said once.
                    segments.append(Segment(Control.move_to(start, y).segment.text, cells[0].style))
                segments += cells
                cursor = (stop, y)
        return Strip(Segment.simplify(segments), 0).render(console)


def fitting_strip(colours: Colours, strip: Strip) -> Strip:
    """Return a strip of the same width with nothing that harms a terminal, or that it does not have.

    Args:
        colours: how many it has.
        strip: in which a text may hold a control, name a link or have letters beyond the locale.
    """
    if colours >= Colours.MANY:
        if all(_is_harmless(segment) for segment in strip):
            return strip
    else:
        strip = Strip([_with_few_colours(segment, colours) for segment in strip], strip.cell_length)
    segments = [
        Segment(_harmless_text(segment.text), segment.style and segment.style.update_link(None))
        for segment in strip
    ]
    return Strip(segments).adjust_cell_length(strip.cell_length)


def _is_harmless(segment: Segment) -> bool:
    text, style = segment.text, segment.style
    return text.isprintable() and not (style and style.link) and can_show(text)


def _harmless_text(text: str) -> str:
    text = harmless(text)
    return text if can_show(text) else in_ascii(text)


# -- few colours ----------------------------------------------------------------------------------------

LEAST_CONTRAST = 4.5
"""Between letters and what is behind them, as the accessibility guidelines of the web count it."""
_BLACK, _WHITE = 0, 7
_XTERM = (
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
    (255, 255, 255),
)  # fmt: skip
_VGA = tuple(STANDARD_PALETTE[number] for number in range(16))
"""What the sixteen colours look like in a window, and on a console: they are to be readable on both."""
_GREY = 48
"""Of 255: a colour whose parts differ by less is taken for grey."""
_OTHER_HUE, _NO_HUE = 0.25, (0.0, 0.0, 0.0)
_BEHIND = (0, 1, 2, 4, 5, 6, 7)
"""What may be behind letters: a console has no bright ones there, and its yellow is brown."""


def _with_few_colours(segment: Segment, colours: Colours) -> Segment:
    if segment.style is None:
        return segment
    style = _in_sixteen(segment.style) if colours else segment.style.without_color
    return Segment(segment.text, style, segment.control)


@lru_cache(1024)
def _in_sixteen(style: Style) -> Style:
    """Return a style with the nearest of sixteen colours that are readable on each other."""
    front, back = style.color and style.color.triplet, style.bgcolor and style.bgcolor.triplet
    if back is None:
        return style
    front = front or back  # blanks need none
    if style.reverse:
        front, back = back, front
    behind = min(_BEHIND, key=partial(_distance, back))
    before = min(filter(partial(_is_readable, behind), range(16)), key=partial(_distance, front))
    # Bold letters are drawn bright on many terminals, and so not dark on a light ground.
    bold = bool(style.bold) and (behind == _BLACK or before >= _WHITE)
    colour = Style.from_color(Color.from_ansi(before), Color.from_ansi(behind))
    return style + colour + Style(reverse=False, dim=False, bold=bold)


def _distance(colour: Sequence[int], number: int) -> float:
    """Return how much one of the sixteen differs from a colour: first in hue, then in light."""
    hues = zip(_hue(colour), _hue(_VGA[number]), strict=True)
    hue = sum((one - other) ** 2 for one, other in hues)
    light = (max(colour) - max(_VGA[number])) / 255
    # A grey is nearer than a colour that is another one.
    return hue + (light / 2) ** 2 + (hue > _OTHER_HUE and _hue(_VGA[number]) != _NO_HUE)


def _hue(colour: Sequence[int]) -> tuple[float, ...]:
    """Return the hue as parts of red, green and blue around 0; none of what is nearly grey."""
    spread, mean = max(colour) - min(colour), sum(colour) / 3
    return tuple(0.0 if spread < _GREY else (part - mean) / spread for part in colour)


def _is_readable(behind: int, before: int) -> bool:
    return all(contrast(palette[before], palette[behind]) >= LEAST_CONTRAST for palette in (_VGA, _XTERM))


def contrast(one: Sequence[int], other: Sequence[int]) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Sequence[int]) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part < 11 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
