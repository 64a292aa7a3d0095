from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tui.store.process_lock import SessionUse

SERVER = "em.lab.example:9398"

_OTHER = """
import sys
from pathlib import Path
from tui.store.process_lock import SessionUse
use = SessionUse(Path(sys.argv[1]), "em.lab.example:9398", sys.argv[2])
print("uses", flush=True)
sys.stdin.read()
use.release()
"""


def other(state: Path, session: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", _OTHER, str(state), session], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"uses\n"
    return process


def test_alone_it_is_not_shared(tmp_path: Path) -> None:
    use = SessionUse(tmp_path, SERVER, "s1")
    assert not use.is_shared()
    assert not use.is_shared()
    use.release()
    assert list((tmp_path / "sessions").iterdir()) == []
    use.release()
    assert not use.is_shared()


def test_another_program_is_seen_until_it_ends(tmp_path: Path) -> None:
    use = SessionUse(tmp_path, SERVER, "s1")
    process = other(tmp_path, "s1")
    assert use.is_shared()
    process.communicate(b"")
    assert not use.is_shared()
    use.release()


def test_looking_does_not_hide_us_from_the_other(tmp_path: Path) -> None:
    first, second = (SessionUse(tmp_path, SERVER, "s1") for _ in range(2))
    assert first.is_shared()
    assert second.is_shared()
    assert first.is_shared()
    first.release()
    assert not second.is_shared()
    third = SessionUse(tmp_path, SERVER, "s1")
    assert second.is_shared()
    second.release()
    third.release()
    assert list((tmp_path / "sessions").iterdir()) == []


def test_a_killed_program_uses_nothing(tmp_path: Path) -> None:
    use = SessionUse(tmp_path, SERVER, "s1")
    process = other(tmp_path, "s1")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not use.is_shared()
    use.release()


def test_other_sessions_and_servers_are_not_meant(tmp_path: Path) -> None:
    uses = [
        SessionUse(tmp_path, SERVER, "s1"),
        SessionUse(tmp_path, SERVER, "s2"),
        SessionUse(tmp_path, "x", "s1"),
    ]
    assert not any(use.is_shared() for use in uses)
    for use in uses:
        use.release()


def test_names_on_disk_tell_nothing(tmp_path: Path) -> None:
    use = SessionUse(tmp_path, SERVER, "../../token\ud800")
    (name,) = [one.name for one in (tmp_path / "sessions").iterdir()]
    assert "token" not in name
    use.release()


@pytest.mark.parametrize("state", [None, Path("/dev/null/nowhere")])
def test_where_nothing_can_be_written_nobody_is_seen(state: Path | None) -> None:
    use = SessionUse(state, SERVER, "s1")
    assert not use.is_shared()
    use.release()


def test_what_killed_programs_left_is_swept_away(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    for name in ("old.lock", "used.lock", "new.lock"):
        (folder / name).touch()
    for name in ("old.lock", "used.lock"):
        os.utime(folder / name, (1, 1))
    import fcntl

    with (folder / "used.lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        use = SessionUse(tmp_path, SERVER, "s1")
        assert {one.name for one in folder.iterdir()} >= {"used.lock", "new.lock"}
        assert not (folder / "old.lock").exists()
    use.release()
