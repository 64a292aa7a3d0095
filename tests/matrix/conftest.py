"""What the cells share."""

from __future__ import annotations

import pytest

from tests.support import children


@pytest.fixture(autouse=True)
def few_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started that the cell is not about."""
    children.install(monkeypatch)
