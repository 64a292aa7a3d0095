"""The newest point before a moment: what to restore to after an incident at a known time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tui.api.models import RestorePoint


def newest_before(points: Iterable[RestorePoint], moment: datetime) -> RestorePoint | None:
    """The newest of `points` made before `moment`; a point of that very moment may hold the damage.

    Args:
        points: in any order.
        moment: aware.
    """
    return max(
        (point for point in points if point.created < moment), key=lambda point: point.created, default=None
    )
