"""`vbem` with a defect: `python -m tests.support.defect worker|handler ...` fails in the middle of a logon.

The error names the password, as careless code would, and the frames on the way hold it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tui.cli import main as cli

if TYPE_CHECKING:
    from tui.config import StartOptions
    from tui.screens.login import LoginScreen
    from tui.session import Connection

run_screens = cli.run_screens


async def _log_on(_connection: Connection, user: str, password: str) -> None:
    raise RuntimeError(f"cannot log on {user} with {password!r}: {password}")


def _action_log_on(screen: LoginScreen) -> None:
    from tui.widgets.inputs import LineInput

    password = screen.query_one("#password", LineInput).value
    raise RuntimeError(f"cannot read {password!r}: {password}")


def _run_defective(start: StartOptions, *, mouse: bool) -> int:
    from tui.screens.login import LoginScreen
    from tui.session import Connection

    if sys.argv[1] == "worker":
        setattr(Connection, "log_on", _log_on)  # noqa: B010 - the type checker knows this is wrong
    else:
        setattr(LoginScreen, "action_log_on", _action_log_on)  # noqa: B010
    return run_screens(start, mouse=mouse)


if __name__ == "__main__":
    cli.run_screens = _run_defective
    raise SystemExit(cli.main(sys.argv[2:]))
