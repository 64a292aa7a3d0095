"""The line at the end of a test session that says how many faults of the matrix the server really fired."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

FIRED = "faults fired"
"""Name of the property in which each cell reports how often its fault fired; it comes through xdist."""


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say it, where any cell was tried."""
    counts = [
        int(str(value))
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == FIRED
    ]
    if counts:
        fired = sum(count > 0 for count in counts)
        terminalreporter.write_line(f"fault matrix: fired {fired} of {len(counts)} cells")
