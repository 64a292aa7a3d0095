"""What the browser asks of the server: the list itself, a name that is not loaded yet, a collection.

Network is only awaited in workers; they speak to the screen by messages.
"""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress

from textual import on, work
from textual.message import Message

from tui.api.errors import Forbidden, ManagerError, SessionExpired
from tui.clock import Clock
from tui.points.filter import Filter
from tui.points.index import PointIndex, Vm
from tui.points.loader import Loader, LoadState, PointSource, Progress, first_page
from tui.points.view import VmView
from tui.points.words import WAIT_TOLD_AFTER_S, freshness_words
from tui.sanitize import safe
from tui.screens.base import VbemScreen

ASK_AFTER_S = 0.4
"""So long after the last key a name that is not loaded is asked of the server."""
SENT_ROUNDS = 3
"""Rounds of the event loop after which a request is on its way, where the connection is open."""


class PointsLoading(VbemScreen):
    """The half of the browser that loads; the other half shows."""

    class PageCame(Message):
        """Loading has begun, or its first page is here: to be seen at once."""

    class LoadEnded(Message):
        """Loading is complete, stopped or failed."""

    class Asked(Message):
        """The server was asked for a name.

        Args:
            name: which one.
            new: how many points were new.
        """

        def __init__(self, name: str, new: int) -> None:
            super().__init__()
            self.name = name
            self.new = new

    def __init__(self) -> None:
        super().__init__()
        self._index = PointIndex()
        self._view = VmView(self._index)
        self._fresh: set[Vm] = set()
        self._painting = False
        self._loader: Loader | None = None
        self._heard_at_s = 0.0
        """When the server last answered or was first asked, on the clock that only grows."""

    def show_fresh(self, fresh: set[Vm]) -> None:
        """Show VMs that are new or changed, and how far loading has come."""

    def show_waiting(self) -> None:
        """Say for how long the server has not answered."""

    @property
    def waited_s(self) -> float:
        """For how long the server has not answered; 0 while nothing is asked."""
        is_loading = self._loader is not None and self._loader.is_loading
        return self.vbem.clock.monotonic() - self._heard_at_s if is_loading else 0.0

    @property
    def progress(self) -> Progress:
        """How far loading has come."""
        return self._loader.progress if self._loader else Progress()

    def ask_ahead(self, source: PointSource, clock: Clock) -> None:
        """Ask for the newest points already now: the answer is on its way while the screen is laid out."""
        self._loader = Loader(
            source,
            self._index,
            clock=clock,
            on_page=self._take_page,
            first_page=first_page(self.app.size.height),
        )
        self._loader.ask_ahead()

    async def first_taken(self, at_most_s: float) -> None:
        """Wait until the server's first answer is in the lists, or has failed, but not for longer."""
        self._painting = True  # it is shown below, at once
        if self.is_mounted and self.dressed_for != self.vbem.who:
            for _ in range(SENT_ROUNDS):
                await asyncio.sleep(0)
            self.dress()
        if self._loader is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(at_most_s):
                    await self._loader.first_taken()
        if self.is_mounted:
            self.show_news()

    async def first_painted(self, at_most_s: float) -> None:
        """Wait until what the lists hold now is on the terminal, but not for longer."""
        painted = asyncio.Event()
        self.call_after_refresh(painted.set)
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await painted.wait()

    def start_loading(self) -> None:
        """Read the whole list."""
        if self._loader is not None:
            # What start-up made stays for good: else each collection while the index fills walks all of it.
            gc.freeze()
            self._load(anew=False)

    @work(group="points", exclusive=True, exit_on_error=False, description="load the restore points")
    async def _load(self, *, anew: bool) -> None:
        loader = self._loader
        if loader is None:
            return
        # Handled as soon as `run` waits for the server: says that it does.
        self.post_message(self.PageCame())
        await self._run(loader, anew=anew)
        while isinstance(loader.progress.error, SessionExpired) and await self.vbem.log_on_again():
            await self._run(loader)
        self.post_message(self.LoadEnded())

    async def _run(self, loader: Loader, *, anew: bool = False) -> None:
        self._heard_at_s = self.vbem.clock.monotonic()
        telling = self.set_interval(WAIT_TOLD_AFTER_S, self._tell_waiting)
        try:
            await loader.run(anew=anew)
        finally:
            telling.stop()

    def _tell_waiting(self) -> None:
        if self.waited_s >= WAIT_TOLD_AFTER_S:
            self.show_waiting()

    def _take_page(self, changed: set[Vm]) -> None:
        """Called by the loader after each page: remember, and paint now and then."""
        self._fresh |= changed
        self._heard_at_s = self.vbem.clock.monotonic()
        if not self._painting:
            self._painting = True
            if self._view.all_count:
                self.set_timer(self.vbem.pace.paint_every_s, self.show_news)
            else:
                self.post_message(self.PageCame())

    @on(PageCame)
    def show_news(self) -> None:
        """Show what came since it was last called."""
        self._painting = False
        fresh, self._fresh = self._fresh, set()
        self._view.update(fresh)
        self.show_fresh(fresh)

    @on(LoadEnded)
    def _say_end(self) -> None:
        self.show_news()
        self.refresh_bindings()
        progress = self.progress
        if progress.state is LoadState.FAILED and progress.error is not None:
            self.complain("load all restore points", progress.error)
        elif progress.left_out:
            self.say(" ".join(progress.left_out), "bad")

    def stop_loading(self) -> bool:
        """Stop what is loading; False if nothing was."""
        return self._loader is not None and self._loader.stop()

    def action_stop(self) -> None:
        """Stop loading; what is loaded stays."""
        self.stop_loading()

    def action_reload(self) -> None:
        """Read the list again, or go on where it was stopped."""
        if self._loader is not None and not self._loader.is_loading:
            self.say("")
            self._load(anew=self.progress.state is LoadState.COMPLETE)

    # A name that is not loaded yet -------------------------------------------------------------

    def ask_for(self, wanted: Filter) -> None:
        """Ask the server for a name that is nowhere in the list yet: it may be beyond what is loaded."""
        unread = self._loader is not None and self.progress.state is not LoadState.COMPLETE
        if unread and wanted.name and not self._index.has_named(wanted.name):
            self._ask(wanted.name)

    @work(group="exact-name", exclusive=True, exit_on_error=False, description="ask for a VM by its name")
    async def _ask(self, name: str) -> None:
        await self.vbem.clock.sleep(ASK_AFTER_S)
        loader = self._loader
        if loader is not None:
            new = await self.reading(f"ask the server for '{name}'", lambda: loader.find_exact(name))
            self.post_message(self.Asked(name, new or 0))

    @on(Asked)
    def _say_asked(self, event: Asked) -> None:
        if event.new:
            self.show_news()
            self.say(f"The server has {event.new:,} points of '{event.name}'; they are in the list now.")

    # How fresh the data is ---------------------------------------------------------------------

    def action_freshness(self) -> None:
        """Say how fresh each backup server's data is."""
        words = freshness_words(self._index, self.vbem.clock.now())
        self.say(words or "Nothing is loaded yet.")

    @work(group="collect", exclusive=True, exit_on_error=False, description="ask for a collection")
    async def collect_from(self, uid: str, name: str) -> None:
        """Ask, then have Enterprise Manager collect from a backup server now."""
        from tui.screens.dialogs import AskScreen

        text = (
            f"Enterprise Manager reads the newest points from {safe(name, cells=60)}. It takes some minutes."
        )
        if not await self.app.push_screen_wait(AskScreen("Collect now?", text, yes="Collect", no="Back")):
            return
        connection = self.vbem.connection
        if connection is None:
            return
        try:
            servers = await connection.manager.backup_servers()
            found = next((server for server in servers if server.uid == uid), None)
            if found is None:
                self.say(f"Enterprise Manager does not list the backup server {name}.", "bad")
                return
            await connection.manager.collect(found)
        except Forbidden:
            self.say(f"This account may not have {name} collected; the server does it every 15 minutes.")
        except ManagerError as error:
            self.complain(f"have {name} collected", error)
        else:
            self.say(f"Collection from {name} has started; give it some minutes, then reload with F5.")
