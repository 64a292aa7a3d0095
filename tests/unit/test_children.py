"""Children are started, fed, and ended, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import os
import select
from pathlib import Path

import pytest

from tui.children import Child, child_environment

MODULE = "tests.support.echo"
DEADLINE_S = 10.0


async def echo(*arguments: str) -> Child:
    return await Child.start(MODULE, *arguments, environment=child_environment())


def is_there(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


async def test_what_is_written_is_answered() -> None:
    child = await echo()
    child.write(b"one ")
    child.write(b"two", last=True)
    assert await child.answers.read() == b"one two"
    await child.end()
    assert not is_there(child.pid)


async def test_a_killed_child_ends_its_answers_and_takes_nothing_more() -> None:
    child = await echo()
    child.kill()
    assert await child.answers.read() == b""
    with pytest.raises(BrokenPipeError):
        child.write(b"late")
    await child.end()
    assert not is_there(child.pid)


async def test_all_it_has_started_ends_with_it() -> None:
    child = await echo("with-grandchild")
    grandchild = int(await child.answers.readline())
    assert is_there(grandchild)
    with open(os.pidfd_open(grandchild), "rb", buffering=0) as dead:  # noqa: ASYNC230 - opens nothing, it is open
        await child.end()
        # Killed, it may take a moment to die, and it is init's to bury.
        assert select.select([dead], [], [], DEADLINE_S)[0]


def test_giving_up_while_it_starts_does_not_wait_for_ever() -> None:
    async def give_up() -> None:
        starting = asyncio.create_task(echo())
        await asyncio.sleep(0)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(starting, 10)

    asyncio.run(give_up())


async def test_what_cannot_be_started_is_an_os_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(OSError, match="nowhere"):
        await echo()


def test_only_what_is_named_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SOME_SECRET", "NAMED", "PRE_FIXED", "LC_ALL"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("PYTHONPATH", f"/first{os.pathsep}")
    handed = child_environment({"NAMED"}, ("PRE_",))
    assert {"NAMED", "PRE_FIXED", "LC_ALL", "PATH"} <= handed.keys()
    assert "SOME_SECRET" not in handed
    paths = handed["PYTHONPATH"].split(os.pathsep)
    assert paths[0] == "/first"
    assert (Path(paths[-1]) / "tui" / "children.py").is_file()
