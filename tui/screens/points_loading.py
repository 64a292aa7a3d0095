"""What the browser shows of the loading of the list and of its filter, and the collection of newer points."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual.message import Message
from textual.widgets import Static

from tui.api.errors import Forbidden, ManagerError, SessionExpired
from tui.errors import sentences_of
from tui.restore_points.filter_parser import FILTER_KEYS, FilterError
from tui.restore_points.index import PointIndex, Vm
from tui.restore_points.loader import Loader, LoadState, Progress
from tui.restores.transitions import is_refusal
from tui.sanitize import safe
from tui.screens.base import VbemScreen
from tui.screens.dialogs import AskScreen
from tui.services import Services
from tui.timefmt import clock_time


class PointsLoading:
    """Reads the whole list, and again; nothing is read before somebody is logged on.

    Args:
        services: the connection, and who logs on again.
        index: where the points go.
        on_news: called with each page that was read.
        turn: awaited before a page is taken in, so that keys go first.
    """

    def __init__(
        self,
        services: Services,
        index: PointIndex,
        *,
        on_news: Callable[[], None],
        turn: Callable[[], Awaitable[None]],
    ) -> None:
        self._services, self._on_news = services, on_news
        self._fresh: set[Vm] = set()
        self._heard_at_s = 0.0
        connection = services.connection
        self._loader: Loader | None = None
        if connection is not None:
            self._loader = Loader(
                connection.manager, index, clock=services.clock, on_page=self._take_page, turn=turn
            )

    @property
    def loader(self) -> Loader | None:
        """Return what reads; None where nobody was logged on."""
        return self._loader

    @property
    def is_loading(self) -> bool:
        """Return whether it reads."""
        return self._loader is not None and self._loader.is_loading

    @property
    def waited_s(self) -> float:
        """Return for how many seconds the server has not answered; 0 while nothing is asked."""
        return self._services.clock.monotonic() - self._heard_at_s if self.is_loading else 0.0

    @property
    def progress(self) -> Progress:
        """Return how far it has come."""
        return self._loader.progress if self._loader else Progress()

    @property
    def is_complete(self) -> bool:
        """Return whether the list was read to its end, so that reading it again begins anew."""
        return self.progress.state is LoadState.COMPLETE

    async def run(self, *, again: bool) -> None:
        """Read until the end, a stop or an error; go on after somebody logged on again."""
        if self._loader is None:
            return
        await self._read(self._loader, again=again)
        while isinstance(self.progress.error, SessionExpired) and await self._services.log_on_again():
            await self._read(self._loader, again=False)

    async def _read(self, loader: Loader, *, again: bool) -> None:
        self._heard_at_s = self._services.clock.monotonic()
        await loader.run(again=again)

    def stop(self) -> bool:
        """Stop reading, and keep what is there; return whether there was anything to stop."""
        return self._loader is not None and self._loader.stop()

    def take_fresh(self) -> set[Vm]:
        """Return the VMs that are new or changed since this was asked last."""
        fresh, self._fresh = self._fresh, set()
        return fresh

    def _take_page(self, changed: set[Vm]) -> None:
        self._fresh |= changed
        self._heard_at_s = self._services.clock.monotonic()
        self._on_news()


FILTER_KEY_NAMES = " ".join(["words", *(f"{key.name}:" for key in FILTER_KEYS)])
FILTER_HELP = (
    ("Letters", "act while a list has the focus: Enter or Down goes there from the filter."),
    ("", ""),
    ("Filter", "What is typed, in any order; all of it must match:"),
    ("words", "parts of a name; in quotes where it has blanks or a colon."),
    *((f"{key.name}:", f"{key.values}.") for key in FILTER_KEYS),
)


class PageCame(Message):
    """Loading has started, or its first page is here: to be shown at once."""


class LoadEnded(Message):
    """Loading is complete, stopped or failed."""


class NameAsked(Message):
    """The server was asked for a name.

    Args:
        name: which one.
        new: how many points were new.
    """

    def __init__(self, name: str, new: int) -> None:
        super().__init__()
        self.name = name
        self.new = new


class FilterNote(Static):
    """The lines below the filter, which are there only where something is said."""

    def __init__(self) -> None:
        super().__init__("", markup=False, id="filter-note")

    def show(self, problem: FilterError | None, asked: str) -> None:
        """Say what is wrong with the filter, or else which moments it means and what it leaves out."""
        self.set_class(problem is not None and not problem.is_unfinished, "-bad")
        words = safe(problem.detail if problem else asked, cells=300)
        self.display = bool(words)
        if self.content != words:  # a layout has the lists drawn again
            self.update(words)


async def ask_and_collect(screen: VbemScreen, uid: str, name: str) -> None:
    """Ask, then have Enterprise Manager collect from a backup server; the status line says what came of it.

    Args:
        screen: asks, and shows it.
        uid: of the backup server.
        name: what the points call it.
    """
    text = (
        f"Enterprise Manager will collect the newest points from {safe(name, cells=60)}. "
        "This takes a few minutes."
    )
    if not await screen.ask(AskScreen(screen.services, "Collect now?", text, yes="Collect", no="Back")):
        return
    connection = screen.services.connection
    if connection is None:
        return
    at = clock_time(screen.services.clock.now())
    screen.set_status(f"Asked for a collection from {name} at {at}; there is no answer yet.")
    is_asked = False
    try:
        servers = await connection.manager.backup_servers()
        found = next((server for server in servers if server.uid == uid), None)
        if found is None:
            unread = f"; {servers.unreadable} in its list cannot be read" if servers.unreadable else ""
            screen.set_status(f"Enterprise Manager does not list the backup server {name}{unread}.", "bad")
            return
        is_asked = True
        await connection.manager.collect(found)
    except ManagerError as error:
        if isinstance(error, Forbidden) and error.from_manager:
            screen.set_status(
                f"This account may not start a collection from {name}; the server collects every 15 minutes."
            )
        elif is_asked and error.request_sent and not is_refusal(error):
            screen.services.note_trouble(error)
            doubt = f"It is not known whether the collection from {name} has started."
            screen.set_status(f"{doubt} {sentences_of(error)}", "bad")
        else:
            screen.show_error(f"collect from {name}", error)
    else:
        at = clock_time(screen.services.clock.now())
        screen.set_status(f"Collection from {name} started at {at}; wait a few minutes, then press F5.")
