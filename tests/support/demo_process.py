"""The embedded Enterprise Manager as a process of its own, driven through its control channel.

with DemoProcess.start("--seed", "1", "--time-scale", "0") as demo:
    demo.url, demo.user, demo.password, demo.certificate, demo.fingerprint
    demo.control("advance", seconds=60)
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.support.waiting import patience_s

USUAL: dict[str, object] = {
    "seed": 1, "points": 0, "time_scale": 0, "now": None, "api_version": "v1_7", "casing": "pascal",
    "cloud_layout": "both", "misordered": "reject", "empty_body": "accept", "page_size": 100,
    "asks_for": "credentials", "tokens": "opaque", "unlisted_versions": "reject", "root_uid": "own",
    "colleague": False, "incident": False, "cancel": "launch-only", "role": "portal-admin",
    "ignores_keep_original": False, "certificate": "good",
}  # fmt: skip
"""How the server of a test is unless the test wants it otherwise; its clock stands still."""


class DemoProcess:
    """One running server. Standard input is its control channel: if this process dies, so does it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._collect, daemon=True).start()
        self.ready: dict[str, Any] = json.loads(self._next_line())
        self.url: str = self.ready["url"]
        self.user: str = self.ready["user"]
        self.password: str = self.ready["password"]
        self.certificate = Path(self.ready["certificate"])
        self.fingerprint: str = self.ready["fingerprint"]
        self.host = str(urlsplit(self.url).hostname)
        self.port = int(urlsplit(self.url).port or 0)

    @classmethod
    def start(cls, *options: str) -> Self:
        """Start a server with command-line options (`--control` is added) and wait until it is ready."""
        command = [sys.executable, "-m", "tui.demo", "--control", *options]
        return cls(
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
            )
        )

    def control(self, do: str, **arguments: object) -> dict[str, Any]:
        """Send one line to the control channel; its answer, which must be a good one."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._next_line())
        assert answer["ok"], answer
        self.fingerprint = answer.get("fingerprint", self.fingerprint)
        return answer

    def requests(self, step: str = "") -> list[dict[str, Any]]:
        """What was asked of the server, all or at one step."""
        found: list[dict[str, Any]] = self.control("requests")["requests"]
        return [request for request in found if step in {"", request["step"]}]

    def restores(self) -> list[dict[str, Any]]:
        """What the restores do, as a person on site would see it."""
        found: list[dict[str, Any]] = self.control("restores")["restores"]
        return found

    def fault(self, spec: str) -> None:
        """From now on the server misbehaves as `tui.demo.fault_table` says."""
        self.control("fault", spec=spec)

    def clear_faults(self) -> None:
        """From now on it behaves."""
        self.control("clear-faults")

    def fired(self) -> int:
        """How often it misbehaved."""
        return int(self.control("faults-fired")["total"])

    def advance(self, seconds: float) -> None:
        """Let time pass at the server: launches and restores go on."""
        self.control("advance", seconds=seconds)

    def reset(self, **options: object) -> None:
        """A fresh world on the same port; options keep their values unless given."""
        self.control("reset", **options)

    def renew(self, **options: object) -> None:
        """Be as just started, and as usual but for the options given."""
        self.control("release-connections")
        self.clear_faults()
        self.reset(**{**USUAL, **options})
        self.control("clear-requests")

    def stop(self) -> int:
        """End the server; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(patience_s())
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _collect(self) -> None:
        assert self.process.stdout is not None
        try:
            for line in self.process.stdout:
                self._lines.put(line)
        except ValueError:
            pass  # closed by `stop` while reading
        self._lines.put("")

    def _next_line(self) -> str:
        line = self._lines.get(timeout=patience_s())
        assert line, f"the server ended with exit code {self.process.wait(patience_s())}"
        return line
