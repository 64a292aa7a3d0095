"""The operator of a cell: looks at the screen, and does what brings the restore on from there.

It knows no fault. Whatever a fault has left on the screen, a dialog, an error, half a list, it goes on from
there as a person would; a cell from which it does not get to the end has lost something.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from textual.pilot import Pilot
from textual.widgets import Input

from tests.matrix.cells import Step
from tests.matrix.lab import Lab
from tests.support.settle import is_busy, strips_of, text_of
from tests.support.waiting import wait_for
from tui.app import VbemApp
from tui.restore_points.loader import LoadState
from tui.restore_states import RestoreState
from tui.restores.restore import Restore
from tui.screens.base import Dialog
from tui.screens.cancel import CancelScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.dialogs import LogOnAgainScreen
from tui.screens.login import LoginScreen
from tui.screens.points import RestorePointsScreen
from tui.screens.reference_picker import PickerScreen
from tui.screens.restore_form import RestoreFormScreen
from tui.screens.tasks import TasksScreen
from tui.widgets.inputs import LineInput

SIZE = (80, 24)
STEP_S = 0.25
"""The program's clock moves on by this each time a wait looks again."""
MOST_MOVES = 30
REASON = "INC-4711"
"""Typed once into the form; it has to arrive in the journal."""
_MACHINE, _CLOUD_MACHINE = "mail01 platform:vmware", "shop-web platform:vcloud kind:vm server:vbr01"


def _words(text: str) -> str:
    """Text without its line breaks and frames."""
    return " ".join(text.replace("│", " ").split())


