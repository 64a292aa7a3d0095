from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tui.store.errors import StoreError
from tui.store.last_logon import (
    LAST_LOGON,
    LOG_OFF,
    last_logon,
    last_user,
    log_off_begins,
    log_off_cut_off,
    log_off_ends,
    remember_logon,
)

NOW = datetime(2026, 11, 23, 3, 4, tzinfo=UTC)


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


@pytest.mark.parametrize(("minutes", "is_said"), [(0, True), (14, True), (15, False), (-1, False)])
def test_a_log_off_that_was_cut_off_is_said_while_its_session_may_live(
    tmp_path: Path, minutes: int, is_said: bool
) -> None:
    assert log_off_cut_off(tmp_path, NOW) == ""
    log_off_begins(tmp_path, "em:1", "op", NOW)
    words = log_off_cut_off(tmp_path, NOW + timedelta(minutes=minutes))
    assert ("the logon session of op on em:1 may live on until" in words) == is_said
    log_off_ends(tmp_path)
    log_off_ends(tmp_path)
    assert log_off_cut_off(tmp_path, NOW) == ""


@pytest.mark.parametrize("content", ["", "[]", '{"began": "x"}', '{"began": 1}', '{"began": "2026-11-23"}'])
def test_a_damaged_note_of_a_log_off_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / LOG_OFF).write_text(content)
    assert log_off_cut_off(tmp_path, NOW) == ""


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
