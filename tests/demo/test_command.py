"""The help of the embedded server tells of every fault and step there is, and its example works."""

from __future__ import annotations

import argparse
import shlex

import pytest

from tui.cli.main import main
from tui.demo.command import add_options
from tui.demo.fault_table import FAULTS, STEP_WORDS, epilog, parse
from tui.demo.messages import STEPS


def test_every_fault_and_step_is_told_once_and_no_other() -> None:
    told = [kind.name for kind in FAULTS]
    assert len(told) == len(set(told))
    assert all((kind.before is None) is not (kind.after is None) for kind in FAULTS)
    assert tuple(STEP_WORDS) == STEPS


def test_an_argument_is_told_of_exactly_where_it_is_a_value() -> None:
    for kind in FAULTS:
        argument = kind.argument if kind.argument.islower() else "7"
        takes_value = parse(f"{kind.name}:{argument.partition('|')[0]}").argument != ""
        assert ("[:" in kind.usage) is takes_value, kind.name


def test_the_help_prints_them_and_fits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["demo-server", "--help"])
    shown = capsys.readouterr().out
    assert epilog() in shown
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_the_example_is_understood() -> None:
    example = epilog().partition("vbem demo-server ")[2].replace("\\\n", "")
    parser = argparse.ArgumentParser()
    add_options(parser)
    given = [parse(spec) for spec in parser.parse_args(shlex.split(example)).fault]
    assert [(one.name, one.argument, one.step, one.times_left) for one in given] == [
        ("slow", "12", "list", None),
        ("drop-after-accept", "", "submit", 1),
    ]
