"""What a call costs, in seconds of one processor: that on which the bounds were set."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from math import inf

from tui.api.errors import BadReply

YARDSTICK_S = 0.01
"""What the loop of `slowness` took there; a slower processor takes longer for both."""


def slowness() -> float:
    """Return how many times slower the processor is now than where the bounds were set, or 1."""
    began, total = time.thread_time(), 0
    for number in range(400_000):
        total += number
    return max(1.0, (time.thread_time() - began) / YARDSTICK_S)


def seconds_of(call: Callable[[], object], enough_s: float, *, tries: int = 10) -> float:
    """Return what the cheapest try took of this thread's processor time; a busy machine lengthens some.

    Args:
        call: what to measure; a `BadReply` is an answer like another.
        enough_s: do not try again below this. What takes longer is measured against a loop beside it,
            for the same processor is twice as slow at other times.
        tries: at most so many.
    """
    least = inf
    for _ in range(tries):
        began = time.thread_time()
        with suppress(BadReply):
            call()
        spent = time.thread_time() - began
        if spent >= enough_s:
            spent /= slowness()
        least = min(least, spent)
        if least < enough_s:
            break
    return least
