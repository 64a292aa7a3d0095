"""What happens to a restore when line, server or program fail in the middle of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.restores.conftest import Site, opened_site
from tests.support.demo_process import DemoProcess
from tui import timefmt
from tui.api.codec.restore_request import RestoreRequest
from tui.api.errors import NotFound, SessionExpired
from tui.api.models import Task, WireFormat
from tui.restore_states import CancelState, FoundBy, RestoreState, label_of
from tui.restores.restore import SEARCH_WINDOW_S
from tui.screens.restore_text import entry_cells, restore_cells
from tui.store.journal_entry import to_stamp

ACCEPTED_BUT_LOST = [
    "drop-after-accept",
    "http-502-after",
    "http-504-after",
    "truncate",
    "garbage",
    "drip:1",
    "not-http",
]
LOST_BEFORE = ["drop-before", "http-503", "http-502", "http-504", "html-error", "redirect", "html-page"]


@pytest.mark.parametrize("fault", ACCEPTED_BUT_LOST)
async def test_a_reply_lost_after_the_server_took_it_is_found(site: Site, fault: str) -> None:
    plan = await site.plan("db01")
    site.demo.fault(f"{fault}@submit")
    restore = await site.restores.submit(plan)
    assert site.demo.fired() == 1
    assert restore.state is RestoreState.UNKNOWN
    assert "may have started" in restore.message
    site.demo.clear_faults()
    found = await site.advance(30)
    assert found.state is RestoreState.RESTORING
    assert (found.found_by, found.note) == (
        FoundBy.POINT,
        "The only new restore session of this VM, from this very point, is followed; no task names it.",
    )
    assert site.demo.restores()[0]["session"] in found.session_uid
    over = await site.to_the_end()
    assert over.state is RestoreState.SUCCEEDED
    assert (site.posts(), len(site.demo.restores())) == (1, 1)


@pytest.mark.parametrize("fault", LOST_BEFORE)
async def test_a_request_lost_on_the_way_is_unknown_and_never_sent_again(site: Site, fault: str) -> None:
    plan = await site.plan("db01")
    site.demo.fault(f"{fault}@submit")
    restore = await site.restores.submit(plan)
    assert site.demo.fired() == 1
    assert restore.state is RestoreState.UNKNOWN
    assert "did not start" not in restore.message
    quiet = await site.advance(SEARCH_WINDOW_S + 1)
    assert "no proof" in quiet.message
    assert site.entry().state is RestoreState.UNKNOWN
    assert (site.posts(), site.demo.restores()) == (1, [])


async def test_earlier_sessions_of_the_vm_are_not_mistaken_for_it(site: Site) -> None:
    await site.restore("db01")
    await site.to_the_end()
    plan = await site.plan("db01")
    site.demo.fault("drop-before@submit")
    await site.restores.submit(plan)
    assert (await site.advance(30)).session_uid == ""


async def test_a_server_that_is_gone_before_a_byte_left(tmp_path: Path) -> None:
    with DemoProcess.start("--time-scale", "0", "--seed", "1") as demo:
        async with opened_site(demo, tmp_path, WireFormat.AUTO) as site:
            sending = site.manager.send

            async def stop_and_send(request: RestoreRequest) -> Task:
                """The server goes down between the guard and the request."""
                await asyncio.to_thread(demo.stop)
                return await sending(request)

            site.manager.send = stop_and_send  # type: ignore[method-assign] # stops in the middle of the call
            restore = await site.restore("db01")
            assert restore.state is RestoreState.FAILED, restore.message
            assert restore.message.startswith("It did not start: no byte")
            assert site.restores.in_flight == ()


async def test_an_expired_session_at_the_post_is_offered_again(site: Site) -> None:
    plan = await site.plan("db01")
    site.demo.fault("expire:0@submit")
    restore = await site.restores.submit(plan)
    assert site.demo.fired() == 1
    assert (restore.state, restore.offer_again) == (RestoreState.FAILED, True)
    await site.log_on()
    again = await site.restore("db01")
    assert again.state is RestoreState.LAUNCHING
    assert len(site.demo.restores()) == 1
    assert [entry.state for entry in site.journal.recent()] == [RestoreState.LAUNCHING, RestoreState.FAILED]


async def test_an_expired_session_at_the_guard_sends_nothing(site: Site) -> None:
    plan = await site.plan("db01")
    site.demo.control("expire-sessions")
    with pytest.raises(SessionExpired):
        await site.restores.submit(plan)
    assert (site.posts(), site.journal.recent()) == (0, [])


async def test_a_point_that_vanished_did_not_start(site: Site) -> None:
    plan = await site.plan("db01")
    site.demo.control("remove-point", uid=plan.point.uid)
    restore = await site.restores.submit(plan)
    assert restore.state is RestoreState.FAILED
    assert isinstance(restore.error, NotFound)
    assert "did not start" in restore.message


async def test_a_session_that_expires_while_launching_is_followed_by_restore_session(site: Site) -> None:
    await site.restore("archive01")
    site.demo.control("expire-sessions")
    paused = await site.advance(1)
    assert site.restores.monitor.logon_needed
    assert paused.problem
    assert paused.state is RestoreState.LAUNCHING
    await site.log_on()
    # Its first task is task-1 of the new logon session: another restore.
    other = await site.restore("db01")
    assert other.task_id == "task-1"
    mine = site.restores.all[0]
    assert mine.task_id == "task-1"
    await site.advance(9)
    assert site.restores.get(mine.key).state is RestoreState.UNKNOWN
    await site.advance(50)
    found = site.restores.get(mine.key)
    assert found.state is RestoreState.RESTORING
    assert site.demo.restores()[0]["session"] in found.session_uid


async def test_forgotten_tasks_prove_nothing(site: Site) -> None:
    await site.restore("db01")
    site.demo.control("forget-tasks")
    assert (await site.advance(1)).state is RestoreState.UNKNOWN
    assert (await site.advance(10)).state is RestoreState.RESTORING


@pytest.mark.parametrize("fault", ["http-503", "drop-before", "garbage", "html-error", "truncate", "bomb"])
@pytest.mark.parametrize("step", ["task", "session"])
async def test_polls_that_fail_keep_what_is_known(site: Site, fault: str, step: str) -> None:
    await site.restore("db01")
    if step == "session":
        await site.advance(9)
    before = site.restores.all[0]
    site.demo.fault(f"{fault}@{step}")
    during = await site.advance(1)
    assert site.demo.fired() >= 1
    assert during.problem
    assert (during.state, during.last_seen) == (before.state, before.last_seen)
    site.demo.clear_faults()
    assert (await site.to_the_end()).state is RestoreState.SUCCEEDED
    assert site.posts() == 1


async def test_a_restore_that_ended_while_nobody_looked_is_told_at_the_next_start(site: Site) -> None:
    await site.restore("crm01")
    site.demo.advance(600)
    await site.log_on()
    site.restores = site.start()
    await site.restores.reattach()
    over = await site.poll()
    assert over.state is RestoreState.FAILED
    assert "not enough free space" in over.message
    assert await site.start().reattach() == ()


async def test_a_launch_that_was_stopped_is_not_said_to_be_without_a_word_of_the_server(site: Site) -> None:
    restore = await site.restore("archive01")
    assert "asks the server to stop it" in " ".join(site.restores.what_cancel_can_do(restore).words)
    await site.advance(5)
    await site.restores.cancel(restore)
    await site.restores.cancel(restore)
    gone = await site.advance(5)
    assert (gone.state, gone.cancel) == (RestoreState.UNKNOWN, CancelState.ACCEPTED)
    assert "whether that stopped the launch is not known" in gone.message
    assert "not known yet" not in site.entry().words
    assert "whether that stopped the launch is not known" in site.restores.what_cancel_can_do(gone).words[0]
    assert site.demo.restores()[0]["launch_stopped"]
    assert len(site.demo.requests("cancel")) == 1
    quiet = await site.advance(400)
    assert (quiet.state, quiet.is_in_flight) == (RestoreState.UNKNOWN, False)
    assert "No restore session seen after 5 minutes" in quiet.message
    assert quiet.message.endswith("less often. Check it in the backup console on vbr01.demo.internal.")


async def test_cancelling_a_running_restore_that_goes_on(site: Site) -> None:
    restore = await site.restore("huge01")
    await site.advance(20)
    assert "probably continues" in " ".join(site.restores.what_cancel_can_do(restore).words)
    await site.restores.cancel(restore)
    goes_on = await site.advance(40)
    assert goes_on.cancel is CancelState.GOES_ON
    assert "backup console on vbr02" in goes_on.cancel_words
    over = await site.to_the_end()
    assert over.state is RestoreState.SUCCEEDED
    assert "ran to its end" in over.cancel_words


async def test_cancelling_a_running_restore_that_stops(site: Site) -> None:
    site.demo.control("set", option="cancel", value="stops")
    restore = await site.restore("huge01")
    await site.advance(20)
    await site.restores.cancel(restore)
    assert (await site.advance(1)).cancel is CancelState.SESSION_STOPPING
    over = await site.advance(5)
    assert (over.state, over.cancel) == (RestoreState.CANCELLED, CancelState.SESSION_STOPPED)
    assert "stopped by user" in over.message


async def test_cancelling_that_does_nothing_at_the_launch(site: Site) -> None:
    site.demo.control("set", option="cancel", value="none")
    restore = await site.restore("archive01")
    await site.restores.cancel(restore)
    for seconds in (1, 30):
        gone = await site.advance(seconds)
        assert gone.task_gone
        assert "was stopped" not in str(gone.state) + gone.cancel_words
    back = await site.advance(30)
    assert (back.state, back.cancel) == (RestoreState.RESTORING, CancelState.GOES_ON)
    assert "but the restore continues" in back.cancel_words
    assert RestoreState.CANCELLED not in {event.state for event in site.journal.events(1)}


async def test_a_task_that_is_gone_already(site: Site) -> None:
    restore = await site.restore("archive01")
    site.demo.control("forget-tasks")
    told = await site.restores.cancel(restore)
    assert told.cancel is CancelState.TASK_GONE
    assert (await site.advance(60)).state is RestoreState.RESTORING


@pytest.mark.parametrize("fault", ["drop-after-accept", "http-502-after"])
async def test_a_delete_whose_reply_was_lost(site: Site, fault: str) -> None:
    restore = await site.restore("archive01")
    site.demo.fault(f"{fault}@cancel")
    lost = await site.restores.cancel(restore)
    assert site.demo.fired() == 1
    assert lost.cancel is CancelState.LOST
    site.demo.clear_faults()
    assert not site.restores.what_cancel_can_do(lost).possible
    await site.advance(3)
    gone = await site.advance(30)
    assert (gone.state, gone.cancel) == (RestoreState.UNKNOWN, CancelState.LOST)
    assert len(site.demo.requests("cancel")) == 1


async def test_a_delete_that_never_arrived(site: Site) -> None:
    restore = await site.restore("archive01")
    site.demo.fault("drop-before@cancel")
    assert (await site.restores.cancel(restore)).cancel is CancelState.LOST
    site.demo.clear_faults()
    goes_on = await site.advance(31)
    assert goes_on.cancel is CancelState.GOES_ON
    assert (await site.to_the_end()).state is RestoreState.SUCCEEDED


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_a_restore_sent_again_after_a_lost_request_is_told_once(site: Site, is_restarted: bool) -> None:
    site.demo.fault("drop-before@submit*1")
    first = await site.restore("db01")
    assert first.state is RestoreState.UNKNOWN
    second = await site.restore("db01")
    assert second.state is RestoreState.LAUNCHING
    while site.restores.get(second.key).state is not RestoreState.SUCCEEDED:
        await site.advance(20)
    if is_restarted:
        await site.restores.close()
        site.restores = site.start()
        await site.restores.reattach()
        await site.advance(1)
        await site.advance(SEARCH_WINDOW_S)
    rows = {row.id: row for row in site.journal.recent()}
    assert [rows[1].state, rows[2].state] == [RestoreState.UNKNOWN, RestoreState.SUCCEEDED]
    assert (rows[1].session_uid, rows[2].found_by) == ("", FoundBy.TASK)


@pytest.mark.parametrize(
    ("how", "state", "words"),
    [
        ("colleague", RestoreState.UNKNOWN, "The reply to the request was lost"),
        ("colleague:unlinked", RestoreState.UNKNOWN, "A restore session that may be this restore's ended as"),
        ("colleague:same-point", RestoreState.SUCCEEDED, "found by its point; no task names it"),
    ],
)
async def test_a_colleagues_restore_is_not_told_as_ours(
    any_site: Site, how: str, state: RestoreState, words: str
) -> None:
    """Our request never arrives, and somebody else restores the machine at that moment."""
    site = any_site
    plan = await site.plan("db01")
    site.demo.fault(f"{how}@submit*1")
    site.demo.fault("drop-before@submit*1")
    restore = await site.restores.submit(plan)
    assert (restore.state, site.demo.fired()) == (RestoreState.UNKNOWN, 2)
    for _ in range(40):
        told = await site.advance(20)
        assert not told.is_over or state.is_over, told.message
    assert (told.state, words in told.message) == (state, True), told.message
    assert site.entry().state is state


async def test_with_a_colleagues_restore_beside_it_ours_is_still_known_by_its_task(site: Site) -> None:
    plan = await site.plan("db01")
    site.demo.fault("colleague:unlinked@submit*1")
    restore = await site.restores.submit(plan)
    over = await site.to_the_end()
    assert (over.state, over.found_by) == (RestoreState.SUCCEEDED, FoundBy.TASK)
    assert site.restores.get(restore.key).session_uid.endswith(site.demo.restores()[-1]["session"])


@pytest.mark.parametrize("fault", [*(f"html-4xx:{code}" for code in (401, 403, 404, 413)), "no-task"])
async def test_it_did_not_start_is_not_said_where_somebody_between_refuses(site: Site, fault: str) -> None:
    plan = await site.plan("db01")
    site.demo.fault(f"{fault}@submit*1")
    restore = await site.restores.submit(plan)
    assert site.demo.fired() == 1
    assert (restore.state, "may have started" in restore.message) == (RestoreState.UNKNOWN, True)
    assert len(site.demo.restores()) == 1, "it runs"
    assert (await site.to_the_end()).state is RestoreState.SUCCEEDED


async def test_a_cancel_that_stopped_nothing_takes_no_credit(site: Site) -> None:
    restore = await site.restore("huge01")
    await site.advance(20)
    site.demo.fault("stop-no-effect@cancel*1")
    told = await site.restores.cancel(restore)
    assert site.demo.fired() == 1
    assert label_of(told.state, told.cancel) == "restoring"
    over = await site.to_the_end()
    assert over.state is RestoreState.FAILED, over.message
    assert over.cancel_words == "A cancel was sent; whether it acted is not known."
    assert "stopped" not in over.message


async def test_an_endless_list_of_sessions_ends_no_watching(site: Site) -> None:
    await site.restore("db01")
    await site.advance(10)
    site.demo.fault("endless-sessions")
    during = await site.advance(1)
    assert site.demo.fired() >= 1
    assert "more than 20 pages" in during.problem
    site.demo.clear_faults()
    over = await site.to_the_end()
    assert (over.state, over.problem) == (RestoreState.SUCCEEDED, "")


async def test_ends_that_were_not_watched_carry_the_servers_times(site: Site) -> None:
    await site.restore("crm01")
    await site.advance(20)
    await site.restores.close()
    site.demo.advance(3600)
    site.clock.seconds += 3600
    await site.log_on()
    site.restores = site.start()
    await site.restores.reattach()
    over = await site.poll()
    entry = site.entry()
    assert over.is_over
    assert over.session_ended is not None
    assert over.ended is not None
    assert (over.ended - over.session_ended).total_seconds() > 1800
    assert over.took is not None
    assert over.took.total_seconds() < 1800
    assert (entry.session_ended, entry.session_started) == (over.session_ended, over.session_started)
    row = entry.to_json()
    assert (row["ended"], row["ended_noticed"]) == (to_stamp(over.session_ended), to_stamp(over.ended))
    assert f"Ended {timefmt.both(over.session_ended)}." in str(restore_cells(over, site.clock.now())[-1])
    assert f"Ended {timefmt.both(over.session_ended)}." in str(entry_cells(entry)[-1])


@pytest.mark.parametrize("is_linked", [True, False])
async def test_a_launch_that_was_left_tells_at_the_next_start_what_is_known(
    site: Site, is_linked: bool
) -> None:
    """vbem ends before a session is there, and its logon session with it."""
    if not is_linked:
        await site.restore("db01")  # the session of every second restore links no point
    await site.restore("app02" if not is_linked else "db01")
    launching = await site.advance(1)
    assert launching.state is RestoreState.LAUNCHING
    await site.restores.close()
    await site.log_on()
    site.restores = site.start()
    await site.restores.reattach()
    known = (
        "The server accepted the request and was launching it when last heard of; its task "
        f"({launching.task_id}) belongs to another logon session, which alone knows it."
    )
    found = site.restores.all[-1]
    assert (found.state, found.message.startswith(known)) == (RestoreState.UNKNOWN, True), found.message
    for _ in range(40):
        told = await site.advance(30)
        if told.is_over or told.is_settled:
            break
    if is_linked:
        assert (told.state, told.found_by) == (RestoreState.SUCCEEDED, FoundBy.POINT)
        return
    assert told.state is RestoreState.UNKNOWN
    assert told.message.startswith(
        f"{known} A restore session that may be this restore's ended as successful"
    )
    assert "neither a task nor a link to the point says that it is" in told.message
