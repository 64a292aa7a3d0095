"""The states of a restore and of its cancelling: what each means, and the one mark and text for each.

The journal writes them, `tui.restores` decides by them and the screens show them, so they are below all
three. The values are what the journal's file holds: a value never changes its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType

from tui.sanitize import sign


class Mark(Enum):
    """What stands before the word of a state, so that it is found by eye in a long list.

    Each is one cell wide. The first spelling has signs of WGL4 alone, which nearly every terminal font has.
    """

    RESTORED = "\N{SQUARE ROOT}", "+"
    NOTICE = "!", "!"
    FAILED = "\N{MULTIPLICATION SIGN}", "x"
    DOUBT = "?", "?"
    RUNNING = "\N{BLACK CIRCLE}", "*"
    WAITING = "\N{WHITE CIRCLE}", "."
    STOPPED = "\N{BLACK SQUARE}", "-"

    def __str__(self) -> str:
        fancy, plain = self.value
        return sign(fancy, plain)


class RestoreState(StrEnum):
    """Where a restore is in its life."""

    PLANNED = "planned"
    """Nothing has been sent."""
    SENT = "sent"
    """About to be sent or sent; no answer yet."""
    LAUNCHING = "launching"
    """The server has a task for it."""
    RESTORING = "restoring"
    """The backup server runs a restore session for it."""
    SUCCEEDED = "succeeded"
    WARNING = "warning"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """It is not known whether it started: no end, but nothing to poll by itself."""

    @property
    def is_over(self) -> bool:
        """Return whether this is an end; `unknown` is none."""
        return self in ENDS

    @property
    def has_begun(self) -> bool:
        """Return whether the server may be at work on it, or nobody knows."""
        return self in _BEGUN

    @property
    def label(self) -> str:
        """Return the state as one word, for a row."""
        return _TEXTS[self].label

    @property
    def words(self) -> str:
        """Return the state where there is more room than for a word."""
        return _TEXTS[self].words or self.label

    @property
    def mark(self) -> Mark:
        """Return what stands before the word."""
        return _TEXTS[self].mark

    @property
    def predicate(self) -> str:
        """Return the state as the end of a sentence: `The restore of app07 ...`."""
        return _TEXTS[self].predicate


class CancelState(StrEnum):
    """What became of a cancel request, each outcome on its own."""

    NONE = ""
    ASKING = "asking"
    """The DELETE is on its way."""
    ACCEPTED = "accepted"
    """The server accepted the DELETE; what it does is being watched."""
    LOST = "lost"
    """No reply: the DELETE may or may not have arrived; watched the same."""
    TASK_GONE = "task gone"
    """The task was gone before the DELETE."""
    LAUNCH_STOPPED = "launch stopped"
    """The server says that the launch was stopped."""
    SESSION_STOPPING = "session stopping"
    SESSION_STOPPED = "session stopped"
    """The session ended as failed after the cancel; the state says whether the server names the stop."""
    GOES_ON = "goes on"
    """The DELETE was accepted, but the restore goes on."""
    REFUSED = "refused"
    NOT_SENT = "not sent"
    """No byte of the DELETE left."""

    @property
    def is_under_way(self) -> bool:
        """Return whether a cancel request is on its way, or its outcome is open."""
        return self in _UNDER_WAY

    @property
    def is_unanswered(self) -> bool:
        """Return whether no reply to the DELETE has come so far."""
        return self in {CancelState.ASKING, CancelState.LOST}

    @property
    def is_pending(self) -> bool:
        """Return whether the DELETE may have arrived and is not judged yet."""
        return self in _PENDING

    @property
    def may_have_acted(self) -> bool:
        """Return whether the DELETE may have arrived, so that an end may be its doing."""
        return self in _MAY_HAVE_ACTED


class FoundBy(StrEnum):
    """What ties a restore session to a restore."""

    NOTHING = ""
    TASK = "task"
    """The restore's own task names it."""
    POINT = "point"
    """It is the only new one of the VM, and links the restore's point."""
    PROBABLY = "probably"
    """It is the only new one of the VM; it may be somebody else's."""
    OPERATOR = "operator"
    """The operator said so; nothing else names it."""


def label_of(state: RestoreState, cancel: CancelState) -> str:
    """Return the one word for a restore: its state, or `cancelling` while its launch may still be stopped."""
    return CANCELLING if is_cancelling(state, cancel) else state.label


def is_cancelling(state: RestoreState, cancel: CancelState) -> bool:
    """Return whether a restore's launch may still be stopped by a cancel that is under way."""
    return cancel.is_under_way and state is RestoreState.LAUNCHING


def parse_states(text: str) -> frozenset[RestoreState]:
    """Return the states of a list like `failed, unknown`, as they are shown or journalled, in any case.

    Raises:
        ValueError: a word is none; the sentence says which, and what there is.
    """
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    if text.strip() and not words:
        words = [text.strip()]
    if unknown := [word for word in words if word not in STATE_NAMES]:
        shown = ", ".join(state.label.lower() for state in RestoreState)
        raise ValueError(f"There is no state {unknown[0]!r}: {shown}.")
    return frozenset(STATE_NAMES[word] for word in words)


@dataclass(frozen=True, slots=True)
class _Text:
    mark: Mark
    label: str
    predicate: str
    words: str = ""


_TEXTS = MappingProxyType(
    {
        RestoreState.PLANNED: _Text(Mark.WAITING, "planned", "is planned"),
        RestoreState.SENT: _Text(Mark.WAITING, "sent", "was sent"),
        RestoreState.LAUNCHING: _Text(Mark.RUNNING, "launching", "is launching"),
        RestoreState.RESTORING: _Text(Mark.RUNNING, "restoring", "is running"),
        RestoreState.SUCCEEDED: _Text(Mark.RESTORED, "restored", "succeeded"),
        RestoreState.WARNING: _Text(
            Mark.NOTICE, "warnings", "ended with warnings", words="restored with warnings"
        ),
        RestoreState.FAILED: _Text(Mark.FAILED, "FAILED", "FAILED"),
        RestoreState.CANCELLED: _Text(Mark.STOPPED, "cancelled", "was cancelled"),
        RestoreState.UNKNOWN: _Text(Mark.DOUBT, "UNKNOWN", "has an unknown outcome"),
    }
)
STATE_NAMES = MappingProxyType(
    {name: state for state in RestoreState for name in (state.value, state.label.lower())}
)
"""The states by the words that may be typed for them."""

CANCELLING = "cancelling"
ENDS = (RestoreState.FAILED, RestoreState.WARNING, RestoreState.CANCELLED, RestoreState.SUCCEEDED)
"""The ends, the worst first."""
_BEGUN = frozenset({RestoreState.LAUNCHING, RestoreState.RESTORING, RestoreState.UNKNOWN})
_PENDING = frozenset({CancelState.ACCEPTED, CancelState.LOST})
_UNDER_WAY = _PENDING | {CancelState.ASKING}
_MAY_HAVE_ACTED = _UNDER_WAY | {CancelState.SESSION_STOPPING, CancelState.GOES_ON}
