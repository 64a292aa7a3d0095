"""A fresh world for each test, whose clock stands still, and clients of each format."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.demo.reading import Wire
from tests.support.demo_process import DemoProcess

NOW = "2026-03-04T12:00:00+00:00"


@pytest.fixture
def demo(server: DemoProcess) -> DemoProcess:
    server.renew(now=NOW)
    return server


@pytest.fixture(params=["xml", "json"])
def wire(demo: DemoProcess, request: pytest.FixtureRequest) -> Iterator[Wire]:
    """A logged-on client, once per format."""
    with Wire(demo, format=request.param) as client:
        assert client.log_on().status == 201
        yield client


@pytest.fixture
def stranger(demo: DemoProcess) -> Iterator[Wire]:
    """A client that has not logged on; XML."""
    with Wire(demo) as client:
        yield client
