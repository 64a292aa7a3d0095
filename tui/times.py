"""Times and ages in words: every time is shown in local time and in UTC, with its age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_STEPS = ((60, "s"), (60, "min"), (24, "h"))


def age(then: datetime, now: datetime) -> str:
    """How long ago `then` was, in one short word: `12s`, `4 min`, `3 h`, `11 d`."""
    seconds = (now - then).total_seconds()
    if seconds < 0:
        return "in the future"
    value = int(seconds)
    for step, unit in _STEPS:
        if value < step:
            return f"{value}{unit}" if unit == "s" else f"{value} {unit}"
        value //= step
    return f"{value} d"


def ago(then: datetime, now: datetime) -> str:
    """Like `age`, as a phrase: `4 min ago`."""
    word = age(then, now)
    return word if word.startswith("in ") else f"{word} ago"


def elapsed(duration: timedelta) -> str:
    """A duration as `0:42`, `12:03` or `1:02:03`."""
    seconds = max(0, int(duration.total_seconds()))
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def local(moment: datetime) -> str:
    """Local time to the minute: `2026-11-23 03:04`."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def utc(moment: datetime) -> str:
    """UTC to the minute, marked: `02:04 UTC`, with the date."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def both(moment: datetime) -> str:
    """Local time and UTC in one phrase: `2026-11-23 03:04 (02:04 UTC)`; the UTC day only where it differs."""
    here, there = moment.astimezone(), moment.astimezone(UTC)
    if here.utcoffset() == timedelta(0):
        return there.strftime("%Y-%m-%d %H:%M UTC")
    stamp = "%H:%M UTC" if here.date() == there.date() else "%Y-%m-%d %H:%M UTC"
    return f"{local(moment)} ({there.strftime(stamp)})"
