from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.clock import ManualClock
from tui.api.errors import ConnectionLost, ManagerError, SessionExpired
from tui.api.models import ServerAddress, WireFormat
from tui.session import ATTENDED_S, KEEP_ALIVE_S, TICK_S, Connection
from tui.store.keyring_store import SessionStore
from tui.store.known_servers import KnownServers


class QuietManager:
    """Counts light reads."""

    def __init__(self, clock: ManualClock) -> None:
        self.reads: list[float] = []
        self.error: ManagerError | None = None
        self._clock = clock

    async def keep_alive(self) -> None:
        self.reads.append(self._clock.monotonic())
        if self.error is not None:
            raise self.error


class Scene:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = ManualClock()
        self.manager = QuietManager(self.clock)
        monkeypatch.setattr("tui.api.client.EnterpriseManager", lambda *_, **__: self.manager)
        self.busy = False
        self.told: list[float] = []
        self.connection = Connection(
            ServerAddress(host="em"),
            trust_store=KnownServers(folder / "known_servers"),
            session_store=SessionStore("vbem"),
            wire=WireFormat.AUTO,
            ca_file=None,
            proxy="",
            clock=self.clock,
        )

    def say_expired(self) -> None:
        self.told.append(self.clock.monotonic())

    async def minutes(self, count: int) -> None:
        for _ in range(count):
            await self.clock.advance(60)
            await asyncio.sleep(0)


@pytest.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    one = Scene(tmp_path, monkeypatch)
    loop = asyncio.create_task(one.connection.keep_alive_loop(lambda: one.busy, one.say_expired))
    await asyncio.sleep(0)
    yield one
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop


async def test_somebody_there_keeps_the_session_alive_every_five_minutes(scene: Scene) -> None:
    for _ in range(60):
        scene.connection.is_attended = True
        await scene.minutes(1)
    assert scene.manager.reads == [300.0 * number for number in range(1, 13)]


async def test_nobody_there_lets_it_expire(scene: Scene) -> None:
    await scene.minutes(120)
    assert scene.manager.reads == [300.0, 600.0]


async def test_a_restore_in_flight_keeps_it_alive_without_anybody(scene: Scene) -> None:
    scene.busy = True
    await scene.minutes(60)
    assert len(scene.manager.reads) == 12
    scene.busy = False
    await scene.minutes(60)
    assert len(scene.manager.reads) == 12


async def test_a_key_late_in_the_silence_is_in_time(scene: Scene) -> None:
    await scene.minutes(24)
    scene.connection.is_attended = True
    await scene.minutes(1)
    assert scene.manager.reads[-1] == 1500.0


@pytest.mark.parametrize("error", [ConnectionLost(), SessionExpired()])
async def test_a_read_that_fails_ends_nothing(scene: Scene, error: ManagerError) -> None:
    scene.busy = True
    scene.manager.error = error
    await scene.minutes(20)
    assert len(scene.manager.reads) == 4
    is_over = isinstance(error, SessionExpired)
    assert scene.told == ([300.0] if is_over else []), "an end is announced, once"
    scene.manager.error = None
    await scene.minutes(5)
    scene.manager.error = error
    await scene.minutes(5)
    assert scene.told == ([300.0, 1800.0] if is_over else [])


def test_the_read_is_well_before_the_servers_end() -> None:
    assert KEEP_ALIVE_S + TICK_S < 15 * 60 == ATTENDED_S
