"""One row of the benchmark: what was measured, against what, and whether it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

SHOWN = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Medians of the samples; `void` says why a row is worth nothing in this run."""

    what: str
    yardstick: str
    value: float
    limit: float
    unit: str
    samples: tuple[float, ...] = ()
    """Raw seconds (or megabytes) of what was measured."""
    yardstick_samples: tuple[float, ...] = ()
    void: str = ""

    @property
    def holds(self) -> bool:
        """Whether the row is within its limit."""
        return self.value <= self.limit

    def facts(self) -> dict[str, object]:
        """The row for a JSON file."""
        return {**asdict(self), "holds": self.holds}

    def __str__(self) -> str:
        verdict = f"void: {self.void}" if self.void else "ok" if self.holds else "TOO MUCH"
        raw, against = _listed(self.samples), _listed(self.yardstick_samples)
        line = f"{self.what:<48} {self.value:>9.2f} {self.unit:<3} of {self.limit:>7.2f}  {verdict}"
        return (
            line + (f"\n    raw {raw}" if raw else "") + (f"   {self.yardstick} {against}" if against else "")
        )


def _listed(samples: Sequence[float]) -> str:
    """The samples in the table; of very many the first ones, all of them stand in the JSON file."""
    shown = " ".join(f"{sample:.3f}" for sample in samples[:SHOWN])
    return f"{shown} and {len(samples) - SHOWN} more" if len(samples) > SHOWN else shown


def quantile(samples: Sequence[float], part: float) -> float:
    """The smallest sample that is not below `part` of them."""
    return sorted(samples)[min(len(samples) - 1, int(part * len(samples)))]


def ratio(
    what: str,
    yardstick: str,
    ours: list[float],
    theirs: list[float],
    *,
    limit: float,
    void: str = "",
) -> Row:
    """A row that says how many times as long ours takes as the yardstick."""
    return Row(
        what=what,
        yardstick=yardstick,
        value=median(ours) / median(theirs),
        limit=limit,
        unit="x",
        samples=tuple(ours),
        yardstick_samples=tuple(theirs),
        void=void,
    )
