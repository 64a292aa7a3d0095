"""What a restore has left behind: the server's name for the restored VM, and what became of the original."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.restores.fakes import finished, restore, stopped
from tests.unit.restores.world import World
from tui.api.errors import Forbidden, ManagerError
from tui.api.models import SessionResult
from tui.restore_states import FoundBy, RestoreState
from tui.restores.forms.fields import OriginalOutcome
from tui.restores.outcome import outcome_words
from tui.restores.restore import Restore

KEPT, OVER, MAYBE = OriginalOutcome
REF = "urn:VMware:Vm:r.vm-9001"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"original": KEPT}, "Original kept."),
        ({"original": KEPT, "new_name": "copy"}, "Restored as copy (asked for); original kept."),
        ({"original": KEPT, "new_name": "copy", "restored_name": "copy_1"},
         "Restored as copy_1; original kept."),
        ({"original": KEPT, "new_name": "db01", "overwrites": True},
         "Restored as db01 (asked for); original kept; another VM named db01 may have been OVERWRITTEN."),
        ({"original": OVER, "overwrites": True, "restored_name": "app07"}, "app07 was OVERWRITTEN."),
        ({"original": MAYBE, "overwrites": True}, "app07 may have been OVERWRITTEN."),
        ({"original": None, "overwrites": True}, ""),
        ({"original": OVER, "state": RestoreState.FAILED}, ""),
        ({"original": KEPT, "state": RestoreState.UNKNOWN}, ""),
        # No task names its session: somebody else may have restored that point otherwise.
        ({"original": KEPT, "found_by": FoundBy.POINT}, "Original kept (asked for)."),
        ({"original": KEPT, "found_by": FoundBy.OPERATOR, "restored_name": "copy_1"},
         "Restored as copy_1; original kept (asked for)."),
        ({"original": OVER, "overwrites": True, "found_by": FoundBy.POINT},
         "app07 may have been OVERWRITTEN."),
    ],
)  # fmt: skip
def test_an_outcome_is_said_of_what_has_succeeded(changes: dict[str, object], words: str) -> None:
    assert outcome_words(replace(restore(RestoreState.SUCCEEDED), **changes)) == words  # type: ignore[arg-type]


async def succeeded(world: World, ref: str = REF) -> Restore:
    await world.submitted()
    world.manager.task_list = (finished(),)
    world.manager.session_list = (replace(stopped(SessionResult.SUCCESS), restored_ref=ref),)
    await world.tick()
    return await world.tick()


@pytest.mark.parametrize("answer", ["app07_restored", "", Forbidden("No.")])
async def test_the_server_is_asked_once_what_the_restored_vm_is_called(
    world: World, answer: str | ManagerError
) -> None:
    world.manager.restored_name = answer
    restore = await succeeded(world)
    assert world.manager.names_asked == [], "the watching asks no more than its two questions"
    for _ in range(2):
        await world.restores.learn_names()
    assert world.manager.names_asked == [REF]
    name = answer if isinstance(answer, str) else ""
    assert world.restores.get(restore.key).restored_name == name
    assert world.journal.rows[1]["restored_name"] == name


async def test_nothing_is_asked_without_a_reference_or_a_logon(world: World) -> None:
    await succeeded(world, ref="")
    await world.restores.learn_names()
    world.manager.session_list = (replace(stopped(SessionResult.SUCCESS), restored_ref=REF),)
    world.manager.session = None
    await world.restores.learn_names()
    assert world.manager.names_asked == []
