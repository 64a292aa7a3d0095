"""Misbehaving on purpose: `NAME[:ARG][@STEP][*TIMES]`, counted, so that a test can tell it happened.

`FAULTS` says what each of them does.

TIMES limits how often it happens; without, it happens each time until `clear-faults`.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from tui.demo.messages import STEPS

BEFORE = {
    "slow", "drop-before", "http-502", "http-503", "http-504", "expire", "empty-401",
    "hostile-error", "html-error", "html-page", "redirect", "loop-paging", "endless-paging",
}  # fmt: skip
AFTER = {
    "drop-after-accept", "http-502-after", "http-504-after", "truncate", "garbage", "not-http", "wrong-type",
    "bomb", "deep", "huge-body", "gzip-bomb", "huge-list", "huge-name", "hostile-names", "missing", "drip",
    "bom",
}  # fmt: skip
HOLDING = {"hold", "hold-reply"}
"""What ends only on a word of the control channel; no reply is spoiled."""
_WITH_VALUE = {"slow", "drip", "expire", "huge-list", "missing"}
_SPEC = re.compile(r"(?P<name>[a-z0-9-]+)(:(?P<arg>[^@*]*))?(@(?P<step>[a-z]+))?(\*(?P<times>\d+))?")


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault that waits for its requests."""

    spec: str
    name: str
    argument: str
    step: str
    times_left: int | None
    fired: int = 0
    seen: int = 0
    """Matching requests so far; `expire` lets some through."""

    def matches(self, step: str) -> bool:
        """Whether a request at this step would be hit."""
        return self.times_left != 0 and self.step in {"any", step}

    def fire(self) -> None:
        """Count one time."""
        self.fired += 1
        if self.times_left is not None:
            self.times_left -= 1

    def number(self, default: float) -> float:
        """The argument as a number."""
        return float(self.argument) if self.argument else default


def parse(spec: str) -> Fault:
    """Read a fault's spec.

    Raises:
        ValueError: there is no such fault or step, or the argument does not fit.
    """
    match = _SPEC.fullmatch(spec.strip())
    known = BEFORE | AFTER | HOLDING
    if match is None or match["name"] not in known:
        raise ValueError(f"there is no fault {spec!r}; known: {', '.join(sorted(known))}")
    name, argument, step = match["name"], match["arg"] or "", match["step"] or "any"
    if step not in STEPS:
        raise ValueError(f"there is no step {step!r}; known: {', '.join(STEPS)}")
    times = int(match["times"]) if match["times"] else None
    if argument and name not in _WITH_VALUE:
        times, argument = int(argument), ""
    if name == "expire":
        times = 1 if times is None else times
    if argument and name != "missing":
        float(argument)
    return Fault(spec=spec, name=name, argument=argument, step=step, times_left=times)


class Faults:
    """The faults that are set, oldest first; several may hit one request."""

    def __init__(self, specs: list[str]) -> None:
        self._all = [parse(spec) for spec in specs]
        self._let_go = asyncio.Event()

    def add(self, spec: str) -> None:
        """Set one more."""
        self._all.append(parse(spec))

    def clear(self) -> None:
        """Behave again, and let go what is held; the counts are forgotten too."""
        self._all.clear()
        self._let_go.set()
        self._let_go = asyncio.Event()

    async def hold(self, step: str, name: str) -> None:
        """Wait until `clear`, where a fault of that name says so."""
        held = self.at(step, {name})
        for fault in held:
            fault.fire()
        if held:
            await self._let_go.wait()

    def at(self, step: str, names: set[str]) -> list[Fault]:
        """Those of some names that would hit a request at this step."""
        return [fault for fault in self._all if fault.name in names and fault.matches(step)]

    def fired(self) -> dict[str, int]:
        """How often each has happened."""
        counts: dict[str, int] = {}
        for fault in self._all:
            counts[fault.spec] = counts.get(fault.spec, 0) + fault.fired
        return counts


# One row for each way to write it: the fault with its argument, what the server does.
FAULTS = (
    ("slow[:SECONDS]", "waits before it answers (real seconds; 1)"),
    ("drip[:SECONDS]", "sends a byte at a time, so many seconds apart (0.25)"),
    ("hold", "keeps the request until `clear-faults` or `reset`"),
    ("hold-reply", "processes it, and keeps the reply as long"),
    ("drop-before", "closes the connection without processing the request"),
    ("drop-after-accept", "processes it, then closes the connection without a reply"),
    ("http-502", "answers as a proxy does, without processing"),
    ("http-503", "answers as a busy server does, without processing"),
    ("http-504", "answers as a proxy does, without processing"),
    ("http-502-after", "processes it, then answers as a proxy that lost the server"),
    ("http-504-after", "processes it, then answers as a proxy that lost the server"),
    ("expire[:REQUESTS]", "lets so many through (0), then ends every logon session"),
    ("empty-401", "answers 401 without a body"),
    ("hostile-error", "answers 500 with markup, escapes, bidi overrides in it"),
    ("html-error", "answers 500 with HTML"),
    ("html-page", "answers 200 with the web page's HTML"),
    ("redirect", "answers 302 to another host"),
    ("truncate", "announces the whole length and sends half of it"),
    ("garbage", "sends a body of noise"),
    ("not-http", "sends noise instead of HTTP"),
    ("wrong-type", "names the Content-Type of the other format"),
    ("bomb", "sends an XML entity bomb"),
    ("deep", "sends 200,000 levels of nesting"),
    ("huge-body", "sends a body without end"),
    ("gzip-bomb", "sends 1 GB packed small"),
    ("huge-list[:ROWS]", "sends so many rows (10,000,000)"),
    ("bom", "begins the body with a byte order mark"),
    ("huge-name", "gives a name of 100 kB"),
    ("hostile-names", "gives names of markup, escapes, bidi overrides, line breaks"),
    ("missing[:FIELD]", "leaves one attribute or element out (UID)"),
    ("loop-paging", "has each page's Next lead back to page 1"),
    ("endless-paging", "announces two billion pages"),
)
STEP_WORDS = {
    "logon": "logging on",
    "root": "the entry point, /api",
    "list": "listings of restore points",
    "open": "reading one restore point",
    "lookup": "hierarchy roots, lookups, backup servers",
    "submit": "the POST that starts a restore",
    "task": "reading tasks",
    "session": "reading restore sessions",
    "cancel": "the DELETE of a task",
    "logoff": "the DELETE of a logon session",
    "other": "everything else",
    "any": "every request, as where no step is given",
}


def epilog() -> str:
    """The part of the help that lists faults and steps, a line each, within 80 columns."""
    return "\n".join(
        (
            "faults: NAME[:ARG][@STEP][*TIMES]; the default of ARG is in parentheses",
            *(f"  {fault:<18} {words}" for fault, words in FAULTS),
            "",
            "steps, the requests that are hit:",
            *(f"  {step:<18} {STEP_WORDS[step]}" for step in STEPS),
            "",
            "TIMES says how often it happens; without, each time (`expire`: once).",
            "--fault may be given more than once.",
            "",
            "example: a slow list, and the reply to the first restore lost",
            "  vbem demo-server --port 9398 --fault slow:12@list \\",
            "    --fault 'drop-after-accept@submit*1'",
        )
    )
