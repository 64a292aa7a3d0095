"""Crash reports: where an unforeseen error went through, without anything secret in it."""

from __future__ import annotations

import os
import re
import secrets as random_words
import traceback
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

_MARK = "[redacted]"
_SECRETS = (
    re.compile(r"(?i)(x-restsvcsessionid['\"]?\s*[:=]\s*['\"]?)[^\s'\",;]+"),
    re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?(?:basic|bearer)?\s*)[^\s'\",;]+"),
    re.compile(r"(?i)((?:password|passwd|token|secret)['\"]?\s*[:=]\s*['\"]?)[^\s'\",;]+"),
    re.compile(r"(?i)(basic\s+)[A-Za-z0-9+/]{8,}={0,2}"),
)


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets and without anything that looks like one."""
    for secret in sorted((one for one in secrets if len(one) >= 4), key=len, reverse=True):
        text = text.replace(secret, _MARK)
    for pattern in _SECRETS:
        text = pattern.sub(rf"\1{_MARK}", text)
    return text


def write_crash_report(
    folder: Path, error: BaseException, *, secrets: Iterable[str] = (), facts: Mapping[str, str] | None = None
) -> Path:
    """Write a report that only its owner can read.

    Args:
        folder: the state folder.
        error: what went wrong; its traceback is written without local variables.
        secrets: strings that must not appear, wherever they came from.
        facts: version and the like.

    Raises:
        OSError: it cannot be written.
    """
    moment = datetime.now(UTC)
    path = folder / f"crash-{moment:%Y%m%dT%H%M%S}-{random_words.token_hex(3)}.txt"
    lines = [f"{key}: {value}\n" for key, value in {"time": moment.isoformat(), **(facts or {})}.items()]
    lines += ["\n", *traceback.format_exception(error)]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(redacted("".join(lines), secrets))
    return path
