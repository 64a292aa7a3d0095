"""Run the embedded server as a child process and end it with its parent: what `vbem --demo` does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class DemoUnavailable(Exception):
    """The child did not come up; the message says why."""


@contextmanager
def embedded_server(*, identity_folder: Path, options: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """Start the server, yield its ready line, and stop it at the end.

    It runs in a session of its own, so that Ctrl+C in the terminal is not its Ctrl+C, and it ends by
    itself when its standard input closes, so that a killed parent leaves no orphan.

    Args:
        identity_folder: where its key and certificate are kept, so that a pin stays true.
        options: further options of `vbem demo-server`.

    Raises:
        DemoUnavailable: it ended before it was ready.
    """
    command = [
        sys.executable,
        "-m",
        "tui.demo",
        "--control",
        "--identity-dir",
        str(identity_folder),
        *options,
    ]
    child = subprocess.Popen(  # noqa: S603 - our own module, our own interpreter
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield _ready_line(child)
    finally:
        if child.stdin is not None:
            child.stdin.close()
        try:
            child.wait(timeout=3)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        for stream in (child.stdout, child.stderr):
            if stream is not None:
                stream.close()


def _ready_line(child: subprocess.Popen[str]) -> dict[str, str]:
    line = child.stdout.readline() if child.stdout is not None else ""
    if not line:
        said = child.stderr.read().strip().splitlines() if child.stderr is not None else []
        raise DemoUnavailable(said[-1] if said else "It ended without a word.")
    ready: dict[str, str] = json.loads(line)
    return ready
