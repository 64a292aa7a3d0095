"""What is wrong with a start is said at the start, before a password, and with or without a terminal."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.api.models import ServerAddress
from tui.cli import main as cli
from tui.cli.commands import build_parser
from tui.cli.exit_codes import CommandError, ExitCode
from tui.cli.options import PLAIN_SERVER, start_options
from tui.cli.output import Terminal
from tui.config import Folders


@pytest.fixture
def settings(own_home: Path) -> Path:
    path = Folders.locate().settings
    path.parent.mkdir(parents=True)
    return path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the command line says; it is refused, not for the lack of a terminal."""
    assert cli.main(words) == ExitCode.USAGE
    text = capsys.readouterr().err
    assert "need a terminal" not in text
    assert text.startswith("vbem: ")
    return text


WRONG = {
    "port": (["--server", "em:99999"], "--server", "VBEM_SERVER", 'server = "em:99999"'),
    "scheme": (["--server", "http://x"], "--server", "VBEM_SERVER", 'server = "http://x"'),
    "proxy": (
        ["--proxy", "socks5://op:hunter2@p:1"],
        "--proxy",
        "VBEM_PROXY",
        'proxy = "socks5://op:hunter2@p:1"',
    ),
    "no CA file": (["--ca-file", "/nowhere.pem"], "--ca-file", "VBEM_CA_FILE", 'ca_file = "/nowhere.pem"'),
    "a folder for a CA file": (["--ca-file", "/"], "--ca-file", "VBEM_CA_FILE", 'ca_file = "/"'),
    "a device for a CA file": (
        ["--ca-file", "/dev/zero"],
        "--ca-file",
        "VBEM_CA_FILE",
        'ca_file = "/dev/zero"',
    ),
    "no certificate": (["--ca-file", os.devnull], "--ca-file", "VBEM_CA_FILE", f'ca_file = "{os.devnull}"'),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("place", ["option", "environment", "settings"])
def test_a_wrong_value_is_told_with_where_it_stands(
    wrong: str,
    place: str,
    settings: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words, option, variable, line = WRONG[wrong]
    if place == "option":
        assert said(capsys, *words).startswith(f"vbem: {option}: ")
    elif place == "environment":
        monkeypatch.setenv(variable, words[1])
        assert said(capsys).startswith(f"vbem: {variable}: ")
    else:
        settings.write_text(line + "\n")
        assert said(capsys).startswith(f"vbem: {line.split()[0]} in {settings}: ")


def test_a_wrong_proxy_does_not_repeat_its_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert "hunter2" not in said(capsys, "--proxy", "socks5://op:hunter2@p:1")


def test_an_error_in_the_settings_is_told_without_a_terminal(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.write_text("sever = 'em'\n")
    assert f"{settings} has an unknown key 'sever'" in said(capsys)


@pytest.mark.parametrize(
    "words", [["--server", "x"], ["--user", "op"], ["--proxy", "http://p:1"], ["--ca-file", "/x"]]
)
def test_the_demo_takes_no_server_silently(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert f"--demo logs on to its own server: leave out {words[0]}." in said(capsys, "--demo", *words)


@pytest.mark.parametrize("words", [[], ["--user", "me"], ["--wire", "xml", "--proxy", "http://p:1"]])
def test_a_named_server_means_the_same_as_an_option_and_on_the_login_screen(
    settings: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.write_text(
        'user = "all"\nwire = "json"\nread_only = true\n'
        f'[server.a]\nhost = "em-a"\nuser = "of-a"\nfingerprint = "{"a" * 64}"\nproxy = "http://q:2"\n'
        'cloud_layout = "schema"\n[server.b]\nhost = "em-b"\nwire = "auto"\nread_only = false\n'
    )
    monkeypatch.setenv("VBEM_CA_FILE", "")
    for name in ("a", "b"):
        typed = start_options(build_parser().parse_args(words))
        typed.use_server(name)
        named = start_options(build_parser().parse_args([*words, "--server", name]))
        for field in (
            "server",
            "server_name",
            "user",
            "fingerprint",
            "proxy",
            "wire",
            "read_only",
            "settings",
        ):
            assert getattr(typed, field) == getattr(named, field), (name, field)
        known = {key: source for key, source in typed.sources.items() if key in named.sources}
        assert known == named.sources


def test_an_incident_is_played_on_the_demo_server_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert "add --demo" in said(capsys, "--incident")


@pytest.mark.parametrize("option", [True, False])
def test_a_state_folder_that_cannot_be_made_is_told_before_the_password(
    option: bool, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_home / ".local").write_text("in the way")
    if option:
        assert f"{own_home / '.local' / 'x'} cannot be used" in said(
            capsys, "--state-dir", f"{own_home}/.local/x"
        )
    else:  # restoring goes on without it
        note = start_options(build_parser().parse_args([])).note
        assert "only be sent without a journal" in note


def test_a_state_folder_that_others_may_write_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "known_servers").write_text("# pins\n")
    (state / "known_servers").chmod(0o666)
    assert "others may write known_servers (mode 0666)" in said(capsys, "--state-dir", str(state))
    (state / "known_servers").chmod(0o600)
    state.chmod(0o777)
    assert f"others may write the folder {state} (mode 0777)" in said(capsys, "--state-dir", str(state))


@given(st.from_regex(PLAIN_SERVER, fullmatch=True))
def test_a_server_that_is_not_read_in_full_at_the_start_is_one(server: str) -> None:
    assert ServerAddress.parse(server).port <= 9999


def test_a_byte_that_is_not_utf8_typed_at_a_question_is_told_and_no_bug(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def typed(_question: str = "") -> str:
        return b"p\xe4ss".decode()

    monkeypatch.setattr("getpass.getpass", typed)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(readline=typed))
    terminal = Terminal(can_ask=True)
    for ask in (terminal.ask, terminal.ask_secret):
        with pytest.raises(CommandError, match="not UTF-8") as caught:
            ask("Password: ")
        assert caught.value.code is ExitCode.NOT_ALLOWED
        assert "UTF-8" in caught.value.hint
    assert caught.value.__context__ is None, "the decoder's error holds the password"
