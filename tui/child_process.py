"""How a child process is started: no module of the current folder, no environment but what it needs."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from pathlib import Path

FOLDER = "/"
"""Where it is started: nobody's modules, settings or programs lie there."""
_PYTHON_NEEDS = frozenset({
    "HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "PATH", "PYTHONUSERBASE", "TMPDIR", "TZ",
})  # fmt: skip
"""Of Python's own variables no other: they name code that it would run."""


def command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of ours."""
    # -P: `-m` alone would look for modules in the current folder first.
    return [sys.executable, "-P", "-m", module, *arguments]


def environment(names: Collection[str] = (), prefixes: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the environment for it; whatever else is in ours may be secret, or change what Python runs.

    Args:
        names: what it needs beside Python's own needs.
        prefixes: beginnings of further names.
    """
    wanted = {*_PYTHON_NEEDS, *names}
    chosen = {
        name: value
        for name, value in os.environ.items()
        if name in wanted or name.startswith(("LC_", *prefixes))
    }
    # A relative entry, or an empty one, would be the current folder.
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(path)]
    # Last, so that it shadows nothing: it matters only where vbem runs without being installed.
    paths.append(str(Path(__file__).resolve().parents[1]))
    return {**chosen, "PYTHONPATH": os.pathsep.join(paths)}
