from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tui.store.errors import StoreError
from tui.store.last_logon import LAST_LOGON, last_logon, last_user, remember_logon


def test_the_last_logon_is_remembered(tmp_path: Path) -> None:
    assert last_logon(tmp_path) == ("", "")
    remember_logon(tmp_path, "em:1", "op")
    remember_logon(tmp_path, "other:1", "admin")
    remember_logon(tmp_path, "em:1", "op2")
    assert last_logon(tmp_path) == ("em:1", "op2")
    assert [last_user(tmp_path, server) for server in ("em:1", "other:1", "third:1")] == ["op2", "admin", ""]
    assert stat.S_IMODE((tmp_path / LAST_LOGON).stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "no json", "[]", '{"server": 1}', '{"users": []}', "[" * 100_000])
def test_a_damaged_memory_is_no_memory(tmp_path: Path, content: str) -> None:
    (tmp_path / LAST_LOGON).write_text(content)
    assert last_logon(tmp_path) == ("", "")
    assert last_user(tmp_path, "em:1") == ""
    remember_logon(tmp_path, "em:1", "op")
    assert last_logon(tmp_path) == ("em:1", "op")


def test_memory_does_not_grow_without_end(tmp_path: Path) -> None:
    users = {f"s{number}": "op" for number in range(5000)}
    (tmp_path / LAST_LOGON).write_text(json.dumps({"server": "s", "user": "x" * 5000, "users": users}))
    assert last_logon(tmp_path) == ("s", "")
    remember_logon(tmp_path, "em:1", "op")
    assert len(json.loads((tmp_path / LAST_LOGON).read_text())["users"]) == 200
    assert last_user(tmp_path, "em:1") == "op"


def test_a_memory_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="could not be saved"):
        remember_logon(tmp_path / "file", "em:1", "op")
