"""Looking for secrets where a program may have left them: files, the terminal, its processes' arguments."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

WRONG = "W[red]%s&\"ü'\\{0}<b>/?"
"""Refused, and hard: markup, formats, quotes, a letter beyond ASCII, a backslash."""
WATCHING = {
    "TEXTUAL": "debug,devtools",
    "TEXTUAL_DEBUG": "1",
    "PYTHONASYNCIODEBUG": "1",
    "PYTHONFAULTHANDLER": "1",
}
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[@-_])")
_KEYS = re.compile(rb"character=(?:'(.)'|\"(.)\")")


def spellings(secret: str) -> Iterator[bytes]:
    """How a secret may stand in a file: plain, in a header, in a URL, in JSON, in XML, in a repr."""
    yield secret.encode()
    yield base64.b64encode(secret.encode())
    yield base64.urlsafe_b64encode(secret.encode())
    yield secret.encode().hex().encode()
    for text in (
        quote(secret, safe=""),
        quote(secret),
        json.dumps(secret)[1:-1],
        escape(secret),
        repr(secret)[1:-1],
    ):
        yield text.encode()
    yield json.dumps(secret, ensure_ascii=False)[1:-1].encode()


def readings(data: bytes) -> tuple[bytes, ...]:
    """The bytes as they are, without what only moves the cursor, and key by key as a log would have it."""
    typed = b"".join(one or other for one, other in _KEYS.findall(data))
    return data, _ESCAPES.sub(b"", data), typed


def found(secrets: dict[str, str], places: dict[str, bytes]) -> list[str]:
    """Which secret is where."""
    return [
        f"{what} in {where}"
        for where, data in places.items()
        for what, secret in secrets.items()
        if any(spelling in reading for spelling in spellings(secret) for reading in readings(data))
    ]


def files_under(folder: Path) -> dict[str, bytes]:
    """Every file, by its path in the folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def tokens_in(keyring: Path) -> list[str]:
    """What the keyring holds as a logon session's token."""
    sessions = [
        json.loads(kept) for names in json.loads(keyring.read_text()).values() for kept in names.values()
    ]
    return [session["token"] for session in sessions if isinstance(session, dict) and "token" in session]


class Onlooker(threading.Thread):
    """Somebody on the same machine who looks at the arguments and environments of a process's children."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.seen: dict[str, bytes] = {}
        self.children: set[int] = set()
        self._pid = pid
        self._enough = threading.Event()

    def run(self) -> None:
        while not self._enough.wait(0.005):
            self.children |= self._children_of(self._pid)
            for pid in {self._pid, *self.children}:
                for what in ("cmdline", "environ"):
                    with suppress(OSError):
                        self.seen[f"{what} of {pid}"] = Path(f"/proc/{pid}/{what}").read_bytes()

    def stop(self) -> dict[str, bytes]:
        self._enough.set()
        self.join()
        return self.seen

    @staticmethod
    def _children_of(pid: int) -> set[int]:
        found: set[int] = set()
        with suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                found |= {int(child) for child in (task / "children").read_text(encoding="ascii").split()}
        return found
