"""What the operator says of a session is checked again, claimed, and followed to its end."""

from __future__ import annotations

import pytest

from tests.unit.restores.fakes import session, stopped
from tests.unit.restores.points import point
from tests.unit.restores.world import World
from tui.api.errors import ConnectionLost
from tui.api.models import SessionResult
from tui.restore_states import FoundBy, RestoreState
from tui.restores.errors import SessionNotTaken
from tui.restores.restore import Restore

MINE, OTHER = session(1).uid, point(number=77).uid


async def unknown(world: World) -> Restore:
    """A restore whose reply was lost, while two new sessions could be its own."""
    await world.submitted(ConnectionLost("Reset."))
    world.manager.session_list = (session(1), session(2))
    return await world.tick()


async def test_the_list_says_what_it_lacks(world: World) -> None:
    restore = await unknown(world)
    choice = world.restores.session_choice
    assert (await choice.candidates(restore)).gaps == ""
    world.manager.session_list = (session(1), session(3, point_uid=OTHER), session(4, vm="other"))
    world.manager.unreadable, world.manager.is_list_whole = 2, False
    listed = await choice.candidates(restore)
    assert [one.session.uid for one in listed.candidates] == [MINE]
    assert listed.gaps == (
        "1 session of this VM cannot be its own: older, or of another point. "
        "2 sessions cannot be read; its own may be one of them. The server's list may not be whole."
    )


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("known", "What became of this restore is known meanwhile."),
        ("of another row", "Row 2 of the journal has it."),
        ("claimed meanwhile", "Another row of the journal has it."),
        ("not listed", "The server does not list it as one of this VM. 1 session cannot be read"),
        ("of another point", "The server does not list it as one of this VM. 1 session of this VM cannot"),
    ],
)
async def test_a_session_that_cannot_be_its_own_is_not_taken(
    world: World, monkeypatch: pytest.MonkeyPatch, case: str, why: str
) -> None:
    restore = await unknown(world)
    if case == "known":
        world.manager.session_list = (session(1, point_uid=restore.point_uid),)
        await world.tick()
        assert world.restores.all[0].state is RestoreState.RESTORING
    elif case == "of another row":
        other = world.journal.plan(vm_name="app07", session_uid=MINE)
        assert other.id == 2
    elif case == "claimed meanwhile":
        monkeypatch.setattr(world.journal, "claim_session", lambda *_: False)
    elif case == "not listed":
        world.manager.session_list, world.manager.unreadable = (session(2),), 1
    else:
        world.manager.session_list = (session(1, point_uid=OTHER),)
    before = world.restores.get(restore.key)
    with pytest.raises(SessionNotTaken) as refused:
        await world.restores.session_choice.take(restore, MINE)
    assert refused.value.detail.startswith(why)
    assert world.restores.get(restore.key) == before


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_running_session_is_followed_to_its_end_as_the_operators_word(
    world: World, restarts: bool
) -> None:
    restore = await unknown(world)
    taken = await world.restores.session_choice.take(restore, MINE)
    assert (taken.state, taken.found_by) == (RestoreState.RESTORING, FoundBy.OPERATOR)
    if restarts:
        world.restores = world.start()
        await world.restores.reattach()
    world.manager.session_list = (stopped(SessionResult.SUCCESS), session(2))
    ended = await world.tick()
    assert (ended.state, ended.found_by) == (RestoreState.SUCCEEDED, FoundBy.OPERATOR)
    assert ended.message == "The VM is restored (its session, as the operator said)."
    assert world.journal.rows[1]["found_by"] == "operator"
    assert len(world.manager.posts) == 1
