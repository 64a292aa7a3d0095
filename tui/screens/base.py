"""What every screen shares: header, status line, footer, the guard around service calls, and the messages
by which screens ask the app to show another one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static
from textual.worker import Worker, WorkerState

from tui.actions import EVERYWHERE, Action, actions_of, keys_of, spell_key
from tui.api.errors import SessionExpired
from tui.errors import VbemError, describe
from tui.servers import elsewhere_words, who_of
from tui.services import Services
from tui.terminal.clipboard import Copied
from tui.terminal.crash_edge import failure_of
from tui.terminal.key_queue import is_typing, now_s
from tui.terminal.rendering import SinglePaintScreen
from tui.widgets.footer import Footer
from tui.widgets.header import Banner, ElsewhereLine, Header, IncidentLine, StatusLine

if TYPE_CHECKING:
    from textual.events import Key, Paste

    from tui.restore_points.index import VmKey
    from tui.restores.forms.fields import FormDraft
    from tui.restores.restore import Restore
    from tui.session import Connection


class ReadStopped(VbemError):
    """The operator has stopped a read."""

    title = "You stopped it; nothing was sent"


class RestoresChanged(Message):
    """Something is new about the restores; a burst collapses to the last."""

    def __init__(self, restores: tuple[Restore, ...]) -> None:
        super().__init__()
        self.restores = restores

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, RestoresChanged)


class OthersChanged(Message):
    """Something is new about the restores on other servers; a burst collapses to the last."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, OthersChanged)


class Admitted(Message):
    """Somebody is logged on."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection = connection


class Notice(Message):
    """A sentence for whatever screen is uppermost by then; its kind is `note`, `good` or `bad`."""

    def __init__(self, text: str, kind: str = "note") -> None:
        super().__init__()
        self.text, self.kind = text, kind


class IncidentChanged(Message):
    """The incident, or what is marked for it, is another; a burst collapses to the last."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, IncidentChanged)


class OpenRestoreForm(Message):
    """Show the restore form that fits the point of a draft.

    Args:
        draft: what to restore, and what is filled in already.
    """

    def __init__(self, draft: FormDraft) -> None:
        super().__init__()
        self.draft = draft


class OpenTasks(Message):
    """Show the restores of this run, with the cursor on one of them."""

    def __init__(self, restore_key: str = "") -> None:
        super().__init__()
        self.restore_key = restore_key


class OpenBatch(Message):
    """Show the plan of the VMs that are marked.

    Args:
        key: the VM to mark where none is.
        is_interrupted: show those of the queue that are to be confirmed again.
    """

    def __init__(self, key: VmKey | None, *, is_interrupted: bool = False) -> None:
        super().__init__()
        self.key, self.is_interrupted = key, is_interrupted


class OpenPlanFile(Message):
    """Ask for the file of a recovery plan, and show its plan."""


class OpenNames(Message):
    """Ask for a list of names, and mark their VMs."""


class TasksSeen(Message):
    """The tasks are being shown: nothing more need be said of their ends."""


def leads_elsewhere(event: Key | Paste) -> bool:
    """Return whether a key only leads to another screen: it may act while this one must not change."""
    return not is_typing(event) and getattr(event, "key", "") in _LEADING_ELSEWHERE


def binding_of(action: Action) -> Binding:
    """Return one action as a binding; app-wide actions are addressed to the app."""
    target = f"app.{action.name}" if action.screen == "app" else action.name
    return Binding(
        action.keys,
        target,
        action.label,
        show=action.footer,
        priority=action.priority,
        tooltip=action.help,
        id=f"{action.screen}.{action.name}",
    )


def bindings_of(screen: str) -> list[BindingType]:
    """Return the bindings of one screen (or of the app itself, named `app`)."""
    return [binding_of(action) for action in actions_of(screen) if action.screen == screen]


def bindings_in_dialogs() -> list[BindingType]:
    """Return the app's bindings that a dialog has to repeat: it hides those of everything below it."""
    return [binding_of(action) for action in actions_of(EVERYWHERE) if action.in_dialogs]


