"""What a command ends with: one number for each kind of end, the same in every command.

`--help` and README show `TABLE`; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from tui.api import errors as api
from tui.errors import VbemError
from tui.restore_states import RestoreState
from tui.restores.errors import AfterIncident, AlreadyRunning, NotLoggedOn


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNKNOWN = 3
    NOT_ALLOWED = 4
    UNREACHABLE = 5
    NOT_READY = 6
    CANCELLED = 7
    CRASH = 70
    HANGUP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class CommandError(VbemError):
    """A command cannot go on; it says what it ends with.

    Args:
        detail: what is particular to this case; empty where the title says all.
        title: what happened, in a few words.
        code: what the command ends with.
        hint: what the operator can do.
    """

    def __init__(self, detail: str, *, title: str, code: ExitCode, hint: str = "") -> None:
        super().__init__(detail, hint=hint, title=title)
        self.code = code


TABLE: tuple[tuple[ExitCode, str], ...] = (
    (ExitCode.DONE, "done, as asked; a restore with warnings, too"),
    (ExitCode.FAILED, "failed: the server or the restore says so, or what was asked for is not there"),
    (ExitCode.USAGE, "wrong option, setting or file; nothing was sent"),
    (ExitCode.UNKNOWN, "unknown outcome: a restore may have started; look before you send it again"),
    (ExitCode.NOT_ALLOWED, "not allowed: logon, role, certificate, --read-only, or a yes that is missing"),
    (ExitCode.UNREACHABLE, "the server cannot be reached, or is no Enterprise Manager"),
    (ExitCode.NOT_READY, "not ready: at least one VM of the plan could not be restored now"),
    (ExitCode.CANCELLED, "the restore was cancelled"),
    (ExitCode.CRASH, "a bug in vbem; standard error names the report"),
    (ExitCode.HANGUP, "the terminal is gone"),
    (ExitCode.INTERRUPTED, "stopped by Ctrl+C; standard error says what continues"),
    (ExitCode.TERMINATED, "stopped by SIGTERM; standard error says what continues"),
)
"""Each code with what it means."""

_WORST_FIRST = (
    ExitCode.UNKNOWN,
    ExitCode.FAILED,
    ExitCode.CANCELLED,
    ExitCode.UNREACHABLE,
    ExitCode.NOT_ALLOWED,
    ExitCode.NOT_READY,
    ExitCode.USAGE,
)

_OF_ERROR: tuple[tuple[type[VbemError], ExitCode], ...] = (
    (api.NotManager, ExitCode.UNREACHABLE),
    (api.Unreachable, ExitCode.UNREACHABLE),
    (api.CaFileUnreadable, ExitCode.USAGE),
    (api.Untrusted, ExitCode.NOT_ALLOWED),
    (api.NotAllowed, ExitCode.NOT_ALLOWED),
    (AfterIncident, ExitCode.NOT_ALLOWED),
    (AlreadyRunning, ExitCode.NOT_ALLOWED),
    (NotLoggedOn, ExitCode.NOT_ALLOWED),
)
"""The first one that fits; everything else failed."""

_OF_STATE = {
    RestoreState.SUCCEEDED: ExitCode.DONE,
    RestoreState.WARNING: ExitCode.DONE,
    RestoreState.FAILED: ExitCode.FAILED,
    RestoreState.CANCELLED: ExitCode.CANCELLED,
    RestoreState.RESTORING: ExitCode.DONE,
}


def code_of_error(error: VbemError) -> ExitCode:
    """Return what a command ends with that this error stopped."""
    if isinstance(error, CommandError):
        return error.code
    return next((code for kind, code in _OF_ERROR if isinstance(error, kind)), ExitCode.FAILED)


def code_of_state(state: RestoreState) -> ExitCode:
    """Return what a command ends with that leaves a restore in this state.

    A restore that has begun is what a command without `--wait` is for; one that is neither begun nor ended
    is unknown.
    """
    return _OF_STATE.get(state, ExitCode.UNKNOWN)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the worst of several: what is unknown needs a person most."""
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), ExitCode.DONE)


def epilog() -> str:
    """Return the table for `--help`."""
    return "\n".join(["exit codes:", *(f"  {code:>3}  {words}" for code, words in TABLE)])
