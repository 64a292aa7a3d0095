"""How a command starts: password, certificate, settings, log; what is wrong is said first."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.house import TOP
from tests.support.terminal import Terminal
from tui.cli.exit_codes import ExitCode
from tui.cli.main import main
from tui.cli.options import OPTIONS
from tui.cli.output import widths_that_fit
from tui.config import AT_A_TIME, PER_SERVER

# -- logging on --------------------------------------------------------------------------------------


def logons(shell: Shell) -> int:
    return len([one for one in shell.demo.requests("logon") if one["method"] == "POST"])


def test_a_password_comes_from_a_command_a_descriptor_or_the_environment(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell.run("points", "--platform", "cloud").code == ExitCode.DONE
    shell.options["--password-command"] = ""
    reading, writing = os.pipe()
    os.write(writing, shell.demo.password.encode() + b"\n")
    os.close(writing)
    assert shell.run("points", "--password-fd", str(reading)).code == ExitCode.DONE
    os.close(reading)
    monkeypatch.setenv("VBEM_PASSWORD_COMMAND", f"printf %s {shell.demo.password}")
    assert shell.run("points").code == ExitCode.DONE
    assert logons(shell) == 3
    assert len([one for one in shell.demo.requests() if one["method"] == "DELETE"]) == 3  # logged off again


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("printf %s wrong", "Logon refused"),
        ("false", "ended with 1"),
        ("true", "gives nothing"),
        ("yes x", "gives too much"),
        ("cat /dev/zero", "gives too much"),
        ("head -c 20000 /dev/zero", "gives too much"),
        ("no-such-command-at-all", "cannot be run"),
        ("'", "cannot be run"),
        ("", "no password"),
    ],
)
def test_without_the_right_password_nothing_is_tried_twice(shell: Shell, command: str, said: str) -> None:
    shell.options["--password-command"] = command
    done = shell.run("points")
    assert done.code == ExitCode.NOT_ALLOWED
    assert said in done.err
    assert logons(shell) <= 1


def test_a_password_is_never_an_argument(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        shell.run("points", "--password", "x")
    assert ended.value.code == ExitCode.USAGE


@pytest.mark.parametrize("fingerprint", ["", "00" * 32])
def test_a_certificate_is_accepted_by_its_fingerprint_alone(shell: Shell, fingerprint: str) -> None:
    shell.options["--fingerprint"] = fingerprint
    done = shell.run("points")
    assert done.code == ExitCode.NOT_ALLOWED
    assert shell.demo.fingerprint in done.err
    assert logons(shell) == 0


def test_a_fingerprint_that_is_none_is_a_wrong_option(shell: Shell) -> None:
    shell.options["--fingerprint"] = "abc"
    assert "64 hexadecimal digits" in shell.run("points").err


def test_a_server_that_is_not_there_is_unreachable(shell: Shell) -> None:
    shell.options["--server"] = "127.0.0.1:1"
    done = shell.run("points", "--json")
    assert done.code == ExitCode.UNREACHABLE
    assert done.json["error"]["exit_code"] == ExitCode.UNREACHABLE
    assert done.json["points"] == []


# -- settings ----------------------------------------------------------------------------------------


@pytest.fixture
def settings(shell: Shell, tmp_path: Path) -> Path:
    path = tmp_path / "vbem.toml"
    path.write_text(
        f'[server.lab]\nhost = "{shell.demo.host}:{shell.demo.port}"\nuser = "LAB\\\\restore-op"\n'
        f'fingerprint = "{shell.demo.fingerprint}"\nread_only = true\n'
        '[server.prod]\nhost = "em01.corp.example"\n'
    )
    path.chmod(0o600)
    shell.options |= {"--config": str(path), "--server": "lab", "--user": "", "--fingerprint": ""}
    return path


def test_a_named_server_brings_its_own_settings(shell: Shell, settings: Path) -> None:
    assert shell.run("points", "--vm", "crm01").code == ExitCode.DONE
    done = shell.run("restore", "--vm", "crm01", "--yes")
    assert done.code == ExitCode.NOT_ALLOWED
    assert "READ-ONLY" in done.err
    assert shell.posts() == []


def test_the_default_server_is_logged_on_to_where_none_is_named(shell: Shell, settings: Path) -> None:
    shell.options["--server"] = ""
    assert "No server is named" in shell.run("points").err
    for name, code in (("prod", ExitCode.UNREACHABLE), ("lab", ExitCode.DONE)):
        text = settings.read_text().replace("em01.corp.example", "127.0.0.1:1").partition("[server")
        settings.write_text(f'default_server = "{name}"\n{text[1]}{text[2]}')
        assert shell.run("points", "--vm", "crm01").code == code
    assert logons(shell) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[server.lab]\nhost = "x"\nodd = 1', "odd"),
        ('[server.lab]\nuser = "x"', "has no host"),
        ('[server.lab]\nhost = "x"\nread_only = "yes"', "true or false"),
        ('[server.lab]\nhost = "x:99999999"', "host of [server.lab]"),
        ('default_server = "nobody"', "[server.nobody]"),
        ('[server.lab]\nhost = "x"\npassword = "hunter2"', "never read from a file"),
    ],
)
def test_what_is_wrong_in_a_named_server_is_told_with_file_and_key(
    shell: Shell, settings: Path, text: str, said: str
) -> None:
    settings.write_text(text)
    done = shell.run("points")
    assert done.code == ExitCode.USAGE
    assert said in done.err
    assert str(settings) in done.err
    assert "hunter2" not in done.err


def test_a_settings_file_that_is_named_must_be_there(shell: Shell) -> None:
    shell.options["--config"] = "/nowhere/vbem.toml"
    assert "There is no settings file /nowhere/vbem.toml" in shell.run("points").err


def test_read_only_in_the_environment_is_a_yes_or_a_no(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VBEM_READ_ONLY", "perhaps")
    assert "VBEM_READ_ONLY must be 1 or 0" in shell.run("points").err
    monkeypatch.setenv("VBEM_READ_ONLY", "1")
    assert shell.run("restore", "--vm", "wiki01", "--yes").code == ExitCode.NOT_ALLOWED
    monkeypatch.setenv("VBEM_READ_ONLY", "0")
    assert shell.run("restore", "--vm", "wiki01", "--yes").code == ExitCode.DONE


def test_info_tells_the_names_that_mean_one_server(shell: Shell, settings: Path) -> None:
    with settings.open("a") as file:
        file.write('[server.again]\nhost = "EM01.corp.example:9398"\n')
    assert "again: EM01.corp.example:9398 (the same server as prod)" in shell.run("info").out
    same = {row["name"]: row["same_as"] for row in shell.run("info", "--json").json["servers"]}
    assert same == {"lab": "", "prod": "again", "again": "prod"}


def test_info_tells_which_streams_are_no_terminal(shell: Shell) -> None:
    assert "not on a terminal: stdin, stdout, stderr" in shell.execute("info").out


def test_info_has_all_but_secrets(shell: Shell, settings: Path) -> None:
    done = shell.run("info", "--json", "--proxy", "http://op:hunter2@proxy.corp:3128")
    assert done.code == ExitCode.DONE
    assert "hunter2" not in done.out
    assert shell.demo.password not in done.out
    assert [one["name"] for one in done.json["servers"]] == ["lab", "prod"]
    assert str(settings) in done.json["facts"]["settings_file"]
    assert "keyring" in done.json["facts"]


def test_names_of_servers_are_completed(shell: Shell, settings: Path) -> None:
    assert shell.run("completion", "servers").out.split() == ["lab", "prod"]
    script = shell.run("completion", "bash").out
    checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
    for shell_name in ("zsh", "fish"):
        assert "vbem completion servers" in shell.run("completion", shell_name).out


# -- JSON --------------------------------------------------------------------------------------------


def _words(text: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", text))


def _documented() -> dict[str, tuple[str, set[str]]]:
    """What README says of each command: the name of its array, and the fields of an item."""
    text = (TOP / "README.md").read_text(encoding="utf-8").partition("The arrays:")[2]
    table, _, rest = text.partition("A row of the journal has ")
    of_journal = _words(rest.partition("A\nrestore that could not")[0])
    found = {}
    for line in table.strip().splitlines()[2:]:
        _, commands, array, fields, _ = line.split("|")
        # What stands in brackets, or behind a semicolon, is of items of another kind.
        first = fields.partition(";")[0]
        known = of_journal if "a row of the journal" in first else _words(first)
        for command in re.findall(r"`([^`]+)`", commands):
            found[command] = (array.strip(" `"), known)
    return found


def test_readme_documents_the_fields_of_every_array(shell: Shell, settings: Path, tmp_path: Path) -> None:
    settings.write_text(settings.read_text().replace("read_only = true", ""))
    plan = tmp_path / "plan.toml"
    plan.write_text('[[group]]\nvms = ["wiki01"]\n')
    words = {
        "points": ("points", "--vm", "wiki01"),
        "restore --dry-run": ("restore", "--vm", "wiki01", "--dry-run"),
        "restore": ("restore", "--vm", "wiki01", "--yes"),
        "plan check": ("plan", "check", str(plan)),
        "plan show": ("plan", "show", str(plan)),
        "plan run": ("plan", "run", str(plan), "--yes", "--beside"),
        "history": ("history",),
        "report": ("report",),
        "info": ("info",),
        "log-off": ("log-off",),
    }
    documented = _documented()
    for command, given in words.items():
        found = shell.run(*given, "--json").json
        array, fields = documented.pop(command)
        assert found["version"] == 1, command
        assert set(found[array][0]) == fields, command
    shell.slow_time()
    shell.run("restore", "--vm", "wiki01", "--yes", "--beside")
    shell.stop_time()
    (task,) = shell.run("tasks", "--json").json["tasks"]
    assert set(task) == documented.pop("tasks")[1] | {"whose"}
    assert list(documented) == ["cancel"]


OFFERED = {
    "points --platform ": {"vsphere", "hyperv", "cloud", "unknown"},
    "points --wire ": {"auto", "xml", "json"},
    "history --state s": {"sent", "succeeded"},
    "tasks --log-level ": {"error", "info", "debug"},
    "--theme ": {"dark", "light", "high-contrast"},
    "--refresh l": {"low"},
    "info --bell o": {"on", "off"},
    "restore --server ": {"lab", "prod"},
    "plan r": {"run"},
    "plan run ": {"shop.toml", "plans"},
    "plan run --at": {"--at-a-time"},
    "plan check --le": set(),
    "report --output n": {"notes.md"},
    "pl": {"plan"},
}


@pytest.fixture
def completing(shell: Shell, settings: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a shell in `here`, where `vbem` is found; the scripts lie beside it."""
    folder = tmp_path / "here"
    (folder / "plans").mkdir(parents=True)
    for name in ("shop.toml", "notes.md"):
        (folder / name).touch()
    program = tmp_path / "vbem"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tui "$@"\n')
    program.chmod(0o700)
    environment = shell.environment(VBEM_CONFIG=str(settings), PYTHONPATH=str(TOP))
    return environment | {"PATH": f"{tmp_path}:{environment['PATH']}"}


