from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.chosen_keyring import FileKeyringAt, file_keyring
from tests.support.soak import soak
from tests.support.waiting import wait_for
from tests.unit.store.refused_keyrings import REFUSED
from tui.store import keyring_worker, process_lock
from tui.store.errors import KeyringError
from tui.store.keyring_store import KeepResult, SessionStore, StoredSession
from tui.store.last_logon import remember_logon

__all__ = ["file_keyring"]

SERVER = "em.lab.example:9398"
TOKEN = "NzM1ZjA4+/dG9rZW4=="
SESSION = StoredSession(user=r"LAB\op", session_id="0b5c1f7e", token=TOKEN, api_version="v1_7")
IN_KEYRING = KeepResult(in_keyring=True, reason="", keyring="file keyring FileKeyring")


@pytest.fixture
def store(tmp_path: Path, file_keyring: FileKeyringAt) -> SessionStore:
    # Generous: an idle child answers in a fraction of a second, a busy machine needs more.
    return SessionStore("vbem", state_folder=tmp_path / "state", timeout_s=30)


@pytest.fixture
def no_desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the developer's D-Bus session nor their `pass`."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "PASSWORD_STORE_GPG_OPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))


def has_ended(pid: int) -> bool:
    return process_lock.start_of(pid) is None


def again(store: SessionStore) -> SessionStore:
    """The store of the program's next start."""
    return SessionStore("vbem", state_folder=store.state_folder, timeout_s=30)


async def test_a_session_survives_the_program(store: SessionStore, file_keyring: FileKeyringAt) -> None:
    assert await store.save(SERVER, SESSION) == IN_KEYRING
    assert file_keyring.values().keys() == {"vbem"}
    assert json.loads(file_keyring.values()["vbem"][rf"LAB\op@{SERVER}"]) == {
        "user": r"LAB\op", "session_id": "0b5c1f7e", "token": TOKEN, "api_version": "v1_7",
    }  # fmt: skip
    next_start = again(store)
    assert await next_start.load(SERVER, r"LAB\op") == SESSION
    assert next_start.where(SERVER, r"LAB\op") == IN_KEYRING
    assert await again(store).load("other:9398", r"LAB\op") is None
    assert await again(store).load(SERVER, "somebody") is None
    assert store.where(SERVER, r"LAB\op") == IN_KEYRING


async def test_the_last_user_of_a_server_is_found(store: SessionStore) -> None:
    await store.save(SERVER, SESSION)
    assert await store.load(SERVER) == SESSION
    assert await again(store).load(SERVER) is None
    assert store.state_folder is not None
    remember_logon(store.state_folder, SERVER, SESSION.user)
    remember_logon(store.state_folder, "other:9398", "somebody")
    assert await again(store).load(SERVER) == SESSION


async def test_a_deleted_session_is_gone_everywhere(store: SessionStore, file_keyring: FileKeyringAt) -> None:
    await store.save(SERVER, SESSION)
    await store.delete(SERVER, SESSION.user)
    assert TOKEN not in file_keyring.path.read_text()
    assert await store.load(SERVER, SESSION.user) is None
    await store.delete(SERVER, SESSION.user)
    await store.delete("never:1", "")


async def test_the_demo_keeps_its_sessions_apart(store: SessionStore, file_keyring: FileKeyringAt) -> None:
    await store.save(SERVER, SESSION)
    demo = SessionStore("vbem-demo", timeout_s=30)
    assert await demo.load(SERVER, SESSION.user) is None
    await demo.save(SERVER, SESSION)
    await demo.delete(SERVER, SESSION.user)
    assert file_keyring.values()["vbem"]


@pytest.mark.usefixtures("no_desktop")
@pytest.mark.parametrize(
    "backend", ["BrokenKeyring", *soak(*(one for one in REFUSED if one != "BrokenKeyring"))]
)
async def test_what_no_good_keyring_keeps_stays_in_memory_and_says_why(
    store: SessionStore, file_keyring: FileKeyringAt, backend: str
) -> None:
    reason, hint = REFUSED[backend]
    file_keyring.use(backend)
    kept = await store.save(SERVER, SESSION)
    assert not kept.in_keyring
    assert reason in kept.reason
    assert kept.hint.startswith(hint)
    assert bool(kept.hint) is bool(hint)
    assert kept.words == f"The logon session is in memory only: {kept.reason}. {kept.hint}".strip()
    assert TOKEN not in kept.words
    assert store.where(SERVER, SESSION.user) == kept
    assert await store.load(SERVER) == SESSION
    assert TOKEN not in json.dumps(file_keyring.values())
    await store.delete(SERVER, SESSION.user)
    assert await store.load(SERVER) is None


