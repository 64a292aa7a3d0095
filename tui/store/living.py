"""Which process owns something, and whether that process still lives.

A process is named by host, boot, process id and start time, so that neither a reboot nor a reused
process id is taken for the owner. A home folder may be shared by several hosts: about a process of
another host nothing can be known, and that is said rather than guessed.
"""

from __future__ import annotations

import os
import platform
from enum import Enum
from functools import cache
from pathlib import Path

_PROC = Path("/proc")


class Life(Enum):
    """What is known about an owner."""

    NOBODY = "nobody"
    OURS = "this process"
    ALIVE = "another living process"
    DEAD = "a process that has ended"
    ELSEWHERE = "a process on another host"


@cache
def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _start_of(pid: int) -> str | None:
    """When a process started, in its system's own unit; None if it does not live."""
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except FileNotFoundError:
        if (_PROC / "self/stat").exists():
            return None
        return _answers_signals(pid)
    except OSError:
        return None
    # The command name stands in parentheses and may itself hold any byte.
    fields = stat.rpartition(b")")[2].split()
    state, start = fields[0], fields[19]
    return None if state in {b"Z", b"X"} else start.decode("ascii")


def _answers_signals(pid: int) -> str | None:
    """Systems without /proc: alive or not is all that can be asked without a child process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return ""
    return ""


def _host() -> str:
    return (platform.node() or "localhost").replace("|", "-")


def this_process() -> str:
    """The name of this process: `host|boot|pid|start`."""
    pid = os.getpid()
    return f"{_host()}|{_boot()}|{pid}|{_start_of(pid) or ''}"


def life_of(owner: str) -> Life:
    """What is known about the process called `owner`."""
    if not owner:
        return Life.NOBODY
    if owner == this_process():
        return Life.OURS
    parts = owner.split("|")
    if len(parts) != 4 or not parts[2].isdecimal():
        return Life.DEAD
    host, boot, pid, start = parts
    if host != _host():
        return Life.ELSEWHERE
    if boot != _boot():
        return Life.DEAD
    return Life.ALIVE if _start_of(int(pid)) == start else Life.DEAD


def owner_words(owner: str) -> str:
    """An owner for people: `process 4711 on jump1`."""
    parts = owner.split("|")
    return f"process {parts[2]} on {parts[0]}" if len(parts) == 4 else "another process"
