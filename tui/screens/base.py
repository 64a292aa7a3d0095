"""What every screen shares: banner, status line, footer, and the one guard around service calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual import on
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static
from textual.worker import Worker

from tui.screens.frugal import FrugalScreen
from tui.screens.keys import bindings_in_dialogs
from tui.screens.messages import RestoresChanged
from tui.screens.typeahead import now_s
from tui.widgets.banner import Banner, StatusLine
from tui.widgets.keyline import KeyLine

if TYPE_CHECKING:
    from textual.binding import BindingType
    from textual.events import Key, Paste

    from tui.screens.host import Host

TOO_EARLY = "keys pressed before this was shown were not taken"
SHORT_BREAKPOINTS = [(0, "-short"), (20, "-tall")]
"""Below 20 lines a screen leaves out what stands elsewhere as well."""
TASKS = "app.tasks"
"""The action whose key leads to the tasks."""
ResultT = TypeVar("ResultT")
DialogT = TypeVar("DialogT")


def explain(doing: str, error: Exception) -> str:
    """One sentence or three from any of our errors: what was being done, what happened, what to do."""
    title = getattr(error, "title", "")
    detail = getattr(error, "detail", "") or (str(error) if not title else "")
    hint = getattr(error, "hint", "")
    parts = (part.rstrip(".") for part in (title, detail, hint) if part)
    return f"Could not {doing}. " + ". ".join(parts) + "."


class _Watching:
    """A worker's failure is told to the node it belongs to and goes no further: pass it on to the app."""

    app: App[object]

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Unforeseen errors in workers of this screen are reported by the app."""
        cast("Host", self.app).report_worker(event)


class VbemScreen(_Watching, FrugalScreen[None]):
    """A full screen. Subclasses set NAME and HEADING and yield their body from `compose_body`."""

    NAME: ClassVar[str] = ""
    """The screen's name in the table of actions."""
    VERTICAL_BREAKPOINTS = SHORT_BREAKPOINTS
    HEADING: ClassVar[str] = ""
    """What the banner calls it."""
    dressed_for = ""
    """Who is logged on, by lines that were drawn before it is shown."""

    @property
    def vbem(self) -> Host:
        """The app, typed."""
        return cast("Host", self.app)

    def compose(self) -> ComposeResult:
        """Banner on top, the body, then status line and keys."""
        yield Banner(self.HEADING, demo=self.vbem.is_demo, who=self.vbem.who)
        with Vertical(id="body"):
            yield from self.compose_body()
        yield StatusLine()
        yield KeyLine({TASKS: self.tasks_note})

    @property
    def tasks_note(self) -> str:
        """What stands behind the key that leads to the tasks."""
        return self.vbem.tasks_note

    @on(RestoresChanged)
    def _note_tasks(self) -> None:
        self.query_one(KeyLine).note(TASKS, self.tasks_note)

    def compose_body(self) -> ComposeResult:
        """What the screen is about."""
        yield from ()

    def refresh_banner(self) -> None:
        """Write the top line anew, after a logon."""
        line = Banner.line(self.HEADING, demo=self.vbem.is_demo, who=self.vbem.who)
        self.query_one(Banner).update(line, layout=False)

    def dress(self) -> None:
        """Draw the lines every screen has as they are in its first frame, which finds them drawn."""
        self.dressed_for = self.vbem.who
        self.refresh_banner()
        keys = self.query_one(KeyLine)
        keys.follow()
        for line in (self.query_one(Banner), keys):
            line.render_lines(line.outer_size.region)

    def say(self, text: str, kind: str = "note") -> None:
        """Put a sentence on the status line of this screen."""
        if self.is_mounted:
            self.query_one(StatusLine).say(text, kind)

    def add(self, text: str, kind: str = "note") -> None:
        """Put a sentence on the status line beside what is said there."""
        if self.is_mounted:
            self.query_one(StatusLine).add(text, kind)

    def take_back(self, text: str) -> None:
        """Leave a sentence out of what the status line says."""
        if self.is_mounted and text:
            self.query_one(StatusLine).take_back(text)

    def complain(self, doing: str, error: Exception) -> None:
        """Show an error of the lower rooms where it happened."""
        self.say(explain(doing, error), "bad")

    @contextmanager
    def reporting(self, doing: str) -> Iterator[None]:
        """Show an expected error on the status line instead of letting it end the worker.

        Args:
            doing: completes the sentence 'Could not ...'.
        """
        from tui.api.errors import ManagerError
        from tui.store.errors import StoreError

        try:
            yield
        except (ManagerError, StoreError) as error:
            self.complain(doing, error)

    async def reading(self, doing: str, read: Callable[[], Awaitable[ResultT]]) -> ResultT | None:
        """Await a read; log on again and repeat it once if the logon session is over.

        Returns:
            What the read gave, or None after the error has been shown.
        """
        from tui.api.errors import SessionExpired

        with self.reporting(doing):
            try:
                return await read()
            except SessionExpired as error:
                if not await self.vbem.log_on_again():
                    self.complain(doing, error)
                    return None
            return await read()
        return None


class Dialog(_Watching, FrugalScreen[DialogT], ModalScreen[DialogT]):
    """A box over the current screen; Escape is always the safe way out."""

    NAME: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings_in_dialogs()
    VERTICAL_BREAKPOINTS = SHORT_BREAKPOINTS
    IS_ANSWERED_UNREAD: ClassVar[bool] = False
    """Whether keys count that were pressed before it was shown: only where no answer can do harm."""

    def __init__(self) -> None:
        super().__init__()
        self._shown_s = inf

    def on_mount(self) -> None:
        """From now on keys are answers.

        The frame follows within some milliseconds, in which nobody presses one unread; whoever reads the
        frame and answers at once must not come too early.
        """
        self._shown_s = now_s()

    def takes_key(self, event: Key | Paste) -> bool:
        """Whether a key counts: pressed before the dialog was seen, it is no answer; but for Escape."""
        if self.IS_ANSWERED_UNREAD or event.time >= self._shown_s or getattr(event, "key", "") == "escape":
            return True
        for box in self.query(".box"):
            box.border_subtitle = TOO_EARLY
        return False

    def title_line(self, words: str) -> Static:
        """The first line of the box; it says DEMO itself, because the box may cover the banner."""
        mark = "DEMO  " if self.vbem.is_demo else ""
        return Static(mark + words, classes="title", markup=False)

    @property
    def vbem(self) -> Host:
        """The app, typed."""
        return cast("Host", self.app)
