from __future__ import annotations

from pathlib import Path

import pytest

from tui.config import Settings, SettingsError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def test_no_file_means_the_defaults(path: Path) -> None:
    assert Settings.load(path) == Settings()


def test_every_key_is_read(path: Path) -> None:
    path.write_text(
        'server = "em:1"\nuser = "LAB\\\\op"\nwire = "xml"\nca_file = "/ca.pem"\n'
        'proxy = "http://p:1"\nrefresh = "low"\ncloud_layout = "schema"\nbell = "off"\n'
    )
    assert Settings.load(path) == Settings(
        server="em:1", user=r"LAB\op", wire="xml", ca_file="/ca.pem", proxy="http://p:1",
        refresh="low", cloud_layout="schema", bell="off",
    )  # fmt: skip
    path.write_text('wire = "json"\nca-file = "/ca.pem"\n')
    assert Settings.load(path) == Settings(wire="json", ca_file="/ca.pem")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('sever = "em"', "'sever'"),
        ("[table]\nx = 1", "'table'"),
        ("server = 1", "server"),
        ('refresh = "fast"', "auto, low, full"),
        ('wire = "yaml"', "'yaml'"),
        ('ca_file = "a"\nca-file = "b"', "twice"),
        ("server = ", "not a TOML file"),
        ('[server.a]\nhost = "x"\n[server.a]\nhost = "y"', "[server.a] twice, the second time in line 3"),
        ('[server.a]\nhost = "x"\nhost = "y"', "a key twice, the second time in line 3"),
        ('user = "op"\nserver = ', "line 2"),
        ('cloud-layout = "odd"', "cloud-layout in "),
        ("proxy = false", "proxy in "),
        ('bell = "maybe"', "on, off"),
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


def test_a_proxys_password_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(Settings(proxy="http://op:hunter2@proxy:1"))
    assert "server='em:1'" in repr(Settings(server="em:1"))
