"""One server process for all tests of the whole program, with a fresh world for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.job import Operator
from tests.support.demo_process import DemoProcess


@pytest.fixture(scope="session")
def running_demo() -> Iterator[DemoProcess]:
    """The process; it lives until the last test."""
    with DemoProcess.start("--time-scale", "20", "--seed", "7") as demo:
        yield demo


@pytest.fixture
def demo(running_demo: DemoProcess) -> DemoProcess:
    """A fresh world, in which 20 seconds pass in each."""
    running_demo.reset(time_scale=20)
    running_demo.control("release-connections")
    return running_demo


@pytest.fixture
def operator(demo: DemoProcess, tmp_path: Path) -> Operator:
    """Somebody who never used the program before, without a keyring."""
    home = tmp_path / "operator"
    home.mkdir()
    return Operator(demo, home)
