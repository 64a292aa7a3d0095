"""The real program in a real pseudo-terminal, read through a terminal emulator."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import pyte
from rich.cells import cell_len

from tests.support.waiting import Deadline, patience_s

DEADLINE_S = 60.0
"""How long the program may take for anything, on a quiet machine."""
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
    "f5": "\x1b[15~",
}


def _ticks(stat: Path) -> tuple[int, int]:
    """What a process or a thread has used, as user and in the kernel, in clock ticks."""
    fields = stat.read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]), int(fields[12])


class _Screen(pyte.Screen):
    """Keeps what was written beyond the right edge."""

    def __init__(self, columns: int, lines: int) -> None:
        self.beyond: list[str] = []
        super().__init__(columns, lines)

    def draw(self, data: str) -> None:
        if self.cursor.x + cell_len(data) > self.columns:
            self.beyond.append(data)
        super().draw(data)


class Terminal:
    """One run of a command in a pty of the given size; `raw` holds every byte it wrote."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        columns: int = 80,
        rows: int = 24,
        hear_hangup: bool = True,
    ) -> None:
        """`hear_hangup`: off, no signal tells the command of a lost terminal, as under nohup and setsid."""
        self.raw = bytearray()
        self._screen = _Screen(columns, rows)
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
            if not hear_hangup:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
                fcntl.ioctl(0, termios.TIOCNOTTY)
            os.execvpe(command[0], list(command), environment)  # noqa: S606 - the program under test
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @classmethod
    def vbem(
        cls,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        columns: int = 80,
        rows: int = 24,
        hear_hangup: bool = True,
    ) -> Self:
        """Start `vbem` itself."""
        command = [sys.executable, "-m", "tui", *arguments]
        return cls(command, env=env, columns=columns, rows=rows, hear_hangup=hear_hangup)

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
        # Not by `display`, which fails where half of a wide character has been overwritten so far.
        lines, columns = range(self._screen.lines), range(self._screen.columns)
        rows = ("".join(self._screen.buffer[y][x].data for x in columns) for y in lines)
        return "\n".join(row.rstrip() for row in rows)

    @property
    def beyond(self) -> list[str]:
        """What the program has written beyond the right edge."""
        return self._screen.beyond

    @property
    def title(self) -> str:
        """What the program has set as the title of the terminal; empty for none."""
        titles = re.findall(rb"\x1b\]2;([^\x07]*)\x07", bytes(self.raw))
        return titles[-1].decode() if titles else ""

    def press(self, *keys: str) -> None:
        """Send keys by name, or text as it is."""
        for key in keys:
            os.write(self._fd, KEYS.get(key, key).encode())
            self._read(0.05)

    def send_bytes(self, *chunks: bytes, pause_s: float = 0.0) -> None:
        """Send bytes as they are, with a pause after each chunk."""
        for chunk in chunks:
            os.write(self._fd, chunk)
            self._read(0.05)
            time.sleep(pause_s)

    def stall(self, *keys: str, times: int = 30) -> None:
        """Press keys that repaint, and read nothing meanwhile: a line that is stalled.

        The line holds 4 kB, a frame or two; all the others wait in the program, or are left out.
        """
        for key in keys * times:
            os.write(self._fd, KEYS.get(key, key).encode())
            select.select([], [], [], 0.05)

    def ctrl(self, letter: str) -> None:
        """Send a control key."""
        os.write(self._fd, bytes([ord(letter.upper()) - 64]))

    def until(self, true: Callable[[str], object] | str, deadline_s: float = DEADLINE_S) -> str:
        """Read until the screen holds a text, or a condition on it; returns the screen.

        Raises:
            TimeoutError: with the screen as it was.
            EOFError: the program ended before that; with its last screen.
        """
        deadline, has_ended = Deadline(deadline_s), False
        while True:
            shown = self.text
            if (true in shown) if isinstance(true, str) else true(shown):
                return shown
            if deadline.is_over:
                raise TimeoutError(f"waited for {true!r}; the screen was:\n{shown}")
            if has_ended:
                raise EOFError(f"it ended with {self.status} before {true!r}; the screen was:\n{shown}")
            has_ended = not self._read(0.1) and self._has_ended() and not self._read(0)

    def _has_ended(self) -> bool:
        """Whether the program is gone; takes its status."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if pid else None
        return self.status is not None

    def until_stopped(self) -> None:
        """Read until the program is stopped, as by Ctrl+Z.

        Raises:
            TimeoutError: it went on.
        """
        deadline = Deadline(DEADLINE_S)
        while not os.waitpid(self.pid, os.WUNTRACED | os.WNOHANG)[0]:
            if deadline.is_over:
                raise TimeoutError(f"the program was not stopped; the screen was:\n{self.text}")
            self._read(0.05)
        while self._read(0.1):
            pass

    def wait(self) -> int:
        """Read until the program ends; returns its exit code (negative: the signal).

        Raises:
            TimeoutError: it did not end.
        """
        deadline = Deadline(DEADLINE_S)
        while self.status is None:
            self._read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                while self._read(0.05):
                    pass
            elif deadline.is_over:
                raise TimeoutError(f"the program did not end; the screen was:\n{self.text}")
        return self.status

    def hang_up(self, deadline_s: float = DEADLINE_S) -> float:
        """Lose the line: the terminal is gone; returns the CPU seconds the program took to end.

        Raises:
            TimeoutError: it did not end.
        """
        before = sum(_ticks(Path(f"/proc/{self.pid}/stat"))) / os.sysconf("SC_CLK_TCK")
        os.close(self._fd)
        self._fd = -1
        with open(os.pidfd_open(self.pid), "rb", buffering=0) as ended:
            if not select.select([ended], [], [], patience_s(deadline_s))[0]:
                os.kill(self.pid, signal.SIGKILL)
        _, status, usage = os.wait4(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        if self.status == -signal.SIGKILL:
            raise TimeoutError("the program did not end when its terminal was gone")
        return usage.ru_utime + usage.ru_stime - before

    def kill(self, signal_number: int = signal.SIGKILL) -> None:
        """End the program by a signal, and take its status."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal_number)
            with contextlib.suppress(TimeoutError):
                self.wait()
