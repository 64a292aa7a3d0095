"""`vbem` with a defect: `python -m tests.support.defect KIND ...` fails in the middle of a logon.

KIND is where: worker, handler, task (that nobody awaits), input (the thread of the keys), thread (any other).

The error names the password, as careless code would, and the frames on the way hold it.
"""

from __future__ import annotations

import asyncio
import sys
import threading
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


def _fail_with(password: str) -> None:
    raise RuntimeError(f"cannot use {password!r}: {password}")


async def _forget(password: str) -> None:
    _fail_with(password)


def _fail_elsewhere(screen: LoginScreen) -> None:
    """Let something fail of which no handler and no worker hears."""
    from tui.terminal.input import KeyParser
    from tui.widgets.inputs import LineInput

    password = screen.query_one("#password", LineInput).value
    where = sys.argv[1]
    if where == "task":
        asyncio.get_running_loop().call_soon(_fail_with, password)
    elif where == "input":
        setattr(KeyParser, "messages", lambda _parser, _piece: _fail_with(password))  # noqa: B010
    else:
        threading.Thread(target=_fail_with, args=(password,)).start()


def _run_defective(start: StartOptions, *, mouse: bool) -> int:
    from tui.screens.login import LoginScreen
    from tui.session import Connection

    if sys.argv[1] == "worker":
        setattr(Connection, "log_on", _log_on)  # noqa: B010 - the type checker knows this is wrong
    elif sys.argv[1] == "handler":
        setattr(LoginScreen, "action_log_on", _action_log_on)  # noqa: B010
    else:
        setattr(LoginScreen, "action_log_on", _fail_elsewhere)  # noqa: B010
    return run_screens(start, mouse=mouse)


if __name__ == "__main__":
    cli.run_screens = _run_defective
    raise SystemExit(cli.main(sys.argv[2:]))
