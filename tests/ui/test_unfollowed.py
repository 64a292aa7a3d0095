"""Restores of earlier runs among the tasks: what nobody watches is named, and can be taken over."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button

from tests.support.settle import opened, press, settle, shows, text_of
from tests.ui.forms import app_for, details, send, tick
from tests.ui.stage import StageApp, StageManager, stage
from tests.unit.restores.fakes import finished, session, stopped
from tests.unit.restores.points import point
from tests.unit.restores.test_unfollowed import ALIVE, ELSEWHERE, Lab
from tui.api.errors import TimedOut
from tui.api.models import SessionResult
from tui.restore_states import Mark, RestoreState
from tui.screens.history import HistoryScreen
from tui.screens.tasks import TasksScreen
from tui.widgets.text_view import TextView


async def reattached(pilot: Pilot[Any]) -> None:
    restores = stage(pilot).services.restores
    assert restores is not None
    await restores.reattach()
    await settle(pilot)


async def test_a_restore_under_another_name_of_the_server_is_named_and_taken_over(
    tmp_path: Path, manager: StageManager
) -> None:
    app = StageApp(tmp_path, manager, TasksScreen)
    lab = Lab(tmp_path / "state")
    lab.row(server="em-old:9398", vm_name="sql01")
    lab.journal.close()
    manager.session_list = (session(1, vm="sql01", progress=12),)
    async with opened(app, size=(190, 40)) as pilot:
        await reattached(pilot)
        row = next(line for line in text_of(pilot).splitlines() if "sql01" in line)
        assert "restoring?" in row
        assert row.endswith("NOT WATCHED here, as the journal had it at 03:04:05")
        assert "Take over: vbem then looks for it at this server" in details(pilot)
        assert not app.screen.query_one("#tasks-take", Button).disabled
        keys = text_of(pilot).splitlines()[-1]
        assert ("T Take over" in keys, "c Cancel" in keys, "s Again" in keys) == (True, False, False)
        assert [one.display for one in app.screen.query(Button)] == [False, False, True]
        await press(pilot, "T")
        await tick(pilot)
        await shows(pilot, "Watched from now on: row 1.")
        assert "NOT WATCHED" not in text_of(pilot)
        assert "12 %" in text_of(pilot)


async def test_what_cannot_be_taken_over_says_why(tmp_path: Path, manager: StageManager) -> None:
    app = StageApp(tmp_path, manager, TasksScreen)
    lab = Lab(tmp_path / "state")
    lab.row(owner=ELSEWHERE, cancel="a word of a later version", session_uid=session(2).uid)
    lab.row(cancel="a word of a later version")
    lab.journal.close()
    async with opened(app, size=(120, 40)) as pilot:
        await reattached(pilot)
        assert "Its row cannot be read by this version of vbem" in text_of(pilot)
        await press(pilot, "T")
        assert "Not taken over. Its row cannot be read by this version of vbem" in text_of(pilot)
        await press(pilot, "h")
        assert isinstance(app.screen, HistoryScreen)
        assert text_of(pilot).count("? unreadable") == 2


async def test_ends_say_whose_time_they_are(tmp_path: Path, manager: StageManager) -> None:
    app = app_for(tmp_path, point(), manager)
    async with app.run_test(size=(190, 40)) as pilot:
        await send(pilot)
        manager.task_list = (finished(1),)
        await tick(pilot)
        manager.session_list = (stopped(SessionResult.SUCCESS),)
        await tick(pilot)
        said = " ".join(text_of(pilot).split())
        assert "The VM is restored." in said
        assert "Ended (noticed 2026-11-23 03:04 UTC)." in said
        assert "the server names no time" in details(pilot)
        assert "Took          at most 0:" in details(pilot)
        await press(pilot, "h")
        told = app.screen.query_one("#history-details", TextView).text
        assert "End noticed   2026-11-23 03:04 UTC; the server names no time" in told


async def test_an_unknown_restore_has_no_elapsed_time_and_says_when_the_server_was_heard(
    tmp_path: Path,
) -> None:
    manager = StageManager(post=TimedOut("read"))
    async with app_for(tmp_path, point(), manager).run_test(size=(120, 40)) as pilot:
        await send(pilot)
        for seconds in (7, 60):
            stage(pilot).services.clock.seconds += seconds  # type: ignore[attr-defined] # the fake clock
            await tick(pilot)
            heard = f"Server last heard {stage(pilot).services.clock.now():%H:%M:%S}"
            row = [line for line in text_of(pilot).splitlines() if line.startswith("> ")][-1]
            assert row.split("Z ")[1].split()[0] == "-", "no elapsed time"
            assert heard in details(pilot)
            assert "Elapsed" not in details(pilot)


async def test_a_journal_that_is_up_to_date_again_is_told(tmp_path: Path, manager: StageManager) -> None:
    async with app_for(tmp_path, point(), manager).run_test(size=(120, 40)) as pilot:
        await send(pilot)
        app = stage(pilot)
        moved = app.rows.path.rename(tmp_path / "moved")
        manager.task_list = (finished(1),)
        await tick(pilot)
        await settle(pilot)
        assert "The journal is not up to date" in text_of(pilot)
        moved.rename(app.rows.path)
        await tick(pilot)
        await settle(pilot)
        assert "The journal is up to date again." in text_of(pilot)
        assert "not up to date" not in text_of(pilot)
        assert app.rows.get(1).state is RestoreState.RESTORING


async def test_everybody_s_restores_stand_beside_the_own_ones_and_say_what_is_known(
    tmp_path: Path, manager: StageManager
) -> None:
    app = app_for(tmp_path, point(), manager)
    manager.post = finished(1)
    theirs, over = session(7, vm="mail01", progress=12), stopped(SessionResult.FAILED, 6, "no space")
    async with app.run_test(size=(80, 24)) as pilot:
        await send(pilot)
        manager.session_list = (theirs, replace(over, vm_name="crm01"), session(1, progress=40))
        await tick(pilot)
        assert "mail01" not in text_of(pilot)
        assert "o All" in text_of(pilot).splitlines()[-1]
        await press(pilot, "o")
        assert "Everybody's restores: asking the server" in text_of(pilot)
        queries = len(manager.queries)
        await tick(pilot)
        assert len(manager.queries) == queries + 1
        shown = text_of(pilot)
        assert "Everybody's restores: 2 running, 1 over since yesterday, of 03:04:05" in shown
        rows = [line for line in shown.splitlines() if line[2:4] in {f"{Mark.RUNNING} ", f"{Mark.FAILED} "}]
        assert [row[16:22] for row in rows] == ["app07 ", "mail01", "crm01 "], "own ones first, each once"
        assert "12 %, began 11-23 03:04Z" in rows[1]
        assert "no space" in rows[2]
        await press(pilot, "down")
        said = " ".join(details(pilot).split())
        assert "The server does not say who started a restore" in said
        assert "What stands here is all that is known." in said
        assert "Session says Working, result None, of 03:04:05" in said
        await press(pilot, "c")
        assert "knows a task only in the logon session that started it" in " ".join(text_of(pilot).split())
        assert not manager.deletes
        await press(pilot, "T")
        assert "no open row of the journal is its own" in " ".join(text_of(pilot).split())
        await press(pilot, "o")
        assert "mail01" not in text_of(pilot)
        await press(pilot, "o", "escape")
        restores = stage(pilot).services.restores
        assert restores is not None
        assert restores.monitor.everybody is None, "who does not look costs nothing"


async def test_what_another_vbem_watches_is_followed_by_what_the_server_says(
    tmp_path: Path, manager: StageManager
) -> None:
    app = StageApp(tmp_path, manager, TasksScreen)
    lab = Lab(tmp_path / "state")
    lab.row(owner=ELSEWHERE, vm_name="sql01", reason="INC-5001")
    lab.journal.close()
    manager.session_list = (session(1, vm="sql01", progress=12),)
    async with opened(app, size=(120, 40)) as pilot:
        await reattached(pilot)
        await press(pilot, "o")
        await tick(pilot)
        row = next(line for line in text_of(pilot).splitlines() if "sql01" in line)
        assert "INC-5001" in row
        assert row.rstrip().endswith("not watched; Working, 12 %")
        assert "Of its session the server says Working, 12 %." in details(pilot)
        assert text_of(pilot).count("sql01") == 2, "one row, and the details"
        assert app.rows.get(1).owner == ELSEWHERE


async def test_a_restore_of_a_living_vbem_is_taken_over_by_name_after_a_yes(
    tmp_path: Path, manager: StageManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = StageApp(tmp_path, manager, TasksScreen)
    lab = Lab(tmp_path / "state")
    host, boot, *_ = ALIVE.split("|")
    lab.row(owner=f"{host}|{boot}|1|1", vm_name="sql01", operator="kim@jump01", reason="INC-5001")
    lab.journal.close()
    monkeypatch.setattr("tui.store.process_lock.start_of", lambda _pid: "1")
    manager.session_list = (session(1, vm="sql01", progress=12),)
    async with opened(app) as pilot:
        await reattached(pilot)
        await press(pilot, "c")
        said = " ".join(text_of(pilot).replace("\u2502", " ").split())
        assert "It cannot be cancelled from here" in said
        assert "kim@jump01 (process 1 on" in said
        assert "the backup console" in said
        await press(pilot, "escape", "T")
        said = " ".join(text_of(pilot).replace("\u2502", " ").split())
        assert "Type the VM's name (sql01) or that of who sent it (kim):" in said
        assert "Sent by kim@jump01" in said
        assert "for INC-5001" in said
        assert app.screen.query_one("#yes", Button).disabled
        await press(pilot, *"sql0", "enter")
        assert "That does not match. Nothing was changed." in text_of(pilot)
        await press(pilot, "escape")
        assert "Nothing was changed." in text_of(pilot)
        assert app.rows.get(1).owner == f"{host}|{boot}|1|1"
        await press(pilot, "down")
        assert "Nothing was changed." not in text_of(pilot), "it goes with the next key"
        await press(pilot, "T")  # keys that come before the question is shown are dropped
        await press(pilot, *"kim", "enter")
        await shows(pilot, "Watched from now on: row 1.")
        assert app.rows.get(1).owner == ALIVE
        await tick(pilot)
        assert "] 12 %" in text_of(pilot)
    assert not manager.deletes
    assert not manager.posts


async def test_a_restore_that_was_taken_over_meanwhile_is_named_as_the_other_s(
    tmp_path: Path, manager: StageManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_for(tmp_path, point(), manager)
    async with app.run_test(size=(120, 40)) as pilot:
        await send(pilot)
        host, boot, *_ = ALIVE.split("|")
        lab = Lab(tmp_path / "state")
        lab.own(1, f"{host}|{boot}|1|1")
        lab.journal.close()
        monkeypatch.setattr("tui.store.process_lock.start_of", lambda _pid: "1")
        restores = app.services.restores
        assert restores is not None
        looking = asyncio.create_task(app.services.watcher(restores).run())
        await shows(pilot, "Another vbem has taken over the restore of app07")
        looking.cancel()
        await shows(pilot, "NOT WATCHED here: It is watched by another vbem (process 1 on")
