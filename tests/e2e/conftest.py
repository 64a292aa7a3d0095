"""The whole program, in the hands of an operator."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.job import Operator
from tests.support.demo_process import DemoProcess


@pytest.fixture
def demo(server: DemoProcess) -> DemoProcess:
    """A fresh world, in which 20 seconds pass in each."""
    server.renew(seed=7, time_scale=20)
    return server


@pytest.fixture
def operator(demo: DemoProcess, tmp_path: Path) -> Operator:
    """Somebody who never used the program before, without a keyring."""
    home = tmp_path / "operator"
    home.mkdir()
    return Operator(demo, home)
