"""What is said of the logon session and of the journal, and that it is so, against the embedded server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.session.starts import remembered
from tests.support.chosen_keyring import FileKeyringAt
from tests.support.demo_process import DemoProcess
from tests.support.program import options_for
from tests.support.waiting import patience_s, wait_for
from tests.ui.test_leaving import CHANGED
from tests.unit.store.rows import sql
from tui.api.client import EnterpriseManager
from tui.api.models import Platform, RestorePoint
from tui.api.query import Query
from tui.recovery.queue import QueueLine
from tui.restores.forms.form import form_for
from tui.services import Services
from tui.store.journal import Journal

MEMORY = "keyring.backends.fail.Keyring"


class Heard:
    """The notices of one run."""

    def __init__(self, services: Services) -> None:
        self.notices: list[str] = []
        services.on_notice = lambda text, _kind: self.notices.append(text)

    def __contains__(self, words: str) -> bool:
        return any(words in notice for notice in self.notices)


@pytest.fixture
def start(
    demo: DemoProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_keyring: FileKeyringAt
) -> Callable[[], Services]:
    """Starts of the program on one state folder, with a keyring in a file."""
    monkeypatch.setattr("tui.services.KEEP_AFTER_S", 0.0)
    monkeypatch.setattr("tui.store.keyring_store.TIMEOUT_S", 30)

    def new() -> Services:
        options = options_for(demo, tmp_path)
        options.folders = type(options.folders)(state=options.folders.state, config=options.folders.config)
        return Services(options)

    return new


@asynccontextmanager
async def logged_on(services: Services, demo: DemoProcess) -> AsyncIterator[Heard]:
    heard = Heard(services)
    connection = services.connect(services.address_of(f"{demo.host}:{demo.port}"))
    await connection.log_on(demo.user, demo.password)
    remembered(connection, services.folders.state)
    services.admit(connection)
    services.start_watching()
    await wait_for(lambda: "The logon session is in" in heard, "where the session is kept")
    yield heard


async def test_a_session_in_the_keyring_is_said_to_be_there_and_outlives_the_program(
    start: Callable[[], Services], demo: DemoProcess
) -> None:
    services = start()
    async with logged_on(services, demo) as heard:
        assert "The logon session is in the keyring (file keyring FileKeyring)." in heard
        assert "stays alive, in the keyring (file keyring FileKeyring)" in services.quit_words
        assert "in the keyring (file keyring FileKeyring)" in services.log_off_words
    assert await services.close() == ""
    assert demo.requests("logoff") == []


async def test_clocks_that_differ_are_said_after_the_logon(
    start: Callable[[], Services], demo: DemoProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EnterpriseManager, "clock_offset", timedelta(hours=2))
    services = start()
    async with logged_on(services, demo) as heard:
        assert "This machine's clock is 2 h ahead of the server's." in heard
    await services.close()


async def test_a_session_in_memory_only_ends_with_the_program(
    start: Callable[[], Services], demo: DemoProcess, file_keyring: FileKeyringAt
) -> None:
    file_keyring.use(MEMORY)
    services = start()
    async with logged_on(services, demo):
        assert "in memory only, so quitting logs off" in services.quit_words
        assert "keyring" not in services.log_off_words
    assert await services.close() == ""
    assert [one["status"] for one in demo.requests("logoff")] == [204]
    assert await services.close() == ""
    assert len(demo.requests("logoff")) == 1


async def test_what_leaving_does_is_said_as_it_is_in_trouble(
    start: Callable[[], Services], demo: DemoProcess, file_keyring: FileKeyringAt
) -> None:
    file_keyring.use(MEMORY)
    services = start()
    async with logged_on(services, demo):
        services.note_trouble(CHANGED)
        for words in (services.quit_words, services.log_off_words):
            assert "so vbem cannot log off: the logon session ends by itself" in words
            assert "up to 5 s" not in words
        services.note_trouble(None)
        demo.control("expire-sessions")
        assert not await services.log_on_again()
        for words in (services.quit_words, services.log_off_words):
            assert "The logon session has ended at the server already." in words
            assert "15 minutes" not in words
    assert await services.close() == ""


@pytest.mark.parametrize("leave", ["log off", "quit"])
async def test_a_server_that_hangs_is_waited_for_briefly_and_what_is_left_is_said(
    start: Callable[[], Services],
    demo: DemoProcess,
    file_keyring: FileKeyringAt,
    leave: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.api.logon.LOG_OFF_S", 0.2)
    file_keyring.use(MEMORY)
    services = start()
    async with logged_on(services, demo):
        demo.fault("hold@logoff")
    async with asyncio.timeout(patience_s(60)):  # not the 120 s of a write; the limit itself is in the words
        note = await (services.log_off() if leave == "log off" else services.close())
    assert "did not answer in 0.2 s" in note
    assert "15 minutes" in note
    assert "Its copy here was deleted." in note
    assert "Logged off" not in note
    demo.clear_faults()


async def test_logged_off_is_said_where_it_is_so(start: Callable[[], Services], demo: DemoProcess) -> None:
    services = start()
    async with logged_on(services, demo):
        assert await services.log_off() == "Logged off."
    assert [one["status"] for one in demo.requests("logoff")] == [204]


async def test_what_a_log_off_leaves_at_the_server_and_in_the_keyring_is_both_said(
    start: Callable[[], Services], demo: DemoProcess, file_keyring: FileKeyringAt
) -> None:
    services = start()
    async with logged_on(services, demo):
        demo.fault("drop-before@logoff")
        file_keyring.use("BrokenKeyring")
        note = await services.log_off()
    assert "Could not log off cleanly" in note
    assert "Could not remove its copy from the keyring" in note


DAMAGES: dict[str, Callable[[Path], object]] = {
    "garbage": lambda path: path.write_bytes(b"no database " * 100),
    "empty": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
    "of a later version": lambda path: path.write_bytes(
        path.read_bytes()[:60] + b"\0\0\0\x63" + path.read_bytes()[64:]
    ),
    "of everybody": lambda path: path.chmod(0o666),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_lost_journal_is_told_until_somebody_has_read_it(
    start: Callable[[], Services], demo: DemoProcess, damage: str
) -> None:
    first = start()
    first.folders.make()
    Journal.open(first.folders.journal).close()
    DAMAGES[damage](first.folders.journal)
    told = first.open_journal()  # by a script, say
    assert told
    await first.close()
    services = start()
    async with logged_on(services, demo) as heard:
        (notice,) = services.notices
        assert "neither shown nor watched" in notice or "may not be shown" in notice
        assert notice in heard
        await services.notices_read()
        assert services.notices == ()
    await services.close()
    is_past = damage in {"garbage", "empty", "gone"}
    assert bool(start().open_journal()) is not is_past


@pytest.mark.parametrize(
    "bad", ["cancel = 'of a later version'", "platform = 'Nutanix'", "kind = 'Disk'", "state = 'paused'"]
)
async def test_a_row_that_cannot_be_read_ends_the_watching_of_no_other(
    start: Callable[[], Services], demo: DemoProcess, bad: str
) -> None:
    services = start()
    services.folders.make()
    with closing(Journal.open(services.folders.journal)) as journal:
        for name in ("app07", "app08"):
            row = journal.plan(
                server=f"{demo.host}:{demo.port}", vm_name=name, kind="VmRestorePoint", platform="VMware",
                state="sent",
            )  # fmt: skip
            journal.release(row.id)
        sql(journal.path, f"UPDATE restores SET {bad} WHERE vm_name = 'app07'")  # noqa: S608
    async with logged_on(services, demo) as heard:
        words = "Row 1 of the journal (app07) is NOT WATCHED. Its row cannot be read"
        await wait_for(lambda: words in heard, "the notice")
        assert services.restores is not None
        assert [restore.vm_name for restore in services.restores.all] == ["app08"]
        assert "watch the restores" in services.under_way
    await services.close()


async def test_a_queue_that_is_left_says_so_and_is_offered_at_the_next_start_and_not_sent(
    start: Callable[[], Services], demo: DemoProcess
) -> None:
    services = start()
    async with logged_on(services, demo):
        assert services.connection is not None
        assert services.restores is not None
        assert services.recovery is not None
        points: dict[str, RestorePoint] = {}
        async for page in services.connection.manager.vm_restore_points(Query()):
            points |= {one.vm_name: one for one in page.items if one.platform is Platform.VSPHERE}
        plans = [services.restores.prepare(form_for(one, one.platform), {}) for one in points.values()][:3]
        lines = [QueueLine(plan=plan, group=1, critical=False, record="{}") for plan in plans]
        queue = await services.recovery.start_queue(lines)
        queue.set_limits(at_a_time=1)
        await wait_for(lambda: len(demo.requests("submit")) == 1, "one POST")
        assert "send the queue" in services.under_way
        for words in (services.quit_words, services.log_off_words, services.what_goes_on):
            assert "2 VMs of the queue still wait: vbem does not send them by itself" in words
    await services.close()
    again = start()
    async with logged_on(again, demo) as heard:
        await wait_for(lambda: "2 VMs of an interrupted queue NOT SENT" in heard, "the offer")
        assert again.recovery is not None
        assert again.recovery.queue is None
        (offered,) = await again.recovery.offered()
        assert len(offered.to_confirm) == 2
    await again.close()
    assert len(demo.requests("submit")) == 1
