"""Run the embedded server as a child process and end it with its parent: what `vbem --demo` does."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_PASSED_ON = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONUSERBASE", "TMPDIR", "TZ")
_START_S = 30.0
"""How long it may take to be ready; it makes a key at its first start."""


class DemoUnavailable(Exception):
    """The child did not come up; the message says why."""


@contextmanager
def embedded_server(*, identity_folder: Path, options: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """Start the server, yield its ready line, and stop it at the end.

    It runs in a session of its own, so that Ctrl+C in the terminal is not its Ctrl+C, and it ends by
    itself when its standard input closes, so that a killed parent leaves no orphan. It runs no module of
    the current folder, and gets only what it needs of our environment.

    Args:
        identity_folder: where its key and certificate are kept, so that a pin stays true.
        options: further options of `vbem demo-server`.

    Raises:
        DemoUnavailable: it ended before it was ready, or does not become ready.
    """
    command = [
        sys.executable,
        "-P",
        "-m",
        "tui.demo",
        "--control",
        "--identity-dir",
        str(identity_folder.absolute()),
        *options,
    ]
    child = subprocess.Popen(  # noqa: S603 - our own module, our own interpreter
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd="/",
        env=_environment(),
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


def _environment() -> dict[str, str]:
    chosen = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # A relative entry, or an empty one, would be the current folder.
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(path)]
    paths.append(str(Path(__file__).resolve().parents[2]))
    return {**chosen, "PYTHONPATH": os.pathsep.join(paths)}


def _ready_line(child: subprocess.Popen[str]) -> dict[str, str]:
    if child.stdout is None or not select.select([child.stdout], [], [], _START_S)[0]:
        child.kill()
        raise DemoUnavailable(f"It was not ready in {_START_S:g} s.")
    line = child.stdout.readline()
    if not line:
        said = child.stderr.read().strip().splitlines() if child.stderr is not None else []
        raise DemoUnavailable(said[-1] if said else "It ended without a word.")
    ready: dict[str, str] = json.loads(line)
    return ready
