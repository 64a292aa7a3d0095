"""What the screen must say while the server misbehaves: by rule, from the fault and the step.

Three things can be seen of a fault. It goes by unnoticed, because the program can do without what was
spoiled. Or somebody has to log on again. Or it is told: what could not be done, and what happened.
"""

from __future__ import annotations

from enum import Enum

from tests.matrix.cells import Cell, Step
from tests.matrix.operator import Operator
from tests.support.painting import HARMLESS_WORDS
from tui.restore_states import CancelState, RestoreState
from tui.screens.dialogs import LogOnAgainScreen


class Seen(Enum):
    """What is to be seen of a fault."""

    NOTHING = "nothing"
    LOGON = "a logon is asked for"
    WORDS = "words"


TITLES = {
    "slow": "did not answer in time",
    "drip": "did not answer in time",
    "hold": "did not answer in time",
    "hold-reply": "did not answer in time",
    "silent": "did not answer in time",
    "drop-before": "The connection broke",
    "not-http": "The connection broke",
    "drop-after-accept": "The connection broke",
    "truncate": "The connection broke",
    "http-502": "busy or down",
    "http-503": "busy or down",
    "http-504": "busy or down",
    "http-502-after": "busy or down",
    "http-504-after": "busy or down",
    "hostile-error": "Internal server error",
    "html-error": "has failed",
    "html-page": "not Enterprise Manager's REST API",
    "redirect": "not Enterprise Manager's REST API",
    "missing": "answer is incomplete",
    "huge-body": "too large",
    "gzip-bomb": "too large",
    "huge-list": "too large",
    "empty-401": "Logon refused",
    "loop-paging": "cannot be read",
    "endless-paging": "cannot be read",
    "endless-sessions": "too large",
    "drop-before+colleague": "The connection broke",
    "html-4xx": "web page answered in place of Enterprise Manager",
}
"""What happened, as the screen has to name it; the rest is an answer that cannot be read."""
_UNREADABLE = "answer cannot be read"
_NO_MANAGER = "not Enterprise Manager's REST API"
_WITHOUT_TOKEN = {"bomb", "garbage", "no-task"}
"""At logon the token is in a header: these answers come without one, and are not read any further."""
_NOT_DONE = {
    Step.LOGON: "Could not log on",
    Step.LIST: "Could not load all restore points",
    Step.OPEN: "Could not read the restore point",
    Step.LOOKUP: "Could not look it up",
    Step.GUARD: "Could not look for running restores",
    Step.SUBMIT: "The reply to the request was lost",
    Step.TASK: "This may be out of date",
    Step.SESSION: "This may be out of date",
    Step.CANCEL: "The reply to the cancel request was lost",
    Step.REATTACH: "Could not resume the saved logon session",
    Step.REATTACH_LATER: "This may be out of date",
}
_UNCLEAR = {
    Step.SUBMIT: "The answer to the request was unclear",
    Step.CANCEL: "The answer to the cancel request was unclear",
}
"""The same where an answer to a write did come, and tells neither."""
_LOST = {"did not answer in time", "The connection broke"}
_STATUSES = {
    "hostile-error": "500 Internal Server Error from the server: ",
    "html-error": "500 Internal Server Error from the server or a proxy",
    "http-502": "502 Bad Gateway from the server or a proxy",
    "http-502-after": "502 Bad Gateway from the server or a proxy",
    "http-503": "503 Service Unavailable from the server or a proxy",
    "html-4xx": "403 Forbidden from the server or a proxy",
    "http-504": "504 Gateway Timeout from the server or a proxy",
    "http-504-after": "504 Gateway Timeout from the server or a proxy",
}
"""What happened, where an unclear answer to a write has nothing but its status."""
_HARMLESS = {
    "bom", "wrong-type", "huge-name", "hostile-names", "no-paging-info", "foreign-links", "wrong-roots",
    "colleague", "stop-no-effect",
}  # fmt: skip
_SENDS_NO_PAGES = {Step.LOGON, Step.OPEN, Step.LOOKUP, Step.SUBMIT, Step.TASK, Step.CANCEL}
_SPARES_THE_FIELD = {Step.LOGON, Step.LIST, Step.OPEN}
"""A point's UID stands in its address as well, and only logging off needs the session's id."""
_WRITES = {Step.LOGON, Step.SUBMIT, Step.CANCEL}
"""Sent once: two errors in a row are told, where a read is tried a third time."""
_SPOILS_BODY = {"truncate", "drip", "garbage", "missing", "no-task"}
"""The answer to a DELETE has no body that could be spoiled; one that comes all the same is no yes."""


