"""Noticing that the terminal is gone, where no signal says so.

SIGHUP may be ignored, as under nohup, or go to another process: then reads from a lost terminal return at
once and for ever, and the program would turn in circles unseen. `poll` without any event asked for reports
a hang-up alone: it takes no input away and sleeps until there is one.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from threading import Thread

_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL if hasattr(select, "poll") else 0
"""POLLHUP, POLLERR and POLLNVAL, which are reported unasked."""


def terminal_fd() -> int | None:
    """Return the terminal that keys come from; None where that is none, or it cannot be watched here."""
    if sys.__stdin__ is None or not hasattr(select, "poll"):
        return None
    try:
        fd = sys.__stdin__.fileno()
        return fd if os.isatty(fd) else None
    except (OSError, ValueError):
        return None


def watch(fd: int, notify: Callable[[], object]) -> Thread:
    """Call `notify` once, from a thread of its own, when the terminal hangs up.

    The thread costs nothing while it waits, and holds up no exit.
    """

    def wait() -> None:
        poll = select.poll()
        poll.register(fd, 0)
        while not any(event & _GONE for _, event in poll.poll()):
            pass
        notify()

    watcher = Thread(target=wait, name="hang-up", daemon=True)
    watcher.start()
    return watcher
