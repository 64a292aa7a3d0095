"""Messages that cross files; those of one widget stand inside the widget."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static
from textual.worker import Worker

from tui.actions import EVERYWHERE, Action, actions_of, spell_key
from tui.errors import describe
from tui.terminal.key_queue import now_s
from tui.terminal.rendering import SinglePaintScreen
from tui.widgets.footer import Footer
from tui.widgets.header import Header, StatusLine

if TYPE_CHECKING:
    from textual.events import Key, Paste

    from tui.restores.restore import Restore
    from tui.screens.host import Host


class RestoresChanged(Message):
    """Something is new about the restores; a burst collapses to the last."""

    def __init__(self, restores: tuple[Restore, ...]) -> None:
        super().__init__()
        self.restores = restores

    def can_replace(self, message: Message) -> bool:
        """Only the newest matters."""
        return isinstance(message, RestoresChanged)


def binding_of(action: Action) -> Binding:
    """One action as a binding; app-wide actions are addressed to the app."""
    target = f"app.{action.name}" if action.screen == "app" else action.name
    return Binding(
        action.keys,
        target,
        action.label,
        show=action.footer,
        priority=action.priority,
        key_display=spell_key(action.keys.partition(",")[0]),
        tooltip=action.help,
        id=f"{action.screen}.{action.name}",
    )


def bindings_of(screen: str) -> list[BindingType]:
    """The bindings of one screen (or of the app itself, named `app`)."""
    return [binding_of(action) for action in actions_of(screen) if action.screen == screen]


def bindings_in_dialogs() -> list[BindingType]:
    """The app's bindings that a dialog has to repeat: it hides those of everything below it."""
    return [binding_of(action) for action in actions_of(EVERYWHERE) if action.in_dialogs]


TOO_EARLY = "keys pressed before this was shown were not taken"
SHORT_BREAKPOINTS = [(0, "-short"), (20, "-tall")]
"""Below 20 lines a screen leaves out what stands elsewhere as well."""
TASKS = "app.tasks"
"""The action whose key leads to the tasks."""
ResultT = TypeVar("ResultT")
DialogT = TypeVar("DialogT")


class _Watching:
    """A worker's failure is told to the node it belongs to and goes no further: pass it on to the app."""

    app: App[object]

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Unforeseen errors in workers of this screen are reported by the app."""
        cast("Host", self.app).report_worker(event)


class VbemScreen(_Watching, SinglePaintScreen[None]):
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
        yield Header(self.HEADING, demo=self.vbem.is_demo, who=self.vbem.who)
        with Vertical(id="body"):
            yield from self.compose_body()
        yield StatusLine()
        yield Footer({TASKS: self.tasks_note})

    @property
    def tasks_note(self) -> str:
        """What stands behind the key that leads to the tasks."""
        return self.vbem.tasks_note

    @on(RestoresChanged)
    def _note_tasks(self) -> None:
        self.query_one(Footer).note(TASKS, self.tasks_note)

    def compose_body(self) -> ComposeResult:
        """What the screen is about."""
        yield from ()

    def refresh_banner(self) -> None:
        """Write the top line anew, after a logon."""
        line = Header.line(self.HEADING, demo=self.vbem.is_demo, who=self.vbem.who)
        self.query_one(Header).update(line, layout=False)

    def dress(self) -> None:
        """Draw the lines every screen has as they are in its first frame, which finds them drawn."""
        self.dressed_for = self.vbem.who
        self.refresh_banner()
        keys = self.query_one(Footer)
        keys.follow()
        for line in (self.query_one(Header), keys):
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
        self.say(describe(doing, error), "bad")

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


class Dialog(_Watching, SinglePaintScreen[DialogT], ModalScreen[DialogT]):
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
