"""What every test stands on: nothing of the developer's own machine, and one zone."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.matrix.summary import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]
"""A hook: pytest looks for it here, for with several workers this file alone is read where the summary is written."""


@pytest.fixture(scope="session", autouse=True)
def utc() -> None:
    """Pictures and words show local time: the same everywhere."""
    os.environ["TZ"] = "UTC"
    time.tzset()


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the developer's settings, state or keyring."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in (
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "XDG_DATA_HOME",
        "VBEM_STATE_DIR",
        "VBEM_SERVER",
        "VBEM_USER",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    return home


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests counted: each `record_property("tally <what>", {name: times})`, summed."""
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    reports = [report for group in terminalreporter.stats.values() for report in group]
    for report in reports:
        if getattr(report, "when", "") == "call":
            for name, counts in report.user_properties:
                if name.startswith("tally "):
                    sums[name.removeprefix("tally ")].update(counts)
    for what, counted in sorted(sums.items()):
        words = ", ".join(f"{name} {times}" for name, times in sorted(counted.items()))
        terminalreporter.write_line(f"{what}: {counted.total()} ({words})")
