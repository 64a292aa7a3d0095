"""One row of the benchmark: what was measured, its limit, and what it was before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

SHOWN = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A median against its limit; `void` says why a row is worth nothing in this run."""

    what: str
    value: float
    limit: float
    unit: str
    note: str = ""
    """What it was measured against."""
    samples: tuple[float, ...] = ()
    void: str = ""

    @property
    def holds(self) -> bool:
        """Whether the row is within its limit."""
        return self.value <= self.limit

    def facts(self) -> dict[str, object]:
        """The row for a JSON file."""
        return {**asdict(self), "holds": self.holds}

    def line(self, old: float | None = None) -> str:
        """The row as the table shows it.

        Args:
            old: what another run gave for it.
        """
        if self.void:
            return f"{self.what:<72} skipped: {self.void}"
        verdict = "ok" if self.holds else "TOO MUCH"
        before = "" if old is None else f"  old {old:>9.2f}"
        samples = " ".join(f"{sample:.3f}" for sample in self.samples[:SHOWN])
        told = "; ".join(filter(None, (self.note, samples)))
        more = f"\n    {told}" if told else ""
        numbers = f"{self.value:>9.2f} {self.unit:<6} of {self.limit:>7.2f}{before}"
        return f"{self.what:<72} {numbers}  {verdict}{more}"


def bound(what: str, samples: Sequence[float], limit: float, unit: str, *, note: str = "") -> Row:
    """A row that says the median of the samples."""
    return Row(what=what, value=median(samples), limit=limit, unit=unit, note=note, samples=tuple(samples))


def ratio(what: str, ours: Sequence[float], theirs: Sequence[float], limit: float, *, note: str) -> Row:
    """A row that says how many times as long ours takes as the yardstick, of medians."""
    return Row(
        what=what,
        value=median(ours) / median(theirs),
        limit=limit,
        unit="x",
        note=f"{note} {median(theirs):.3f} s",
        samples=tuple(ours),
    )


def quantile(samples: Sequence[float], part: float) -> float:
    """The smallest sample that is not below `part` of them."""
    return sorted(samples)[min(len(samples) - 1, int(part * len(samples)))]