AGES_EVERY_S = 60.0
"""How often the ages on a screen are made new."""
WAIT_TOLD_EVERY_S = 5.0
"""How often a screen says for how long the server has not answered what it asked."""
TOO_EARLY = "keys pressed before this was shown were ignored"
SHORT_BREAKPOINTS = [(0, "-short"), (20, "-tall")]
"""Below 20 lines a screen leaves out what is elsewhere as well."""
SENDING_UNSEEN = "A restore is being sent. Ctrl+T shows what the server answers."
"""Said where its form was left while it was sent."""
_LEADING_ELSEWHERE = frozenset({"escape", *keys_of(EVERYWHERE)})
TASKS = "app.tasks"
"""The action whose key leads to the tasks."""
ResultT = TypeVar("ResultT")
DialogT = TypeVar("DialogT")


class VbemScreen(SinglePaintScreen[None]):
    """A full screen. Subclasses set NAME and HEADING and yield their body from `compose_body`.

    Args:
        services: what it shows and asks.
    """

    NAME: ClassVar[str] = ""
    """The screen's name in the table of actions."""
    VERTICAL_BREAKPOINTS = SHORT_BREAKPOINTS
    HEADING: ClassVar[str] = ""
    """What the header calls it."""
    LETTERS_ACT: ClassVar[bool] = True
    """Whether letters act while no field has the focus: on a form they would be a slip away from typing."""
    busy_with: str = ""
    """What must come to its end before somebody logs off, as a sentence; empty for nothing."""
    TYPED: ClassVar[Sequence[tuple[str, str]]] = ()
    """What can be typed on it beside its keys, and what that means."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self._uppermost = asyncio.Event()
        self._reads: list[asyncio.Task[Any]] = []
        """Those that the server has not answered yet."""
        self._passing = self._copied = ""
        """What is said until the next key, as of one that means nothing, and of what was copied last."""

    def refuses_write(self) -> bool:
        """Return whether nothing may be sent that changes something, and say so where it is so."""
        if self.services.options.read_only:
            self.set_status("READ-ONLY: nothing is sent. Start vbem without --read-only for this.", "bad")
        return self.services.options.read_only

    def compose(self) -> ComposeResult:
        yield Header(self.HEADING, marks=marks_of(self.services), who=who_of(self.services))
        yield Banner(self.services.trouble)
        yield IncidentLine()
        yield ElsewhereLine()
        with Vertical(id="body"):
            yield from self.compose_body()
        yield StatusLine()
        yield Footer({TASKS: self.tasks_note}, takes_letters=self.LETTERS_ACT)

    def compose_body(self) -> ComposeResult:
        """Yield what the screen is about."""
        yield from ()

    @property
    def tasks_note(self) -> str:
        """Return what follows the key that leads to the tasks."""
        return self.services.in_flight_note

    def takes_key(self, event: Key | Paste) -> bool:
        """Return whether a key may act; a letter may not on a screen of fields, unless one has the focus."""
        self.remove_status(self._passing)
        self._passing = ""
        character = getattr(event, "character", None) or ""
        return self.LETTERS_ACT or not character.isalpha() or isinstance(self.focused, Input)

    def on_key(self, event: Key) -> None:
        # Fields stop what is typed into them: what comes here is for the bindings, or for none.
        if event.is_printable and event.key not in self.active_bindings:
            self._passing = f"{spell_key(event.key)} does nothing here. F1 shows the keys."
            self.add_status(self._passing)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        # A worker's failure is posted to the node it belongs to and goes no further.
        if event.state is WorkerState.ERROR:
            self.app.post_message(failure_of(event.worker))

    @property
    def is_covered(self) -> bool:
        """Return whether another full screen lies over this one; a dialog does not count."""
        stack = self.app.screen_stack
        return self in stack and any(not screen.is_modal for screen in stack[stack.index(self) + 1 :])

    def on_screen_resume(self) -> None:
        self._uppermost.set()
        self._note_tasks()
        self.show_trouble()
        self.show_incident()
        self.show_elsewhere()

    def on_screen_suspend(self) -> None:
        self._uppermost.clear()

    def show_trouble(self) -> None:
        """Show in the banner what keeps this screen from being of now."""
        self.query_one(Banner).show(self.services.trouble)
        self.refresh_bindings()

    def on_mount(self) -> None:
        self.show_incident()
        self.show_elsewhere()
        self.set_interval(AGES_EVERY_S, self.show_incident)

    @on(IncidentChanged)
    @on(RestoresChanged)
    def show_incident(self) -> None:
        """Show what the restores are for, how long ago that was, and how many of the queue have ended."""
        restores, recovery, now = self.services.restores, self.services.recovery, self.services.clock.now()
        words = recovery.incident_words(now) if restores and restores.incident and recovery else ()
        self.query_one(IncidentLine).show(words)

    @on(OthersChanged)
    def show_elsewhere(self) -> None:
        """Show what is in flight on the other servers."""
        self.query_one(ElsewhereLine).show(elsewhere_words(self.services.others()))

    async def ask(self, dialog: Dialog[DialogT]) -> DialogT | None:
        """Return the answer to a dialog of this screen, for a worker.

        It comes up when this screen is the uppermost: never under keys that are meant for another question.
        """
        while self.app.screen is not self:  # `is_current` is true below a dialog, too
            await self._uppermost.wait()
        return await self.app.push_screen_wait(dialog)

    @on(RestoresChanged)
    def _note_tasks(self) -> None:
        if not self.is_covered:
            self.query_one(Footer).note(TASKS, self.tasks_note)

    @on(Copied)
    def _say_copied(self, copied: Copied) -> None:
        self.remove_status(self._copied)
        self._copied = copied.words
        self.add_status(copied.words)

    def stop_loading(self) -> bool:
        """Stop what was asked last; return whether anything was."""
        return bool(self._reads) and self._reads.pop().cancel()

    def set_status(self, text: str, kind: str = "note") -> None:
        """Put a sentence on the status line of this screen."""
        if self.is_mounted:
            self.query_one(StatusLine).say(text, kind)

    def add_status(self, text: str, kind: str = "note") -> None:
        """Put a sentence on the status line beside what is there."""
        if self.is_mounted:
            self.query_one(StatusLine).add(text, kind)

    def remove_status(self, text: str) -> None:
        """Leave a sentence out of what the status line says."""
        if self.is_mounted and text:
            self.query_one(StatusLine).take_back(text)

    def show_error(self, doing: str, error: Exception) -> None:
        """Show an error of the lower rooms where it happened."""
        self.services.note_trouble(error)
        self.set_status(describe(doing, error), "bad")

    @contextmanager
    def reporting(self, doing: str) -> Iterator[None]:
        """Show an expected error on the status line instead of letting it end the worker.

        Args:
            doing: completes the sentence 'Could not ...'.
        """
        try:
            yield
        except VbemError as error:
            self.show_error(doing, error)

    async def reading(
        self,
        doing: str,
        read: Callable[[], Coroutine[Any, Any, ResultT]],
        *,
        saying: str = "",
        stop_keys: str = "Ctrl+C",
    ) -> ResultT | None:
        """Await a read; log on again and repeat it once if the logon session is over.

        The status line says for how long the server has not answered, and what stops the read.

        Args:
            doing: completes the sentence 'Could not ...'.
            read: asks the server.
            saying: what the status line says from the first moment on; empty to say nothing that early.
            stop_keys: what stops it by `stop_loading`.

        Returns:
            What the read gave, or None after the error has been shown.
        """
        words = partial(_waiting_words, saying or f"Trying to {doing}", stop_keys)
        with self.reporting(doing):
            try:
                result = await self._answer(read(), words, at_once=bool(saying))
            except SessionExpired as error:
                if not await self.services.log_on_again():
                    self.show_error(doing, error)
                    return None
                result = await self._answer(read(), words, at_once=bool(saying))
            self.services.note_trouble(None)
            return result
        return None

    async def _answer(
        self, asking: Coroutine[Any, Any, ResultT], words: Callable[[float], str], *, at_once: bool
    ) -> ResultT:
        """Await an answer, and say meanwhile that it is waited for.

        Raises:
            ReadStopped: the operator did not want to wait any longer.
        """
        read = asyncio.ensure_future(asking)
        self._reads.append(read)
        try:
            with self.telling(words, at_once=at_once):
                return await read
        except asyncio.CancelledError:
            if read in self._reads:
                raise
            raise ReadStopped from None
        finally:
            if read in self._reads:
                self._reads.remove(read)

    @contextmanager
    def telling(self, words: Callable[[float], str], *, at_once: bool = True) -> Iterator[None]:
        """Say on the status line what is waited for inside.

        Args:
            words: what to say after so many seconds.
            at_once: whether to say it from the first moment on.
        """
        asked_s, said = self.services.clock.monotonic(), ""

        def show_wait() -> None:
            nonlocal said
            self.remove_status(said)
            said = words(self.services.clock.monotonic() - asked_s)
            self.add_status(said)

        telling = self.set_interval(WAIT_TOLD_EVERY_S, show_wait)
        if at_once:
            show_wait()
        try:
            yield
        finally:
            telling.stop()
            self.remove_status(said)


def _waiting_words(saying: str, stop_keys: str, waited_s: float) -> str:
    waited = f": no answer for {waited_s:.0f} s" if waited_s >= 1 else ""
    return f"{saying}{waited}. {stop_keys} stops it."


class Dialog(SinglePaintScreen[DialogT], ModalScreen[DialogT]):
    """A box over the current screen; Escape is always the safe way out.

    Args:
        services: what it shows and asks.
    """

    NAME: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings_in_dialogs()
    VERTICAL_BREAKPOINTS = SHORT_BREAKPOINTS
    IS_ANSWERED_UNREAD: ClassVar[bool] = False
    """Whether keys count that were pressed before it was shown: only where no answer can do harm."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self._shown_s = inf

    def compose(self) -> ComposeResult:
        yield from self.compose_box()
        yield Footer()

    def compose_box(self) -> ComposeResult:
        """Yield the box with what is asked."""
        yield from ()

    def on_mount(self) -> None:
        # From now on keys are answers. The frame follows within some milliseconds, in which nobody presses
        # one unread; an operator who reads the frame and answers at once must not be too early.
        self._shown_s = now_s()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            self.app.post_message(failure_of(event.worker))

    def takes_key(self, event: Key | Paste) -> bool:
        # Pressed before the dialog was seen, it is no answer; but for Escape.
        if self.IS_ANSWERED_UNREAD or event.time >= self._shown_s or getattr(event, "key", "") == "escape":
            return True
        for box in self.query(".box"):
            box.border_subtitle = TOO_EARLY
        return False

    @on(Copied)
    def _say_copied(self, copied: Copied) -> None:
        for box in self.query(".box"):
            # No name in it: it would be read as markup.
            box.border_subtitle = "sent to your terminal's clipboard" if copied.is_sent else "not copied"

    def title_line(self, words: str) -> Static:
        """Return the first line of the box; it has the marks itself, because the box may cover the header."""
        return Static(self.marks + words, classes="title", markup=False)

    @property
    def marks(self) -> str:
        """Return what a title begins with."""
        marks = marks_of(self.services)
        return f"{marks}  " if marks else ""


def marks_of(services: Services) -> str:
    """Return the words that tell this start from any other: DEMO, READ-ONLY."""
    read_only = services.options.read_only
    return " ".join(word for word, on in (("DEMO", services.is_demo), ("READ-ONLY", read_only)) if on)


def screen_name(screen: object) -> str:
    """Return the name of one of our screens in the table of actions; empty for any other."""
    return screen.NAME if isinstance(screen, VbemScreen | Dialog) else ""
