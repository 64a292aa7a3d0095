"""The queue of a recovery plan in words: its rows among the tasks, and the line above them."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType

from tui import timefmt
from tui.recovery.queue import LineState, Queue, QueuedLine
from tui.recovery.queue_summary import HELD, NOT_SENT, line_words, summarize
from tui.sanitize import safe
from tui.screens.restore_text import SHORT_CELLS
from tui.widgets.table_layout import Cell, OneOf, StyledText, bar
from tui.widgets.text_view import Line

_STATE_STYLES = MappingProxyType({LineState.NOT_SENT: "bad", LineState.TAKEN_OUT: "dim"})


def queue_cells(queue: Queue, line: QueuedLine) -> tuple[Cell, ...]:
    """Return the row of a line that has no restore, with the cells of `restore_text.restore_cells`."""
    words = line_words(queue)[line.id]
    tone = "warning" if words.label == HELD else _STATE_STYLES.get(line.state, "dim")
    detail = words.detail or "."
    short = safe(detail, cells=SHORT_CELLS)
    mark = {HELD: "!", NOT_SENT: "x"}.get(words.label, "-" if line.state is LineState.TAKEN_OUT else ".")
    plan = line.plan
    made = plan.point.known_created if plan else None
    point, new_name = timefmt.day_and_time(made) if made else "", plan.new_name if plan else ""
    state = StyledText(f"{mark} {words.label}", tone)
    return state, line.vm_name, point, new_name, queue.ticket, "", OneOf(detail, short)


def queue_line_details(queue: Queue, line: QueuedLine) -> list[Line]:
    """Return what is known of a line that has no restore, and what can be done with it."""
    words = line_words(queue)[line.id]
    lines: list[Line] = [f"State: {words.label}. {words.detail}".strip()]
    if line.state is LineState.WAITING:
        lines.append("x takes it out; J and K move it in its group; p pauses the queue.")
    if words.label == HELD:
        lines.append("u lets its group begin, though that VM was not restored.")
    if line.state in {LineState.TAKEN_OUT, LineState.NOT_SENT}:
        lines.append("x lets it wait again.")
    if line.plan is not None:
        lines += ["", *line.plan.words]
    return lines


def queue_title(queue: Queue, now: datetime, cells: int) -> tuple[str, str]:
    """Return two lines about the whole queue: counts and bar, then times and what holds it.

    Args:
        queue: as it is.
        now: by this machine's clock.
        cells: the room of a line.
    """
    summary = summarize(queue, now)
    name = f"{queue.name}: " if queue.name else ""
    counts = safe(f"{name}{summary.words}", cells=max(20, cells - 8))
    first = f"{counts}  {bar(summary.done, max(0, cells - len(counts) - 3))}"
    parts = [f"elapsed {timefmt.elapsed(summary.elapsed)}"] if summary.elapsed is not None else []
    if queue.is_paused:
        parts.insert(0, f"PAUSED: {queue.why_paused}" if queue.why_paused else "PAUSED: p resumes")
    elif not queue.is_finished:
        parts.append(f"{queue.at_a_time} at a time")
    parts += [summary.left_words] if summary.left_words else []
    return first, safe(", ".join(parts), cells=cells)
