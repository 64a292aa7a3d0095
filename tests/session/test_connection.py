"""In and out, against the embedded server and a real keyring in a child process."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.session.starts import Connect, admitted, files_with, logons, remembered
from tests.support.chosen_keyring import FileKeyringAt
from tests.support.demo_process import DemoProcess
from tests.support.waiting import wait_for
from tui.api.errors import BadLogin, CertificateChanged, NotLoggedOff, SessionExpired
from tui.store.errors import KeyringError
from tui.store.known_servers import KnownServers
from tui.store.last_logon import LOG_OFF, log_off_cut_off


async def test_a_logon_is_kept_without_the_password(
    trusted: Connect, demo: DemoProcess, file_keyring: FileKeyringAt, tmp_path: Path
) -> None:
    connection = await admitted(trusted, demo)
    assert connection.user == demo.user
    assert connection.kept is not None
    assert connection.kept.in_keyring
    (name,) = file_keyring.values()["vbem-demo"]
    assert name == f"{demo.user}@{connection.address}"
    session = connection.manager.session
    assert session is not None
    assert session.token in file_keyring.path.read_text()
    assert files_with(demo.password, tmp_path) == []
    assert files_with(session.token, tmp_path) == [file_keyring.path]
    await connection.leave()


async def test_whoever_leaves_before_the_session_was_kept_keeps_it_then(
    trusted: Connect, demo: DemoProcess, file_keyring: FileKeyringAt, state: Path
) -> None:
    connection = trusted()
    await connection.log_on(demo.user, demo.password)
    assert file_keyring.values() == {}
    assert connection.is_to_be_kept
    await remembered(connection, state).leave()
    assert not connection.is_to_be_kept
    assert await trusted().has_kept_session()


async def test_a_session_that_is_being_kept_is_forgotten_by_a_log_off(
    trusted: Connect, demo: DemoProcess, file_keyring: FileKeyringAt
) -> None:
    connection = trusted()
    await connection.log_on(demo.user, demo.password)
    keeping = asyncio.create_task(connection.keep())
    await asyncio.sleep(0)  # it has begun to ask the keyring
    await connection.log_off()
    await keeping
    assert connection.kept is None
    assert file_keyring.values() == {"vbem-demo": {}}
    await connection.leave()
    assert file_keyring.values() == {"vbem-demo": {}}


async def test_a_wrong_password_keeps_nothing(
    trusted: Connect, demo: DemoProcess, file_keyring: FileKeyringAt
) -> None:
    connection = trusted()
    with pytest.raises(BadLogin):
        await connection.log_on(demo.user, "wrong")
    assert connection.kept is None
    assert file_keyring.values() == {}
    await connection.leave()


async def test_the_next_start_goes_on_with_the_session(
    trusted: Connect, demo: DemoProcess, state: Path
) -> None:
    first = remembered(await admitted(trusted, demo), state)
    await first.leave()
    second = trusted()
    assert await second.has_kept_session()
    assert await second.resume()
    assert second.user == demo.user
    assert second.kept is not None
    assert second.kept.in_keyring
    assert logons(demo) == 1
    assert await second.manager.tasks() == ()
    await second.leave()


async def test_there_may_be_nothing_to_resume(trusted: Connect, demo: DemoProcess) -> None:
    connection = trusted()
    assert not await connection.has_kept_session()
    assert not await connection.resume()
    assert demo.requests() == []
    await connection.leave()


async def test_a_session_that_has_ended_is_forgotten(
    trusted: Connect, demo: DemoProcess, file_keyring: FileKeyringAt, state: Path
) -> None:
    await remembered(await admitted(trusted, demo), state).leave()
    demo.control("expire-sessions")
    connection = trusted()
    assert not await connection.resume()
    assert connection.kept is None
    assert file_keyring.values() == {"vbem-demo": {}}
    await connection.leave()


async def test_a_token_never_leaves_for_another_certificate(
    trusted: Connect, demo: DemoProcess, pins: KnownServers, state: Path
) -> None:
    await remembered(await admitted(trusted, demo), state).leave()
    demo.control("clear-requests")
    pins.pin(f"{demo.host}:{demo.port}", "ab" * 32)
    connection = trusted()
    with pytest.raises(CertificateChanged):
        await connection.resume()
    assert demo.requests() == []
    assert await connection.has_kept_session()
    await connection.leave()


async def test_logging_on_again_goes_on_with_the_same_client(
    trusted: Connect, demo: DemoProcess, file_keyring: FileKeyringAt
) -> None:
    connection = await admitted(trusted, demo)
    manager, old = connection.manager, connection.manager.session
    demo.control("expire-sessions")
    with pytest.raises(SessionExpired):
        await manager.tasks()
    new = await connection.log_on_again(demo.password)
    await connection.keep()
    assert connection.manager is manager
    assert old is not None
    assert new.token != old.token
    assert await manager.tasks() == ()
    (kept,) = file_keyring.values()["vbem-demo"].values()
    assert json.loads(kept)["token"] == new.token
    await connection.leave()


async def test_logging_off_ends_the_session_everywhere(
    trusted: Connect, demo: DemoProcess, file_keyring: FileKeyringAt, state: Path
) -> None:
    connection = remembered(await admitted(trusted, demo), state)
    await connection.log_off()
    assert connection.log_off_note == ""
    assert connection.kept is None
    (request,) = demo.requests("logoff")
    assert (request["method"], request["status"]) == ("DELETE", 204)
    assert file_keyring.values() == {"vbem-demo": {}}
    await connection.leave()
    assert not await trusted().resume()


@pytest.mark.parametrize("fault", ["", "drop-before@logoff", "silent@logoff"])
async def test_a_log_off_that_is_cut_off_is_known_at_the_next_start(
    trusted: Connect, demo: DemoProcess, state: Path, fault: str
) -> None:
    connection = remembered(await admitted(trusted, demo), state)
    if fault:
        demo.fault(fault)
    logging_off = asyncio.create_task(connection.log_off_in_words())
    if fault.startswith("silent"):
        await wait_for((state / LOG_OFF).exists, "the note")
        logging_off.cancel()
        with pytest.raises(asyncio.CancelledError):
            await logging_off
    else:
        await logging_off
    assert bool(log_off_cut_off(state, datetime.now(UTC))) == fault.startswith("silent")
    await connection.leave()


async def test_logging_off_an_unreachable_server_forgets_it_here_all_the_same(
    trusted: Connect, demo: DemoProcess, file_keyring: FileKeyringAt
) -> None:
    connection = await admitted(trusted, demo)
    demo.fault("drop-before@logoff")
    with pytest.raises(NotLoggedOff):
        await connection.log_off()
    assert file_keyring.values() == {"vbem-demo": {}}
    await connection.leave()


async def test_a_keyring_that_will_not_forget_is_said_so(
    trusted: Connect, demo: DemoProcess, file_keyring: FileKeyringAt
) -> None:
    connection = await admitted(trusted, demo)
    file_keyring.use("BrokenKeyring")
    with pytest.raises(KeyringError):
        await connection.log_off()
    assert len(demo.requests("logoff")) == 1
    await connection.leave()


async def test_a_session_that_another_program_uses_is_not_ended_under_it(
    trusted: Connect, demo: DemoProcess, file_keyring: FileKeyringAt, state: Path
) -> None:
    first = remembered(await admitted(trusted, demo), state)
    second = trusted()
    assert not first.is_shared
    assert await second.resume()
    assert first.is_shared
    await first.log_off()
    assert "Another vbem" in first.log_off_note
    assert demo.requests("logoff") == []
    assert file_keyring.values() == {"vbem-demo": {}}
    await first.leave()
    assert await second.manager.is_session_alive()
    await second.log_off()
    assert len(demo.requests("logoff")) == 1
    await second.leave()


async def test_without_a_keyring_the_session_is_kept_in_memory(
    trusted: Connect, demo: DemoProcess, file_keyring: FileKeyringAt
) -> None:
    file_keyring.use("keyring.backends.fail.Keyring")
    connection = await admitted(trusted, demo)
    assert connection.kept is not None
    assert not connection.kept.in_keyring
    assert connection.kept.reason.startswith("this machine has no usable keyring")
    await connection.log_off()
    await connection.leave()
