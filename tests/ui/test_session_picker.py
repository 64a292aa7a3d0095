"""The operator says which session is theirs: seen, claimed in the journal, and told as their word."""

from __future__ import annotations

from pathlib import Path

from tests.support.settle import opened, press, text_of
from tests.ui.forms import app_for, details, send, tick
from tests.ui.stage import StageManager, stage
from tests.unit.restores.fakes import session, stopped
from tests.unit.restores.points import point
from tui.api.errors import ConnectionLost
from tui.api.models import SessionResult
from tui.restore_states import RestoreState


async def test_the_operator_says_which_session_is_theirs(tmp_path: Path) -> None:
    manager = StageManager(post=ConnectionLost("Reset."))
    async with opened(app_for(tmp_path, point(), manager), size=(120, 40)) as pilot:
        await send(pilot)
        await press(pilot, "W")
        assert "The server lists no new restore session of this VM; that is no proof." in text_of(pilot)
        assert "W Whose?" in text_of(pilot)
        manager.session_list = (session(1), stopped(SessionResult.SUCCESS, 2))
        await tick(pilot)
        assert stage(pilot).rows.get(1).state is RestoreState.UNKNOWN
        rows = stage(pilot).rows
        other = rows.plan(server="em.lab.example:9398", vm_name="app07", state=RestoreState.UNKNOWN)
        assert rows.claim_session(other.id, session(1).uid, "task")
        manager.unreadable = 1
        await press(pilot, "W")
        assert "1 session cannot be read; its own may be one of them." in text_of(pilot)
        manager.unreadable = 0
        await press(pilot, "enter")
        assert "It cannot be chosen: Row 2 of the journal has it." in text_of(pilot)
        await press(pilot, "down", "enter")
        assert "Is this session yours?" in text_of(pilot)
        await press(pilot, "enter")
        assert rows.get(1).state is RestoreState.UNKNOWN, "the safe answer changes nothing"
        await press(pilot, "W")
        await press(pilot, "down", "enter")
        await press(pilot, "tab", "enter")
        row = rows.get(1)
        assert (row.state, row.session_uid, row.found_by) == (
            RestoreState.SUCCEEDED,
            session(2).uid,
            "operator",
        )
        assert "as the operator said" in text_of(pilot)
        assert "as said by the operator" in details(pilot)
        assert "W Whose?" not in text_of(pilot), "a key is offered where it acts"
        assert "said by the operator (" in rows.events(1)[-1].message
    assert (len(manager.posts), len(manager.deletes)) == (1, 0)
