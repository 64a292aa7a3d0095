"""Cases that only the long hunts take; the gate takes one of their kind."""

from __future__ import annotations

from typing import Any

import pytest


def soak(*values: object) -> list[Any]:
    """The parameters of a test, each marked: `[(80, 24), *soak((60, 20), (120, 40))]`."""
    return [pytest.param(value, marks=pytest.mark.soak) for value in values]
