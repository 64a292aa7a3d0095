from __future__ import annotations

from pathlib import Path

import pytest

from tests.session.starts import Connect
from tests.support.chosen_keyring import FileKeyringAt, file_keyring
from tests.support.demo_process import DemoProcess
from tui.api.models import ServerAddress, WireFormat
from tui.clock import SystemClock
from tui.session import Connection
from tui.store.keyring_store import SessionStore
from tui.store.known_servers import KnownServers

__all__ = ["file_keyring"]


@pytest.fixture
def demo(server: DemoProcess) -> DemoProcess:
    server.renew(points=20)
    return server


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def pins(state: Path) -> KnownServers:
    return KnownServers(state / "known_servers")


@pytest.fixture
def connect(demo: DemoProcess, state: Path, pins: KnownServers, file_keyring: FileKeyringAt) -> Connect:
    """Connections as two starts of the program would make them."""

    def new() -> Connection:
        return Connection(
            ServerAddress(host=demo.host, port=demo.port),
            trust_store=pins,
            session_store=SessionStore("vbem-demo", state_folder=state, timeout_s=30),
            wire=WireFormat.AUTO,
            ca_file=None,
            proxy="",
            clock=SystemClock(),
        )

    return new


@pytest.fixture
def trusted(connect: Connect, demo: DemoProcess, pins: KnownServers) -> Connect:
    pins.pin(f"{demo.host}:{demo.port}", demo.fingerprint)
    return connect
