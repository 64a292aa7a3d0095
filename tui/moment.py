"""Moments as an operator types them: `2026-11-20`, `2026-11-20T03:00`, `03:00`, `6h`, `yesterday`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_RELATIVE = re.compile(r"(\d{1,5})(m|min|h|d|w)")
_UNITS = {
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_DAYS = {"today": 0, "yesterday": 1}
"""Midnight of so many days ago."""
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")


def read_moment(text: str, now: datetime) -> datetime:
    """Read a moment; without a zone it is local time, a bare length of time counts back from `now`.

    Args:
        text: what was typed.
        now: aware.

    Raises:
        ValueError: the sentence says which forms are understood.
    """
    try:
        return _read(text.strip(), now).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(
            f"'{text}' is not a time; write 2026-11-20, 2026-11-20T03:00, 03:00 (today), or 6h, 2d (ago)."
        ) from error


def _read(text: str, now: datetime) -> datetime:
    relative = _RELATIVE.fullmatch(text.lower())
    if relative:
        return now - int(relative[1]) * _UNITS[relative[2]]
    if text.lower() in _DAYS:
        day = now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        return day - timedelta(days=_DAYS[text.lower()])  # no zone: midnight by the clock on the wall
    clock = _CLOCK.fullmatch(text)
    if clock:
        return now.astimezone().replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
    # Only the written-out forms: fromisoformat would also take 20261120 and week numbers, which a VM
    # number is easily mistaken for.
    if not re.match(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError(text)
    return datetime.fromisoformat(text)
