"""The app on a running embedded server, driven by a pilot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import children
from tests.support.demo_process import DemoProcess
from tests.support.program import app_on
from tests.ui.stage import StageManager
from tui.app import VbemApp


@pytest.fixture(autouse=True)
def few_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started that the test is not about."""
    children.install(monkeypatch)


@pytest.fixture
def demo(server: DemoProcess) -> DemoProcess:
    """A fresh world in which 20 seconds pass in each."""
    server.renew(time_scale=20)
    return server


@pytest.fixture
def manager() -> StageManager:
    """The server of a stage, on which all goes well."""
    return StageManager()


@pytest.fixture
def app(demo: DemoProcess, tmp_path: Path) -> VbemApp:
    """The app with the server trusted and user and password filled in."""
    return app_on(demo, tmp_path)
