"""Times and ages in words: every time is shown in local time and in UTC, with its age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_STEPS = ((60, "s"), (60, "min"), (24, "h"))


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


def rough_age(then: datetime, now: datetime) -> str:
    """Return the age for a list at rest: from 10 minutes on in steps of five, `15+ min`: few rows change."""
    minutes = int((now - then).total_seconds()) // 60
    return f"{minutes - minutes % 5}+ min" if 10 <= minutes < 60 else age(then, now)


def ago(then: datetime, now: datetime) -> str:
    """Return the age as a phrase: `4 min ago`."""
    word = age(then, now)
    return word if word.startswith("in ") else f"{word} ago"


def span(duration: timedelta) -> str:
    """Return a length of time in its two largest units: `42s`, `12 min`, `2 h 56 min`, `3 d 4 h`."""
    seconds = max(0, int(duration.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if not minutes:
        return f"{seconds}s"
    if not hours:
        return f"{minutes} min"
    large, small = (f"{days} d", f"{hours % 24} h") if days else (f"{hours} h", f"{minutes % 60} min")
    return large if small.startswith("0 ") else f"{large} {small}"


def upward(duration: timedelta) -> timedelta:
    """Return a length of time with its last minute full: of what is lost, no less is said than is lost.

    It is what the times beside it show, too: from 13:51 to 14:26 are 35 minutes, wherever in its minute the
    point was made.
    """
    minute = timedelta(minutes=1)
    return -(-duration // minute) * minute if duration >= minute else duration


def short_span(duration: timedelta) -> str:
    """Return `span` for a narrow column: of two units `2h56m`, `3d4h`; of one the same."""
    words = span(duration)
    return words.replace(" min", "m").replace(" ", "") if words.count(" ") > 1 else words


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


def both(moment: datetime, *, with_seconds: bool = False) -> str:
    """Return both times in one phrase, `2026-11-23 03:04 (02:04 UTC)`, with the UTC day where it differs.

    Where the local zone is UTC itself, it is said once. UTC also distinguishes the two hours that
    local clocks show twice when summer time ends.

    Args:
        moment: aware.
        with_seconds: name the seconds where there are any.
    """
    here, there = _here(moment), moment.astimezone(UTC)
    seconds = f":{there:%S}" if with_seconds and there.second else ""
    if here.utcoffset() == timedelta(0):
        return f"{_stamp(there)}{seconds} UTC"
    short = f"{there:%H:%M}{seconds} UTC" if here.date() == there.date() else f"{_stamp(there)}{seconds} UTC"
    return f"{_stamp(here)}{seconds} ({short})"


def spellings(moment: datetime) -> tuple[str, ...]:
    """Return a time as `both` has it, then with the UTC day short where it differs, then as UTC alone."""
    here, there = _here(moment), moment.astimezone(UTC)
    short = f"{_stamp(here)} ({there:%m-%d %H:%M} UTC)"
    return (both(moment), short, utc(moment)) if here.date() != there.date() else (both(moment), utc(moment))


def utc(moment: datetime) -> str:
    """Return UTC alone, for where there is no room for both times: `2026-11-23 02:04Z`."""
    return f"{_stamp(moment.astimezone(UTC))}Z"


def day_and_time(moment: datetime) -> str:
    """Return UTC without the year, for a narrow column: `11-25 22:06Z`."""
    there = moment.astimezone(UTC)
    return f"{there:%m-%d %H:%M}Z"


def _here(moment: datetime) -> datetime:
    try:
        return moment.astimezone()
    except (OverflowError, OSError, ValueError):
        # A server may send the first or the last day there is, and a zone would lead beyond it.
        return moment.astimezone(UTC)


def _stamp(moment: datetime) -> str:
    # Not strftime's %Y: it leaves out leading zeros.
    return f"{moment.year:04}-{moment.month:02}-{moment.day:02} {moment.hour:02}:{moment.minute:02}"
