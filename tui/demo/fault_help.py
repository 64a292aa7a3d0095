"""What each fault does and which requests a step names: for the help and for whoever reads the code."""

from __future__ import annotations

from tui.demo.steps import STEPS

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
