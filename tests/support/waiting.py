"""Waiting for facts: the one deadline of all tests, the longer the busier the machine is."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable

QUIET_S = 20.0
"""How long a fact may take on a machine with nothing else to do: only a failure takes as long."""


def patience_s(quiet_s: float = QUIET_S) -> float:
    """How long to wait now: each further process that wants a core makes it longer."""
    return quiet_s * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


class Deadline:
    """A deadline that moves away while the machine is busy."""

    def __init__(self, quiet_s: float = QUIET_S) -> None:
        self._began, self._quiet_s = time.monotonic(), quiet_s

    @property
    def is_over(self) -> bool:
        return time.monotonic() - self._began > patience_s(self._quiet_s)


async def wait_for(
    true: Callable[[], object],
    what: str,
    *,
    between: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0.001),
    seen: Callable[[], str] = str,
) -> None:
    """Wait until `true()` holds.

    Args:
        true: the fact.
        what: its name, for the error.
        between: awaited between two looks.
        seen: what stands in the error beside it.

    Raises:
        TimeoutError: it did not come true in time.
    """
    deadline = Deadline()
    while not true():
        if deadline.is_over:
            raise TimeoutError(f"waited for {what}\n{seen()}")
        await between()
