"""Keeps watching: follows the rows whose vbem has ended, and tells what another vbem's restores came to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tui.errors import VbemError, describe
from tui.sanitize import safe
from tui.timefmt import clock_time

if TYPE_CHECKING:
    from tui.clock import Clock
    from tui.restores.ports import JournalEntry
    from tui.restores.restore import Restore
    from tui.restores.service import RestoreService
    from tui.restores.unfollowed import Unfollowed

LOOK_EVERY_S = 5.0
"""How often the journal is read for rows that others watch, or whose vbem has ended."""
WATCH_AGAIN_S = 30.0
"""How long until a watching that failed is begun again."""


class RestoreWatcher:
    """Watches the restores of one logon until it is cancelled; what fails is begun again.

    Args:
        restores: what to watch.
        clock: time.
        on_notice: shows a sentence; its kind is `note`, `good` or `bad`.
        on_failure: reports an unexpected error; the text completes 'while trying to ...'.
    """

    def __init__(
        self,
        restores: RestoreService,
        clock: Clock,
        *,
        on_notice: Callable[[str, str], None],
        on_failure: Callable[[str, BaseException], None],
    ) -> None:
        self._restores = restores
        self._clock = clock
        self._on_notice, self._on_failure = on_notice, on_failure
        self._problem = ""

    async def run(self) -> None:
        """Find the restores of the journal, then watch all until cancelled."""
        await self._look()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_again(), name="find restores whose vbem has ended")
            group.create_task(self._watch(), name="watch the restores")
            group.create_task(self._learn_names(), name="learn the names of restored VMs")

    async def _watch(self) -> None:
        while True:
            try:
                await self._restores.run()
            except Exception as error:  # noqa: BLE001 - the edge of the watching, which must go on
                self._on_failure("watch the restores", error)
            await self._clock.sleep(WATCH_AGAIN_S)

    async def _learn_names(self) -> None:
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            try:
                await self._restores.learn_names()
            except Exception as error:  # noqa: BLE001 - the edge: a name is no reason to end the watching
                self._on_failure("learn the name of a restored VM", error)

    async def _look_again(self) -> None:
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            await self._look()

    async def _look(self) -> None:
        """Follow the rows whose vbem has ended; say what is new of them and of those that nobody watches."""
        before = {one.key: one for one in self._restores.unfollowed}
        own = {one.entry_id: one for one in self._restores.all}
        problem, self._problem = self._problem, ""
        try:
            found = await self._restores.reattach()
            ended = await self._ended_elsewhere(before)
        except VbemError as error:
            self._problem = describe("find earlier restores", error)
            if self._problem != problem:
                self._on_notice(self._problem, "bad")
            return
        except Exception as error:  # noqa: BLE001 - the edge of the search, which must not end the watching
            self._on_failure("find earlier restores", error)
            return
        self._say_found(found)
        for lost in own.keys() - {one.entry_id for one in self._restores.all}:
            name = safe(own[lost].vm_name, cells=40)
            self._on_notice(f"Another vbem has taken over the restore of {name}; this one leaves it.", "bad")
        for entry in ended:
            self._on_notice(ended_words(entry), "note")
        self._say_unfollowed([one for one in self._restores.unfollowed if one.key not in before])

    async def _ended_elsewhere(self, before: Mapping[str, Unfollowed]) -> list[JournalEntry]:
        left = {one.key for one in self._restores.unfollowed}
        followed = {one.entry_id for one in self._restores.all}
        gone = [one.entry.id for key, one in before.items() if key not in left]
        beside = self._restores.is_followed_beside
        return [await self._restores.read_row(id) for id in gone if id not in followed and not beside(id)]

    def _say_found(self, found: tuple[Restore, ...]) -> None:
        count = sum(restore.is_in_flight for restore in found)
        if count:
            noun, when = "1 restore" if count == 1 else f"{count} restores", clock_time(self._clock.now())
            self._on_notice(
                f"{noun} found in flight in the journal at {when}: Ctrl+T shows the tasks.", "note"
            )

    def _say_unfollowed(self, new: list[Unfollowed]) -> None:
        for one in new:
            if one.is_unreadable:
                name = safe(one.entry.vm_name, cells=40) or "VM unknown"
                self._on_notice(
                    f"Row {one.entry.id} of the journal ({name}) is NOT WATCHED. {one.why}", "bad"
                )
        lost = [one for one in new if one.may_be_taken]
        if lost:
            are = (
                "1 restore of the journal is"
                if len(lost) == 1
                else f"{len(lost)} restores of the journal are"
            )
            self._on_notice(f"{are} NOT WATCHED: Ctrl+T shows why, and takes over.", "bad")


def ended_words(entry: JournalEntry) -> str:
    """Return that a row which another vbem watched has ended, and as what."""
    when = f" (noticed {clock_time(entry.ended)})" if entry.ended else ""
    name = safe(entry.vm_name, cells=40)
    return f"The restore of {name} that another vbem watched {entry.state.predicate}{when}: Ctrl+Y shows it."
