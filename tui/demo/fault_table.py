"""All faults of the server: what they are called, what they do, and the functions that do it.

A fault acts before a request is processed, and may answer in the place of the service; or after it, and
spoils the reply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui.demo import fault_effects as effects
from tui.demo import fault_replies as replies
from tui.demo.fault_effects import Effect
from tui.demo.fault_replies import Spoiler
from tui.demo.faults import Fault
from tui.demo.messages import STEPS

_SPEC = re.compile(r"(?P<name>[a-z0-9-]+)(:(?P<arg>[^@*]*))?(@(?P<step>[a-z]+))?(\*(?P<times>\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of fault. It has an effect before the request is processed, or a spoiler after it."""

    usage: str
    """How it is written: the name, and its argument in brackets if it has one."""
    words: str
    """What the server does, for the help; the default of the argument in parentheses."""
    before: Effect | None = None
    after: Spoiler | None = None
    steps: tuple[str, ...] = ()
    """The steps it can happen at, the usual one first; none are all."""

    @property
    def name(self) -> str:
        """The name alone."""
        return self.usage.partition("[")[0]

    @property
    def argument(self) -> str:
        """What may follow a colon: a word in capitals, or the choices; empty where that is how often."""
        return self.usage.partition("[:")[2].rstrip("]")

    def check(self, argument: str) -> None:
        """Refuse an argument that does not fit.

        Raises:
            ValueError: it is no number, or none of the choices.
        """
        if self.argument.islower():
            if argument not in self.argument.split("|"):
                raise ValueError(f"{self.name} takes {self.argument}, not {argument!r}")
        elif self.argument != "FIELD":
            float(argument)


def _before(usage: str, words: str, effect: Effect, *steps: str) -> Kind:
    return Kind(usage=usage, words=words, before=effect, steps=steps)


def _after(usage: str, words: str, spoiler: Spoiler, *steps: str) -> Kind:
    return Kind(usage=usage, words=words, after=spoiler, steps=steps)


FAULTS = (
    _before("slow[:SECONDS]", "waits before it answers (real seconds; 1)", effects.slow),
    _after("drip[:SECONDS]", "sends a byte at a time, so many seconds apart (0.25)", replies.drip),
    _before("hold", "keeps the request until `clear-faults` or `reset`", effects.hold),
    _after("hold-reply", "processes it, and keeps the reply as long", replies.hold),
    _before("drop-before", "closes the connection without processing the request", effects.drop),
    _after("drop-after-accept", "processes it, then closes the connection without a reply", replies.drop),
    _before("http-502", "answers as a proxy does, without processing", effects.proxy_error),
    _before("http-503", "answers as a busy server does, without processing", effects.proxy_error),
    _before("http-504", "answers as a proxy does, without processing", effects.proxy_error),
    _after(
        "http-502-after", "processes it, then answers as a proxy that lost the server", replies.lost_server
    ),
    _after(
        "http-504-after", "processes it, then answers as a proxy that lost the server", replies.lost_server
    ),
    _before("expire[:REQUESTS]", "lets so many through (0), then ends every logon session", effects.expire),
    _before("empty-401", "answers 401 without a body", effects.empty_401),
    _before("hostile-error", "answers 500 with markup, escapes, bidi overrides in it", effects.hostile_error),
    _before("html-error", "answers 500 with HTML", effects.html_error),
    _before("html-page", "answers 200 with the web page's HTML", effects.html_page),
    _before("redirect", "answers 302 to another host", effects.redirect),
    _after("truncate", "announces the whole length and sends half of it", replies.truncate),
    _after("garbage", "sends a body of noise", replies.garbage),
    _after("not-http", "sends noise instead of HTTP", replies.not_http),
    _after("wrong-type", "names the Content-Type of the other format", replies.wrong_type),
    _after("bomb", "sends an XML entity bomb", replies.bomb),
    _after("deep", "sends 200,000 levels of nesting", replies.deep),
    _after("huge-body", "sends a body without end", replies.huge_body),
    _after("gzip-bomb", "sends 1 GB packed small", replies.gzip_bomb),
    _after("huge-list[:ROWS]", "sends so many rows (10,000,000)", replies.huge_list),
    _after("bom", "begins the body with a byte order mark", replies.bom),
    _after("huge-name", "gives a name of 100 kB", replies.huge_name),
    _after(
        "hostile-names", "gives names of markup, escapes, bidi overrides, line breaks", replies.hostile_names
    ),
    _after("missing[:FIELD]", "leaves one attribute or element out (UID)", replies.missing),
    _before("loop-paging", "has each page's Next lead back to page 1", effects.flaw),
    _before("endless-paging", "announces two billion pages", effects.flaw),
    _before(
        "endless-sessions",
        "lists ever more pages of past restores of that VM",
        effects.flaw,
        "session",
    ),
    _before("no-paging-info", "sends pages without PagingInfo", effects.flaw),
    _before("wrong-roots", "gives hierarchy roots their UniqueId for a UID", effects.flaw, "lookup"),
    _before(
        "stop-no-effect",
        "answers 204 and stops nothing; the restore then fails",
        effects.flaw,
        "cancel",
    ),
    _before(
        "colleague[:unlinked|same-point]",
        "somebody restores it from another point",
        effects.colleague,
        "submit",
    ),
    _after(
        "foreign-links[:restore|delete|related]",
        "leads the first two elsewhere, or one",
        replies.foreign_links,
    ),
    _before("silent", "neither processes nor answers it, and keeps the connection", effects.silent),
    _after(
        "html-4xx[:STATUS]", "processes it, then answers as a proxy that forbids it (403)", replies.forbidden
    ),
    _after("no-task[:STATUS]", "processes it, then answers without a body", replies.no_body),
)
_BY_NAME = {kind.name: kind for kind in FAULTS}
BEFORE = frozenset(kind.name for kind in FAULTS if kind.before)
AFTER = frozenset(kind.name for kind in FAULTS if kind.after)


def kind_named(name: str) -> Kind:
    """The kind of fault of a name."""
    return _BY_NAME[name]


def parse(spec: str) -> Fault:
    """Read a fault's spec.

    Raises:
        ValueError: there is no such fault or step, or the argument does not fit.
    """
    match = _SPEC.fullmatch(spec.strip())
    kind = _BY_NAME.get(match["name"]) if match else None
    if match is None or kind is None:
        raise ValueError(f"there is no fault {spec!r}; known: {', '.join(sorted(_BY_NAME))}")
    argument, step = match["arg"] or "", match["step"] or (kind.steps or ("any",))[0]
    if step not in (kind.steps or STEPS):
        raise ValueError(f"{kind.name} has no step {step!r}; known: {', '.join(kind.steps or STEPS)}")
    times = int(match["times"]) if match["times"] else None
    if argument and not kind.argument:
        times, argument = int(argument), ""
    if argument:
        kind.check(argument)
    fault = Fault(spec=spec, name=kind.name, argument=argument, step=step, times_left=times)
    if kind.name == "expire":
        fault.lets_through = int(fault.number(0))
        fault.times_left = 1 if times is None else times
    return fault


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
            *(f"  {kind.usage:<18} {kind.words}" for kind in FAULTS),
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
