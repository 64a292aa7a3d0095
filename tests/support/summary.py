"""The lines at the end of a test session: faults of the matrix that fired, phases in which kills fell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

FIRED = "faults fired"
"""Property in which each cell of the matrix reports how often its fault fired; it comes through xdist."""
KILLS_BY_PHASE = "kills by phase"
"""Property in which each hunt reports its counts."""


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say it, where anything was tried."""
    fired = [int(str(count)) for count in _told(terminalreporter, FIRED)]
    if fired:
        hit = sum(count > 0 for count in fired)
        terminalreporter.write_line(f"fault matrix: fired {hit} of {len(fired)} cells")
    kills: Counter[str] = Counter()
    for counts in _told(terminalreporter, KILLS_BY_PHASE):
        assert isinstance(counts, dict)
        kills.update(counts)
    if kills:
        phases = ", ".join(f"{phase} {times}" for phase, times in sorted(kills.items()))
        terminalreporter.write_line(f"kills: {kills.total()} ({phases})")


def _told(reporter: TerminalReporter, wanted: str) -> Iterator[object]:
    for outcome in ("passed", "failed"):
        for report in reporter.stats.get(outcome, []):
            if getattr(report, "when", "") == "call":
                yield from (value for name, value in report.user_properties if name == wanted)
