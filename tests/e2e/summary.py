"""The line at the end of a test session that says in which phases the kills fell."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

KILLS_BY_PHASE = "kills by phase"
"""Name of the property in which each hunt reports its counts; it comes through xdist."""


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say it, where anything was killed."""
    sums: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, counts in report.user_properties:
                if name == KILLS_BY_PHASE and report.when == "call":
                    sums.update(counts)
    if sums:
        phases = ", ".join(f"{phase} {times}" for phase, times in sorted(sums.items()))
        terminalreporter.write_line(f"kills: {sums.total()} ({phases})")