async def test_a_keyring_that_is_switched_off_is_told_by_the_words_of_the_process_that_is_not_started(
    store: SessionStore, file_keyring: FileKeyringAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_keyring.use("keyring.backends.null.Keyring")
    with pytest.raises(keyring_worker.NoKeyring) as none:
        keyring_worker.answer({"do": "get", "service": "vbem", "name": "x"})
    monkeypatch.delattr(subprocess, "Popen")
    assert await again(store).load(SERVER, SESSION.user) is None
    kept = await store.save(SERVER, SESSION)
    assert KeepResult(in_keyring=False, reason=none.value.trouble.reason) == kept
    assert store.where(SERVER, SESSION.user) == kept
    assert await store.load(SERVER) == SESSION
    assert (await store.check()).words == f"None: {none.value.trouble.reason}."
    await store.delete(SERVER, SESSION.user)
    assert await store.load(SERVER) is None
    await again(store).delete(SERVER, SESSION.user)
    assert store.unread == ""


async def test_a_good_keyring_inside_a_chainer_is_used(
    store: SessionStore, file_keyring: FileKeyringAt
) -> None:
    file_keyring.use("MixedChain")
    assert await store.save(SERVER, SESSION) == IN_KEYRING
    assert await again(store).load(SERVER, SESSION.user) == SESSION


async def test_a_keyring_that_talks_is_not_heard_and_finds_no_terminal(
    store: SessionStore, file_keyring: FileKeyringAt, capfd: pytest.CaptureFixture[str]
) -> None:
    file_keyring.use("TalkativeKeyring")
    assert (await store.save(SERVER, SESSION)).in_keyring
    assert capfd.readouterr() == ("", "")


async def test_a_keyring_that_hangs_is_killed_with_all_it_started(
    store: SessionStore, file_keyring: FileKeyringAt
) -> None:
    file_keyring.use("HangingKeyring")
    hasty = SessionStore("vbem", timeout_s=30)
    # First wait until it really hangs, so that the kill is what ends it, not a slow start.
    asking = asyncio.create_task(hasty.save(SERVER, SESSION))
    pids = file_keyring.path.with_suffix(".pids")
    await wait_for(lambda: pids.exists() and " " in pids.read_text(), "the keyring to hang")
    assert not asking.done()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    for pid in map(int, pids.read_text().split()):
        await wait_for(partial(has_ended, pid), f"process {pid} to be gone")


async def test_a_caller_that_gives_up_before_the_thread_begins_leaves_no_child(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    start = subprocess.Popen

    def note(command: list[str], **options: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401 - handed on
        started.append(start(command, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", note)
    busy = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        asyncio.get_running_loop().set_default_executor(pool)
        pool.submit(busy.wait)
        asking = asyncio.create_task(store.save(SERVER, SESSION))
        await wait_for(lambda: started, "the child")
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        busy.set()
        await wait_for(lambda: started[0].returncode is not None, "the child to be reaped")


async def test_a_keyring_may_take_only_so_long(file_keyring: FileKeyringAt) -> None:
    file_keyring.use("HangingKeyring")
    hasty = SessionStore("vbem", timeout_s=0.3)
    kept = await hasty.save(SERVER, SESSION)
    assert not kept.in_keyring
    assert kept.reason.endswith(" within 0.3 s")  # whether the child has come so far as to ask or not
    assert kept.hint.endswith(": see README, Keyrings.")
    assert await hasty.load(SERVER) == SESSION


async def test_the_keyring_that_does_not_answer_is_named(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [b'{"asks": "Secret Service"}\n{"asks": "pass"}\n']

    def late(_worker: object, _payload: bytes, timeout_s: float) -> tuple[bytes, bytes]:
        raise subprocess.TimeoutExpired("x", timeout_s, said[0])

    monkeypatch.setattr(subprocess.Popen, "communicate", late)
    kept = await store.save(SERVER, SESSION)
    assert kept.reason == "the keyring (pass) did not answer within 30 s"
    assert kept.hint.startswith("Open it before the next logon")
    assert (await store.check()).keyring == "pass"
    said[0] = b""
    kept = await store.save(SERVER, SESSION)
    assert kept.reason == "no keyring was found within 30 s"
    assert kept.hint.startswith("Choose one with PYTHON_KEYRING_BACKEND")


async def test_a_keyring_is_checked_with_an_entry_of_its_own(
    store: SessionStore, file_keyring: FileKeyringAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.save(SERVER, SESSION)
    kept = file_keyring.values()
    assert (await store.check()).words == (
        "file keyring FileKeyring, chosen by PYTHON_KEYRING_BACKEND: "
        "an entry was written, read back and deleted."
    )
    assert file_keyring.values() == kept
    for backend, words in (
        ("LockedKeyring", "None: the keyring (file keyring LockedKeyring) is locked. Open it before"),
        ("ForgetfulKeyring", "did not return what was stored"),
        ("PlaintextKeyring", "keeps secrets in plain text"),
    ):
        file_keyring.use(backend)
        check = await store.check()
        assert not check.is_usable
        assert words in check.words
    assert file_keyring.values() == kept


async def test_a_keyring_that_cannot_be_read_is_told_from_one_that_is_empty_or_not_there(
    store: SessionStore, file_keyring: FileKeyringAt
) -> None:
    assert await store.load(SERVER, "op") is None
    assert store.unread == ""
    file_keyring.use("HangingKeyring")
    hasty = SessionStore("vbem", timeout_s=0.3)
    assert await hasty.load(SERVER, "op") is None
    assert " within 0.3 s. " in hasty.unread
    file_keyring.use("PlaintextKeyring")
    assert await store.load(SERVER, "op") is None
    assert store.unread == ""


async def test_a_token_that_may_be_left_behind_is_said_so(
    store: SessionStore, file_keyring: FileKeyringAt
) -> None:
    await store.save(SERVER, SESSION)
    for backend in ("BrokenKeyring", "ReadOnlyKeyring"):
        file_keyring.use(backend)
        with pytest.raises(KeyringError) as caught:
            await again(store).delete(SERVER, SESSION.user)
        assert f"The keyring (file keyring {backend}) failed" in caught.value.detail
        assert "15 idle minutes" in caught.value.hint
        assert TOKEN not in str(caught.value)


async def test_a_session_in_a_keyring_that_is_gone_by_now_may_still_be_there(
    store: SessionStore, file_keyring: FileKeyringAt
) -> None:
    await store.save(SERVER, SESSION)
    file_keyring.use("keyring.backends.fail.Keyring")
    with pytest.raises(KeyringError, match="no usable keyring"):
        await store.delete(SERVER, SESSION.user)
    await again(store).delete(SERVER, SESSION.user)
    file_keyring.use("UnreadableKeyring")
    with pytest.raises(KeyringError, match=r"file keyring FileKeyring\) is not there any more"):
        await store.delete(SERVER, SESSION.user)
    file_keyring.use("FileKeyring")
    await store.delete(SERVER, SESSION.user)
    file_keyring.use("keyring.backends.fail.Keyring")
    await store.delete(SERVER, SESSION.user)


async def test_what_cannot_be_read_again_is_not_left_there_and_can_be_deleted(
    store: SessionStore, file_keyring: FileKeyringAt
) -> None:
    file_keyring.use("UnreadableKeyring")
    kept = await store.save(SERVER, SESSION)
    assert not kept.in_keyring
    assert TOKEN not in file_keyring.path.read_text()
    file_keyring.use("FileKeyring")
    await store.save(SERVER, SESSION)
    file_keyring.use("UnreadableKeyring")
    await again(store).delete(SERVER, SESSION.user)
    assert TOKEN not in file_keyring.path.read_text()


@pytest.mark.parametrize(
    "value", ["", "no json", "[]", "{}", '{"user": 1}', '{"user": "a", "session_id": "b"}', "[" * 100_000]
)
async def test_what_something_else_wrote_under_our_name_is_ignored(
    store: SessionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    script = tmp_path / "python"
    script.write_text('#!/bin/sh\nexec cat "${0%/*}/answer"\n')
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    answer = tmp_path / "answer"
    answer.write_text(json.dumps({"ok": True, "value": json.dumps(asdict(SESSION))}))
    assert await again(store).load(SERVER, "op") == SESSION
    answer.write_text(json.dumps({"ok": True, "value": value}))
    assert await store.load(SERVER, "op") is None


@pytest.mark.parametrize("out", ["", "not json", "[1]", "[" * 100_000, '{"asks": "pass"}'])
async def test_a_child_that_gives_no_answer_is_no_keyring(
    store: SessionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\nprintf '%s' '{out}'\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    kept = await store.save(SERVER, SESSION)
    assert "the keyring's process" in kept.reason
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    kept = await store.save(SERVER, SESSION)
    assert kept.reason == "the keyring cannot be reached (No such file or directory)"


@pytest.fixture
async def environment(
    store: SessionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_desktop: None
) -> Callable[..., Awaitable[dict[str, str]]]:
    """What the child finds in its environment, where ours has the given variables."""
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\n/usr/bin/env -0 >{tmp_path}/seen\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))

    async def found(**variables: str) -> dict[str, str]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        await store.save(SERVER, SESSION)
        lines = (tmp_path / "seen").read_text().rstrip("\0").split("\0")
        return dict(line.split("=", 1) for line in lines)

    return found


async def test_the_child_gets_what_backends_and_their_programs_need(
    environment: Callable[..., Awaitable[dict[str, str]]],
) -> None:
    needed = {
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/x", "DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0",
        "XDG_CURRENT_DESKTOP": "KDE", "XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d",
        "KDE_SESSION_VERSION": "6", "GNOME_KEYRING_CONTROL": "/k", "GNUPGHOME": "/g", "GPG_AGENT_INFO": "/a",
        "PASSWORD_STORE_DIR": "/p", "PASSWORD_STORE_KEY": "AB CD", "PASSWORD_STORE_UMASK": "077",
        "PASSWORD_STORE_SIGNING_KEY": "EF", "KEYRING_PROPERTY_APPID": "x",
    }  # fmt: skip
    found = await environment(**needed)
    assert needed.items() <= found.items()
    assert found["PASSWORD_STORE_GPG_OPTS"] == "--status-fd 2 --no-auto-key-locate"


async def test_the_child_gets_nothing_that_runs_other_code_or_leads_to_the_terminal(
    environment: Callable[..., Awaitable[dict[str, str]]],
) -> None:
    hidden = {
        "GPG_TTY", "SSH_TTY", "TERM", "BASH_ENV", "ENV", "LD_PRELOAD", "PYTHONSTARTUP", "PYTHONHOME",
        "PYTHONINSPECT", "PYTHONBREAKPOINT", "GIT_SSH_COMMAND", "PINENTRY_USER_DATA", "VBEM_PASSWORD",
    }  # fmt: skip
    found = await environment(**dict.fromkeys(hidden, "/x"))
    assert hidden & found.keys() == set()


async def test_folders_named_from_the_current_one_are_found_from_any(
    environment: Callable[..., Awaitable[dict[str, str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = await environment(PASSWORD_STORE_DIR="store", GNUPGHOME="../gnupg")
    assert found["PASSWORD_STORE_DIR"] == str(tmp_path / "store")
    assert found["GNUPGHOME"] == str(tmp_path.parent / "gnupg")


@pytest.mark.parametrize("display", ["", "DISPLAY", "WAYLAND_DISPLAY"])
async def test_gpg_asks_for_a_passphrase_only_where_there_is_a_display(
    environment: Callable[..., Awaitable[dict[str, str]]], display: str
) -> None:
    found = await environment(PASSWORD_STORE_GPG_OPTS="--armor", **({display: ":0"} if display else {}))
    options = found["PASSWORD_STORE_GPG_OPTS"]
    assert options.startswith("--armor --status-fd 2 ")
    assert options.endswith("--pinentry-mode error") is not bool(display)


async def test_the_session_bus_of_the_user_is_found_without_its_variable(
    environment: Callable[..., Awaitable[dict[str, str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "DBUS_SESSION_BUS_ADDRESS" not in await environment()
    (tmp_path / "bus").write_text("no socket")
    assert "DBUS_SESSION_BUS_ADDRESS" not in await environment()
    runtime = tmp_path / "a b"
    runtime.mkdir()
    monkeypatch.chdir(runtime)  # a socket's name may have no more than 108 characters
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind("bus")
        found = await environment(XDG_RUNTIME_DIR=str(runtime))
    assert found["DBUS_SESSION_BUS_ADDRESS"] == f"unix:path={tmp_path}/a%20b/bus"
    found = await environment(DBUS_SESSION_BUS_ADDRESS="unix:abstract=x")
    assert found["DBUS_SESSION_BUS_ADDRESS"] == "unix:abstract=x"


async def test_secrets_are_neither_in_arguments_nor_in_the_environment_of_the_child(
    store: SessionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "python"
    script.write_text(
        f'#!/bin/sh\necho "$@" >{tmp_path}/seen\nenv >>{tmp_path}/seen\ntty >>{tmp_path}/seen\n'
    )
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    monkeypatch.setenv("VBEM_PASSWORD", "hunter2hunter2")
    monkeypatch.setenv("SSH_TTY", "/dev/pts/0")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1")
    await store.save(SERVER, SESSION)
    seen = (tmp_path / "seen").read_text()
    assert "keyring_worker" in seen
    assert "XDG_RUNTIME_DIR=/run/user/1" in seen
    assert "PYTHON_KEYRING_BACKEND=" in seen
    for hidden in (TOKEN, "LAB", "hunter2", "SSH_TTY"):
        assert hidden not in seen


def test_a_token_is_not_in_the_repr() -> None:
    assert TOKEN not in repr(SESSION)
