"""What is said about points, VMs and the loading of the list; a VM's points as a line of time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from operator import itemgetter

from rich.cells import cell_len

from tui import sanitize
from tui.api.models import PointKind
from tui.api.models.resources import RestorePoint
from tui.restore_points.filter import Filter, LeftOut
from tui.restore_points.index import PointDetails, PointIndex, Vm
from tui.restore_points.loader import LoadState, Progress
from tui.sanitize import safe
from tui.timefmt import ago, both, clock_time, span

NONE = "."
LEGEND = "F full  S synthetic  i increment  r reverse  . none"
_RANK = "FSri?."
"""Where a column stands for several points, the mark that comes first here is shown."""
BAR_CELLS = 10
WAIT_TOLD_AFTER_S = 5.0
"""After so many seconds without an answer the line says how long it has been, and again after as many."""
_SERVER_CELLS, _FEW_SERVER_CELLS = 14, 8
_TITLE_CELLS = 26
_BUSY = {LoadState.IDLE, LoadState.LOADING}


def type_words(details: PointDetails) -> str:
    """Return what kind of point it is: `full`, `synthetic full`, `increment`."""
    known = {"full": "full", "increment": "increment", "reverseincrement": "reverse increment"}
    word = known.get(details.point_type.lower(), details.point_type or "type unknown")
    return "synthetic full" if word == "full" and details.algorithm.lower() == "syntheticfull" else word


def vm_title(vm: Vm) -> str:
    """Return a VM's name, in quotes where blanks would not be seen, marked where it is a vApp."""
    return sanitize.quoted(vm.name) + (" (vApp)" if vm.kind is PointKind.VAPP else "")


def row_titles(index: PointIndex, vm: Vm) -> tuple[str, ...]:
    """Return what the list calls a VM, the longest first: its title, and how many look the same."""
    title, others = vm_title(vm), len(index.namesakes(vm))
    return (f"{title} ({others + 1} alike)", f"{title} ({others + 1})") if others else (title,)


def vm_words(index: PointIndex, vm: Vm, shown: int) -> str:
    """Return one line about a VM, beginning with what distinguishes it from its namesakes."""
    of = "" if shown == len(vm.rows) else f"{shown:,} of "
    count = f"{of}{len(vm.rows):,} point{'' if len(vm.rows) == 1 else 's'}"
    # The name is cut before what distinguishes it from its namesakes would be.
    parts = [
        sanitize.cut_middle(safe(vm_title(vm)), _TITLE_CELLS),
        vm.platform.short_label,
        vm.server_name or "server unknown",
    ]
    if others := index.namesakes(vm):
        parts += [object_word(vm), _alike_words([vm, *others])]
    return "  ".join([*parts, count])


def _alike_words(vms: list[Vm]) -> str:
    kinds = {vm.kind for vm in vms}
    nouns = "vApps" if kinds == {PointKind.VAPP} else "VMs and vApps" if len(kinds) > 1 else "VMs"
    alike = "of this name" if len({vm.name for vm in vms}) == 1 else "whose names look the same"
    return f"{len(vms)} {nouns} {alike}"


def object_word(vm: Vm) -> str:
    """Return what distinguishes a VM from its namesakes: `vm-1036`, or the start of a GUID."""
    word = vm.object_ref.partition(".")[2].rpartition(":")[2]
    return word[:8] if len(word) == 36 else word or "no reference"


def why_not(point: RestorePoint) -> str:
    """Return why a point cannot be restored from here, and what to do; empty if it can."""
    if point.has_foreign_link:
        return (
            "The server's Restore link of this point leads to something else, so nothing is sent. "
            "Reload the list; if it persists, use the backup console."
        )
    if point.restore_href:
        return ""
    return (
        "The server offers no restore for this point: its platform or this account does not allow it. "
        "Choose another point, or use the backup console."
    )


def matching_words(shown: int, every: int, wanted: Filter) -> str:
    """Return how many VMs there are, and how many of them match; empty where there are none."""
    if not every:
        return ""
    noun = "VM" if every == 1 else "VMs"
    if wanted.is_wrong:
        return f"none of {every:,} {noun} shown"
    return f"{every:,} {noun}" if wanted.is_empty else f"{shown:,} of {every:,} {noun}"


def filter_words(wanted: Filter, now: datetime, left_out: LeftOut | None = None) -> str:
    """Return which moments a filter means, and what it leaves out because the server does not say enough.

    Args:
        wanted: the filter.
        now: for ages.
        left_out: how many of what.
    """
    times = {"after": wanted.after, "before": wanted.before}
    parts = [f"{key} {moment.words(now)}" for key, moment in times.items() if moment is not None]
    return "; ".join(parts + (_left_out_words(left_out) if left_out else []))