def test_bash_offers_the_words_that_an_option_takes(
    shell: Shell, completing: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "vbem.bash").write_text(shell.run("completion", "bash").out)
    for typed, offered in OFFERED.items():
        words = ["vbem", *typed.split(" ")]
        asked = (
            f'. {tmp_path}/vbem.bash; COMP_WORDS=("$@"); COMP_CWORD={len(words) - 1}; _shtab_vbem; '
            'printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run(
            ["bash", "-c", asked, "bash", *words],
            cwd=tmp_path / "here",
            env=completing,
            capture_output=True,
            text=True,
            check=True,
        )
        assert set(done.stdout.split()) == offered, typed


def shows(terminal: Terminal, line: str) -> None:
    """Wait until that line alone is shown."""
    terminal.until(lambda text: text.strip() == line)


@pytest.mark.soak
@pytest.mark.parametrize("name", ["zsh", "fish"])
def test_other_shells_complete_as_well(
    shell: Shell, completing: dict[str, str], tmp_path: Path, name: str
) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed here")
    (tmp_path / "_vbem").write_text(shell.run("completion", name).out)
    setup = {
        "zsh": f"PS1='ready '; fpath=({tmp_path} $fpath); autoload -U compinit; compinit -u -d ../dump",
        "fish": f"source {tmp_path}/_vbem; function fish_prompt; printf 'ready '; end",
    }[name]
    options = {"zsh": ["-f"], "fish": ["--no-config"]}[name]
    with Terminal([name, *options], env=completing, columns=140, rows=40) as terminal:
        terminal.press(f"cd {tmp_path}/here; {setup}; clear", "enter")
        shows(terminal, "ready")
        for typed, whole in (
            ("vbem repo", "vbem report"),
            ("vbem restore --keep-o", "vbem restore --keep-original"),
            ("vbem points --server pr", "vbem points --server prod"),
            ("vbem plan ch", "vbem plan check"),
            ("vbem tasks --wire js", "vbem tasks --wire json"),
        ):
            terminal.press(typed, "\t")
            shows(terminal, f"ready {whole}")
            terminal.ctrl("u")
            shows(terminal, "ready")


