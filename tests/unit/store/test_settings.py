from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tui.config import Settings, SettingsError
from tui.store.errors import StoreError
from tui.store.last_logon import LAST_LOGON, last_logon, last_user, remember_logon


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def test_no_file_means_the_defaults(path: Path) -> None:
    assert Settings.load(path) == Settings()


def test_every_key_is_read(path: Path) -> None:
    path.write_text(
        'server = "em:1"\nuser = "LAB\\\\op"\nformat = "xml"\nca_file = "/ca.pem"\n'
        'proxy = "http://p:1"\nprofile = "low"\ncloud_layout = "schema"\n'
    )
    assert Settings.load(path) == Settings(
        server="em:1", user=r"LAB\op", wire="xml", ca_file="/ca.pem", proxy="http://p:1",
        profile="low", cloud_layout="schema",
    )  # fmt: skip
    path.write_text('wire = "json"\nca-file = "/ca.pem"\n')
    assert Settings.load(path) == Settings(wire="json", ca_file="/ca.pem")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('sever = "em"', "'sever'"),
        ("[table]\nx = 1", "'table'"),
        ("server = 1", "server"),
        ('profile = "fast"', "auto, low, full"),
        ('format = "yaml"', "'yaml'"),
        ('format = "xml"\nwire = "xml"', "twice"),
        ("server = ", "not a TOML file"),
        ("\udcff", "not a TOML file"),
        ("a = " + "[" * 100_000, "not a TOML file"),
        ("#" * 1_000_001, "too large"),
    ],
)
def test_what_is_not_understood_is_named_with_the_file(path: Path, content: str, words: str) -> None:
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(SettingsError) as caught:
        Settings.load(path)
    assert words in caught.value.detail
    assert str(path) in caught.value.detail
    assert caught.value.hint


def test_a_password_is_never_read_from_a_file(path: Path) -> None:
    path.write_text('password = "hunter2hunter2"')
    with pytest.raises(SettingsError, match="never read from a file") as caught:
        Settings.load(path)
    assert "hunter2" not in str(caught.value) + caught.value.hint


def test_an_unreadable_file_is_said_so(path: Path) -> None:
    path.mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        Settings.load(path)


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
    with pytest.raises(StoreError, match="could not be remembered"):
        remember_logon(tmp_path / "file", "em:1", "op")
