"""A program in a pseudo-terminal whose bytes are timed as they arrive.

The emulator is fed only when somebody asks for the screen, so that its work is in no measurement.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp

from tests.support.demo_process import DemoProcess
from tests.support.terminal import DEADLINE_S, KEYS, Terminal

PIECES_S = 0.0005
"""The pieces of one frame follow each other within this time."""
LINES = 24
ROUNDS = 5
NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}


class Stopwatch(Terminal):
    """A terminal that notes when its bytes came; all moments are of `time.perf_counter`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        columns: int = 80,
        rows: int = LINES,
    ) -> None:
        self._fed = 0
        self.started = time.perf_counter()
        self.arrived = self.started
        """When the newest bytes came."""
        super().__init__(command, env=env, columns=columns, rows=rows)

    def _read(self, wait_s: float) -> bool:
        before = len(self.raw)
        while select.select([self._fd], [], [], wait_s)[0]:
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                break
            self.arrived = time.perf_counter()
            self.raw += data
            # A frame comes in pieces: the emulator, fed between two of them, would be in the measurement.
            wait_s = PIECES_S
        return len(self.raw) > before

    @property
    def text(self) -> str:
        """What the screen shows now."""
        fresh, self._fed = bytes(self.raw[self._fed :]), len(self.raw)
        self._stream.feed(fresh)
        return super().text

    def send(self, *keys: str) -> float:
        """Send keys without reading; the moment before they left."""
        data = "".join(KEYS.get(key, key) for key in keys).encode()
        moment = time.perf_counter()
        os.write(self._fd, data)
        return moment

    def first(self, words: bytes, deadline_s: float = DEADLINE_S) -> float:
        """When bytes with these words came, from now on looked for in all bytes.

        Raises:
            TimeoutError: they did not come.
        """
        end = time.monotonic() + deadline_s
        while words not in self.raw:
            if time.monotonic() > end:
                raise TimeoutError(f"waited for {words!r}; the screen was:\n{self.text}")
            self._read(0.1)
        return self.arrived

    def next(self, deadline_s: float = DEADLINE_S) -> float:
        """When the next bytes came.

        Raises:
            TimeoutError: none came.
        """
        if not self._read(deadline_s):
            raise TimeoutError(f"no bytes in {deadline_s:g} s; the screen was:\n{self.text}")
        return self.arrived

    def last(self, quiet_s: float) -> float:
        """Read until nothing came for so long; when the last bytes came."""
        while self._read(quiet_s):
            pass
        return self.arrived

    def read_for(self, seconds: float) -> int:
        """Take in what the program writes for some time; how many bytes that was."""
        before, end = len(self.raw), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)
        return len(self.raw) - before

    def cost(self, key: str, quiet_s: float) -> float:
        """How many bytes a key costs, until nothing came for so long."""
        before = len(self.raw)
        self.send(key)
        self.last(quiet_s)
        return float(len(self.raw) - before)

    def frame_bytes(self) -> int:
        """What this screen costs as one frame: its lines, with colours said where they change."""
        self.text  # noqa: B018 - feeds the emulator
        total = 0
        for row in range(self._screen.lines):
            total += len(f"\x1b[{row + 1};1H")
            looks = None
            for column in range(self._screen.columns):
                cell = self._screen.buffer[row][column]
                if (looks_now := cell[1:]) != looks:
                    looks = looks_now
                    total += len("\x1b[0m\x1b[38;2;200;200;200;48;2;100;100;100m")
                total += len(cell.data.encode())
        return total

    def resident_mb(self) -> float:
        """Resident memory of the program."""
        return resident_mb(self.pid)


def resident_mb(pid: int | str = "self") -> float:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def login_on(demo: DemoProcess, *options: str, env: Mapping[str, str] | None = None) -> Stopwatch:
    """`vbem` with a home of its own, at the login screen of a server whose certificate is vouched for."""
    home = mkdtemp(prefix="vbem-bench-")
    command = [
        sys.executable, "-m", "tui",
        "--server", f"{demo.host}:{demo.port}", "--ca-file", str(demo.certificate), *options,
    ]  # fmt: skip
    terminal = Stopwatch(command, env={"HOME": home, "VBEM_USER": demo.user, **NO_KEYRING, **(env or {})})
    terminal.until(lambda text: "Password (never stored)" in text and demo.user in text)
    terminal.last(0.7)
    return terminal
