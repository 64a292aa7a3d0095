"""Other restores of the VM that is to be restored, and what is said of them before one more is sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from tui import timefmt
from tui.api.models import RestorePoint, SessionResult
from tui.restore_states import RestoreState
from tui.restores.ports import JournalEntry
from tui.restores.restore import Restore


class Beside(TypedDict):
    """What this program knows of other restores of a VM, as `PlanContext` names it."""

    own_in_flight: int
    own_uncertain: int
    earlier: tuple[str, ...]


NOTHING_BESIDE: Beside = {"own_in_flight": 0, "own_uncertain": 0, "earlier": ()}


def beside(others: Iterable[Restore | JournalEntry], point: RestorePoint) -> Beside:
    """Return what is to be said of other restores of the VM of a point.

    Args:
        others: restores of this run, and rows of the journal that nobody follows.
        point: of the VM.
    """
    same = [one for one in others if is_same_vm(one, point)]
    own = [one for one in same if isinstance(one, Restore) and one.is_in_flight]
    return {
        "own_in_flight": len(own),
        "own_uncertain": sum(not one.is_known_to_run for one in own),
        "earlier": tuple(earlier_words(one) for one in same if one.state is RestoreState.UNKNOWN),
    }


def is_same_vm(one: Restore | JournalEntry, point: RestorePoint) -> bool:
    """Return whether a restore is of the VM of a point, by name and backup server, or of that very point."""
    server_uid = one.server_uid if isinstance(one, Restore) else one.backup_server_uid
    return (one.vm_name == point.vm_name and server_uid == point.server_uid) or one.point_uid == point.uid


def row_words(row: JournalEntry) -> str:
    """Return that a row of the VM has no end, before another restore of it; without a full stop."""
    who = f", by {row.operator}" if row.operator else ""
    where = f"in the journal (row {row.id}{who})"
    if row.state is RestoreState.UNKNOWN:
        return f"A restore of this VM may be running: its outcome is unknown {where}"
    return f"A restore of this VM {row.state.predicate} {where}"


_MAY_HAVE = {
    SessionResult.SUCCESS: "may have SUCCEEDED",
    SessionResult.WARNING: "may have SUCCEEDED, with warnings",
    SessionResult.FAILED: "may have FAILED",
}


def earlier_words(one: Restore | JournalEntry) -> str:
    """Return what may have become of an unknown restore of the VM, before another one is sent."""
    number = one.id if isinstance(one, JournalEntry) else one.entry_id
    row = "" if number is None else f" (journal row {number})"
    verdict = _MAY_HAVE.get(SessionResult(one.session_result)) if one.session_result else ""
    server = one.backup_server_name if isinstance(one, JournalEntry) else one.server_name
    look = f"Check it first, in the backup console{f' on {server}' if server else ''}."
    words = f"An earlier restore of this VM{row} {verdict or 'may have started, and SUCCEEDED'}"
    if verdict:
        when = f" at {timefmt.both(one.session_ended)}" if one.session_ended else ""
        came_to = f"came to {one.session_result}{when}"
        return f"{words}: a restore session that may be its own {came_to}. {look}"
    could_be = "" if isinstance(one, JournalEntry) else one.could_be
    return f"{words}: its outcome is UNKNOWN. {could_be or look}"
