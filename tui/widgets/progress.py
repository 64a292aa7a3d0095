"""A bar for a share, in characters that any terminal has."""

from __future__ import annotations

from tui.sanitize import either

LEAST_CELLS = 4
"""A narrower bar tells less than its number."""


def bar(share: float, cells: int) -> str:
    """Return a bar with its per cent: `[######------] 48 %`.

    Args:
        share: from 0 to 1; what is beyond counts as the end.
        cells: for all of it; where there is no room for a bar, the number alone is returned.
    """
    share = min(1.0, max(0.0, share))
    number = f"{int(share * 100)} %"
    room = cells - len(number) - 3
    if room < LEAST_CELLS:
        return number
    done = int(share * room)
    full, empty = either("\u2588", "#"), either("\u2591", "-")
    return f"[{full * done}{empty * (room - done)}] {number}"
