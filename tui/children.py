"""Child processes of this program: pages are decoded and the keyring is asked in one.

asyncio's own way of starting a process waits for ever when it is given up in the middle (seen with Python
3.11: what is closed waits for pipes that were never connected), which is a program that does not end. So the
process is started at once here, and only its pipes belong to the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

_BASIC = frozenset({"HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR"})
_NICE = 10
_DYING_S = 1.0
"""How long a killed child may take to end before it is left to the system."""


class Child:
    """One module of this program, running in a process and a session of its own, without a terminal."""

    def __init__(self, process: subprocess.Popen[bytes], buffer_bytes: int) -> None:
        self._process = process
        self.answers = asyncio.StreamReader(limit=buffer_bytes)
        """Its standard output."""
        self._reading: asyncio.BaseTransport | None = None
        self._writing: asyncio.WriteTransport | None = None

    @classmethod
    async def start(
        cls,
        module: str,
        *arguments: str,
        environment: dict[str, str],
        buffer_bytes: int = 1 << 16,
        is_patient: bool = False,
    ) -> Child:
        """Start `python -m module`.

        Args:
            module: what runs.
            arguments: no secrets, for anybody on the machine can read them.
            environment: all it gets to know of ours.
            buffer_bytes: how much of its answer is read ahead.
            is_patient: where processors are short, the screen comes first.

        Raises:
            OSError: it cannot be started.
        """
        # -P: the folder the operator happens to stand in must not provide modules.
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - a few milliseconds; our own module
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=environment,
        )
        if is_patient:
            with contextlib.suppress(OSError):  # it has ended already
                os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
        child = cls(process, buffer_bytes)
        try:
            await child._connect()
        except BaseException:
            child.kill()
            child._bury()  # a moment: it has only just been born
            raise
        return child

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReaderProtocol(self.answers)
        self._reading, _ = await loop.connect_read_pipe(lambda: reader, self._process.stdout)
        self._writing, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, self._process.stdin)

    @property
    def pid(self) -> int:
        """Return number of the process, and of its session."""
        return self._process.pid

    def write(self, request: bytes, *, last: bool = False) -> None:
        """Hand it bytes on its standard input, without waiting for it to take them.

        Args:
            request: the bytes.
            last: close its input behind them.

        Raises:
            BrokenPipeError: it was killed.
        """
        if self._writing is None or self._writing.is_closing():
            raise BrokenPipeError
        self._writing.write(request)
        if last:
            self._writing.close()

    def kill(self) -> None:
        """End it and all it has started, now."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        if self._writing is not None and not self._writing.is_closing():
            self._writing.abort()
        if self._reading is not None:
            self._reading.close()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and self._reading is None:
                pipe.close()

    async def end(self) -> None:
        """Kill it, and wait until it is gone.

        Bounded: a process stuck in the kernel (a home on NFS) does not even die of SIGKILL.
        """
        self.kill()
        if self._process.poll() is None:
            await asyncio.to_thread(self._bury)

    def _bury(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_DYING_S)


def child_environment(passed_on: Collection[str] = (), prefixes: tuple[str, ...] = ()) -> dict[str, str]:
    """Return what Python needs to start in a child, and what is named; the rest may be secret."""
    chosen = {
        name: value
        for name, value in os.environ.items()
        if name in _BASIC or name in passed_on or name.startswith(("LC_", *prefixes))
    }
    paths = [path for path in chosen.get("PYTHONPATH", "").split(os.pathsep) if path]
    # Last, so that it shadows nothing: it matters only where vbem runs without being installed.
    paths.append(str(Path(__file__).resolve().parents[1]))
    chosen["PYTHONPATH"] = os.pathsep.join(paths)
    return chosen
