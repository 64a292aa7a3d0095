from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.restores.world import World


@pytest.fixture
def world() -> Iterator[World]:
    """One server, journal and clock; nothing unforeseen may happen to the watching."""
    world = World()
    yield world
    assert world.failures == []
