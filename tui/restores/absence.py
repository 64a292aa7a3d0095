"""A restore session that good answers of the server do not hold: said in words, never taken for an end.

The server's data lags, so a single answer without it means nothing. After a while the last known progress
is no news either: the server may have been replaced, or its record of the session removed.
"""

from __future__ import annotations

from dataclasses import replace

from tui import times
from tui.restores.restore import Moment, Restore, console

MISSING_S = 30.0
"""How long it has to be absent before that is said."""
MISSED_POLLS = 3
"""How many good answers have to lack it; failed polls do not count."""


def session_missing(restore: Restore, moment: Moment) -> Restore:
    """One more good answer of the server without the restore's session."""
    if restore.is_missing:
        # Its words stay; a poll that failed in between has been made good.
        return replace(restore, problem="")
    since = moment.mono if restore.missed_since is None else restore.missed_since
    missed = replace(restore, missed_since=since, missed_polls=restore.missed_polls + 1)
    if missed.missed_polls < MISSED_POLLS or moment.mono - since < MISSING_S:
        return missed
    return replace(missed, is_missing=True, problem="", message=_words(missed))


def last_known(restore: Restore) -> str:
    """When its session was last seen, and how far it was then: `last seen 17:14:26 at 78 %`."""
    done = "" if restore.progress is None else f" at {restore.progress} %"
    if restore.session is None or restore.last_seen is None:
        return f"not seen since this program started; before that{done}" if done else ""
    return f"last seen {times.clock_time(restore.last_seen)}{done}"


def _words(restore: Restore) -> str:
    known = last_known(restore)
    listed = (
        f"no longer lists its restore session ({known})" if known else "does not list its restore session"
    )
    return f"The server {listed}; whether it goes on is not known. Look at it in {console(restore)}."
