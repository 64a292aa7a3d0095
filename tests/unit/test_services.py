"""What one run works with, without any screen."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.waiting import wait_for
from tui.config import Folders, Settings, StartOptions
from tui.services import Services


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
