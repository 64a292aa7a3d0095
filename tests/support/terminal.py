"""The real program in a real pseudo-terminal, read through a terminal emulator."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import pyte

DEADLINE_S = 30.0
KEYS = {
    "enter": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "backtab": "\x1b[Z",
    "space": " ",
    "backspace": "\x7f",
}


class Terminal:
    """One run of a command in a pty of the given size; `raw` holds every byte it wrote."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self.raw = bytearray()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.status: int | None = None
        environment = {
            "PATH": os.environ["PATH"],
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            **(env or {}),
        }
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], list(command), environment)  # noqa: S606 - the program under test
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @classmethod
    def vbem(
        cls, *arguments: str, env: Mapping[str, str] | None = None, columns: int = 80, rows: int = 24
    ) -> Self:
        """Start `vbem` itself."""
        return cls([sys.executable, "-m", "tui", *arguments], env=env, columns=columns, rows=rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        with contextlib.suppress(OSError):
            os.close(self._fd)

    def _read(self, wait_s: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], wait_s)
        if not ready:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    @property
    def text(self) -> str:
        """What the screen shows now."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def press(self, *keys: str) -> None:
        """Send keys by name, or text as it is."""
        for key in keys:
            os.write(self._fd, KEYS.get(key, key).encode())
            self._read(0.05)

    def ctrl(self, letter: str) -> None:
        """Send a control key."""
        os.write(self._fd, bytes([ord(letter.upper()) - 64]))

    def until(self, true: Callable[[str], object] | str, deadline_s: float = DEADLINE_S) -> str:
        """Read until the screen holds a text, or a condition on it; returns the screen.

        Raises:
            TimeoutError: with the screen as it was.
        """
        end = time.monotonic() + deadline_s
        while True:
            shown = self.text
            if (true in shown) if isinstance(true, str) else true(shown):
                return shown
            if time.monotonic() > end:
                raise TimeoutError(f"waited for {true!r}; the screen was:\n{shown}")
            self._read(0.1)

    def wait(self, deadline_s: float = DEADLINE_S) -> int:
        """Read until the program ends; returns its exit code (negative: the signal).

        Raises:
            TimeoutError: it did not end.
        """
        end = time.monotonic() + deadline_s
        while self.status is None:
            self._read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                while self._read(0.05):
                    pass
            elif time.monotonic() > end:
                raise TimeoutError(f"the program did not end; the screen was:\n{self.text}")
        return self.status

    def kill(self, signal_number: int = signal.SIGKILL) -> None:
        """End the program by a signal, and take its status."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal_number)
            with contextlib.suppress(TimeoutError):
                self.wait(10)
