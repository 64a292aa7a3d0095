"""What `vbem points` lists, and what it says that it left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import Shell
from tui import timefmt
from tui.cli.exit_codes import ExitCode


@pytest.mark.parametrize("wire", ["xml", "json"])
def test_points_lists_the_newest_point_of_each_vm(shell: Shell, wire: str) -> None:
    found = shell.run("points", "--json", "--wire", wire).json
    assert found["version"] == 1
    assert len({(one["vm_name"], one["object_ref"], one["backup_server"]) for one in found["points"]}) == 74
    assert len(found["points"]) == 74
    assert all(one["is_newest"] for one in found["points"])
    assert not found["without_point"]


def test_points_of_a_vm_are_all_its_points_newest_first(shell: Shell) -> None:
    points = shell.run("points", "--vm", "crm01", "--json").json["points"]
    made = [one["created"] for one in points]
    assert len(made) > 10
    assert made == sorted(made, reverse=True)
    assert [one["is_newest"] for one in points] == [True] + [False] * (len(points) - 1)


def test_points_before_a_moment_are_of_before_it(shell: Shell) -> None:
    done = shell.run("points", "--before", "-3d", "--json")
    found = done.json
    assert found["points"]
    assert all(one["created"] < found["before"] for one in found["points"])
    assert "Before " in done.err


def test_points_that_carry_no_time_are_not_said_to_be_missing(shell: Shell) -> None:
    shell.demo.fault("missing:CreationTimeUTC@list")
    done = shell.run("points", "--before", "3d ago", "--json")
    assert done.json["without_point"] == []
    assert len(done.json["without_time"]) == 74
    assert "Of 74 VMs it is not known" in done.err
    assert "NO POINT" not in done.err
    refused = shell.run("restore", "--vm", "crm01", "--before", "3d ago", "--yes")
    assert refused.code == ExitCode.FAILED
    assert "its points carry no time" in refused.err
    assert shell.posts() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--before", "banana"), "banana"),
        (("--before", "in 3 days"), "--before: "),
        (("--platform", "xx"), "no platform 'xx'"),
    ],
)
def test_what_is_not_understood_lists_nothing(shell: Shell, words: tuple[str, ...], said: str) -> None:
    done = shell.run("points", *words, "--json")
    assert done.code == ExitCode.USAGE
    assert said in done.err
    assert done.json["points"] == []
    assert done.json["error"]["exit_code"] == ExitCode.USAGE


def test_a_table_is_for_people(shell: Shell) -> None:
    lines = shell.run("points", "--platform", "cloud").out.splitlines()
    assert lines[0].split()[:2] == ["VM", "MADE"]
    assert all("Cloud Director" in line for line in lines[1:])


def test_what_is_lost_is_what_the_times_beside_it_show(shell: Shell) -> None:
    moment = (datetime.now(UTC) - timedelta(hours=2)).replace(second=0, microsecond=0)
    done = shell.run("points", "--vm", "sql01", "--before", f"{moment:%Y-%m-%d %H:%MZ}", "--json")
    made = datetime.fromisoformat(done.json["points"][0]["created"]).replace(second=0, microsecond=0)
    shown = shell.run("points", "--vm", "sql01", "--before", f"{moment:%Y-%m-%d %H:%MZ}").out
    assert f"{made:%Y-%m-%d %H:%M}Z  {timefmt.span(moment - made)}  " in shown