def _left_out_words(left_out: LeftOut) -> list[str]:
    parts = []
    if count := left_out.without_platform:
        them = "it" if count == 1 else "them"
        parts.append(f"the platform of {_counted(count, 'VM')} is unknown: platform:unknown shows {them}")
    if count := left_out.without_server:
        parts.append(f"the backup server of {_counted(count, 'VM')} is unknown: not shown")
    if count := left_out.without_time:
        parts.append(f"{_counted(count, 'point')} without a time: not shown")
    if count := left_out.without_type:
        parts.append(f"{_counted(count, 'point')} without a type: not shown")
    return parts


def _counted(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def loading_words(
    progress: Progress,
    index: PointIndex,
    now: datetime,
    matching: str = "",
    *,
    waited_s: float = 0.0,
    servers: Collection[str] | None = None,
    cells: int = 0,
) -> str:
    """Return how many VMs match, how much is loaded, which key changes that and how fresh it is.

    What does not fit is left out as a whole, because half of an age would be another one: what stops a wait
    goes last.

    Args:
        progress: how far loading has come.
        index: what is loaded.
        now: this machine's clock.
        matching: how many VMs match.
        waited_s: for how long the server has not answered.
        servers: uids of the backup servers of the VMs that match; None for all.
        cells: how many there are for it; 0 for as many as it takes.
    """
    busy = progress.state in _BUSY
    read = _read_words(progress.read_at, now) if progress.read_at and not busy else ""
    waited = f"no answer for {waited_s:.0f} s" if busy and waited_s >= WAIT_TOLD_AFTER_S else ""
    amount = _amount_so_far(progress) if busy else _amount_at_end(progress, read)
    fresh = _freshness(index, now, servers)
    parts = {
        "matching": matching,
        "amount": amount,
        "waited": waited,
        "key": _key(progress.state),
        "fresh": fresh,
    }
    told = "; ".join(filter(None, parts.values()))
    for least_needed in ("fresh", "matching", *(("amount", "waited") if waited else ("key",))):
        if cells and cell_len(told) > cells:
            del parts[least_needed]
            told = "; ".join(filter(None, parts.values()))
    return told


def _amount_so_far(progress: Progress) -> str:
    if progress.is_again:
        bar = _bar(progress.pages, progress.of_pages) if progress.of_pages else ""
        return f"{bar} reading {progress.points:,} points again".strip()
    if progress.expected:
        bar = _bar(progress.pages, progress.of_pages)
        return f"{bar} loaded {progress.points:,} of {progress.expected:,} points"
    if progress.points:
        return f"{progress.points:,} points so far, asking for the full list"
    return "asking for the newest points"


def _amount_at_end(progress: Progress, read: str) -> str:
    count = f"{progress.points:,}"
    if progress.state is LoadState.COMPLETE and not progress.is_all:
        noun = "point" if progress.points == 1 else "points"
        doubts = "" if progress.is_end_certain else ", the server may have more"
        unread = f", {progress.unreadable:,} unreadable" if progress.unreadable else ""
        return f"{' '.join(filter(None, (count, noun, 'loaded', read)))}{unread}{doubts}"
    if progress.state is LoadState.COMPLETE:
        words = f"all {count} points loaded" if progress.points != 1 else "the only point loaded"
        return f"{words} {read}".rstrip()
    # No bar: the sentence and the key behind it need the room.
    of = f" of {progress.expected:,}" if progress.expected else ""
    points = f"{count}{of} point{'' if progress.points == 1 and not of else 's'}"
    if progress.state is LoadState.STOPPED:
        return f"stopped with {points}, read {read}" if read else f"stopped with {points}"
    return f"could not load all: {points}, read {read}" if read else f"could not load all: {points}"


def _read_words(then: datetime, now: datetime) -> str:
    """Return when the list was read, but not in seconds: the line changes once a minute."""
    return "just now" if timedelta(0) <= now - then < timedelta(minutes=1) else ago(then, now)


def _bar(done: int, of: int) -> str:
    full = BAR_CELLS * done // max(1, of)
    return "[" + "#" * full + "." * (BAR_CELLS - full) + "]"


def _freshness(index: PointIndex, now: datetime, servers: Collection[str] | None) -> str:
    asked = [server for server in index.servers if servers is None or server.uid in servers]
    newest = [(server.newest, server) for server in asked if server.newest is not None]
    if not newest:
        return ""
    # The stalest server is named: another one's fresh points say nothing about it.
    oldest, stalest = min(newest, key=itemgetter(0))
    whose = f"{_short_name(stalest.name, index)} " if len(index.servers) > 1 else ""
    return f"{whose}newest {ago(oldest, now)}"


def server_names(name: str, index: PointIndex) -> tuple[str, ...]:
    """Return a backup server's name, and shorter ones where the beginning does not tell it from another's.

    Args:
        name: the server's.
        index: which others there are.
    """
    begins = name[:_FEW_SERVER_CELLS]
    if not any(other.name != name and other.name.startswith(begins) for other in index.servers):
        return (name,)
    short = _short_name(name, index)
    return name, short, sanitize.cut_middle(short, _FEW_SERVER_CELLS)


def _short_name(name: str, index: PointIndex) -> str:
    """Return a backup server's host name, or its whole name where another's begins alike."""
    hosts = [other.name.partition(".")[0] for other in index.servers]
    host = name.partition(".")[0]
    return sanitize.cut_middle(
        safe((host if hosts.count(host) == 1 else name) or "unnamed server"), _SERVER_CELLS
    )


def _key(state: LoadState) -> str:
    if state in _BUSY:
        return "Ctrl+C stops"
    # The line of keys offers to reload a complete list.
    return "" if state is LoadState.COMPLETE else "F5 resumes"


def freshness_words(index: PointIndex, now: datetime) -> str:
    """Return how fresh each backup server's data is, at least (WIRE 11a)."""
    parts = [
        f"{server.name or 'unnamed server'}: newest point {both(server.newest)}, "
        f"{span(now - server.newest)} old at {clock_time(now)}"
        for server in index.servers
        if server.newest is not None
    ]
    return ". ".join(parts) + ". Newer points may not be collected yet." if parts else ""


def nothing_words(progress: Progress, *, filtered: bool, culprit: str = "", is_wrong: bool = False) -> str:
    """Return what the empty VM list says.

    Args:
        progress: how far loading has come.
        filtered: whether anything was asked for.
        culprit: the part of the filter that alone matches nothing.
        is_wrong: the filter was not understood.
    """
    if is_wrong:
        return "Nothing is shown until the filter is right. Esc clears it."
    if progress.state is LoadState.LOADING and not progress.points:
        return "Asking for the newest restore points..."
    if filtered:
        why = (
            f"nothing matches '{safe(culprit, cells=30)}'" if culprit else "nothing matches all of the filter"
        )
        if not progress.is_all:
            so_far = "" if progress.state is LoadState.COMPLETE else " so far"
            return f"Among the {progress.points:,} points loaded{so_far} {why}. Esc clears it."
        return f"{why[0].upper()}{why[1:]}. Esc clears the filter."
    if progress.is_all:
        return "The server has no restore points for this account."
    return "No restore points loaded. F5 reloads."


@dataclass(frozen=True, slots=True)
class Timeline:
    """Spans of equal length, oldest first, in local time."""

    marks: str
    first: datetime
    """Where the first mark begins; local time without its zone."""
    step: timedelta
    """How long a time one mark stands for."""

    @property
    def last(self) -> datetime:
        """Return where the last mark begins."""
        return self.first + self.step * (len(self.marks) - 1)

    def column(self, moment: datetime) -> int | None:
        """Return which mark stands for `moment`; None where it lies outside."""
        column = (_here(moment) - self.first) // self.step
        return column if 0 <= column < len(self.marks) else None


def _here(moment: datetime) -> datetime:
    """Return local time without its zone: a day of the clock change stays one day wide."""
    return moment.astimezone().replace(tzinfo=None)


def _begin(moment: datetime, hours: int) -> datetime:
    """Return where the span of so many hours begins in which `moment` lies."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    return hour.replace(hour=hour.hour // hours * hours) if hours <= 24 else hour.replace(hour=0)


def mark_of(details: PointDetails) -> str:
    """The letter of one point."""
    if details.algorithm.lower() == "syntheticfull" and details.point_type.lower() == "full":
        return "S"
    return {"full": "F", "increment": "i", "reverseincrement": "r"}.get(details.point_type.lower(), "?")


def timeline(points: Sequence[tuple[datetime, PointDetails]], width: int) -> Timeline | None:
    """Lay points out on at most `width` columns; None without points or without room.

    Args:
        points: creation time and details of each, newest first, none without a time.
        width: in columns.
    """
    if not points or width < 1:
        return None
    newest, oldest = _here(points[0][0]), _here(points[-1][0])
    hours = next(h for h in _steps() if (newest - _begin(oldest, h)) // timedelta(hours=h) < width)
    first, step = _begin(oldest, hours), timedelta(hours=hours)
    marks = [NONE] * ((newest - first) // step + 1)
    for created, details in points:
        column = (_here(created) - first) // step
        if 0 <= column < len(marks):
            marks[column] = min(marks[column], mark_of(details), key=_RANK.index)
    return Timeline("".join(marks), first, step)


def _steps() -> Iterator[int]:
    """Yield span lengths in hours: those that divide a day, then whole days."""
    yield from (1, 2, 3, 6, 12)
    yield from count(24, 24)
