"""Clocks for tests: one that stands still until it is moved, one that only fixes the wall clock."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 23, 3, 4, 5, tzinfo=UTC)
"""Three in the morning."""


class ManualClock:
    """Time moves only by `advance`; sleepers wake in the order of their deadlines."""

    def __init__(self, start: datetime = NOON) -> None:
        self._start = start
        self._passed_s = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed_s)

    def monotonic(self) -> float:
        return self._passed_s

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._passed_s + seconds, woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Let time pass; whoever's time has come is woken and runs before this returns."""
        end = self._passed_s + seconds
        while due := sorted((at, id(one), one) for at, one in self._sleepers if at <= end and not one.done()):
            at, _, woken = due[0]
            self._passed_s = max(self._passed_s, at)
            woken.set_result(None)
            self._sleepers = [(t, one) for t, one in self._sleepers if not one.done()]
            for _ in range(5):
                await asyncio.sleep(0)
        self._passed_s = end


class FixedWallClock:
    """The wall clock stands still, sleeping is real: for pictures and for pilots."""

    def __init__(self, wall: datetime = NOON, *, speed: float = 1.0) -> None:
        self._wall = wall
        self._speed = speed

    def now(self) -> datetime:
        return self._wall

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)
