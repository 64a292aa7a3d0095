"""Noticing a lost terminal without taking keys away and without waking up for them."""

from __future__ import annotations

import os
import pty
import sys
import threading
import tty
from pathlib import Path

import pytest

from tests.support.waiting import patience_s
from tui.terminal.crash_edge import terminal_fd, watch


def switches(thread: threading.Thread) -> str:
    """How often a thread gave the processor back of its own will."""
    lines = Path(f"/proc/self/task/{thread.native_id}/status").read_text(encoding="ascii").splitlines()
    return next(line for line in lines if line.startswith("voluntary_ctxt_switches"))


def at_rest(thread: threading.Thread, gone: threading.Event) -> str:
    """The switches of a thread once they stay as they are while nothing else in this process runs."""
    before = ""
    while before != (now := switches(thread)):
        before = now
        gone.wait(0.05)
    return now


def test_the_watcher_sleeps_through_keys_and_wakes_at_the_hangup() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    gone = threading.Event()
    watcher = watch(slave, gone.set)
    before = at_rest(watcher, gone)
    for _ in range(20):
        os.write(master, b"k")
        assert os.read(slave, 10) == b"k", "the key is the program's"
    assert switches(watcher) == before
    assert not gone.is_set()
    os.close(master)
    assert gone.wait(patience_s())
    watcher.join(patience_s())
    assert not watcher.is_alive()
    assert watcher.daemon
    os.close(slave)


def test_a_terminal_that_is_gone_already_is_told() -> None:
    master, slave = pty.openpty()
    os.close(master)
    gone = threading.Event()
    watch(slave, gone.set)
    assert gone.wait(patience_s())
    os.close(slave)


def test_only_a_terminal_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    with open(slave, encoding="utf-8") as terminal, open(os.devnull, encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "__stdin__", terminal)
        assert terminal_fd() == slave
        monkeypatch.setattr(sys, "__stdin__", nothing)
        assert terminal_fd() is None
        monkeypatch.setattr(sys, "__stdin__", None)
        assert terminal_fd() is None
    os.close(master)
