"""Finding a restore's session when its task cannot tell: by what was not there before.

Only the server's own lists are compared, by UID; this machine's clock plays no part, for clocks differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from tui.api.models import RestoreSession
from tui.restores.restore import SEARCH_WINDOW_S, CancelState, Moment, Restore, console
from tui.store.entry import RestoreState

_FILE_LEVEL = "filelevel"


def is_of_vm(session: RestoreSession, vm_name: str, server_uid: str) -> bool:
    """Whether a session restores the VM of that name on that backup server.

    VmDisplayName may be missing (T18); then the session's own name starts with the VM's.
    """
    if session.server_uid and server_uid and session.server_uid.lower() != server_uid.lower():
        return False
    if _FILE_LEVEL in session.job_type.lower():
        return False
    if session.vm_name:
        return session.vm_name.casefold() == vm_name.casefold()
    return session.name.rpartition("@")[0].casefold() == vm_name.casefold()


def running_of(
    sessions: Iterable[RestoreSession], vm_name: str, server_uid: str
) -> tuple[RestoreSession, ...]:
    """The sessions of a VM that are not over."""
    return tuple(item for item in sessions if not item.is_over and is_of_vm(item, vm_name, server_uid))


def new_sessions(
    restore: Restore, sessions: Iterable[RestoreSession], taken: Collection[str], *, by_name: bool
) -> tuple[RestoreSession, ...]:
    """Sessions that may be this restore's: of its VM, not there before, nobody else's of this program.

    Args:
        restore: what is looked for.
        sessions: what the server listed.
        taken: UIDs, in lower case, that belong to other restores.
        by_name: whether the list was asked for by the VM's name, as the one before the request was. In a
            wider list an old session without VmDisplayName would look new.
    """
    return tuple(
        session
        for session in sessions
        if (by_name or session.vm_name)
        and is_of_vm(session, restore.vm_name, restore.server_uid)
        and session.uid.lower() not in restore.sessions_before
        and session.uid.lower() not in taken
        and (not session.point_uid or session.point_uid.lower() == restore.point_uid.lower())
    )


def pick(candidates: tuple[RestoreSession, ...]) -> RestoreSession | None:
    """The one that is surely meant: the only one, or the only one that names the point; else None."""
    named = tuple(session for session in candidates if session.point_uid)
    best = named or candidates
    return best[0] if len(best) == 1 else None


def not_found(restore: Restore, candidates: int, moment: Moment) -> Restore:
    """Nothing certain was found in this poll: say what that means so far."""
    if restore.state is RestoreState.CANCELLED:
        return _maybe_stop(restore, moment)
    if restore.state is not RestoreState.UNKNOWN:
        return replace(restore, candidates=candidates)
    if candidates > 1:
        words = (
            f"{candidates} new restore sessions of this VM have appeared; which of them is this one cannot "
            f"be told from here. Compare them in {console(restore)}."
        )
        return replace(restore, candidates=candidates, message=f"{restore.why_unknown} {words}")
    if restore.search_since is None or moment.mono - restore.search_since < SEARCH_WINDOW_S:
        return replace(restore, candidates=0)
    minutes = round(SEARCH_WINDOW_S / 60)
    words = (
        f"No restore session seen after {minutes} minutes; that is no proof that it did not start. "
        "It is still looked for, less often."
    )
    return replace(restore, candidates=0, search_since=None, message=f"{restore.why_unknown} {words}")


def _maybe_stop(restore: Restore, moment: Moment) -> Restore:
    """A stopped launch is watched for the same while, for the server's data lags; then let go."""
    over = restore.cancel is not CancelState.LAUNCH_STOPPED or restore.search_since is None
    if over or moment.mono - (restore.search_since or 0.0) < SEARCH_WINDOW_S:
        return restore
    return replace(restore, search_since=None)
