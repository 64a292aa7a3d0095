"""Crash reports: where an unforeseen error went through, without anything secret in it.

Never local variables, only the code's own lines; every secret that is known is taken out in each of
the spellings it may have on the wire, and so is whatever looks like one.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets as random_words
import traceback
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, quote_plus

from tui import __version__
from tui.files import make_folder

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
    spellings = {one for secret in secrets if len(secret) >= _SHORTEST for one in _spellings(secret)}
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, _MARK)
    for pattern in _LOOKS_SECRET:
        text = pattern.sub(rf"\1{_MARK}", text)
    return text


def _spellings(secret: str) -> Iterator[str]:
    """Yield how a secret may look in a report: plain, in JSON, a repr, a URL or an Authorization header."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    data = secret.encode("utf-8", "surrogatepass")
    yield quote(data)
    yield quote(data, safe="")
    yield quote_plus(data)
    yield base64.b64encode(data).decode()
    yield base64.urlsafe_b64encode(data).decode()


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
    path = folder / f"crash-{moment:%Y%m%dT%H%M%S}-{random_words.token_hex(3)}.txt"
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
