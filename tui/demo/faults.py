"""The faults that are set: `NAME[:ARG][@STEP][*TIMES]`, counted, so that a test can tell they happened.

`tui.demo.fault_table` says what each of them does.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault that waits for its requests."""

    spec: str
    name: str
    argument: str
    step: str
    times_left: int | None
    """How often it still happens; None is each time until `clear-faults`."""
    lets_through: int = 0
    """How many requests of the step pass unharmed before it happens first."""
    fired: int = 0
    cleared: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is taken away, which lets go what it holds."""

    def strikes(self, step: str) -> bool:
        """Whether a request at this step is hit; if so, that is counted."""
        if self.times_left == 0 or self.step not in {"any", step}:
            return False
        if self.lets_through:
            self.lets_through -= 1
            return False
        self.fired += 1
        if self.times_left is not None:
            self.times_left -= 1
        return True

    def number(self, default: float) -> float:
        """The argument as a number."""
        return float(self.argument) if self.argument else default


class Faults:
    """The faults that are set, oldest first; several may hit one request."""

    def __init__(self) -> None:
        self._all: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Set one more."""
        self._all.append(fault)

    def clear(self) -> None:
        """Behave again, and let go what is held; the counts are forgotten too."""
        for fault in self._all:
            fault.cleared.set()
        self._all.clear()

    def named(self, names: frozenset[str]) -> list[Fault]:
        """Those of some names."""
        return [fault for fault in self._all if fault.name in names]

    def fired(self) -> dict[str, int]:
        """How often each has happened."""
        counts: dict[str, int] = {}
        for fault in self._all:
            counts[fault.spec] = counts.get(fault.spec, 0) + fault.fired
        return counts
