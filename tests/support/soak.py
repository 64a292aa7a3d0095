"""Cases that only the long hunts take; the gate takes one of their kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import pytest


def soak(*values: object) -> list[Any]:
    """The parameters of a test, each marked: `[(80, 24), *soak((60, 20), (120, 40))]`."""
    return [pytest.param(value, marks=pytest.mark.soak) for value in values]


def one_of(values: Sequence[object], name: str) -> list[Any]:
    """The parameters of a test by its name: the gate takes one of them, in turn, the long hunts all."""
    turn = crc32(name.encode()) % len(values)
    return [values[turn], *soak(*values[:turn], *values[turn + 1 :])]