def test_no_value_of_the_zsh_script_is_cut_in_two_by_a_colon(shell: Shell) -> None:
    script = shell.run("completion", "zsh").out
    found = re.findall(r'^  "(--[a-z-]+)\[.*?\]:((?:[^:\\]|\\.)*):([^:]*)"$', script, re.MULTILINE)
    values = {name: (message, action) for name, message, action in found}
    assert values["--server"] == (r"HOST[\:PORT]|NAME", "_vbem_servers")
    taking = {option.flag for option in OPTIONS if option.metavar}
    assert taking <= set(values)


def test_the_manual_page_has_the_help_of_every_command_and_no_line_that_roff_takes_for_its_own(
    shell: Shell,
) -> None:
    lines = shell.run("completion", "man").out.splitlines()
    assert {line.split()[0] for line in lines if line[:1] in {".", "'"}} == {".TH", ".SH", ".nf", ".fi"}
    page = "\n".join(lines).replace(r"\-", "-").replace(r"\e", "\\")
    assert {f'.SH "VBEM {name.upper()}"' for name in ("points", "log-off", "plan", "plan run")} <= set(
        page.splitlines()
    )
    assert page.count("--password-command COMMAND") == 1
    assert "--user DOMAIN\\USER" in page
    assert f"{int(ExitCode.NOT_READY)}  not ready:" in page


