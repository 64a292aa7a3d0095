"""Now and sleep, injectable, so that nothing in the program waits for real time in a test."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the program knows about time."""

    def now(self) -> datetime:
        """Return the wall clock, aware, in UTC. Never compare it with a server's times."""

    def monotonic(self) -> float:
        """Return seconds that only grow, for measuring how long something took."""

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the event loop."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the wall clock in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since some fixed moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        await asyncio.sleep(seconds)
