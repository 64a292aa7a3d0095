"""Times and ages in words: every time is shown in local time and in UTC, with its age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_STEPS = ((60, "s"), (60, "min"), (24, "h"))


_COARSE_MIN = ((15, 15), (5, 5))
"""From so many minutes on a coarse age under an hour goes in steps of so many."""


def coarse_age(then: datetime, now: datetime) -> str:
    """Return the same as `age`, but minutes as 1 to 4, 5+, 10+, 15+, 30+ and 45+.

    A list of fresh points that nobody touches would else be sent over the line again every minute.
    """
    minutes = int((now - then).total_seconds()) // 60
    if not 5 <= minutes < 60:
        return age(then, now)
    return f"{minutes - minutes % next(by for least, by in _COARSE_MIN if minutes >= least)}+ min"


def age(then: datetime, now: datetime) -> str:
    """Return how long ago `then` was, in one short word: `12s`, `4 min`, `3 h`, `11 d`."""
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
    """Return the age as a phrase: `4 min ago`."""
    word = age(then, now)
    return word if word.startswith("in ") else f"{word} ago"


def elapsed(duration: timedelta) -> str:
    """Return a duration as `0:42`, `12:03` or `1:02:03`."""
    seconds = max(0, int(duration.total_seconds()))
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def clock_time(moment: datetime) -> str:
    """Return local time of the day to the second, for what has just happened: `03:04:05`."""
    return f"{_here(moment):%H:%M:%S}"


def local(moment: datetime) -> str:
    """Return local time to the minute: `2026-11-23 03:04`."""
    return _stamp(_here(moment))


def both(moment: datetime) -> str:
    """Return both times in one phrase, `2026-11-23 03:04 (02:04 UTC)`, with the UTC day where it differs.

    Where the local zone is UTC itself, it is said once. UTC also distinguishes the two hours that
    local clocks show twice when summer time ends.
    """
    here, there = _here(moment), moment.astimezone(UTC)
    if here.utcoffset() == timedelta(0):
        return f"{_stamp(there)} UTC"
    short = f"{there:%H:%M} UTC" if here.date() == there.date() else f"{_stamp(there)} UTC"
    return f"{_stamp(here)} ({short})"


def _here(moment: datetime) -> datetime:
    try:
        return moment.astimezone()
    except (OverflowError, OSError, ValueError):
        # A server may send the first or the last day there is, and a zone would lead beyond it.
        return moment.astimezone(UTC)


def _stamp(moment: datetime) -> str:
    # Not strftime's %Y: it leaves out leading zeros.
    return f"{moment.year:04}-{moment.month:02}-{moment.day:02} {moment.hour:02}:{moment.minute:02}"
