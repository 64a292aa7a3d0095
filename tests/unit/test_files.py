"""What others may have written is refused in words that name it, and nothing waits for what is no file."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tui import files
from tui.config import Folders, Settings
from tui.crash_report import write_crash_report
from tui.errors import VbemError
from tui.files import make_folder, write_private
from tui.store.journal import Journal
from tui.store.known_servers import KnownServers
from tui.store.last_logon import last_logon, remember_logon
from tui.store.process_lock import SessionUse

PIN = f"em:1 sha256 {'ab' * 32} 2026-01-02\n"


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder in which everything has been used once."""
    folder = tmp_path / "state"
    KnownServers(folder / "known_servers").pin("em:1", "ab" * 32)
    Journal.open(folder / "journal.sqlite3").close()
    remember_logon(folder, "em:1", "op")
    write_private(folder / "settings.toml", b'server = "em:1"\n')
    return folder


USES: dict[str, Callable[[Path], object]] = {
    "known_servers": lambda state: KnownServers(state / "known_servers").pinned("em:1"),
    "known_servers.lock": lambda state: KnownServers(state / "known_servers").pin("em:2", "ab" * 32),
    "journal.sqlite3": lambda state: Journal.open(state / "journal.sqlite3"),
    "journal.sqlite3-journal": lambda state: Journal.open(state / "journal.sqlite3"),
    "journal.sqlite3.lock": lambda state: Journal.open(state / "journal.sqlite3"),
    "journal.sqlite3.note": lambda state: Journal.open(state / "journal.sqlite3"),
    "last.json": last_logon,
    "last.json.lock": lambda state: remember_logon(state, "em:1", "op"),
    "settings.toml": lambda state: Settings.load(state / "settings.toml"),
}


def replace_by_link(path: Path) -> None:
    target = path.parent.parent / "target"
    target.write_bytes(path.read_bytes() if path.exists() else b"")
    target.chmod(0o644)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def replace_by_pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def replace_by_folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def replace_by_device(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def give_mode(bits: int) -> Callable[[Path], None]:
    def attack(path: Path) -> None:
        path.touch()
        path.chmod(bits)

    return attack


def give_away(path: Path) -> None:
    path.touch()
    os.chown(path, 4711, 4711)


ATTACKS: dict[str, tuple[Callable[[Path], None], str]] = {
    "mode 0666": (give_mode(0o666), "others may write"),
    "mode 0622": (give_mode(0o622), "others may write"),
    "mode 0620": (give_mode(0o620), "others may write"),
    "a pipe": (replace_by_pipe, "not a regular file"),
    "a folder": (replace_by_folder, "not a regular file"),
    "a link": (replace_by_link, "symbolic link"),
    "a device": (replace_by_device, "symbolic link|not a regular file"),
    "another owner": (give_away, "belongs to somebody else"),
    "a folder of all": (lambda path: path.parent.chmod(0o777), "others may write the folder"),
    "a folder of a group": (lambda path: path.parent.chmod(0o720), "others may write the folder"),
    "a folder of another": (lambda path: os.chown(path.parent, 4711, 4711), "belongs to somebody else"),
    "above a folder of all": (lambda path: path.parents[1].chmod(0o777), "others may rename what is in the"),
    "above a folder of another": (lambda path: os.chown(path.parents[1], 4711, 4711), "belongs to somebody"),
}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize(
    "attack", [pytest.param(one, marks=needs_root if "another" in one else ()) for one in ATTACKS]
)
def test_what_others_may_write_is_refused_by_name(state: Path, name: str, attack: str) -> None:
    do, words = ATTACKS[attack]
    do(state / name)
    if (name, attack) == ("settings.toml", "a link"):  # kept elsewhere by many; checked where it is
        assert Settings.load(state / name).server == "em:1"
        return
    with pytest.raises(VbemError, match=words) as caught:
        USES[name](state)
    folder = state.parent if "above" in attack else state
    assert (str(folder) if "folder of" in attack else name) in str(caught.value)
    if attack == "a link":
        assert mode(state.parent / "target") == 0o644
    if name != "settings.toml" and "folder of" not in attack:
        with pytest.raises(VbemError, match=words):
            Folders(state=state, config=state).check()


def test_a_sound_state_folder_passes(state: Path) -> None:
    SessionUse(state, "em:1", "s1")
    state.parent.chmod(0o1777)  # as /tmp: only its owner may rename a folder there
    Folders(state=state, config=state).check()
    Folders(state=state / "new", config=state).check()


def test_a_link_to_the_folder_of_locks_is_not_followed(state: Path) -> None:
    (state.parent / "elsewhere").mkdir()
    (state / "sessions").symlink_to(state.parent / "elsewhere")
    SessionUse(state, "em:1", "s1")
    assert list((state.parent / "elsewhere").iterdir()) == []


def test_what_others_may_only_read_is_closed_to_them(state: Path) -> None:
    for name in ("known_servers", "last.json", "journal.sqlite3"):
        (state / name).chmod(0o644)
        USES[name](state)
        assert mode(state / name) == 0o600


def test_no_umask_opens_what_is_made(tmp_path: Path) -> None:
    top = tmp_path / "made"
    with umask(0):
        state = top / "a" / "b" / "state"
        KnownServers(state / "known_servers").pin("em:1", "ab" * 32)
        Journal.open(state / "journal.sqlite3").close()
        remember_logon(state, "em:1", "op")
        SessionUse(state, "em:1", "s1")
        write_crash_report(top / "c" / "reports", ValueError())
        make_folder(top / "d" / "e")
    assert {mode(path) for path in top.rglob("*") if path.is_file()} == {0o600}
    assert {mode(path) for path in (top, *top.rglob("*")) if path.is_dir()} == {0o700}


@pytest.mark.parametrize("name", ["known_servers", "last.json", "settings.toml"])
def test_a_file_without_end_is_read_to_its_bound(state: Path, name: str) -> None:
    with (state / name).open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(VbemError, match="too large"):
        USES[name](state)


def test_a_lock_that_is_never_let_go_is_told_and_not_waited_for(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LOCK_WAIT_S", 0.05)
    use = SessionUse(state, "em:1", "s1")
    (lock,) = (state / "sessions").iterdir()
    use.release()
    locks = [state / f"{name}.lock" for name in ("known_servers", "journal.sqlite3", "last.json")]
    held = [path.open("w") for path in (*locks, lock)]
    for file in held:
        fcntl.flock(file, fcntl.LOCK_EX)
    for path in locks:
        with pytest.raises(VbemError, match="keeps it locked"):
            USES[path.name](state)
    # Whoever keeps the lock of a logon session may be using it.
    assert SessionUse(state, "em:1", "s1").is_shared()
    for file in held:
        file.close()