# -- commands with actions -----------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["check", "show", "run"])
def test_each_action_of_a_plan_has_its_own_help(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["plan", action, "--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert f"Example: vbem plan {action} shop.toml" in said
    assert {"--before", "--ticket", "--json", "--server"} <= set(re.findall("--[a-z-]+", said))
    assert ("--requests " in said) is (action == "show")
    assert ("--overwrites N" in said) is (action == "run")
    assert ("--yes " in said) is (action == "run")
    defaults = [f"(default: {number})" for number in (AT_A_TIME, PER_SERVER)] if action == "run" else []
    assert re.findall(r"\(default: \d+\)", said) == defaults


@pytest.mark.parametrize("words", [(), ("restore",), ("plan", "run"), ("demo-server",)])
def test_help_of_a_command_is_asked_for_before_or_after_it(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for asked in (("help", *words), (*words, "--help")):
        with pytest.raises(SystemExit) as ended:
            main(asked)
        assert ended.value.code == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert said[0].startswith("usage: vbem")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "x.toml", "--yes"), "--yes acts with vbem plan run alone"),
        (("check", "x.toml", "--overwrites=3"), "--overwrites acts with vbem plan run alone"),
        (("show", "--at-a-time", "3", "x.toml"), "--at-a-time acts with vbem plan run alone"),
        (("run", "x.toml", "--requests"), "--requests acts with vbem plan show alone"),
        (("x.toml",), "invalid choice"),
        ((), "ACTION"),
    ],
)
def test_an_option_of_another_action_is_a_usage_error(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["plan", *words])
    assert ended.value.code == ExitCode.USAGE
    assert said in capsys.readouterr().err


# -- the log -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["info", "debug", "error"])
def test_the_log_has_what_was_done_and_no_secret(shell: Shell, level: str) -> None:
    path = shell.home / "vbem.log"
    words = ("--log-file", str(path), "--log-level", level)
    assert shell.run("restore", "--vm", "wiki01", "--yes", *words).code == ExitCode.DONE
    log = path.read_text()
    tokens = {one["headers"].get("x-restsvcsessionid", "") for one in shell.demo.requests()} - {""}
    assert tokens
    assert not [secret for secret in (shell.demo.password, *tokens) if secret in log]
    assert path.stat().st_mode & 0o077 == 0
    assert ("-> restoring" in log) is (level != "error")
    assert ("POST /api/vmRestorePoints/" in log) is (level != "error")
    assert ("GET /api/" in log) is (level == "debug")


def test_a_log_that_cannot_be_written_is_told_before_anything_is_sent(shell: Shell) -> None:
    done = shell.run("points", "--log-file", "/nowhere/vbem.log")
    assert done.code == ExitCode.USAGE
    assert "/nowhere/vbem.log" in done.err
    assert shell.demo.requests() == []


def test_a_table_leaves_out_what_does_not_fit_a_terminal() -> None:
    assert widths_that_fit([10, 10, 60], 80) == [10, 10, 56]
    assert widths_that_fit([10, 10, 60], 40) == [10, 10]
    assert widths_that_fit([10, 10], 80) == [10, 10]
    assert widths_that_fit([100], 80) == [100]
