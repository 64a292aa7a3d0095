"""One server per test process; every test gets a fresh world of seed 1 whose clock stands still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.demo.reading import Wire
from tests.support.demo_process import DemoProcess

NOW = "2026-03-04T12:00:00+00:00"
DEFAULTS: dict[str, object] = {
    "seed": 1, "points": 0, "time_scale": 0, "now": NOW, "api_version": "v1_7", "casing": "pascal",
    "cloud_layout": "both", "misordered": "reject", "empty_body": "accept", "page_size": 100,
    "cancel": "launch-only", "role": "portal-admin", "ignores_keep_original": False, "certificate": "good",
}  # fmt: skip


@pytest.fixture(scope="session")
def server() -> Iterator[DemoProcess]:
    with DemoProcess.start("--seed", "1", "--time-scale", "0", "--now", NOW) as demo:
        yield demo


@pytest.fixture
def demo(server: DemoProcess) -> DemoProcess:
    server.reset(**DEFAULTS)
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
