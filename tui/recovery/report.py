"""The report of a recovery: per VM what was lost, kept and restored, and how long it took.

Made of the journal alone: times of begin and end are the server's where it states them, and marked where it
does not. Foreign text is made harmless in each of the three formats.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from tui import sanitize, timefmt
from tui.api.models import Platform
from tui.errors import VbemError
from tui.files import NotWritten, write_new
from tui.recovery.queue import Gap, LineState, gaps_of, left_out_words, queue_of
from tui.restore_states import RestoreState
from tui.restores.forms.fields import OriginalOutcome
from tui.restores.outcome import RESTORED, original_words, restored_as
from tui.restores.ports import JournalEntry
from tui.store.recovery_journal import QueueEntry

JSON_VERSION = 1
"""Of the JSON format: higher where a field changes its meaning."""
_BAR_CELLS = 40


class ReportError(VbemError):
    """The report cannot be written."""

    title = "The report was not written"
    hint = "Choose another name or place."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which restores are asked for; what is empty leaves none out."""

    ticket: str = ""
    vm: str = ""
    states: frozenset[RestoreState] = frozenset()
    since: datetime | None = None

    @property
    def takes_unsent(self) -> bool:
        """Return whether what was never sent belongs in: it has neither state nor time."""
        return not (self.vm or self.states or self.since)

    def has(self, entry: JournalEntry) -> bool:
        """Return whether a row of the journal is asked for."""
        return (
            _has_ticket(entry.reason, self.ticket)
            and (not self.vm or self.vm.casefold() == entry.vm_name.casefold())
            and (not self.states or entry.state in self.states)
            and (self.since is None or entry.created >= self.since)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One VM of the report. Text is as the server or the operator gave it."""

    vm: str
    platform: str = ""
    backup_server: str = ""
    result: str
    """`restored`, `FAILED`, `UNKNOWN`, `NOT SENT`, ..."""
    words: str = ""
    """What is known, with what the server said, or why it was not sent."""
    is_restored: bool = False
    is_over: bool = False
    point: datetime | None = None
    incident: datetime | None = None
    is_after_incident: bool = False
    original: str = ""
    """What became of the original, in words; what did not end well may have overwritten it all the same."""
    restored_as: str = ""
    """What the restored VM is called, and who says so."""
    ticket: str = ""
    who: str = ""
    begun: datetime | None = None
    """By the server's clock; None where it does not say, or nothing began."""
    ended: datetime | None = None
    """By the server's clock; None where it does not say, or has not ended."""
    noticed: datetime | None = None
    """When this machine noticed the end."""
    row: int | None = None
    """Its number in the journal; None for what was never sent."""
    queue: int | None = None
    """The number of its queue; None where it was sent alone."""

    @property
    def lost(self) -> timedelta | None:
        """Return what its users lose; None where that is not known, or the point is not of before."""
        if self.point is None or self.incident is None or self.point >= self.incident:
            return None
        return self.incident - self.point

    @property
    def lost_words(self) -> str:
        """Return what is lost, in words; empty where there was no incident, or nothing was sent."""
        if self.lost is not None:
            return timefmt.span(timefmt.upward(self.lost))
        return "not known" if self.incident is not None and self.row is not None else ""

    @property
    def took(self) -> timedelta | None:
        """Return how long it took by the server's clock; None where that is not known."""
        if self.begun is None or self.ended is None:
            return None
        took = self.ended - self.begun
        return None if took < timedelta(0) else took

    @property
    def end_words(self) -> str:
        """Return when it ended, and by whose clock where it is not the server's."""
        if self.ended is not None:
            return timefmt.utc(self.ended)
        if self.noticed is None:
            return ""
        return f"noticed {timefmt.utc(self.noticed)} by this machine's clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Rows in the order of their begin, and what they come to."""

    server: str
    made: datetime
    ticket: str = ""
    rows: tuple[ReportRow, ...] = ()
    gaps: tuple[Gap, ...] = ()
    left_out: tuple[str, ...] = ()
    """VMs that plans had and nobody restored, each with why."""

    @property
    def incident(self) -> datetime | None:
        """Return the moment that all with one are of before; None where there is none, or several."""
        return _only({row.incident for row in self.rows} - {None})

    @property
    def lasting(self) -> tuple[ReportRow, ...]:
        """Return a row for each VM: the one that restored it, else its newest.

        Equal names are several VMs where they differ in platform or backup server, or stand in one queue,
        which has each VM once; then none of them is left out.
        """
        of_vm: dict[tuple[str, str], list[ReportRow]] = {}
        for row in self.rows:
            of_vm.setdefault((row.vm, row.backup_server), []).append(row)
        found: list[ReportRow] = []
        for same in of_vm.values():
            queues = [row.queue for row in same if row.queue is not None]
            platforms = {row.platform for row in same if row.platform}
            is_one = len(queues) == len(set(queues)) and len(platforms) < 2
            newest = max(same, key=lambda row: (row.is_restored, row.row or 0))
            found += [newest] if is_one else same
        return tuple(found)

    @property
    def vms(self) -> int:
        """Return how many VMs there are: one that was restored twice counts once."""
        return len(self.lasting)

    @property
    def restored(self) -> int:
        """Return how many VMs are restored."""
        return sum(row.is_restored for row in self.lasting)

    @property
    def worst_lost(self) -> ReportRow | None:
        """Return the restored VM that loses most."""
        known = [row for row in self.rows if row.is_restored and row.lost is not None]
        return max(known, key=lambda row: row.lost or timedelta(0), default=None)

    @property
    def incident_to_last(self) -> timedelta | None:
        """Return the time from the incident to the last VM back, by the server's clock; None if not known."""
        back = [row for row in self.rows if row.is_restored]
        ends = [row.ended for row in back if row.ended is not None]
        moment = _only({row.incident for row in back})
        if moment is None or len(ends) < len(back) or min(ends) < moment:  # an end before: clocks that differ
            return None
        return max(ends) - moment

    @property
    def totals(self) -> list[str]:
        """Return what it comes to, a sentence each."""
        words = [f"Restored {self.restored} of {self.vms} VMs."]
        others = Counter(row.result for row in self.lasting if not row.is_restored)
        if others:
            counts = ", ".join(f"{count} {result}" for result, count in others.items())
            words.append(f"Not restored: {counts}.")
        if self.left_out:
            words.append(f"Left out of the plan: {', '.join(self.left_out)}.")
        rows, worst = self.rows, self.worst_lost
        if worst is not None and worst.lost is not None:
            words.append(f"Most data lost: {worst.lost_words} ({worst.vm}).")
        over = sum(row.original == OriginalOutcome.OVERWRITTEN and row.is_restored for row in rows)
        words.append(f"Originals overwritten: {over}.")
        maybe = sum("may be overwritten" in row.original for row in rows)
        words += [f"Originals that may be overwritten: {maybe}."] if maybe else []
        count = sum(row.is_after_incident and row.is_restored for row in rows)
        if count:
            words.append(f"From a point that is NOT of before the incident: {count}.")
        took = self.incident_to_last
        span = "not known" if took is None else f"{timefmt.span(took)},"
        if any(row.is_restored and row.incident for row in rows):
            words.append(f"From the incident to the last VM back: {span} by the server's clock.")
        return words


def _only(moments: set[datetime | None]) -> datetime | None:
    return next(iter(moments)) if len(moments) == 1 else None


def report_of(
    entries: Iterable[JournalEntry],
    queues: Iterable[QueueEntry] = (),
    *,
    server: str,
    made: datetime,
    ticket: str = "",
) -> Report:
    """Return the report of rows of the journal, and of the lines of queues that were never sent.

    Args:
        entries: rows of the journal.
        queues: queues whose unsent lines belong in.
        server: the Enterprise Manager; only its rows count.
        made: now.
        ticket: only what has this ticket counts; empty for all.
    """
    own, listed = [entry for entry in entries if entry.server == server], list(queues)
    queue_of_line = {row.id: queue.id for queue in listed for row in queue.rows}
    rows = [
        _row_of(entry, None if entry.queue_row is None else queue_of_line.get(entry.queue_row))
        for entry in own
        if _has_ticket(entry.reason, ticket)
    ]
    names = {entry.backup_server_uid: entry.backup_server_name for entry in own}
    late = datetime.max.replace(tzinfo=UTC)
    rows.sort(key=lambda row: (row.begun or row.noticed or late, row.row or 0))
    chosen = [queue for queue in listed if _has_ticket(queue.ticket, ticket)]
    unsent = (row for queue in chosen for row in _unsent_of(queue, names))
    gaps = tuple(gap for queue in chosen for gap in gaps_of(queue, own))
    found = (*rows, *unsent)
    left_out = tuple(left_out_words(chosen, {row.vm for row in found}))
    return Report(server=server, made=made, ticket=ticket, rows=found, gaps=gaps, left_out=left_out)


def _has_ticket(reason: str, ticket: str) -> bool:
    return not ticket or reason.strip().casefold() == ticket.strip().casefold()


def _row_of(entry: JournalEntry, queue: int | None) -> ReportRow:
    state = entry.state
    is_restored = state in RESTORED
    return ReportRow(
        vm=entry.vm_name,
        platform=entry.platform,
        backup_server=entry.backup_server_name,
        result=state.words,
        words=entry.words,
        is_restored=is_restored,
        is_over=state.is_over,
        point=entry.point_created,
        incident=entry.incident,
        is_after_incident=entry.is_after_incident,
        original=original_words(entry),
        restored_as=restored_as(entry) if is_restored else "",
        ticket=entry.reason,
        who=", ".join(filter(None, (entry.operator, entry.em_user))),
        begun=entry.session_started,
        ended=entry.session_ended if state.is_over else None,
        noticed=entry.ended,
        row=entry.id,
        queue=queue,
    )


def _unsent_of(entry: QueueEntry, server_names: Mapping[str, str]) -> Iterable[ReportRow]:
    unsent = {row.id for row in entry.rows if row.restore_id is None}
    for line in queue_of(entry).lines:
        if line.id in unsent:
            yield ReportRow(
                vm=line.vm_name,
                backup_server=server_names.get(line.server) or line.server,
                result="NOT SENT",
                original="as it was: not started",
                queue=entry.id,
                words=line.why or _UNSENT.get(line.state, "It was never sent."),
                ticket=entry.ticket,
                who=entry.operator,
                incident=entry.incident,
            )


_UNSENT = MappingProxyType(
    {LineState.TAKEN_OUT: "The operator took it out of the queue.", LineState.WAITING: "It still waited."}
)


# Markdown


def markdown(report: Report) -> str:
    """Return the report for people: totals first, then a table and a timeline."""
    lines = [
        f"# Recovery report{f' {_text(report.ticket)}' if report.ticket else ''}",
        "",
        *_incident_lines(report),
        f"Server {_text(report.server)}, made {timefmt.both(report.made)}. Times are by the server's clock.",
        "",
        *(f"- {_text(words)}" for words in report.totals),
        "",
        "| VM | Result | Point | Data lost | Original | Restored as | Started | Ended | Took | Who |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(_markdown_row(row) for row in report.rows),
        "",
        "## Timeline",
        "",
        "```",
        *timeline(report),
        "```",
        "",
        *(f"- {gap.words}" for gap in report.gaps),
        *([""] if report.gaps else []),
    ]
    words = [f"- {_text(row.vm)}: {_text(row.words)}" for row in report.rows if row.words]
    return "\n".join([*lines, "## What is known", "", *words, ""])


def _incident_lines(report: Report) -> list[str]:
    """Return the moment restored to before; where there are several, each with its VMs."""
    moments = sorted({row.incident for row in report.rows if row.incident is not None})
    if not moments:
        return []
    if len(moments) == 1:
        return [f"Incident: before {timefmt.both(moments[0])}.", ""]
    of = {one: [_text(row.vm) for row in report.rows if row.incident == one] for one in moments}
    return [*(f"- Incident: before {timefmt.both(one)}: {', '.join(of[one])}." for one in moments), ""]


def _markdown_row(row: ReportRow) -> str:
    cells = (
        row.vm,
        row.result,
        _point_words(row),
        row.lost_words,
        row.original,
        row.restored_as,
        timefmt.utc(row.begun) if row.begun else "",
        row.end_words,
        timefmt.elapsed(row.took) if row.took is not None else "",
        row.who,
    )
    return f"| {' | '.join(map(_text, cells))} |"


def _point_words(row: ReportRow) -> str:
    if row.point is None:
        return ""
    return f"{timefmt.utc(row.point)}{' AFTER the incident' if row.is_after_incident else ''}"


def _text(value: str) -> str:
    """Return foreign text that neither a terminal nor Markdown obeys."""
    text = " ".join(sanitize.safe(value, cells=2_000).split())
    for character in "\\`*_[]<>|#&~$":
        text = text.replace(character, f"\\{character}")
    # Many renderers make links of bare addresses, too.
    return text.replace("://", "&#58;//").replace("www.", "www&#46;").replace("@", "&#64;")


def timeline(report: Report) -> list[str]:
    """Return a bar for each VM on one axis of time, from the first begin to the last end."""
    timed = [row for row in report.rows if row.begun is not None]
    if not timed:
        return ["No restore session has started."]
    first = min(row.begun for row in timed if row.begun is not None)
    last = max((row.ended or row.noticed or report.made) for row in timed)
    whole = max((last - first).total_seconds(), 1.0)
    lines = [
        f"{timefmt.utc(first)} {'.' * max(0, _BAR_CELLS - 24)} {timefmt.utc(last)}".rjust(22 + _BAR_CELLS)
    ]
    for row in timed:
        begun, ended = row.begun or first, row.ended or row.noticed or report.made
        start = int((begun - first).total_seconds() / whole * (_BAR_CELLS - 1))
        end = max(start + 1, round((ended - first).total_seconds() / whole * _BAR_CELLS))
        mark = "#" if row.is_restored else "x" if row.is_over else "?"
        bar = f"{' ' * start}{mark * (end - start)}".ljust(_BAR_CELLS)
        lines.append(f"{sanitize.name(row.vm, cells=20).ljust(20)} |{bar}| {row.result}")
    return lines


# CSV and JSON


def _record(row: ReportRow) -> dict[str, object]:
    return {
        "vm_name": row.vm,
        "platform": Platform.from_word(row.platform).label if row.platform else "",
        "backup_server": row.backup_server,
        "result": row.result,
        "words": row.words,
        "point": _stamp(row.point),
        "incident": _stamp(row.incident),
        "data_lost_s": _seconds(row.lost),
        "is_after_incident": row.is_after_incident,
        "original": row.original,
        "restored_as": row.restored_as,
        "ticket": row.ticket,
        "who": row.who,
        "begun": _stamp(row.begun),
        "ended": _stamp(row.ended),
        "ended_noticed": _stamp(row.noticed),
        "took_s": _seconds(row.took),
        "row": row.row,
        "queue": row.queue,
    }


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


def json_text(report: Report) -> str:
    """Return the report for programs: an object with a version, totals and an array `restores`."""
    worst = report.worst_lost
    return json.dumps(
        {
            "version": JSON_VERSION,
            "server": report.server,
            "made": _stamp(report.made),
            "ticket": report.ticket,
            "incident": _stamp(report.incident),
            "restored": report.restored,
            "total": report.vms,
            "worst_data_lost_s": _seconds(worst.lost) if worst is not None else None,
            "incident_to_last_s": _seconds(report.incident_to_last),
            "left_out": list(report.left_out),
            "gaps": [
                {"queue": gap.queue, "last_sent": _stamp(gap.last_sent), "taken_up": _stamp(gap.taken_up)}
                for gap in report.gaps
            ],
            "restores": [_record(row) for row in report.rows],
        },
        indent=2,
    )


def csv_text(report: Report) -> str:
    """Return the report for a spreadsheet, which takes no cell of it for a formula."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(_record(ReportRow(vm="", result=""))))
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in _record(row).items()} for row in report.rows)
    return out.getvalue()


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = sanitize.safe(value, cells=4_000)
    # The wide signs, too: spreadsheets take them for the others.
    is_formula = text.lstrip().startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))
    return f"'{text}" if is_formula else text


WRITERS = {".md": markdown, ".csv": csv_text, ".json": json_text}
"""How a report is written, by the end of its file's name."""


def write_report(report: Report, path: Path) -> None:
    """Write a report into a new file that only its owner can read; the name's end says in which format.

    Raises:
        ReportError: the file exists or cannot be written, or its name ends in none of `WRITERS`.
    """
    make = WRITERS.get(path.suffix.lower())
    if make is None:
        raise ReportError(f"The name must end in {', '.join(WRITERS)}.")
    try:
        write_new(path, make(report))
    except NotWritten as error:
        raise ReportError(error.detail) from error
