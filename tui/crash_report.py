"""Crash reports and the log: where an unforeseen error went through, and what was done, with nothing secret.

Never local variables, only the code's own lines; every secret that is known is taken out however each of
its characters is escaped, as hex and inside base64, and so is whatever looks like one.
"""

from __future__ import annotations

import base64
import logging
import os
import re
import time
import traceback
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tui import __version__
from tui.files import make_folder, open_private
from tui.sanitize import harmless

_MARK = "[redacted]"
_SHORTEST = 4
"""Shorter secrets would redact half of every report; nobody's token is that short."""
_MAX_CHARS = 1_000_000
_QUOTED_OR_WORD = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s'",;&)}\]]+)"""
_LOOKS_SECRET = (
    re.compile(
        r"(?i)(authorization['\"]?\s*[:=,]\s*(?:b?['\"])?(?:(?:basic|bearer|negotiate)\s+)?)[^\s'\",;]+"
    ),
    re.compile(rf"(?i)(x-restsvcsessionid\\?['\"]?\s*[:=,]\s*(?:b(?=['\"]))?){_QUOTED_OR_WORD}"),
    re.compile(
        r"(?i)((?:password|passwd|passphrase|token|secret|cookie|api[-_]?key)\\?['\"]?\s*[:=]\s*(?:b(?=['\"]))?)"
        rf"{_QUOTED_OR_WORD}"
    ),
    re.compile(r"(?i)(\b(?:basic|bearer)\s+)[A-Za-z0-9+/_.~-]{8,}={0,2}"),
    re.compile(r"(://[^\s/:@]*:)[^\s/@]+(?=@)"),
)


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text without the given secrets in any usual spelling, or what looks like one."""
    known = sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True)
    for secret in known:
        for pattern in (_escaped(secret), *_encoded(secret)):
            text = re.sub(pattern, _MARK, text)
    for looks_secret in _LOOKS_SECRET:
        text = looks_secret.sub(rf"\1{_MARK}", text)
    return text


_BETWEEN = r"(?:[ \t]*\r?\n[ \t]*)?"
"""What wraps a long line."""


def _escaped(secret: str) -> str:
    """Return a pattern of the secret in which each character may be plain or escaped on its own.

    The escapes are those of JSON, XML, URLs and the repr of text and of bytes, also one inside another.
    """
    return "(?i:" + _BETWEEN.join(_escapes(char) for char in secret) + ")"


def _escapes(char: str) -> str:
    code, ways = ord(char), set[str]()
    units = char.encode("utf-16-be", "surrogatepass").hex()
    ways.add("".join(rf"\\+u{units[at : at + 4]}" for at in range(0, len(units), 4)))
    ways |= {rf"\\+U{code:08x}", rf"\\+u\{{0*{code:x}\}}", rf"%u{code:04x}"}
    ways |= {rf"&#0*{code};?", rf"&#x0*{code:x};?"}
    for data in _bytes_of(char):
        ways.add("".join(f"(?:%(?:25)*|=|\\\\+x){byte:02x}" for byte in data))
        ways.add("".join(rf"\\+0?{byte:03o}" for byte in data))
        if not char.isascii():  # read in the wrong encoding
            ways |= {re.escape(data.decode(name, "replace")) for name in ("latin-1", "cp1252")}
    if char in _NAMED:
        ways.add(_NAMED[char])
    if not char.isascii():
        ways |= {re.escape(one) for one in (unicodedata.normalize("NFD", char), "?", "\ufffd")}
    # The plain character comes last: with the backslash before it, U is also the beginning of an escape.
    plain = rf"\\*{re.escape(char)}"
    return f"(?:{'|'.join((*sorted(ways, key=len, reverse=True), plain))})"


_NAMED = {
    " ": r"\+", "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;", "\n": r"\\+n",
    "\r": r"\\+r", "\t": r"\\+t", "\b": r"\\+b", "\f": r"\\+f",
}  # fmt: skip
"""Escapes by name, of XML, forms and string literals."""


def _bytes_of(text: str) -> Iterator[bytes]:
    yield text.encode("utf-8", "surrogatepass")
    with suppress(UnicodeEncodeError):
        yield text.encode("latin-1")
    if not text.isascii():
        with suppress(UnicodeEncodeError):  # a byte that was no UTF-8 goes out as it was typed
            yield text.encode("utf-8", "surrogateescape")


def _encoded(secret: str) -> Iterator[str]:
    """Yield patterns of what holds the secret as numbers, in hex or, alone or as a part, in base64."""
    wide = (secret.encode(name, "surrogatepass") for name in ("utf-16-le", "utf-16-be"))
    for data in (*_bytes_of(secret), *wide):
        numbers = r"[,;\s]+".join(map(str, data))
        yield rf"(?<!\d){numbers}(?!\d)"
        yield "(?i:" + rf"(?:{_BETWEEN}|[ :-]|0x|, ?)*".join(f"{byte:02x}" for byte in data) + ")"
        for before in range(3):
            # Only the characters that no neighbour of the secret has a share in; base64 has 6 bits in each.
            first, end = -(-8 * before // 6), 8 * (before + len(data)) // 6
            core = base64.b64encode(bytes(before) + data)[first:end].decode()
            if len(core) > _SHORTEST:
                spelled = _BETWEEN.join({"+": "[+-]", "/": "[/_]"}.get(char, char) for char in core)
                yield rf"[\w+/-]*{spelled}[\w+/-]*={{0,2}}"


def write_crash_report(
    folder: Path, error: BaseException, *, secrets: Iterable[str] = (), facts: Mapping[str, str] | None = None
) -> Path:
    """Write a report that only its owner can read, under a name of its own.

    Args:
        folder: the state folder.
        error: what went wrong; its traceback is written without local variables.
        secrets: strings that must not appear, wherever they came from: token, password, `user:password`.
        facts: version and the like.

    Raises:
        OSError: it cannot be written.
    """
    moment = datetime.now(UTC)
    path = folder / f"crash-{moment:%Y%m%dT%H%M%S}-{os.urandom(3).hex()}.txt"
    lines = [f"{key}: {value}\n" for key, value in {"time": moment.isoformat(), **(facts or {})}.items()]
    trace = traceback.TracebackException.from_exception(error, capture_locals=False, compact=True)
    text = redacted("".join([*lines, "\n", *trace.format()])[:_MAX_CHARS], secrets)
    make_folder(folder)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return path


def report_crash(state_folder: Path, error: BaseException, secrets: Iterable[str] = ()) -> str:
    """Write the report and return its path, or say why there is none.

    Args:
        state_folder: where to.
        error: what went wrong.
        secrets: what must not be in it, wherever it came from.
    """
    try:
        return str(write_crash_report(state_folder, error, secrets=secrets, facts={"version": __version__}))
    except OSError as failure:
        return f"none; it could not be written: {failure.strerror}"


class _Redacted(logging.Formatter):
    """Writes each record as one line, UTC, without secrets."""

    def __init__(self, secrets: Callable[[], Iterable[str]]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        lines = redacted(super().format(record), self._secrets()).splitlines()
        return " | ".join(harmless(line) for line in lines)


def open_log(path: Path, level: str, secrets: Callable[[], Iterable[str]]) -> None:
    """Write what this program does into a file that only its owner can read, behind what is there.

    Args:
        path: the file; it need not exist, its folder must.
        level: `error`, `info` (logons, writes, changes of state) or `debug` (every request).
        secrets: gives what must not be in it, as of now.

    Raises:
        OSError: it cannot be written, or others may write it.
    """
    os.close(open_private(path, os.O_WRONLY | os.O_CREAT))
    for earlier in LOG.handlers[1:]:
        LOG.removeHandler(earlier)
        earlier.close()
    handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(_Redacted(secrets))
    LOG.addHandler(handler)
    LOG.setLevel(level.upper())
    LOG.info("vbem %s starts", __version__)


LOG = logging.getLogger("tui")
"""The root of all our loggers; silent unless a log file is named."""
LOG.propagate = False
LOG.addHandler(logging.NullHandler())
# A full disk must not write tracebacks across the screen.
logging.raiseExceptions = False