def expected(cell: Cell) -> Seen:
    """What is to be seen of a cell's fault."""
    step, name = cell.step, cell.name
    unnoticed = (
        name in _HARMLESS
        or cell.fault == "slow:0.05"
        or (cell.fault == "http-503:2" and step not in _WRITES)
        or (name.endswith("-paging") and step in _SENDS_NO_PAGES)
        or (name == "expire" and step is Step.LOGON)
        or (name in _SPOILS_BODY and step is Step.CANCEL)
        or (name == "missing" and step in _SPARES_THE_FIELD)
    )
    if unnoticed:
        return Seen.NOTHING
    if name == "expire" or (name == "empty-401" and step is not Step.LOGON):
        return Seen.LOGON
    return Seen.WORDS


def title_of(cell: Cell) -> str:
    """What the screen has to call a cell's fault."""
    if cell.step is Step.LOGON and cell.name in _WITHOUT_TOKEN:
        return _NO_MANAGER
    if cell.name == "deep":
        return "too large"
    if cell.step in _UNCLEAR and cell.name in _STATUSES:
        return _STATUSES[cell.name]
    return TITLES.get(cell.name, _UNREADABLE)


def check_told(cell: Cell, operator: Operator) -> None:
    """The screen says what the rule says."""
    if cell.name == "poison-row":
        _check_row_named(cell, operator)
        return
    seen = expected(cell)
    if seen is Seen.NOTHING:
        _check_unnoticed(cell.step, operator)
    elif seen is Seen.LOGON:
        _check_logon_asked(cell.step, operator)
    else:
        _check_words(cell, operator)
    _check_state(cell, seen, operator)


def _check_row_named(cell: Cell, operator: Operator) -> None:
    """A row that cannot be read is named, with what is wrong in it; the other one is followed."""
    shown, column = operator.whole, cell.fault.partition(":")[2]
    assert "Row 2 of the journal (mail01) is NOT WATCHED" in shown, shown
    assert f"cannot be read by this version of vbem ({column} " in shown, shown
    assert [one.entry_id for one in operator.restores] == [1]


def _check_unnoticed(step: Step, operator: Operator) -> None:
    shown = operator.shown
    assert "Could not" not in shown
    assert "This may be out of date" not in shown
    assert not isinstance(operator.app.screen, LogOnAgainScreen)
    if step in {Step.LOGON, Step.LIST}:
        assert "points loaded" in shown
    elif step is Step.LOOKUP:
        assert "urn:vCloud:Datastore" in shown
    elif step in {Step.OPEN, Step.GUARD}:
        assert operator.next_step is (Step.GUARD if step is Step.OPEN else Step.SUBMIT), shown
    elif step is Step.CANCEL:
        assert "Cancel accepted" in shown or "The task is gone after the cancel" in shown, shown


def _check_logon_asked(step: Step, operator: Operator) -> None:
    shown = operator.shown
    if step is Step.REATTACH:
        assert "The saved logon session has ended" in shown
    elif step is Step.CANCEL:
        assert "The server did not cancel it" in shown or isinstance(operator.app.screen, LogOnAgainScreen)
    else:
        assert "The logon session has ended" in shown
        assert "Nothing typed is lost" in shown


def _check_words(cell: Cell, operator: Operator) -> None:
    shown = operator.shown
    # A kept session is resumed without pages, so paging is met only by the list after it.
    step = Step.LIST if cell.name.endswith("-paging") and cell.step is Step.REATTACH else cell.step
    title = title_of(cell)
    is_unclear = step in _UNCLEAR and title not in _LOST
    not_done = (_UNCLEAR if is_unclear else _NOT_DONE)[step]
    assert not_done in shown, f"it is not said what could not be done: {shown}"
    assert title in shown, f"it is not said what happened ({title}): {shown}"
    if cell.name == "hostile-error":
        assert all(word in shown.replace(" ", "") for word in HARMLESS_WORDS), shown
    if cell.step is Step.SUBMIT:
        assert "UNKNOWN" in shown
        assert "it may have started" in shown


def _check_state(cell: Cell, seen: Seen, operator: Operator) -> None:
    """What is known about the restore follows from what the server said, and from nothing else."""
    states = [one.state for one in operator.restores]
    if cell.step is Step.SUBMIT:
        told = {
            Seen.NOTHING: RestoreState.LAUNCHING,
            Seen.LOGON: RestoreState.FAILED,
            Seen.WORDS: RestoreState.UNKNOWN,
        }
        assert states == [told[seen]]
    elif cell.step is Step.TASK:
        assert states == [RestoreState.LAUNCHING]
    elif cell.step is Step.SESSION:
        assert states == [RestoreState.RESTORING]
    elif cell.step is Step.CANCEL and seen is not Seen.LOGON:
        (cancel,) = [one.cancel for one in operator.restores]
        assert cancel is (CancelState.ACCEPTED if seen is Seen.NOTHING else CancelState.LOST)