class Operator:
    """One person at one running program."""

    def __init__(self, pilot: Pilot[Any], lab: Lab, *, looks_up: bool = False) -> None:
        self.pilot, self.lab = pilot, lab
        self.looks_up = looks_up
        """Whether the restore needs a reference from the picker."""
        self.confirmed = 0
        """How often a restore was confirmed."""
        self._has_looked_up = False
        self._refused_by: object = None

    @property
    def app(self) -> VbemApp:
        """The program."""
        return cast(VbemApp, self.pilot.app)

    @property
    def shown(self) -> str:
        """What stands on the screen, or in the dialog that is over it, as one line of words."""
        screen = self.app.screen
        boxes = screen.query(".box")
        if not isinstance(screen, Dialog) or not boxes:
            return self.whole
        box = boxes.first().region
        strips = strips_of(self.pilot)[box.y : box.bottom]
        return _words("\n".join(strip.crop(box.x, box.right).text for strip in strips))

    @property
    def whole(self) -> str:
        """The whole screen as one line of words."""
        return _words(text_of(self.pilot))

    @property
    def restores(self) -> tuple[Restore, ...]:
        """The restores of this run."""
        return self.app.services.restores.all if self.app.services.restores else ()

    # -- waiting ------------------------------------------------------------------------------

    async def until(self, true: Callable[[], object], what: str, *, step_s: float = STEP_S) -> None:
        """Let the program's clock run until `true()` holds."""

        async def pass_time() -> None:
            await self.lab.clock.advance(step_s)
            await self.pilot.pause(0.004)

        await wait_for(true, what, between=pass_time, seen=lambda: text_of(self.pilot))

    async def settle(self) -> None:
        """Wait until the program waits for a key."""
        for _ in range(2):  # what came to rest may have begun something else
            await self.pilot.pause()
            await self.until(lambda: not is_busy(self.pilot), "the program to come to rest")

    async def sees(self, check: Callable[[], None]) -> None:
        """Wait until a check passes: what a screen has to say may come a frame later.

        Raises:
            AssertionError: the check's own, when it does not pass in time.
        """

        def holds() -> bool:
            with suppress(AssertionError):
                check()
                return True
            return False

        with suppress(TimeoutError):
            await wait_for(holds, "a check", between=lambda: asyncio.sleep(0.01))
        check()

    async def press(self, *keys: str) -> None:
        """Press keys and see what comes of it."""
        await self.pilot.press(*keys)
        await self.settle()

    async def polls(self, times: int = 2, *, step_s: float = 1.0) -> None:
        """Wait until the restores were polled again, or the program asks something."""
        restores = self.app.services.restores
        if restores is None or isinstance(self.app.screen, Dialog):
            return
        goal = restores.monitor.ticks + times
        await self.until(
            lambda: (
                restores.monitor.ticks >= goal
                or all(one.is_over or one.is_settled for one in restores.all)
                or isinstance(self.app.screen, LogOnAgainScreen)
            ),
            f"{times} polls",
            step_s=step_s,
        )
        await self.settle()

    # -- going on -----------------------------------------------------------------------------

    @property
    def next_step(self) -> Step | None:
        """The step the next move takes; None for a move that only clears the way."""
        screen = self.app.screen
        if isinstance(screen, LoginScreen | LogOnAgainScreen):
            return Step.LOGON
        if isinstance(screen, RestorePointsScreen):
            return Step.OPEN if screen.progress.state is LoadState.COMPLETE else Step.LIST
        if isinstance(screen, RestoreFormScreen):
            return Step.LOOKUP if self.looks_up and not self._has_looked_up else Step.GUARD
        if isinstance(screen, ConfirmScreen):
            return Step.SUBMIT
        if isinstance(screen, TasksScreen):
            launching = any(one.state is RestoreState.LAUNCHING for one in self.restores)
            return Step.TASK if launching else Step.SESSION
        return None

    async def move(self) -> None:
        """The one thing that brings the restore on from here."""
        screen = self.app.screen
        if isinstance(screen, LoginScreen):
            screen.query_one("#password", LineInput).value = self.lab.demo.password
            await self.press("ctrl+l")
        elif isinstance(screen, LogOnAgainScreen):
            screen.query_one("#password-again", LineInput).focus()
            screen.query_one("#password-again", LineInput).value = self.lab.demo.password
            await self.press("enter")
        elif isinstance(screen, RestorePointsScreen):
            await self._from_points(screen)
        elif isinstance(screen, RestoreFormScreen):
            await self._from_form(screen)
        elif isinstance(screen, ConfirmScreen):
            self.confirmed += 1
            await self.press("right", "enter")
        elif isinstance(screen, TasksScreen):
            await self._from_tasks()
        else:
            await self.press("escape")

    async def _from_points(self, screen: RestorePointsScreen) -> None:
        if self.restores:
            await self.press("ctrl+t")
            return
        if screen.progress.state is not LoadState.COMPLETE:
            await self.press("f5")
            return
        screen.action_filter()
        screen.query_one("#filter", Input).value = _CLOUD_MACHINE if self.looks_up else _MACHINE
        await self.settle()
        await self.press("enter")
        await self.press("enter")
        if self.app.screen is screen:
            # Names are as the list had them when it was first read: a list without the name is read anew.
            await self.press("ctrl+o")
            await self.press("right", "enter")

    async def _from_form(self, screen: RestoreFormScreen) -> None:
        if not screen.query("FormFields"):
            await self.press("escape")
            return
        if not self.restores and not screen.query_one("#form-reason", LineInput).value:
            screen.query_one("#form-reason", LineInput).value = REASON
        if self.next_step is Step.LOOKUP:
            await self._look_up(screen)
        elif self._refused_by is screen:
            # What cannot be sent from this form may be sent from one that was read again.
            await self.press("escape")
            await self.press("right", "enter")
        else:
            await self.press("ctrl+r")
            self._refused_by = screen if self.app.screen is screen else None

    async def _look_up(self, screen: RestoreFormScreen) -> None:
        name = screen.query_one("#field-new-name", LineInput)
        name.value = "copy-of-it"
        screen.query_one("#field-datastore-ref", LineInput).focus()
        await self.press("f2")

    async def pick(self) -> None:
        """Take what the picker offers, or leave it where there is nothing."""
        screen = self.app.screen
        if not isinstance(screen, PickerScreen):
            return
        await self.press("enter")
        if self.app.screen is screen:
            await self.press("escape")
        else:
            self._has_looked_up = True

    async def _from_tasks(self) -> None:
        newest = self.restores[-1] if self.restores else None
        if newest is None:
            await self.press("escape")
        elif newest.is_over or (newest.is_quiet and not self.lab.restores()):
            # One that is unknown is sent again only after the long wait, and a look at the backup server.
            await self.press("s")
        elif newest.state is RestoreState.UNKNOWN:
            self.lab.demo.advance(10)
            await self.polls(step_s=20.0)
        else:
            self.lab.demo.advance(10 if newest.state is RestoreState.LAUNCHING else 150)
            await self.polls()

    async def cancel(self) -> None:
        """Cancel the newest restore; the dialog stays, to tell what becomes of it."""
        await self.press("c")
        assert isinstance(self.app.screen, CancelScreen)
        await self.press("right", "enter")

    async def go_on(self, true: Callable[[], object], what: str) -> None:
        """Go on until `true()` holds.

        Raises:
            AssertionError: there is no getting there.
        """
        for _ in range(MOST_MOVES):
            if true():
                return
            if isinstance(self.app.screen, PickerScreen):
                await self.pick()
            else:
                await self.move()
        raise AssertionError(f"no way to {what}; the screen:\n{text_of(self.pilot)}")
