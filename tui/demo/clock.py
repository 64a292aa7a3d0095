"""The server's own time: real, faster, or moved by hand, so that tests wait for nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class DemoClock:
    """A clock that starts at `start` and runs `scale` times as fast as the real one."""

    def __init__(self, start: datetime | None, scale: float) -> None:
        self.start = start or datetime.now(UTC)
        self._scale = scale
        self._began = time.monotonic()
        self._passed = 0.0
        self._idle_passed = 0.0

    def seconds(self) -> float:
        """Seconds of the server since its start."""
        return self._passed + (time.monotonic() - self._began) * self._scale

    def idle_seconds(self) -> float:
        """Seconds by which logon sessions expire.

        They do not run faster with the scale: a demo at ten times the speed must not log people off
        after a minute and a half.
        """
        return self._idle_passed + (time.monotonic() - self._began) * min(self._scale, 1.0)

    def now(self) -> datetime:
        """The server's wall clock, in UTC."""
        return self.start + timedelta(seconds=self.seconds())

    def advance(self, seconds: float) -> None:
        """Move the clock forward at once."""
        self._passed += seconds
        self._idle_passed += seconds

    def set_scale(self, scale: float) -> None:
        """Change the speed from now on."""
        self._passed, self._idle_passed = self.seconds(), self.idle_seconds()
        self._began = time.monotonic()
        self._scale = scale
