"""The refresh rate: who decides it, and what the program does at the low one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.cli.commands import build_parser
from tui.cli.options import start_options
from tui.config import FULL, LOW, RefreshRates, StartOptions, refresh_rates

SSH = "10.0.0.7 51000 10.0.0.9 22"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for variable in ("VBEM_REFRESH", "SSH_CONNECTION"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def launched(home: Path, *words: str) -> StartOptions:
    options = build_parser().parse_args(["--state-dir", str(home / "state"), *words])
    return start_options(options)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (("", "", "", ""), FULL),
        (("", "", "", SSH), LOW),
        (("", "", "full", SSH), FULL),
        (("", "", "low", ""), LOW),
        (("", "full", "low", SSH), FULL),
        (("low", "full", "full", ""), LOW),
        (("full", "low", "low", SSH), FULL),
        (("auto", "full", "full", SSH), LOW),
    ],
)
def test_option_then_environment_then_file_then_ssh(
    home: Path, monkeypatch: pytest.MonkeyPatch, told: tuple[str, str, str, str], expected: RefreshRates
) -> None:
    option, environment, setting, ssh = told
    if environment:
        monkeypatch.setenv("VBEM_REFRESH", environment)
    if ssh:
        monkeypatch.setenv("SSH_CONNECTION", ssh)
    launch = launched(home)
    if setting:
        launch.folders.settings.parent.mkdir(parents=True, exist_ok=True)
        launch.folders.settings.write_text(f'refresh = "{setting}"\n', encoding="utf-8")
    assert launched(home, *(["--refresh", option] if option else [])).refresh == expected


def test_a_rate_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="auto, low or full, not 'slow'"):
        refresh_rates("slow", {})


def test_the_low_pace_paints_and_polls_less_often() -> None:
    assert LOW.paint_every_s >= 2 > FULL.paint_every_s
    assert LOW.poll_every_s >= 2 > FULL.poll_every_s
