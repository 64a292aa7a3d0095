"""What a restore that has succeeded left behind: the name of the restored VM, and the original or not.

The name is the server's own where it can be looked up by the reference in the restore session (WIRE 8.2).
Roles that may restore may be refused that (WIRE T15): then it is the requested one, and marked as such.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.api.errors import ManagerError
from tui.restore_states import FoundBy, RestoreState
from tui.restores.forms.fields import OriginalOutcome
from tui.restores.restore import Restore

if TYPE_CHECKING:
    from tui.restores.ports import JournalEntry, RestoreApi
    from tui.restores.registry import RestoreRegistry

NAME_S = 10.0
"""How long the server may take to say what a restored VM is called."""

RESTORED = frozenset({RestoreState.SUCCEEDED, RestoreState.WARNING})


def outcome_words(one: Restore | JournalEntry) -> str:
    """Return what a successful restore left behind, in a sentence; empty where that is not known.

    Where no task names its session, somebody else may have restored the same point otherwise: then it is
    said as what was asked for.
    """
    if one.state not in RESTORED or not one.original:
        return ""
    is_named = is_named_by_task(one)
    if one.original == OriginalOutcome.OVERWRITTEN and is_named:
        return f"{one.vm_name} was OVERWRITTEN."
    if one.original != OriginalOutcome.KEPT:
        return f"{one.vm_name} may have been OVERWRITTEN."
    asked_for = f"{one.new_name} (asked for)" if one.new_name else ""
    name = one.restored_name or asked_for
    other = f"; another VM named {one.new_name} may have been OVERWRITTEN" if one.overwrites else ""
    kept = f"riginal kept{'' if is_named else ' (asked for)'}{other}."
    return f"Restored as {name}; o{kept}" if name else f"O{kept}"


def is_named_by_task(one: Restore | JournalEntry) -> bool:
    """Return whether nothing but its own request can have done what its session did."""
    return one.found_by not in {FoundBy.POINT, FoundBy.PROBABLY, FoundBy.OPERATOR}


def original_words(entry: JournalEntry) -> str:
    """Return what became of the original, in a few words, however the restore ended."""
    state = entry.state
    is_unstarted = state is RestoreState.FAILED and entry.message.startswith("It did not start")
    if state is RestoreState.PLANNED or is_unstarted:
        return "as it was: not started"
    if entry.original == OriginalOutcome.KEPT:
        kept = "kept" if is_named_by_task(entry) else "kept (asked for)"
        return f"{kept}; another VM named {entry.new_name} may be overwritten" if entry.overwrites else kept
    if not entry.original and not entry.overwrites:
        return "not known"
    is_sure = entry.original == OriginalOutcome.OVERWRITTEN and state in RESTORED and is_named_by_task(entry)
    return (OriginalOutcome.OVERWRITTEN if is_sure else OriginalOutcome.MAY_BE_OVERWRITTEN).value


def restored_as(entry: JournalEntry) -> str:
    """Return what the restored VM of a row that succeeded is called, and who says so."""
    if entry.restored_name:
        return entry.restored_name
    if entry.new_name:
        return f"{entry.new_name} (asked for)"
    if entry.original == OriginalOutcome.OVERWRITTEN:
        return f"{entry.vm_name} (in place of the original)"
    return "(the server chose the name)"


async def learn_names(manager: RestoreApi, registry: RestoreRegistry) -> None:
    """Ask the server, once for each restore that succeeded, what the restored VM is called."""
    for key in [one.key for one in registry.all() if one.lacks_name]:
        name = ""
        try:
            async with asyncio.timeout(NAME_S):
                name = await manager.name_of_reference(registry.get(key).restored_ref)
        except (ManagerError, TimeoutError):
            # The requested name stays, marked as such: this is no reason to trouble anybody.
            pass
        registry.change(key, _named, name)
    await registry.flush()


def _named(restore: Restore, name: str) -> Restore:
    return replace(restore, restored_name=name, is_name_asked=True)
