"""The app on a running embedded server, driven by a pilot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.demo_process import DemoProcess
from tests.support.program import app_on
from tests.ui.stage import StageManager
from tui.app import VbemApp


@pytest.fixture(scope="module")
def server() -> Iterator[DemoProcess]:
    """One server a module; its world is fresh for each test through `demo`."""
    with DemoProcess.start("--seed", "1", "--time-scale", "20") as process:
        yield process


@pytest.fixture
def demo(server: DemoProcess) -> DemoProcess:
    """The module's server with a fresh world and nothing asked yet."""
    server.clear_faults()
    server.reset(seed=1, time_scale=20.0, role="portal-admin", api_version="v1_7", cancel="launch-only")
    server.control("clear-requests")
    return server


@pytest.fixture
def manager() -> StageManager:
    """The server of a stage, on which all goes well."""
    return StageManager()


@pytest.fixture
def app(demo: DemoProcess, tmp_path: Path) -> VbemApp:
    """The app with the server trusted and user and password filled in."""
    return app_on(demo, tmp_path)
