"""A real server that is replaced by a fresh one in the middle of a restore."""

from __future__ import annotations

from tests.restores.conftest import Site
from tui.restore_states import RestoreState
from tui.restores.session_search import MISSED_POLLS, MISSING_S


async def test_a_restore_of_a_server_that_was_replaced_is_not_told_as_going_on(site: Site) -> None:
    restore = await site.restore("archive01")
    while restore.progress is None or restore.progress < 10:
        restore = await site.advance(5)
    assert restore.state is RestoreState.RESTORING
    site.demo.reset()
    expired = await site.poll(1)
    assert expired.problem
    await site.log_on()
    for _ in range(MISSED_POLLS):
        restore = await site.poll(MISSING_S)
    assert restore.is_missing
    assert restore.problem == ""
    assert f" at {restore.progress} %); it is not known whether it continues." in restore.message
    assert (restore.state, restore.ended) == (RestoreState.RESTORING, None)
    assert site.posts() == 0, "nothing was sent to the new server"
    assert "no longer lists its restore session" in site.entry().message
