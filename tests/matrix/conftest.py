"""One embedded server for all cells of a worker; each cell begins with a fresh world."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.demo_process import DemoProcess


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoProcess]:
    """The server, whose clock stands still unless it is moved."""
    with DemoProcess.start("--seed", "1", "--time-scale", "0") as process:
        yield process
