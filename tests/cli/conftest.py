"""Commands against the embedded server: most in this process, the rest as the real executable."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.demo_process import DemoProcess
from tests.support.waiting import patience_s
from tui.cli.main import main
from tui.crash_report import LOG

PLAN = '[[group]]\nvms = ["crm01"]\ncritical = true\n[[group]]\nvms = ["wiki01", "git01"]\n'


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass
class Shell:
    """A script that knows server, user and password."""

    demo: DemoProcess
    home: Path
    capsys: pytest.CaptureFixture[str]
    options: dict[str, str] = field(default_factory=dict)

    @property
    def logon(self) -> list[str]:
        words = {
            "--server": f"{self.demo.host}:{self.demo.port}",
            "--user": self.demo.user,
            "--fingerprint": self.demo.fingerprint,
            "--password-command": f"printf %s {self.demo.password}",
            "--state-dir": str(self.home / "state"),
            **self.options,
        }
        return [part for option, value in words.items() if value for part in (option, value)]

    def run(self, *words: str) -> Done:
        """Run a command in this process."""
        self.capsys.readouterr()
        code = main([*words, *self.logon])
        out, err = self.capsys.readouterr()
        return Done(code, out, err)

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:  # noqa: ANN401 - of Popen
        """Start the real executable."""
        given = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "env": self.environment(),
            **options,
        }
        return subprocess.Popen([sys.executable, "-m", "tui", *words, *self.logon], text=True, **given)

    def execute(self, *words: str, **environment: str) -> Done:
        """Run the real executable to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "tui", *words, *self.logon],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment(**environment),
            timeout=patience_s(),
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHON_KEYRING_BACKEND")}
        return {**kept, "LANG": "C.UTF-8", "TZ": "UTC", **more}

    def slow_time(self) -> None:
        """Let a restore run long enough to stop time within it."""
        self.demo.control("set", option="time_scale", value=5)

    def stop_time(self) -> None:
        """Let what runs at the server run for ever."""
        self.demo.control("set", option="time_scale", value=0)

    def states(self) -> list[str]:
        """The states in the journal, in the order of its rows."""
        path = self.home / "state" / "journal.sqlite3"
        if not path.exists():
            return []
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        # Its tables may be about to be made.
        with closing(database), suppress(sqlite3.OperationalError):
            return [state for (state,) in database.execute("SELECT state FROM restores")]
        return []

    def posts(self) -> list[dict[str, Any]]:
        """The restores the server was asked for."""
        return self.demo.requests("submit")


@pytest.fixture(autouse=True)
def no_log_is_left() -> Iterator[None]:
    """A command in this process leaves its log open, which only the program's end would close."""
    yield
    for handler in LOG.handlers[1:]:
        LOG.removeHandler(handler)
        handler.close()
    LOG.setLevel(logging.NOTSET)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    path.chmod(0o600)
    return path


@pytest.fixture
def shell(server: DemoProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A fresh world, in which 40 seconds pass in each."""
    server.renew(seed=7, time_scale=40)
    return Shell(server, tmp_path, capsys)
