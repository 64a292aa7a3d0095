"""A queue in words: each line's state, the counts, and an estimate of the time left with what it rests on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from tui import timefmt
from tui.recovery.queue import LineState, Queue, QueuedLine
from tui.restore_states import RestoreState
from tui.sanitize import safe

HELD = "held"
NOT_SENT = "NOT SENT"
_LABELS = MappingProxyType(
    {
        LineState.WAITING: "waiting",
        LineState.SENDING: "being sent",
        LineState.SENT: "UNKNOWN",
        LineState.NOT_SENT: NOT_SENT,
        LineState.TAKEN_OUT: "taken out",
    }
)
_ORDER = (
    RestoreState.SUCCEEDED.words, RestoreState.WARNING.words, RestoreState.RESTORING.words,
    RestoreState.LAUNCHING.words, RestoreState.SENT.words, "being sent", RestoreState.FAILED.words,
    RestoreState.UNKNOWN.words, RestoreState.CANCELLED.words, NOT_SENT, HELD, "waiting", "taken out",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LineWords:
    """One line's state as one word, and what there is to say beside it."""

    label: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSummary:
    """Where a queue is as a whole."""

    counts: dict[str, int]
    """How many lines are in which state, in the order to show; none with 0."""
    total: int
    """All lines but those that were taken out."""
    done: float
    """The share that has ended, what runs by its progress; from 0 to 1."""
    elapsed: timedelta | None
    """From the first one sent to the last end known, by this machine's clock; None where one is missing."""
    left: timedelta | None
    """An estimate; None where there is none."""
    left_words: str
    """The estimate with what it rests on, or why there is none; empty once all have ended."""
    words: str
    """The counts: `7 restored, 1 FAILED, 2 waiting of 10`."""
    title: str
    """For the terminal's title: `3/12 restored, 1 FAILED`."""


def line_words(queue: Queue) -> dict[int, LineWords]:
    """Return the words of all lines, by their numbers."""
    holding = {group: queue.held_by(group) for group in {line.group for line in queue.lines}}
    places: Counter[int] = Counter()
    words = {}
    for line in queue.lines:
        if line.state is LineState.WAITING:
            places[line.group] += 1
        words[line.id] = _words_of(line, places[line.group], holding[line.group])
    return words


def _words_of(line: QueuedLine, place: int, holding: tuple[QueuedLine, ...]) -> LineWords:
    if line.restore is not None:
        return LineWords(line.restore.state.words, line.restore.message)
    if line.state is not LineState.WAITING:
        return LineWords(_LABELS[line.state], line.why)
    if holding:
        first = holding[0]
        return LineWords(HELD, f"{safe(first.vm_name, cells=40)} of group {first.group} was not restored")
    again = "" if line.plan is not None else ", to be confirmed again"
    return LineWords("waiting", f"group {line.group}, place {place}{again}")


def summarize(queue: Queue, now: datetime) -> QueueSummary:
    """Return where the queue is; `now` by this machine's clock."""
    found = Counter(words.label for words in line_words(queue).values())
    counts = {label: found[label] for label in _ORDER if found[label]}
    total = len(queue.lines) - found["taken out"]
    restored = sum(line.is_restored for line in queue.lines)
    bad = [
        f"{counts[label]} {label}"
        for label in ("FAILED", "UNKNOWN", "cancelled", NOT_SENT)
        if label in counts
    ]
    left, left_words = _left(queue, found[HELD], now)
    return QueueSummary(
        counts=counts,
        total=total,
        done=_done(queue, total),
        elapsed=_elapsed(queue, now),
        left=left,
        left_words=left_words,
        words=", ".join(f"{count} {label}" for label, count in counts.items()) + f" of {len(queue.lines)}",
        title=", ".join([f"{restored}/{total} restored", *bad]),
    )


def _done(queue: Queue, total: int) -> float:
    shares = [
        1.0 if line.has_ended else ((line.restore.progress or 0) / 100 if line.restore else 0.0)
        for line in queue.lines
        if line.state is not LineState.TAKEN_OUT
    ]
    return sum(shares) / total if total else 1.0


def _elapsed(queue: Queue, now: datetime) -> timedelta | None:
    restores = [line.restore for line in queue.lines if line.restore is not None]
    if not restores:
        return None
    ends = [one.ended for one in restores if one.ended is not None]
    last = max(ends, default=None) if queue.is_finished else now
    begun = min(one.submitted for one in restores)
    return None if last is None else max(last - begun, timedelta(0))


def _left(queue: Queue, held: int, now: datetime) -> tuple[timedelta | None, str]:
    """Estimate by the mean that restored VMs took, by the server's clock, as many at a time as may run."""
    if queue.is_finished:
        return None, ""
    if queue.is_paused:
        return None, "no estimate while the queue is paused"
    took = [line.restore.took for line in queue.lines if line.is_restored and line.restore is not None]
    known = [one for one in took if one is not None]
    if not known:
        return None, f"no estimate: {'the server states no duration' if took else 'none is restored yet'}"
    mean_s = sum(one.total_seconds() for one in known) / len(known)
    work = {line.id: _work_s(line, mean_s, now) for line in queue.lines if not line.has_ended}
    holds = {group: bool(queue.held_by(group)) for group in {line.group for line in queue.lines}}
    to_do = [
        line for line in queue.lines if line.id in work and not (line.is_to_be_sent and holds[line.group])
    ]
    per_server: Counter[str] = Counter()
    for line in to_do:
        per_server[line.server] += round(work[line.id])
    left = timedelta(
        seconds=max(
            sum(work[line.id] for line in to_do) / queue.at_a_time,
            max(per_server.values(), default=0) / queue.per_server,
            max((work[line.id] for line in to_do), default=0.0),
        )
    )
    if to_do and left < timedelta(seconds=1):
        return None, "no estimate: slower than what is restored"
    rests = f"by {len(known)} restored, {queue.per_server} on a server"
    without = f", without {held} held" if held else ""
    return left, f"about {timefmt.span(left)} left ({rests}{without})"


def _work_s(line: QueuedLine, mean_s: float, now: datetime) -> float:
    """Return the seconds a line still takes; one that takes longer than the mean is about to end."""
    if line.restore is None:
        return mean_s
    return max(0.0, mean_s - line.restore.elapsed(now).total_seconds())
