"""The porter: lets in who logged on, keeps the logon session, asks for the password again, lets out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import work

from tui.launch import Launch
from tui.screens.ahead import Ahead
from tui.screens.login import LoginScreen
from tui.steward import Steward

if TYPE_CHECKING:
    from tui.api.models import ServerAddress
    from tui.screens.points import RestorePointsScreen
    from tui.session import Connection

FIRST_FRAME_S = 0.15
"""How long the browser's first frame may wait for the rows to be in it."""
ASKED_S = 0.002
"""How long after a logon was begun its request is on its way."""
KEPT_AFTER_S = 2.0
"""How long after a logon the session is kept: the first rows and keys come first."""


class Porter(Steward):
    """Holds the connection, and with it who is logged on.

    Args:
        launch: what the command line decided.
    """

    def __init__(self, launch: Launch) -> None:
        super().__init__()
        self.launch = launch
        self.connection: Connection | None = None
        self._points: Ahead[RestorePointsScreen] = Ahead(self, _points_screen)
        self._again: asyncio.Future[bool] | None = None
        self._expected = ""
        """Who will be logged on, while the browser's lines are drawn for him."""

    @property
    def who(self) -> str:
        """User and server, for the banner; empty before logon."""
        return _who(self.connection) if self.connection else self._expected

    @property
    def is_logged_on(self) -> bool:
        """Whether there is a connection, or the browser's lines are drawn as if there were."""
        return bool(self.who)

    # -- in -----------------------------------------------------------------------------------

    def prepare_points(self) -> None:
        """Behind the login: lay out the browser, and open the journal, which are wanted right after it."""
        self._points.begin()
        self.open_journal()  # where that fails, it is tried again and told after the logon

    def expect(self, address: ServerAddress, user: str) -> None:
        """While the server is asked whether it knows him: draw what will be there of the browser then."""
        asyncio.get_running_loop().call_later(ASKED_S, self._dress_points, f"{user} @ {address}")

    def _dress_points(self, expected: str) -> None:
        points = self._points.made
        if points is not None and self.connection is None:
            self._expected = expected
            try:
                points.dress()
            finally:
                self._expected = ""

    async def admit(self, connection: Connection) -> None:
        """Go on from the login: show the points, open the journal, pick up restores in flight."""
        self.connection = connection
        with self.keys_held():
            points = await self._points.take()
            points.ask_ahead(connection.manager, self.clock)
            await points.first_taken(FIRST_FRAME_S)
            points.paint_ahead()
            await self.push_screen(points)
            await points.first_painted(FIRST_FRAME_S)
            note = self.take_charge(connection)
        points.start_loading()
        self._remember(connection)
        if note:
            self.tell(note, "bad")
        self.watch_restores()
        self._keep_session(connection)
        self._keep_alive()

    @work(group="remember", exit_on_error=False, description="remember this server")
    async def _remember(self, connection: Connection) -> None:
        from tui.errors import describe
        from tui.store.errors import StoreError

        try:
            await asyncio.to_thread(self.launch.remember, connection)
        except StoreError as error:
            self.tell(describe("remember this server", error), "bad")

    def keep_session_now(self) -> None:
        """Keep the logon session before something is begun whose task lives in it."""
        if self.connection is not None:
            self._keep_session(self.connection, after_s=0)

    @work(group="keep-session", exit_on_error=False, description="keep the logon session")
    async def _keep_session(
        self, connection: Connection, *, after_s: float = KEPT_AFTER_S, told: bool = True
    ) -> None:
        """Hand the logon session to the keyring, behind the list and not in its way: a process is started."""
        await self.clock.sleep(after_s)
        if connection.is_to_be_kept:
            kept = await connection.keep()
            if told and kept is not None and not kept.in_keyring:
                self.tell(f"The logon session is kept in memory only: {kept.reason.rstrip('.')}.")

    @work(group="keep-alive", exclusive=True, exit_on_error=False, description="keep the logon session alive")
    async def _keep_alive(self) -> None:
        if self.connection is not None:
            await self.connection.keep_alive_loop(lambda: bool(self.in_flight()))

    async def log_on_again(self) -> bool:
        """Ask for the password over the current screen; everybody who needs it waits for one dialog."""
        if self._again is not None:
            return await asyncio.shield(self._again)
        self._again = asyncio.get_running_loop().create_future()
        try:
            done = bool(await self._ask_for_password())
            self._again.set_result(done)
        except BaseException:
            self._again.cancel()
            raise
        finally:
            self._again = None
        if done and self.connection is not None:
            self._keep_session(self.connection, after_s=0, told=False)
        if done and self.restores is not None:
            self.restores.monitor.wake()
        return done

    async def _ask_for_password(self) -> bool | None:
        from tui.screens.dialogs import LogOnAgainScreen

        return await self.push_screen(LogOnAgainScreen(), wait_for_dismiss=True)

    # -- out ----------------------------------------------------------------------------------

    @work(group="session", exclusive=True, exit_on_error=False, description="log off")
    async def action_log_off(self) -> None:
        """End the logon session at the server and forget it here."""
        from tui.api.errors import ManagerError
        from tui.errors import describe
        from tui.screens.dialogs import AskScreen
        from tui.store.errors import StoreError

        connection = self.connection
        if connection is None:
            return
        words = self.in_flight_count()
        text = (
            f"{words} and would go on at the server. What is launching cannot be cancelled any more: "
            "its task ends with the logon session. The next logon finds it by its restore session."
            if words
            else "The logon session is deleted at the server and from the keyring."
        )
        if not await self.push_screen_wait(AskScreen("Log off?", text, yes="Log off", no="Stay")):
            return
        note = "Logged off."
        self.workers.cancel_group(self, "monitor")
        self.workers.cancel_group(self, "keep-alive")
        try:
            await connection.log_off()
        except (ManagerError, StoreError) as error:
            note = describe("log off cleanly", error) + " The local copy of the session is gone."
        note = connection.log_off_note or note
        await connection.leave()
        await self.close_restores()
        self.connection = None
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        if isinstance(self.screen, LoginScreen):
            launch = self.launch
            self.screen.ask_again(
                server=launch.server,
                user=launch.user,
                password=launch.password_hint,
                note=f"{note}\n{launch.note}".strip(),
            )

    async def close_connection(self) -> None:
        """Close what is open to the server; the logon session is kept."""
        self._points.drop()
        if self.connection is not None:
            await self.connection.leave()


def _who(connection: Connection) -> str:
    return f"{connection.user} @ {connection.address}"


def _points_screen() -> RestorePointsScreen:
    from tui.screens.points import RestorePointsScreen

    return RestorePointsScreen()
