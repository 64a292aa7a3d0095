"""What one run works with, without any screen."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest

from tests.support.clock import FixedWallClock
from tests.support.waiting import wait_for
from tests.ui.stage import StageConnection, StageManager
from tests.unit.restores.fakes import FakeManager, restore, session
from tests.unit.restores.test_unfollowed import ALIVE, Lab
from tui.config import Folders, Settings, StartOptions
from tui.restore_states import CancelState, RestoreState
from tui.restores.service import RestoreService
from tui.services import Services
from tui.session import Connection


async def test_one_question_for_the_password_serves_all_and_outlives_whoever_asked_first(
    tmp_path: Path,
) -> None:
    folders = Folders(state=tmp_path, config=tmp_path, demo=True)
    services = Services(StartOptions(folders=folders, settings=Settings()))
    asked: list[int] = []
    typed = asyncio.Event()

    async def ask() -> bool:
        asked.append(1)
        await typed.wait()
        return True

    services.ask_for_password = ask
    first, second = (asyncio.create_task(services.log_on_again()) for _ in range(2))
    await wait_for(lambda: asked, "the question")
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    typed.set()
    assert await second
    assert asked == [1]


async def watched(folder: Path, manager: FakeManager) -> tuple[Services, list[str], list[BaseException]]:
    """Services that watch, with what they say and what nobody foresaw."""
    folders = Folders(state=folder / "state", config=folder, demo=False)
    services = Services(StartOptions(folders=folders, settings=Settings()), clock=FixedWallClock(speed=1000))
    said: list[str] = []
    failed: list[BaseException] = []
    services.on_notice = lambda text, _kind: said.append(text)
    services.on_failure = lambda _doing, error: failed.append(error)
    services.admit(cast(Connection, StageConnection(cast(StageManager, manager))))
    return services, said, failed


async def test_the_watcher_is_restarted_whatever_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services, _, failed = await watched(tmp_path, FakeManager())
    assert services.restores is not None
    runs: list[int] = []

    async def run() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise MemoryError
        await asyncio.Event().wait()

    monkeypatch.setattr(services.restores, "run", run)
    monkeypatch.setattr(services.restores, "reattach", AsyncMock(side_effect=RecursionError))
    watching = asyncio.create_task(services.watcher(services.restores).run())
    await wait_for(lambda: len(runs) == 3, "the third run")
    assert {type(error) for error in failed} == {MemoryError, RecursionError}
    watching.cancel()
    await services.close()


async def test_what_nobody_watches_is_said_at_the_start(tmp_path: Path) -> None:
    services, said, _ = await watched(tmp_path, FakeManager())
    assert services.journal is not None
    lab = Lab(services.folders.state)
    lab.row(server="em-old:9398")
    lab.row(session_uid=session(2).uid)
    lab.journal.close()
    assert services.restores is not None
    watching = asyncio.create_task(services.watcher(services.restores).run())
    await wait_for(lambda: len(said) == 2, "the notices")
    assert said[0].startswith("1 restore found in flight in the journal at ")
    assert said[1] == "1 restore of the journal is NOT WATCHED: Ctrl+T shows why, and takes over."
    watching.cancel()
    await services.close()


async def test_the_end_of_what_another_vbem_watches_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services, said, _ = await watched(tmp_path, FakeManager())
    lab = Lab(services.folders.state)
    number = lab.row(owner=ALIVE)
    monkeypatch.setattr("tui.store.process_lock.this_process", lambda: "another|process|1|1")
    assert services.restores is not None
    restores = services.restores
    watching = asyncio.create_task(services.watcher(restores).run())
    await wait_for(lambda: restores.unfollowed, "the row")
    lab.journal.update(number, progress=80, message="Restoring disk 2.")
    await wait_for(lambda: restores.unfollowed[0].entry.progress == 80, "the row as it is now")
    lab.journal.update(number, state=RestoreState.SUCCEEDED, ended=lab.clock.now())
    await wait_for(lambda: said, "the notice")
    assert said == [
        "The restore of app07 that another vbem watched succeeded (noticed 03:04:05): Ctrl+Y shows it."
    ]
    assert restores.unfollowed == ()
    lab.journal.close()
    watching.cancel()
    await services.close()


@pytest.mark.parametrize(
    ("restores", "words"),
    [
        ([{}], "1 restore is still in flight. It continues at the server; start vbem again to watch it."),
        ([{}, {"problem": "no answer from the server since 01:41:00"}],
         "They were under way when the server was last heard; start vbem again to watch them."),
        ([{"state": RestoreState.SENT}], "Whether it runs at the server is not known;"),
        ([{"state": RestoreState.UNKNOWN, "search_since": 1.0}, {"state": RestoreState.SENT}],
         "Whether they run at the server is not known; start vbem again to watch them."),
        ([{}, {}, {"state": RestoreState.SENT}],
         "2 of them continue at the server; whether the other runs is not known;"),
        ([{}, {"state": RestoreState.SENT}], "1 of them continues at the server; whether the other runs"),
        ([{"cancel": CancelState.LOST}], "The reply to the cancel request is not known: app07."),
    ],
)  # fmt: skip
async def test_it_goes_on_is_not_said_of_what_nobody_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, restores: list[dict[str, Any]], words: str
) -> None:
    services, _, _ = await watched(tmp_path, FakeManager())
    ones = tuple(restore(**{"entry_id": 1, **changes}) for changes in restores)
    monkeypatch.setattr(RestoreService, "in_flight", ones)
    assert words in services.what_goes_on


async def test_quitting_names_what_is_unknown_before_all_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services, _, _ = await watched(tmp_path, FakeManager())
    lost = [restore(RestoreState.UNKNOWN, key=f"r{one}", vm_name=f"print0{one}") for one in range(1, 6)]
    for count, words in (
        (1, "print01 is UNKNOWN. Nothing else is in flight."),
        (2, "print01, print02 are UNKNOWN. Nothing else"),
        (5, "print01, print02, print03 and 2 more are UNKNOWN. Nothing else"),
        (0, "Nothing is in flight."),
    ):
        monkeypatch.setattr(RestoreService, "all", tuple(lost[:count]))
        assert services.quit_words.startswith(words)
