"""What is said of the restores in flight when somebody leaves: how many, and whether they go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tui.restore_states import RestoreState
from tui.sanitize import safe

if TYPE_CHECKING:
    from tui.restores.restore import Restore

WATCH_AGAIN = "start vbem again to watch"
"""What watches again, in the screens."""
_NAMED = 3
"""More than so many are only counted: a status line has few lines."""


def count(restores: Sequence[Restore]) -> str:
    """Return how many are in flight, without a full stop; empty for none."""
    noun = "1 restore is" if len(restores) == 1 else f"{len(restores)} restores are"
    return f"{noun} still in flight" if restores else ""


def unknown(restores: Iterable[Restore]) -> str:
    """Return which of them are UNKNOWN, whether or not they are in flight, in a sentence; empty for none."""
    names = [safe(one.vm_name, cells=40) for one in restores if one.state is RestoreState.UNKNOWN]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    verb = "is" if len(names) == 1 else "are"
    return f"{', '.join(names[:_NAMED])}{more} {verb} UNKNOWN." if names else ""


def fate(restores: Sequence[Restore]) -> str:
    """Return what they do at the server when nobody watches, without a full stop."""
    total = len(restores)
    running = sum(restore.is_known_to_run for restore in restores)
    if running == total and any(restore.problem for restore in restores):
        was = "It was" if total == 1 else "They were"
        return f"{was} under way when the server was last heard"
    if running == total:
        return "It continues at the server" if total == 1 else "They continue at the server"
    if not running:
        return f"Whether {'it runs' if total == 1 else 'they run'} at the server is not known"
    others = "the other runs" if total - running == 1 else "the others run"
    verb = "continues" if running == 1 else "continue"
    return f"{running} of them {verb} at the server; whether {others} is not known"


def when_leaving(restores: Sequence[Restore], watch_again: str = WATCH_AGAIN) -> str:
    """Return what goes on at the server when this program ends, in sentences; empty for nothing.

    Args:
        restores: those in flight.
        watch_again: what watches them again, to stand before `it` or `them`.
    """
    if not restores:
        return ""
    them = "it" if len(restores) == 1 else "them"
    words = f"{count(restores)}. {fate(restores)}; {watch_again} {them}."
    if asked := _names(one for one in restores if one.cancel.is_unanswered):
        words = f"{words} The reply to the cancel request is not known: {asked}."
    if unrecorded := _names(one for one in restores if one.entry_id is None):
        words = f"{words} NOT in the journal, so not watched again: {unrecorded}."
    return words


def when_logging_off(restores: Sequence[Restore]) -> str:
    """Return what a log-off means for them, in sentences; empty for none."""
    if not restores:
        return ""
    return (
        f"{count(restores)}. {fate(restores)}. A restore that is still launching can no longer be cancelled: "
        "its task ends with the logon session. The next logon finds it by its restore session."
    )


def _names(restores: Iterable[Restore]) -> str:
    return ", ".join(safe(restore.vm_name, cells=50) for restore in restores)
