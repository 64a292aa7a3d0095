"""What every test stands on: nothing of the developer's own machine, and one zone."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import idle, stylesheets
from tests.support.demo_process import DemoProcess

pytest_plugins = ["tests.support.summary"]
"""Named here: with several workers this file alone is read where the summary is written."""


LONGEST_ID = 80
"""Characters of a value in a test's id: ids of megabytes go to each worker and back, many times."""


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a long value by its beginning and its length."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_ID:
        return f"{val[:16]!r} of {len(val)}"
    return None


def pytest_configure() -> None:
    """Collect garbage less often: apps come and go, and each leaves little behind."""
    gc.set_threshold(50_000, 20, 20)


def pytest_collection_finish() -> None:
    """Let the collector of garbage skip the thousands of tests: it took a quarter of the processor's time."""
    gc.freeze()


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


@pytest.fixture(scope="session")
def server() -> Iterator[DemoProcess]:
    """The embedded server all tests of a worker share; `renew` makes it the one a test wants."""
    with DemoProcess.start() as process:
        yield process


@pytest.fixture(autouse=True)
def facts_not_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pilots wait until every message is handled."""
    idle.install(monkeypatch)
    stylesheets.install(monkeypatch)
